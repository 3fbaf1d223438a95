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
	plain []string
	html  []string // the text of the HTML
	links []links.Link
}

// read takes the texts of a message itself, and what they have of left bytes. cut
// tells that there is more.
func (m *Message) read(left *int) (t texts, cut bool) {
	m.texts(func(text string, html bool) {
		if len(text) > *left {
			text, cut = strings.ToValidUTF8(text[:*left], ""), true
		}
		*left -= len(text)
		switch {
		case text == "":
		case html:
			t.links = append(t.links, links.InHTML(text, "")...)
			t.html = append(t.html, message.HTMLText(text))
		default:
			t.plain = append(t.plain, text)
		}
	})
	if len(t.links) > maxLinks {
		t.links, cut = t.links[:maxLinks], true
	}
	return t, cut
}

// texts calls use for each text of a message itself.
func (m *Message) texts(use func(text string, html bool)) {
	switch {
	case m.record != nil:
		use(m.record.BodyText, false)
		use(m.record.BodyHTML, true)
	case m.Mail == nil:
		use(m.Items.BodyText, false)
		use(m.Items.BodyHTML, true)
	default:
		for leaf := range m.Mail.TextLeaves(false) {
			use(leaf.Text, leaf.HTML)
		}
	}
}
