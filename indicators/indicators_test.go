package indicators

import (
	"fmt"
	"strings"
	"testing"
)

func show(found []Indicator) []string {
	var lines []string
	for _, i := range found {
		line := i.Type + " " + i.Value
		for _, mark := range []struct {
			set  bool
			name string
		}{{i.Defanged, "defanged"}, {i.Private, "private"}, {i.Documentation, "documentation"}} {
			if mark.set {
				line += " " + mark.name
			}
		}
		lines = append(lines, line)
	}
	return lines
}

func TestIndicators(t *testing.T) {
	for _, c := range []struct {
		text string
		want []string
	}{
		{"", nil},
		{"see https://Evil.Example.COM/A?b=c.", []string{"url https://evil.example.com/A?b=c documentation", "domain evil.example.com documentation"}},
		{"hxxps://bad[.]site[.]co.uk/x.zip", []string{"url https://bad.site.co.uk/x.zip defanged", "domain bad.site.co.uk defanged"}},
		{"hxxp[:]//1.2[.]3.4:8080/a", []string{"url http://1.2.3.4:8080/a defanged", "ipv4 1.2.3.4 defanged"}},
		{"(http://a.de/b_(c))", []string{"url http://a.de/b_(c)", "domain a.de"}},
		{"mail bob (at) corp (dot) com now", []string{"email bob@corp.com defanged", "domain corp.com defanged"}},
		{"<Bob.Smith@Mail.Corp.com>", []string{"email bob.smith@mail.corp.com", "domain mail.corp.com"}},
		{"10.0.0.1, 256.1.1.1, 01.2.3.4, 1.2.3.4.5, v1.2.3.4, 192.0.2.7.", []string{"ipv4 10.0.0.1 private", "ipv4 192.0.2.7 documentation"}},
		{"at 12:30:45 [2001:DB8::1] std::vector ::1 fe80::1 2606:4700::1111", []string{
			"ipv6 2001:db8::1 documentation", "ipv6 ::1 private", "ipv6 fe80::1 private", "ipv6 2606:4700::1111",
		}},
		{"http://[2001:db8::1]:80/", []string{"url http://[2001:db8::1]:80/ documentation", "ipv6 2001:db8::1 documentation"}},
		{"co.uk, github.io, foo.github.io, invoice.pdf, file.exe, a.b", []string{"domain github.io", "domain foo.github.io"}},
		{"until Monday.So please", nil},
		{"müller.de and xn--mller-kva.de", []string{"domain xn--mller-kva.de"}},
		{"D41D8CD98F00B204E9800998ECF8427E twice d41d8cd98f00b204e9800998ecf8427e", []string{"md5 d41d8cd98f00b204e9800998ecf8427e"}},
		{strings.Repeat("0", 32) + " da39a3ee5e6b4b0d3255bfef95601890afd80709", []string{"sha1 da39a3ee5e6b4b0d3255bfef95601890afd80709"}},
		{"cve-2021-44228, CVE-2021-123, CVE-1998-0001", []string{"cve CVE-2021-44228"}},
		{"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb", []string{"btc 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"}},
		{"bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4 bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5", []string{"btc bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"}},
		{"BC1P0XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQZK5JJ0", []string{"btc bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0"}},
		{"DE89 3704 0044 0532 0130 00 and GB82WEST12345698765432, DE88370400440532013000", []string{"iban DE89370400440532013000", "iban GB82WEST12345698765432"}},
		{"http://localhost:8080/ http://nodots/", []string{"url http://localhost:8080/ private"}},
		{"http://user:pw@evil.test/?to=a@b.com", []string{"url http://user:pw@evil.test/?to=a@b.com documentation", "domain evil.test documentation", "email a@b.com"}},
		{"http://h.com/d41d8cd98f00b204e9800998ecf8427e/1.2.3.4", []string{"url http://h.com/d41d8cd98f00b204e9800998ecf8427e/1.2.3.4", "domain h.com"}},
		{"x@y @ a@b..com .a@b.com", []string{"email a@b.com", "domain b.com"}},
		{"abcdefghijklmnop.onion", []string{"domain abcdefghijklmnop.onion"}},
	} {
		if got := show(Indicators(c.text)); fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%q:\n got %q\nwant %q", c.text, got, c.want)
		}
	}
}

func TestIndicatorOffsets(t *testing.T) {
	text := "a [.] b, bob[at]corp[.]com, 8.8.8[.]8"
	for _, i := range Indicators(text) {
		want := map[string]string{"email": "bob[at]", "domain": "corp[.]", "ipv4": "8.8.8[.]8"}[i.Type]
		if want == "" || !strings.HasPrefix(text[i.Offset:], want) {
			t.Errorf("%+v stands at %q", i, text[i.Offset:])
		}
	}
}

func TestIndicatorsBounded(t *testing.T) {
	var many strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&many, "host%d.com ", i)
	}
	if n := len(Indicators(many.String())); n != maxIndicators {
		t.Errorf("%d indicators, want %d", n, maxIndicators)
	}
}

func TestDefang(t *testing.T) {
	for value, want := range map[string]string{
		"http://evil.example/a.b": "hxxp://evil[.]example/a.b",
		"https://1.2.3.4?x.y":     "hxxps://1[.]2[.]3[.]4?x.y",
		"ftp://evil.example":      "fxp://evil[.]example",
		"bob@evil.example":        "bob[@]evil[.]example",
		"evil.example":            "evil[.]example",
		"":                        "",
	} {
		if got := Defang(value); got != want {
			t.Errorf("Defang(%q) = %q, want %q", value, got, want)
		}
		if value == "" {
			continue
		}
		if found := Indicators(want); len(found) == 0 || found[0].Value != value || !found[0].Defanged {
			t.Errorf("%q comes back as %+v", want, found)
		}
	}
}

// TestAddress holds that an address of a field is data.
func TestAddress(t *testing.T) {
	for address, want := range map[string]string{
		"Bob@Corp.com":                         "bob@corp.com",
		"a=b@corp.com":                         "a=b@corp.com",
		"!x@corp.com":                          "!x@corp.com",
		`"a b"@corp.com`:                       `"a b"@corp.com`,
		"x@bücher.de":                          "x@xn--bcher-kva.de",
		"x@corp.com.":                          "x@corp.com",
		"x@localhost":                          "",
		"@corp.com":                            "",
		"corp.com":                             "",
		"":                                     "",
		"x\r\n@corp.com":                       "",
		strings.Repeat("a", 300) + "@corp.com": "",
	} {
		if got, ok := Address(address); got.Value != want || ok != (want != "") {
			t.Errorf("%q: %+v", address, got)
		}
	}
}
