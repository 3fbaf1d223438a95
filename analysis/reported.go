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
	Uncertain       bool   `json:"uncertain"` // that this is a report at all: nothing but a forwarded text says so
}

// Where a [Reported] was found.
const (
	reportAttached = "attached" // the email itself, with all of its header fields
	reportWrapper  = "wrapper"  // an attached email that is a report by itself, of the one inside it
	reportHeaders  = "headers"  // header fields alone (text/rfc822-headers, RFC 6522)
	reportFields   = "fields"   // nothing but what the report says of it
	reportForward  = "forward"  // the text of a forward
)

// Reported is an email that another one reports.
type Reported struct {
	CloudSOARMailID string `json:"cloud_soar_mail_id"` // of the email that brings it
	Path            string `json:"path"`               // of the message, or of the message in whose text or report it stands
	Kind            string `json:"kind"`               // eml, msg or tnef; "" where there is no message
	Source          string `json:"source"`             // attached, wrapper, headers, fields or forward
	Uncertain       bool   `json:"uncertain"`          // the values were read out of a text or a subject that anybody can write
	Note            string `json:"note"`               // what is missing, one sentence; ""
	MessageID       string `json:"message_id"`
	From            string `json:"from"`
	FromName        string `json:"from_name"`
	To              string `json:"to"`
	Subject         string `json:"subject"`
	Date            string `json:"date"`
	SHA256          string `json:"sha256"`   // "" for a message without bytes of its own
	Reporter        string `json:"reporter"` // address of who sent it in
	Claim           Claim  `json:"claim"`    // what the report says of it
}

// maxWrappers is how many reports of reports are followed.
const maxWrappers = 5

// reports finds what the outermost email reports.
func (a *Analyzer) reports(id string, all []*Message, described []soar.Mail) {
	if len(all) == 0 || all[0].notice() {
		return
	}
	f := reportFinder{id: id, all: all, described: described}
	f.reportedBy(0, 0)
	a.report.Reported = append(a.report.Reported, f.found...)
	for i, r := range f.found {
		if a.report.Reporter == (Reporter{}) && r.Source != reportWrapper {
			a.report.Reporter = f.reporters[i]
		}
	}
}

// reportFinder goes down from a report to what it reports, through reports of reports.
type reportFinder struct {
	id        string
	all       []*Message
	described []soar.Mail
	found     []Reported
	reporters []Reporter // of each
}

// reportedBy adds what the message at this index reports. It returns false where that is nothing.
func (f *reportFinder) reportedBy(by, depth int) bool {
	m, mail := f.all[by], f.described[by]
	claim := claimOf(m, mail.Subject)
	before := len(f.found)
	for i, child := range f.all {
		if !child.attachedTo(m) {
			continue
		}
		at := len(f.found)
		r := described(f.described[i], claim)
		r.Path, r.Kind, r.Source, r.SHA256 = child.Path, child.Kind, reportAttached, f.described[i].SHA256
		if m.hasType(child.Path, headersType) {
			r.Source, r.Note = reportHeaders, onlyHeaders
		}
		f.add(by, r)
		if depth < maxWrappers && colleague(mail, r.From) && claimOf(child, r.Subject).made() && f.reportedBy(i, depth+1) {
			f.found[at].Source = reportWrapper
		}
	}
	if len(f.found) > before {
		return true
	}
	for _, r := range withoutMessage(m, mail, claim) {
		f.add(by, r)
	}
	return len(f.found) > before
}

// colleague reports whether an address is of the domain of who reports, or of one to whom
// that goes. A phish that is made up as a report, with something harmless attached, is
// from elsewhere: it must not pass for a report, nor its sender for a reporter.
func colleague(report soar.Mail, address string) bool {
	domain := domainOf(address)
	if domain == "" {
		return false
	}
	for to := range strings.SplitSeq(report.From+", "+report.To, ", ") {
		if domainOf(to) == domain {
			return true
		}
	}
	return false
}

// domainOf is the domain of an address in lower case, "" without one.
func domainOf(address string) string {
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return ""
	}
	return strings.ToLower(address[at+1:])
}

// add completes an entry by what is known of the message that reports it.
func (f *reportFinder) add(by int, r Reported) {
	reporter := Reporter{f.id, f.described[by].From, f.described[by].FromName, r.Source == reportForward}
	if r.Reporter != "" { // who forwarded it to the sender
		reporter.Address, reporter.Name = r.Reporter, ""
	}
	r.CloudSOARMailID, r.Reporter = f.id, reporter.Address
	f.found, f.reporters = append(f.found, r), append(f.reporters, reporter)
}

// described is an entry for an email of which this is known.
func described(mail soar.Mail, claim Claim) Reported {
	return Reported{MessageID: mail.MessageID, From: mail.From, FromName: mail.FromName, To: mail.To, Subject: mail.Subject, Date: mail.Date, Claim: claim}
}

const onlyHeaders = "the report brings the header fields of the email, not its content"

// withoutMessage is what a message reports that has no email attached: by header
// fields, by the fields of a feedback report or of a button's subject, or in its text.
func withoutMessage(m *Message, mail soar.Mail, claim Claim) []Reported {
	r := Reported{Path: m.Path, Claim: claim}
	if h, ok := m.headersPart(); ok {
		r = described(soar.DescribeHeader(h), claim)
		r.Path, r.Source, r.Note = m.Path, reportHeaders, onlyHeaders
		return []Reported{r}
	}
	if claim.MailFrom != "" || claim.NetworkMessageID != "" || claim.Subject != "" || claim.Where == inFeedback {
		r.Source, r.Uncertain, r.Note = reportFields, true, "the report brings no email, only what it says of one"
		r.From, r.To, r.Subject, r.Date = claim.MailFrom, claim.RcptTo, claim.Subject, claim.ArrivalDate
		return []Reported{r}
	}
	if forwarded, ok := forwardIn(mail.Subject, mail.BodyText, claim.made()); ok {
		r.Source, r.Uncertain, r.Note = reportForward, true, "forwarded in a text: its header fields are lost, these were written by the program that forwarded it"
		r.From, r.FromName, r.To, r.Subject, r.Date = forwarded.From, forwarded.FromName, forwarded.To, forwarded.Subject, forwarded.Date
		r.Reporter = forwarded.by
		return []Reported{r}
	}
	return nil
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
	kinds := []string{"delivery-status", "disposition-notification", "global-delivery-status", "global-disposition-notification"}
	return slices.Contains(kinds, m.reportType())
}

// reportType is that of a multipart/report (RFC 6522), "" for other messages.
func (m *Message) reportType() string {
	types := m.header().Values("Content-Type")
	if len(types) == 0 {
		return ""
	}
	mediaType, params, _ := mime.ParseMediaType(types[0])
	if mediaType != "multipart/report" {
		return ""
	}
	return strings.ToLower(params["report-type"])
}
