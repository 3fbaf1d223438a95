package indicators

import (
	"slices"
	"strings"
	"testing"
)

// allOf is what a text has of each kind, whatever its marks say, and complains of marks that hide something.
func allOf(t *testing.T, text string) (kindsFound []string) {
	t.Helper()
	clean, _ := refang(text)
	has := marksOf(clean)
	for _, kind := range kinds {
		for h := range kind.find(clean) {
			if kind.needs&^has != 0 {
				t.Errorf("%q: the marks hide the %s %q", text, kind.name, clean[h.start:h.end])
			}
			if !slices.Contains(kindsFound, kind.name) {
				kindsFound = append(kindsFound, kind.name)
			}
		}
	}
	return kindsFound
}

// TestMarks holds that a text is never left to fewer finders than find something in it.
func TestMarks(t *testing.T) {
	var seen []string
	for _, c := range readCases(t, "testdata/found.txt") {
		seen = append(seen, allOf(t, c.text)...)
		allOf(t, strings.ToUpper(c.text))
		allOf(t, "x"+c.text+"x")
	}
	for _, text := range append([]string{
		strings.Repeat("ab01", 32), "::1", "a::b1", "1::", "2001:db8::192.0.2.1", "::ffff:192.0.2.1/96", "10.0.0.0/8", "fe80::/10", "(0a-1b-2c-3d-4e-5f)", "0a1b.2c3d.4e5f", "HKLM:\\a", "hkcu\\b c\\d",
		"cve-2026-12345", "T1059.001", "DE89 3704 0044 0532 0130 00", "0x52908400098527886E0F7030069857D2E4169EE7",
	}, hostile...) {
		seen = append(seen, allOf(t, text)...)
		allOf(t, strings.Repeat(text, 5))
	}
	for _, kind := range kinds {
		if !slices.Contains(seen, kind.name) {
			t.Errorf("no text has a %s: this test says nothing of it", kind.name)
		}
	}
	if m := marksOf("We meet at noon. See www.example.com and bob@example.com, or call."); m != 0 {
		t.Errorf("prose has the marks %b", m)
	}
}
