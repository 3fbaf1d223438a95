package content

import (
	"bytes"
	"fmt"
	"strings"

	"example.org/imap-integration/message"
)

// signed reads what a signed message signs, and says of an encrypted one that it is.
func (w *walk) signed(m *Message, depth int) {
	m.Mail = message.Parse(nil, w.options.Limits)
	if c, err := readCMS(m.Raw, m.Parent); err != nil {
		m.note(err.code, "%v", err)
	} else {
		m.Signature = c.signature
		if c.content != nil {
			m.Mail, m.Raw = message.Parse(c.content, w.options.Limits), c.content
		}
	}
	w.mail(m, depth)
}

// Shown is the message whose texts a person is shown first: the email, or what it
// signs where all of it is a signed S/MIME message (RFC 8551, section 3.5.2), whose own text is nothing.
func Shown(m *message.Message, l message.Limits) *Message {
	email := &Message{Kind: KindEML, Mail: m, Raw: m.Raw}
	if !isOneFile(m) {
		return email
	}
	all := OpenMail(m, l)
	shown := all[0]
	for _, inner := range all[1:] {
		if inner.Parent != shown || inner.Kind != KindP7M || inner.Signature == nil || inner.Mail.Raw == nil {
			break
		}
		if shown = inner; !isOneFile(inner.Mail) {
			break
		}
	}
	return shown
}

// isOneFile reports whether an email is a single part that is no text of its own, but for
// the signature behind it.
func isOneFile(m *message.Message) bool {
	parts, file := 0, false
	m.Walk(func(p *message.Part) bool {
		if parts > 0 && strings.HasSuffix(p.MediaType, "-signature") {
			return true
		}
		parts++
		file = p.Message == nil && !ownText(p)
		return parts < 2 && file
	})
	return parts == 1 && file
}

func (m *Message) note(code, format string, args ...any) {
	m.Problems = append(m.Problems, message.Problem{Code: code, Detail: fmt.Sprintf("part %s: ", m.Path) + fmt.Sprintf(format, args...)})
}

// mbox reads the messages of a mailbox file, each by its number.
func (w *walk) mbox(m *Message, depth int) {
	m.Mail = message.Parse(nil, w.options.Limits)
	w.found = append(w.found, m)
	rest := trimStart(m.Raw)
	for n := 1; len(rest) > 0; n++ {
		var one []byte
		if at := nextFrom(rest); at >= 0 {
			one, rest = rest[:at], rest[at:]
		} else {
			one, rest = rest, nil
		}
		if _, body, ok := bytes.Cut(one, []byte("\n")); ok {
			at := m.inside(n)
			if !w.room(m, at.path, depth+1) {
				return
			}
			w.open(m, at, KindEML, body, depth+1)
		}
	}
}

// nextFrom is where the next message of a mailbox file begins: a "From " line behind an empty one.
func nextFrom(data []byte) int {
	for at := 1; ; {
		i := bytes.Index(data[at:], []byte("\nFrom "))
		if i < 0 {
			return -1
		}
		at += i + 1
		before := bytes.TrimSuffix(data[:at-1], []byte("\r"))
		if len(before) > 0 && before[len(before)-1] == '\n' {
			return at
		}
	}
}
