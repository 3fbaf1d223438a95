package manifest

import (
	"net/url"

	"example.org/imap-integration/secret"
)

// Redact takes the secrets among the values out of a text, in clear, in base64
// and in their form in a URL: the last line of defence where foreign text, such
// as a server's answer, is shown.
func (v *Values) Redact(text string) string {
	for i := range v.fields {
		value, _ := v.given[v.fields[i].ID].(string)
		if v.fields[i].Secret() && value != "" {
			text = secret.Scrub(text, secretsIn(v.fields[i].ID, value)...)
		}
	}
	return text
}

// secretsIn are the secrets of a value: the whole of it, but of proxy_url the
// credentials alone, for a sentence about the proxy must name it.
func secretsIn(id, value string) []secret.String {
	u, err := url.Parse(value)
	if id != "proxy_url" || err != nil {
		return []secret.String{secret.New(value)}
	}
	if u.User == nil {
		return nil
	}
	password, _ := u.User.Password()
	return []secret.String{secret.New(u.User.String()), secret.New(u.User.Username() + ":" + password), secret.New(password)}
}
