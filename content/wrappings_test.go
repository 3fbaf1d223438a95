package content_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"example.org/imap-integration/content"
	"example.org/imap-integration/filters"
	"example.org/imap-integration/message"
)

// phish is the email that arrives in many forms.
const phish = "From: Service <service@phish.example>\r\nTo: ann@corp.example\r\nSubject: Your parcel\r\nDate: Mon, 2 Mar 2026 10:00:00 +0000\r\n" +
	"Message-ID: <p1@phish.example>\r\nMIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" +
	"<p>Track the <b>golden parcel</b> at <a href=\"https://evil.phish.example/track?id=1\">this page</a></p>\r\n"

// judge runs a tool that made or knows a format; without it the test is skipped, but never in CI.
func judge(t *testing.T, dir, name string, args ...string) []byte {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is missing, and in CI nothing may be", name)
		}
		t.Skipf("%s is not installed", name)
	}
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %v: %v", name, args, err)
	}
	return out
}

func carrier(mediaType, extra string, encoded bool, data []byte) []byte {
	body := string(data)
	if encoded {
		extra += "Content-Transfer-Encoding: base64\r\n"
		body = base64Lines(data)
	}
	return fmt.Appendf(nil, "From: Ann <ann@corp.example>\r\nTo: soc@corp.example\r\nSubject: Please check\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"+
		"--b\r\nContent-Type: text/plain\r\n\r\nIs this real? The password is infected.\r\n--b\r\nContent-Type: %s\r\n%s\r\n%s\r\n--b--\r\n", mediaType, extra, body)
}

func base64Lines(data []byte) string {
	text := base64.StdEncoding.EncodeToString(data)
	var b strings.Builder
	for len(text) > 76 {
		b.WriteString(text[:76] + "\r\n")
		text = text[76:]
	}
	return b.String() + text
}

func named(name string) string {
	return "Content-Disposition: attachment; filename=\"" + name + "\"\r\n"
}

func sampleFile(t *testing.T, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("../testdata/outlook", name))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// wrapped is one form, and what must be found in it: words of the text and a link.
type wrapped struct {
	raw        []byte
	text, link string
}

func wrappings(t *testing.T) map[string]wrapped {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "phish.eml"), []byte(phish), 0o600); err != nil {
		t.Fatal(err)
	}
	judge(t, dir, "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "key.pem", "-out", "cert.pem", "-days", "30", "-subj", "/CN=Signer/emailAddress=s@corp.example")
	sign := func(args ...string) []byte {
		return judge(t, dir, "openssl", append([]string{"cms", "-sign", "-in", "phish.eml", "-signer", "cert.pem", "-inkey", "key.pem"}, args...)...)
	}
	judge(t, dir, "7z", "a", "-pinfected", "-mem=AES256", "-tzip", "phish.zip", "phish.eml")
	zipped, err := os.ReadFile(filepath.Join(dir, "phish.zip"))
	if err != nil {
		t.Fatal(err)
	}
	var wide []byte
	for _, u := range utf16.Encode([]rune("\uFEFF" + phish)) {
		wide = binary.LittleEndian.AppendUint16(wide, u)
	}
	mbox := "From a@b.example Mon Mar  2 10:00:00 2026\r\nFrom: x@y.example\r\nTo: z@y.example\r\nSubject: first\r\n\r\nNothing.\r\n\r\nFrom service@phish.example Mon Mar  2 10:00:01 2026\r\n" + phish
	all := map[string]wrapped{}
	for name, raw := range map[string][]byte{
		"plain":                     []byte(phish),
		"message/rfc822":            carrier("message/rfc822", "", false, []byte(phish)),
		"message/rfc822 in base64":  carrier("message/rfc822", "", true, []byte(phish)),
		"octet-stream .eml":         carrier("application/octet-stream", named("phish.eml"), true, []byte(phish)),
		"no name":                   carrier("application/octet-stream", "", true, []byte(phish)),
		"an image by its type":      carrier("image/png", named("phish.png"), true, []byte(phish)),
		"a text by its type":        carrier("text/plain", named("notes.txt"), true, []byte(phish)),
		"MIME bytes named .msg":     carrier("application/vnd.ms-outlook", named("phish.msg"), true, []byte(phish)),
		"emlx":                      carrier("application/octet-stream", named("1.emlx"), true, fmt.Appendf(nil, "%d\n%s<?xml?>", len(phish), phish)),
		"signed, opaque, DER":       carrier("application/pkcs7-mime; smime-type=signed-data", named("smime.p7m"), true, sign("-nodetach", "-binary", "-outform", "DER")),
		"signed, opaque, BER":       carrier("application/octet-stream", named("a.bin"), true, sign("-nodetach", "-binary", "-outform", "DER", "-stream", "-indef")),
		"signed, the email itself":  sign("-nodetach", "-binary", "-outform", "SMIME"),
		"signed, clear":             sign("-binary", "-outform", "SMIME"),
		"ZIP, password in the text": carrier("application/zip", named("phish.zip"), true, zipped),
		"mbox":                      carrier("application/mbox", named("box"), true, []byte(mbox)),
		"UTF-16 .eml":               carrier("application/octet-stream", named("phish.eml"), true, wide),
	} {
		all[name] = wrapped{raw, "golden parcel", "evil.phish.example/track?id=1"}
	}
	all[".msg"] = wrapped{sampleFile(t, "report-msg.eml"), "Track it at", "evil.phish.example/track?id=1"}
	all[".msg in .eml in .msg"] = wrapped{carrier("application/octet-stream", named("a"), true, sampleFile(t, "eml-in-msg.msg")), "hxxps://login[.]phish[.]example/a", ""}
	all["winmail.dat"] = wrapped{sampleFile(t, "winmail.eml"), "Rechnung", ""}
	return all
}

