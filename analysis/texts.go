package analysis

import (
	"strings"

	"example.org/imap-integration/links"
	"example.org/imap-integration/message"
)

// Limits of what is searched.
const (
	maxText  = 16 << 20 // bytes of text and HTML over all messages of a run; people do not write as much
	maxLinks = 5000     // of one message
)

// texts are what a message says, as far as it is searched.
type texts struct {
	plain []partText
	html  []partText // the text of the HTML
	links []partLink
}

// partText is a text and the path of its part.
type partText struct{ part, text string }

// partLink is a link and the path of the part that has it.
type partLink struct {
	part string
	links.Link
}

// read takes the texts of a message itself, and what they have of left bytes. cut
// tells that there is more.
func (m *Message) read(left *int) (t texts, cut bool) {
	base := m.contentBase()
	m.texts(func(part, text string, html bool) {
		if len(text) > *left {
			text, cut = strings.ToValidUTF8(text[:*left], ""), true
		}
		*left -= len(text)
		switch {
		case text == "":
		case html:
			t.add(part, links.InHTML(text, base))
			t.html = append(t.html, partText{part, message.HTMLText(text)})
		default:
			t.add(part, links.InText(text))
			t.plain = append(t.plain, partText{part, text})
		}
	})
	if len(t.links) > maxLinks {
		t.links, cut = t.links[:maxLinks], true
	}
	return t, cut
}

func (t *texts) add(part string, found []links.Link) {
	for _, link := range found[:min(len(found), maxLinks+1)] {
		t.links = append(t.links, partLink{part, link})
	}
}

// contentBase is the address that relative links begin at: Content-Base, else Content-Location (RFC 2557, section 5).
func (m *Message) contentBase() string {
	for _, name := range []string{"Content-Base", "Content-Location"} {
		for _, value := range m.header().Values(name) {
			if base, ok := links.Resolve("", strings.Trim(value, " \t\"<>")); ok && webAddress(base) {
				return base
			}
		}
	}
	return ""
}

// texts calls use for each text of a message itself, with the path of its part.
func (m *Message) texts(use func(part, text string, html bool)) {
	switch {
	case m.record != nil:
		use("", m.record.BodyText, false)
		use("", m.record.BodyHTML, true)
	case m.Mail == nil:
		use("", m.Items.BodyText, false)
		use("", m.Items.BodyHTML, true)
	default:
		for leaf := range m.Mail.TextLeaves(false) {
			use(m.Part(leaf.Path), leaf.Text, leaf.HTML)
		}
	}
}
