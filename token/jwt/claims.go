// Package jwt reads what an access token says of itself, where it is a JSON Web Token
// (RFC 7519, RFC 9068): for whom it is, what it allows and when it ends.
//
// Nothing is verified, because only the server that a token is for can do that,
// and nothing is decided here: what is read helps a person to find out
// why a token was refused. A token is foreign text: lists are bounded, texts are cut and
// escaped, dates that no calendar prints are left out.
package jwt

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"example.org/imap-integration/quote"
	"example.org/imap-integration/secret"
)

// maxClaims bounds a token that is looked into.
const maxClaims = 64 << 10

// Claims is what a JWT says of itself (RFC 7519, RFC 9068). It is read, not
// verified: only the server it is for can do that.
type Claims struct {
	Audience []string  `json:"audience"`
	Scopes   []string  `json:"scopes"` // what it may do for a user
	Roles    []string  `json:"roles"`  // what it may do as an application
	Tenant   string    `json:"tenant"`
	User     string    `json:"user"` // "" for an application's own token
	App      string    `json:"application"`
	Issuer   string    `json:"issuer"`
	Expires  time.Time `json:"expires"` // zero: it does not say
	NotYet   time.Time `json:"not_before"`
}

// Parse looks into a token; false where it is not a JWT, as Google's and
// those of personal Microsoft accounts are not. Every text is cut and escaped.
func Parse(token secret.String) (Claims, bool) {
	parts := strings.Split(token.Reveal(), ".")
	if len(token.Reveal()) > maxClaims || len(parts) != 3 {
		return Claims{}, false
	}
	data, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return Claims{}, false
	}
	var raw map[string]any
	if json.Unmarshal(data, &raw) != nil || raw == nil {
		return Claims{}, false
	}
	return Claims{
		Audience: texts(raw["aud"], false), Scopes: append(texts(raw["scp"], true), texts(raw["scope"], true)...),
		Roles: texts(raw["roles"], false), Tenant: first(raw, "tid"),
		User: first(raw, "upn", "preferred_username", "unique_name", "email", "smtp"),
		App:  first(raw, "appid", "azp", "client_id"), Issuer: first(raw, "iss"),
		Expires: stamp(raw["exp"]), NotYet: stamp(raw["nbf"]),
	}, true
}

// maxValues bounds a list of a token.
const maxValues = 20

// texts reads a text, a list of texts, or a text of words.
func texts(v any, words bool) []string {
	list := []string{}
	add := func(s string) {
		if s != "" && len(list) < maxValues {
			list = append(list, quote.Line(s, 100))
		}
	}
	switch v := v.(type) {
	case string:
		if !words {
			add(v)
			break
		}
		for _, w := range strings.Fields(v) {
			add(w)
		}
	case []any:
		for _, x := range v {
			if s, ok := x.(string); ok {
				add(s)
			}
		}
	}
	return list
}

func first(raw map[string]any, names ...string) string {
	for _, n := range names {
		if s, ok := raw[n].(string); ok && s != "" {
			return quote.Line(s, 100)
		}
	}
	return ""
}

// stamp reads a NumericDate of a plausible year.
func stamp(v any) time.Time {
	n, ok := v.(float64)
	if !ok || n <= 0 || n > 1e11 {
		return time.Time{}
	}
	return time.Unix(int64(n), 0).UTC()
}

// Words describes the token in one line.
func (c Claims) Words(now time.Time) string {
	var parts []string
	list := func(name string, values []string) {
		if len(values) > 0 {
			parts = append(parts, name+" "+strings.Join(values, ", "))
		}
	}
	text := func(name, value string) {
		if value != "" {
			parts = append(parts, name+" "+value)
		}
	}
	list("audience", c.Audience)
	list("scopes", c.Scopes)
	list("roles", c.Roles)
	text("tenant", c.Tenant)
	text("user", c.User)
	text("application", c.App)
	if !c.Expires.IsZero() {
		parts = append(parts, expiry(c.Expires, now))
	}
	if len(parts) == 0 {
		return "the access token says nothing of itself"
	}
	return "the access token has " + strings.Join(parts, "; ")
}

func expiry(t, now time.Time) string {
	at := t.UTC().Format(time.RFC3339)
	if d := t.Sub(now); d < 0 {
		return fmt.Sprintf("expired at %s (%s ago)", at, span(-d))
	}
	return fmt.Sprintf("expiry %s (in %s)", at, span(t.Sub(now)))
}

// span is a duration as a person says it.
func span(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%d days", int(d/(24*time.Hour)))
	case d >= 2*time.Hour:
		return fmt.Sprintf("%d hours", int(d/time.Hour))
	case d >= 2*time.Minute:
		return fmt.Sprintf("%d minutes", int(d/time.Minute))
	default:
		return fmt.Sprintf("%d s", int(d/time.Second))
	}
}
