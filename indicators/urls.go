package indicators

import (
	"iter"
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"
)

// schemes are those of findURLs with what they are written as to be harmless.
var schemes = []struct{ written, meant string }{
	{"https", "https"},
	{"http", "http"},
	{"hxxps", "https"},
	{"hxxp", "http"},
	{"h**ps", "https"},
	{"h**p", "http"},
	{"ftps", "ftps"},
	{"ftp", "ftp"},
	{"fxps", "ftps"},
	{"fxp", "ftp"},
	{"sftp", "sftp"},
}

const (
	longestScheme = 5
	maxURL        = 16 << 10 // bytes: more than any browser's limit that mails are written for
	maxAuthority  = 1 << 10  // bytes of user, host and port
)

// findURLs yields http, https and ftp URLs with a host that could be one. The
// scheme and the host come out in lower case, the rest as it is.
func findURLs(text string) iter.Seq[hit] {
	return func(yield func(hit) bool) {
		from := 0
		for {
			i := strings.Index(text[from:], "://")
			if i < 0 {
				return
			}
			colon := from + i
			h, ok := urlAround(text, from, colon)
			from = colon + len("://")
			if ok {
				from = h.end
				if !yield(h) {
					return
				}
			}
		}
	}
}

// URLs yields the URLs of a text in order, refanged, scheme and host in lower
// case: those that Indicators finds, each as often as it stands there.
func URLs(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		clean, _ := refang(text)
		for h := range findURLs(clean) {
			if !yield(h.value) {
				return
			}
		}
	}
}

// urlAround reads the URL whose scheme ends at colon.
func urlAround(text string, from, colon int) (hit, bool) {
	scheme, n, ok := schemeBefore(text[max(from, colon-longestScheme-1):colon])
	if !ok {
		return hit{}, false
	}
	begin := colon + len("://")
	host, hostEnd := authority(text[begin:min(len(text), begin+maxAuthority)])
	host, hostEnd = host+begin, hostEnd+begin
	hostEnd = max(host, urlEnd(text[:hostEnd], host))
	name := strings.ToLower(text[host:hostEnd])
	if !plausibleHost(name) {
		return hit{}, false
	}
	end := trimURL(text, hostEnd, urlEnd(text, begin))
	return hit{
		start: colon - n, end: end, host: host, hostEnd: hostEnd,
		value:    scheme + "://" + text[begin:host] + name + text[hostEnd:end],
		defanged: !strings.EqualFold(scheme, text[colon-n:colon]),
	}, true
}

// schemeBefore returns the scheme at the end of a text and its length as written.
func schemeBefore(text string) (string, int, bool) {
	for _, s := range schemes {
		at := len(text) - len(s.written)
		if at >= 0 && strings.EqualFold(text[at:], s.written) && !word(text, at-1) {
			return s.meant, len(s.written), true
		}
	}
	return "", 0, false
}

// urlEnd returns where white space or what encloses URLs in texts ends one (RFC 3986, appendix C).
func urlEnd(text string, begin int) int {
	for i, r := range text[begin:min(len(text), begin+maxURL)] {
		if r <= ' ' || r == '<' || r == '>' || r == '"' || r == '`' || r == 0x7f || r == utf8.RuneError ||
			r > 0x7f && (unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Pf, r)) {
			return begin + i
		}
	}
	return min(len(text), begin+maxURL)
}

// trimURL takes off the punctuation of the sentence around a URL, and closing
// brackets that the URL did not open. It takes nothing before begin.
func trimURL(text string, begin, end int) int {
	open := map[byte]int{}
	for end > begin {
		last := text[end-1]
		if opening := openings[last]; opening != 0 {
			if _, counted := open[last]; !counted {
				open[last] = strings.Count(text[begin:end], string(opening)) - strings.Count(text[begin:end], string(last))
			}
			if open[last] >= 0 {
				return end
			}
			open[last]++
		} else if strings.IndexByte(".,;:!?'*_~", last) < 0 {
			return end
		}
		end--
	}
	return end
}

var openings = [256]byte{')': '(', ']': '[', '}': '{'}

// authority returns where the host stands in what follows the scheme (RFC 3986, section 3.2).
func authority(s string) (host, end int) {
	end = len(s)
	if i := strings.IndexAny(s, "/?#\\<>\"' \t\r\n"); i >= 0 {
		end = i
	}
	host = strings.LastIndexByte(s[:end], '@') + 1
	if strings.HasPrefix(s[host:end], "[") {
		if i := strings.IndexByte(s[host:end], ']'); i >= 0 {
			return host + 1, host + i
		}
		return host, host
	}
	if i := strings.IndexByte(s[host:end], ':'); i >= 0 {
		return host, host + i
	}
	for end > host && strings.IndexByte(".,;!?)]}*", s[end-1]) >= 0 { // of the sentence around a URL without a path
		end--
	}
	return host, end
}

// plausibleHost takes addresses, names with a dot and localhost: a URL need not
// lead to a public suffix to be worth a look.
func plausibleHost(name string) bool {
	if _, err := netip.ParseAddr(name); err == nil {
		return true
	}
	name = strings.TrimSuffix(name, ".")
	if len(name) > maxHostName || name == "" {
		return false
	}
	for i := range len(name) {
		if !hostBytes[name[i]] {
			return false
		}
	}
	return name == "localhost" || strings.Contains(name, ".") && labels(name)
}
