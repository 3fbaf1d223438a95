package links

import (
	"strings"

	"github.com/nlnwa/whatwg-url/url"
)

// maxTarget bounds what is resolved, in bytes. Chromium follows nothing longer than 2 MiB, and no link needs that much.
const maxTarget = 64 << 10

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
	u, ok := parse("", target)
	if !ok {
		return ""
	}
	return strings.TrimSuffix(strings.Trim(u.Hostname(), "[]"), ".")
}

func parse(base, target string) (u *url.Url, ok bool) {
	if len(target) > maxTarget {
		return nil, false
	}
	// The parser is asked with bytes of strangers: what it cannot bear is no URL.
	defer func() {
		if recover() != nil {
			u, ok = nil, false
		}
	}()
	var err error
	if base == "" {
		u, err = url.Parse(target)
	} else {
		u, err = url.ParseRef(base, target)
	}
	return u, err == nil
}
