package archive

import (
	"archive/zip"
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
	"unicode/utf8"

	"example.org/imap-integration/content/file/held"
	"example.org/imap-integration/message"
	"example.org/imap-integration/quote"
)

// A ZIP says twice what is in it: in the directory at its end, and in a header in
// front of each member's content (APPNOTE.TXT, section 4.3.7). Windows and 7-Zip
// read the directory, readers of streams and programs that repair the headers. Who
// writes the two different has one program show what another hides.

// zipLocal is a header in front of the content of a member.
type zipLocal struct {
	zip.FileHeader
	start, body int // places of the header, and of the content behind it
}

// Marks, and the bit of the flags that says that sizes and checksum stand behind the content.
const (
	localMark     = "PK\x03\x04"
	localLength   = 30
	descriptor    = "PK\x07\x08"
	hasDescriptor = 8
	extraZIP64    = 1
)

// localMethods are those that a header outside the directory may name; others stand in bytes that are no header.
var localMethods = []uint16{0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 12, 14, 16, 18, 19, 20, 93, 94, 95, 96, 97, 98, 99}

// localAt reads the header at a place; false where it is none.
func localAt(data []byte, start int) (l zipLocal, ok bool) {
	b := data[start:]
	if len(b) < localLength || string(b[:4]) != localMark {
		return l, false
	}
	short, long := binary.LittleEndian.Uint16, binary.LittleEndian.Uint32
	name, extra := int(short(b[26:])), int(short(b[28:]))
	l.start, l.body = start, start+localLength+name+extra
	l.Method = short(b[8:])
	if l.body > len(data) {
		return l, false
	}
	l.Name, l.Extra = string(b[localLength:localLength+name]), b[localLength+name:localLength+name+extra]
	l.Flags, l.CRC32 = short(b[6:]), long(b[14:])
	l.ModifiedTime = short(b[10:])
	l.NonUTF8 = l.Flags&0x800 == 0 && !utf8.ValidString(l.Name)
	l.CompressedSize64, l.UncompressedSize64 = uint64(long(b[18:])), uint64(long(b[22:]))
	l.long()
	return l, true
}

// long takes the sizes of a member of more than four gigabytes, or of one whose writer did not know.
func (l *zipLocal) long() {
	for extra := l.Extra; len(extra) >= 4; {
		id, n := binary.LittleEndian.Uint16(extra), int(binary.LittleEndian.Uint16(extra[2:]))
		if extra = extra[4:]; n > len(extra) {
			return
		}
		if id == extraZIP64 && n >= 16 && l.CompressedSize64 == 1<<32-1 {
			l.UncompressedSize64, l.CompressedSize64 = binary.LittleEndian.Uint64(extra), binary.LittleEndian.Uint64(extra[8:])
			return
		}
		extra = extra[n:]
	}
}

// sized reports whether the header itself says how long the content is.
func (l zipLocal) sized() bool { return l.Flags&hasDescriptor == 0 || l.CompressedSize64 > 0 }

// end is where the content ends as the header says; behind everything where it does not say.
func (l zipLocal) end() int {
	if !l.sized() || l.CompressedSize64 > 1<<40 {
		return 1 << 40
	}
	return l.body + int(l.CompressedSize64)
}

