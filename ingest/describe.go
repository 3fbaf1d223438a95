package ingest

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"example.org/imap-integration/content"
	"example.org/imap-integration/message"
	"example.org/imap-integration/quote"
	"example.org/imap-integration/soar"
)

// bodyLimit is where each body text is cut (contract.md, section 3), bytes.
const bodyLimit = 65536

// Describe returns what a parsed mail says of itself: every key of the
// daemon's object but those of the place where it was found, size and sha256.
func Describe(m *message.Message) soar.Mail {
	d := describeHeader(m)
	var cutText, cutHTML bool
	d.BodyText, cutText = quote.Cut(m.BodyTextUpTo(bodyLimit), bodyLimit)
	d.BodyHTML, cutHTML = quote.Cut(m.BodyHTML(), bodyLimit)
	d.BodyTruncated = cutText || cutHTML
	d.Attachments = m.Attachments()
	d.AttachmentNames = fileNames(d.Attachments)
	d.Problems = append([]message.Problem(nil), m.Problems...)
	d.Normalize()
	return d
}

// describeWhole is [Describe] with what is inside attached containers too.
func describeWhole(m *message.Message, l message.Limits) soar.Mail {
	d := Describe(m)
	list, problems := content.Attachments(m, l)
	if len(list) > len(d.Attachments) {
		d.Attachments, d.AttachmentNames = list, fileNames(list)
	}
	d.Problems = append(d.Problems, problems...)
	return d
}

func describeHeader(m *message.Message) soar.Mail {
	d := soar.Mail{
		MessageID:  first(m.Header.IDs("Message-ID")),
		InReplyTo:  strings.Join(m.Header.IDs("In-Reply-To"), " "),
		References: strings.Join(m.Header.IDs("References"), " "),
		Date:       rfc3339(dateOf(m.Header)),
		Sender:     addrSpecs(m, "Sender"),
		ReplyTo:    addrSpecs(m, "Reply-To"),
		ReturnPath: addrSpecs(m, "Return-Path"),
		To:         addrSpecs(m, "To"),
		Cc:         addrSpecs(m, "Cc"),
		Bcc:        addrSpecs(m, "Bcc"),
		Subject:    strings.TrimSpace(first(m.Header.Values("Subject"))),
		Headers:    headers(m.Header),
	}
	if from := m.Addresses("From"); len(from) > 0 {
		d.From, d.FromName = from[0].Addr, from[0].Name
	}
	d.Problems = append([]message.Problem(nil), m.Problems...)
	d.Normalize()
	return d
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

// rfc3339 is "" for the zero time and for years that RFC 3339 cannot write.
func rfc3339(t time.Time) string {
	t = t.UTC()
	if t.IsZero() || t.Year() < 1 || t.Year() > 9999 {
		return ""
	}
	return t.Format(time.RFC3339)
}

func addrSpecs(m *message.Message, name string) string {
	var all []string
	for _, a := range m.Addresses(name) {
		if a.Addr != "" {
			all = append(all, a.Addr)
		}
	}
	return strings.Join(all, ", ")
}

// headers groups the fields by name, under the spelling of the first.
func headers(h message.Header) soar.Headers {
	out := soar.Headers{}
	at := map[string]int{}
	for _, f := range h.Fields() {
		key := strings.ToLower(f.Name)
		i, ok := at[key]
		if !ok {
			i = len(out)
			at[key] = i
			out = append(out, soar.HeaderValues{Name: f.Name})
		}
		out[i].Values = append(out[i].Values, f.Value)
	}
	return out
}

func fileNames(files []message.Attachment) string {
	var names []string
	for _, a := range files {
		if a.Filename != "" {
			names = append(names, a.Filename)
		}
	}
	return strings.Join(names, ", ")
}

// sourceKey is the identity of a mail: its account and its bytes.
func sourceKey(account string, raw []byte) string {
	h := sha256.New()
	h.Write([]byte(accountKey(account)))
	h.Write([]byte{0})
	h.Write(raw)
	return hex.EncodeToString(h.Sum(nil))
}
