package indicators

import (
	"iter"
	"net/netip"
	"strings"
	"unicode/utf8"
)

const maxLocalPart = 64 // RFC 5321, section 4.5.3.1.1

// findEmails yields addresses whose domain is one that findDomains would take, or
// an address in brackets (RFC 5321, section 4.1.3). A Message-ID is none.
func findEmails(text string) iter.Seq[hit] {
	return func(yield func(hit) bool) {
		h := hiding{text: text, names: identifierFields}
		from := 0
		for {
			at := strings.IndexByte(text[from:], '@')
			if at < 0 {
				return
			}
			at += from
			found, ok := emailAround(text, from, at)
			from = at + 1
			if !ok || h.identifier(found.start) || generated(text, found) {
				continue
			}
			from = found.end
			if !yield(found) {
				return
			}
		}
	}
}

// emailAround reads the address whose at sign is at; it does not reach back beyond from.
func emailAround(text string, from, at int) (hit, bool) {
	start := localStart(text, from, at)
	local := text[start:at]
	if local == "" || !quoted(local) && (strings.HasSuffix(local, ".") || strings.Contains(local, "..")) || !utf8.ValidString(local) {
		return hit{}, false
	}
	if literal, end, ok := domainLiteral(text, at+1); ok {
		return hit{start: start, end: end, at: at, value: local + "@" + literal, ascii: local + "@" + literal}, true
	}
	end := hostEnd(text[:min(len(text), at+2+maxHostName)], at+1)
	_, end = cutScripts(text, at+1, end)
	_, end = trimHost(text, at+1, end)
	if end > at+1 {
		end = trimSuffix(text, at+1, end)
	}
	name, ascii, ok := domain(text[at+1 : max(at+1, end)])
	if !ok {
		return hit{}, false
	}
	return hit{start: start, end: end, at: at, value: local + "@" + name, ascii: local + "@" + ascii}, true
}

func quoted(local string) bool { return strings.HasPrefix(local, `"`) }

// localStart returns where the local part that ends at the at sign begins; at where there is none.
func localStart(text string, from, at int) int {
	if at > from+1 && text[at-1] == '"' {
		if start, ok := quotedStart(text, from, at); ok {
			return start
		}
		return at
	}
	start := at
	for start > from && at-start <= maxLocalPart && localBytes[text[start-1]] {
		start--
	}
	if start > from && text[start-1] >= utf8.RuneSelf {
		start = unicodeStart(text, from, start, at)
	}
	for start < at && strings.IndexByte(".=/?&#*'~_%!$^+-", text[start]) >= 0 && (text[start] != '_' || text[at-1] == '_') {
		start++
	}
	local := text[start:at]
	if i := strings.LastIndexAny(local, "=&?/"); i >= 0 && strings.Contains(local, "=") && !rewrittenSender(local) { // user=a@b in a query
		start, local = start+i+1, local[i+1:]
	}
	for i := len(local) - 1; i >= 0; i-- { // o'brien, but not 'a'+'b
		if local[i] == '\'' && (i == 0 || i == len(local)-1 || !letter(local[i-1]) || !letter(local[i+1])) {
			start += i + 1
			break
		}
	}
	if at-start > maxLocalPart {
		return at
	}
	return start
}

// unicodeStart goes on back from start where the local part holds letters beyond
// ASCII (RFC 6531): Latin ones, or all of it in another script.
func unicodeStart(text string, from, start, at int) int {
	of := noLetter
	if start < at && strings.ContainsFunc(text[start:at], func(r rune) bool { return r < utf8.RuneSelf && (letter(byte(r)) || r >= '0' && r <= '9') }) {
		of = latin
	}
	for start > from && at-start <= maxLocalPart {
		c := text[start-1]
		if c < utf8.RuneSelf {
			if !localBytes[c] || of > latin && letter(c) {
				return start
			}
			start--
			continue
		}
		r, size := utf8.DecodeLastRuneInString(text[from:start])
		s := scriptOf(r)
		if s == noLetter || of != noLetter && s != of {
			return start
		}
		of, start = s, start-size
	}
	return start
}

// quotedStart finds the beginning of a quoted local part (RFC 5321, section
// 4.1.2), whose last quote stands before the at sign.
func quotedStart(text string, from, at int) (int, bool) {
	for i := at - 2; i >= from && at-i <= maxLocalPart+2; i-- {
		switch c := text[i]; {
		case c == '"' && (i == from || text[i-1] != '\\'):
			border := i == 0 || strings.IndexByte(" \t\r\n<(,;:[>", text[i-1]) >= 0 || text[i-1] >= utf8.RuneSelf
			return i, border && at-i > 2
		case c < ' ' || c == 0x7f:
			return 0, false
		}
	}
	return 0, false
}

// domainLiteral reads [192.0.2.1] and [IPv6:2001:db8::1].
func domainLiteral(text string, i int) (value string, end int, ok bool) {
	if i >= len(text) || text[i] != '[' {
		return "", 0, false
	}
	inside, _, closed := strings.Cut(text[i+1:min(len(text), i+60)], "]")
	if !closed {
		return "", 0, false
	}
	bare, prefix := inside, ""
	if len(inside) > 5 && strings.EqualFold(inside[:5], "IPv6:") {
		bare, prefix = inside[5:], "IPv6:"
	}
	addr, err := netip.ParseAddr(bare)
	if err != nil || addr.Zone() != "" {
		return "", 0, false
	}
	return "[" + prefix + addr.String() + "]", i + 2 + len(inside), true
}

