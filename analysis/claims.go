package analysis

import (
	"net/netip"
	"regexp"
	"strings"
	"sync"

	"example.org/imap-integration/message"
	"example.org/imap-integration/soar"
)

// Claim is what a report says of the email that it reports: the word of a person, a button or a program, which nothing proves.
type Claim struct {
	Verdict          string   `json:"verdict"`            // phishing, junk, not junk, suspicious, or the Feedback-Type of RFC 5965 (abuse, fraud, virus, not-spam, other); "" where there is none
	Where            string   `json:"where"`              // subject or feedback-report; "" without a claim
	Text             string   `json:"text"`               // the prefix of the subject as written
	NetworkMessageID string   `json:"network_message_id"` // of Microsoft 365
	SourceIP         string   `json:"source_ip"`
	MailFrom         string   `json:"mail_from"` // the sender that it names
	RcptTo           string   `json:"rcpt_to"`   // the recipients, joined by ", "
	Subject          string   `json:"subject"`
	ArrivalDate      string   `json:"arrival_date"` // RFC 3339, UTC
	ReportingMTA     string   `json:"reporting_mta"`
	UserAgent        string   `json:"user_agent"`
	Domains          []string `json:"domains"` // Reported-Domain
	URIs             []string `json:"uris"`    // Reported-URI
}

// pattern is a regular expression that is compiled when it is first asked for.
func pattern(source string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(source) })
}

// Places of claims.
const (
	inSubject  = "subject"
	inFeedback = "feedback-report"
)

// made reports whether there is a claim.
func (c Claim) made() bool { return c.Where != "" }

// claimOf reads what a message claims of the one that it brings.
func claimOf(m *Message, subject string) Claim {
	c := subjectClaim(subject)
	if c.Domains, c.URIs = []string{}, []string{}; m.reportType() == "feedback-report" {
		feedback(m, &c)
	}
	return c
}

// buttonSubject is the subject of Microsoft's report button: a number, and behind bars
// the network message id, the address of the sending server, the sender and the subject, which tools of others leave out.
var buttonSubject = pattern(`^\s*(\d)\|(.*)$`)

// buttonVerdicts are its numbers.
var buttonVerdicts = map[string]string{"1": "junk", "2": "not junk", "3": "phishing"}

// forwardWords are in front of subjects of forwards, in the languages of mail programs.
var forwardWords = pattern(`(?i)^\s*(fw|fwd|wg|tr|rv|i|enc|doorst|vb|vs|vl|pd|ynt|ilt|továbbítás|továbbítva|пересылка|转发|轉寄|转寄|転送|전달)\s*[:：]\s*`)

// prefixWords are what the prefix of a report is made of; one of suspectWords is among them,
// which harmless takes back.
var (
	prefixWords  = pattern(`(?i)^[\s*]*(?:(?:potential|possible|probable|suspected|reported|report|user|users?'s|alert|suspicious|malicious|phish|phishing|spam|junk|scam|fraud|not|no|e-?mails?|messages?|mails?|submission|as|of|by|a|an|:|-|\s)+)$`)
	suspectWords = pattern(`(?i)phish|spam|junk|scam|fraud|suspicious|malicious`)
	harmless     = pattern(`(?i)^[\s*]*not?\b|\bnot?[\s-]*(?:an?\s+)?(?:phish|spam|junk|scam|fraud|suspicious|malicious)`)
)

// subjectClaim reads the prefix of a subject, behind the words of a forward.
func subjectClaim(subject string) Claim {
	for range 3 {
		subject = forwardWords().ReplaceAllString(subject, "")
	}
	if m := buttonSubject().FindStringSubmatch(subject); m != nil && buttonVerdicts[m[1]] != "" {
		c := Claim{Verdict: buttonVerdicts[m[1]], Where: inSubject, Text: m[1] + "|"}
		buttonFields(&c, m[2])
		return c
	}
	prefix, rest := "", ""
	if inner, ok := strings.CutPrefix(strings.TrimSpace(subject), "["); ok {
		prefix, rest, ok = strings.Cut(inner, "]")
		if ok {
			rest = "[" + prefix + "]"
		}
	} else if at := strings.IndexByte(subject, ':'); at > 0 {
		prefix, rest = subject[:at], subject[:at+1]
	}
	if len(prefix) > 60 || rest == "" || !prefixWords().MatchString(prefix) || !suspectWords().MatchString(prefix) {
		return Claim{}
	}
	return Claim{Verdict: verdictOf(prefix), Where: inSubject, Text: strings.TrimSpace(rest)}
}

