package content

import (
	"context"
	"iter"
	"strconv"

	"example.org/imap-integration/content/file"
	"example.org/imap-integration/links"
	"example.org/imap-integration/message"
)

// Text is one text inside an email.
type Text struct {
	Path string // of the part, as in [Message]
	HTML bool   // Text is markup
	Text string // UTF-8
}

// Texts yields every text of an email: its own, those of the messages inside it,
// and those of files that carry text. What a file holds is read when it is reached.
func Texts(m *message.Message, l message.Limits) iter.Seq[Text] {
	return func(yield func(Text) bool) {
		w := walker{limits: l, budget: file.NewBudget()}
		w.email(m, func(t Text) bool { return yield(t) }, func(string) bool { return true })
	}
}

// Searchable yields every string that the filters on text look at (filters.md): the
// texts of [Texts], HTML as text and the targets of its links, and the names of files and of what is in archives.
func Searchable(m *message.Message, l message.Limits) iter.Seq[string] {
	return func(yield func(string) bool) {
		w := walker{limits: l, budget: file.NewBudget()}
		w.email(m, func(t Text) bool {
			if !t.HTML {
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

// walker yields texts and names of one email.
type walker struct {
	limits message.Limits
	budget *file.Budget
}

// maxFileTime bounds the reading of all files of an email.
const maxFileTime = 2e9 // nanoseconds

func (w *walker) email(m *message.Message, text func(Text) bool, name func(string) bool) {
	ctx, cancel := context.WithTimeout(context.Background(), maxFileTime)
	defer cancel()
	all := OpenMail(m, w.limits)
	for _, inner := range all {
		if !inner.ownTexts(text) {
			return
		}
	}
	var passwords []file.Password
	for _, inner := range all {
		for _, f := range inner.files() {
			if f.name != "" && !name(f.name) {
				return
			}
			if passwords == nil {
				passwords = passwordsIn(all)
			}
			if !w.file(ctx, f, passwords, text, name) {
				return
			}
		}
	}
}

// file yields what one file holds.
func (w *walker) file(ctx context.Context, f attached, passwords []file.Password, text func(Text) bool, name func(string) bool) bool {
	data := f.data()
	if kind, _ := kindOf(f.name, f.mediaType, data); kind != "" {
		return true // a message, which was opened
	}
	for _, found := range file.Walk(ctx, f.path, file.Input{Name: f.name, MediaType: f.mediaType, Data: data, Passwords: passwords}, w.budget) {
		if found.Member.Name != "" && !name(found.Member.Name) {
			return false
		}
		for _, t := range found.Texts {
			if !text(Text{found.Path, t.HTML, t.Body}) {
				return false
			}
		}
		for _, l := range found.Links {
			if !name(l.URL) {
				return false
			}
		}
		if !w.member(found, text, name) {
			return false
		}
	}
	return true
}

// member yields what a member of an archive holds that is an email.
func (w *walker) member(found file.Found, text func(Text) bool, name func(string) bool) bool {
	kind, data := kindOf(found.Member.Name, "", found.Member.Data)
	if kind == "" {
		return true
	}
	for _, inner := range Open(data, kind, w.limits) {
		if !inner.ownTexts(text) {
			return false
		}
		for _, f := range inner.files() {
			if f.name != "" && !name(f.name) {
				return false
			}
		}
	}
	return true
}

// ownTexts yields the texts of a message itself; false once yield returns it.
func (m *Message) ownTexts(yield func(Text) bool) bool {
	if m.Mail != nil {
		for leaf := range m.Mail.TextLeaves(false) {
			if !yield(Text{m.Part(leaf.Path), leaf.HTML, leaf.Text}) {
				return false
			}
		}
		return true
	}
	return (m.Items.BodyText == "" || yield(Text{m.Path, false, m.Items.BodyText})) &&
		(m.Items.BodyHTML == "" || yield(Text{m.Path, true, m.Items.BodyHTML}))
}

// attached is a file of a message.
type attached struct {
	path, name, mediaType string
	data                  func() []byte
}

// files are those of a message itself; texts that are searched as its own are left out.
func (m *Message) files() (all []attached) {
	if m.Mail == nil {
		for i, a := range m.Items.Attachments {
			if a.Embedded == nil {
				all = append(all, attached{join(m.Path, strconv.Itoa(i+1)), a.Filename, a.ContentType, func() []byte { return a.Data }})
			}
		}
		return all
	}
	m.Mail.Walk(func(p *message.Part) bool {
		f := attached{m.Part(p.Path), p.Filename, p.MediaType, p.Decoded}
		if p.Message != nil || p.MediaType == "text/plain" || p.MediaType == "text/html" {
			f.data = func() []byte { return nil } // its name alone
		}
		all = append(all, f)
		for _, other := range p.OtherNames() {
			all = append(all, attached{f.path, other, "", func() []byte { return nil }})
		}
		return true
	})
	return all
}

// passwordsIn are the words of an email's texts, subjects and file names that may open its archives.
func passwordsIn(all []*Message) []file.Password {
	var texts, subjects, names []string
	for _, m := range all {
		m.ownTexts(func(t Text) bool {
			if t.HTML {
				t.Text = message.HTMLText(t.Text)
			}
			texts = append(texts, t.Text)
			return true
		})
		if m.Mail != nil {
			subjects = append(subjects, m.Mail.Header.Values("Subject")...)
		} else {
			subjects = append(subjects, m.Items.Subject)
		}
		for _, f := range m.files() {
			names = append(names, f.name)
		}
	}
	return append(append(file.Passwords("text", texts...), file.Passwords("subject", subjects...)...), file.Passwords("filename", names...)...)
}
