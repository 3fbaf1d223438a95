package secret

import (
	"encoding/base64"
	"net/url"
	"strings"
)

// shortest is the length below which a secret is not looked for: replacing
// every "a" of a sentence would hide nothing and spoil the sentence.
const shortest = 6

// Scrub replaces each of these secrets in a text, as it is and in its base64,
// URL and JSON-quoted forms. It is for foreign text: a server may answer with what it was sent.
func Scrub(text string, secrets ...String) string {
	for _, s := range secrets {
		if len(s.value) < shortest {
			continue
		}
		for _, form := range forms(s.value) {
			text = strings.ReplaceAll(text, form, redacted)
		}
	}
	return text
}

// forms are the ways in which a protocol may write a secret.
func forms(v string) []string {
	list := []string{v}
	for _, f := range []string{
		url.QueryEscape(v), url.PathEscape(v), strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(v),
		base64.StdEncoding.EncodeToString([]byte(v)), base64.RawStdEncoding.EncodeToString([]byte(v)),
		base64.URLEncoding.EncodeToString([]byte(v)), base64.RawURLEncoding.EncodeToString([]byte(v)),
	} {
		if f != v {
			list = append(list, f)
		}
	}
	return list
}
