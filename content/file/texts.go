package file

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"example.org/imap-integration/content/file/held"
	"example.org/imap-integration/message"
	"example.org/imap-integration/quote"
)

// decodeText decodes a text by its byte order mark, as UTF-8, as UTF-16 where every
// second byte is zero, else as windows-1252. Line ends become LF.
func decodeText(data []byte) string {
	text := ""
	switch {
	case bytes.HasPrefix(data, []byte("\xEF\xBB\xBF")):
		text = strings.ToValidUTF8(string(data[3:]), "\uFFFD")
	case bytes.HasPrefix(data, []byte("\xFF\xFE")), len(data) > 3 && data[1] == 0 && data[3] == 0 && data[0] != 0:
		text = message.UTF16(bytes.TrimPrefix(data, []byte("\xFF\xFE")), binary.LittleEndian)
	case bytes.HasPrefix(data, []byte("\xFE\xFF")), len(data) > 3 && data[0] == 0 && data[2] == 0 && data[1] != 0:
		text = message.UTF16(bytes.TrimPrefix(data, []byte("\xFE\xFF")), binary.BigEndian)
	case utf8.Valid(data) || utf8.Valid(data[:max(0, len(data)-3)]): // cut in a character
		text = strings.ToValidUTF8(string(data), "\uFFFD")
	default:
		label := message.MetaCharset(data)
		if label == "" {
			label = "windows-1252"
		}
		text, _ = message.DecodeCharset(data, label)
	}
	return strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
}

func readText(c *Content, data []byte) {
	text := decodeText(data)
	c.Texts = append(c.Texts, Text{Body: text})
	addDrawn(c, 0, text)
	if inner := encoded(text); bytes.HasPrefix(inner, []byte("MZ")) || readable(inner) {
		c.Members = append(c.Members, Member{Name: "decoded", Size: int64(len(inner)), Data: inner, Read: true})
	}
}

// readable reports whether a decoded file is of a known kind; as a text, only in ASCII: any
// long word is base64 of letters of windows-1252.
func readable(data []byte) bool {
	odd := func(r rune) bool { return r >= 0x7F || r < ' ' && !unicode.IsSpace(r) }
	format := Sniff("", "", data)
	return format != "" && (format != "text" || bytes.IndexFunc(data[:min(len(data), 512)], odd) < 0)
}

// encoded is the file that a text is as a whole, in base64 or hex, with or without the
// lines BEGIN and END that certutil of Windows writes; nil where it is something else.
func encoded(text string) []byte {
	text = strings.TrimSpace(text)
	if body, armored := strings.CutPrefix(text, "-----BEGIN "); armored {
		_, text, _ = strings.Cut(body, "\n")
		text, _, _ = strings.Cut(text, "-----END ")
	}
	compact := strings.NewReplacer("\n", "", " ", "", "\t", "", "-", "+", "_", "/") // base64url too (RFC 4648, section 5)
	if look := compact.Replace(text[:min(len(text), 2*minSmuggled)]); len(look) < minSmuggled || strings.Trim(look, base64Alphabet) != "" {
		return nil
	}
	text = strings.TrimRight(compact.Replace(text), "=")
	if data, err := hex.DecodeString(text); err == nil {
		return data
	}
	data, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		return nil
	}
	return data
}

const base64Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="

// scriptNames are of files that Windows and others run.
var scriptNames = map[string]bool{".js": true, ".jse": true, ".mjs": true, ".vbs": true, ".wsf": true, ".wsc": true, ".sct": true, ".ps1": true, ".psm1": true, ".bat": true, ".cmd": true, ".py": true, ".sh": true}

// IsScript reports whether a file is a script by its name.
func IsScript(name string) bool { return scriptNames[strings.ToLower(path.Ext(name))] }

// addScript hands a script, whose text is there, over as that of a page too.
func addScript(c *Content, data []byte) { c.Texts = append(c.Texts, held.ScriptPage(decodeText(data))) }

