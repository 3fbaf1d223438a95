package mailbox

import (
	"bytes"
	"strconv"
	"strings"

	"example.org/imap-integration/quote"
)

// reply is a status answer (RFC 9051, section 7.1): OK, NO, BAD, BYE or PREAUTH.
type reply struct {
	status string // upper case
	code   string // upper case, "" where there is none or it is no atom
	arg    string // what follows the code in its brackets
	text   string // for a person, as the server wrote it
}

// parseReply reads what follows the tag. QUIRK(Gmail, Exchange, 163.com): text
// missing, blanks doubled, brackets with junk or without an end.
func parseReply(rest []byte) (reply, bool) {
	word, tail, _ := bytes.Cut(bytes.TrimLeft(rest, " "), []byte(" "))
	r := reply{status: strings.ToUpper(string(word))}
	switch r.status {
	case "OK", "NO", "BAD", "BYE", "PREAUTH":
	default:
		return reply{}, false
	}
	text := strings.TrimSpace(string(tail))
	if strings.HasPrefix(text, "[") {
		if end := closing(text); end > 0 {
			r.code, r.arg, _ = strings.Cut(strings.TrimSpace(text[1:end]), " ")
			r.arg = strings.TrimSpace(r.arg)
			if isAtom(r.code) {
				r.code = strings.ToUpper(r.code)
			} else {
				r.code, r.arg = "", ""
			}
			if r.code != "" {
				text = strings.TrimSpace(text[end+1:])
			}
		}
	}
	r.text = text
	return r, true
}

// closing finds the bracket that ends a response code. A flag may hold a "]"
// (QUIRK: seen in PERMANENTFLAGS), and so may a quoted string.
func closing(s string) int {
	quoted, depth := false, 0
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '(':
			depth++
		case c == ')' && depth > 0:
			depth--
		case c == ']' && depth == 0:
			return i
		}
	}
	return strings.IndexByte(s, ']')
}

func isAtom(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || strings.IndexByte(`(){%*"\]`, c) >= 0 {
			return false
		}
	}
	return s != ""
}

// said is the server's words for an error: code and text, escaped and cut.
func (r reply) said() string {
	if r.code != "" {
		return quote.Line("["+strings.TrimSpace(r.code+" "+r.arg)+"] "+r.text, maxQuote)
	}
	if r.text == "" {
		return r.status
	}
	return quote.Line(r.text, maxQuote)
}

// canonical is the answer in the form that go-imap's strict parser takes.
func (r reply) canonical(tag string) string {
	code := ""
	switch {
	case r.code == "CAPABILITY":
		code = "[CAPABILITY" + capabilityList(strings.Fields(r.arg)) + "] "
	case r.code != "":
		code = "[" + r.code + "] "
	}
	text := quote.Line(r.text, maxQuote)
	if text == "" || text[0] == '[' {
		text = "- " + text
	}
	return tag + " " + r.status + " " + code + text + "\r\n"
}

// capabilityList is what go-imap may know of. QUIRK(go-imap beta.8): where
// IMAP4rev2 is offered, it sends UTF-8 in quoted strings and without CHARSET
// though rev2 was never enabled, so that it is not told.
func capabilityList(caps []string) string {
	var b strings.Builder
	b.WriteString(" IMAP4REV1")
	for _, c := range caps {
		c = strings.ToUpper(c)
		if isAtom(c) && c != "IMAP4REV1" && c != "IMAP4REV2" {
			b.WriteString(" " + c)
		}
	}
	return b.String()
}

// number reads a 32-bit number; 0 for what is none or too large (QUIRK: UIDNEXT 4294967296).
func number(s string) uint32 {
	n, err := strconv.ParseUint(strings.TrimSpace(s), 10, 32)
	if err != nil {
		return 0
	}
	return uint32(n)
}
