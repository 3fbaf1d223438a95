package analysis

import (
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
