package indicators

import (
	"iter"
	"net/netip"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

var (
	digitsAndDots = bytesOf("0-9.")
	addressBytes  = bytesOf("0-9a-fA-F:.")
	wordBytes     = bytesOf("0-9A-Za-z_")
	hostBytes     = bytesOf("0-9A-Za-z._\x80-\xff" + "-")
	// RFC 5322, section 3.2.3 (atext and the dot), less what stands around addresses in
	// prose more often than in them (quotes, braces), and UTF-8 (RFC 6531).
	localBytes = bytesOf("0-9A-Za-z.!#$%&*+/=?^_~\x80-\xff" + "-")
)

// word reports whether the byte before or after a hit would make it part of a longer word.
func word(text string, i int) bool {
	return i >= 0 && i < len(text) && (wordBytes[text[i]] || text[i] >= utf8.RuneSelf)
}

// findIPv4 yields dotted quads whose octets are 0 to 255 without leading zeros
// (RFC 6943, section 3.1.1, on why those are ambiguous), alone or as the last word of a sentence.
func findIPv4(text string) iter.Seq[hit] {
	return func(yield func(hit) bool) {
		for start, end := range runs(text, digitsAndDots) {
			for end > start && text[end-1] == '.' {
				end--
			}
			if end-start > len("255.255.255.255") || word(text, start-1) || word(text, end) {
				continue
			}
			if hyphenated(text, start, end) || mapped(text, start, end) {
				continue
			}
			addr, err := netip.ParseAddr(text[start:end])
			if err == nil && !yield(hit{start: start, end: end, value: addr.String()}) {
				return
			}
		}
	}
}

// mapped tells the end of an IPv6 address such as ::ffff:192.0.2.1.
func mapped(text string, start, end int) bool {
	from := start
	for from > 0 && start-from < len("ffff:ffff:ffff:ffff:ffff:ffff:") && addressBytes[text[from-1]] {
		from--
	}
	if strings.Count(text[from:start], ":") < 2 {
		return false
	}
	_, err := netip.ParseAddr(text[from:end])
	return err == nil
}

// hyphenated tells a part of a name such as ip-10.0.0.1 or 1.2.3.4-beta.
func hyphenated(text string, start, end int) bool {
	return start > 1 && text[start-1] == '-' && word(text, start-2) ||
		end+1 < len(text) && text[end] == '-' && wordBytes[text[end+1]] && !digitsAndDots[text[end+1]]
}

// findIPv6 yields addresses in any form of RFC 4291, section 2.2, in the form of RFC 5952.
func findIPv6(text string) iter.Seq[hit] {
	return func(yield func(hit) bool) {
		for start, end := range runs(text, addressBytes) {
			if word(text, start-1) || word(text, end) {
				continue
			}
			for end > start && (text[end-1] == '.' || text[end-1] == ':' && !strings.HasSuffix(text[start:end], "::")) {
				end--
			}
			run := text[start:end]
			if len(run) < len("::1") || len(run) > len("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255") || strings.Count(run, ":") < 2 {
				continue
			}
			addr, err := netip.ParseAddr(run)
			if err == nil && !yield(hit{start: start, end: end, value: addr.String()}) {
				return
			}
		}
	}
}

// hexOf makes a finder of words of n hexadecimal digits. One digit n times is a filler, no digest.
func hexOf(n int) finder {
	return func(text string) iter.Seq[hit] {
		return func(yield func(hit) bool) {
			for start, end := range runs(text, wordBytes) {
				if end-start != n || !hexadecimal(text[start:end]) || strings.Count(text[start:end], text[start:start+1]) == n {
					continue
				}
				if word(text, start-1) || word(text, end) {
					continue
				}
				if !yield(hit{start: start, end: end, value: strings.ToLower(text[start:end])}) {
					return
				}
			}
		}
	}
}

func hexadecimal(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') && (c < 'A' || c > 'F') {
			return false
		}
	}
	return true
}

// findCVEs yields CVE identifiers: a year from 1999 on and four digits or more.
func findCVEs(text string) iter.Seq[hit] {
	return func(yield func(hit) bool) {
		for start, end := range runs(text, cveBytes) {
			run := text[start:end]
			if len(run) < len("CVE-1999-0001") || len(run) > len("CVE-1999-0123456789") || word(text, start-1) || word(text, end) {
				continue
			}
			run = strings.TrimRight(run, "-")
			value := strings.ToUpper(run)
			year, number, ok := strings.Cut(strings.TrimPrefix(value, "CVE-"), "-")
			if !ok || len(year) != 4 || year < "1999" || !digits(year) || len(number) < 4 || !digits(number) || !strings.HasPrefix(value, "CVE-") {
				continue
			}
			if !yield(hit{start: start, end: start + len(run), value: value}) {
				return
			}
		}
	}
}

