package actions

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"example.org/imap-integration/analysis"
	"example.org/imap-integration/content"
	"example.org/imap-integration/filters"
	"example.org/imap-integration/message"
	"example.org/imap-integration/soar"
)

// contentSample is a file of testdata/content.
func contentSample(t *testing.T, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("../testdata/content", name))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// report is an email with a file attached, as a user sends it in.
func report(text, mediaType, name string, data []byte) []byte {
	disposition := "Content-Disposition: attachment\r\n"
	if name != "" {
		disposition = fmt.Sprintf("Content-Disposition: attachment; filename=%q\r\n", name)
	}
	return []byte("From: Ann <ann@example.org>\r\nTo: soc@example.org\r\nSubject: Please check\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=rep\r\n\r\n" +
		"--rep\r\nContent-Type: text/plain\r\n\r\n" + text + "\r\n--rep\r\nContent-Type: " + mediaType + "\r\n" + disposition +
		"Content-Transfer-Encoding: base64\r\n\r\n" + base64.StdEncoding.EncodeToString(data) + "\r\n--rep--\r\n")
}

func inUTF16(b []byte) []byte {
	out := []byte{0xFF, 0xFE}
	for _, u := range utf16.Encode([]rune(string(b))) {
		out = append(out, byte(u), byte(u>>8))
	}
	return out
}

// wrappings are the forms in which one phish comes.
func wrappings(t *testing.T) map[string][]byte {
	phish := contentSample(t, "phish.eml")
	mbox := slicesJoin("From a@example.org Mon Mar  2 10:00:00 2026\r\nSubject: other\r\nFrom: a@example.org\r\n\r\nhello\r\n\r\nFrom b@example.org Mon Mar  2 10:00:00 2026\r\n", phish)
	opaque := slicesJoin("From: ann@example.org\r\nSubject: signed\r\nMIME-Version: 1.0\r\nContent-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m\r\nContent-Transfer-Encoding: base64\r\n\r\n",
		[]byte(base64.StdEncoding.EncodeToString(contentSample(t, "phish.p7m"))+"\r\n"))
	rfc822 := "From: ann@example.org\r\nSubject: Please check\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=r8\r\n\r\n--r8\r\nContent-Type: text/plain\r\n\r\nhm\r\n--r8\r\nContent-Type: message/rfc822\r\n\r\n"
	octet := "application/octet-stream"
	emlx := slicesJoin(fmt.Sprintf("%d\n", len(phish)), slicesJoin(string(phish), []byte("<?xml version=\"1.0\"?><plist/>")))
	return map[string][]byte{
		"plain":                phish,
		"rfc822":               slicesJoin(rfc822, slicesJoin(string(phish), []byte("\r\n--r8--\r\n"))),
		"rfc822 in base64":     report("hm", "message/rfc822", "", phish),
		"octet-stream .eml":    report("hm", octet, "phish.eml", phish),
		"no name":              report("hm", octet, "", phish),
		"wrong name":           report("hm", "image/png", "logo.png", phish),
		"MIME named .msg":      report("hm", "application/vnd.ms-outlook", "phish.msg", phish),
		".msg":                 report("hm", octet, "phish.msg", contentSample(t, "phish.msg")),
		".msg under any name":  report("hm", "image/png", "logo.png", contentSample(t, "phish.msg")),
		".msg in .msg":         report("hm", octet, "r.msg", contentSample(t, "phish-in-msg.msg")),
		"message in .msg":      report("hm", octet, "r.msg", contentSample(t, "eml-in-msg.msg")),
		"winmail.dat":          report("hm", "application/ms-tnef", "winmail.dat", contentSample(t, "winmail.dat")),
		"signed opaque":        opaque,
		"signed opaque, BER":   report("hm", octet, "x.bin", contentSample(t, "phish-ber.p7m")),
		"signed clear":         contentSample(t, "clear.eml"),
		"signed .msg":          report("hm", octet, "s.msg", contentSample(t, "signed.msg")),
		"ZIP with password":    report("The password is Track4711.", "application/zip", "phish.zip", contentSample(t, "phish.zip")),
		"mbox":                 report("hm", octet, "mail", mbox),
		"UTF-16":               report("hm", octet, "phish.eml", inUTF16(phish)),
		".emlx":                report("hm", octet, "1.emlx", emlx),
		"message in a message": report("hm", octet, "1", report("hm", octet, "2", report("hm", octet, "3", phish))),
	}
}

func searchable(m *message.Message) iter.Seq[string] {
	return content.Searchable(m, message.DefaultLimits())
}

