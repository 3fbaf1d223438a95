package analysis

import (
	"slices"
	"strings"

	"example.org/imap-integration/content"
	"example.org/imap-integration/message"
	"example.org/imap-integration/outlook"
	"example.org/imap-integration/soar"
)

// Report is what is known of one or several emails and all in them. No slice in it is nil.
type Report struct {
	Messages   []Found        `json:"messages"`   // each before those inside it
	Indicators []Indicator    `json:"indicators"` // unique over all messages, in the order of first appearance
	Reporter   Reporter       `json:"reporter"`   // of the first email that reports another; "" without one
	Reported   []Reported     `json:"reported"`
	Problems   []FoundProblem `json:"problems"` // of all messages
	Count      int            `json:"count"`    // of messages
}

// Found is one message: the daemon's keys, and what the analysis adds.
type Found struct {
	CloudSOARMailID string `json:"cloud_soar_mail_id"` // of the email that it lies in; "" for one given directly
	Path            string `json:"path"`               // "" for the outermost, "2", "2.1"
	Kind            string `json:"kind"`               // eml, msg or tnef
	soar.Mail
	Received       []Hop          `json:"received"`
	Authentication Authentication `json:"authentication"`
	Files          []FoundFile    `json:"files"` // whose format is known, and the members of archives
	Links          []FoundLink    `json:"links"` // at most 5,000
	LinkMismatches []Mismatch     `json:"link_mismatches"`
	ReplyToDiffers bool           `json:"reply_to_differs"` // an answer would go to somebody else than the sender
}

// FoundProblem is a problem and the message that has it.
type FoundProblem struct {
	CloudSOARMailID string `json:"cloud_soar_mail_id"`
	Path            string `json:"path"`
	message.Problem
}

// maxOfRun bounds the messages of one report, each of which may have texts of 128
// KiB: beyond it only the emails themselves are analyzed, not what is in them.
const maxOfRun = 1000

// Topics are what an analysis may be asked for.
var Topics = []string{"headers", "addresses", "urls", "domains", "ips", "hashes", "attachments", "authentication", "all"}

// Options say what to look at and whom to trust.
type Options struct {
	Topics  []string // of Topics; none: all. What is not asked for is empty in the report
	Keys    Keys     // DKIM keys at hand
	Servers []string // whose Authentication-Results count; none: the topmost
	Limits  message.Limits

	Passwords []string // tried first on what is encrypted
}

// Analyzer makes a report of emails, one after another.
type Analyzer struct {
	options   Options
	report    *Report
	collector *Collector
	left      int // bytes of text to be searched yet
	cut       bool
}

// New returns an analyzer.
func New(o Options) *Analyzer {
	if len(o.Topics) == 0 {
		o.Topics = []string{"all"}
	}
	return &Analyzer{
		options: o, left: maxText, collector: NewCollector(o.Topics...),
		report: &Report{Messages: []Found{}, Reported: []Reported{}, Problems: []FoundProblem{}},
	}
}

func (a *Analyzer) wants(topic string) bool {
	return slices.Contains(a.options.Topics, "all") || slices.Contains(a.options.Topics, topic)
}

// Add analyzes an email and every message in it. record is that of Cloud SOAR,
// the zero Record for an email that is not from there. kind is [KindEML] or [KindMSG].
func (a *Analyzer) Add(record soar.Record, raw []byte, kind string) {
	id := string(record.ID)
	all := Unfold(raw, kind, a.options.Limits, a.options.Passwords...)
	if len(a.report.Messages) > maxOfRun && len(all) > 1 {
		all[0].Limit(message.Problem{Code: message.CodeLimitMessages, Detail: "there are too many messages already; those inside this one are not analyzed"})
		all = all[:1]
	}
	described := make([]soar.Mail, len(all))
	for i, m := range all {
		described[i] = describe(m)
		if m.Parent == nil {
			foundAt(&described[i], record)
		}
		a.add(id, m, described[i])
	}
	a.reports(id, all, described)
}

