package indicators

import (
	"iter"
	"net/netip"
	"strings"
)

var (
	digitsAndDots = bytesOf("0-9.")
	addressBytes  = bytesOf("0-9a-fA-F:.")
	wordBytes     = bytesOf("0-9A-Za-z_")
	hostBytes     = bytesOf("0-9A-Za-z._" + "-")
	// RFC 5322, section 3.2.3 (atext and the dot), less what stands around addresses in
	// prose more often than in them (quotes, braces); an apostrophe counts between letters only.
	localBytes = bytesOf("0-9A-Za-z.!#$%&*+/=?^_~'" + "-")
)

// findIPv4 yields dotted quads whose octets are 0 to 255 without leading zeros
// (RFC 6943, section 3.1.1, on why those are ambiguous), alone or as the last word of a sentence.
func findIPv4(text string) iter.Seq[hit] {
	return func(yield func(hit) bool) {
		h := hiding{text: text, names: versionFields}
		for start, end := range runs(text, digitsAndDots) {
			if end-start < len("0.0.0.0") {
				continue
			}
			if end < len(text) && text[end-1] == '.' && text[end] >= 'a' && text[end] <= 'z' {
				continue // 4.3.2.1.in-addr.arpa
			}
			for end > start && text[end-1] == '.' {
				end--
			}
			if end-start > len("255.255.255.255") || word(text, start-1) || word(text, end) {
				continue
			}
			if hyphenated(text, start, end) || mapped(text, start, end) || version(text, start) || h.covers(start) {
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
	return start > 1 && text[start-1] == '-' && word(text, start-2) && !strings.Contains(text[max(0, start-5):start], ".") ||
		end+1 < len(text) && text[end] == '-' && wordBytes[text[end+1]] && !digitsAndDots[text[end+1]]
}

// findIPv6 yields addresses in any form of RFC 4291, section 2.2, in the form of RFC 5952.
func findIPv6(text string) iter.Seq[hit] {
	return func(yield func(hit) bool) {
		for start, end := range runs(text, addressBytes) {
			if start >= 3 && strings.EqualFold(text[start-3:start], "IPv") && strings.HasPrefix(text[start:end], "6:") {
				start += 2 // a domain literal
			} else if word(text, start-1) {
				continue
			}
			if word(text, end) {
				continue
			}
			for end > start && (text[end-1] == '.' || text[end-1] == ':' && !strings.HasSuffix(text[start:end], "::")) {
				end--
			}
			run := text[start:end]
			if len(run) < len("::1") || len(run) > len("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255") || strings.Count(run, ":") < 2 {
				continue
			}
			if !strings.ContainsAny(run, "0123456789") && (start == 0 || text[start-1] != '[') {
				continue // dead::beef is a name in code more often than an address
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