func readMarkup(c *Content, data []byte) {
	text := decodeText(data)
	c.Texts = append(c.Texts, Text{Body: text, HTML: true})
	addSmuggled(c, text)
	addPictures(c, text)
}

// Bounds of the files that scripts hold.
const (
	maxSmuggled = 20
	minSmuggled = 120 // characters of base64: what is shorter is no file that opens
)

// addSmuggled adds the files that a page holds in base64, which its script hands to who opens it:
// archives, documents, programs.
func addSmuggled(c *Content, text string) {
	for at := 0; ; {
		start := strings.IndexAny(text[at:], "\"'`")
		if start < 0 {
			return
		}
		at += start + 1
		end := strings.IndexAny(text[at:], "\"'`")
		if end < 0 {
			return
		}
		literal := strings.TrimRight(text[at:at+end], "=")
		if len(literal) < minSmuggled || strings.ContainsAny(literal[:minSmuggled], " <>:.;") {
			continue
		}
		data, err := base64.RawStdEncoding.DecodeString(literal)
		if err != nil {
			continue
		}
		if format := sniffBytes("", data); format != "" && !pictures[format] || bytes.HasPrefix(data, []byte("MZ")) {
			if len(c.Members) == maxSmuggled {
				c.Add(message.CodeLimitArchive, "a script holds more than %d files; the others were not read", maxSmuggled)
				return
			}
			c.Members = append(c.Members, Member{Name: fmt.Sprintf("script-%d", len(c.Members)+1), Size: int64(len(data)), Data: data, Read: true})
		}
	}
}

// readMHTML hands over the documents of a saved page (RFC 2557).
func readMHTML(c *Content, data []byte) {
	m := message.Parse(data, message.DefaultLimits())
	for _, a := range []Text{{Where: "html", Body: m.BodyHTML(), HTML: true}, {Where: "text", Body: m.BodyText()}} {
		if a.Body != "" {
			c.Texts = append(c.Texts, a)
		}
	}
	for _, p := range m.Problems {
		if p.Code != message.CodeBadAddress { // browsers write From: <Saved by Blink>
			c.Add(p.Code, "%s", p.Detail)
		}
	}
}

// linkProperties of calendars and contacts have a target as their value.
var linkProperties = map[string]bool{"URL": true, "ATTACH": true, "SOURCE": true, "CONFERENCE": true, "PHOTO": true, "LOGO": true, "SOUND": true, "IMAGE": true, "ORGANIZER": true, "X-MICROSOFT-SKYPETEAMSMEETINGURL": true}

// readProperties reads iCalendar (RFC 5545) and vCard (RFC 6350): all values as
// text, those that are targets as links.
func readProperties(c *Content, data []byte) {
	text := decodeText(data)
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\n ", ""), "\n\t", "")
	var all strings.Builder
	for line := range strings.Lines(text) {
		name, value, ok := cutProperty(strings.TrimRight(line, "\n"))
		if !ok || value == "" {
			continue
		}
		kind, parameters, _ := strings.Cut(strings.ToUpper(name), ";")
		if _, bare, grouped := strings.Cut(kind, "."); grouped {
			kind = bare
		}
		if strings.Contains(parameters, "ENCODING=B") || strings.HasPrefix(strings.ToLower(value), "data:") { // a file within
			addWithin(c, kind, value)
			continue
		}
		value = unescape.Replace(value)
		if kind == "X-ALT-DESC" && strings.Contains(parameters, "HTML") {
			c.Texts = append(c.Texts, Text{Where: "x-alt-desc", Body: value, HTML: true})
			continue
		}
		if i := strings.Index(parameters, "ALTREP=\""); i >= 0 {
			target, _, _ := strings.Cut(name[strings.Index(name, ";")+1+i+len("ALTREP=\""):], "\"")
			c.AddLink(Link{URL: target, Where: "altrep"})
		}
		if linkProperties[kind] && strings.Contains(value, ":") {
			c.AddLink(Link{URL: value, Where: strings.ToLower(kind), Clickable: true})
		}
		all.WriteString(strings.ToLower(kind) + ": " + value + "\n")
	}
	c.Texts = append(c.Texts, Text{Body: all.String()})
}

