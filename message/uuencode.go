package message

import (
	"bytes"
	"strings"
)

// streamUU decodes uuencoded text from its "begin" line to its "end".
func streamUU(b []byte, put func([]byte)) decodeFlaws {
	start := findUU(b, 0)
	if start.line == len(b) {
		put(b)
		return decodeFlaws{junk: true}
	}
	b = b[start.content:]
	out := make([]byte, 0, 64)
	for lines := (lineReader{buf: b}); lines.more(); {
		line, _ := lines.next()
		if string(bytes.TrimRight(line, " \t")) == "end" {
			return decodeFlaws{}
		}
		if out = uuLine(out[:0], line); len(out) > 0 {
			put(out)
		}
	}
	return decodeFlaws{cut: true}
}

func uuLine(out, line []byte) []byte {
	if len(line) == 0 {
		return out
	}
	want := int(line[0]-' ') & 63
	for line = line[1:]; len(out) < want; {
		g := [4]byte{' ', ' ', ' ', ' '} // spaces that were lost at the end of the line are 0
		n := copy(g[:], line)
		line = line[n:]
		for i := range g {
			g[i] = (g[i] - ' ') & 63
		}
		out = append(out, g[0]<<2|g[1]>>4, g[1]<<4|g[2]>>2, g[2]<<6|g[3])
	}
	return out[:min(want, len(out))]
}

// uuStart is a line "begin MODE NAME", or "begin-base64 MODE NAME" of uuencode -m.
type uuStart struct {
	line, content int // where the line starts, and what is behind it
	name          string
	base64        bool
}

// findUU finds the first line at or after pos that begins a uuencoded file; its line is len(b) where there is none.
func findUU(b []byte, pos int) uuStart {
	for at := pos; ; {
		i := bytes.Index(b[at:], []byte("begin"))
		if i < 0 {
			return uuStart{line: len(b)}
		}
		if at += i; at == 0 || b[at-1] == '\n' || b[at-1] == '\r' {
			if start, ok := uuBegin(b[at:]); ok {
				start.line, start.content = at, at+start.content
				return start
			}
		}
		at += len("begin")
	}
}

// maxUUName bounds the line that begins a file, bytes.
const maxUUName = 1 << 10

// uuBegin reads a begin line at the start of b, which another line has to follow.
func uuBegin(b []byte) (uuStart, bool) {
	rest := b[len("begin"):]
	var s uuStart
	rest, s.base64 = bytes.CutPrefix(rest, []byte("-base64"))
	if len(rest) < 6 || rest[0] != ' ' {
		return s, false
	}
	digits := 1
	for digits < 5 && isDigit(rest[digits]) {
		digits++
	}
	if digits < 4 || rest[digits] != ' ' {
		return s, false
	}
	lines := lineReader{buf: rest[:min(len(rest), maxUUName)], pos: digits + 1}
	name, end := lines.next()
	s.name, s.content = strings.TrimSpace(string(name)), len(b)-len(rest)+lines.pos
	return s, len(end) > 0
}

// uuFile decodes the file behind a begin line inside a text; end is where the
// text goes on. whole is false where no end line came.
func uuFile(lines *lineReader, base64 bool) (data []byte, end int, whole bool) {
	if base64 {
		return uuBase64(lines)
	}
	for lines.more() {
		at := lines.pos
		line, _ := lines.next()
		switch {
		case string(bytes.TrimRight(line, " \t")) == "end":
			return data, lines.pos, true
		case !uuData(line):
			return data, at, false
		}
		data = append(data, uuLine(nil, line)...)
	}
	return data, lines.pos, false
}

// uuData reports whether a line can be one of uuencode: all its characters are,
// and there are no more of them than its first says, but for a check character or two.
func uuData(line []byte) bool {
	for _, c := range line {
		if c < ' ' || c > '`' {
			return false
		}
	}
	return len(line) == 0 || len(line)-1 <= (int(line[0]-' ')&63+2)/3*4+2
}

func uuBase64(lines *lineReader) (data []byte, end int, whole bool) {
	b, pos := lines.buf, lines.pos
	for lines.more() {
		at := lines.pos
		line, _ := lines.next()
		line = bytes.TrimRight(line, " \t")
		if whole = string(line) == "===="; whole || bytes.ContainsFunc(line, func(r rune) bool { return r > 0x7F || base64Value[r] > base64Pad }) {
			end = lines.pos
			data, _ = decodeBase64(b[pos:at])
			return data, end, whole
		}
	}
	data, _ = decodeBase64(b[pos:])
	return data, len(b), false
}
