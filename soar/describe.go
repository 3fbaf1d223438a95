package soar

import (
	"slices"
	"strings"
	"time"

	"example.org/imap-integration/message"
	"example.org/imap-integration/quote"
)

// BodyLimit is where each body text of a record is cut (contract.md, section 3), bytes.
const BodyLimit = 65536

// Describe returns what a parsed email says of itself: every key of the
// daemon's object but those of the place where it was found, size and sha256.
func Describe(m *message.Message) Mail {
	d := DescribeHeader(m)
	d.SetBodies(m.BodyTextUpTo(BodyLimit), m.BodyHTML())
	d.SetAttachments(m.Attachments())
	d.Problems = slices.Clone(m.Problems) // decoding has found the rest of them
	d.Normalize()
	return d
}

// DescribeHeader is [Describe] for an email of which only the header is known.
func DescribeHeader(m *message.Message) Mail {
	d := Mail{
		MessageID:  first(m.Header.IDs("Message-ID")),
		InReplyTo:  strings.Join(m.Header.IDs("In-Reply-To"), " "),
		References: strings.Join(m.Header.IDs("References"), " "),
		Date:       Timestamp(dateOf(m.Header)),
		Sender:     addrSpecs(m, "Sender"),
		ReplyTo:    addrSpecs(m, "Reply-To"),
		ReturnPath: addrSpecs(m, "Return-Path"),
		To:         addrSpecs(m, "To"),
		Cc:         addrSpecs(m, "Cc"),
		Bcc:        addrSpecs(m, "Bcc"),
		Subject:    strings.TrimSpace(first(m.Header.Values("Subject"))),
		Headers:    GroupHeaders(m.Header),
	}
	if from := m.Addresses("From"); len(from) > 0 {
		d.From, d.FromName = from[0].Addr, from[0].Name
	}
	d.Problems = slices.Clone(m.Problems)
	d.Normalize()
	return d
}

// SetBodies cuts the body texts where a record cuts them.
func (m *Mail) SetBodies(text, html string) {
	var cutText, cutHTML bool
	m.BodyText, cutText = quote.Cut(text, BodyLimit)
	m.BodyHTML, cutHTML = quote.Cut(html, BodyLimit)
	m.BodyTruncated = cutText || cutHTML
}

// SetAttachments sets the attachments and their names.
func (m *Mail) SetAttachments(files []message.Attachment) {
	var names []string
	for _, a := range files {
		if a.Filename != "" {
			names = append(names, listed(a.Filename))
		}
	}
	m.Attachments, m.AttachmentNames = files, strings.Join(names, ", ")
	m.Normalize()
}

// listed is a name as a value of a list that people hand on: in quotation marks,
// those inside doubled, where a comma or a quotation mark would break it up (contract.md, Values).
func listed(name string) string {
	if strings.Contains(name, ",") || strings.HasPrefix(name, `"`) {
		return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
	}
	return name
}

func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}

func dateOf(h message.Header) time.Time {
	t, _ := message.ParseDate(first(h.Values("Date")))
	return t
}

// Timestamp writes a time as records have it, in UTC; "" for the zero time and
// for years that RFC 3339 cannot write.
func Timestamp(t time.Time) string {
	t = t.UTC()
	if t.IsZero() || t.Year() < 1 || t.Year() > 9999 {
		return ""
	}
	return t.Format(time.RFC3339)
}

func addrSpecs(m *message.Message, name string) string { return JoinAddresses(m.Addresses(name)) }

// JoinAddresses is the form in which a record lists addresses; those without one are left out.
func JoinAddresses(list []message.Address) string {
	var all []string
	for _, a := range list {
		if a.Addr != "" {
			all = append(all, a.Addr)
		}
	}
	return strings.Join(all, ", ")
}

// GroupHeaders groups the fields by name, under the spelling of the first.
func GroupHeaders(h message.Header) Headers {
	out := Headers{}
	at := map[string]int{}
	for _, f := range h.Fields() {
		key := strings.ToLower(f.Name)
		i, ok := at[key]
		if !ok {
			i = len(out)
			at[key] = i
			out = append(out, HeaderValues{Name: f.Name})
		}
		out[i].Values = append(out[i].Values, f.Value)
	}
	return out
}