// differs says in what the header differs from the directory, "" for nothing.
func (l zipLocal) differs(f *zip.File) string {
	var all []string
	add := func(what string, differs bool) {
		if differs {
			all = append(all, what)
		}
	}
	slashes := func(s string) string { return strings.ReplaceAll(s, `\`, "/") }
	if l.body == 0 {
		return "" // it is not there, which is a problem of its own
	}
	add("the name "+quote.Text(zipName(&l.FileHeader), quote.Name), slashes(l.Name) != slashes(f.Name))
	add(fmt.Sprintf("compression method %d, not %d", l.Method, f.Method), l.Method != f.Method)
	add("encryption", (l.Flags^f.Flags)&encrypted != 0)
	if l.Flags&hasDescriptor == 0 {
		add(fmt.Sprintf("%d bytes packed, not %d", l.CompressedSize64, f.CompressedSize64), l.CompressedSize64 > 0 && l.CompressedSize64 != f.CompressedSize64)
		add(fmt.Sprintf("%d bytes unpacked, not %d", l.UncompressedSize64, f.UncompressedSize64), l.UncompressedSize64 > 0 && l.UncompressedSize64 != f.UncompressedSize64)
		add("another checksum", l.CRC32 > 0 && l.CRC32 != f.CRC32)
	}
	return strings.Join(all, ", ")
}

// placeReader knows where it was read last: the library says where the content of
// a member begins, and reads the header to know it.
type placeReader struct {
	*bytes.Reader
	at int64
}

func (p *placeReader) ReadAt(b []byte, at int64) (int, error) {
	p.at = at
	return p.Reader.ReadAt(b, at)
}

// local is the header of a member that is in the directory.
func (p *placeReader) local(data []byte, f *zip.File) (l zipLocal, err error) {
	body, err := f.DataOffset()
	if err != nil {
		return l, err
	}
	l, ok := localAt(data, int(p.at))
	if !ok || l.body != int(body) {
		return zipLocal{}, fmt.Errorf("its header is not at %d", p.at)
	}
	return l, nil
}

// cut is what is there of size bytes at a place.
func cut(data []byte, at int, size uint64) []byte {
	data = data[min(at, len(data)):]
	return data[:min(size, uint64(len(data)))]
}

// otherName hands a member over a second time, with the name of its header, if that is another.
func (r zipReader) otherName(m *held.Member, l zipLocal) error {
	name := zipName(&l.FileHeader)
	if name == "" || name == m.Name {
		return nil
	}
	other, err := r.start(name, m.Size)
	if err != nil {
		return err
	}
	other.Add(message.CodeArchiveAmbiguous, "the name that the header in front of the content of %s gives it", quote.Text(m.Name, quote.Name))
	switch {
	case !m.Read:
	case m.Size > r.budget.Bytes:
		other.Add(message.CodeLimitArchive, "not unpacked a second time: %d bytes are left", r.budget.Bytes)
	default:
		r.budget.Bytes -= m.Size
		other.Data, other.Read, other.OpenedWith, other.Password = m.Data, true, m.OpenedWith, m.Password
	}
	return r.send(other)
}

// otherwise unpacks a member as the header in front of it says, where the directory does not lead to its content.
func (r zipReader) otherwise(m *held.Member, l zipLocal) {
	if m.Read && len(m.Problems) == 0 {
		return
	}
	trial := held.Member{Name: m.Name, Size: -1}
	if _, err := r.strayContent(&trial, l); err == nil && trial.Read && len(trial.Problems) == 0 {
		*m = trial
	}
}

// span is a place in the file that a member takes.
type span struct{ start, end int }

// strays reads the members that stand between those that are known. mark says what is wrong with one.
func (r zipReader) strays(known []span, mark func(*held.Member)) error {
	return between(r.data, known, func(l zipLocal) (int, error) { return r.stray(l, mark) })
}

// between calls found with the headers that stand between the known places. It returns where the member ends.
func between(data []byte, known []span, found func(zipLocal) (end int, err error)) error {
	slices.SortFunc(known, func(a, b span) int { return cmp.Compare(a.start, b.start) })
	known = append(known, span{len(data), len(data)})
	at := 0
	for _, k := range known {
		for at < k.start {
			i := bytes.Index(data[at:k.start], []byte(localMark))
			if i < 0 {
				break
			}
			l, ok := localAt(data, at+i)
			if at += i + len(localMark); !ok || l.Name == "" || !slices.Contains(localMethods, l.Method) {
				continue
			}
			if strings.HasSuffix(l.Name, "/") && l.UncompressedSize64 == 0 && l.sized() {
				continue // a folder
			}
			end, err := found(l)
			if err != nil {
				return err
			}
			at = max(at, end)
		}
		at = max(at, k.end)
	}
	return nil
}

// stray reads a member by its header alone, and returns where it ends as far as that is certain.
func (r zipReader) stray(l zipLocal, mark func(*held.Member)) (end int, err error) {
	size := int64(-1)
	if l.sized() {
		size = int64(min(l.UncompressedSize64, 1<<62))
	}
	m, err := r.start(zipName(&l.FileHeader), size)
	if err != nil {
		return 0, err
	}
	mark(m)
	used, err := r.strayContent(m, l)
	if err != nil {
		m.Add(code(err), "cannot be unpacked: %s", quote.Line(err.Error(), quote.Sentence))
	}
	return l.body + used, r.send(m)
}

func (r zipReader) strayContent(m *held.Member, l zipLocal) (used int, err error) {
	if l.sized() {
		return r.zipMember(m, &l.FileHeader, cut(r.data, l.body, l.CompressedSize64))
	}
	if l.Method == zip.Deflate && l.Flags&encrypted == 0 { // says itself where it ends
		src := bytes.NewReader(r.data[l.body:])
		err := r.inflate(m, &l.FileHeader, l.Method, false, src)
		used = len(r.data) - l.body - src.Len()
		rest := bytes.TrimPrefix(r.data[l.body+used:], []byte(descriptor))
		if m.Read && (len(rest) < 4 || binary.LittleEndian.Uint32(rest) != crc32.ChecksumIEEE(m.Data)) {
			m.Add(message.CodeArchiveDamaged, "its checksum does not fit")
		}
		return used, err
	}
	size, ok := r.described(&l)
	if !ok {
		m.Add(message.CodeArchiveDamaged, "not unpacked: nothing says where it ends")
		return 0, nil
	}
	return r.zipMember(m, &l.FileHeader, cut(r.data, l.body, size))
}

// maxSearched bounds what is searched of an archive for the ends of its members, bytes:
// each header may have the whole file searched behind it.
const maxSearched = 256 << 20

// described looks behind a content for the sizes and the checksum: they are right where the size is the distance.
func (r zipReader) described(l *zipLocal) (size uint64, ok bool) {
	const looks, length = 100, 16 // marks within the content, and the length of what they begin
	at := l.body
	for range looks {
		look := r.data[at:min(len(r.data), at+max(0, maxSearched-r.searched))]
		i := bytes.Index(look, []byte(descriptor))
		if i < 0 || at+i+length > len(r.data) {
			r.searched += len(look)
			return 0, false
		}
		r.searched += i
		at += i
		if d := r.data[at:]; int(binary.LittleEndian.Uint32(d[8:])) == at-l.body {
			l.CRC32 = binary.LittleEndian.Uint32(d[4:])
			return uint64(at - l.body), true
		}
		at += len(descriptor)
	}
	return 0, false
}

// Differences adds what is wrong with the directory of a ZIP, the first of each kind, without unpacking a member.
func Differences(c *held.Content, data []byte) {
	at := &placeReader{Reader: bytes.NewReader(data)}
	z, err := zip.NewReader(at, int64(len(data)))
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		c.Add(message.CodeArchiveDamaged, "the archive cannot be read to its end: %s", quote.Line(err.Error(), quote.Sentence))
		return
	}
	var known []span
	differs := false
	for _, f := range z.File {
		l, _ := at.local(data, f)
		if other := l.differs(f); other != "" && !differs {
			differs = true
			c.Add(message.CodeArchiveAmbiguous, "%s: the header in front of its content says otherwise than the directory: %s", quote.Text(zipName(&f.FileHeader), quote.Name), other)
		}
		known = append(known, span{l.start, l.body + len(cut(data, l.body, f.CompressedSize64))})
	}
	_ = between(data, known, func(l zipLocal) (int, error) {
		c.Add(message.CodeArchiveAmbiguous, "%s stands in the archive but not in its directory: some programs show it, others do not", quote.Text(zipName(&l.FileHeader), quote.Name))
		return 0, errLimit
	})
}

// recovered reads what can be read of a ZIP whose directory cannot be: programs that repair do so.
func (r zipReader) recovered(err error) error {
	if strays := r.strays(nil, func(*held.Member) {}); strays != nil {
		return strays
	}
	return err
}
