package content

import (
	"iter"
	"slices"

	"example.org/imap-integration/links"
	"example.org/imap-integration/message"
)

// Text is one text inside an email.
type Text struct {
	Path string // of the part, as in [Message]
	HTML bool   // Text is markup
	Link bool   // Text is the target of a link of a file that is no part of its text
	Text string // UTF-8
}

// Texts yields every text of an email: its own, those of the messages inside it,
// and those of files that carry text, with the targets in link fields, annotations,
// relationships and QR codes. What a file holds is read when it is reached.
func Texts(m *message.Message, l message.Limits) iter.Seq[Text] {
	return func(yield func(Text) bool) {
		eachText(newWalk(Options{Limits: l}), m, yield, func(string) bool { return true })
	}
}

// Searchable yields every string that the filters on text look at (filters.md): the
// texts of [Texts], HTML as text and the targets of its links, and the names of files and of what is in archives.
func Searchable(m *message.Message, l message.Limits) iter.Seq[string] {
	return func(yield func(string) bool) {
		eachText(newWalk(Options{Limits: l}), m, func(t Text) bool {
			if !t.HTML { // the targets in files are strings of their own too
				return yield(t.Text)
			}
			if !yield(message.HTMLText(t.Text)) {
				return false
			}
			for _, link := range links.InHTML(t.Text, "") {
				if !yield(link.Target) {
					return false
				}
			}
			return true
		}, yield)
	}
}

// eachText yields the texts and the names of files: the messages' own first, because they cost least.
func eachText(w *walk, m *message.Message, text func(Text) bool, name func(string) bool) {
	defer w.end()
	all := slices.Clone(w.parsed(m))
	for _, inner := range all {
		if !inner.ownTexts(text) {
			return
		}
	}
	for _, inner := range all {
		if !w.eachFile(inner, func(m *Message, f *File) bool {
			if f == nil {
				return m.ownTexts(text)
			}
			return f.yield(text, name)
		}) {
			return
		}
	}
}

// yield gives what a file says. Its own name came before it was read.
func (f *File) yield(text func(Text) bool, name func(string) bool) bool {
	if f.Name != "" && !name(f.Name) {
		return false
	}
	for _, t := range f.Texts {
		if !text(Text{Path: f.Path, HTML: t.HTML, Text: t.Body}) {
			return false
		}
	}
	for _, l := range f.Links {
		if !text(Text{Path: f.Path, Link: true, Text: l.URL}) {
			return false
		}
	}
	return true
}

// ownTexts yields the texts of a message itself; false once yield returns it.
func (m *Message) ownTexts(yield func(Text) bool) bool {
	if m.Mail != nil {
		for leaf := range m.Mail.TextLeaves(false) {
			if !yield(Text{Path: m.Part(leaf.Path), HTML: leaf.HTML, Text: leaf.Text}) {
				return false
			}
		}
		return true
	}
	return (m.Items.BodyText == "" || yield(Text{Path: m.Path, Text: m.Items.BodyText})) &&
		(m.Items.BodyHTML == "" || yield(Text{Path: m.Path, HTML: true, Text: m.Items.BodyHTML}))
}
