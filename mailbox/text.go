package mailbox

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	maxQuote = 300 // bytes of foreign text in a sentence
	maxTold  = 200 // bytes of a greeting that is reported
)

// clean makes one harmless line of what a server said: control characters and
// invalid UTF-8 are escaped, and it is cut.
func clean(s string) string { return cut(s, maxQuote) }

// cut escapes foreign text and shortens it to limit bytes or little more.
func cut(s string, limit int) string {
	s = strings.TrimSpace(s)
	short := s
	if len(short) > limit {
		short = short[:limit]
		for len(short) > 0 && !utf8.ValidString(short) && limit-len(short) < utf8.UTFMax {
			short = short[:len(short)-1]
		}
	}
	var b strings.Builder
	for _, r := range strings.ToValidUTF8(short, "?") {
		if strconv.IsPrint(r) {
			b.WriteRune(r)
			continue
		}
		q := strconv.QuoteRuneToASCII(r)
		b.WriteString(q[1 : len(q)-1])
	}
	if len(short) < len(s) {
		b.WriteString("…")
	}
	return b.String()
}