// verdictOf is what the words of a prefix say.
func verdictOf(prefix string) string {
	lower := strings.ToLower(prefix)
	switch {
	case harmless().MatchString(prefix):
		return "not junk"
	case strings.Contains(lower, "phish"):
		return "phishing"
	case strings.Contains(lower, "junk"), strings.Contains(lower, "spam"):
		return "junk"
	case strings.Contains(lower, "fraud"), strings.Contains(lower, "scam"):
		return "fraud"
	}
	return "suspicious"
}

// buttonFields reads what stands between the bars.
func buttonFields(c *Claim, rest string) {
	fields := strings.SplitN(rest, "|", 4)
	if !networkID().MatchString(fields[0]) {
		return // the text is ignored by Microsoft, too
	}
	c.NetworkMessageID = strings.ToLower(fields[0])
	for i, field := range fields[1:] {
		field = strings.TrimSpace(field)
		switch _, err := netip.ParseAddr(field); {
		case err == nil && i == 0:
			c.SourceIP = field
		case i == 1:
			c.MailFrom = strings.Trim(field, "<>")
		case i == 2:
			c.Subject = strings.TrimSuffix(strings.TrimPrefix(field, "("), ")")
		}
	}
}

var networkID = pattern(`(?i)^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// maxFeedback bounds the values of a field that are listed.
const maxFeedback = 100

// feedback reads the fields of a feedback report (RFC 5965, section 3).
func feedback(m *Message, c *Claim) {
	block, ok := m.leaf("message/feedback-report")
	if !ok {
		return
	}
	h := message.ParseHeader(append(block, "\r\n\r\n"...), message.DefaultLimits())
	first := func(name string) string {
		if values := h.Header.Values(name); len(values) > 0 {
			return strings.TrimSpace(values[0])
		}
		return ""
	}
	if verdict := strings.ToLower(first("Feedback-Type")); verdict != "" {
		c.Verdict = verdict
	}
	c.Where = inFeedback
	c.UserAgent, c.SourceIP = first("User-Agent"), first("Source-IP")
	c.MailFrom = strings.Trim(first("Original-Mail-From"), "<>")
	c.ReportingMTA = strings.TrimSpace(afterSemicolon(first("Reporting-MTA")))
	for _, name := range []string{"Arrival-Date", "Received-Date"} {
		if at, ok := message.ParseDate(first(name)); ok && c.ArrivalDate == "" {
			c.ArrivalDate = soar.Timestamp(at)
		}
	}
	var recipients []string
	for _, value := range h.Header.Values("Original-Rcpt-To") {
		recipients = append(recipients, strings.Trim(strings.TrimSpace(value), "<>"))
	}
	c.RcptTo = strings.Join(recipients[:min(len(recipients), maxFeedback)], ", ")
	for _, value := range h.Header.Values("Reported-Domain") {
		c.Domains = append(c.Domains, strings.TrimSpace(value))
	}
	for _, value := range h.Header.Values("Reported-URI") {
		c.URIs = append(c.URIs, strings.TrimSpace(value))
	}
	c.Domains, c.URIs = c.Domains[:min(len(c.Domains), maxFeedback)], c.URIs[:min(len(c.URIs), maxFeedback)]
}

// afterSemicolon takes the type off a name such as "dns; mx.example.com".
func afterSemicolon(value string) string {
	if _, name, ok := strings.Cut(value, ";"); ok {
		return name
	}
	return value
}
