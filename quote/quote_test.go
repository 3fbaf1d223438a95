package quote_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"example.org/imap-integration/quote"
)

func TestText(t *testing.T) {
	for _, tc := range []struct {
		in    string
		limit int
		want  string
	}{
		{"", 10, `""`},
		{"plain", 10, `"plain"`},
		{"exactly ten", 11, `"exactly ten"`},
		{"one more", 7, `"one mor"…`},
		{"grüße", 3, `"gr"…`}, // not inside the ü
		{"a\r\nERROR forged\x1b[31m", 80, `"a\r\nERROR forged\x1b[31m"`},
		{"a\u202egpj.exe\u200b", 80, `"a\u202egpj.exe\u200b"`},
		{"\xff\xfe", 80, `"\xff\xfe"`},
		{`say "no"`, 80, `"say \"no\""`},
		{"\x80\x80\x80\x80\x80\x80", 4, `"\x80\x80\x80\x80"…`},
	} {
		if got := quote.Text(tc.in, tc.limit); got != tc.want {
			t.Errorf("Text(%q, %d) = %s, want %s", tc.in, tc.limit, got, tc.want)
		}
	}
}

func TestLine(t *testing.T) {
	for _, tc := range []struct {
		in    string
		limit int
		want  string
	}{
		{"  NO [ALERT] over \t", 80, "NO [ALERT] over"},
		{"two\r\nlines\x00", 80, `two lines\x00`},
		{`a "quoted" word`, 80, `a "quoted" word`},
		{"a\t\tb   c", 4, "a b …"},
		{strings.Repeat(" ", 100) + "x", 80, "x"},
		{"wörter und mehr", 2, "w…"},
		{"\xffbad", 80, "?bad"},
		{"\U000E0041", 80, `\U000e0041`},
	} {
		if got := quote.Line(tc.in, tc.limit); got != tc.want {
			t.Errorf("Line(%q, %d) = %s, want %s", tc.in, tc.limit, got, tc.want)
		}
	}
}

// FuzzQuote holds that a text in a sentence is one bounded line of UTF-8 without anything that a terminal obeys.
func FuzzQuote(f *testing.F) {
	f.Add("plain", 5)
	f.Add("\xff\u202e\r\n\x1b]0;x\a", 7)
	f.Fuzz(func(t *testing.T, s string, limit int) {
		if limit < 0 || limit > 1000 {
			return
		}
		for _, got := range []string{quote.Text(s, limit), quote.Line(s, limit)} {
			if !utf8.ValidString(got) || strings.ContainsFunc(got, func(r rune) bool { return r < ' ' || r == 0x7f || r == 0x202e }) {
				t.Fatalf("%q becomes %q", s, got)
			}
			if len(got) > 10*limit+16 {
				t.Fatalf("%d bytes of %q become %d", limit, s, len(got))
			}
		}
	})
}

func TestDistance(t *testing.T) {
	for _, tc := range []struct {
		typed, exists string
		want          int
	}{
		{"", "", 0},
		{"", "abc", 3},
		{"abc", "", 3},
		{"INBOX", "inbox", 0},
		{"imap_servr", "imap_server", 1},
		{"kitten", "sitting", 3},
		{"Büro", "Buro", 1},
		{"ab", "ba", 2},
		{strings.Repeat("x", 1<<20), "port", quote.Name},
	} {
		if got := quote.Distance(tc.typed, tc.exists); got != tc.want {
			t.Errorf("Distance(%.20q, %q) = %d, want %d", tc.typed, tc.exists, got, tc.want)
		}
		if got := quote.Distance(tc.exists, tc.typed); got != tc.want {
			t.Errorf("Distance(%q, %.20q) = %d, want %d", tc.exists, tc.typed, got, tc.want)
		}
	}
}
