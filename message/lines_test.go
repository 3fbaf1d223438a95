package message_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.org/imap-integration/message"
)

// lineEnds are the ends that lines come with; gateways and mailbox formats change them under way.
var lineEnds = map[string]string{"LF": "\n", "CR": "\r", "CR CR LF": "\r\r\n"}

// content is what a reader of an email sees of it, whatever its lines end in:
// texts, names, and the digests of what was encoded as bytes.
func content(raw []byte) []string {
	m := message.Parse(raw, message.DefaultLimits())
	seen := []string{m.BodyText(), m.BodyHTML(), strings.Join(m.Header.Values("Subject"), "|")}
	encoded := map[string]bool{}
	m.Walk(func(p *message.Part) bool {
		encoded[p.Path] = strings.EqualFold(strings.Join(p.Header.Values("Content-Transfer-Encoding"), ""), "base64")
		return true
	})
	for _, a := range m.Attachments() {
		line := a.Part + " " + a.Filename
		if encoded[a.Part] {
			line += fmt.Sprint(" ", a.Size, " ", a.SHA256)
		}
		seen = append(seen, line)
	}
	return seen
}

// TestLineEnds holds that an email gives the same texts and digests with any line ends.
func TestLineEnds(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	large := make([]byte, 200_000)
	for i := range large {
		large[i] = byte(random.Uint32())
	}
	var wrapped strings.Builder
	for text := base64.StdEncoding.EncodeToString(large); text != ""; {
		n := min(76, len(text))
		wrapped.WriteString(text[:n] + "\n")
		text = text[n:]
	}
	emails := map[string]string{
		"large base64": "Subject: a\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nText\n--b\n" +
			"Content-Type: application/pdf; name=a.pdf\nContent-Transfer-Encoding: base64\n\n" + wrapped.String() + "--b--\n",
		"base64 text, odd lines":   "Subject: a\nContent-Type: text/plain\nContent-Transfer-Encoding: base64\n\nSGVsbG8\nsIHdvcmxkLCB\n0aGlzIGlzIGEgbG9uZ2Vy\nIHRleHQ=\n",
		"quoted-printable":         "Subject: a\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\nA soft br=\neak, gr=C3=\n=BC=C3=9Fe and =3D\n\ntrailing  \nhttps://evil.ex=\nample/pa=  \nth\n",
		"uuencode":                 "Subject: a\nContent-Type: application/octet-stream; name=a.bin\nContent-Transfer-Encoding: x-uuencode\n\nbegin 644 a.bin\n#0V%T\n#9&]G\n`\nend\n",
		"folded header, flowed":    "Subject: a\n folded =?utf-8?q?s=C3=BC?=\n =?utf-8?q?bject?=\nContent-Type: text/plain;\n format=flowed\n\nOne line that \ngoes on\n> quoted \n> too\n",
		"nested, no final newline": "Subject: a\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n\nSubject: inner\nContent-Type: multipart/alternative; boundary=c\n\n--c\n\nplain\n--c\nContent-Type: text/html\n\n<p>html</p>\n--c--\n--b--",
	}
	corpus, err := filepath.Glob("../testdata/mail/*/*.eml")
	if err != nil || len(corpus) < 50 {
		t.Fatalf("%d emails, %v", len(corpus), err)
	}
	for name, text := range emails {
		compareLineEnds(t, name, strings.ReplaceAll(text, "\n", "\r\n"))
	}
	tried := 0
	for _, name := range corpus {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		text := bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n"))
		if bytes.IndexByte(text, '\r') >= 0 || bytes.IndexByte(text, 0) >= 0 || strings.Contains(name, "utf-16") {
			continue // its line ends are what it is about
		}
		tried++
		compareLineEnds(t, name, string(bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n"))))
	}
	if tried < 50 {
		t.Errorf("only %d emails of the corpus were tried", tried)
	}
}

func compareLineEnds(t *testing.T, name, crlf string) {
	t.Helper()
	parsed := message.Parse([]byte(crlf), message.DefaultLimits())
	for _, p := range parsed.Problems {
		if p.Code == message.CodeReadersDiffer { // the second program knows CRLF and LF only
			return
		}
	}
	want := content([]byte(crlf))
	for end, with := range lineEnds {
		if diff := cmp.Diff(want, content([]byte(strings.ReplaceAll(crlf, "\r\n", with)))); diff != "" {
			t.Errorf("%s with %s (-CRLF +%s):\n%.1500s", name, end, end, diff)
		}
	}
}