// TestWrappings: in whatever form an email arrives, its text and its links are
// found, and a Not filter on them is bypassed by none.
func TestWrappings(t *testing.T) {
	for name, w := range wrappings(t) {
		t.Run(name, func(t *testing.T) {
			m := message.Parse(w.raw, message.DefaultLimits())
			inside := func(m *message.Message) []string {
				return slices.Collect(content.Searchable(m, message.DefaultLimits()))
			}
			found := strings.Join(inside(m), "\n")
			for _, want := range []string{w.text, w.link} {
				if !strings.Contains(found, want) {
					t.Errorf("%q is not found in\n%.600s", want, found)
				}
			}
			for field, keeps := range map[string]bool{"text_body": true, "not_text_body": false} {
				spec := filters.Spec{Inside: func(m *message.Message) iter.Seq[string] { return slices.Values(inside(m)) }}
				if field == "text_body" {
					spec.TextBody = []string{w.text}
				} else {
					spec.NotTextBody = []string{w.text}
				}
				f, err := filters.Compile(spec)
				if err != nil {
					t.Fatal(err)
				}
				if kept := f.MatchBody(m) == ""; kept != keeps {
					t.Errorf("%s keeps it: %v", field, kept)
				}
			}
		})
	}
}

// TestEncryptedIsNamed: what cannot be read is a problem, never silence.
func TestEncryptedIsNamed(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "phish.eml"), []byte(phish), 0o600); err != nil {
		t.Fatal(err)
	}
	judge(t, dir, "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem", "-days", "30", "-subj", "/CN=Reader")
	der := judge(t, dir, "openssl", "cms", "-encrypt", "-in", "phish.eml", "-aes256", "-outform", "DER", "cert.pem")
	smime := judge(t, dir, "openssl", "cms", "-encrypt", "-in", "phish.eml", "-aes256", "-outform", "SMIME", "cert.pem")
	for name, raw := range map[string][]byte{
		"S/MIME":               smime,
		"S/MIME under no name": carrier("application/octet-stream", "", true, der),
		"PGP/MIME":             []byte("Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=b\r\n\r\n--b\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n--b\r\nContent-Type: application/octet-stream\r\n\r\n-----BEGIN PGP MESSAGE-----\r\n\r\nhQ==\r\n-----END PGP MESSAGE-----\r\n--b--\r\n"),
		"PGP in the text":      []byte("Subject: x\r\n\r\n-----BEGIN PGP MESSAGE-----\r\n\r\nhQ==\r\n-----END PGP MESSAGE-----\r\n"),
	} {
		codes := ""
		for _, m := range content.Open(raw, content.KindEML, message.DefaultLimits()) {
			for _, p := range m.Problems {
				codes += p.Code + " "
			}
			if m.Mail != nil {
				m.Mail.BodyText()
				for _, p := range m.Mail.Problems {
					codes += p.Code + " "
				}
			}
		}
		if !strings.Contains(codes, message.CodeEncrypted) {
			t.Errorf("%s: %q", name, codes)
		}
	}
}

// FuzzOpen holds that no email makes the walk panic, and that what it finds is bounded.
func FuzzOpen(f *testing.F) {
	f.Add([]byte(phish))
	f.Add(carrier("message/rfc822", "", true, []byte(phish)))
	f.Add(carrier("application/pkcs7-mime", "", true, []byte("\x30\x80\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x07\x02\xA0\x80")))
	f.Add(bytes.Repeat([]byte("From a@b\nFrom: a@b\nTo: b@c\n\nx\n\n"), 3))
	f.Fuzz(func(t *testing.T, raw []byte) {
		all := content.Open(raw, content.KindEML, message.DefaultLimits())
		if len(all) == 0 || len(all) > 501 {
			t.Fatalf("%d messages", len(all))
		}
		for range content.Searchable(message.Parse(raw, message.DefaultLimits()), message.DefaultLimits()) {
		}
	})
}
