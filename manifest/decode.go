package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"example.org/imap-integration/quote"
)

// Input is where parameters come from.
type Input struct {
	Stdin    io.Reader           // a JSON object, or nothing; nil: nothing
	Terminal bool                // standard input is a terminal and is not read
	Getenv   func(string) string // the environment; nil: none
}

// wholeInput orders what is wrong with standard input as a whole before the fields.
const wholeInput = -1

// asGiven are the fields that the contract takes untrimmed, besides the secrets.
var asGiven = map[string]bool{"text": true, "eml": true, "msg": true, "regex": true}

// wholeMails are the fields that may hold a whole email.
var wholeMails = map[string]bool{"text": true, "eml": true, "msg": true}

// Decode reads the parameters of a subcommand: the fields that Parameters
// lists, from standard input, else from the environment, else from the
// defaults. What is wrong stands in the values, for [Values.Err] to return
// together with what the action itself finds. An open and silent standard input
// is waited for.
func Decode(command string, fields []Field, in Input) *Values {
	v := &Values{command: command, fields: fields, given: map[string]any{}, fromHere: map[string]bool{}, getenv: in.Getenv}
	object := v.readObject(in)
	for i := range fields {
		v.choose(&fields[i], object, in.Getenv)
	}
	v.requireAction()
	return v
}

// choose takes a field's value from the first place that has one.
func (v *Values) choose(f *Field, object map[string]any, getenv func(string) string) {
	if value := present(f, object[f.ID]); value != nil {
		v.take(f, value)
		return
	}
	if getenv != nil {
		if value := present(f, getenv(f.ID)); value != nil {
			v.take(f, value)
			return
		}
	}
	if f.Default != "" {
		v.given[f.ID] = f.Default
	}
}

func (v *Values) take(f *Field, value any) {
	text, isText := value.(string)
	if isText && len(text) > maxValue && !wholeMails[f.ID] {
		v.Problem(f.ID, "is %d bytes long; at most %d are taken", len(text), maxValue)
		return
	}
	if isText && !utf8.ValidString(text) {
		v.Problem(f.ID, "is not UTF-8")
		return
	}
	v.given[f.ID] = value
	v.fromHere[f.ID] = true
}

// present returns the value, trimmed where it may be, or nil where "" or null
// make it absent. Blanks alone are not absence: they come out as a given "", which
// the getters refuse.
func present(f *Field, value any) any {
	text, isText := value.(string)
	if !isText || text == "" {
		if isText {
			return nil
		}
		return value
	}
	if f.Secret() || asGiven[f.ID] {
		return text
	}
	return strings.Trim(text, unseen)
}

// requireAction demands the action's own required fields; those of the resource
// are demanded by the actions that use them.
func (v *Values) requireAction() {
	for _, f := range v.fields {
		if f.ofAction && f.Required != nil && *f.Required {
			v.Require(f.ID)
		}
	}
}

// readObject reads standard input. It is empty where there is nothing to read or something is wrong.
func (v *Values) readObject(in Input) map[string]any {
	if in.Stdin == nil || in.Terminal {
		return nil
	}
	data, err := io.ReadAll(io.LimitReader(in.Stdin, maxStdin+1))
	data = bytes.TrimPrefix(data, []byte("\ufeff")) // PowerShell puts one before what it pipes
	switch {
	case err != nil:
		v.broken("cannot be read: %v", err)
	case len(data) > maxStdin:
		v.broken("is longer than %d MiB", maxStdin>>20)
	case !utf8.Valid(data):
		v.broken("is not UTF-8")
	case len(bytes.Trim(data, blanks)) > 0:
		return v.parseObject(data)
	}
	return nil
}

func (v *Values) broken(format string, args ...any) {
	v.fatal = true
	v.add(wholeInput, "standard input "+fmt.Sprintf(format, args...))
}

// parseObject reads the object member by member, for encoding/json keeps the
// last of two members of one name silently and does not mind their case.
func (v *Values) parseObject(data []byte) map[string]any {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		v.broken("must be a JSON object; %s", v.jsonFault(data, err))
		return nil
	}
	object := map[string]any{}
	for d.More() {
		name, value, err := member(d)
		if err != nil {
			v.broken("must be a JSON object; %s", v.jsonFault(data, err))
			return nil
		}
		if _, twice := object[name]; twice {
			v.add(wholeInput, fmt.Sprintf("%s stands twice on standard input", v.showName(name)))
		}
		object[name] = value
		v.checkName(name)
	}
	if _, err := d.Token(); err != nil {
		v.broken("must be a JSON object; %s", v.jsonFault(data, err))
		return nil
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		v.broken("must be one JSON object; there is more behind it")
		return nil
	}
	return object
}

func member(d *json.Decoder) (name string, value any, err error) {
	t, err := d.Token()
	if err != nil {
		return "", nil, err
	}
	name, ok := t.(string)
	if !ok {
		return "", nil, fmt.Errorf("a member has no name")
	}
	return name, value, d.Decode(&value)
}

func (v *Values) checkName(name string) {
	if v.knows(name) {
		return
	}
	v.add(wholeInput, fmt.Sprintf("%s is not a parameter of %s (did you mean %s?)", v.showName(name), v.command, nearest(name, v.fields)))
}

// showName shows a plain name as it is and quotes any other.
func (v *Values) showName(name string) string {
	if identifier(name) && len(name) <= quote.Name {
		return name
	}
	return quote.Text(name, quote.Name)
}
