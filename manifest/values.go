package manifest

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"example.org/imap-integration/quote"
	"example.org/imap-integration/secret"
)

// Limits of what a value may be; a person reaches none of them.
const (
	maxValue     = 1 << 20   // bytes of a value, but for those in wholeEmails
	maxListValue = 64 << 10  // bytes of one value of a list
	maxListCount = 10_000    // values of a list
	maxIDs       = 1_000     // emails that one action may name
	maxStdin     = 100 << 20 // bytes of standard input: an eml of 50 MiB is 67 MiB in base64
)

// Values are the parameters of one action: what standard input, else the
// environment, else the manifest gives. A getter that meets something wrong
// remembers it and returns the zero value; [Values.Err] returns all of it at
// once. A getter of an id that the manifest does not have panics: that is a
// mistake in the program.
type Values struct {
	command  string
	fields   []Field
	given    map[string]any // id → string, json.Number, bool, []any, map[string]any or secretFile; never "" or nil
	fromHere map[string]bool
	problems []problem
	getenv   func(string) string
	fatal    bool // standard input could not be read at all: nothing else is worth saying
}

// Command returns the subcommand that the values are for.
func (v *Values) Command() string { return v.command }

// Set reports whether the field has a value that is not its default.
func (v *Values) Set(id string) bool {
	v.field(id)
	return v.fromHere[id]
}

// Has reports whether the field has a value, be it its default.
func (v *Values) Has(id string) bool {
	v.field(id)
	_, ok := v.given[id]
	return ok
}

// Require adds a problem for each of the fields that has no value.
func (v *Values) Require(ids ...string) {
	for _, id := range ids {
		switch upper := strings.ToUpper(id); {
		case v.Has(id):
		case v.getenv(upper) != "":
			v.Problem(id, "is missing: the environment has %s, but names are in lower case here", upper)
		default:
			v.Problem(id, "is missing")
		}
	}
}

// Text returns a text, trimmed of the spaces around it unless the contract takes
// it as it is (text, eml, msg, regex); "" where it is not set.
func (v *Values) Text(id string) string {
	switch value := v.value(id).(type) {
	case nil:
		return ""
	case string:
		if value == "" {
			v.Problem(id, "holds only white space")
		}
		return value
	default:
		v.Problem(id, "must be a text, not %s", shape(value))
		return ""
	}
}

// Secret returns a password, key or token, untrimmed; the empty secret where it is not set.
func (v *Values) Secret(id string) secret.String { return secret.New(v.Text(id)) }

// Int returns a whole number between min and max, both included; 0 where the
// field has neither value nor default.
func (v *Values) Int(id string, min, max int) int {
	text, ok := v.scalar(id)
	if !ok {
		return 0
	}
	n, err := parseInt(text, v.value(id))
	switch {
	case errors.Is(err, strconv.ErrRange) || err == nil && (n < min || n > max):
		v.Problem(id, "must be %s, not %s", between(min, max), v.show(id, text))
	case err != nil:
		v.Problem(id, "must be a whole number, not %s", v.show(id, text))
	default:
		return n
	}
	return 0
}

// parseInt reads a decimal; a JSON number such as 993.0 is a whole number too.
func parseInt(text string, value any) (int, error) {
	n, err := strconv.Atoi(text)
	if _, isNumber := value.(json.Number); err == nil || !isNumber || errors.Is(err, strconv.ErrRange) {
		return n, err
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || f != math.Trunc(f) {
		return 0, strconv.ErrSyntax
	}
	if math.Abs(f) > 1<<53 {
		return 0, strconv.ErrRange
	}
	return int(f), nil
}

func between(min, max int) string {
	if max == math.MaxInt {
		return fmt.Sprintf("%d or more", min)
	}
	return fmt.Sprintf("a whole number from %d to %d", min, max)
}

// Bool returns a checkbox; false where the field has neither value nor default.
func (v *Values) Bool(id string) bool {
	if b, ok := v.value(id).(bool); ok {
		return b
	}
	text, ok := v.scalar(id)
	if !ok {
		return false
	}
	switch strings.ToLower(text) {
	case "true", "1", "yes", "on":
		return true
	case "false", "0", "no", "off":
	default:
		v.Problem(id, "must be true or false, not %s", v.show(id, text))
	}
	return false
}

// Key returns the key of a list field: one of the manifest's values, "" where the field has neither value nor default.
func (v *Values) Key(id string) string {
	text := v.Text(id)
	if choices := v.field(id).Values; text != "" && !choices.Key(text) {
		if key := choices.keyOf(text); key != "" {
			v.Problem(id, "must be %s; %s is its label in Cloud SOAR", key, v.show(id, text))
			return ""
		}
		v.Problem(id, "must be one of %s, not %s", strings.Join(choices.Keys(), ", "), v.show(id, text))
		return ""
	}
	return text
}

// Line returns a text that goes into a protocol line: like Text, but a CR, LF or NUL in it is a problem.
func (v *Values) Line(id string) string {
	text := v.Text(id)
	if strings.ContainsAny(text, "\r\n\x00") {
		v.Problem(id, "must not hold a line break or a NUL, as %s does", v.show(id, text))
		return ""
	}
	return text
}

func (v *Values) value(id string) any {
	v.field(id)
	path, ok := v.given[id].(secretFile)
	switch {
	case !ok:
	case path == "": // its problem is known
		return nil
	default:
		text, err := readSecret(path)
		if err != nil {
			v.Problem(id, "cannot be read from %s, the file of %s: %v", quote.Text(string(path), quote.Name), id+inFile, err)
			v.given[id] = secretFile("")
			return nil
		}
		v.given[id] = text
	}
	return v.given[id]
}

// Scalar returns a text that may also be given as a JSON number, such as a
// group's name or number; "" where it is not set.
func (v *Values) Scalar(id string) string {
	text, _ := v.scalar(id)
	return text
}

// scalar returns the text of a number, boolean or string value.
func (v *Values) scalar(id string) (string, bool) {
	switch value := v.value(id).(type) {
	case nil:
		return "", false
	case string:
		return value, true
	case json.Number:
		return value.String(), true
	case bool:
		return strconv.FormatBool(value), true
	default:
		wanted := "a number"
		if v.field(id).Type == "checkbox" {
			wanted = "true or false"
		}
		v.Problem(id, "must be %s, not %s", wanted, shape(value))
		return "", false
	}
}

func (v *Values) field(id string) *Field {
	return &v.fields[v.order(id)]
}

func (v *Values) order(id string) int {
	i := slices.IndexFunc(v.fields, func(f Field) bool { return f.ID == id })
	if i < 0 {
		panic(fmt.Sprintf("%s has no parameter %s", v.command, id))
	}
	return i
}

// secretTexts are secrets though their type is text: an action's field has no
// type password, and a list of passwords none at all.
var secretTexts = []string{"archive_passwords"}

// Secret reports whether the field's value must never be shown.
func (f *Field) Secret() bool { return f.Type == "password" || slices.Contains(secretTexts, f.ID) }

func shape(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case string:
		return "a text"
	case bool:
		return "true or false"
	case json.Number:
		return "a number"
	case []any:
		return "an array"
	default:
		return "an object"
	}
}
