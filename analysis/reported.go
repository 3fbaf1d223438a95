package analysis

import (
	"mime"
	"slices"
	"strings"

	"example.org/imap-integration/content"
	"example.org/imap-integration/soar"
)

// Reporter is who sent in a suspicious email.
type Reporter struct {
	CloudSOARMailID string `json:"cloud_soar_mail_id"`
	Address         string `json:"address"`
	Name            string `json:"name"`
}

// Reported is an email that another one brings as an attachment.
type Reported struct {
	CloudSOARMailID string `json:"cloud_soar_mail_id"` // of the email that brings it
	Path            string `json:"path"`
	Kind            string `json:"kind"`
	MessageID       string `json:"message_id"`
	From            string `json:"from"`
	FromName        string `json:"from_name"`
	To              string `json:"to"`
	Subject         string `json:"subject"`
	Date            string `json:"date"`
	SHA256          string `json:"sha256"`   // "" for a message without bytes of its own
	Reporter        string `json:"reporter"` // address of who sent it in
}

// reports finds the emails that the outermost one brings as attachments.
func (a *Analyzer) reports(id string, all []*Message, described []soar.Mail) {
	if len(all) == 0 || all[0].notice() {
		return
	}
	sender := described[0]
	for i, m := range all {
		if !m.attachedTo(all[0]) {
			continue
		}
		mail := described[i]
		a.report.Reported = append(a.report.Reported, Reported{
			CloudSOARMailID: id, Path: m.Path, Kind: m.Kind, MessageID: mail.MessageID, From: mail.From, FromName: mail.FromName,
			To: mail.To, Subject: mail.Subject, Date: mail.Date, SHA256: mail.SHA256, Reporter: sender.From,
		})
		if a.report.Reporter == (Reporter{}) {
			a.report.Reporter = Reporter{id, sender.From, sender.FromName}
		}
	}
}

// attachedTo reports whether a message is an email attached to outer. A
// winmail.dat is not one but the wrapping of outer itself; what it embeds is.
func (m *Message) attachedTo(outer *Message) bool {
	switch {
	case m.Parent == nil:
		return false
	case m.Parent.wrapping():
		return m.Parent.Parent == outer
	}
	return m.Parent == outer && !m.wrapping()
}

// wrapping reports whether a message is a winmail.dat, a signed content or a mailbox
// file, which is not the email that somebody attached but what it came in.
func (m *Message) wrapping() bool {
	return m.Parent != nil && (m.Kind == content.KindP7M || m.Kind == content.KindMbox) || m.Kind == KindTNEF && m.Parent != nil && m.Parent.Kind != KindTNEF
}

// notice reports whether an email is a server's or a mail program's notice about
// another one (RFC 3464, RFC 8098), which nobody reported.
func (m *Message) notice() bool {
	types := m.header().Values("Content-Type")
	if len(types) == 0 {
		return false
	}
	mediaType, params, _ := mime.ParseMediaType(types[0])
	kinds := []string{"delivery-status", "disposition-notification", "global-delivery-status", "global-disposition-notification"}
	return mediaType == "multipart/report" && slices.Contains(kinds, strings.ToLower(params["report-type"]))
}
