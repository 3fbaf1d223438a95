package content_test

import (
	"bytes"
	"fmt"
	"testing"

	"example.org/imap-integration/content"
	"example.org/imap-integration/message"
)

// ordinary are emails as most are: texts, a picture, a file that nothing is known of.
func ordinary() (all [][]byte) {
	prose := bytes.Repeat([]byte("Please find attached the report that we talked about.\r\n"), 60)
	for i := range 20 {
		all = append(all,
			fmt.Appendf(nil, "From: a@corp.example\r\nSubject: plain %d\r\n\r\n%s", i, prose),
			fmt.Appendf(nil, "From: a@corp.example\r\nSubject: %d\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=x\r\n\r\n--x\r\n\r\n%s\r\n--x\r\nContent-Type: text/html\r\n\r\n<p>%s</p>\r\n--x--\r\n", i, prose, prose),
			carrier("application/pdf", named("a.pdf"), true, append([]byte("\x01\x02"), bytes.Repeat(prose, 10)...)),
			carrier("image/png", named("logo.png"), true, append([]byte("\x89PNX\r\n"), bytes.Repeat([]byte{7, 200}, 2000)...)))
	}
	return all
}

// BenchmarkRecord is what the description of an ordinary email costs, and BenchmarkAttachments without the files' problems.
func BenchmarkRecord(b *testing.B)      { describe(b, content.ForRecord) }
func BenchmarkAttachments(b *testing.B) { describe(b, content.Attachments) }

func describe(b *testing.B, list func(*message.Message, message.Limits) ([]message.Attachment, []message.Problem)) {
	all := ordinary()
	for b.Loop() {
		for _, raw := range all {
			m := message.Parse(raw, message.DefaultLimits())
			m.BodyText()
			list(m, message.DefaultLimits())
		}
	}
}
