package console

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"example.org/imap-integration/manifest"
)

// Names of form controls: those of the fields have a prefix, so that no field can
// be mistaken for a control of the form itself.
const (
	fieldPrefix  = "f."
	removePrefix = "remove."
	fileSuffix   = "_file" // of the member that names the file of a secret (docs/contract.md)
)

// control is a field of a form.
type control struct {
	manifest.Field
	Name    string
	Value   string   // of a secret always ""
	Chosen  []string // of a multilist
	Stored  bool     // a secret that is set: it stays unless another is given
	File    string   // the file that a secret is read from
	Upload  bool     // a file may be given instead
	Problem string
}

// Mandatory reports whether the field must be filled in.
func (c control) Mandatory() bool { return c.Required != nil && *c.Required }

// On reports whether a checkbox is ticked.
func (c control) On() bool {
	return slices.Contains([]string{"true", "1", "yes", "on"}, strings.ToLower(c.Value))
}

// Has reports whether a choice of a multilist is taken.
func (c control) Has(key string) bool { return slices.Contains(c.Chosen, key) }

// Strange is the value of a list that is none of its choices: the file may hold anything.
func (c control) Strange() string {
	if c.Value == "" || c.Values.Key(c.Value) {
		return ""
	}
	return c.Value
}

// newControl fills a field with a value as JSON has it; nil: its default.
func newControl(f manifest.Field, value any) control {
	c := control{Field: f, Name: fieldPrefix + f.ID, Value: shown(value)}
	switch {
	case f.Secret():
		c.Stored, c.Value = c.Value != "", ""
	case c.Value == "":
		c.Value = f.Default
	}
	if f.Type == "multilist" {
		c.Chosen = chosen(value, c.Value)
	}
	return c
}

// shown is a value of JSON as a person types it.
func shown(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return v
	case []any:
		var parts []string
		for _, element := range v {
			parts = append(parts, listed(shown(element)))
		}
		return strings.Join(parts, ", ")
	default:
		text, _ := json.Marshal(v) // it was read from JSON
		return string(text)
	}
}

// listed writes one value of a list: one that holds a comma or a quote stands in quotes (docs/contract.md).
func listed(value string) string {
	if strings.ContainsAny(value, `,"`) {
		return `"` + strings.ReplaceAll(value, `"`, `""`) + `"`
	}
	return value
}

func chosen(value any, text string) (keys []string) {
	if list, ok := value.([]any); ok {
		for _, element := range list {
			keys = append(keys, shown(element))
		}
		return keys
	}
	for key := range strings.SplitSeq(text, ",") {
		keys = append(keys, strings.TrimSpace(key))
	}
	return keys
}

// given is what a form says of a field, nil where it says nothing that is not the default.
func given(f manifest.Field, form url.Values) any {
	name := fieldPrefix + f.ID
	switch f.Type {
	case "checkbox":
		value := "false"
		if form.Has(name) {
			value = "true"
		}
		if value == f.Default || value == "false" && f.Default == "" {
			return nil
		}
		return value == "true"
	case "multilist":
		values := slices.DeleteFunc(slices.Clone(form[name]), func(s string) bool { return s == "" })
		if len(values) == 0 || strings.Join(values, ",") == f.Default {
			return nil
		}
		return values
	}
	text := strings.ReplaceAll(form.Get(name), "\r\n", "\n") // as browsers send the line ends of a text area
	if text == "" || text == f.Default {
		return nil
	}
	return text
}

// fieldOf returns the field that a problem of the parameters names in front, "" where it names none.
func fieldOf(problem string) string {
	id, _, _ := strings.Cut(problem, " ")
	return strings.TrimSuffix(id, ":")
}

// blame puts the problems to their controls, and returns those that belong to none.
func blame(controls []*control, problems []string) (rest []string) {
	for _, p := range problems {
		id := fieldOf(p)
		i := slices.IndexFunc(controls, func(c *control) bool { return c.ID == id })
		if i < 0 {
			rest = append(rest, p)
			continue
		}
		if controls[i].Problem != "" {
			controls[i].Problem += "; "
		}
		controls[i].Problem += p
	}
	return rest
}