// addWithin adds a file that a property holds in base64, alone or as a data: URL (RFC 2397).
func addWithin(c *Content, kind, value string) {
	if _, data, ok := strings.Cut(value, ";base64,"); ok {
		value = data
	}
	data, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(value, "="))
	if err != nil {
		c.Add(message.CodeFileDamaged, "the file in %s cannot be decoded", strings.ToLower(quote.Line(kind, quote.Name)))
		return
	}
	c.Members = append(c.Members, Member{Name: strings.ToLower(kind), Size: int64(len(data)), Data: data, Read: true})
}

// cutProperty parts a line at the first colon that is not in quotation marks.
func cutProperty(line string) (name, value string, ok bool) {
	quoted := false
	for i := range len(line) {
		switch {
		case line[i] == '"':
			quoted = !quoted
		case line[i] == ':' && !quoted:
			return line[:i], line[i+1:], true
		}
	}
	return "", "", false
}

var unescape = strings.NewReplacer(`\n`, "\n", `\N`, "\n", `\,`, ",", `\;`, ";", `\\`, `\`)

// readURLFile reads an Internet shortcut of Windows, a file of sections and keys.
func readURLFile(c *Content, data []byte) {
	text := decodeText(data)
	c.Texts = append(c.Texts, Text{Body: text})
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		switch key = strings.ToLower(strings.TrimSpace(key)); key {
		case "url", "baseurl", "iconfile", "workingdirectory":
			c.AddLink(Link{URL: strings.TrimSpace(value), Where: key, Clickable: key == "url"})
		}
	}
}

// readWebloc reads a shortcut of macOS, in XML or as a binary property list.
func readWebloc(c *Content, data []byte) {
	if rest, binary := bytes.CutPrefix(data, []byte("bplist00")); binary {
		readBinaryList(c, rest)
		return
	}
	d := xml.NewDecoder(strings.NewReader(decodeText(data)))
	d.Strict = false
	inside := ""
	for {
		t, err := d.Token()
		if err != nil {
			break
		}
		switch t := t.(type) {
		case xml.StartElement:
			inside = t.Name.Local
		case xml.EndElement:
			inside = ""
		case xml.CharData:
			if target := strings.TrimSpace(string(t)); inside == "string" && target != "" {
				c.AddLink(Link{URL: target, Where: "url", Clickable: true})
			}
		}
	}
	if len(c.Links) == 0 {
		c.Add(message.CodeFileDamaged, "a shortcut of macOS without a target")
	}
}

// readBinaryList takes the strings with a scheme: their marks are 0x5n, with the
// length in n or, where that is 15, in the number that follows.
func readBinaryList(c *Content, data []byte) {
	colon := -1 // the next one
	for i := 0; i < len(data); i++ {
		if data[i]>>4 != 5 {
			continue
		}
		n, start := int(data[i]&15), i+1
		if n == 15 && i+3 < len(data) {
			switch data[i+1] {
			case 0x10:
				n, start = int(data[i+2]), i+3
			case 0x11:
				n, start = int(binary.BigEndian.Uint16(data[i+2:])), i+4
			}
		}
		if start+n > len(data) {
			continue
		}
		if colon < start {
			next := bytes.IndexByte(data[start:], ':')
			if next < 0 {
				break
			}
			colon = start + next
		}
		if colon < start+n {
			c.AddLink(Link{URL: string(data[start : start+n]), Where: "url", Clickable: true})
			i = start + n - 1
		}
	}
	if len(c.Links) == 0 {
		c.Add(message.CodeFileDamaged, "a shortcut of macOS without a target")
	}
}
