package message

// lineAt is the line of buf at pos: its end, the start of the next, and whether
// it ends in a bare CR. A line ends in LF, CRLF, CR CR LF (which some gateways
// write), or CR alone. lf and cr remember what was found, so that a buffer is searched once.
func lineAt(buf []byte, pos int, lf, cr *next) (end, next int, bare bool) {
	nl := lf.byte(buf, pos, '\n')
	end = cr.byte(buf, pos, '\r')
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
