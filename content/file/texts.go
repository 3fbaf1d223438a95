package file

import (
	"bytes"
	"encoding/binary"
	"encoding/xml"
	"strings"
	"unicode/utf8"

	"example.org/imap-integration/message"
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

func readText(c *Content, data []byte) { c.Texts = append(c.Texts, Text{Body: decodeText(data)}) }

func readMarkup(c *Content, data []byte) {
	c.Texts = append(c.Texts, Text{Body: decodeText(data), HTML: true})
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
		if strings.Contains(parameters, "ENCODING=B") { // a picture within
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
