package indicators

import (
	"cmp"
	"slices"
	"strings"
)

// spot is a place from which on the refanged text runs along the original one.
type spot struct {
	clean, orig int
	replaced    bool // what follows up to the next spot stands for something else in the original
}

// spots are ascending in both texts.
type spots []spot

// original returns the offset in the original text.
func (s spots) original(clean int) int {
	i, exact := slices.BinarySearchFunc(s, clean, func(p spot, at int) int { return cmp.Compare(p.clean, at) })
	if !exact {
		i--
	}
	if i < 0 {
		return clean
	}
	return s[i].orig + clean - s[i].clean
}

// touch reports whether something was replaced between start and end.
func (s spots) touch(start, end int) bool {
	i, _ := slices.BinarySearchFunc(s, start, func(p spot, at int) int { return cmp.Compare(p.clean, at) })
	for ; i < len(s) && s[i].clean < end; i++ {
		if s[i].replaced {
			return true
		}
	}
	return false
}

// fangs are what people put into brackets so that no program makes a link of it.
var fangs = map[string]string{
	".": ".", "dot": ".", "d0t": ".", "punkt": ".",
	"@": "@", "at": "@", "et": "@",
	":": ":", "://": "://", ":/": ":/", "//": "//", "/": "/", ":\\\\": "://", "\\\\": "//",
}

const longestFang = 5 // bytes between the brackets

// keycap makes a button of the digit before it: an emoji, which is no part of anything.
const keycap = "\u20e3"

// refang returns the text with bracketed dots, at signs and colons as they were
// before somebody made them harmless. The scheme hxxp is left to findURLs.
func refang(text string) (string, spots) {
	if !strings.ContainsAny(text, "[({]\\") && !strings.Contains(text, keycap) {
		return text, nil
	}
	var b strings.Builder
	var places spots
	from := 0
	for i := 0; i < len(text); i++ {
		if text[i] == keycap[0] && strings.HasPrefix(text[i:], keycap) {
			start := from + len(strings.TrimSuffix(text[from:i], "\ufe0f")) - 1 // the digit
			start = max(start, from)
			b.WriteString(text[from:start])
			places = append(places, spot{b.Len(), start, true})
			b.WriteByte(' ')
			from = i + len(keycap)
			places = append(places, spot{b.Len(), from, false})
			i = from - 1
			continue
		}
		if text[i] != '\\' && text[i] != '.' && text[i] != ':' && closings[text[i]] == 0 {
			continue
		}
		meant, n := fangAt(text, i)
		if n == 0 {
			meant, n = halfFang(text, i)
		}
		if n == 0 {
			continue
		}
		start, end := i, i+n
		if n > 3 && closings[text[i]] != 0 { // "user (at) example (dot) com"
			start, end = widen(text, from, start, end)
		}
		b.WriteString(text[from:start])
		places = append(places, spot{b.Len(), start, true})
		b.WriteString(meant)
		places = append(places, spot{b.Len(), end, false})
		from, i = end, end-1
	}
	b.WriteString(text[from:])
	return b.String(), places
}

var closings = [256]byte{'[': ']', '(': ')', '{': '}'}

// fangAt returns what the brackets that open at i mean, and how many bytes they take; 0 for other text.
func fangAt(text string, i int) (string, int) {
	closing := closings[text[i]]
	if closing == 0 {
		return "", 0
	}
	inside := text[i+1 : min(len(text), i+2+longestFang)]
	n := strings.IndexByte(inside, closing)
	if n < 1 {
		return "", 0
	}
	meant, ok := fangs[strings.ToLower(strings.TrimSpace(inside[:n]))]
	if !ok {
		return "", 0
	}
	return meant, n + 2
}

// halfFang reads what people write with half of the brackets, or with a
// backslash: evil[.com, evil.]com, evil\.com, hxxp:\\evil.com. What stands on both sides must be of a name or an address.
func halfFang(text string, i int) (string, int) {
	if i == 0 || i+2 >= len(text) {
		return "", 0
	}
	pair := text[i : i+2]
	if pair == ":\\" && text[i+2] == '\\' {
		if _, _, ok := schemeBefore(text[max(0, i-longestScheme-1):i]); ok {
			return "://", 3
		}
		return "", 0
	}
	before, after := text[i-1], text[i+2]
	if pair != "[." && pair != ".]" && pair != "\\." || !alnumBytes[before] || !alnumBytes[after] {
		return "", 0
	}
	if pair != "\\." && (letter(after) && !letter(before) && pair == ".]" || !letter(after) && letter(before)) {
		return "", 0 // x[.5 and 1.]a are no names
	}
	return ".", 2
}

// widen takes in a space on both sides, where there is one on both.
func widen(text string, from, start, end int) (int, int) {
	if start-1 >= from && text[start-1] == ' ' && end < len(text) && text[end] == ' ' {
		return start - 1, end + 1
	}
	return start, end
}
