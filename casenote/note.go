package casenote

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"html"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"

	"example.org/imap-integration/analysis"
	"example.org/imap-integration/indicators"
	"example.org/imap-integration/message"
	"example.org/imap-integration/quote"
	"example.org/imap-integration/soar"
)

const (
	fieldLength = 300 // bytes of one text of a stranger
	titleLength = 120
	most        = 20 // lines of a list: attachments, indicators
)

// ofEmail is the note about an email. raw is nil where the store has no content.
func ofEmail(r soar.Record, raw []byte) soar.Note {
	a := analysis.New(analysis.Options{Topics: []string{"authentication", "addresses", "urls", "domains", "ips", "hashes"}, Limits: message.DefaultLimits()})
	if raw != nil {
		a.Add(r, raw, analysis.KindEML)
	} else {
		a.AddRecord(r)
	}
	report := a.Report()
	var w writer
	w.row("Email id", string(r.ID))
	w.row("From", sender(r))
	w.row("To", r.To)
	w.row("Subject", r.Subject)
	w.row("Received", r.ReceivedAt)
	w.row("Mailbox", r.MailboxAccount+", "+r.Folder)
	w.row("Message-ID", r.MessageID)
	if len(report.Messages) > 0 {
		w.row("Authentication", words(report.Messages[0].Authentication))
	}
	w.list("Attachments", attachments(r.Attachments))
	w.list("Indicators", found(report.Indicators))
	w.list("Problems", problems(r.Problems))
	mark := marker("email", r.SourceKey)
	w.row("Note", mark)
	return soar.Note{Title: title("Email "+string(r.ID), r.Subject, mark), HTML: w.String(), Marker: mark}
}

// ofFile is the note about an attachment that was taken out of an email.
func ofFile(r soar.Record, f soar.File, size int) soar.Note {
	var w writer
	w.row("Email id", string(r.ID))
	w.row("Subject", r.Subject)
	w.row("File", f.Filename)
	w.row("Type", f.ContentType)
	w.row("Size", fmt.Sprintf("%d bytes", size))
	w.row("SHA-256", f.SHA256)
	w.row("Part", f.Part)
	mark := marker("file", r.SourceKey, f.Part, f.SHA256)
	w.row("Note", mark)
	return soar.Note{Title: title("Attachment of email "+string(r.ID), f.Filename, mark), HTML: w.String(), Marker: mark}
}

// marker names what a note is about, whatever store keeps it.
func marker(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return "[" + hex.EncodeToString(sum[:8]) + "]"
}

func title(what, about, mark string) string {
	if about = harmless(about, titleLength); about != "" {
		what += ": " + about
	}
	return what + " " + mark
}

// harmless makes a stranger's text one line that no program makes a link of.
func harmless(text string, limit int) string {
	line := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
	cut, short := quote.Cut(strings.Join(strings.Fields(line), " "), limit)
	if short {
		cut += "…"
	}
	for _, i := range indicators.Indicators(cut) {
		switch i.Type {
		case "url", "domain", "email", "ipv4", "ipv6":
			cut = strings.ReplaceAll(cut, i.Value, indicators.Defang(i.Value))
		}
	}
	return schemes().ReplaceAllString(cut, "hxxp$1://")
}

// schemes finds what makes programs take the text behind it for a link.
var schemes = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?i)http(s?)://`) })

func sender(r soar.Record) string {
	if r.FromName == "" {
		return r.From
	}
	return r.FromName + " <" + r.From + ">"
}

// words says what servers vouched for.
func words(a analysis.Authentication) string {
	var said []string
	for _, m := range []struct{ name, result string }{{"SPF", a.SPF}, {"DKIM", a.DKIM}, {"DMARC", a.DMARC}} {
		switch m.result {
		case "":
			said = append(said, m.name+" was not checked")
		case "pass":
			said = append(said, m.name+" passed")
		default:
			said = append(said, m.name+": "+m.result)
		}
	}
	return strings.Join(said, ", ") + " (as the receiving server says)"
}

func attachments(list []message.Attachment) (lines []string) {
	for _, a := range list {
		lines = append(lines, fmt.Sprintf("%s (%s, %d bytes, SHA-256 %s)", a.Filename, a.ContentType, a.Size, a.SHA256))
	}
	return lines
}

// found lists what can be looked up or blocked, and nobody's own.
func found(list []analysis.Indicator) (lines []string) {
	for _, i := range list {
		if !i.Recipient && !i.Transit && !i.Private {
			lines = append(lines, i.Type+" "+i.Defanged)
		}
	}
	return lines
}

func problems(list []message.Problem) (lines []string) {
	for _, p := range list {
		if !slices.Contains(lines, p.Code) {
			lines = append(lines, p.Code)
		}
	}
	return lines
}

// writer makes the HTML of a note; everything that is written is escaped.
type writer struct{ strings.Builder }

func (w *writer) row(name, value string) {
	if value = harmless(value, fieldLength); value != "" {
		fmt.Fprintf(w, "<p><b>%s:</b> %s</p>\n", name, html.EscapeString(value))
	}
}

func (w *writer) list(name string, lines []string) {
	if len(lines) == 0 {
		return
	}
	fmt.Fprintf(w, "<p><b>%s:</b></p>\n<ul>\n", name)
	for _, line := range lines[:min(len(lines), most)] {
		fmt.Fprintf(w, "<li>%s</li>\n", html.EscapeString(harmless(line, fieldLength)))
	}
	if more := len(lines) - most; more > 0 {
		fmt.Fprintf(w, "<li>and %d more</li>\n", more)
	}
	w.WriteString("</ul>\n")
}
