package filters

import (
	"errors"
	"net/url"
	"strings"
	"unicode"
)

// ErrTwoAddresses is what a value of an address field gets that holds more than one.
var ErrTwoAddresses = errors.New(`holds two addresses: separate them by a comma ("a@corp.example, b@corp.example")`)

// Address takes from a value of from, to or their Not forms what people paste
// along with it: mailto:, a display name, angle brackets (RFC 5322, section
// 3.4), invisible characters. *@corp.example becomes @corp.example. Its one
// error is ErrTwoAddresses.
func Address(value string) (string, error) {
	v := strings.TrimFunc(value, invisible)
	if isMailto(v) {
		v = fromMailto(v)
	}
	if inner, ok := angleAddr(v); ok {
		return wholeDomain(inner), nil
	}
	parts := strings.FieldsFunc(v, func(r rune) bool { return r == ';' || invisible(r) })
	if severalAddresses(parts) {
		return "", ErrTwoAddresses
	}
	if len(parts) == 1 && isAddressOrDomain(parts[0]) {
		v = bare(parts[0]) // a semicolon stood in front of it or behind it
	}
	return wholeDomain(v), nil
}

// invisible characters stand around a value that was copied from a page or a document.
func invisible(r rune) bool {
	return unicode.IsSpace(r) || r == '\ufeff' || r == '\u2060' || r >= '\u200b' && r <= '\u200f'
}

func isMailto(v string) bool {
	return len(v) > len("mailto:") && strings.EqualFold(v[:len("mailto:")], "mailto:")
}

// fromMailto returns the address of a mailto URI (RFC 6068), without its header fields.
func fromMailto(v string) string {
	to, _, _ := strings.Cut(v[len("mailto:"):], "?")
	if plain, err := url.PathUnescape(to); err == nil {
		to = plain
	}
	return strings.TrimFunc(to, invisible)
}

// angleAddr returns the address of `Jane Doe <jane@corp.example>`. What stands in
// front of the bracket is a name unless it is, or ends in, another address without quotes.
func angleAddr(v string) (string, bool) {
	name, rest, found := strings.Cut(strings.TrimRight(v, "; "), "<")
	inner, isLast := strings.CutSuffix(rest, ">")
	if !found || !isLast || !isAddressOrDomain(inner) {
		return "", false
	}
	inner = bare(inner)
	for _, word := range strings.FieldsFunc(name, func(r rune) bool { return r == ';' || invisible(r) }) {
		if _, _, kind := classify(word); kind == isAddress && !strings.ContainsAny(word, `"*`) && Fold(word) != Fold(inner) {
			return "", false
		}
	}
	return inner, true
}

// severalAddresses reports whether the words of a value are a list of addresses.
func severalAddresses(words []string) bool {
	addresses, domains := 0, 0
	for _, word := range words {
		local, host, _ := strings.Cut(bare(word), "@")
		switch _, domain, kind := classify(bare(word)); {
		case kind == isAddress, kind == isDomain && len(domain) < len(bare(word)): // @corp.example
			addresses++
		case kind == isText && local != "" && host != "": // a@localhost
			addresses++
		case kind == isDomain:
			domains++
		}
	}
	return addresses > 1 || len(words) > 1 && addresses+domains == len(words)
}

func isAddressOrDomain(word string) bool {
	_, _, kind := classify(bare(word))
	return kind != isText
}

// bare is a word without mailto: and angle brackets.
func bare(word string) string {
	word = strings.Trim(word, "<>")
	if isMailto(word) {
		return fromMailto(word)
	}
	return word
}

// wholeDomain writes *@corp.example as the domain that it means.
func wholeDomain(v string) string {
	if domain, ok := strings.CutPrefix(v, "*@"); ok && looksLikeDomain(domain) {
		return "@" + domain
	}
	return v
}

// wildcard is a value with *, which stands for any run of characters.
type wildcard struct {
	forms [][]string // what stands between the stars, as written and with the domain in ASCII
	names bool       // display names are looked at too
}

// newWildcard returns ok false for a value that is no wildcard.
func newWildcard(v string) (w wildcard, ok bool) {
	if !strings.Contains(v, "*") || strings.ContainsFunc(v, unicode.IsSpace) {
		return wildcard{}, false
	}
	w.forms = append(w.forms, strings.Split(Fold(v), "*"))
	if at := strings.LastIndexByte(v, '@'); at >= 0 {
		w.forms = append(w.forms, strings.Split(canonical(v[:at], v[at+1:]), "*"))
	}
	// A display name that looks like the address must not pass for it.
	w.names = !strings.ContainsAny(v, "@.")
	return w, true
}

// match reports whether the whole folded text is meant.
func (w wildcard) match(folded string) bool {
	for _, pieces := range w.forms {
		if between(pieces, folded) {
			return true
		}
	}
	return false
}

// Like reports whether a text fits a pattern in which each * stands for any run of
// characters, none included.
func Like(pattern, text string) bool {
	pieces := strings.Split(pattern, "*")
	return len(pieces) == 1 && pattern == text || len(pieces) > 1 && between(pieces, text)
}

// between reports whether text starts with the first piece, ends with the last
// one, and has the others in between, in this order.
func between(pieces []string, text string) bool {
	last := len(pieces) - 1
	rest, starts := strings.CutPrefix(text, pieces[0])
	if !starts {
		return false
	}
	rest, ends := strings.CutSuffix(rest, pieces[last])
	if !ends {
		return false
	}
	for _, piece := range pieces[1:last] {
		at := strings.Index(rest, piece)
		if at < 0 {
			return false
		}
		rest = rest[at+len(piece):]
	}
	return true
}
