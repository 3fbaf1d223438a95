package pdf

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"io"
	"slices"
	"strconv"

	"example.org/imap-integration/content/file/held"
	"example.org/imap-integration/message"
)

// Limits of the search in objects, bytes.
const (
	maxObjects = 8 << 20  // of streams that are unpacked for it
	maxString  = 8 << 10  // of a target or a script
	maxSearch  = 64 << 20 // of strings that are looked through, those that do not end included
)

// keys are before the target of a URI, a launched file, a form that is sent, or another document.
var keys = []string{"URI", "UF", "F", "JS"}

// addActions adds targets in the objects of a file that are not in c yet. It reads
// no structure, so it works on damaged files and finds what no page leads to.
func addActions(c *held.Content, data []byte, from int) {
	known := map[string]bool{}
	for _, l := range c.Links[from:] {
		known[l.URL] = true
	}
	left := maxSearch
	add := func(objects []byte) {
		launches := bytes.Contains(objects, []byte("/Launch"))
		for at := 0; left > 0; {
			kind, value, next, cost := nextString(objects, at)
			if next < 0 {
				return
			}
			left -= cost
			at = next
			if value == "" || known[value] {
				continue
			}
			known[value] = true
			switch {
			case kind == "JS":
				c.Texts = append(c.Texts, held.Text{Where: "script", Body: value})
			case kind == "URI" || bytes.Contains([]byte(value), []byte("://")) || launches:
				c.AddLink(held.Link{URL: value, Where: "action"})
			}
		}
	}
	add(data)
	for _, objects := range objectStreams(data) {
		add(objects)
	}
	if left <= 0 {
		c.Add(message.CodeLimitFile, "the PDF has more strings than are searched for targets")
	}
}

// nextString finds the next of the keys with a string behind it, where the search
// goes on (-1 at the end) and how many bytes were looked through as strings.
func nextString(objects []byte, from int) (kind, value string, next, cost int) {
	for at := from; cost < maxSearch; at++ {
		i := bytes.IndexByte(objects[at:], '/')
		if i < 0 {
			break
		}
		at += i
		key, n := keyAt(objects[at:])
		if n == 0 {
			continue
		}
		value, read := stringAt(bytes.TrimLeft(objects[at+n:min(len(objects), at+n+maxString)], " \t\r\n\f\x00"))
		if cost += read; value != "" {
			return key, value, at + 1, cost
		}
	}
	return "", "", -1, cost
}

// keyAt is the one of the keys that data begins with, and its length as written, 0 where none is.
func keyAt(data []byte) (key string, length int) {
	if len(data) < 2 || data[1] != 'U' && data[1] != 'F' && data[1] != 'J' && data[1] != '#' {
		return "", 0
	}
	if key, length = nameAt(data); slices.Contains(keys, key) {
		return key, length
	}
	return "", 0
}

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

// objectStreams unpacks the streams that hold objects (ISO 32000-1, section 7.5.7).
func objectStreams(data []byte) (all [][]byte) {
	left := int64(maxObjects)
	for rest := data; left > 0; {
		i := bytes.Index(rest, []byte("/ObjStm"))
		if i < 0 {
			break
		}
		rest = rest[i+1:]
		start := bytes.Index(rest[:min(len(rest), 1024)], []byte("stream"))
		if start < 0 {
			continue
		}
		body := rest[start+len("stream"):]
		body = body[len(body[:min(len(body), 2)])-len(bytes.TrimLeft(body[:min(len(body), 2)], "\r\n")):]
		z, err := zlib.NewReader(bytes.NewReader(body))
		if err != nil {
			continue
		}
		plain, _ := io.ReadAll(io.LimitReader(z, left)) // what there is, of a damaged one too
		left -= int64(len(plain))
		all = append(all, plain)
	}
	return slices.Clip(all)
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

// hexadecimal reads digits; where the last is missing, it is 0.
func hexadecimal(s []byte) []byte {
	digits := bytes.Join(bytes.Fields(s), nil)
	if len(digits)%2 == 1 {
		digits = append(digits, '0')
	}
	out := make([]byte, len(digits)/2)
	for i := range out {
		v, _ := strconv.ParseUint(string(digits[2*i:2*i+2]), 16, 8)
		out[i] = byte(v)
	}
	return out
}

// text decodes UTF-16 with its mark; other strings are left as they are.
func text(b []byte) string {
	if units, ok := bytes.CutPrefix(b, []byte("\xFE\xFF")); ok {
		return message.UTF16(units, binary.BigEndian)
	}
	return string(b)
}
