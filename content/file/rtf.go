package file

import (
	"bytes"
	"encoding/hex"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"example.org/imap-integration/message"
)

// readRTF reads the text of a document and the targets of its HYPERLINK fields, in
// one pass over groups, control words and escapes.
func readRTF(c *Content, data []byte) {
	text := rtfText(string(data))
	addText(c, "", text)
	addFields(c, text)
	nameObject(c, data)
	addBlips(c, string(data))
}

// addBlips adds the pictures of a document that a QR code may be on; of others, such as
// Windows metafiles, nothing is read.
func addBlips(c *Content, s string) {
	const mark = `\pict`
	for n, at := 0, 0; ; {
		i := strings.Index(s[at:], mark)
		if i < 0 {
			return
		}
		var data []byte
		if data, at = blip(s, at+i+len(mark)); pictures[sniffBytes("", data)] {
			if n++; !addShown(c, n, data) {
				return
			}
		}
	}
}

// blip reads the picture whose group goes on at a place: hexadecimal digits, or bytes
// behind \bin. Groups within it tell of it. next is where its group ends.
func blip(s string, at int) (data []byte, next int) {
	var digits []byte
	depth := 0
	for at < len(s) && depth >= 0 {
		switch b := s[at]; {
		case b == '\\' && at+1 < len(s):
			word, n, after := controlWord(s, at+1)
			if word == "bin" && n >= 0 && n <= len(s)-after {
				if depth == 0 {
					data = []byte(s[after : after+n])
				}
				after += n
			}
			at = after
			continue
		case b == '{':
			depth++
		case b == '}':
			depth--
		case depth == 0 && b > ' ':
			digits = append(digits, b)
		}
		at++
	}
	if data == nil {
		data, _ = hex.DecodeString(string(digits[:len(digits)&^1]))
	}
	return data, at
}

// nameObject says that a document has an object in it, which may be a program.
func nameObject(c *Content, data []byte) {
	if bytes.Contains(data, []byte(`\objdata`)) {
		c.Add(message.CodeFileUnsupported, "the document has an embedded object, which was not opened")
	}
}

// maxField is how far behind its name the target of a field is looked for, bytes.
const maxField = 4096

// addFields finds the targets of HYPERLINK fields in a text.
func addFields(c *Content, text string) {
	for _, word := range []string{"HYPERLINK", "INCLUDEPICTURE", "INCLUDETEXT", "DDEAUTO"} {
		for rest := text; ; {
			_, after, found := strings.Cut(rest, word)
			if !found || c.Full { // too many already
				break
			}
			rest = after
			line, _, _ := strings.Cut(after[:min(len(after), maxField)], "\n")
			if _, quoted, ok := strings.Cut(line, `"`); ok {
				target, _, _ := strings.Cut(quoted, `"`)
				c.AddLink(Link{URL: target, Where: strings.ToLower(word), Clickable: word == "HYPERLINK"})
			} else if f := strings.Fields(line); len(f) > 0 {
				c.AddLink(Link{URL: f[0], Where: strings.ToLower(word), Clickable: word == "HYPERLINK"})
			}
		}
	}
}

// skipped destinations hold no text that a person reads.
var skipped = map[string]bool{"fonttbl": true, "colortbl": true, "stylesheet": true, "pict": true, "objdata": true, "datastore": true, "themedata": true, "listtable": true, "generator": true, "info": true}

func rtfText(s string) string {
	var out strings.Builder
	var raw []byte // escaped bytes, windows-1252
	units := halves{out: &out}
	flush := func() {
		if len(raw) == 0 {
			return
		}
		units.end()
		t, _ := message.DecodeCharset(raw, "windows-1252")
		out.WriteString(t)
		raw = raw[:0]
	}
	depth, skip := 0, 0 // skip is the depth at which a skipped group began
	for i := 0; i < len(s); i++ {
		switch b := s[i]; {
		case b == '{':
			depth++
		case b == '}':
			if depth--; depth < skip {
				skip = 0
			}
		case b == '\\' && i+1 < len(s):
			word, n, next := controlWord(s, i+1)
			i = next - 1
			if word != "'" { // what was written before stands before it
				flush()
			}
			switch {
			case skip > 0:
			case skipped[word]:
				skip = max(depth, 1)
			case word == "'":
				raw = append(raw, byte(n))
				continue
			case word == "u":
				units.add(rune(uint16(n)))
				i += standIn(s[i+1:])
			case word == "par" || word == "line" || word == "row" || word == "fldrslt":
				out.WriteByte('\n')
			case word == "tab" || word == "cell" || word == "~":
				out.WriteByte(' ')
			case word == "\\" || word == "{" || word == "}":
				out.WriteString(word)
			}
		case skip == 0 && b != '\r' && b != '\n':
			raw = append(raw, b)
			continue
		}
		flush()
	}
	flush()
	units.end()
	return out.String()
}

// standIn is the length of what stands for a character to older readers.
func standIn(s string) int {
	for _, mark := range []string{"?", `\'3f`, `\'3F`} {
		if strings.HasPrefix(s, mark) {
			return len(mark)
		}
	}
	return 0
}

// halves joins the halves of characters that RTF writes as two units of UTF-16.
type halves struct {
	out  *strings.Builder
	high rune // the first half, which waits for the other; 0 for none
}

func (h *halves) add(unit rune) {
	if r := utf16.DecodeRune(h.high, unit); r != utf8.RuneError {
		h.out.WriteRune(r)
		h.high = 0
		return
	}
	h.end()
	if unit >= 0xD800 && unit < 0xDC00 {
		h.high = unit
		return
	}
	h.out.WriteRune(unit)
}

// end writes U+FFFD for a first half without the other.
func (h *halves) end() {
	if h.high != 0 {
		h.out.WriteRune(utf8.RuneError)
		h.high = 0
	}
}

// controlWord reads what follows a backslash: the word, its number, and where the text goes on.
func controlWord(s string, i int) (word string, n, next int) {
	start := i
	for i < len(s) && (s[i]|0x20) >= 'a' && (s[i]|0x20) <= 'z' {
		i++
	}
	if i == start {
		if s[i] == '\'' && i+2 < len(s) {
			v, _ := strconv.ParseUint(s[i+1:i+3], 16, 8)
			return "'", int(v), i + 3
		}
		return s[i : i+1], 0, i + 1
	}
	word = s[start:i]
	digits := i
	if i < len(s) && s[i] == '-' {
		i++
	}
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	n, _ = strconv.Atoi(s[digits:i])
	if i < len(s) && s[i] == ' ' {
		i++
	}
	return word, n, i
}
