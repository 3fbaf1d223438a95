package message

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"strings"

	"example.org/imap-integration/quote"
)

// Files written into a text: uuencode and yEnc, with which people sent files
// before MIME, and BinHex of old Macintoshes. Mail programs list some of them as attachments; so they
// are parts here, with the path "1!NAME" behind that of their text, which stays as it is.

// maxInline bounds the files that are taken from the texts of one email.
const maxInline = 100

// maxInlineSearch is how large a text with a file name may be to be searched, bytes; body texts are all.
const maxInlineSearch = 1 << 20

// listInline adds the files that the texts of the email hold to its parts.
func listInline(m *Message) {
	if m.expanded {
		return
	}
	m.expanded = true
	var out []*Part
	found := 0
	for i, p := range m.parts {
		files := inlineFiles(p, maxInline-found)
		if found += len(files); len(files) > 0 && out == nil {
			out = append(make([]*Part, 0, len(m.parts)+len(files)), m.parts[:i]...)
		}
		if out != nil {
			out = append(append(out, p), files...)
		}
	}
	if out != nil {
		m.parts = out
	}
}

// inlineFile is a file found in a text.
type inlineFile struct {
	form, name string
	data, raw  []byte
	fork       []byte // of a BinHex file: its resource fork
	whole      bool
}

// inlineFiles are the files that a text holds, as parts.
func inlineFiles(p *Part, most int) []*Part {
	if !mayBeSearched(p) {
		return nil
	}
	b := p.raw
	if p.encoding != encodingIdentity {
		b, _ = p.encoding.decode(p.raw)
	}
	if p.MediaType == binhexType && !bytes.Contains(b, []byte(binhexMark)) {
		b = append([]byte(binhexMark+" 4.0)\r\n"), b...)
	}
	var parts []*Part
	search := newInlineSearch(b)
	names := map[string]int{}
	for len(parts) < most {
		f, ok := search.next()
		if !ok {
			return parts
		}
		if len(f.data)+len(f.fork) == 0 && !f.whole {
			if f.form != "uuencode" { // "begin 100 years ago" is prose
				p.mail.found.add(p.at, CodeBadUUEncode, "part %s: a file in %s cannot be read", p.Path, f.form)
			}
			continue
		}
		p.mail.found.add(p.at, CodeInlineEncoded, "part %s holds the file %s in %s; it is listed, and stays in the text", p.Path, quote.Text(f.name, quote.Name), f.form)
		if !f.whole {
			p.mail.found.add(p.at, CodeBadUUEncode, "part %s: the file %s in %s has no end", p.Path, quote.Text(f.name, quote.Name), f.form)
		}
		add := func(name string, content []byte) {
			path := p.Path + "!" + name
			if names[name]++; names[name] > 1 || name == "" {
				path += "#" + strconv.Itoa(names[name])
			}
			parts = append(parts, &Part{Path: path, MediaType: "application/octet-stream", Params: map[string]string{}, Disposition: "attachment", Filename: name, mail: p.mail, at: p.at, raw: f.raw, content: content, decoded: true})
		}
		add(f.name, f.data)
		if len(f.fork) > 0 {
			add(f.name+".rsrc", f.fork)
		}
	}
	p.mail.found.add(p.at, CodeLimitParts, "more than %d files in the texts; the rest is not listed", maxInline)
	return parts
}

// mayBeSearched reports whether the content of a part may hold files in these forms: a
// text that has the mark of one, or a file that starts with it.
func mayBeSearched(p *Part) bool {
	switch {
	case p.Message != nil || p.decoded || p.encoding == encodingUU:
		return false
	case !strings.HasPrefix(p.MediaType, "text/"):
		return startsEncoded(p)
	case !p.body() && len(p.raw) > maxInlineSearch:
		return false
	case p.encoding == encodingBase64:
		return p.body()
	}
	return mayHoldFile(p.raw)
}

// startsEncoded reports whether a file is in one of these forms as a whole.
func startsEncoded(p *Part) bool {
	if p.MediaType == binhexType {
		return true
	}
	start := p.Start(len(binhexMark))
	if bytes.HasPrefix(start, []byte("begin")) {
		start = p.Start(maxUUName)
		return findUU(start, 0).line == 0
	}
	return bytes.HasPrefix(start, []byte(yencMark)) || bytes.HasPrefix(start, []byte(binhexMark))
}

// binhexType is the type of a file in BinHex, which may come without the line that says so (RFC 1741).
const binhexType = "application/mac-binhex40"

const (
	yencMark   = "=ybegin "
	binhexMark = "(This file must be converted with BinHex"
)

// mayHoldFile is a quick look for a file in a text.
func mayHoldFile(b []byte) bool { return holds(b, "begin", 0) || holds(b, "BinHex", 5) }

// holds is bytes.Contains by one byte of the mark, that at place rare. bytes.Contains
// gives up its fast search where the first byte is as frequent as here, and this is
// looked for in the texts of every email.
func holds(b []byte, mark string, rare int) bool {
	for at := rare; ; at++ {
		if at >= len(b) {
			return false
		}
		i := bytes.IndexByte(b[at:], mark[rare])
		if i < 0 {
			return false
		}
		if at += i; len(b)-(at-rare) >= len(mark) && string(b[at-rare:at-rare+len(mark)]) == mark {
			return true
		}
	}
}

// inlineSearch looks through a text once: what was found further on is remembered.
type inlineSearch struct {
	b         []byte
	pos       int
	uu        uuStart // line is len(b) where there is none
	yenc, hex int
	lines     lineReader // shared, as it remembers where lines end
}

