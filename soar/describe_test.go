package soar_test

import (
	"strings"
	"testing"
	"time"

	"example.org/imap-integration/message"
	"example.org/imap-integration/soar"
)

func TestDescribe(t *testing.T) {
	raw := "Return-Path: <bounce@corp.example>\r\nFrom: Jane <jane@corp.example>\r\nTo: a@x.example, B <b@x.example>\r\n" +
		"Date: Sat, 28 Nov 2026 07:00:00 +0200\r\nX-A: 1\r\nx-a: 2\r\n\r\n" + strings.Repeat("ä", soar.BodyLimit)
	d := soar.Describe(message.Parse([]byte("Content-Type: text/plain; charset=utf-8\r\n"+raw), message.DefaultLimits()))
	if d.ReturnPath != "bounce@corp.example" || d.From != "jane@corp.example" || d.FromName != "Jane" || d.To != "a@x.example, b@x.example" {
		t.Errorf("addresses: %q %q %q %q", d.ReturnPath, d.From, d.FromName, d.To)
	}
	if d.Date != "2026-11-28T05:00:00Z" {
		t.Errorf("date = %q, want UTC", d.Date)
	}
	if len(d.BodyText) != soar.BodyLimit || !d.BodyTruncated {
		t.Errorf("the body has %d bytes, truncated %v", len(d.BodyText), d.BodyTruncated)
	}
	header := soar.DescribeHeader(message.ParseHeader([]byte(raw), message.DefaultLimits()))
	if header.From != d.From || header.Date != d.Date || header.BodyText != "" {
		t.Errorf("the header alone says %q %q %q", header.From, header.Date, header.BodyText)
	}
	for _, h := range d.Headers {
		if h.Name == "X-A" && len(h.Values) == 2 {
			return
		}
	}
	t.Errorf("headers are not grouped by name: %v", d.Headers)
}

// TestTimestamp: a year that RFC 3339 cannot write is no time, in whatever kind of email it stands.
func TestTimestamp(t *testing.T) {
	for _, c := range []struct {
		at   time.Time
		want string
	}{
		{time.Time{}, ""},
		{time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), ""},
		{time.Date(0, 12, 31, 0, 0, 0, 0, time.UTC), ""},
		{time.Date(2026, 11, 28, 1, 0, 0, 0, time.FixedZone("", 2*3600)), "2026-11-27T23:00:00Z"},
	} {
		if got := soar.Timestamp(c.at); got != c.want {
			t.Errorf("Timestamp(%v) = %q, want %q", c.at, got, c.want)
		}
	}
}

// TestDescribeNamesWhatDecodingFound: problems that show only when a part is decoded are in the record.
func TestDescribeNamesWhatDecodingFound(t *testing.T) {
	for code, raw := range map[string]string{
		message.CodeUnknownCharset: "Subject: x\r\nContent-Type: text/plain; charset=x-nobody-knows\r\n\r\ncaf\xe9\r\n",
		message.CodeBase64Cut:      "Subject: x\r\nContent-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nSGVsbG8gV29ybGQhI\r\n",
	} {
		found := false
		for _, p := range soar.Describe(message.Parse([]byte(raw), message.DefaultLimits())).Problems {
			found = found || p.Code == code
		}
		if !found {
			t.Errorf("%s is not in the record", code)
		}
	}
}
