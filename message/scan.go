package message

import (
	"bytes"

	"example.org/imap-integration/quote"
)

// scanner reads one buffer once, from front to back. All open boundaries are
// looked up in one table, so that the cost of a line does not grow with the
// depth at which it stands.
type scanner struct {
	reader
	buf    []byte
	open   []openBoundary
	index  map[string]int // boundary → its place in open
	lf, cr next           // line ends
	dashLF next           // "--" behind LF
	dashCR next           // "--" behind a bare CR
	firsts [256]uint8     // how many open boundaries start with this byte
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

// newScanner is a scanner for a buffer whose parts are those of m.
func newScanner(r reader, buf []byte, m *Message) *scanner {
	r.m = m
	return &scanner{reader: r, buf: buf, index: map[string]int{}}
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
// for none. Spaces behind the boundary are padding (RFC 2046, section 5.1.1).
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

// boundary chooses among several ways to read a boundary: the first that occurs.
// Several that occur are other readings.
func (s *scanner) boundary(p *Part, pos int) string {
	if len(p.boundaries) == 0 {
		return ""
	}
	if len(p.boundaries) == 1 {
		return p.boundaries[0]
	}
	var occur []string
	for _, b := range p.boundaries {
		if s.occurs(pos, b) {
			occur = append(occur, b)
		}
	}
	switch {
	case len(occur) == 0:
		return p.boundaries[0]
	case len(occur) > 1:
		s.structural(p.at, CodeBoundaryAmbiguous, "several boundaries can be meant: %s", quoteAll(occur))
		for i := 1; i < len(occur); i++ {
			s.shared.want(reading{pick: i})
		}
	case occur[0] != p.boundaries[0]:
		s.structural(p.at, CodeBoundaryAmbiguous, "the boundary occurs as %s, not as %s", quote.Text(occur[0], quote.Name), quote.Text(p.boundaries[0], quote.Name))
	}
	return occur[min(s.how.pick, len(occur)-1)]
}

// occurs reports whether there is a delimiter line of this boundary behind pos.
func (s *scanner) occurs(pos int, boundary string) bool {
	what := []byte("--" + boundary)
	for pos < len(s.buf) && s.shared.search > 0 {
		i := bytes.Index(s.buf[pos:], what)
		if i < 0 {
			s.shared.search -= len(s.buf) - pos
			return false
		}
		s.shared.search -= i + len(what)
		start := pos + i
		pos = start + len(what)
		if start > 0 && s.buf[start-1] != '\n' && s.buf[start-1] != '\r' {
			continue
		}
		rest := bytes.TrimPrefix(s.buf[pos:], []byte("--"))
		if rest = bytes.TrimLeft(rest[:min(len(rest), 64)], " \t"); len(rest) == 0 || rest[0] == '\r' || rest[0] == '\n' {
			return true
		}
	}
	return false
}
