package actions

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
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

// outer is the header of each wrapping.
const outer = "From: Ann <ann@example.org>\r\nTo: soc@example.org\r\nSubject: Please check\r\nX-Button: report\r\n"

// report is an email with a file attached, as a user sends it in.
func report(text, mediaType, name string, data []byte) []byte {
	disposition := "Content-Disposition: attachment\r\n"
	if name != "" {
		disposition = fmt.Sprintf("Content-Disposition: attachment; filename=%q\r\n", name)
	}
	return []byte(outer + "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=rep\r\n\r\n" +
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
	opaque := slicesJoin(outer+"MIME-Version: 1.0\r\nContent-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m\r\nContent-Transfer-Encoding: base64\r\n\r\n",
		[]byte(base64.StdEncoding.EncodeToString(contentSample(t, "phish.p7m"))+"\r\n"))
	rfc822 := outer + "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=r8\r\n\r\n--r8\r\nContent-Type: text/plain\r\n\r\nhm\r\n--r8\r\nContent-Type: message/rfc822\r\n\r\n"
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
		"compressed":           report("hm", "application/pkcs7-mime; smime-type=compressed-data", "smime.p7z", contentSample(t, "compressed.p7m")),
		"signed clear":         slicesJoin(outer, contentSample(t, "clear.eml")),
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

// filterAnswers is what each filter decides on the phish, and on it in a wrapping. The
// filters on header fields see those of the email itself, which are the reporter's
// (docs/filters.md); those on text see all that is inside, so both are the same.
var filterAnswers = []struct {
	name           string
	spec           filters.Spec
	plain, wrapped bool // keeps it
}{
	{"from, the phisher", filters.Spec{From: []string{"service@parcel.example"}}, true, false},
	{"from, the phisher's domain", filters.Spec{From: []string{"parcel.example"}}, true, false},
	{"from, the reporter", filters.Spec{From: []string{"ann@example.org"}}, false, true},
	{"from, a name", filters.Spec{From: []string{"Parcel"}}, true, false},
	{"not_from, the phisher", filters.Spec{NotFrom: []string{"parcel.example"}}, false, true},
	{"not_from, the reporter", filters.Spec{NotFrom: []string{"ann@example.org"}}, true, false},
	{"to, the victim", filters.Spec{To: []string{"ann@example.org"}}, true, false},
	{"to, the SOC", filters.Spec{To: []string{"soc@example.org"}}, false, true},
	{"not_to, the victim", filters.Spec{NotTo: []string{"ann@example.org"}}, false, true},
	{"not_to, the SOC", filters.Spec{NotTo: []string{"soc@example.org"}}, true, false},
	{"subject, of the phish", filters.Spec{Subject: []string{"your parcel"}}, true, false},
	{"subject, of the report", filters.Spec{Subject: []string{"please check"}}, false, true},
	{"not_subject, of the phish", filters.Spec{NotSubject: []string{"your parcel"}}, false, true},
	{"not_subject, of the report", filters.Spec{NotSubject: []string{"please check"}}, true, false},
	{"header, of the phish", filters.Spec{Header: []string{"mail.phish.example"}, HeaderField: []string{"Received"}}, true, false},
	{"header, of the report", filters.Spec{Header: []string{"report"}, HeaderField: []string{"X-Button"}}, false, true},
	{"header_field, of the report", filters.Spec{HeaderField: []string{"X-Button"}}, false, true},
	{"not_header, of the phish", filters.Spec{NotHeader: []string{"mail.phish.example"}, NotHeaderField: []string{"Received"}}, false, true},
	{"not_header_field, of the report", filters.Spec{NotHeaderField: []string{"X-Button"}}, true, false},
	{"text_body, a text", filters.Spec{TextBody: []string{"your parcel waits"}}, true, true},
	{"text_body, a link", filters.Spec{TextBody: []string{"evil.phish.example/track"}}, true, true},
	{"text_body, a file name", filters.Spec{TextBody: []string{"parcel-label.bin"}}, true, true},
	{"text_body, none of it", filters.Spec{TextBody: []string{"not in any"}}, false, false},
	{"not_text_body, a text", filters.Spec{NotTextBody: []string{"your parcel waits"}}, false, false},
	{"not_text_body, a link", filters.Spec{NotTextBody: []string{"evil.phish.example/track"}}, false, false},
	{"not_text_body, a file name", filters.Spec{NotTextBody: []string{"parcel-label.bin"}}, false, false},
	{"not_text_body, none of it", filters.Spec{NotTextBody: []string{"not in any"}}, true, true},
}

// searchAnswers is what each regex action finds, each match once.
var searchAnswers = []struct {
	action         string
	params         map[string]any
	plain, wrapped string // matches, joined by "|"
}{
	{"email-subject-regex", map[string]any{"regex": ".+"}, "Your parcel", "Please check"},
	{"email-header-regex", map[string]any{"regex": ".+", "header_name": "Subject"}, "Your parcel", "Please check"},
	{"email-header-regex", map[string]any{"regex": "<(.+)>", "header_name": "From"}, "service@parcel.example", "ann@example.org"},
	{"email-header-regex", map[string]any{"regex": ".+", "header_name": "To"}, "ann@example.org", "soc@example.org"},
	{"email-header-regex", map[string]any{"regex": ".+", "header_name": "X-Button"}, "", "report"},
	{"email-header-regex", map[string]any{"regex": `mail\.phish\.example`}, "mail.phish.example", ""},
	{"email-header-regex", map[string]any{"regex": "parcel-label.bin", "header_name": "attachments"}, "parcel-label.bin", "parcel-label.bin"},
	{"email-body-regex", map[string]any{"regex": "Your parcel (waits)", "search_in": "all"}, "waits", "waits"},
	{"email-body-regex", map[string]any{"regex": `https://evil\.phish\.example/track\?id=\d`, "search_in": "links"}, "https://evil.phish.example/track?id=1", "https://evil.phish.example/track?id=1"},
	{"email-body-regex", map[string]any{"regex": `evil\.phish\.example`}, "evil.phish.example", "evil.phish.example"},
	{"email-body-regex", map[string]any{"regex": "not in any"}, "", ""},
}

// TestWrappings holds that every filter, every regex action, the analysis and the record give the same
// answer on one phish, whatever it is wrapped in.
func TestWrappings(t *testing.T) {
	for name, raw := range wrappings(t) {
		t.Run(name, func(t *testing.T) {
			plain := name == "plain"
			for _, c := range filterAnswers {
				c.spec.Inside = searchable
				if kept := decide(t, raw, c.spec) == ""; kept != (plain && c.plain || !plain && c.wrapped) {
					t.Errorf("%s: keeps it: %t", c.name, kept)
				}
			}
			for _, c := range searchAnswers {
				want := c.wrapped
				if plain {
					want = c.plain
				}
				if c.params["header_name"] == "attachments" && strings.HasPrefix(name, "ZIP") {
					want = "" // members of archives are in the analysis only
				}
				if got := matches(t, raw, c.action, c.params); got != want {
					t.Errorf("%s %v finds %q, not %q", c.action, c.params, got, want)
				}
			}
			analyzed(t, raw, name != "compressed")
			label(t, name, raw)
		})
	}
}

// TestSignedWhole holds that an email that is signed as a whole is read as what is signed, not
// as one that carries it: without nested messages too, as one with a clear signature is.
func TestSignedWhole(t *testing.T) {
	all := wrappings(t)
	for _, name := range []string{"plain", "signed opaque", "signed clear"} {
		if got := matches(t, all[name], "email-body-regex", map[string]any{"regex": "Your parcel waits", "include_nested": false}); got != "Your parcel waits" {
			t.Errorf("%s: without nested messages %q is found", name, got)
		}
	}
	for _, name := range []string{"signed opaque, BER", ".msg", "rfc822"} {
		if got := matches(t, all[name], "email-body-regex", map[string]any{"regex": "Your parcel waits", "include_nested": false}); got != "" {
			t.Errorf("%s: without nested messages %q is found", name, got)
		}
	}
}

// analyzed holds that the analysis finds the link, and what openssl signed.
func analyzed(t *testing.T, raw []byte, signed bool) {
	t.Helper()
	out := analysis.New(analysis.Options{Limits: message.DefaultLimits()})
	out.Add(soar.Record{}, raw, analysis.KindEML)
	for _, m := range out.Report().Messages {
		if smime := m.Authentication.SMIME; signed && m.Kind == content.KindP7M && (smime.Result != "pass" || smime.Emails != "ann@example.org") {
			t.Errorf("the signature of openssl is %+v", smime)
		}
	}
	for _, want := range []string{"https://evil.phish.example/track?id=1", "evil.phish.example"} {
		if !slices.ContainsFunc(out.Report().Indicators, func(i analysis.Indicator) bool { return i.Value == want }) {
			t.Errorf("the analysis has no indicator %s", want)
		}
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
	m := message.Parse(raw, message.DefaultLimits())
	return cmp.Or(f.MatchHeader(m), f.MatchBody(m))
}

func matches(t *testing.T, raw []byte, action string, params map[string]any) string {
	t.Helper()
	given := object(t, params, map[string]any{"eml": base64.StdEncoding.EncodeToString(raw), "unique": true})
	out, err := runAction(t, action, given)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(out.(regexResult).Matches, "|")
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
