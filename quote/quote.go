// Package quote puts foreign text into a sentence of ours: a name that an email
// gives, an answer of a server, a value that somebody typed.
//
// Such a text can be megabytes long, can hold line ends that forge a line of the
// log, control sequences that a terminal obeys, characters that reverse the
// reading direction, and bytes that are no UTF-8. What comes from here is one
// line of printable characters, cut between two characters, with an ellipsis
// where something is left out. Every other package leaves that to this one.
package quote

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Usual lengths of foreign text in a sentence, in bytes.
const (
	Name     = 80  // a name or a value
	Sentence = 200 // what a server said (cloud-soar-api.md, Manners)
)

// Text returns s in quotation marks, as Go writes a string: what does not
// print is escaped. At most limit bytes of s are shown.
func Text(s string, limit int) string {
	short, cut := Cut(s, limit)
	quoted := strconv.Quote(short)
	if cut {
		return quoted + "…"
	}
	return quoted
}

// Line returns s without quotation marks, each run of white space as one space and
// none at the ends: what does not print is escaped. At most limit bytes of s are shown.
func Line(s string, limit int) string {
	short, cut := Cut(s, 4*limit) // enough of it, before all of it is split
	short, more := Cut(strings.Join(strings.Fields(short), " "), limit)
	cut = cut || more
	var b strings.Builder
	for _, r := range strings.ToValidUTF8(short, "?") {
		if strconv.IsPrint(r) {
			b.WriteRune(r)
			continue
		}
		escaped := strconv.QuoteRune(r)
		b.WriteString(escaped[1 : len(escaped)-1])
	}
	if cut {
		b.WriteString("…")
	}
	return b.String()
}

// Cut shortens s to at most limit bytes, between two characters, and reports
// whether anything is missing. What is cut off is not kept in memory.
func Cut(s string, limit int) (string, bool) {
	if len(s) <= limit {
		return s, false
	}
	end := limit
	for end > 0 && limit-end < utf8.UTFMax && !utf8.RuneStart(s[end]) {
		end--
	}
	if !utf8.RuneStart(s[end]) {
		end = limit // no text in UTF-8
	}
	return strings.Clone(s[:end]), true
}
