package content

import (
	"context"
	"strings"

	"golang.org/x/net/html"

	"example.org/imap-integration/content/file"
	"example.org/imap-integration/message"
	"example.org/imap-integration/quote"
)

// Bounds of what is read for passwords besides the texts of the messages.
const (
	maxPasswordFiles = 20
	maxPasswordFile  = 1 << 20 // bytes of each
	maxHiddenMarkup  = 1 << 20 // bytes of each HTML text
)

// passwords are what may open an encrypted file of the email: the words of its texts,
// subjects, file names and files that carry text. They are gathered when something is
// encrypted, and again when an archive had further messages in it.
func passwords(w *walk) []file.Password {
	if w.files.worded == len(w.found) {
		return w.files.passwords
	}
	w.files.worded = len(w.found)
	text, subject, name := file.Source{From: "text"}, file.Source{From: "subject"}, file.Source{From: "filename"}
	var hidden []string
	for _, m := range w.found {
		m.ownTexts(func(t Text) bool {
			if t.HTML {
				hidden = append(hidden, unseen(t.Text))
				t.Text = message.HTMLText(t.Text)
			}
			text.Texts = append(text.Texts, t.Text)
			return true
		})
		if m.Mail != nil {
			subject.Texts = append(subject.Texts, m.Mail.Header.Values("Subject")...)
		} else {
			subject.Texts = append(subject.Texts, m.Items.Subject)
		}
		for _, a := range m.attached {
			name.Texts = append(name.Texts, a.name)
		}
	}
	text.Texts = append(text.Texts, hidden...)
	w.files.passwords = file.Passwords(text, subject, name, file.Source{From: "file", Texts: fileTexts(w)})
	return w.files.passwords
}

// fileTexts are the texts of attached files in which a password may stand. They have a
// budget of their own: what is read here is read again in its turn.
func fileTexts(w *walk) (texts []string) {
	b := file.NewBudget()
	b.Bytes, b.Members, b.Tries, b.Pages, b.Pixels = 8<<20, 200, 0, 10, 0
	ctx, cancel := context.WithTimeout(w.files.ctx, maxTime/10)
	defer cancel()
	read := 0
	for _, m := range w.found {
		for _, a := range m.attached {
			if a.data == nil || read == maxPasswordFiles || !file.CarriesText(file.Sniff(a.name, a.mediaType, a.start(glance))) {
				continue
			}
			data := a.data()
			if len(data) > maxPasswordFile {
				continue
			}
			read++
			texts = append(texts, textsIn(file.Read(ctx, file.Input{Name: a.name, MediaType: a.mediaType, Data: data}, b))...)
		}
	}
	return texts
}

func textsIn(c file.Content) (texts []string) {
	for _, t := range c.Texts {
		if t.HTML {
			texts = append(texts, message.HTMLText(t.Body), unseen(t.Body))
		} else {
			texts = append(texts, t.Body)
		}
	}
	return texts
}

// shownBy are the attributes whose text a program shows, or a script hands over.
var shownBy = map[string]bool{"alt": true, "title": true, "aria-label": true, "placeholder": true, "value": true, "content": true, "label": true, "summary": true}

// unseen are the strings of HTML that are no text to its reader: comments,
// the texts of pictures, and what is hidden.
func unseen(markup string) string {
	markup, _ = quote.Cut(markup, maxHiddenMarkup)
	var out strings.Builder
	z := html.NewTokenizer(strings.NewReader(markup))
	for {
		kind := z.Next()
		switch kind {
		case html.ErrorToken:
			return out.String()
		case html.CommentToken, html.TextToken:
			out.WriteString(html.UnescapeString(string(z.Text())) + "\n")
		case html.StartTagToken, html.SelfClosingTagToken:
			for {
				key, value, more := z.TagAttr()
				if shownBy[string(key)] || strings.HasPrefix(string(key), "data-") {
					out.Write(append(value, '\n'))
				}
				if !more {
					break
				}
			}
		}
	}
}
