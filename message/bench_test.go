package message

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"math/rand"
	"mime/quotedprintable"
	"strings"
	"testing"

	gomessage "github.com/emersion/go-message"
	_ "github.com/emersion/go-message/charset"
)

// realisticEmails are the shapes of a mailbox: plain notes, newsletters in both
// forms, emails with files; sizes as they come there. They are the same at each run.
func realisticEmails() map[string][]byte {
	r := rand.New(rand.NewSource(1))
	text := strings.Repeat("Dear colleagues, the report for this quarter is attached.\r\nPlease read it until Friday.\r\n", 40)
	html := "<html><body>" + strings.Repeat("<p style=\"margin:0\">Gr&uuml;&szlig;e aus <b>K\u00f6ln</b>, siehe <a href=\"https://example.org/?a=1\">hier</a>.</p>\r\n", 200) + "</body></html>"
	file := make([]byte, 300<<10)
	r.Read(file)
	return map[string][]byte{
		"plain-4K":    []byte(benchHeader(r) + "Content-Type: text/plain; charset=us-ascii\r\n\r\n" + text),
		"qp-both-40K": []byte(benchHeader(r) + benchAlternative(text, html)),
		"file-400K":   []byte(benchHeader(r) + benchMixed(text, html, file)),
		"file-10M":    []byte(benchHeader(r) + benchMixed(text, html, bytes.Repeat(file, 25))),
	}
}

func benchHeader(r *rand.Rand) string {
	var b strings.Builder
	for i := range 6 {
		fmt.Fprintf(&b, "Received: from relay%d.example.org (relay%d.example.org [192.0.2.%d])\r\n\tby mx.example.net (Postfix) with ESMTPS id %08X\r\n\tfor <soc@example.net>; Mon, 23 Nov 2026 10:00:0%d +0000 (UTC)\r\n", i, i, i, r.Uint32(), i)
	}
	fmt.Fprintf(&b, "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.org; s=s1;\r\n\th=from:to:subject:date; bh=%s;\r\n\tb=%s\r\n", strings.Repeat("Ab", 22), strings.Repeat("cDeFgH\r\n\t", 20))
	b.WriteString("From: =?utf-8?Q?J=C3=B6rg_M=C3=BCller?= <joerg@example.org>\r\nTo: \"SOC, Team\" <soc@example.net>, ops@example.net\r\nSubject: =?utf-8?B?UXVhcnRhbHNiZXJpY2h0IGbDvHI=?=\r\n =?utf-8?Q?_M=C3=A4rz?=\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@example.org>\r\nMIME-Version: 1.0\r\n")
	return b.String()
}

func benchAlternative(text, html string) string {
	var q bytes.Buffer
	w := quotedprintable.NewWriter(&q)
	_, _ = w.Write([]byte(html))
	_ = w.Close()
	return "Content-Type: multipart/alternative; boundary=\"=_alt\"\r\n\r\n--=_alt\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\n" + text +
		"\r\n--=_alt\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + q.String() + "\r\n--=_alt--\r\n"
}

func benchMixed(text, html string, file []byte) string {
	var b strings.Builder
	b.WriteString("Content-Type: multipart/mixed; boundary=\"=_mix\"\r\n\r\n--=_mix\r\n" + benchAlternative(text, html) + "\r\n--=_mix\r\nContent-Type: application/pdf; name=\"report.pdf\"\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=\"report.pdf\"\r\n\r\n")
	enc := base64.StdEncoding.EncodeToString(file)
	for len(enc) > 0 {
		n := min(76, len(enc))
		b.WriteString(enc[:n] + "\r\n")
		enc = enc[n:]
	}
	b.WriteString("--=_mix--\r\n")
	return b.String()
}

// BenchmarkParse reads each email and decodes all leaves, the files piece by
// piece: what a run does less the digests.
func BenchmarkParse(b *testing.B) {
	for _, name := range []string{"plain-4K", "qp-both-40K", "file-400K", "file-10M"} {
		raw := realisticEmails()[name]
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for b.Loop() {
				m := Parse(raw, DefaultLimits())
				m.Walk(func(p *Part) bool {
					if p.textual() {
						p.Text()
					} else {
						p.stream(func([]byte) {})
					}
					return true
				})
			}
		})
	}
}

// BenchmarkParseDescribe adds what the record needs: HTML as text, digests.
func BenchmarkParseDescribe(b *testing.B) {
	for _, name := range []string{"qp-both-40K", "file-400K", "file-10M"} {
		raw := realisticEmails()[name]
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for b.Loop() {
				m := Parse(raw, DefaultLimits())
				m.BodyText()
				m.BodyHTML()
				m.Attachments()
			}
		})
	}
}

// BenchmarkParseGoMessage is the yardstick: go-message, streaming.
func BenchmarkParseGoMessage(b *testing.B) {
	for _, name := range []string{"plain-4K", "qp-both-40K", "file-400K", "file-10M"} {
		raw := realisticEmails()[name]
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for b.Loop() {
				e, err := gomessage.Read(bytes.NewReader(raw))
				if err != nil {
					b.Fatal(err)
				}
				err = e.Walk(func(_ []int, e *gomessage.Entity, err error) error {
					if err == nil && e.MultipartReader() == nil {
						_, err = io.Copy(io.Discard, e.Body)
					}
					return err
				})
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkParseHeader(b *testing.B) {
	raw := []byte(benchHeader(rand.New(rand.NewSource(1))) + "\r\n")
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		ParseHeader(raw, DefaultLimits())
	}
}

func BenchmarkParseHTMLText(b *testing.B) {
	html := strings.Repeat("<div class=\"x\"><p>Gr&uuml;&szlig;e aus <b>K\u00f6ln</b>, siehe <a href=\"https://example.org/?a=1\">hier</a>.</p></div>\r\n", 2000)
	b.SetBytes(int64(len(html)))
	b.ReportAllocs()
	for b.Loop() {
		HTMLText(html)
	}
}
