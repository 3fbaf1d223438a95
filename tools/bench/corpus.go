package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math"
	"math/rand/v2"
	"mime/quotedprintable"
	"strings"
)

// corpus makes emails that look like a busy mailbox: sizes log-normal with a
// median of about 12 KB and a mean of about 40, every shape that real email
// has. Mail i is the same on every machine.
type corpus struct{ medianBytes, sigma float64 }

var (
	realMail  = corpus{medianBytes: 12_000, sigma: 1.55}
	smallMail = corpus{medianBytes: 600, sigma: 0.3}
)

var words = strings.Fields(`the report of your account is attached please review before Friday and confirm by reply invoice number
payment due meeting agenda quarterly figures delivery customer support ticket security update password policy team lunch schedule
contract draft signature required regards best wishes forwarded original message unsubscribe newsletter market analysis shipping`)

// mail returns email i with LF line ends, as a delivery agent writes it.
func (c corpus) mail(i int) []byte {
	r := rand.New(rand.NewPCG(20261124, uint64(i)))
	size := int(c.medianBytes * math.Exp(c.sigma*r.NormFloat64()))
	size = min(max(size, 400), 8<<20)
	var b bytes.Buffer
	fmt.Fprintf(&b, "Return-Path: <bounce-%d@news.example>\n", i)
	for hop := range 3 {
		fmt.Fprintf(&b, "Received: from mx%d.example.net (mx%d.example.net [192.0.2.%d])\n\tby mail%d.corp.example (Postfix) with ESMTPS id %08X\n\tfor <soc@corp.example>; Tue, 24 Nov 2026 0%d:%02d:%02d +0000 (UTC)\n",
			hop, hop, hop+1, hop, r.Uint32(), hop+1, i%60, i/60%60)
	}
	fmt.Fprintf(&b, "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=news.example; s=s1;\n\th=from:to:subject:date; bh=%s;\n\tb=%s\n", token(r, 32), token(r, 128))
	fmt.Fprintf(&b, "From: =?utf-8?Q?J=C3=B6rg_Sender_%d?= <sender%d@news.example>\nTo: SOC <soc@corp.example>\nSubject: =?utf-8?B?%s?=\n", i, i%97,
		base64.StdEncoding.EncodeToString([]byte(fmt.Sprintf("Nachricht %d für die Prüfung", i))))
	fmt.Fprintf(&b, "Date: Tue, 24 Nov 2026 04:%02d:%02d +0000\nMessage-ID: <%d.%s@news.example>\nMIME-Version: 1.0\n", i/60%60, i%60, i, token(r, 12))
	body(&b, r, i, size)
	return b.Bytes()
}

func body(b *bytes.Buffer, r *rand.Rand, i, size int) {
	switch kind := i % 10; {
	case size < 3000 && kind < 5:
		b.WriteString("Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n")
		prose(b, r, size)
	case kind < 2:
		b.WriteString("Content-Type: text/html; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\n")
		quoted(b, html(r, size))
	case kind < 7:
		multipart(b, r, "alternative", func(part func(string)) {
			part("text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable")
			quoted(b, text(r, size/4))
			part("text/html; charset=utf-8\nContent-Transfer-Encoding: quoted-printable")
			quoted(b, html(r, size*3/4))
		})
	default:
		multipart(b, r, "mixed", func(part func(string)) {
			part("text/plain; charset=utf-8")
			prose(b, r, min(size/4, 4000))
			part(fmt.Sprintf("application/pdf; name=\"file%d.pdf\"\nContent-Transfer-Encoding: base64\nContent-Disposition: attachment; filename=\"file%d.pdf\"", i, i))
			encoded(b, r, size*3/4)
		})
	}
}

func multipart(b *bytes.Buffer, r *rand.Rand, kind string, parts func(part func(string))) {
	boundary := "=_" + token(r, 20)
	fmt.Fprintf(b, "Content-Type: multipart/%s; boundary=\"%s\"\n\n", kind, boundary)
	parts(func(ctype string) { fmt.Fprintf(b, "\n--%s\nContent-Type: %s\n\n", boundary, ctype) })
	fmt.Fprintf(b, "\n--%s--\n", boundary)
}

func token(r *rand.Rand, n int) string {
	raw := make([]byte, n)
	for i := range raw {
		raw[i] = byte(r.Uint32())
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

func text(r *rand.Rand, size int) []byte {
	var b bytes.Buffer
	prose(&b, r, size)
	return b.Bytes()
}

func prose(b *bytes.Buffer, r *rand.Rand, size int) {
	line := 0
	for end := b.Len() + size; b.Len() < end; {
		w := words[r.IntN(len(words))]
		b.WriteString(w)
		if line += len(w) + 1; line > 68 {
			b.WriteByte('\n')
			line = 0
		} else {
			b.WriteByte(' ')
		}
	}
	b.WriteByte('\n')
}

func html(r *rand.Rand, size int) []byte {
	var b bytes.Buffer
	b.WriteString("<html><head><style>p{margin:0}</style></head><body>\n")
	for b.Len() < size {
		fmt.Fprintf(&b, "<table width=\"100%%\"><tr><td style=\"padding:8px\"><a href=\"https://news.example/c/%s\">%s</a></td></tr></table>\n<p>gr\u00fc\u00dfe ", token(r, 24), words[r.IntN(len(words))])
		prose(&b, r, 200)
		b.WriteString("</p>\n")
	}
	b.WriteString("</body></html>\n")
	return b.Bytes()
}

func quoted(b *bytes.Buffer, data []byte) {
	w := quotedprintable.NewWriter(b)
	w.Write(data)
	w.Close()
	b.WriteByte('\n')
}

func encoded(b *bytes.Buffer, r *rand.Rand, size int) {
	raw := make([]byte, size*3/4)
	for i := 0; i+8 <= len(raw); i += 8 {
		v := r.Uint64()
		for k := range 8 {
			raw[i+k] = byte(v >> (8 * k))
		}
	}
	line := make([]byte, 76)
	for len(raw) > 0 {
		n := min(57, len(raw))
		base64.StdEncoding.Encode(line, raw[:n])
		b.Write(line[:base64.StdEncoding.EncodedLen(n)])
		b.WriteByte('\n')
		raw = raw[n:]
	}
}
