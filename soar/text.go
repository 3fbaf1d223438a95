package soar

import (
	"strings"

	"example.org/imap-integration/quote"
)

// quoted shows foreign text in a sentence.
func quoted(text string) string { return quote.Text(strings.TrimSpace(text), quote.Sentence) }
