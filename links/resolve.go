package links

import (
	"strings"
	"unicode/utf8"

	"github.com/nlnwa/whatwg-url/url"
)

// Limits of what is resolved: the parser takes quadratic time for what is long,
// and for many at signs and slashes. What is beyond them is listed as written.
const (
	maxTarget   = 8 << 10 // bytes
	maxSigns    = 32      // at signs; a user name needs none
	maxSegments = 500     // of a path
)

func costly(target string) bool {
	return len(target) > maxTarget || strings.Count(target, "@") > maxSigns || strings.Count(target, "/")+strings.Count(target, "\\") > maxSegments
}

// Resolve returns a target as a browser writes it (WHATWG URL Standard): tabs
// and line ends left out, backslashes read as slashes, the host decoded, mapped to ASCII
// and, where it is a number, written as an IPv4 address. base may be ""; then a relative
// target is not ok. A host that no browser accepts is not ok either.
func Resolve(base, target string) (resolved string, ok bool) {
	u, ok := parse(base, target)
	if !ok {
		return "", false
	}
	return u.Href(false), true
}

// Host returns the host of a target as Resolve does: in ASCII, IPv6 without
// brackets, no dot at its end; "" for a target without one.
func Host(target string) string {
	if host, ok := plainHost(target); ok {
		return host
	}
	u, ok := parse("", target)
	if !ok {
		return ""
	}
	return strings.TrimSuffix(strings.Trim(u.Hostname(), "[]"), ".")
}

// plainHost is the host of a web address in which there is nothing to interpret: it
// is the same however it is read, and most links are such. Names with hyphens at their third and
// fourth place are Punycode, perhaps, and a last label that begins with a digit is a number.
func plainHost(target string) (string, bool) {
	rest, ok := strings.CutPrefix(target, "https://")
	if !ok {
		if rest, ok = strings.CutPrefix(target, "http://"); !ok {
			return "", false
		}
	}
	label, end := 0, 0
	for ; end < len(rest); end++ {
		c := rest[end]
		if c == '.' {
			if end == label {
				return "", false
			}
			label = end + 1
			continue
		}
		if c == '-' && end-label == 3 && rest[end-1] == '-' || end-label > 62 {
			return "", false
		}
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			break
		}
	}
	if end == label || end > maxPlainHost || rest[label] < 'a' || end < len(rest) && strings.IndexByte("/?#", rest[end]) < 0 || costly(target) {
		return "", false
	}
	return rest[:end], true
}

// maxPlainHost is the longest name in the DNS, bytes.
const maxPlainHost = 253

// parser is the library's with what Chromium does otherwise: ^ and | are
// escaped in paths (the standard has caught up since), a host that begins with xn--
// need not be valid Punycode, and a space in a host is escaped.
var parser = url.NewParser(
	url.WithPathPercentEncodeSet(url.PathPercentEncodeSet.Set('^', '|')),
	url.WithPreParseHostFunc(func(_ *url.Url, host string) string {
		if host = bounded(host); !isASCII(host) || host == "" || host[0] == '[' {
			return host
		}
		return standIns.Replace(strings.ToLower(host))
	}),
	url.WithPostParseHostFunc(func(_ *url.Url, host string) string { return standFor.Replace(host) }),
)

// What the library refuses is hidden from it behind words that nobody registers.
const (
	punycodeStandIn = "xnqpunycodeq"
	spaceStandIn    = "qspaceq7f3aq"
)

var (
	standIns = strings.NewReplacer("xn--", punycodeStandIn, " ", spaceStandIn, "%20", spaceStandIn)
	standFor = strings.NewReplacer(punycodeStandIn, "xn--", spaceStandIn, "%20")
	strict   = url.NewParser(url.WithPreParseHostFunc(func(_ *url.Url, host string) string { return bounded(host) }))
)

// maxForeignHost bounds, in bytes, a host that must be mapped to ASCII: Punycode
// takes quadratic time. Names in the DNS have 253 characters at most.
const maxForeignHost = 1 << 10

// bounded returns a host that no parser takes for one that is too long.
func bounded(host string) string {
	if len(host) > maxForeignHost && (!isASCII(host) || strings.Contains(host, "%")) {
		return "<"
	}
	return host
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf })
}

// resolver is Resolve for many targets of one base, which is read once.
func resolver(base string) func(target string) (string, bool) {
	begin, ok := parseAt(nil, base)
	if base == "" || !ok {
		begin = nil
	}
	return func(target string) (string, bool) {
		u, ok := parseAt(begin, target)
		if !ok {
			return "", false
		}
		return u.Href(false), true
	}
}

func parse(base, target string) (*url.Url, bool) {
	if base == "" {
		return parseAt(nil, target)
	}
	begin, ok := parseAt(nil, base)
	if !ok {
		return nil, false
	}
	return parseAt(begin, target)
}

func parseAt(base *url.Url, target string) (u *url.Url, ok bool) {
	if costly(target) {
		return nil, false
	}
	// The parser is asked with bytes of strangers: what it cannot bear is no URL.
	defer func() {
		if recover() != nil {
			u, ok = nil, false
		}
	}()
	p := parser
	if lower := strings.ToLower(target); strings.Contains(lower, punycodeStandIn) || strings.Contains(lower, spaceStandIn) {
		p = strict // somebody has read this file
	}
	u, err := p.BasicParser(target, base, nil, url.NoState)
	return u, err == nil
}
