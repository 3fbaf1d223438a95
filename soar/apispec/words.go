package apispec

import (
	"strings"
	"unicode"
)

// concepts are the words that mean the same in this trade.
func concepts() map[string]string {
	m := map[string]string{}
	for concept, words := range map[string]string{
		"email":    "email mail message msg letter",
		"incident": "incident case ticket issue investigation",
		"triage":   "triage inbox event alert queue",
		"file":     "attachment file document artifact evidence",
		"search":   "search query find filter list",
		"raw":      "raw original eml source mime rfc822 download",
		"discard":  "discard junk archive archived dismiss trash spam discarded",
		"remove":   "remove unlink delete detach disconnect",
		"note":     "note comment remark journal",
		"template": "template form",
		"link":     "link add attach relation connect assign",
	} {
		for _, w := range strings.Fields(words) {
			m[w] = concept
		}
	}
	return m
}

// split takes a name apart: mailItems, mail_items and mail-items alike.
func split(name string) (words []string) {
	var word strings.Builder
	end := func() {
		if word.Len() > 0 {
			words = append(words, strings.ToLower(word.String()))
			word.Reset()
		}
	}
	var before rune
	for _, r := range name {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			end()
		case unicode.IsUpper(r) && unicode.IsLower(before):
			end()
			word.WriteRune(r)
		default:
			word.WriteRune(r)
		}
		before = r
	}
	end()
	return words
}

// singular is a plain plural's other form.
func singular(word string) string {
	switch {
	case strings.HasSuffix(word, "ies") && len(word) > 4:
		return word[:len(word)-3] + "y"
	case strings.HasSuffix(word, "s") && !strings.HasSuffix(word, "ss") && len(word) > 3:
		return word[:len(word)-1]
	}
	return word
}

// set is the concepts that names are about.
type set map[string]bool

func (s set) add(known map[string]string, names ...string) {
	for _, name := range names {
		for _, w := range split(name) {
			if c := known[singular(w)]; c != "" {
				s[c] = true
			}
		}
	}
}

// flat is a name without style, for comparison.
func flat(name string) string { return strings.Join(split(name), "") }
