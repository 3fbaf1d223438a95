package analysis

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"example.org/imap-integration/message"
)

// Hop is one server that an email passed, as a Received field tells it (RFC 5321,
// section 4.4). All but what the reader's own servers wrote may be forged.
type Hop struct {
	Hop    int    `json:"hop"`     // from 1, the oldest
	From   string `json:"from"`    // the name that the sending host gave
	FromIP string `json:"from_ip"` // the address that the receiving host saw, "" where it does not say
	By     string `json:"by"`
	With   string `json:"with"`  // protocol, "ESMTPS"
	Time   string `json:"time"`  // RFC 3339, UTC; "" where it cannot be read
	Delay  int64  `json:"delay"` // seconds since the last hop before it that has a time; negative where clocks disagree
}

// Hops returns the way of an email, oldest hop first.
func Hops(h message.Header) []Hop {
	values := h.Values("Received")
	hops := make([]Hop, 0, len(values))
	var last time.Time
	for i := len(values) - 1; i >= 0; i-- {
		hop, at := received(values[i])
		hop.Hop = len(hops) + 1
		if !at.IsZero() {
			if !last.IsZero() {
				hop.Delay = int64(at.Sub(last) / time.Second)
			}
			last = at
		}
		hops = append(hops, hop)
	}
	return hops
}

// received reads one Received field.
func received(value string) (Hop, time.Time) {
	var hop Hop
	fields, at := datedAt(value)
	tokens := words(fields)
	for i, t := range tokens {
		if t.comment || i+1 >= len(tokens) {
			continue
		}
		if tokens[i+1].comment { // from ([203.0.113.9]) by mx: no name
			if hop.From+hop.FromIP == "" && strings.EqualFold(t.text, "from") {
				hop.FromIP = client("", tokens[i+1:])
			}
			continue
		}
		next := tokens[i+1].text
		switch strings.ToLower(t.text) {
		case "from":
			if hop.From+hop.FromIP == "" {
				hop.From, hop.FromIP = next, client(next, tokens[i+2:])
			}
		case "by":
			if hop.By == "" {
				hop.By = next
			}
		case "with":
			if hop.With == "" {
				hop.With = protocol(tokens[i+1:])
			}
		}
	}
	if !at.IsZero() {
		hop.Time = at.UTC().Format(time.RFC3339)
	}
	return hop, at
}

// datedAt parts a field at the semicolon in front of its date, which is the last that has one behind
// it: some servers and scripts put another semicolon, or more, behind the date. The time is zero without a date.
func datedAt(value string) (fields string, at time.Time) {
	semicolons := outside(value, ';')
	for i := len(semicolons) - 1; i >= 0; i-- {
		end := len(value)
		if i+1 < len(semicolons) {
			end = semicolons[i+1]
		}
		at, ok := message.ParseDate(strings.TrimSpace(value[semicolons[i]+1 : end]))
		if ok && at.UTC().Year() >= 1 && at.UTC().Year() <= 9999 {
			return strings.TrimRight(value[:semicolons[i]], "; \t\r\n"), at
		}
	}
	if len(semicolons) > 0 {
		return value[:semicolons[len(semicolons)-1]], time.Time{}
	}
	return value, time.Time{}
}

// client returns the address of the sending host, which servers write in many
// ways: in a comment, in brackets, in brackets inside of a comment, the other way round, behind one. The last one
// counts that the host did not claim itself.
//
//	from pc (pc.example.org [203.0.113.9])    Postfix, Sendmail
//	from [203.0.113.9] (helo=pc)              Exim
//	from unknown (HELO pc) (203.0.113.9)      qmail
//	from pc (ident@203.0.113.9)               qmail that asks for the user's name
//	from pc (EHLO pc) [203.0.113.9]           MDaemon
//	from pc [203.0.113.9] by                  SMTPD32
//	from pc ([203.0.113.9]) by                Microsoft SMTPSVC
//	from [203.0.113.9] ([203.0.113.9:4711])   ecelerity
func client(name string, behind []token) string {
	seen, claimed := address(name), ""
	for _, t := range behind {
		if !t.comment && slices.Contains(clauses, strings.ToLower(t.text)) {
			break
		}
		text, said := t.text, ""
		if t.comment {
			text, said = greeting(t.text)
		}
		if ip := address(text); ip != "" {
			seen = ip
		}
		if ip := address(said); ip != "" {
			claimed = ip
		}
	}
	if seen == "" {
		return claimed
	}
	return seen
}

