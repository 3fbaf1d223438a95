package indicators

import (
	"iter"
	"net/netip"
	"strconv"
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
	maxURL        = 16 << 10 // bytes: more than any browser's limit that emails are written for
	maxAuthority  = 1 << 10  // bytes of user, host and port
)

// findURLs yields http, https and ftp URLs with a host that could be one, and what
// begins with www. and goes on behind the host. The
// scheme and the host come out in lower case, the rest as it is.
func findURLs(text string) iter.Seq[hit] {
	return func(yield func(hit) bool) {
		from, bare := 0, 0 // where the next scheme, and the next www., is looked for
		for {
			colon := -1
			if i := strings.Index(text[from:], "://"); i >= 0 {
				colon = from + i
			}
			limit := len(text)
			if colon >= 0 {
				limit = max(from, colon-longestScheme)
			}
			for bare = max(bare, from); bare < limit; {
				h, next, ok := bareURL(text, bare, limit)
				bare = next
				if ok {
					if !yield(h) {
						return
					}
					from = max(from, h.end)
				}
			}
			if colon < 0 {
				return
			}
			if colon < from {
				continue // it stands inside of what was found
			}
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

// bareURL reads www.host/path from the first www. between i and limit on. next is where to go on.
func bareURL(text string, i, limit int) (h hit, next int, ok bool) {
	at := indexFold(text[i:limit], "www.")
	if at < 0 {
		return hit{}, limit, false
	}
	start := i + at
	next = start + len("www.")
	if word(text, start-1) || start > 0 && strings.IndexByte("/.@-=", text[start-1]) >= 0 {
		return hit{}, next, false
	}
	end := hostEnd(text, start)
	if end >= len(text) || text[end] != '/' && text[end] != '?' && text[end] != ':' {
		return hit{}, next, false
	}
	name, _, ok := domain(text[start:end])
	if !ok {
		return hit{}, next, false
	}
	stop := trimURL(text, end, urlEnd(text, end, opener(text, start)))
	if stop <= end {
		return hit{}, next, false
	}
	return hit{start: start, end: stop, host: start, hostEnd: end, value: "http://" + name + text[end:stop]}, stop, true
}

// indexFold is strings.Index for a word in small ASCII letters, whatever the case.
func indexFold(s, word string) int {
	for i := 0; i+len(word) <= len(s); i++ {
		if s[i]|0x20 == word[0] && strings.EqualFold(s[i:i+len(word)], word) {
			return i
		}
	}
	return -1
}

// URLs yields the URLs of a text in order, refanged, scheme and host in lower
// case, and whether each stood there defanged: those that Indicators finds, each as often as it stands there.
func URLs(text string) iter.Seq2[string, bool] {
	return func(yield func(string, bool) bool) {
		clean, spots := refang(text)
		for h := range findURLs(clean) {
			if !yield(h.value, h.defanged || spots.touch(h.start, h.end)) {
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
	stop := urlEnd(text[:min(len(text), begin+maxAuthority)], begin, opener(text, colon-n))
	host, hostEnd := authority(text[begin:stop])
	host, hostEnd = host+begin, hostEnd+begin
	written := hostEnd
	hostEnd = trimForeign(text, host, hostEnd)
	_, hostEnd = cutScripts(text, host, hostEnd) // at its front nothing is cut: it begins behind ://
	hostEnd = trimSuffix(text, host, hostEnd)
	if hostEnd != written || written != stop && !goesOn(text, hostEnd) {
		stop = hostEnd
	}
	name := asciiDots.Replace(strings.ToLower(text[host:hostEnd]))
	if !plausibleHost(name) {
		return hit{}, false
	}
	if stop > begin+maxAuthority-utf8.UTFMax { // it was cut there, perhaps inside of a character
		stop = urlEnd(text, begin, opener(text, colon-n))
	}
	end := trimURL(text, hostEnd, max(hostEnd, stop))
	return hit{
		start: colon - n, end: end, host: host, hostEnd: hostEnd,
		value:    scheme + "://" + text[begin:host] + name + text[hostEnd:end],
		defanged: !strings.EqualFold(scheme, text[colon-n:colon]),
	}, true
}

// goesOn reports whether a URL goes on behind its host.
func goesOn(text string, i int) bool {
	return i < len(text) && strings.IndexByte("/?#:\\]", text[i]) >= 0
}

// opener is the bracket or quote that a URL stands in, 0 without one.
func opener(text string, start int) byte {
	if start > 0 && strings.IndexByte("([{'", text[start-1]) >= 0 {
		return text[start-1]
	}
	return 0
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

// urlEnd returns where a URL ends: at white space, at what encloses URLs in texts
// (RFC 3986, appendix C), at punctuation, symbols and letters of other scripts, and at the bracket or quote that
// closes the one in front of it.
func urlEnd(text string, begin int, opener byte) int {
	depth, limit := 0, min(len(text), begin+maxURL)
	for i := begin; i < limit; i++ {
		switch c := text[i]; {
		case c >= utf8.RuneSelf:
			r, size := utf8.DecodeRuneInString(text[i:])
			if !continues(text, begin, i, r) {
				return i
			}
			i += size - 1
		case c <= ' ' || c == '<' || c == '>' || c == '"' || c == '`' || c == 0x7f:
			return i
		case c == '&' && entity(text[i:limit]):
			return i
		case opener == 0:
		case opener == '\'' && c == '\'':
			return i
		case c == opener:
			depth++
		case closings[opener] == c && opener != '\'':
			if depth--; depth < 0 {
				return i
			}
		}
	}
	return limit
}

// entity tells markup that was escaped once too often.
func entity(s string) bool {
	for _, e := range []string{"&quot;", "&lt;", "&gt;", "&#39;", "&#34;", "&nbsp;", "&apos;"} {
		if strings.HasPrefix(s, e) {
			return true
		}
	}
	return false
}

// continues reports whether a character beyond ASCII is part of the URL: a Latin
// letter; in the host any letter (it is cut by scripts later); a letter of a script with spaces at the beginning
// of a segment below the first one, as in /wiki/Москва, and what follows it.
func continues(text string, begin, i int, r rune) bool {
	s := scriptOf(r)
	slash := strings.IndexAny(text[begin:i], "/?#")
	if slash < 0 {
		return s != noLetter || asASCII(r) || ignored(r) || joiner(r) || dots(r) && !strings.Contains(text[begin:i], ".")
	}
	before, _ := utf8.DecodeLastRuneInString(text[:i])
	switch {
	case s == noLetter || s == spaceless:
		return false
	case unicode.Is(unicode.M, r):
		return before >= utf8.RuneSelf
	case s == latin:
		return true
	case before >= utf8.RuneSelf:
		return scriptOf(before) == s
	}
	return strings.ContainsRune("/=_-", before) && i-(begin+slash) > 1
}

// trimURL takes off the punctuation of the sentence around a URL, and closing
// brackets that the URL did not open. It takes nothing before begin.
func trimURL(text string, begin, end int) int {
	open := map[byte]int{}
	for end > begin {
		last := text[end-1]
		if closings[last] != 0 {
			end--
			continue
		}
		if opening := openings[last]; opening != 0 {
			if _, counted := open[last]; !counted {
				open[last] = strings.Count(text[begin:end], string(opening)) - strings.Count(text[begin:end], string(last))
			}
			if open[last] >= 0 {
				return end
			}
			open[last]++
		} else if strings.IndexByte(".,;:!?'*_~|\\", last) < 0 {
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
	if i := strings.IndexAny(s[host:end], ":(){}[]|,;!'*$&"); i >= 0 {
		end = host + i // the port, or the sentence goes on
	}
	for end > host && s[end-1] == '.' && (end == len(s) || strings.IndexByte("/?#:", s[end]) < 0) { // of the sentence around a URL without a path
		end--
	}
	return host, end
}

// asASCII are letters and digits of full width, in circles and in squares, which browsers
// read as ASCII in a host (UTS 46).
func asASCII(r rune) bool {
	return r >= 0xff10 && r <= 0xff19 || r >= 0xff21 && r <= 0xff3a || r >= 0xff41 && r <= 0xff5a ||
		r >= 0x2460 && r <= 0x2468 || r >= 0x24b6 && r <= 0x24ea || r >= 0x1f130 && r <= 0x1f149
}

// ignored are those that browsers drop from a host (UTS 46): nobody sees them either.
func ignored(r rune) bool {
	return r == 0xad || r == 0x200b || r == 0x2060 || r == 0x2064 || r == 0xfeff
}

// dots are those that browsers read as a dot in a host (UTS 46).
func dots(r rune) bool { return r == 0x3002 || r == 0xff0e || r == 0xff61 }

// asciiDots writes them as one.
var asciiDots = strings.NewReplacer("\u3002", ".", "\uff0e", ".", "\uff61", ".")

// trimForeign takes off what cannot end a host.
func trimForeign(text string, begin, end int) int {
	for end > begin {
		r, size := utf8.DecodeLastRuneInString(text[begin:end])
		if r < utf8.RuneSelf || scriptOf(r) != noLetter && !unicode.Is(unicode.M, r) || asASCII(r) {
			return end
		}
		end -= size
	}
	return end
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
	for _, r := range name {
		if r < utf8.RuneSelf && !hostBytes[byte(r)] || r == utf8.RuneError {
			return false
		}
	}
	return name == "localhost" || strings.Contains(name, ".") && labels(name) || numeric(name)
}

// numeric tells an IPv4 address that is written as one number (WHATWG URL, "IPv4 number parser").
func numeric(name string) bool {
	n, err := strconv.ParseUint(name, 0, 32)
	return err == nil && n > 1<<24 || strings.HasPrefix(name, "0x") && err == nil
}
