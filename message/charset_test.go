package message

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestCharsetLabels holds each label of Python's codecs, in each spelling, to what
// Python reads: in a text, and as the charset of an encoded-word
// (testdata/charsets.json; tools/oracle/charsets.py writes it).
func TestCharsetLabels(t *testing.T) {
	data, err := os.ReadFile("../testdata/charsets.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct{ Label, Hex, Text string }
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		raw, err := hex.DecodeString(c.Hex)
		if err != nil {
			t.Fatal(err)
		}
		content := base64.StdEncoding.EncodeToString(raw)
		m := Parse(fmt.Appendf(nil, "Subject: =?%s?B?%s?=\r\nContent-Type: text/plain; charset=\"%s\"\r\nContent-Transfer-Encoding: base64\r\n\r\n%s\r\n", c.Label, content, c.Label, content), DefaultLimits())
		if got := m.BodyText(); got != c.Text {
			t.Errorf("charset=%s: %q, Python reads %q", c.Label, got, c.Text)
		}
		if got := strings.Join(m.Header.Values("Subject"), "|"); strings.TrimPrefix(got, "\uFEFF") != c.Text {
			t.Errorf("encoded-word in %s: %q, Python reads %q", c.Label, got, c.Text)
		}
		for _, p := range m.Problems {
			if p.Code != CodeByteOrder {
				t.Errorf("charset=%s: %s", c.Label, p)
			}
		}
	}
}

// TestLabelsLeaveASCII holds that no label, known or not, makes ASCII unreadable.
func TestLabelsLeaveASCII(t *testing.T) {
	const text = "Wire 4711 EUR to http://evil.example/ today"
	labels := []string{"replacement", "iso-2022-cn", "iso-2022-cn-ext", "iso-2022-xx", "x-nothing", "utf-16", "utf-16le", "utf-16be", "utf-32", "utf-32le", "hz", "ebcdic-us", "ebcdic-xx", "IBM01140", "ibm1047", "bocu-1", "scsu", "unicode", "utf-9", "x-user-defined", "punycode", "\u00fctf"}
	for name, keys := range pythonLabels {
		labels = append(append(labels, name), strings.Fields(keys)...)
	}
	for _, label := range labels {
		for what, in := range map[string]string{"ASCII": text, "one byte above": text + "\xE4"} {
			m := Parse([]byte("Subject: =?"+label+"?Q?"+strings.ReplaceAll(in, " ", "_")+"?=\r\nContent-Type: text/plain; charset="+label+"\r\n\r\n"+in), DefaultLimits())
			if got := m.BodyText(); !strings.HasPrefix(got, text) {
				t.Errorf("charset=%s, %s: %q", label, what, got)
			}
			if got := m.Header.Values("Subject")[0]; !strings.HasPrefix(got, text) {
				t.Errorf("encoded-word in %s, %s: %q", label, what, got)
			}
		}
	}
}

// TestStatefulWords reads texts that a program cut anywhere into encoded-words,
// and those whose words stand alone as they should.
func TestStatefulWords(t *testing.T) {
	for _, c := range []struct {
		name, charset string
		words         []string
		want          string
	}{
		{"each for itself", "iso-2022-jp", []string{"\x1B$BF|K\\\x1B(B", "\x1B$B8l\x1B(B"}, "日本語"},
		{"cut between characters", "iso-2022-jp", []string{"\x1B$BF|K\\", "8l\x1B(B"}, "日本語"},
		{"cut within a character", "ISO-2022-JP", []string{"\x1B$BF|K", "\\8l\x1B(B"}, "日本語"},
		{"Korean, cut behind the shift", "iso-2022-kr", []string{"\x1B$)C\x0EGQ", "19>n\x0F"}, "한국어"},
		{"HZ, cut", "hz-gb-2312", []string{"~{VP", "ND~}"}, "中文"},
		{"UTF-7, each for itself", "utf-7", []string{"+AOk", "abc"}, "éabc"},
		{"UTF-16, cut within a character", "utf-16be", []string{"\x65\xE5\x67", "\x2C"}, "日本"},
		{"UTF-16 with a mark each", "utf-16", []string{"\xFE\xFF\x65\xE5", "\xFF\xFE\x2C\x67"}, "日本"},
		{"UTF-8, cut within a character", "utf-8", []string{"\xE6\x97", "\xA5"}, "日"},
	} {
		var words []string
		for _, w := range c.words {
			words = append(words, "=?"+c.charset+"?B?"+base64.StdEncoding.EncodeToString([]byte(w))+"?=")
		}
		if got, _ := decodeWords(strings.Join(words, "\r\n "), 100); strings.ReplaceAll(got, "\uFEFF", "") != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