// hiding tells where a text shows fields whose values look like addresses and
// are identifiers. It is asked with ascending offsets.
type hiding struct {
	text  string
	names []string // of the fields, in small letters with their colon
	line  int      // where the line begins that was looked at last
	end   int
	ended bool
	hides bool
}

// identifierFields are the fields of a header, as people quote it, that hold identifiers.
var identifierFields = []string{
	"message-id:", "in-reply-to:", "references:", "content-id:", "resent-message-id:", "x-original-message-id:", "original-message-id:",
	"x-ms-exchange-crosstenant-id:", "thread-index:", "list-id:", "x-google-dkim-signature:", "dkim-signature:",
}

// identifier reports whether the offset is in the value of such a field, or behind cid: or mid: (RFC 2392).
func (h *hiding) identifier(at int) bool {
	if at >= 4 && (strings.EqualFold(h.text[at-4:at], "cid:") || strings.EqualFold(h.text[at-4:at], "mid:")) {
		return true
	}
	return behindIdentifier(h.text, at) || h.covers(at)
}

// covers reports whether the offset is in the value of one of the fields.
func (h *hiding) covers(at int) bool {
	for !h.ended && at >= h.end {
		h.next()
	}
	return h.hides
}

// identifierWords stand before identifiers in logs: message-id=<…>.
var identifierWords = []string{"message-id", "messageid", "msgid", "msg-id", "in-reply-to", "content-id", "internetmessageid"}

func behindIdentifier(text string, at int) bool {
	before := strings.TrimRight(text[max(0, at-80):at], "<")
	if i := strings.LastIndexAny(before, "<> \t\r\n,;"); i >= 0 && strings.IndexByte(before, '@') > i {
		before = before[:i+1] // the host of one: what stands before its local part counts
	}
	before = strings.ToLower(strings.TrimRight(before, "<=: \"'"))
	for _, w := range identifierWords {
		if strings.HasSuffix(before, w) {
			return true
		}
	}
	return false
}

// next looks at the next line: a field, or one that goes on with the field before.
func (h *hiding) next() {
	h.line = h.end
	if h.line >= len(h.text) {
		h.ended, h.hides = true, false
		return
	}
	h.end = len(h.text)
	if i := strings.IndexByte(h.text[h.line:], '\n'); i >= 0 {
		h.end = h.line + i + 1
	}
	begin := h.text[h.line:min(h.end, h.line+80)]
	plain := strings.TrimLeft(begin, "> \t*_")
	folded := len(plain) < len(begin) && (strings.HasPrefix(plain, "<") || h.hides && strings.TrimLeft(begin, ">") != plain)
	if h.hides && folded && strings.HasPrefix(plain, "<") {
		return
	}
	h.hides = false
	for _, name := range h.names {
		if len(plain) >= len(name) && strings.EqualFold(plain[:len(name)], name) {
			h.hides = true
		}
	}
}

// generated tells Message-IDs in angle brackets by how programs make them: long
// and without a vowel's chance of being anybody's name.
func generated(text string, h hit) bool {
	if h.start == 0 || text[h.start-1] != '<' || h.end >= len(text) || text[h.end] != '>' {
		return false
	}
	local := text[h.start:h.at]
	if len(local) < 20 {
		return false
	}
	number := 0
	for i := range len(local) {
		if c := local[i]; c >= '0' && c <= '9' {
			number++
		}
	}
	return number*3 >= len(local) || strings.ContainsAny(local, "$=") || len(local) >= 40 && number >= 6
}

// Address returns an address that a field or a link holds as data, whatever its
// local part, as an indicator; nothing is trimmed from it. It is not ok without a domain that could be registered.
func Address(address string) (Indicator, bool) {
	at := strings.LastIndexByte(address, '@')
	if at < 1 || at > 4*maxLocalPart || !utf8.ValidString(address) || strings.ContainsFunc(address, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return Indicator{}, false
	}
	_, ascii, ok := domain(strings.TrimSuffix(address[at+1:], "."))
	if !ok {
		return Indicator{}, false
	}
	i := Indicator{Value: strings.ToLower(address[:at]) + "@" + ascii, Type: "email", Form: address}
	i.Unicode = readable(i.Value)
	i.Private, i.Documentation = setAside("email", i.Value)
	return i, true
}

// rewrittenSenders begin the local parts of addresses that forwarders and bounce
// handlers make, in which equals signs belong (SRS, BATV, VERP).
var rewrittenSenders = []string{"srs0", "srs1", "prvs=", "msprvs1=", "bounce", "btv1="}

// rewrittenSender tells them from user=bob@example.org in a query.
func rewrittenSender(local string) bool {
	for _, prefix := range rewrittenSenders {
		if len(local) > len(prefix) && strings.EqualFold(local[:len(prefix)], prefix) {
			return true
		}
	}
	return false
}