func slicesJoin(head string, tail []byte) []byte { return append([]byte(head), tail...) }

// TestWrappings holds that filters, regex actions, analysis and record see the same in every wrapping.
func TestWrappings(t *testing.T) {
	for name, raw := range wrappings(t) {
		t.Run(name, func(t *testing.T) {
			for _, value := range []string{"your parcel waits", "evil.phish.example/track", "parcel-label.bin"} {
				if left := decide(t, raw, filters.Spec{TextBody: []string{value}, Inside: searchable}); left != "" {
					t.Errorf("text_body %q leaves it out", value)
				}
				if left := decide(t, raw, filters.Spec{NotTextBody: []string{value}, Inside: searchable}); left == "" {
					t.Errorf("not_text_body %q lets it in", value)
				}
			}
			if left := decide(t, raw, filters.Spec{TextBody: []string{"not in any"}, Inside: searchable}); left == "" {
				t.Error("text_body finds what is not there")
			}
			for _, pattern := range []string{"Your parcel (waits)", `https://(evil\.phish\.example)/track`} {
				if got := matches(t, raw, pattern); !strings.Contains(got, "evil.phish.example") && !strings.Contains(got, "waits") {
					t.Errorf("the regex action does not find %s: %s", pattern, got)
				}
			}
			out := analysis.New(analysis.Options{Limits: message.DefaultLimits()})
			out.Add(soar.Record{}, raw, analysis.KindEML)
			for _, m := range out.Report().Messages {
				if smime := m.Authentication.SMIME; m.Kind == content.KindP7M && (smime.Result != "pass" || smime.Emails != "ann@example.org") {
					t.Errorf("the signature of openssl is %+v", smime)
				}
			}
			found := false
			for _, i := range out.Report().Indicators {
				found = found || strings.Contains(i.Value, "evil.phish.example")
			}
			if !found {
				t.Error("the analysis has no indicator evil.phish.example")
			}
			label(t, name, raw)
		})
	}
}

// label holds that the record lists the phish's own attachment, and that its path leads to its bytes.
func label(t *testing.T, name string, raw []byte) {
	t.Helper()
	if strings.HasPrefix(name, "ZIP") { // members of archives are in the analysis only
		return
	}
	m := message.Parse(raw, message.DefaultLimits())
	list, problems := content.Attachments(m, message.DefaultLimits())
	for _, a := range list {
		if a.Filename == "parcel-label.bin" {
			if data, ok := content.Bytes(m, a.Part); !ok || !bytes.Equal(data, []byte{0, 1, 2, 3, 4}) {
				t.Errorf("part %s has the bytes %x", a.Part, data)
			}
			return
		}
	}
	t.Errorf("the record does not list parcel-label.bin: %+v, %v", list, problems)
}

func decide(t *testing.T, raw []byte, spec filters.Spec) string {
	t.Helper()
	f, err := filters.Compile(spec)
	if err != nil {
		t.Fatal(err)
	}
	return f.MatchBody(message.Parse(raw, message.DefaultLimits()))
}

func matches(t *testing.T, raw []byte, pattern string) string {
	t.Helper()
	object, _ := json.Marshal(map[string]any{"eml": base64.StdEncoding.EncodeToString(raw), "regex": pattern, "search_in": "all", "include_nested": true})
	out, err := emailBodyRegex(context.Background(), testEnv(), parameters(t, "email-body-regex", string(object)))
	if err != nil {
		t.Fatal(err)
	}
	return asJSON(t, out)
}

// TestSignatureDoesNotFit changes one word of what openssl signed, clear and opaque.
func TestSignatureDoesNotFit(t *testing.T) {
	clear := bytes.Replace(contentSample(t, "clear.eml"), []byte("Subject: Your parcel"), []byte("Subject: Your salary"), 1)
	opaque := bytes.Replace(contentSample(t, "phish.p7m"), []byte("Subject: Your parcel"), []byte("Subject: Your salary"), 1)
	for name, raw := range map[string][]byte{"clear": clear, "opaque": report("hm", "application/pkcs7-mime", "smime.p7m", opaque)} {
		out := analysis.New(analysis.Options{Limits: message.DefaultLimits()})
		out.Add(soar.Record{}, raw, analysis.KindEML)
		failed := false
		for _, m := range out.Report().Messages {
			failed = failed || m.Authentication.SMIME.Result == "fail" && m.Authentication.SMIME.Detail != ""
		}
		if !failed {
			t.Errorf("%s: a changed content passes", name)
		}
	}
}
