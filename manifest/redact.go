package manifest

import (
	"encoding/base64"
	"net/url"
	"strings"
)

// minSecret is the length from which a secret is taken out of foreign text: to
// replace a shorter one would garble the text and hide nothing.
const minSecret = 6

// Redact takes the secrets among the values out of a text, in clear, in base64
// and in their form in a URL: the last line of defence where foreign text, such
// as a server's answer, is shown.
func (v *Values) Redact(text string) string {
	for i := range v.fields {
		secret, _ := v.given[v.fields[i].ID].(string)
		if !v.fields[i].Secret() || len(secret) < minSecret {
			continue
		}
		coded := base64.StdEncoding.EncodeToString([]byte(secret))
		for _, form := range []string{secret, strings.TrimRight(coded, "="), url.QueryEscape(secret), url.PathEscape(secret)} {
			text = strings.ReplaceAll(text, form, "[secret]")
		}
	}
	return text
}
