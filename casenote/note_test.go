package casenote

import (
	"strings"
	"testing"
	"unicode/utf8"

	"example.org/imap-integration/message"
	"example.org/imap-integration/soar"
)

func TestHarmless(t *testing.T) {
	for text, want := range map[string]string{
		"":                                "",
		" a\r\n\tb\x00c\u202e ":           "a bc",
		"see HTTP://Evil.Example/a":       "see hxxp://Evil.Example/a",
		"https://evil.example/a b":        "hxxps://evil[.]example/a b",
		"a@evil.example":                  "a[@]evil[.]example",
		"r\xff.pdf":                       "r\uFFFD.pdf",
		"javascript:alert(1) <b>":         "javascript:alert(1) <b>",
		"https://https://evil.example/ x": "hxxps://hxxps://evil[.]example/ x",
	} {
		if got := harmless(text, 300); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// TestNoteIsBounded: whatever an email lists, a note stays one that a person reads.
func TestNoteIsBounded(t *testing.T) {
	r := soar.Record{ID: "5"}
	r.Subject, r.SourceKey = strings.Repeat("ü<", 100_000), "k"
	for range 1000 {
		r.Attachments = append(r.Attachments, message.Attachment{Filename: strings.Repeat("&", 1000)})
	}
	n := ofEmail(r, nil)
	if len(n.HTML) > 64<<10 || len(n.Title) > 300 || !utf8.ValidString(n.HTML) || !strings.Contains(n.HTML, "and 980 more") {
		t.Errorf("%d bytes of HTML, a title of %d: %.300s", len(n.HTML), len(n.Title), n.HTML)
	}
	if !strings.HasSuffix(n.Title, n.Marker) || len(n.Marker) != 18 {
		t.Errorf("title %q, marker %q", n.Title, n.Marker)
	}
}

// TestMarkers: two notes have one marker only where they are about the same thing.
func TestMarkers(t *testing.T) {
	seen := map[string]bool{}
	for _, parts := range [][]string{{"email", "a"}, {"email", "b"}, {"file", "a", "2", "x"}, {"file", "a", "2x", ""}, {"file", "a2", "", "x"}} {
		m := marker(parts...)
		if seen[m] {
			t.Errorf("%q has the marker of another", parts)
		}
		seen[m] = true
	}
}