var cveBytes = bytesOf("0-9CVEcve" + "-")

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// findDomains yields host names under a public suffix, or under a name set aside
// for examples or Tor: not the suffix itself, and nothing that stands before an @.
func findDomains(text string) iter.Seq[hit] {
	return func(yield func(hit) bool) {
		for start, end := range runs(text, hostBytes) {
			if end < len(text) && text[end] == '@' || start > 0 && text[start-1] == '%' {
				continue
			}
			start, end = trimHost(text, start, end)
			name, ok := domain(text[start:end])
			if !ok || proseDot(text[start:end]) {
				continue
			}
			if !yield(hit{start: start, end: end, value: name}) {
				return
			}
		}
	}
}

// trimHost takes off what cannot stand at the ends of a host name.
func trimHost(text string, start, end int) (int, int) {
	for end > start && (text[end-1] == '.' || text[end-1] == '-') {
		end--
	}
	for start < end && (text[start] == '.' || text[start] == '-') {
		start++
	}
	return start, end
}

// proseDot tells two sentences without a blank between them ("until Monday.So
// please") from a name: the second begins like a sentence and looks like a country code.
func proseDot(s string) bool {
	i := strings.LastIndexByte(s, '.')
	last := s[i+1:]
	return len(last) == 2 && last[0] <= 'Z' && last[1] >= 'a' && strings.Count(s, ".") == 1
}

const maxHostName = 253 // RFC 1035, section 2.3.4, without the root's dot

// domain returns a host name in lower case, and whether it could be registered.
func domain(s string) (string, bool) {
	if len(s) > maxHostName || len(s) < len("a.bc") || !strings.Contains(s, ".") {
		return "", false
	}
	name := strings.ToLower(s)
	ascii := name
	if !isASCII(name) {
		var err error
		if ascii, err = idna.Lookup.ToASCII(name); err != nil {
			return "", false
		}
	}
	if !labels(ascii) {
		return "", false
	}
	return name, registrable(ascii)
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// labels reports whether each label has a length and shape that names have (RFC
// 1123, section 2.1; the underscore is in use at the front).
func labels(name string) bool {
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' || strings.LastIndexByte(label, '_') > 0 {
			return false
		}
	}
	return true
}

// registrable reports whether a name ends in a public suffix and has more than it.
func registrable(name string) bool {
	top := name[strings.LastIndexByte(name, '.')+1:]
	if digits(top) {
		return false
	}
	if top == "onion" || contains(reservedNames, top) {
		return true
	}
	suffix, icann := publicsuffix.PublicSuffix(name)
	if icann {
		return suffix != name
	}
	return strings.Contains(suffix, ".") // the list's private part: the suffix is somebody's name too
}

func contains(list []string, s string) bool {
	for _, e := range list {
		if e == s {
			return true
		}
	}
	return false
}

// findEmails yields addresses whose domain is one that findDomains would take.
func findEmails(text string) iter.Seq[hit] {
	return func(yield func(hit) bool) {
		from := 0
		for {
			at := strings.IndexByte(text[from:], '@')
			if at < 0 {
				return
			}
			at += from
			h, ok := emailAround(text, from, at)
			from = at + 1
			if ok {
				from = h.end
				if !yield(h) {
					return
				}
			}
		}
	}
}

const maxLocalPart = 64 // RFC 5321, section 4.5.3.1.1

// emailAround reads the address whose at sign is at; it does not reach back beyond from.
func emailAround(text string, from, at int) (hit, bool) {
	start := at
	for start > from && at-start <= maxLocalPart && localBytes[text[start-1]] {
		start--
	}
	for start < at && strings.IndexByte(".=/?&#*", text[start]) >= 0 {
		start++
	}
	end := at + 1
	for end < len(text) && end-at <= maxHostName+1 && hostBytes[text[end]] {
		end++
	}
	_, end = trimHost(text, at+1, end)
	local := text[start:at]
	if i := strings.LastIndexAny(local, "=&?/"); i >= 0 && strings.Contains(local, "=") { // user=a@b in a query
		start, local = start+i+1, local[i+1:]
	}
	name, ok := domain(text[at+1 : max(at+1, end)])
	if !ok || local == "" || len(local) > maxLocalPart || strings.HasSuffix(local, ".") || strings.Contains(local, "..") || !utf8.ValidString(local) {
		return hit{}, false
	}
	return hit{start: start, end: end, at: at, value: local + "@" + name}, true
}
