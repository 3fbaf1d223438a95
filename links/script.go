package links

import (
	"encoding/base64"
	"encoding/hex"
	"iter"
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
	scriptCost  = 64      // bytes that a script counts beside its own: a document may have a million
	maxLiterals = 200     // texts in base64 that are read, of each encoding inside of another
	maxWrapped  = 4       // encodings inside of one another, the script counted
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
	if *left <= 0 {
		*left = -1
		return nil, nil
	}
	cut := len(text) > *left/2 // it is read as it is written and with its escapes undone
	inside := []string{strings.ToValidUTF8(text[:min(len(text), *left/2)], "\uFFFD")}
	for range maxWrapped {
		var next []string
		for _, text := range inside {
			take(text)
			plain := unescaped(text)
			take(plain)
			if strings.Contains(plain, "//:") { // http:// backwards
				backwards := []rune(plain)
				slices.Reverse(backwards)
				take(string(backwards))
			}
			for decoded := range literals(plain) {
				if len(next) >= maxLiterals || *left <= 0 {
					break
				}
				next = append(next, decoded)
				if strings.ContainsRune(decoded, '<') {
					documents = append(documents, decoded)
				}
			}
		}
		inside = next
	}
	if cut {
		*left = -1
	}
	return forms, documents
}

// literals yields the texts that base64 and hexadecimal digits in a script hold.
func literals(plain string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, at := range base64Literals().FindAllStringIndex(plain, -1) {
			literal := plain[at[0]:at[1]]
			if raw, err := hex.DecodeString(literal); err == nil && isText(string(raw)) {
				if !yield(string(raw)) {
					return
				}
				continue
			}
			if _, ok := readable(literal[:min(len(literal), 64)&^3]); !ok { // most words are none
				continue
			}
			if decoded, ok := readable(literal); ok && !yield(decoded) {
				return
			}
		}
	}
}

var (
	base64Literals = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`[A-Za-z0-9+/_-]{` + strconv.Itoa(minLiteral) + `,}={0,2}`)
	})
	joints  = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile("[\"'`]\\s*[+&]\\s*[\"'`]") })
	listed  = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile("[\"'`]\\s*,\\s*[\"'`]") })
	escaped = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`\\x[0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\u\{[0-9a-fA-F]{1,6}\}|%[0-9a-fA-F]{2}|\\/`)
	})
	charCodes = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?:0x[0-9a-fA-F]{2}|\d{2,3})(?:\s*,\s*(?:0x[0-9a-fA-F]{2}|\d{2,3})){7,}`)
	})
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
		n, err := strconv.ParseUint(strings.Trim(s, `\xu%{}`), 16, 32)
		if err != nil || n < ' ' || n > unicode.MaxASCII {
			return s
		}
		return string(rune(n))
	})
	text = charCodes().ReplaceAllStringFunc(text, func(s string) string {
		var out []byte
		for one := range strings.SplitSeq(s, ",") {
			one = strings.TrimSpace(one)
			if !strings.HasPrefix(one, "0x") {
				one = strings.TrimLeft(one, "0") // no octal number
			}
			n, err := strconv.ParseInt(one, 0, 32)
			if err != nil || n < '\t' || n > unicode.MaxASCII {
				return s
			}
			out = append(out, byte(n))
		}
		return string(out)
	})
	text = joints().ReplaceAllString(text, "")
	if strings.Contains(text, ".join(") {
		text = listed().ReplaceAllString(text, "")
	}
	return text
}

// readable is the text in base64, in UTF-8 or as PowerShell wants it in UTF-16; false where it is none.
func readable(literal string) (string, bool) {
	literal = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(literal, "="))
	if len(literal)%4 == 1 { // a letter of the script stands behind it
		literal = literal[:len(literal)-1]
	}
	raw, err := base64.RawStdEncoding.DecodeString(literal)
	if err != nil {
		return "", false
	}
	text := string(raw)
	if len(raw) > 2 && raw[1] == 0 {
		text = strings.ReplaceAll(text, "\x00", "")
	}
	return text, isText(text)
}

func isText(s string) bool {
	return s != "" && utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' && r != '\t' && r != '\n' && r != '\r' })
}

var entityDeclaration = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`<!ENTITY\s+([\w.-]{1,64})\s+(?:"([^"<]{0,1000})"|'([^'<]{0,1000})')`)
})

const maxEntities = 50

// expandEntities replaces the entities that an SVG or XHTML document declares itself
// by their text, as browsers do. What would grow too much stays as it is.
func expandEntities(markup string) string {
	if !strings.Contains(markup, "<!ENTITY") {
		return markup
	}
	var pairs []string
	grown := len(markup)
	for _, m := range entityDeclaration().FindAllStringSubmatch(markup, maxEntities) {
		name, text := "&"+m[1]+";", m[2]+m[3]
		pairs = append(pairs, name, text)
		grown += strings.Count(markup, name) * len(text)
	}
	if grown > maxDocument || len(pairs) == 0 {
		return markup
	}
	return strings.NewReplacer(pairs...).Replace(markup)
}
