package message

import (
	"strings"
	"unicode"

	"golang.org/x/net/idna"
)

// likeLatin are Cyrillic and Greek letters that look like Latin ones.
const likeLatin = "асеорхуіјѕһԁԛԝӏвкмнтαορνυικ"

// fullWidthAts look like an at sign.
const fullWidthAts = "\uFF20\uFE6B"

// lookalike reports addresses made to be taken for others: an "@" that is none,
// a domain whose labels mix scripts, or a label of letters that all look Latin.
// An honest internationalised domain (RFC 5890) is none.
func lookalike(addr string) bool {
	if isASCII([]byte(addr)) && !strings.Contains(strings.ToLower(addr), "xn--") {
		return false
	}
	if strings.ContainsAny(addr, "\uFF20\uFE6B") {
		return true
	}
	domain := addr[strings.LastIndexByte(addr, '@')+1:]
	if len(domain) > maxDomain {
		return false
	}
	if u, err := idna.Punycode.ToUnicode(strings.ToLower(domain)); err == nil {
		domain = u
	}
	for label := range strings.SplitSeq(domain, ".") {
		if deceptive(strings.ToLower(label)) {
			return true
		}
	}
	return false
}

// maxDomain is the longest domain that is looked at, bytes; RFC 1035 says 255 in ASCII.
const maxDomain = 1000

func deceptive(label string) bool {
	var latin, other, like, letters int
	for _, r := range label {
		switch {
		case !unicode.IsLetter(r):
			continue
		case unicode.Is(unicode.Latin, r):
			latin++
		case unicode.In(r, unicode.Cyrillic, unicode.Greek, unicode.Armenian, unicode.Cherokee):
			other++
		}
		if strings.ContainsRune(likeLatin, r) {
			like++
		}
		letters++
	}
	return latin > 0 && other > 0 || letters > 0 && like == letters
}
