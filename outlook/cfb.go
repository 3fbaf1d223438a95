package outlook

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/richardlehane/mscfb"
)

// message.Limits of a compound file.
const (
	cfbEntrySize = 128
	// cfbEntryLimit bounds the directory: an email of 1,000 attachments and 2,000
	// recipients has about 50,000 entries, and each costs some 350 bytes here.
	cfbEntryLimit = 1 << 16
	// cfbChunk is read at once: the library's joining of a stream's sectors is
	// quadratic in the sectors of one Read.
	cfbChunk = 32 << 10

	cfbNoStream   = 0xFFFFFFFF
	cfbFreeSector = 0xFFFFFFFF
	cfbHeaderSize = 512
)

var (
	errCFBWork    = errors.New("it costs too much work")
	errCFBEntries = fmt.Errorf("its directory has more than %d entries", cfbEntryLimit)
)

// cfbNode is a stream or a storage of a compound file.
type cfbNode struct {
	name     string
	storage  bool
	parent   *cfbNode // nil for the root
	file     *mscfb.File
	children []*cfbNode // in the order of the directory tree
}

// child returns the first child of this name, nil where there is none.
func (n *cfbNode) child(name string) *cfbNode {
	for _, c := range n.children {
		if c.name == name {
			return c
		}
	}
	return nil
}

// cfbFile is an open compound file.
//
// The library follows sector chains well, with two exceptions that a hostile file
// can use: it copies the path of each entry, quadratic in the nesting, and one
// wrong link or a missing sector makes it refuse the whole file. So it is shown
// the file through this reader, which hands out directory sectors whose
// entries are linked into one plain list, keeps the true links for its own
// walk, and lets chains end where the file does.
type cfbFile struct {
	data    []byte
	root    *cfbNode
	cut     bool  // something lies behind the end of the file
	crossed bool  // chains run into each other, or in circles
	orphans int   // entries that the directory's tree does not lead to
	work    int   // reads left
	volume  int64 // bytes of streams left

	started bool   // the header has been handed out in this pass
	difat   int    // DIFAT sectors that come before the directory's
	entries []byte // the directory as the file has it
	linked  int    // entries to be linked into a list; 0: leave all links out
	noMini  bool   // hide the mini FAT, which is broken
}

// openCFB reads the directory of a compound file.
func openCFB(data []byte) (*cfbFile, error) {
	f := &cfbFile{data: data}
	if len(data) < cfbHeaderSize {
		return f, errors.New("it is shorter than its header")
	}
	f.checkTables()
	// How long the directory is shows only when it has been read, hence the first pass.
	first := f.tryMini()
	if len(f.entries) == 0 {
		if first == nil {
			first = errors.New("it has no directory")
		}
		return f, first
	}
	f.linked = len(f.entries) / cfbEntrySize
	reader, err := f.pass()
	if err != nil {
		return f, err
	}
	f.volume = 2*int64(len(data)) + 1<<16
	f.root = f.tree(reader.File)
	return f, nil
}

// tryMini makes a pass, and another one without small streams where theirs are broken.
func (f *cfbFile) tryMini() error {
	_, err := f.pass()
	if err != nil && len(f.entries) > 0 {
		f.noMini = true
		_, err = f.pass()
	}
	return err
}

// pass reads header, FAT and directory once.
func (f *cfbFile) pass() (*mscfb.Reader, error) {
	f.work = len(f.data)/16 + 1<<17
	f.entries, f.started = nil, false
	f.difat = min(int(binary.LittleEndian.Uint32(f.data[72:])), f.mostDIFAT())
	return mscfb.New(f)
}

// mostDIFAT is how many DIFAT sectors a file of this size can need.
func (f *cfbFile) mostDIFAT() int { return len(f.data)/(127*128*512) + 1 }

// Slice gives the library the header, DIFAT sectors and directory sectors, in this order.
func (f *cfbFile) Slice(offset int64, length int) ([]byte, error) {
	if f.work--; f.work < 0 {
		return nil, errCFBWork
	}
	out := make([]byte, length)
	for i := range out {
		out[i] = 0xFF // no name, no links, no sectors
	}
	if offset < 0 || offset >= int64(len(f.data)) {
		f.cut = true
	} else if copy(out, f.data[offset:]) < length {
		f.cut = true
	}
	switch {
	case !f.started:
		f.started = true
		binary.LittleEndian.PutUint32(out[72:], uint32(f.difat))
		if f.noMini {
			clear(out[64:68])
		}
	case f.difat > 0:
		f.difat--
	default:
		return out, f.relink(out)
	}
	return out, nil
}

// relink keeps a directory sector and changes the links of its copy.
func (f *cfbFile) relink(sector []byte) error {
	first := len(f.entries) / cfbEntrySize
	f.entries = append(f.entries, sector...)
	if len(f.entries)/cfbEntrySize > cfbEntryLimit {
		return errCFBEntries
	}
	for i := 0; i+cfbEntrySize <= len(sector); i += cfbEntrySize {
		links := sector[i+68 : i+80] // left, right, child
		for j := range links {
			links[j] = 0xFF
		}
		if next := first + i/cfbEntrySize + 1; next < f.linked {
			binary.LittleEndian.PutUint32(links[4:], uint32(next))
		}
	}
	return nil
}

