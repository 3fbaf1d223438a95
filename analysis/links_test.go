package analysis

import (
	"fmt"
	"testing"
	"unicode/utf8"

	"example.org/imap-integration/links"
	"example.org/imap-integration/message"
	"example.org/imap-integration/soar"
)

func TestMismatches(t *testing.T) {
	for _, tc := range []struct{ target, text, want string }{
		{"https://evil.example/", "https://bank.example/login", "bank.example > evil.example"},
		{"https://evil.example/", "bank.example", "bank.example > evil.example"},
		{"https://evil.example/", "Go to www.bank.example now", "www.bank.example > evil.example"},
		{"https://bank.example.evil.example/", "bank.example", "bank.example > bank.example.evil.example"},
		{"https://xbank.example/", "bank.example", "bank.example > xbank.example"},
		{"https://bank.example@evil.example/", "https://bank.example/", "bank.example > evil.example"},
		{"http://192.0.2.1/", "http://192.0.2.2/", "192.0.2.2 > 192.0.2.1"},
		{"mailto:x@evil.example", "service@bank.example", "service@bank.example > x@evil.example"},
		{"HTTPS://EVIL.example./", "hxxps://bank[.]example", "bank.example > evil.example"},
		{"https://bank.example/a", "https://bank.example/b", ""},
		{"https://www.bank.example/", "bank.example", ""},
		{"https://login.bank.example/", "bank.example", ""},
		{"https://bank.example/", "login.bank.example", ""},
		{"https://evil.example/", "Click here", ""},
		{"https://evil.example/", "", ""},
		{"mailto:service@bank.example?subject=x", "service@bank.example", ""},
		{"mailto:service@bank.example", "bank.example", ""},
		{"https://bank.example/", "Write to service@bank.example", ""},
		{"#top", "bank.example", ""},
		{"https://x.safelinks.protection.outlook.com/?url=https%3A%2F%2Fbank.example%2F&data=1", "bank.example", ""},
		{"https://x.safelinks.protection.outlook.com/?url=https%3A%2F%2Fevil.example%2F", "bank.example", "bank.example > evil.example"},
		{"https://urldefense.proofpoint.com/v2/url?u=https-3A__bank.example_a&d=1", "bank.example", ""},
		{"https://protect-eu.mimecast.com/s/AbC?domain=bank.example", "bank.example", ""},
		{"https://u1.ct.sendgrid.net/ls/click?upn=x", "bank.example", "bank.example > u1.ct.sendgrid.net"},
		{"https://urldefense.com/v3/__https://evil.example/a__;!!x$", "bank.example", "bank.example > evil.example"},
		{"https://xn--bcher-kva.example/", "bücher.example", ""},
		{"https://bücher.example/", "xn--bcher-kva.example", ""},
		{"https://b%C3%BCcher.example/", "https://bücher.example/x", ""},
		{"https:\\\\evil.example", "bank.example", "bank.example > evil.example"},
		{"http://3232235777/", "192.168.1.1", ""},
		{"https://www.google.com/url?q=https://evil.example/", "bank.example", "bank.example > evil.example"},
	} {
		got := ""
		for _, m := range mismatchesOf(links.InHTML(fmt.Sprintf(`<p><a href="%s">%s</a></p>`, tc.target, tc.text), "")) {
			got += m.Shown + " > " + m.Leads
		}
		if got != tc.want {
			t.Errorf("%s on %s: %q, want %q", tc.text, tc.target, got, tc.want)
		}
	}
}

func mismatchesOf(list []links.Link) []Mismatch {
	var t texts
	t.add("1", list)
	return mismatches(t.links)
}

// FuzzAnalyze holds that any bytes make a report: no panic, valid UTF-8, no
// path twice.
func FuzzAnalyze(f *testing.F) {
	f.Add([]byte("Received: from a (b [192.0.2.1]) by c; Mon, 2 Mar 2026 10:00:00 +0000\r\nAuthentication-Results: x; spf=pass (a) b=c\r\nFrom: a@example.org\r\nContent-Type: text/html\r\n\r\n<a href=//x>bank.example</a>"))
	f.Add([]byte("DKIM-Signature: v=1; a=rsa-sha256; d=example.org; s=s1; h=from; bh=; b=\r\nFrom: a@example.org\r\n\r\n"))
	keys := Keys{"s1._domainkey.example.org": "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="}
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, kind := range []string{KindEML, KindMSG} {
			a := New(Options{Limits: message.DefaultLimits(), Keys: keys})
			a.Add(soar.Record{}, raw, kind)
			r := a.Report()
			seen := map[string]bool{}
			for _, m := range r.Messages {
				if seen[m.Path] {
					t.Errorf("the path %q twice", m.Path)
				}
				seen[m.Path] = true
				for _, result := range m.Authentication.Results {
					if !utf8.ValidString(result.Reason + result.Properties + result.Method + result.Result) {
						t.Errorf("not UTF-8: %+v", result)
					}
				}
			}
		}
	})
}
