package pdf

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"io"
	"regexp"
	"slices"
	"strconv"
	"sync"

	"example.org/imap-integration/content/file/held"
	"example.org/imap-integration/message"
)

const maxObjects = 8 << 20 // bytes of streams that are unpacked for this

// action is the target of a URI, a launched file, a form that is sent, or another document.
var action = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`/(URI|F|UF|JS)\s*(?:\(((?:[^()\\]|\\.|\([^()]*\))*)\)|<([0-9A-Fa-f\s]+)>)`)
})

// addActions adds targets in the objects of a file that are not in c yet. It reads
// no structure, so it works on damaged files and finds what no page leads to.
func addActions(c *held.Content, data []byte, from int) {
	known := map[string]bool{}
	for _, l := range c.Links[from:] {
		known[l.URL] = true
	}
	add := func(objects []byte) {
		for _, m := range action().FindAllSubmatch(objects, 5000) {
			kind, value := string(m[1]), literal(m[2])
			if m[3] != nil {
				value = hexadecimal(m[3])
			}
			if value == "" || known[value] {
				continue
			}
			known[value] = true
			switch {
			case kind == "JS":
				c.Texts = append(c.Texts, held.Text{Where: "script", Body: value})
			case kind == "URI" || bytes.Contains([]byte(value), []byte("://")) || bytes.Contains(objects, []byte("/Launch")):
				c.Links = append(c.Links, held.Link{URL: value, Where: "action"})
			}
		}
	}
	add(data)
	for _, objects := range objectStreams(data) {
		add(objects)
	}
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
		body := bytes.TrimLeft(rest[start+len("stream"):min(len(rest), start+len("stream")+2)], "\r\n")
		body = rest[start+len("stream")+2-len(body):]
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

// literal takes the escapes off a string in parentheses.
func literal(s []byte) string {
	var out []byte
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
		switch s[i] {
		case 'n':
			out = append(out, '\n')
		case '\r', '\n':
		default:
			out = append(out, s[i])
		}
	}
	return text(out)
}

func octal(s []byte) (n int) {
	for n < min(3, len(s)) && s[n] >= '0' && s[n] <= '7' {
		n++
	}
	return n
}

func hexadecimal(s []byte) string {
	digits := bytes.Join(bytes.Fields(s), nil)
	out := make([]byte, len(digits)/2)
	for i := range out {
		v, _ := strconv.ParseUint(string(digits[2*i:2*i+2]), 16, 8)
		out[i] = byte(v)
	}
	return text(out)
}

// text decodes UTF-16 with its mark; other strings are left as they are.
func text(b []byte) string {
	if units, ok := bytes.CutPrefix(b, []byte("\xFE\xFF")); ok {
		return message.UTF16(units, binary.BigEndian)
	}
	return string(b)
}
