package message

import (
	"bytes"

	"example.org/imap-integration/quote"
)

// scanner reads one buffer once, from front to back. All open boundaries are
// looked up in one table, so that the cost of a line does not grow with the
// depth at which it stands.
type scanner struct {
	buf    []byte
	limits Limits
	how    reading
	shared *parseState
	m      *Message // whose parts are being read
	open   []openBoundary
	index  map[string]int // boundary → its place in open
	lf, cr next           // line ends
	dashLF next           // "--" behind LF
	dashCR next           // "--" behind a bare CR
	firsts [256]uint8     // how many open boundaries start with this byte
}

// parseState is what the scanners of one mail share.
type parseState struct {
	parts     int       // leaves so far
	order     int       // headers so far: the place of problems
	search    int       // bytes that guesses may still look at
	decode    int       // bytes of encoded messages that may still be decoded
	full      bool      // the limit of parts was reached
	near      bool      // a line that only starts like a delimiter was seen
	bareCR    bool      // lines that matter end in CR alone
	ambiguous bool      // a structural problem: other readers may see another mail
	wanted    []reading // other readings that would show something else
}

// reading is one way to read a mail where programs differ. The zero value is the first one.
type reading struct {
	prefix    bool // a line that only starts with a boundary is a delimiter
	last      bool // the last of several Content- fields counts
	pick      int  // of several boundaries that occur, the one to take
	earlyBody bool // the body starts at the first line that is no field
	lateBody  bool // fields after the empty line belong to the header
	composite bool // a part of another type whose boundary occurs in it is a multipart
	indented  bool // blanks in front of a delimiter are none
	encoded   bool // a Content-Transfer-Encoding that names base64 among other things is base64
}

// maxReadings bounds how many further readings are tried.
const maxReadings = 6

func (st *parseState) want(r reading) {
	st.ambiguous = true
	for _, x := range st.wanted {
		if x == r {
			return
		}
	}
	if len(st.wanted) < maxReadings {
		st.wanted = append(st.wanted, r)
	}
}

// openBoundary is a multipart that has not ended.
type openBoundary struct {
	boundary string
	shadowed int // what the same boundary meant outside, -1 without
}

// delimiter is a delimiter line; level -1 is the end of the buffer.
type delimiter struct {
	level       int
	closing     bool
	start, next int
}

func (s *scanner) note(at int, code, format string, args ...any) {
	s.m.found.add(at, code, format, args...)
}

// noteBareCR says once that CR alone ended a line that matters.
func (s *scanner) noteBareCR(at int) {
	if !s.shared.bareCR {
		s.shared.bareCR = true
		s.note(at, CodeBareCR, "lines of a header, or delimiter lines, end in CR alone")
	}
}

// structural notes a problem that makes other readers see another structure.
func (s *scanner) structural(at int, code, format string, args ...any) {
	s.shared.ambiguous = true
	s.note(at, code, format, args...)
}

// sub is a scanner for another buffer of the same mail.
func (s *scanner) sub(buf []byte, m *Message) *scanner {
	return &scanner{buf: buf, limits: s.limits, how: s.how, shared: s.shared, m: m, index: map[string]int{}}
}

func (s *scanner) push(boundary string) int {
	shadowed, ok := s.index[boundary]
	if !ok {
		shadowed = -1
	}
	s.open = append(s.open, openBoundary{boundary, shadowed})
	s.index[boundary] = len(s.open) - 1
	s.firsts[boundary[0]]++
	return len(s.open) - 1
}

func (s *scanner) pop() {
	top := s.open[len(s.open)-1]
	s.open = s.open[:len(s.open)-1]
	delete(s.index, top.boundary)
	s.firsts[top.boundary[0]]--
	if top.shadowed >= 0 {
		s.index[top.boundary] = top.shadowed
	}
}

// next is where something comes next, remembered: positions only grow, so the
// buffer is searched once however often it is asked for.
type next struct{ from, at int }

func (n *next) holds(pos int) bool { return pos >= n.from && pos <= n.at && n.at != 0 }

