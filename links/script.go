package links

import (
	"encoding/base64"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// Limits of what is read of the scripts of one document.
const (
	maxScript   = 1 << 20 // bytes, all forms of them together
	maxLiterals = 200     // base64 that is decoded
	minLiteral  = 16      // characters: "http://a.b" has as many
)

// scriptForms are a script and what its strings say, each once, and the documents that are in it. left is what
// may be read of scripts yet. It is not run: the forms are it as it is written, with the
// escapes of its strings undone, strings joined, and what base64 in it says. That is what
// the attached pages use that take who opens them to another place.
func scriptForms(text string, left *int) (forms, documents []string) {
	take := func(form string) {
		if *left -= len(form); *left >= 0 && !slices.Contains(forms, form) {
			forms = append(forms, form)
		}
	}
	text = strings.ToValidUTF8(text[:min(len(text), maxScript)], "\uFFFD")
	take(text)
	plain := unescaped(text)
	take(plain)
	for _, literal := range base64Literals().FindAllString(plain, maxLiterals) {
		if decoded, ok := readable(literal); ok {
			take(decoded)
			if strings.ContainsRune(decoded, '<') {
				documents = append(documents, decoded)
			}
		}
	}
	return forms, documents
}

var (
	base64Literals = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`[A-Za-z0-9+/_-]{` + strconv.Itoa(minLiteral) + `,}={0,2}`)
	})
	joints  = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile("[\"'`]\\s*[+&]\\s*[\"'`]") })
	escaped = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`\\x[0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|%[0-9a-fA-F]{2}|\\/`)
	})
	charCodes = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\d{2,3}(?:\s*,\s*\d{2,3}){7,}`) })
)

// unescaped is a script with the escapes of its strings undone, numbers of characters
// made letters, and strings that are added up joined.
func unescaped(text string) string {
	if !strings.ContainsAny(text, "\\%+&,") {
		return text
	}
	text = escaped().ReplaceAllStringFunc(text, func(s string) string {
		if s == `\/` {
			return "/"
		}
		n, err := strconv.ParseUint(strings.TrimLeft(s, `\xu%`), 16, 32)
		if err != nil || n < ' ' || n > unicode.MaxASCII {
			return s
		}
		return string(rune(n))
	})
	text = charCodes().ReplaceAllStringFunc(text, func(s string) string {
		var out []byte
		for one := range strings.SplitSeq(s, ",") {
			n, err := strconv.Atoi(strings.TrimSpace(one))
			if err != nil || n < '\t' || n > unicode.MaxASCII {
				return s
			}
			out = append(out, byte(n))
		}
		return string(out)
	})
	return joints().ReplaceAllString(text, "")
}

// readable is the text in base64, false where it is none.
func readable(literal string) (string, bool) {
	literal = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(literal, "="))
	raw, err := base64.RawStdEncoding.DecodeString(literal)
	if err != nil || !utf8.Valid(raw) {
		return "", false
	}
	odd := strings.ContainsFunc(string(raw), func(r rune) bool { return r < ' ' && r != '\t' && r != '\n' && r != '\r' })
	return string(raw), !odd && len(raw) > 0
}