// ReadAt gives the library FAT entries and the content of streams.
func (f *cfbFile) ReadAt(p []byte, offset int64) (int, error) {
	if f.work--; f.work < 0 {
		return 0, errCFBWork
	}
	if offset >= 0 && offset < int64(len(f.data)) {
		n := copy(p, f.data[offset:])
		if n == len(p) {
			return n, nil
		}
		f.cut = true
		return n, io.ErrUnexpectedEOF
	}
	f.cut = true
	if len(p) == 4 {
		binary.LittleEndian.PutUint32(p, 0xFFFFFFFE) // a chain that goes on there ends
		return len(p), nil
	}
	return 0, io.ErrUnexpectedEOF
}

// read returns the content of a stream: as much of it as there is, and what was wrong.
func (f *cfbFile) read(n *cfbNode) ([]byte, error) {
	size := n.file.Size
	if n.storage || size <= 0 {
		return nil, nil
	}
	if size > f.volume {
		size = f.volume
	}
	out := make([]byte, 0, min(size, int64(len(f.data))))
	chunk := make([]byte, min(size, cfbChunk))
	for int64(len(out)) < size {
		k, err := n.file.Read(chunk[:min(int64(len(chunk)), size-int64(len(out)))])
		out = append(out, chunk[:max(k, 0)]...)
		f.volume -= int64(k)
		if err != nil && !(errors.Is(err, io.EOF) && int64(len(out)) >= n.file.Size) {
			return out, err
		}
		if k <= 0 {
			return out, io.ErrUnexpectedEOF
		}
	}
	if size < n.file.Size {
		return out, errCFBWork
	}
	return out, nil
}

// checkTables looks for what the library does not: sectors behind the end of
// the file, and sectors that two chains (or one chain twice) lead to.
func (f *cfbFile) checkTables() {
	shift := binary.LittleEndian.Uint16(f.data[30:])
	if shift != 9 && shift != 12 {
		return // the library refuses it
	}
	size := int64(1) << shift
	// The header takes the first sector; the last one may be short.
	sectors := (int64(len(f.data)) - 1) / size
	fat := f.table(f.fatSectors(size), size, sectors)
	for i, next := range fat {
		f.cut = f.cut || next != cfbFreeSector && int64(i) >= sectors
	}
	mini := f.table(chainOf(fat, binary.LittleEndian.Uint32(f.data[60:])), size, sectors)
	f.crossed = crossed(fat) || crossed(mini)
}

// table reads the entries of the FAT or the mini FAT.
func (f *cfbFile) table(at []uint32, size, sectors int64) []uint32 {
	var out []uint32
	// Two more than the file's sectors need show whether it was cut.
	for _, s := range at[:min(int64(len(at)), sectors/(size/4)+2)] {
		start := min((int64(s)+1)*size, int64(len(f.data)))
		entries := f.data[start:min(start+size, int64(len(f.data)))]
		f.cut = f.cut || int64(len(entries)) < size
		for ; len(entries) >= 4; entries = entries[4:] {
			out = append(out, binary.LittleEndian.Uint32(entries))
		}
	}
	return out
}

// chainOf lists the sectors of a chain, each once.
func chainOf(fat []uint32, start uint32) []uint32 {
	var out []uint32
	for s := start; int64(s) < int64(len(fat)) && len(out) < len(fat); s = fat[s] {
		out = append(out, s)
	}
	return out
}

// crossed reports whether two entries lead to the same sector, or some lead in a circle.
func crossed(table []uint32) bool {
	leads := func(i uint32) bool { return int64(table[i]) < int64(len(table)) }
	reached := make([]bool, len(table))
	links := 0
	for i := range table {
		if !leads(uint32(i)) {
			continue
		}
		if reached[table[i]] {
			return true
		}
		reached[table[i]] = true
		links++
	}
	// Without a crossing, what cannot be walked from a sector that none leads to is a circle.
	for i := range table {
		for s := uint32(i); !reached[i] && leads(s); s = table[s] {
			links--
		}
	}
	return links > 0
}

// fatSectors lists where the FAT lies: 109 sectors in the header, the others in the DIFAT chain.
func (f *cfbFile) fatSectors(size int64) []uint32 {
	var out []uint32
	add := func(list []byte) {
		for ; len(list) >= 4; list = list[4:] {
			if s := binary.LittleEndian.Uint32(list); s != cfbFreeSector {
				out = append(out, s)
			}
		}
	}
	add(f.data[76:cfbHeaderSize])
	next := binary.LittleEndian.Uint32(f.data[68:])
	for left := f.mostDIFAT(); left > 0; left-- { // a circle ends there
		start := (int64(next) + 1) * size
		if start+size > int64(len(f.data)) {
			break
		}
		add(f.data[start : start+size-4])
		next = binary.LittleEndian.Uint32(f.data[start+size-4:])
	}
	return out
}
