package soar

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// maxQuoted is how much of a foreign text a sentence shows, in bytes (cloud-soar-api.md, Manners).
const maxQuoted = 200

// quoted shows foreign text in a sentence: cut, escaped, in quotation marks.
func quoted(text string) string {
	text = strings.TrimSpace(strings.ToValidUTF8(text, "\uFFFD"))
	if len(text) <= maxQuoted {
		return fmt.Sprintf("%q", text)
	}
	cut := maxQuoted
	for !utf8.RuneStart(text[cut]) {
		cut--
	}
	return fmt.Sprintf("%q…", text[:cut])
}
