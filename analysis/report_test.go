package analysis

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.org/imap-integration/message"
	"example.org/imap-integration/outlook"
	"example.org/imap-integration/soar"
)

var update = flag.Bool("update", false, "write the golden files anew")

// analyze makes the report of one email, of which the first bytes tell the kind.
func analyze(raw []byte, o Options) *Report {
	o.Limits = message.DefaultLimits()
	a := New(o)
	kind := KindEML
	if outlook.IsCompoundFile(raw) {
		kind = KindMSG
	}
	a.Add(soar.Record{}, raw, kind)
	return a.Report()
}

func sample(t *testing.T, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("../testdata/outlook", name))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestGolden(t *testing.T) {
	files, _ := filepath.Glob("../testdata/outlook/*.[em][ms][lg]")
	if len(files) < 10 {
		t.Fatalf("only %d samples", len(files))
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			var b bytes.Buffer
			e := json.NewEncoder(&b)
			e.SetEscapeHTML(false)
			e.SetIndent("", "  ")
			if err := e.Encode(analyze(sample(t, filepath.Base(file)), Options{})); err != nil {
				t.Fatal(err)
			}
			golden := file + ".json"
			if *update {
				if err := os.WriteFile(golden, b.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), b.String()); diff != "" {
				t.Error(diff)
			}
			if strings.Contains(b.String(), "null") {
				t.Error("there is a null in it")
			}
		})
	}
}

// paths lists path and kind of the messages found.
func paths(r *Report) string {
	var all []string
	for _, m := range r.Messages {
		all = append(all, m.Path+":"+m.Kind)
	}
	return strings.Join(all, " ")
}

