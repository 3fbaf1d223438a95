package imapwire

import (
	"bytes"
	"strconv"
	"strings"

	"example.org/imap-integration/quote"
)

// StatusResponse is a status response (RFC 9051, section 7.1): OK, NO, BAD, BYE or PREAUTH.
type StatusResponse struct {
	Status string // upper case
	Code   string // upper case, "" where there is none or it is no atom
	Arg    string // what follows the code in its brackets
	Text   string // for a person, as the server wrote it
}

// ParseStatus reads what follows the tag. QUIRK(Gmail, Exchange, 163.com): text
// missing, spaces doubled, brackets with junk or without an end.
func ParseStatus(rest []byte) (StatusResponse, bool) {
	word, tail, _ := bytes.Cut(bytes.TrimLeft(rest, " "), []byte(" "))
	r := StatusResponse{Status: strings.ToUpper(string(word))}
	switch r.Status {
	case "OK", "NO", "BAD", "BYE", "PREAUTH":
	default:
		return StatusResponse{}, false
	}
	text := strings.TrimSpace(string(tail))
	if strings.HasPrefix(text, "[") {
		if end := closing(text); end > 0 {
			r.Code, r.Arg, _ = strings.Cut(strings.TrimSpace(text[1:end]), " ")
			r.Arg = strings.TrimSpace(r.Arg)
			if IsAtom(r.Code) {
				r.Code = strings.ToUpper(r.Code)
			} else {
				r.Code, r.Arg = "", ""
			}
			if r.Code != "" {
				text = strings.TrimSpace(text[end+1:])
			}
		}
	}
	r.Text = text
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

func IsAtom(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || strings.IndexByte(`(){%*"\]`, c) >= 0 {
			return false
		}
	}
	return s != ""
}

// Said is the server's words for an error: code and text, escaped and cut.
func (r StatusResponse) Said() string {
	if r.Code != "" {
		return quote.Line("["+strings.TrimSpace(r.Code+" "+r.Arg)+"] "+r.Text, MaxQuote)
	}
	if r.Text == "" {
		return r.Status
	}
	return quote.Line(r.Text, MaxQuote)
}

// canonical is the response in the form that go-imap's strict parser takes.
func (r StatusResponse) canonical(tag string) string {
	code := ""
	switch {
	case r.Code == "CAPABILITY":
		code = "[CAPABILITY" + capabilityList(strings.Fields(r.Arg)) + "] "
	case r.Code != "":
		code = "[" + r.Code + "] "
	}
	text := quote.Line(r.Text, MaxQuote)
	if text == "" || text[0] == '[' {
		text = "- " + text
	}
	return tag + " " + r.Status + " " + code + text + "\r\n"
}

// capabilityList is what go-imap may know of. QUIRK(go-imap beta.8): where
// IMAP4rev2 is offered, it sends UTF-8 in quoted strings and without CHARSET
// though rev2 was never enabled, so that it is not told.
func capabilityList(caps []string) string {
	var b strings.Builder
	b.WriteString(" IMAP4REV1")
	for _, c := range caps {
		c = strings.ToUpper(c)
		if IsAtom(c) && c != "IMAP4REV1" && c != "IMAP4REV2" {
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

// Refusal is a NO or BAD to a command.
type Refusal struct{ StatusResponse }

func (r Refusal) Error() string { return r.Said() }
