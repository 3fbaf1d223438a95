package message

import (
	"bytes"
	"strings"
	"sync"
)

// lineAt is the line of buf at pos: its end, the start of the next, and whether
// it ends in a bare CR. A line ends in LF, CRLF, CR CR LF (which some gateways
// write), or CR alone. lf and cr remember what was found, so that a buffer is searched once.
func lineAt(buf []byte, pos int, lf, cr *next) (end, next int, bare bool) {
	if !lf.holds(pos) {
		lf.find(buf, pos, len(buf), '\n')
	}
	nl := lf.at
	if !cr.holds(pos) {
		cr.find(buf, pos, nl, '\r') // one behind nl ends another line
	}
	end = cr.at
	if end >= nl {
		return nl, min(nl+1, len(buf)), false
	}
	after := end
	for after < len(buf) && after < end+maxCRs && buf[after] == '\r' {
		after++
	}
	if after < len(buf) && buf[after] == '\n' {
		return end, after + 1, false
	}
	return end, end + 1, true
}

// maxCRs is how many CRs in front of an LF still make one line end with it.
const maxCRs = 3

// endLength is how many bytes of the line end stand at the end of b, 0 for none.
func endLength(b []byte) int {
	n := len(b)
	if n > 0 && b[n-1] == '\n' {
		n--
		for n > 0 && b[n-1] == '\r' && len(b)-n <= maxCRs {
			n--
		}
	} else if n > 0 && b[n-1] == '\r' {
		n--
	}
	return len(b) - n
}

// lineReader cuts an encoded content into lines as the structure's scanner does: a
// decoder that took other line ends would split lines elsewhere.
type lineReader struct {
	buf    []byte
	pos    int
	lf, cr next
}

func (l *lineReader) more() bool { return l.pos < len(l.buf) }

// next returns the next line and its end, which is empty for the last.
func (l *lineReader) next() (line, end []byte) {
	start := l.pos
	stop, after, _ := lineAt(l.buf, start, &l.lf, &l.cr)
	l.pos = after
	return l.buf[start:stop], l.buf[stop:after]
}

// newlines makes every line end LF, so that a pattern's $ finds it.
func newlines(b []byte) string {
	var out strings.Builder
	out.Grow(len(b))
	for len(b) > 0 {
		i := bytes.IndexByte(b, '\r')
		if i < 0 {
			i = len(b)
		}
		out.Write(b[:i])
		for b = b[i:]; len(b) > 0 && b[0] == '\r'; {
			out.WriteByte('\n')
			n := 1
			for n < min(len(b), maxCRs) && b[n] == '\r' {
				n++
			}
			if n < len(b) && b[n] == '\n' { // CRLF, CR CR LF: one end
				b = b[n+1:]
			} else {
				b = b[1:]
			}
		}
	}
	return out.String()
}

// next is where something comes next, remembered: positions only grow, so the
// buffer is searched once however often it is asked for.
type next struct{ from, at int }

func (n *next) holds(pos int) bool { return pos >= n.from && pos <= n.at && n.at != 0 }

// find looks for c between pos and limit, which stands for none.
func (n *next) find(buf []byte, pos, limit int, c byte) {
	n.from, n.at = pos, limit
	if i := bytes.IndexByte(buf[pos:limit], c); i >= 0 {
		n.at = pos + i
	}
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

// decodeBuffers are for what a text is between its transfer encoding, its charset
// and its line ends. Larger ones than maxBuffer bytes are not kept.
var decodeBuffers = sync.Pool{New: func() any { return new([]byte) }}

const maxBuffer = 1 << 20

func borrow() *[]byte { return decodeBuffers.Get().(*[]byte) }

// keep has a buffer hold the memory that it grew to.
func keep(buf *[]byte, grown []byte) {
	if cap(grown) <= maxBuffer {
		*buf = grown
	}
}
