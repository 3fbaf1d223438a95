package secret

import (
	"encoding/base64"
	"net/url"
	"strings"
)

const (
	// shortest is the length below which a secret is not looked for: replacing
	// every "a" of a sentence would hide nothing and spoil the sentence.
	shortest = 6
	// cutShort is how much of the start of a long secret is taken for the secret: foreign text
	// is cut before it is scrubbed. It is more than the first line of a key in PEM.
	cutShort = 40
)

// Scrub replaces each of these secrets in a text, as it is and in its base64,
// URL and JSON-quoted forms, and base64 of anything that holds it, as SASL sends
// it. It is for foreign text: a server may answer with what it was sent.
func Scrub(text string, secrets ...String) string {
	for _, s := range secrets {
		if len(s.value) < shortest {
			continue
		}
		for _, inner := range inBase64(s.value) {
			text = replace(text, inner, true)
		}
		for _, form := range forms(s.value) {
			text = replace(text, form, false)
		}
	}
	return text
}

// replace takes a form of a secret out of a text, also where the text ends within
// it; with word, the word of base64 around it goes too.
func replace(text, form string, word bool) string {
	start := form[:min(len(form), cutShort)]
	var out strings.Builder
	for {
		at := strings.Index(text, start)
		if at < 0 {
			break
		}
		end := at + len(start)
		for end < len(text) && end-at < len(form) && text[end] == form[end-at] {
			end++
		}
		if word {
			at = len(strings.TrimRightFunc(text[:at], ofBase64))
			end = len(text) - len(strings.TrimLeftFunc(text[end:], ofBase64))
		}
		out.WriteString(text[:at] + redacted)
		text = text[end:]
	}
	return out.String() + text
}

func ofBase64(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("+/-_=", r)
}

// forms are the ways in which a protocol may write a secret, but for base64.
func forms(v string) []string {
	list := []string{v}
	for _, f := range []string{
		url.QueryEscape(v), url.PathEscape(v), strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(v),
	} {
		if f != v {
			list = append(list, f)
		}
	}
	return list
}

// inBase64 are the characters that a secret has within the base64 of a longer
// text, which depend on where it starts there (RFC 4648, section 4): SASL PLAIN
// has the username in front of the password, XOAUTH2 more on both sides.
func inBase64(v string) []string {
	var list []string
	for offset := range 3 {
		bytes := append(make([]byte, offset), v...)
		first, end := (8*offset+5)/6, 8*len(bytes)/6 // the sextets that hold bits of the secret alone
		for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			list = append(list, encoding.EncodeToString(bytes)[first:end])
		}
	}
	return list
}