func TestUnfold(t *testing.T) {
	for name, want := range map[string]string{
		"sample.msg":     ":msg 3:msg",
		"winmail.eml":    ":eml 2:tnef 2.3:tnef",
		"report-msg.eml": ":eml 2:msg",
		"eml-in-msg.msg": ":msg 1:eml 1.2:msg 1.2.3:msg",
		"old-office.eml": ":eml",
		"broken-msg.eml": ":eml 2:msg",
		"report.eml":     ":eml 2:eml",
		"cut.msg":        ":msg",
	} {
		if got := paths(analyze(sample(t, name), Options{})); !strings.HasPrefix(got, want) || name != "cut.msg" && got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestReported(t *testing.T) {
	for name, want := range map[string]string{
		"report.eml":     "ann@example.org 2 Your parcel",
		"report-msg.eml": "ann@example.org 2 Your parcel",
		"eml-in-msg.msg": "ann@example.org 1 Please check",
		"winmail.eml":    "ann@example.org 2.3 inner",
		"bounce.eml":     "  ",
		"old-office.eml": "  ",
	} {
		r := analyze(sample(t, name), Options{})
		got := r.Reporter.Address + "  "
		if len(r.Reported) > 0 {
			got = r.Reporter.Address + " " + r.Reported[0].Path + " " + r.Reported[0].Subject
		}
		if got != want || len(r.Reported) > 1 {
			t.Errorf("%s: %q (%d), want %q", name, got, len(r.Reported), want)
		}
	}
}

func TestTopics(t *testing.T) {
	raw := sample(t, "report.eml")
	types := map[string]string{
		"urls": "url", "domains": "domain", "ips": "ipv4 ipv6", "addresses": "email", "hashes": "md5 sha1 sha256",
		"headers": "", "attachments": "", "authentication": "",
	}
	for topic, want := range types {
		r := analyze(raw, Options{Topics: []string{topic}})
		seen := map[string]bool{}
		for _, i := range r.Indicators {
			seen[i.Type] = true
		}
		for kind := range seen {
			if !strings.Contains(want, kind) {
				t.Errorf("%s: indicators of type %s", topic, kind)
			}
		}
		if len(seen) != len(strings.Fields(want)) {
			t.Errorf("%s: %v, want %q", topic, seen, want)
		}
		m := r.Messages[1]
		if (len(m.Received) > 0) != (topic == "headers") || (len(m.Headers) > 0) != (topic == "headers") ||
			(len(m.Attachments) > 0) != (topic == "attachments") || (m.AttachmentNames != "") != (topic == "attachments") ||
			(len(m.LinkMismatches) > 0) != (topic == "urls") || (m.Authentication.SPF != "") != (topic == "authentication") {
			t.Errorf("%s: %+v", topic, m)
		}
	}
}

// TestSeveral has one report for several emails: an indicator of both stands there once.
func TestSeveral(t *testing.T) {
	a := New(Options{Limits: message.DefaultLimits()})
	for id := int64(1); id <= 2; id++ {
		record := soar.Record{ID: soar.NumberID(id)}
		record.Folder, record.UID, record.ReceivedAt = "INBOX", 7, "2026-03-02T10:05:01Z"
		a.Add(record, sample(t, "report.eml"), KindEML)
	}
	r := a.Report()
	if r.Count != 4 || len(r.Reported) != 2 || r.Reported[1].CloudSOARMailID != "2" || r.Reporter.CloudSOARMailID != "1" {
		t.Errorf("%d messages, reported %+v", r.Count, r.Reported)
	}
	if m := r.Messages[2]; m.CloudSOARMailID != "2" || m.Folder != "INBOX" || m.UID != 7 || m.ReceivedAt != "2026-03-02T10:05:01Z" {
		t.Errorf("%+v", m.Mail)
	}
	if m := r.Messages[3]; m.Folder != "" || m.ReceivedAt != "" {
		t.Errorf("a nested mail was found in %q at %q", m.Folder, m.ReceivedAt)
	}
	seen := map[string]bool{}
	for _, i := range r.Indicators {
		if seen[i.Type+i.Value] {
			t.Errorf("%s twice", i.Value)
		}
		seen[i.Type+i.Value] = true
		if i.Type == "url" && i.Seen[0].MailID != "1" {
			t.Errorf("%+v", i)
		}
	}
}

func TestIndicators(t *testing.T) {
	found := map[string]Indicator{}
	for _, i := range analyze(sample(t, "report.eml"), Options{}).Indicators {
		found[i.Value] = i
	}
	link := found["https://evil.phish.example/track?id=1"]
	want := []Seen{{Part: "1", Where: "text", Area: "middle"}, {Path: "2", Part: "2.1", Where: "link"}}
	if diff := cmp.Diff(want, link.Seen); diff != "" || !link.FoundDefanged || link.Defanged != "hxxps://evil[.]phish[.]example/track?id=1" {
		t.Errorf("%+v %s", link, diff)
	}
	if i := found["10.20.30.40"]; !i.Private || i.Documentation {
		t.Errorf("%+v", i)
	}
	if i := found["203.0.113.9"]; i.Private || !i.Documentation || i.Seen[0].Where != "header:Received-SPF" || i.Seen[0].Path != "2" {
		t.Errorf("%+v", i)
	}
	for _, value := range []string{"2001:db8::7", "service@parcel.example", "44d88612fea8a8f36de82e1278abb02f", "CVE-2026-1234", "https://parcel.example/a"} {
		if _, ok := found[value]; !ok {
			t.Errorf("%s is missing", value)
		}
	}
	for _, value := range []string{"p1@phish.example", "label.zip", "report1@example.org"} {
		if _, ok := found[value]; ok {
			t.Errorf("%s is no indicator", value)
		}
	}
}

// TestHostsAsBrowsersReadThem: characters that nobody sees or that look like letters do
// not hide a host in a text. The targets are what new URL(…).href of Node.js gives.
func TestHostsAsBrowsersReadThem(t *testing.T) {
	for written, target := range map[string]string{
		"http://exa\u200bmple.com/zw": "http://example.com/zw", "http://ex\u2060ample.com/wj": "http://example.com/wj", "http://ex\ufeffample.com/bom": "http://example.com/bom",
		"http://ph\u00adish.example/soft": "http://phish.example/soft", "http://exa\u034fmple.com/cgj": "http://example.com/cgj", "http://exa\ufe0fmple.com/vs": "http://example.com/vs",
		"http://\u24d4xample.com/circled": "http://example.com/circled", "http://\uff45xample.com/full": "http://example.com/full", "http://\U0001d41axample.com/math": "http://axample.com/math",
		"http://\U0001f134xample.com/squared": "http://example.com/squared", "http://example\u3002com/stop": "http://example.com/stop",
	} {
		raw := "From: a@sender.test\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nSee " + written + " now\r\n"
		var got []string
		for _, i := range analyze([]byte(raw), Options{}).Indicators {
			if i.Seen[0].Where == "text" {
				got = append(got, i.Value)
			}
		}
		host := strings.Split(target, "/")[2]
		if want := []string{target, host}; !slices.Equal(got, want) {
			t.Errorf("%+q: %q, want %q", written, got, want)
		}
	}
}

// TestIndicatorPlaces holds that an indicator comes once, in the spelling of
// browsers, with the forms found, and whose it is.
func TestIndicatorPlaces(t *testing.T) {
	raw := "Received: from x (y [198.51.100.7]) by mx.corp.example; Mon, 2 Mar 2026 10:00:00 +0000\r\nFrom: a@evil.example\r\nTo: Amy <Amy@corp.example>\r\n" +
		"MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\nContent-Base: https://evil.example/dir/\r\n\r\n" +
		"<a href='https:\\\\B\u00fccher.example\\a_'>amy@corp.example</a> hxxps://xn--bcher-kva[.]example/a_b <img src=//evil.example/p?u=amy@corp.example>" +
		"<a href=rel>x</a><a href='https://x.safelinks.protection.outlook.com/?url=https%3A%2F%2Finner.example%2F'>y</a><a href='http://3232235777/'>z</a>"
	r := analyze([]byte(raw), Options{})
	found := map[string]Indicator{}
	for _, i := range r.Indicators {
		if _, twice := found[i.Value]; twice {
			t.Errorf("%s twice", i.Value)
		}
		found[i.Value] = i
	}
	u := found["https://xn--bcher-kva.example/a_"]
	if len(u.Forms) != 1 || u.Forms[0] != `https:\\Bücher.example\a_` || u.Transit || u.Recipient {
		t.Errorf("%+v", u)
	}
	if d := found["xn--bcher-kva.example"]; d.Unicode != "bücher.example" || !d.FoundDefanged {
		t.Errorf("%+v", d)
	}
	for value, want := range map[string][2]bool{ // recipient, transit
		"amy@corp.example": {true, false}, "corp.example": {true, false}, "198.51.100.7": {false, true}, "mx.corp.example": {false, true}, "evil.example": {false, false},
		"https://evil.example/p?u=amy@corp.example": {}, "https://evil.example/dir/rel": {}, "https://inner.example/": {}, "inner.example": {}, "192.168.1.1": {},
	} {
		i, ok := found[value]
		if got := [2]bool{i.Recipient, i.Transit}; !ok || got != want {
			t.Errorf("%s: %+v", value, i)
		}
	}
}

// TestDepth has emails nested deeper than is read: the cap is told, the rest is there.
func TestDepth(t *testing.T) {
	raw := []byte("From: a@example.org\r\nSubject: innermost\r\n\r\nx\r\n")
	for range 40 {
		raw = append([]byte("From: a@example.org\r\nMIME-Version: 1.0\r\nContent-Type: application/octet-stream; name=\"m.eml\"\r\nContent-Disposition: attachment; filename=\"m.eml\"\r\n\r\n"), raw...)
	}
	r := analyze(raw, Options{})
	if r.Count != 30+1 || len(r.Problems) == 0 || r.Problems[len(r.Problems)-1].Code != "limit_depth" {
		t.Errorf("%d messages, problems %v", r.Count, r.Problems)
	}
}

func TestManyMessages(t *testing.T) {
	var b bytes.Buffer
	b.WriteString("From: a@example.org\r\nMIME-Version: 1.0\r\nContent-Type: multipart/digest; boundary=b\r\n\r\n")
	for range 700 {
		b.WriteString("--b\r\n\r\nFrom: x@example.net\r\nSubject: y\r\n\r\nhello\r\n")
	}
	b.WriteString("--b--\r\n")
	r := analyze(b.Bytes(), Options{})
	found := false
	for _, p := range r.Problems {
		found = found || p.Code == "limit_messages"
	}
	if r.Count != 500 || !found {
		t.Errorf("%d messages, problems %v", r.Count, r.Problems)
	}
}

// TestAddRecord analyzes an email of which Cloud SOAR holds the record only.
func TestAddRecord(t *testing.T) {
	record := soar.Record{ID: "3"}
	record.From, record.Subject, record.ReplyTo = "a@example.org", "hello", "b@example.net"
	record.BodyHTML = `<a href="https://evil.example/">bank.example</a>`
	record.Headers = soar.Headers{{Name: "Received", Values: []string{"from x (y [192.0.2.1]) by z; Mon, 2 Mar 2026 10:00:00 +0000"}}, {Name: "From", Values: []string{"Ä\r\n <a@example.org>"}}}
	record.Attachments = []message.Attachment{{Filename: "a.bin", SHA256: strings.Repeat("ab", 32), Part: "2"}}
	a := New(Options{Limits: message.DefaultLimits()})
	a.AddRecord(record)
	r := a.Report()
	m := r.Messages[0]
	if m.CloudSOARMailID != "3" || m.Subject != "hello" || !m.ReplyToDiffers || len(m.LinkMismatches) != 1 || len(m.Received) != 1 || m.Received[0].FromIP != "192.0.2.1" {
		t.Errorf("%+v", m)
	}
	if len(r.Problems) != 1 || r.Problems[0].Code != "no_content" {
		t.Errorf("%v", r.Problems)
	}
	var values []string
	for _, i := range r.Indicators {
		values = append(values, i.Value)
	}
	if got := strings.Join(values, " "); !strings.Contains(got, "a@example.org") || !strings.Contains(got, "https://evil.example/") || !strings.Contains(got, strings.Repeat("ab", 32)) {
		t.Errorf("indicators %s", got)
	}
}
