package indicators

import (
	"iter"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

// findDomains yields host names under a public suffix, or under a name set aside
// for examples or Tor: not the suffix itself, nothing that stands before an @, and no names of files or of code.
func findDomains(text string) iter.Seq[hit] {
	return func(yield func(hit) bool) {
		h := hiding{text: text, names: identifierFields}
		for i := 0; i < len(text); {
			start := i
			if i = asciiHostEnd(text, i); i < len(text) && text[i] >= utf8.RuneSelf {
				i = hostEnd(text, start)
			} else if strings.IndexByte(text[start:i], '.') < 0 {
				i = max(i, start+1)
				continue
			}
			if i == start {
				i++
				continue
			}
			found, ok := domainIn(text, start, i)
			if ok && !h.identifier(found.start) && !generatedHost(text, found.start) && !yield(found) {
				return
			}
		}
	}
}

// asciiHostEnd is hostEnd for what is ASCII.
func asciiHostEnd(text string, i int) int {
	for i < len(text) && hostBytes[text[i]] {
		i++
	}
	return i
}

// generatedHost tells the host of a Message-ID in angle brackets.
func generatedHost(text string, start int) bool {
	if start == 0 || text[start-1] != '@' {
		return false
	}
	open := strings.LastIndexAny(text[max(0, start-200):start], "<> \t\r\n")
	if open < 0 || text[max(0, start-200)+open] != '<' {
		return false
	}
	begin := max(0, start-200) + open + 1
	end := hostEnd(text, start)
	return generated(text, hit{start: begin, at: start - 1, end: end})
}

// domainIn reads the name in a run of what names hold.
func domainIn(text string, start, end int) (hit, bool) {
	if end < len(text) && text[end] == '@' || start > 0 && text[start-1] == '%' || !strings.Contains(text[start:end], ".") {
		return hit{}, false
	}
	start, end = cutScripts(text, start, end)
	start, end = trimHost(text, start, end)
	end = trimSuffix(text, start, end)
	if start >= end {
		return hit{}, false
	}
	name, ascii, ok := domain(text[start:end])
	if !ok || proseDot(text[start:end]) || notAName(text, start, end) {
		return hit{}, false
	}
	return hit{start: start, end: end, value: name, ascii: ascii}, true
}

// trimSuffix shortens a name in a script without spaces to where its last label
// is a top-level name: the sentence goes on behind it.
func trimSuffix(text string, start, end int) int {
	label := strings.LastIndexByte(text[start:end], '.') + 1
	if isASCII(text[start+label : end]) {
		return end
	}
	from, most := start+label, 12
	for cut := end; cut > from && most > 0; most-- {
		if _, _, ok := domain(text[start:cut]); ok {
			return cut
		}
		cut--
		for cut > from && text[cut]&0xc0 == 0x80 {
			cut--
		}
		if cut <= from {
			break
		}
	}
	return end
}

// trimHost takes off what cannot stand at the ends of a host name.
func trimHost(text string, start, end int) (int, int) {
	whole := end
	for end > start && (text[end-1] == '.' || text[end-1] == '-' || text[end-1] == '_') {
		end--
	}
	for start < end && (text[start] == '.' || text[start] == '-' || text[start] == '_' && (end < whole && text[end] == '_' || !underscored(text[start:end]))) {
		start++
	}
	return start, end
}

// underscored tells _dmarc.example.org from _emphasis_ around a name.
func underscored(s string) bool {
	label, _, _ := strings.Cut(s, ".")
	return strings.Count(label, "_") == 1 && len(label) > 1
}

// proseDot tells two sentences without a space between them ("until Monday.So
// please") from a name: the second begins like a sentence and looks like a top-level name.
func proseDot(s string) bool {
	i := strings.LastIndexByte(s, '.')
	last := s[i+1:]
	return len(last) > 1 && last[0] >= 'A' && last[0] <= 'Z' && last[1] >= 'a' && strings.Count(s, ".") == 1 &&
		!contains([]string{"Com", "Net", "Org", "Info", "Biz"}, last)
}

const maxHostName = 253 // RFC 1035, section 2.3.4, without the root's dot

// domain returns a host name in lower case and in ASCII, and whether it could be registered.
func domain(s string) (name, ascii string, ok bool) {
	if len(s) > maxHostName || len(s) < len("a.bc") || !strings.Contains(s, ".") {
		return "", "", false
	}
	name = strings.ToLower(s)
	if ascii = name; !isASCII(name) {
		var err error
		if ascii, err = idna.Lookup.ToASCII(name); err != nil {
			return "", "", false
		}
	}
	if !labels(ascii) {
		return "", "", false
	}
	return name, ascii, registrable(ascii)
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