func (n *next) byte(buf []byte, pos int, c byte) int {
	if !n.holds(pos) {
		n.from, n.at = pos, len(buf)
		if i := bytes.IndexByte(buf[pos:], c); i >= 0 {
			n.at = pos + i
		}
	}
	return n.at
}

func (n *next) bytes(buf []byte, pos int, what string) int {
	if !n.holds(pos) {
		n.from, n.at = pos, len(buf)
		if i := bytes.Index(buf[pos:], []byte(what)); i >= 0 {
			n.at = pos + i
		}
	}
	return n.at
}

// line is the line at pos: its end, the start of the next, and whether it ends in a bare CR.
func (s *scanner) line(pos int) (end, next int, bare bool) {
	return lineAt(s.buf, pos, &s.lf, &s.cr)
}

// dashes is the next line at or after pos that starts with "--".
func (s *scanner) dashes(pos int) int {
	if pos == 0 && bytes.HasPrefix(s.buf, []byte("--")) {
		return 0
	}
	before := max(pos-1, 0)
	a := s.dashLF.bytes(s.buf, before, "\n--")
	b := s.dashCR.bytes(s.buf, before, "\r--")
	return min(min(a, b)+1, len(s.buf))
}

// nextDelimiter is the next delimiter of any open multipart at or after pos.
func (s *scanner) nextDelimiter(pos int) delimiter {
	if len(s.open) == 0 {
		return delimiter{-1, false, len(s.buf), len(s.buf)}
	}
	for pos < len(s.buf) {
		start := s.dashes(pos)
		if start+2 >= len(s.buf) {
			break
		}
		if s.firsts[s.buf[start+2]] == 0 {
			pos = start + 2
			continue
		}
		end, next, bare := s.line(start)
		if level, closing := s.match(s.buf[start:end]); level >= 0 {
			if bare || start > 0 && s.buf[start-1] == '\r' {
				s.noteBareCR(s.shared.order)
			}
			return delimiter{level, closing, start, next}
		}
		pos = end
	}
	return delimiter{-1, false, len(s.buf), len(s.buf)}
}

func (s *scanner) delimits(line []byte) bool {
	if !bytes.HasPrefix(line, []byte("--")) {
		return false
	}
	level, _ := s.match(line)
	return level >= 0
}

// match tells which open multipart a line that starts with "--" delimits, -1
// for none. Blanks behind the boundary are padding (RFC 2046, section 5.1.1).
func (s *scanner) match(line []byte) (level int, closing bool) {
	b := bytes.TrimRight(line[2:], " \t")
	if level, ok := s.index[string(b)]; ok {
		return level, false
	}
	if rest, ok := bytes.CutSuffix(b, []byte("--")); ok {
		if level, ok := s.index[string(bytes.TrimRight(rest, " \t"))]; ok {
			return level, true
		}
	}
	return s.matchStart(b)
}

// nearLevels is how many open multiparts are compared with a line that only
// starts like a delimiter.
const nearLevels = 4

func (s *scanner) matchStart(b []byte) (level int, closing bool) {
	for i := len(s.open) - 1; i >= max(0, len(s.open)-nearLevels); i-- {
		boundary := s.open[i].boundary
		if len(b) <= len(boundary) || string(b[:len(boundary)]) != boundary {
			continue
		}
		if s.how.prefix {
			return i, bytes.HasPrefix(b[len(boundary):], []byte("--"))
		}
		if !s.shared.near { // once is enough to say so: there may be millions
			s.shared.near = true
			s.structural(s.shared.order, CodeBoundaryJunk, "a line starts with the boundary %s and goes on", quote.Text(boundary, quote.Name))
			s.shared.want(reading{prefix: true})
		}
		break
	}
	return -1, false
}

// trim is the content between pos and a delimiter line: the line end in front
// of the delimiter belongs to it.
func (s *scanner) trim(pos int, d delimiter) []byte {
	end := d.start
	if d.level >= 0 {
		end -= endLength(s.buf[pos:max(pos, end)])
	}
	return s.buf[pos:max(pos, end):max(pos, end)]
}
