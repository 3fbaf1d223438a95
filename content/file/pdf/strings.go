package pdf

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"strconv"

	"example.org/imap-integration/message"
)

// stringAt reads the string that data begins with, "" where none is or where it does
// not end, and tells how many bytes it read.
func stringAt(data []byte) (value string, read int) {
	b, read := bytesAt(data)
	return text(b), read
}

// bytesAt is [stringAt] of a string that is no text (ISO 32000-1, section 7.3.4).
func bytesAt(data []byte) (value []byte, read int) {
	if len(data) < 2 || data[0] != '(' && (data[0] != '<' || data[1] == '<') {
		return nil, 0
	}
	if data[0] == '<' {
		if end := bytes.IndexByte(data, '>'); end > 0 {
			return hexadecimal(data[1:end]), end
		}
		return nil, len(data)
	}
	for i, depth := 1, 1; i < len(data); i++ {
		switch data[i] {
		case '\\':
			i++
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return literal(data[1:i]), i
			}
		}
	}
	return nil, len(data)
}

// escapes are the letters behind a backslash that stand for another character.
var escapes = map[byte]byte{'n': '\n', 'r': '\r', 't': '\t', 'b': '\b', 'f': '\f'}

// literal takes the escapes off a string in parentheses.
func literal(s []byte) []byte {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			out = append(out, s[i])
			continue
		}
		i++
		if n := octal(s[i:]); n > 0 {
			v, _ := strconv.ParseUint(string(s[i:i+n]), 8, 16)
			out, i = append(out, byte(v)), i+n-1
			continue
		}
		switch c, known := escapes[s[i]]; {
		case known:
			out = append(out, c)
		case s[i] == '\r' && i+1 < len(s) && s[i+1] == '\n': // the string goes on in the next line
			i++
		case s[i] != '\r' && s[i] != '\n':
			out = append(out, s[i])
		}
	}
	return out
}

func octal(s []byte) (n int) {
	for n < min(3, len(s)) && s[n] >= '0' && s[n] <= '7' {
		n++
	}
	return n
}

// hexadecimal reads digits; where the last is missing, it is 0, and so are two of which one is none.
func hexadecimal(s []byte) []byte {
	out := make([]byte, 0, len(s)/2+1)
	var pair [2]byte
	n := 0
	for _, c := range s {
		if bytes.IndexByte([]byte(" \t\r\n\f\x00"), c) >= 0 {
			continue
		}
		pair[n] = c
		if n++; n == len(pair) {
			out, n = append(out, ofDigits(pair)), 0
		}
	}
	if n == 1 {
		out = append(out, ofDigits([2]byte{pair[0], '0'}))
	}
	return out
}

func ofDigits(pair [2]byte) byte {
	var out [1]byte
	if _, err := hex.Decode(out[:], pair[:]); err != nil {
		return 0
	}
	return out[0]
}

// text decodes UTF-16 with its mark; other strings are left as they are.
func text(b []byte) string {
	if units, ok := bytes.CutPrefix(b, []byte("\xFE\xFF")); ok {
		return message.UTF16(units, binary.BigEndian)
	}
	return string(b)
}
