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

// wholeEmails are the fields that may hold a whole email.
var wholeEmails = map[string]bool{"text": true, "eml": true, "msg": true}

// Decode reads the parameters of a subcommand: the fields that Parameters
// lists, from standard input, else from the environment, else from the
// defaults. What is wrong stands in the values, for [Values.Err] to return
// together with what the action itself finds. An open and silent standard input
// is waited for.
func Decode(command string, fields []Field, in Input) *Values {
	if in.Getenv == nil {
		in.Getenv = func(string) string { return "" }
	}
	d := &decoder{v: &Values{command: command, fields: fields, given: map[string]any{}, fromHere: map[string]bool{}, getenv: in.Getenv}, in: in}
	d.readObject()
	for i := range fields {
		d.choose(&fields[i])
		if fields[i].inFileToo() {
			d.chooseFile(&fields[i])
		}
	}
	d.requireAction()
	return d.v
}

// decoder fills values from an input.
type decoder struct {
	v      *Values
	in     Input
	object map[string]any // standard input; empty where there was nothing to read or something is wrong
}

// choose takes a field's value from the first place that has one.
func (d *decoder) choose(f *Field) {
	if value := present(f, d.object[f.ID]); value != nil {
		d.take(f, value)
		return
	}
	if value := present(f, d.in.Getenv(f.ID)); value != nil {
		d.take(f, value)
		return
	}
	if f.Default != "" {
		d.v.given[f.ID] = f.Default
	}
}

func (d *decoder) take(f *Field, value any) {
	text, isText := value.(string)
	if isText && len(text) > maxValue && !wholeEmails[f.ID] {
		d.v.Problem(f.ID, "is %d bytes long; at most %d are taken", len(text), maxValue)
		return
	}
	if isText && !utf8.ValidString(text) {
		d.v.Problem(f.ID, "is not UTF-8")
		return
	}
	d.v.given[f.ID] = value
	d.v.fromHere[f.ID] = true
}

// present returns the value, trimmed where it may be, or nil where "" or null
// make it absent. Spaces alone are not absence: they come out as a given "", which
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
func (d *decoder) requireAction() {
	for _, f := range d.v.fields {
		if f.ofAction && f.Required != nil && *f.Required {
			d.v.Require(f.ID)
		}
	}
}

// readObject reads standard input.
func (d *decoder) readObject() {
	if d.in.Stdin == nil || d.in.Terminal {
		return
	}
	data, err := io.ReadAll(io.LimitReader(d.in.Stdin, maxStdin+1))
	data = bytes.TrimPrefix(data, []byte("\ufeff")) // PowerShell puts one before what it pipes
	switch {
	case err != nil:
		d.broken("cannot be read: %v", err)
	case len(data) > maxStdin:
		d.broken("is longer than %d MiB", maxStdin>>20)
	case !utf8.Valid(data):
		d.broken("is not UTF-8")
	case len(bytes.Trim(data, spaces)) > 0:
		d.object = d.parseObject(data)
	}
}

func (d *decoder) broken(format string, args ...any) {
	d.v.fatal = true
	d.v.add(wholeInput, "standard input "+fmt.Sprintf(format, args...))
}

// parseObject reads the object member by member, for encoding/json keeps the
// last of two members of one name silently and does not mind their case.
func (d *decoder) parseObject(data []byte) map[string]any {
	stream := json.NewDecoder(bytes.NewReader(data))
	stream.UseNumber()
	if t, err := stream.Token(); err != nil || t != json.Delim('{') {
		d.broken("must be a JSON object; %s", d.jsonFault(data, err))
		return nil
	}
	object := map[string]any{}
	for stream.More() {
		name, value, err := member(stream)
		if err != nil {
			d.broken("must be a JSON object; %s", d.jsonFault(data, err))
			return nil
		}
		if _, twice := object[name]; twice {
			d.v.add(wholeInput, fmt.Sprintf("%s stands twice on standard input", d.showName(name)))
		}
		object[name] = value
		d.checkName(name)
	}
	if _, err := stream.Token(); err != nil {
		d.broken("must be a JSON object; %s", d.jsonFault(data, err))
		return nil
	}
	if _, err := stream.Token(); !errors.Is(err, io.EOF) {
		d.broken("must be one JSON object; there is more behind it")
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

func (d *decoder) checkName(name string) {
	if d.knows(name) || d.ofFile(name) != nil {
		return
	}
	d.v.add(wholeInput, fmt.Sprintf("%s is not a parameter of %s (did you mean %s?)", d.showName(name), d.v.command, nearest(name, d.v.fields)))
}

// showName shows a plain name as it is and quotes any other.
func (d *decoder) showName(name string) string {
	if identifier(name) && len(name) <= quote.Name {
		return name
	}
	return quote.Text(name, quote.Name)
}
