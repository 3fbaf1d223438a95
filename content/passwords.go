package content

import (
	"context"
	"strings"
	"time"

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
// encrypted, and where an archive had further messages in it theirs come in front.
func passwords(w *walk) []file.Password {
	if w.files.worded == len(w.found) {
		return w.files.passwords
	}
	fresh := w.found[w.files.worded:]
	w.files.worded = len(w.found)
	words := w.files.budget.Words
	text, hidden := file.Source{From: "text"}, []string(nil)
	subject, name := file.Source{From: "subject"}, file.Source{From: "filename"}
	for _, m := range fresh {
		if m.Mail != nil {
			subject.Texts = append(subject.Texts, words.Cut(strings.Join(m.Mail.Header.Values("Subject"), "\n")))
		} else {
			subject.Texts = append(subject.Texts, words.Cut(m.Items.Subject))
		}
		for _, a := range m.attached {
			name.Texts = append(name.Texts, words.Cut(a.name))
		}
		m.ownTexts(func(t Text) bool {
			if t.HTML && *words.Left > 0 {
				hidden = append(hidden, words.Cut(unseen(t.Text)))
				t.Text = message.HTMLText(t.Text)
			}
			text.Texts = append(text.Texts, words.Cut(t.Text))
			return *words.Left > 0
		})
	}
	text.Texts = append(text.Texts, hidden...)
	w.files.passwords = file.Once(file.Passwords(text, subject, name, file.Source{From: "file", Texts: fileTexts(w, fresh)}), w.files.passwords)
	return w.files.passwords
}

// fileTexts are the texts of attached files in which a password may stand. They have a
// budget of their own: what is read here is read again in its turn.
func fileTexts(w *walk, messages []*Message) (texts []string) {
	b := file.NewBudget()
	b.Bytes, b.Members, b.Tries, b.Pages, b.Pixels, b.Work = 8<<20, 200, 0, 10, 0, time.Second
	ctx, cancel := context.WithTimeout(w.files.ctx, maxTime/10)
	defer cancel()
	words := w.files.budget.Words
	for _, m := range messages {
		for _, a := range m.attached {
			if a.data == nil || a.within || w.files.searched == maxPasswordFiles || *words.Left == 0 || !file.CarriesText(file.Sniff(a.name, a.mediaType, a.start(glance))) {
				continue
			}
			data := a.data()
			if len(data) > maxPasswordFile {
				continue
			}
			w.files.searched++
			for _, text := range textsIn(file.Read(ctx, file.Input{Name: a.name, MediaType: a.mediaType, Data: data}, b)) {
				texts = append(texts, words.Cut(text))
			}
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