// AddRecord analyzes what Cloud SOAR knows of an email whose content it does not hold.
func (a *Analyzer) AddRecord(record soar.Record) {
	var header strings.Builder
	for _, h := range record.Headers {
		for _, value := range h.Values {
			header.WriteString(h.Name + ": " + lineBreaks.Replace(value) + "\r\n")
		}
	}
	header.WriteString("\r\n")
	id := string(record.ID)
	mail := record.Mail
	m := &Message{Message: &content.Message{Kind: KindEML, Mail: message.ParseHeader([]byte(header.String()), a.options.Limits)}, record: &mail}
	mail.Problems = append(slices.Clone(mail.Problems), message.Problem{
		Code: message.CodeNoContent, Detail: "Cloud SOAR holds no content of this email; what its record shows was analyzed",
	})
	mail.Normalize()
	a.add(id, m, mail)
	a.reports(id, []*Message{m}, []soar.Mail{mail})
}

// lineBreaks keeps a decoded value on its line.
var lineBreaks = strings.NewReplacer("\r", " ", "\n", " ")

// Report returns the report. Nothing may be added after it.
func (a *Analyzer) Report() *Report {
	a.report.Indicators = a.collector.Indicators()
	a.report.Count = len(a.report.Messages)
	if a.cut || a.collector.Full() {
		a.report.Problems = append(a.report.Problems, FoundProblem{Problem: message.Problem{
			Code: message.CodeLimitIndicators, Detail: "there is more text, or there are more links or indicators, than are looked at; indicators and link_mismatches are not complete",
		}})
	}
	return a.report
}

// add puts one message into the report.
func (a *Analyzer) add(id string, m *Message, mail soar.Mail) {
	hops := Hops(m.header())
	texts, cut := m.read(&a.left)
	a.cut = a.cut || cut
	files, problems := a.files(m, &texts)
	a.collector.add(id, m, hops, texts, ownFiles(mail.Attachments))
	for _, f := range files {
		a.collector.file(id, m, f)
	}
	mail.Problems = append(slices.Clone(mail.Problems), problems...)
	for _, p := range mail.Problems {
		a.report.Problems = append(a.report.Problems, FoundProblem{id, m.Path, p})
	}
	f := Found{
		CloudSOARMailID: id, Path: m.Path, Kind: m.Kind, Mail: mail,
		Received: []Hop{}, Files: files, Links: []FoundLink{}, LinkMismatches: []Mismatch{},
		Authentication: Authentication{Results: []Result{}, Signatures: []Signature{}},
		ReplyToDiffers: replyToDiffers(mail),
	}
	if a.wants("headers") {
		f.Received = hops
	} else {
		f.Headers = soar.Headers{}
	}
	if a.wants("urls") {
		f.Links, f.LinkMismatches = foundLinks(texts.links), mismatches(texts.links)
	}
	if a.wants("authentication") {
		f.Authentication = Results(m.header(), a.options.Servers)
		f.Authentication.SMIME = smimeOf(m.Signature)
		if m.Mail != nil && m.record == nil {
			f.Authentication.Signatures = Signatures(m.Raw, m.header(), a.options.Keys)
		}
	}
	if !a.wants("attachments") {
		f.Attachments, f.AttachmentNames, f.Files = []message.Attachment{}, "", []FoundFile{}
	}
	a.report.Messages = append(a.report.Messages, f)
}

// ownFiles leaves out what is attached inside nested messages, which come by themselves.
func ownFiles(files []message.Attachment) []message.Attachment {
	var own []message.Attachment
	inside := ""
	for _, f := range files {
		if inside != "" && strings.HasPrefix(f.Part, inside) {
			continue
		}
		own, inside = append(own, f), ""
		if strings.HasPrefix(f.ContentType, "message/") || f.ContentType == outlook.EmbeddedType {
			inside = f.Part + "."
		}
	}
	return own
}

// replyToDiffers reports whether an answer would go to somebody else than the sender.
func replyToDiffers(mail soar.Mail) bool {
	for reply := range strings.SplitSeq(mail.ReplyTo, ", ") {
		if reply != "" && !strings.EqualFold(reply, mail.From) {
			return true
		}
	}
	return false
}
