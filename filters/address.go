package filters

import (
	"strings"
	"unicode"

	"golang.org/x/net/idna"

	"example.org/imap-integration/message"
)

// addresses holds the values of From, To and their Not forms.
type addresses struct {
	exact   map[string]bool // local@domain, in the form of canonical
	domains []string        // ASCII, lower case, without the leading @
	wild    []wildcard      // values with *
	names   needles         // anything else: substring of a display name or address
}

func newAddresses(values []string) addresses {
	a := addresses{exact: map[string]bool{}}
	var names []string
	for _, v := range values {
		v = strings.TrimSpace(v)
		if w, ok := newWildcard(v); ok {
			a.wild = append(a.wild, w)
			continue
		}
		switch local, domain, kind := classify(v); kind {
		case isAddress:
			a.exact[canonical(local, domain)] = true
		case isDomain:
			a.domains = append(a.domains, asciiDomain(domain))
		default:
			names = append(names, v)
		}
	}
	a.names = newNeedles(names)
	return a
}

type valueKind int

const (
	isText valueKind = iota
	isAddress
	isDomain
)

// classify tells what a value of an address field is (filters.md).
func classify(v string) (local, domain string, kind valueKind) {
	if strings.ContainsFunc(v, unicode.IsSpace) {
		return "", "", isText
	}
	at := strings.LastIndexByte(v, '@')
	domain = v[at+1:]
	if !looksLikeDomain(domain) {
		return "", "", isText
	}
	if at > 0 {
		return v[:at], domain, isAddress
	}
	return "", domain, isDomain
}

// looksLikeDomain wants at least two labels of letters, digits and hyphens.
func looksLikeDomain(s string) bool {
	labels := strings.Split(strings.TrimSuffix(s, "."), ".")
	if len(labels) < 2 {
		return false
	}
	for _, l := range labels {
		if l == "" || strings.ContainsFunc(l, notLabel) {
			return false
		}
	}
	return true
}

func notLabel(r rune) bool {
	return r != '-' && r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r)
}

// match reports whether any of the addresses is meant by any of the values.
func (a addresses) match(all []message.Address) bool {
	for _, x := range all {
		if a.matchOne(x) {
			return true
		}
	}
	return false
}

func (a addresses) matchOne(x message.Address) bool {
	at := strings.LastIndexByte(x.Addr, '@')
	local, domain := x.Addr, ""
	if at >= 0 {
		local, domain = x.Addr[:at], asciiDomain(x.Addr[at+1:])
		if a.exact[canonical(local, x.Addr[at+1:])] {
			return true
		}
	}
	for _, d := range a.domains {
		if domain == d || strings.HasSuffix(domain, "."+d) {
			return true
		}
	}
	if len(a.wild) > 0 && a.matchWild(x, local, domain) {
		return true
	}
	if len(a.names.values) == 0 {
		return false
	}
	// A domain may stand in either form, and a value may name the other.
	return a.names.in(Fold(x.Name)) || a.names.in(Fold(x.Addr)) ||
		domain != "" && (a.names.in(Fold(local+"@"+domain)) || a.names.in(Fold(local+"@"+unicodeDomain(domain))))
}

func (a addresses) matchWild(x message.Address, local, domain string) bool {
	whole, readable := canonical(local, domain), Fold(strings.Trim(local, `"`)+"@"+unicodeDomain(domain))
	for _, w := range a.wild {
		if domain != "" && (w.match(whole) || w.match(readable)) || w.names && w.match(Fold(x.Name)) {
			return true
		}
	}
	return false
}

// canonical is the form in which two addresses are compared.
func canonical(local, domain string) string {
	return Fold(strings.Trim(local, `"`)) + "@" + asciiDomain(domain)
}

// idnaProfile maps as a browser does, without refusing what is registered nowhere.
var idnaProfile = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(false))

// asciiDomain is a domain in lower-case xn-- form (RFC 5890), without a final dot.
func asciiDomain(domain string) string {
	domain = strings.TrimSuffix(strings.TrimSpace(domain), ".")
	if a, err := idnaProfile.ToASCII(domain); err == nil {
		return strings.ToLower(a)
	}
	return strings.ToLower(domain)
}

func unicodeDomain(ascii string) string {
	if u, err := idnaProfile.ToUnicode(ascii); err == nil {
		return u
	}
	return ascii
}
