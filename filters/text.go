package filters

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Fold brings a text into the form in which all comparisons are made: NFC,
// full case folding (so that "ß" equals "ss"), each run of white space one space.
func Fold(s string) string {
	if isASCII(s) {
		return foldASCII(s)
	}
	// Folding can undo the composition ("İ" becomes two characters), so it is composed again.
	return norm.NFC.String(cases.Fold().String(collapse(norm.NFC.String(s))))
}

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func foldASCII(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	blank := false
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == ' ' || c >= '\t' && c <= '\r' {
			blank = true
			continue
		}
		if blank {
			b.WriteByte(' ')
			blank = false
		}
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		b.WriteByte(c)
	}
	if blank {
		b.WriteByte(' ')
	}
	return b.String()
}

// collapse turns each run of white space (no-break spaces included) into one space.
func collapse(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	blank := false
	for _, r := range s {
		if unicode.IsSpace(r) {
			blank = true
			continue
		}
		if blank {
			b.WriteByte(' ')
			blank = false
		}
		// QUIRK(x/text): folding swaps the cases of Cherokee instead of joining them.
		if unicode.Is(unicode.Cherokee, r) {
			r = unicode.ToUpper(r)
		}
		b.WriteRune(r)
	}
	if blank {
		b.WriteByte(' ')
	}
	return b.String()
}