func newInlineSearch(b []byte) *inlineSearch {
	return &inlineSearch{b: b, uu: uuStart{line: -1}, yenc: -1, hex: -1, lines: lineReader{buf: b}}
}

// next takes the next file out of the text.
func (s *inlineSearch) next() (f inlineFile, ok bool) {
	if s.uu.line < s.pos {
		s.uu = findUU(s.b, s.pos)
	}
	if s.yenc < s.pos {
		s.yenc = lineStart(s.b, s.pos, yencMark)
	}
	if s.hex < s.pos {
		s.hex = lineStart(s.b, s.pos, binhexMark)
	}
	start := min(s.uu.line, s.yenc, s.hex)
	switch start {
	case len(s.b):
		return f, false
	case s.yenc:
		s.lines.pos = start
		f, s.pos = yencFile(&s.lines)
	case s.hex:
		s.lines.pos = start
		f, s.pos = binhexFile(&s.lines)
	default:
		f.form, f.name = "uuencode", toUTF8(s.uu.name)
		s.lines.pos = s.uu.content
		f.data, s.pos, f.whole = uuFile(&s.lines, s.uu.base64)
	}
	f.raw = s.b[start:s.pos]
	return f, true
}

// lineStart is where a line starts with mark at or after pos, len(b) where none does.
func lineStart(b []byte, pos int, mark string) int {
	for at := pos; ; at++ {
		i := bytes.Index(b[at:], []byte(mark))
		if i < 0 {
			return len(b)
		}
		if at += i; at == 0 || b[at-1] == '\n' || b[at-1] == '\r' {
			return at
		}
	}
}

// toUTF8 is a file name of no declared charset.
func toUTF8(name string) string {
	s, _ := decodeUndeclared([]byte(name))
	return strings.ReplaceAll(s, "\x00", "\uFFFD")
}

// yencFile decodes a file in yEnc (version 1.3), whose header line comes next.
func yencFile(lines *lineReader) (f inlineFile, end int) {
	head, _ := lines.next()
	_, name, _ := strings.Cut(string(head), " name=")
	f.form, f.name = "yEnc", toUTF8(strings.TrimSpace(name))
	escaped := false
	for lines.more() {
		at := lines.pos
		line, _ := lines.next()
		switch {
		case bytes.HasPrefix(line, []byte("=ypart ")):
			continue
		case bytes.HasPrefix(line, []byte("=yend")):
			f.whole = true
			return f, lines.pos
		case bytes.HasPrefix(line, []byte(yencMark)):
			return f, at
		}
		for _, c := range line {
			switch {
			case escaped:
				f.data, escaped = append(f.data, c-64-42), false
			case c == '=':
				escaped = true
			default:
				f.data = append(f.data, c-42)
			}
		}
	}
	return f, lines.pos
}

// binhexValue is 0 to 63 for the alphabet of BinHex 4.0 (RFC 1741, appendix A), else 255.
var binhexValue = func() (t [256]byte) {
	for i := range t {
		t[i] = 255
	}
	for i, c := range []byte("!\"#$%&'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[`abcdefhijklmpqr") {
		t[c] = byte(i)
	}
	return t
}()

// maxBinHexGap is how far behind its line a BinHex file starts, bytes.
const maxBinHexGap = 4 << 10

// maxBinHex bounds what the runs of a BinHex file may make, bytes.
const maxBinHex = 32 << 20

// binhexFile decodes a file in BinHex 4.0 behind the line that comes next: its data and its resource fork.
func binhexFile(lines *lineReader) (f inlineFile, end int) {
	f.form = "BinHex"
	lines.next()
	b := lines.buf
	start := bytes.IndexByte(b[lines.pos:min(len(b), lines.pos+maxBinHexGap)], ':')
	if start < 0 {
		return f, lines.pos
	}
	start += lines.pos + 1
	end = len(b)
	if i := bytes.IndexByte(b[start:], ':'); i >= 0 {
		end = start + i + 1
	}
	raw := binhexRuns(b[start:end])
	if len(raw) == 0 || len(raw) < int(raw[0])+22 {
		return f, end
	}
	n := int(raw[0]) + 1
	f.name = toUTF8(string(raw[1:n]))
	size := int(binary.BigEndian.Uint32(raw[n+11:])) // behind the version, type, creator and flags
	forkSize := int(binary.BigEndian.Uint32(raw[n+15:]))
	rest := raw[n+21:] // behind the lengths and the checksum
	f.data = rest[:min(size, len(rest))]
	if f.whole = size <= len(rest); f.whole && forkSize > 0 {
		rest = rest[min(size+2, len(rest)):] // behind the checksum of the data
		f.fork, f.whole = rest[:min(forkSize, len(rest))], forkSize <= len(rest)
	}
	return f, end
}

// binhexRuns undoes the alphabet and the runs: 0x90 and a count repeat the byte in front.
func binhexRuns(b []byte) []byte {
	var out []byte
	var acc uint32
	bits := 0
	marked := false
	for _, c := range b {
		v := binhexValue[c]
		if v == 255 {
			continue
		}
		acc = acc<<6 | uint32(v)
		if bits += 6; bits < 8 {
			continue
		}
		bits -= 8
		switch one := byte(acc >> bits); {
		case marked && one == 0:
			out, marked = append(out, 0x90), false
		case marked:
			marked = false
			if len(out) > 0 && len(out) < maxBinHex {
				out = append(out, bytes.Repeat(out[len(out)-1:], int(one)-1)...)
			}
		case one == 0x90:
			marked = true
		default:
			out = append(out, one)
		}
	}
	return out
}
