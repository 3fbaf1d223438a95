// Package secret holds passwords, keys and tokens in a type that cannot be
// printed, logged or marshalled by accident: it shows [secret] wherever it goes.
// Only Reveal gives the text, at the place where it is sent. [Scrub] takes secrets
// out of foreign text, because servers and proxies repeat what they were sent, also
// in base64 and in URLs.
package secret

import "log/slog"

// redacted is what every formatting of a String shows.
const redacted = "[secret]"

// String is a text that must never leave the program but by [String.Reveal].
// The zero value is the empty secret.
type String struct{ value string }

// New wraps a text that came in as a secret.
func New(value string) String { return String{value} }

// Reveal returns the text itself, for the one place that must send it.
func (s String) Reveal() string { return s.value }

// Empty reports whether there is no secret.
func (s String) Empty() bool { return s.value == "" }

// String returns "[secret]", or "" for the empty secret.
func (s String) String() string {
	if s.value == "" {
		return ""
	}
	return redacted
}

// GoString is what %#v shows.
func (s String) GoString() string { return s.String() }

// MarshalText keeps the secret out of JSON, YAML and flags.
func (s String) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue keeps the secret out of log/slog.
func (s String) LogValue() slog.Value { return slog.StringValue(s.String()) }
