package message

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// TestLongFilenames holds that a name is cut between characters, and keeps an extension that is one.
func TestLongFilenames(t *testing.T) {
	for name, tt := range map[string]struct{ in, end string }{
		"characters of two bytes":       {strings.Repeat("ä", 300) + ".pdf", "ä.pdf"},
		"of three":                      {strings.Repeat("€", 300) + ".pdf", "€.pdf"},
		"of four":                       {strings.Repeat("😀", 300) + ".pdf", "😀.pdf"},
		"one byte and then two":         {"x" + strings.Repeat("ä", 300), "ä"},
		"an extension that is too long": {strings.Repeat("a", 300) + "." + strings.Repeat("b", 50), "aaa"},
		"two extensions":                {strings.Repeat("a", 300) + ".tar.gz", "a.gz"},
		"a device's":                    {"CON." + strings.Repeat("a", 300) + ".pdf", "a.pdf"},
		"blanks before the cut":         {strings.Repeat("a", 190) + strings.Repeat(" ", 100), "aaa"},
	} {
		got := SafeFilename(tt.in)
		if len(got) > maxFilename || len(got) < 190 || !utf8.ValidString(got) || !strings.HasSuffix(got, tt.end) {
			t.Errorf("%s: %d bytes, %q", name, len(got), got)
		}
		var set FilenameSet
		for n := range 12 {
			if unique := set.Unique(tt.in); len(unique) > maxFilename || !utf8.ValidString(unique) || (n == 0) != (unique == got) {
				t.Errorf("%s, number %d: %d bytes, %q", name, n+1, len(unique), unique)
			}
		}
		if len(set.taken) != 12 {
			t.Errorf("%s: %d names of 12", name, len(set.taken))
		}
	}
}

// TestBlankLinesInFront holds behind how many empty lines, and in front of which field, a header is still found.
func TestBlankLinesInFront(t *testing.T) {
	for name, tt := range map[string]struct {
		blank int
		field string
		found bool
	}{
		"one":                            {1, "Received: from a by b", true},
		"as many as may stand there":     {maxBlankLines, "Subject: s", true},
		"one more":                       {maxBlankLines + 1, "Subject: s", false},
		"a field that programs add":      {1, "X-Mailer: m", true},
		"one of MIME":                    {1, "Content-Type: text/plain", true},
		"a signature":                    {1, "DKIM-Signature: v=1", true},
		"a seal":                         {1, "ARC-Seal: i=1", true},
		"a verdict":                      {1, "Authentication-Results: mx; spf=pass", true},
		"a word that only looks like it": {1, "Note: read this", false},
		"a line that is no field":        {1, "hello", false},
		"nothing":                        {3, "", false},
	} {
		m := ParseHeader([]byte(strings.Repeat("\r\n", tt.blank)+tt.field+"\r\n\r\nbody"), DefaultLimits())
		if found := len(m.Header.Fields()) == 1; found != tt.found || hasCode(m, CodeLeadingBlankLine) != tt.found {
			t.Errorf("%s: %v, %v", name, m.Header.Fields(), m.Problems)
		}
	}
}

// TestSearchStops holds that a search which has found what it looks for is not asked to go on.
func TestSearchStops(t *testing.T) {
	m := Parse([]byte("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n--b\r\nContent-Type: a/b; name=y\r\nContent-Disposition: attachment; filename=x\r\n\r\nz\r\n--b--\r\n"), DefaultLimits())
	for stop, want := range []string{"text", "text x", "text x y"} {
		var seen []string
		for s := range m.Searchable() {
			if seen = append(seen, s); len(seen) > stop {
				break
			}
		}
		if got := strings.Join(seen, " "); got != want {
			t.Errorf("%d texts: %q, want %q", stop+1, got, want)
		}
	}
}
