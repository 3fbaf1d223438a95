package manifest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"example.org/imap-integration/quote"
	"example.org/imap-integration/secret"
)

type problem struct {
	order int // position of the field; -1: about standard input as a whole
	text  string
}

// Problem adds what is wrong with a field. The text goes on after the field's
// name: v.Problem("port", "must be …"), or v.Problem("port", ": …"). Foreign
// text in it must be quoted and cut with [Quote], and a secret must not be in it.
func (v *Values) Problem(id, format string, args ...any) {
	if !strings.HasPrefix(format, ":") {
		id += " "
	}
	v.add(v.order(strings.TrimSuffix(id, " ")), strings.ReplaceAll(id+fmt.Sprintf(format, args...), "\n", "; "))
}

func (v *Values) add(order int, text string) {
	p := problem{order, text}
	if !slices.Contains(v.problems, p) {
		v.problems = append(v.problems, p)
	}
}

// OK reports whether nothing is wrong so far.
func (v *Values) OK() bool { return len(v.problems) == 0 }

// Err returns all problems in the order of the fields as one [*ParameterError]; nil when there is none.
func (v *Values) Err() error {
	if v.OK() {
		return nil
	}
	sorted := slices.Clone(v.problems)
	slices.SortStableFunc(sorted, func(a, b problem) int { return a.order - b.order })
	e := &ParameterError{Command: v.command}
	for _, p := range sorted {
		if !v.fatal || p.order == wholeInput {
			e.Problems = append(e.Problems, p.text)
		}
	}
	return e
}

// ParameterError says that parameters are wrong; nothing was contacted.
type ParameterError struct {
	Command  string
	Problems []string // each names its field
}

// Error is one line.
func (e *ParameterError) Error() string {
	return fmt.Sprintf("the parameters of %s are wrong: %s", e.Command, strings.Join(e.Problems, "; "))
}

// show quotes a wrong value for a message, unless it is a secret.
func (v *Values) show(id, text string) string {
	if v.field(id).Secret() {
		return "what was given"
	}
	return quote.Text(text, quote.Name)
}

// Redact takes the secrets among the values out of a text, in clear, in base64
// and in their form in a URL: the last line of defence where foreign text, such
// as a server's response, is shown.
func (v *Values) Redact(text string) string {
	for i := range v.fields {
		if v.fields[i].inFileToo() {
			text = secret.Scrub(text, secretsIn(v.fields[i].ID, v.given[v.fields[i].ID])...)
		}
	}
	return text
}

// secretsIn are the secrets of a value: the whole of it, each one of a list, but of
// proxy_url the credentials alone, for a sentence about the proxy must name it.
func secretsIn(id string, given any) []secret.String {
	var secrets []secret.String
	if elements, isArray := given.([]any); isArray {
		for _, element := range elements {
			secrets = append(secrets, secretsIn(id, element)...)
		}
		return secrets
	}
	value, _ := given.(string)
	if slices.Contains(secretTexts, id) {
		values, _ := listOf(value)
		for _, one := range trimmed(values) {
			secrets = append(secrets, secret.New(one))
		}
		return secrets
	}
	if slices.Contains(mayHoldSecret, id) {
		return []secret.String{secret.New(passwordIn(value))}
	}
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

// passwordIn is the password in an address, which may name several hosts and so
// be none that net/url reads; "" where there is none.
func passwordIn(address string) string {
	_, behind, _ := strings.Cut(address, "://")
	user, _, _ := strings.Cut(behind, "/")
	at := strings.LastIndexByte(user, '@')
	_, password, _ := strings.Cut(user[:max(at, 0)], ":")
	if plain, err := url.PathUnescape(password); err == nil {
		return plain
	}
	return password
}

// shownMost is the longest value that Shown gives as it is, bytes; of a longer one, such
// as a bundle of certificates, it gives the digest.
const shownMost = 500

// Shown are the values that are not their defaults, as texts and without secrets: what
// may be written down of how a result was made.
func (v *Values) Shown() map[string]string {
	shown := map[string]string{}
	for _, f := range v.fields {
		value, given := v.given[f.ID]
		if !given || !v.fromHere[f.ID] || f.Secret() {
			continue
		}
		text, plain := value.(string)
		if _, isFile := value.(secretFile); isFile {
			text, plain = "in a file", true
		}
		if !plain {
			encoded, err := json.Marshal(value)
			if err != nil {
				continue
			}
			text = string(encoded)
		}
		if text = v.Redact(text); len(text) > shownMost {
			sum := sha256.Sum256([]byte(text))
			text = "sha256:" + hex.EncodeToString(sum[:])
		}
		shown[f.ID] = text
	}
	return shown
}
