package indicators

import (
	"context"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"example.org/imap-integration/pyregex"
)

func readPage(t testing.TB) string {
	page, err := os.ReadFile("../testdata/patterns/page.txt")
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

// find returns what a preset promises.
func find(t testing.TB, p Preset, text string) []string {
	values := []string{}
	if p.Checked() {
		found, r := p.FindChecked(context.Background(), text, pyregex.Limits{Timeout: time.Minute, MaxMatches: 1 << 20})
		if r.Problem != "" {
			t.Error(r.Problem)
		}
		for _, f := range found {
			values = append(values, f.Value)
		}
		return values
	}
	pattern, err := pyregex.Compile(p.Pattern, pyregex.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range pattern.FindAll(context.Background(), text, pyregex.Limits{Timeout: time.Minute, MaxMatches: 1 << 20}).Matches {
		values = append(values, m.Text(text, p.Group))
	}
	return values
}

// TestVendorPresets compares with what CPython finds with the vendor's table,
// which stands in presets.json on its own.
func TestVendorPresets(t *testing.T) {
	data, err := os.ReadFile("../testdata/patterns/presets.json")
	if err != nil {
		t.Fatal(err)
	}
	var table map[string]struct {
		Pattern string
		Matches []string
	}
	if err := json.Unmarshal(data, &table); err != nil {
		t.Fatal(err)
	}
	if len(table) != 25 {
		t.Errorf("the table has %d presets", len(table))
	}
	page := readPage(t)
	for name, want := range table {
		p, ok := FindPreset(name)
		if !ok {
			t.Errorf("%s is missing", name)
			continue
		}
		if got := find(t, p, page); !slices.Equal(got, want.Matches) {
			t.Errorf("%s:\n got %q\nwant %q", name, got, want.Matches)
		}
	}
}

func TestCheckedPresets(t *testing.T) {
	page := readPage(t)
	want := map[string][]string{
		"ipv4": {"192.0.2.1", "10.0.0.255"},
		"ipv6": {"2001:db8::1", "::1", "fe80::1ff:fe23:4567:890a", "::ffff:192.0.2.128"},
		"email_address": {
			"alice@example.org", "bob.smith+tag@mail.example.co.uk", "dave@example.net", "user@exämple.org", "eve@example.org", "frank@example.com",
			"alice@example.org",
		},
		"url_checked": {
			"https://www.example.com/a/b?c=d&e=(f)#g", "http://example.org/X", "http://www.example.net/path", "ftp://ftp.example.org/pub/file.txt",
			"http://example.com/foo_(bar)", "http://example.com/q", "https://evil.example/login.php",
		},
		"domain_checked": {
			"example.org", "mail.example.co.uk", "example.net", "exämple.org", "example.org", "example.com", "www.example.com", "example.org",
			"www.example.net", "ftp.example.org", "example.com", "example.com", "ftp.example.com", "evil.example", "example.com", "example.org",
			"example.org", "sub.domain.example.co.uk", "my-host.example.org", "x.io", "foo.technology", "1a.com",
		},
		"md5_checked":    {"d41d8cd98f00b204e9800998ecf8427e", "d41d8cd98f00b204e9800998ecf8427e"},
		"sha1_checked":   {"da39a3ee5e6b4b0d3255bfef95601890afd80709"},
		"sha256_checked": {"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
		"sha512":         {"cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"},
		"cve":            {"CVE-2021-44228", "CVE-2014-0160", "CVE-2023-1234567"},
		"btc_address":    {"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"},
		"iban":           {"DE89370400440532013000", "GB82WEST12345698765432"},
		"credit_card":    nil, // TestCards
	}
	for _, name := range PresetNames() {
		p, _ := FindPreset(name)
		if !p.Checked() {
			continue
		}
		expected, ok := want[name]
		if !ok {
			t.Errorf("%s has no expectation", name)
		}
		if got := find(t, p, page); expected != nil && !slices.Equal(got, expected) {
			t.Errorf("%s:\n got %q\nwant %q", name, got, expected)
		}
	}
}

func TestCards(t *testing.T) {
	p, _ := FindPreset("credit_card")
	for text, want := range map[string]string{
		"5555555555554444":                     "5555555555554444 Mastercard",
		"2221000000000009, 2720999999999996":   "2221000000000009 Mastercard, 2720999999999996 Mastercard",
		"2721000000000004":                     "",
		"4111 1111 1111 1111":                  "4111111111111111 Visa",
		"4111 1111 1111 1111 12/27 123":        "4111111111111111 Visa",
		"4111-1111-1111-1111.":                 "4111111111111111 Visa",
		"4222222222222":                        "4222222222222 Visa",
		"378282246310005":                      "378282246310005 American Express",
		"30569309025904 38520000023237":        "30569309025904 Diners Club, 38520000023237 Diners Club",
		"6011111111111117":                     "6011111111111117 Discover",
		"3530111333300000":                     "3530111333300000 JCB",
		"6200000000000005":                     "6200000000000005 UnionPay",
		"6759649826438453":                     "6759649826438453 Maestro",
		"4111111111111112":                     "",
		"94111111111111111, a4111111111111111": "",
		"4111  1111 1111 1111":                 "",
		"1.4111111111111111":                   "",
		"0000000000000000":                     "",
		"":                                     "",
	} {
		found, _ := p.FindChecked(context.Background(), text, pyregex.Limits{})
		var got []string
		for _, f := range found {
			got = append(got, f.Value+" "+f.Brand)
		}
		if strings.Join(got, ", ") != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestCheckedOffsets(t *testing.T) {
	text := "ä [.] (at) hxxp[:]//evil[.]example/a and bob(at)corp(dot)com"
	for name, want := range map[string]string{"url_checked": "hxxp[:]//evil[.]example/a", "email_address": "bob(at)corp(dot)com"} {
		p, _ := FindPreset(name)
		found, _ := p.FindChecked(context.Background(), text, pyregex.Limits{})
		if len(found) != 1 || !found[0].Defanged || text[found[0].Start:found[0].End] != want {
			t.Errorf("%s: %+v", name, found)
		}
	}
}

func TestMasked(t *testing.T) {
	for _, c := range []struct {
		number string
		sort   Sort
		want   string
	}{
		{"4111111111111111", CardNumber, "411111******1111"},
		{"4111 1111 1111 1111", CardNumber, "4111 11** **** 1111"},
		{"4222222222222", CardNumber, "422222***2222"},
		{"DE89 3704 0044 0532 0130 00", AccountNumber, "DE89 **** **** **** **30 00"},
		{"DE89370400440532013000", Harmless, "DE89370400440532013000"},
		{"12", CardNumber, "12"},
		{"", CardNumber, ""},
	} {
		if got := Masked(c.number, c.sort); got != c.want {
			t.Errorf("%q: %q, want %q", c.number, got, c.want)
		}
	}
	const text = "pay 4111-1111-1111-1111 or DE89 3704 0044 0532 0130 00, not 4111111111111112"
	if got := MaskNumbers(text); got != "pay 4111-11**-****-1111 or DE89 **** **** **** **30 00, not 4111111111111112" {
		t.Errorf("%q", got)
	}
}
