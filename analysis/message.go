package analysis

import (
	"bytes"

	"example.org/imap-integration/content"
	"example.org/imap-integration/message"
	"example.org/imap-integration/soar"
)

// Kinds of a [Message].
const (
	KindEML  = content.KindEML
	KindMSG  = content.KindMSG
	KindTNEF = content.KindTNEF
)

// Message is one message found: the outermost, or one inside it.
type Message struct {
	*content.Message
	Parent *Message // nil for the outermost

	record *soar.Mail // of an email whose content is not there: Mail then has its header only
}

// Unfold reads an email and every message in it, those in archives too, and their files, see [content.OpenFiles].
func Unfold(raw []byte, kind string, l message.Limits, passwords ...string) []*Message {
	opened := content.OpenFiles(raw, kind, content.Options{Limits: l, Passwords: passwords})
	all := make([]*Message, len(opened))
	known := map[*content.Message]*Message{}
	for i, m := range opened {
		all[i] = &Message{Message: m, Parent: known[m.Parent]}
		known[m] = all[i]
	}
	return all
}

// header is the header of a message, for Outlook's the transport headers.
func (m *Message) header() message.Header {
	if m.Mail != nil {
		return m.Mail.Header
	}
	return m.Items.Header
}

// leaf is the content of the first part of this type, false where there is none.
func (m *Message) leaf(mediaType string) (data []byte, ok bool) {
	if m.Mail == nil {
		return nil, false
	}
	m.Mail.Walk(func(p *message.Part) bool {
		if p.MediaType == mediaType {
			data, ok = bytes.Clone(p.Decoded()), true
		}
		return !ok
	})
	return data, ok
}

// hasType reports whether the part at this path is of this type.
func (m *Message) hasType(path, mediaType string) (is bool) {
	if m.Mail != nil {
		m.Mail.Walk(func(p *message.Part) bool {
			is = is || m.Part(p.Path) == path && p.MediaType == mediaType
			return !is
		})
	}
	return is
}

// headersType is the type of a part that is the header of an email (RFC 6522, section 4).
const headersType = "text/rfc822-headers"

// headersPart is the header of an email whose content a report leaves out (RFC 6522, section 4).
func (m *Message) headersPart() (*message.Message, bool) {
	block, ok := m.leaf(headersType)
	if !ok {
		return nil, false
	}
	return message.ParseHeader(append(block, "\r\n\r\n"...), message.DefaultLimits()), true
}
