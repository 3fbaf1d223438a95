package indicators

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// word reports whether the byte before or after a hit would make it part of a
// longer word. Indicators are ASCII but for names: a letter of another script beside one ends it as well as a space does.
func word(text string, i int) bool {
	return i >= 0 && i < len(text) && wordBytes[text[i]]
}

// script sorts letters by what can stand together in one name.
type script uint8

const (
	noLetter  script = iota
	latin            // and ASCII
	spaceless        // written without spaces, so that names stand in the middle of a sentence
	cyrillic
	greek
	arabic
	hebrew
	otherScript
)

// scriptOf returns noLetter for punctuation, symbols, emoji, white space and full-width forms.
func scriptOf(r rune) script {
	switch {
	case r < utf8.RuneSelf:
		if hostBytes[byte(r)] {
			return latin
		}
		return noLetter
	case r >= 0xff00 && r <= 0xffef, r == 0xaa, r == 0xba, !unicode.IsLetter(r) && !unicode.Is(unicode.M, r):
		return noLetter
	case unicode.Is(unicode.Latin, r):
		return latin
	case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar, unicode.Bopomofo, unicode.Yi):
		return spaceless
	case unicode.Is(unicode.Cyrillic, r):
		return cyrillic
	case unicode.Is(unicode.Greek, r):
		return greek
	case unicode.Is(unicode.Arabic, r):
		return arabic
	case unicode.Is(unicode.Hebrew, r):
		return hebrew
	}
	return otherScript
}

// joiner are characters that names may hold between letters of their script (RFC 5892, appendix A).
func joiner(r rune) bool { return r == 0x200c || r == 0x200d || r == 0xb7 || r == 0x30fc }

// hostEnd returns where the run of what names hold, from start on, ends.
func hostEnd(text string, start int) int {
	i := start
	for i < len(text) {
		if c := text[i]; c < utf8.RuneSelf {
			if !hostBytes[c] {
				return i
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		if ignored(r) && splits(text, start, i, size) {
			i += size
			continue
		}
		if scriptOf(r) == noLetter || unicode.Is(unicode.M, r) && (i == start || text[i-1] < utf8.RuneSelf) {
			return i
		}
		i += size
	}
	return i
}

// splits reports whether what nobody sees at i stands within the first label of a name,
// www aside, as in exam<U+200B>ple.com. Behind a dot it may part two names.
func splits(text string, start, i, size int) bool {
	return i > start && alnumBytes[text[i-1]] && i+size < len(text) && alnumBytes[text[i+size]] &&
		!strings.Contains(strings.TrimPrefix(text[start:i], "www."), ".")
}

// cutScripts takes off, at both ends of a name, text of another script that
// stands beside it without a space: before the first label and behind the last one.
func cutScripts(text string, start, end int) (int, int) {
	if isASCII(text[start:end]) {
		return start, end
	}
	name := text[start:end]
	first := strings.IndexByte(name, '.')
	if first < 0 {
		return start, end
	}
	last := strings.LastIndexByte(name, '.') + 1
	end = start + last + leadingScript(name[last:])
	return start + foreignPrefix(name[:first]), end
}

// leadingScript returns how long the script goes that a label begins with.
func leadingScript(label string) int {
	var of script
	for i, r := range label {
		s := scriptOf(r)
		if unicode.Is(unicode.M, r) || joiner(r) || r < utf8.RuneSelf && !letter(byte(r)) && of != latin {
			continue
		}
		if of == noLetter {
			of = s
		}
		if s != of {
			return i
		}
	}
	return len(label)
}

// foreignPrefix returns how much of the first label of a name is text before it:
// letters of another script in front of Latin ones, and whatever ends in a script
// without spaces. A letter of another script between Latin ones is part of it: that is how look-alikes are made.
func foreignPrefix(label string) int {
	cut, leading := 0, true
	for i, r := range label {
		s := scriptOf(r)
		size := utf8.RuneLen(r)
		switch {
		case s == latin && (r >= utf8.RuneSelf || letter(byte(r)) || r >= '0' && r <= '9'):
			leading = false
		case s == spaceless || leading && s != latin:
			cut = i + size
		}
	}
	if cut == len(label) {
		return 0 // all of it is of that script
	}
	return cut
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