// saidWords are in front of what the sending host said of itself or of its sender.
var saidWords = pattern(`(?i)(?:^|\s)(helo|ehlo|lhlo|envelope-[a-z]+)[\s=]+`)

// greeting parts a comment: what the receiving server saw, and the name or address that the host gave itself.
func greeting(comment string) (seen, said string) {
	at := saidWords().FindStringSubmatchIndex(comment)
	if at == nil {
		if user, host, ok := strings.Cut(comment, "@"); ok && !strings.ContainsAny(user, " <") {
			return host, ""
		}
		return comment, ""
	}
	if strings.HasPrefix(strings.ToLower(comment[at[2]:]), "envelope-") {
		return comment[:at[0]], ""
	}
	said, _, _ = strings.Cut(strings.ReplaceAll(comment[at[1]:], "\t", " "), " ")
	return comment[:at[0]], said
}

// clauses are the words that begin one in a Received field (RFC 5321, section 4.4).
var clauses = []string{"from", "by", "via", "with", "id", "for"}

// protocol reads what stands behind "with": one word, or the name of Microsoft's server, which is several.
func protocol(tokens []token) string {
	name := tokens[0].text
	if !strings.EqualFold(name, "Microsoft") {
		return name
	}
	for _, t := range tokens[1:] {
		if t.comment || slices.Contains(clauses, strings.ToLower(t.text)) {
			break
		}
		name += " " + t.text
	}
	return name
}

// address finds the IP address in "mail.example.com [192.0.2.1]", "[IPv6:2001:db8::1]" or "192.0.2.1:587".
func address(text string) string {
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" \t[]()<>,;=", r) }) {
		if len(word) > 5 && strings.EqualFold(word[:5], "IPv6:") {
			word = word[5:]
		}
		if ip, err := netip.ParseAddr(word); err == nil {
			return ip.Unmap().WithZone("").String()
		}
		if ap, err := netip.ParseAddrPort(word); err == nil {
			return ap.Addr().Unmap().String()
		}
	}
	return ""
}

// token is a word, or the text of a comment, of a structured field.
type token struct {
	text    string
	comment bool
}

// words takes a structured field apart at spaces and comments (RFC 5322, section
// 3.2.2). A comment that never ends goes to the end; quotes are kept.
func words(value string) []token {
	var out []token
	for i := 0; i < len(value); {
		switch c := value[i]; {
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
			i++
		case c == '(':
			end := commentEnd(value, i)
			out = append(out, token{strings.TrimSuffix(value[i+1:end], ")"), true})
			i = end
		default:
			end := wordEnd(value, i)
			out = append(out, token{value[i:end], false})
			i = end
		}
	}
	return out
}

// wordEnd returns where the word at i ends: a space or a comment outside of quotes.
func wordEnd(value string, i int) int {
	for quoted := false; i < len(value); i++ {
		switch c := value[i]; {
		case c == '\\' && quoted:
			i++
		case c == '"':
			quoted = !quoted
		case !quoted && (c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '('):
			return i
		}
	}
	return len(value)
}

// commentEnd returns what follows the comment that begins at i.
func commentEnd(value string, i int) int {
	depth := 0
	for ; i < len(value); i++ {
		switch value[i] {
		case '\\':
			i++
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return len(value)
}

// outside are the positions of c outside of comments and quotes.
func outside(value string, c byte) (all []int) {
	eachOutside(value, func(i int) {
		if value[i] == c {
			all = append(all, i)
		}
	})
	return all
}

// eachOutside calls f for each position outside of comments and quotes.
func eachOutside(value string, f func(i int)) {
	quoted := false
	for i := 0; i < len(value); i++ {
		switch c := value[i]; {
		case c == '\\' && quoted:
			i++
		case c == '"':
			quoted = !quoted
		case c == '(' && !quoted:
			i = commentEnd(value, i) - 1
		case !quoted:
			f(i)
		}
	}
}

// splitOutside splits at c where it stands outside of comments and quotes.
func splitOutside(value string, c byte) []string {
	var out []string
	start := 0
	eachOutside(value, func(i int) {
		if value[i] == c {
			out = append(out, value[start:i])
			start = i + 1
		}
	})
	return append(out, value[start:])
}
