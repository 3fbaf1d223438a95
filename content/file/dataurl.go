package file

import (
	"encoding/base64"
	"fmt"
	"html"
	"net/url"
	"strings"

	"example.org/imap-integration/message"
)

// addPictures adds the pictures that a page holds in data: URLs (RFC 2397), in attributes,
// in style sheets or in scripts alike: a QR code may be on one. Documents in data: URLs are
// found with the links.
func addPictures(c *Content, text string) {
	n := 0
	defer func() {
		if mayBeDrawn(text) {
			addDrawn(c, n, message.HTMLText(text))
		}
	}()
	for rest := text; ; {
		at := dataImage(rest)
		if at < 0 {
			return
		}
		var literal string
		literal, rest = cutURL(rest, at)
		data := decodeDataURL(literal)
		if !pictures[sniffBytes("", data)] {
			continue // SVG, or nothing that a browser shows
		}
		if n++; !addShown(c, n, data) {
			return
		}
	}
}

// addShown adds the n-th picture that a page or a document shows. It is false where there are too many.
func addShown(c *Content, n int, data []byte) bool {
	if n > maxSmuggled {
		c.Add(message.CodeLimitArchive, "there are more than %d pictures in the text; the others were not read", maxSmuggled)
		return false
	}
	c.Members = append(c.Members, Member{Name: fmt.Sprintf("picture-%d", n), Size: int64(len(data)), Data: data, Read: true, Shown: true})
	return true
}

// HoldsPictures is a quick look for pictures in the text of an email: in data: URLs, or drawn.
func HoldsPictures(text []byte) bool {
	s := string(text)
	return mayBeDrawn(s) || dataImage(s) >= 0
}

// dataImage is where a data: URL of a picture begins, -1 where none does.
func dataImage(text string) int {
	const mark = "data:image/"
	for at := 0; ; at++ {
		i := strings.IndexByte(text[at:], ':')
		if i < 0 {
			return -1
		}
		at += i
		start := at - len("data")
		if start >= 0 && start+len(mark) <= len(text) && strings.EqualFold(text[start:start+len(mark)], mark) {
			return start
		}
	}
}

// cutURL takes the URL at a place out of a text: up to the quotation mark or bracket
// that it stands in, else to the next space.
func cutURL(text string, at int) (literal, rest string) {
	ends := " \t\r\n\"'`<>)"
	if at > 0 {
		switch before := text[at-1]; before {
		case '"', '\'', '`':
			ends = string(before)
		case '(':
			ends = ")"
		case ';': // &quot; in an attribute
			ends = "&)\"'"
		}
	}
	end := strings.IndexAny(text[at:], ends)
	if end < 0 {
		return text[at:], ""
	}
	return text[at : at+end], text[at+end:]
}

// decodeDataURL is the content of a data: URL in base64, decoded as forgivingly as by
// browsers; nil for another one.
func decodeDataURL(literal string) []byte {
	head, value, _ := strings.Cut(html.UnescapeString(literal), ",")
	if !strings.HasSuffix(strings.ToLower(strings.TrimSpace(head)), "base64") {
		return nil
	}
	if strings.Contains(value, "%") {
		if plain, err := url.PathUnescape(value); err == nil {
			value = plain
		}
	}
	value = strings.NewReplacer(" ", "", "\t", "", "\n", "", "\r", "", "\f", "").Replace(value)
	data, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(value, "="))
	if err != nil {
		return nil
	}
	return data
}
