// Package manifest is the platform's YAML grammar for integrations and actions,
// and the way from a manifest, standard input and the environment to checked
// parameters. It knows no action and no server.
//
// A value may come as JSON of the right type or as the text that the platform makes
// of everything: 993 or "993", ["a","b"] or "a, b". It may bear what nobody sees (a
// no-break space from a web page, U+FEFF from an editor), the label in place of the
// key, or the name in upper case. What is wrong is collected, each problem with its
// field and a hint, and returned at once; a secret's value is never shown. "" and
// null mean absent; a list that is set and holds nothing is an error, because it
// must not mean "no filter".
package manifest

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Integration is an integration definition file. The order of the fields here
// is the order of the platform's reference.
type Integration struct {
	Name          string        `yaml:"name"`
	OfficialName  string        `yaml:"official_name,omitempty"`
	Version       string        `yaml:"version"`
	Icon          string        `yaml:"icon"` // data URI of a PNG
	Script        Script        `yaml:"script"`
	DockerRepoTag string        `yaml:"docker_repo_tag"`
	LocalRepo     bool          `yaml:"local_repo,omitempty"`
	Configuration Configuration `yaml:"configuration"`
}

// Script is the code that the platform runs. An integration has Type and
// TestConnectionCode, an action has Code.
type Script struct {
	Type               string `yaml:"type,omitempty"`
	TestConnectionCode string `yaml:"test_connection_code,omitempty"`
	Code               string `yaml:"code,omitempty"`
}

// Configuration holds the resource fields.
type Configuration struct {
	TestableConnection bool    `yaml:"testable_connection"`
	RequireProxyConfig bool    `yaml:"require_proxy_config"`
	DataAttributes     Fields  `yaml:"data_attributes"`
	ListingAttributes  Columns `yaml:"listing_attributes,omitempty"`
}

// Fields are resource fields in the order of the file, where they stand as a
// mapping keyed by their id.
type Fields []Field

// Field is one parameter: of the resource, or of one action.
type Field struct {
	ID                string      `yaml:"id,omitempty"` // also the name of the environment variable
	Label             string      `yaml:"label"`
	Type              string      `yaml:"type"` // checkbox, list, number, password, text, textarea, …
	Required          *bool       `yaml:"required"`
	Validator         string      `yaml:"validator,omitempty"`
	Default           string      `yaml:"default,omitempty"` // as the platform would send it; "" = none
	Values            Choices     `yaml:"values,omitempty"`  // for lists
	Hint              string      `yaml:"hint,omitempty"`
	IncidentArtifacts bool        `yaml:"incident_artifacts,omitempty"`
	Observables       Observables `yaml:"observables,omitempty"`

	ofAction bool // set by Parameters: the field stands in the action's file
}

// Choices are the keys of a list field with their labels, in order.
type Choices []Choice

// Choice is one entry of a list: Key is sent, Label is shown.
type Choice struct{ Key, Label string }

// Observables are the kinds of observable that may feed a field; the file may
// hold one as a plain string.
type Observables []string

// Columns are the columns of the resource table, in order.
type Columns []Column

// Column is one column of the resource table.
type Column struct{ ID, Name string }

// Action is an action definition file.
type Action struct {
	Integration string   `yaml:"integration"`
	Name        string   `yaml:"name"`
	Type        string   `yaml:"type"`
	Script      Script   `yaml:"script"`
	Fields      []Field  `yaml:"fields"`
	Output      []Output `yaml:"output"`
	TableView   []Cell   `yaml:"table_view"`
	UseInTriage bool     `yaml:"use_in_triage,omitempty"`
}

// Output is one path that playbooks and rules can pick from the result.
type Output struct {
	Path string `yaml:"path"`
	Type string `yaml:"type,omitempty"`
}

// Cell is one column of the table that shows a result.
type Cell struct {
	DisplayName string `yaml:"display_name"`
	Value       string `yaml:"value"`
	Type        string `yaml:"type,omitempty"`
}

// Key reports whether key is one of the choices.
func (c Choices) Key(key string) bool {
	for _, choice := range c {
		if choice.Key == key {
			return true
		}
	}
	return false
}

// keyOf returns the key whose label this is, in any case; "" where it is none.
func (c Choices) keyOf(label string) string {
	for _, choice := range c {
		if strings.EqualFold(choice.Label, label) {
			return choice.Key
		}
	}
	return ""
}

// Keys returns the keys in order.
func (c Choices) Keys() []string {
	keys := make([]string, len(c))
	for i, choice := range c {
		keys[i] = choice.Key
	}
	return keys
}

// UnmarshalYAML keeps the order of the mapping, which a Go map would lose.
func (f *Fields) UnmarshalYAML(n *yaml.Node) error {
	return eachPair(n, func(key, value *yaml.Node) error {
		var field Field
		if err := value.Load(&field, yaml.WithKnownFields()); err != nil {
			return fmt.Errorf("%s: %w", key.Value, err)
		}
		field.ID = key.Value
		*f = append(*f, field)
		return nil
	})
}

// UnmarshalYAML keeps the order of the mapping.
func (c *Choices) UnmarshalYAML(n *yaml.Node) error {
	return eachPair(n, func(key, value *yaml.Node) error {
		*c = append(*c, Choice{Key: key.Value, Label: value.Value})
		return nil
	})
}

// UnmarshalYAML keeps the order of the mapping.
func (c *Columns) UnmarshalYAML(n *yaml.Node) error {
	return eachPair(n, func(key, value *yaml.Node) error {
		var column struct {
			Name string `yaml:"name"`
		}
		if err := value.Load(&column, yaml.WithKnownFields()); err != nil {
			return fmt.Errorf("%s: %w", key.Value, err)
		}
		*c = append(*c, Column{ID: key.Value, Name: column.Name})
		return nil
	})
}

// UnmarshalYAML takes one string or a list.
func (o *Observables) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		*o = Observables{n.Value}
		return nil
	}
	return n.Decode((*[]string)(o))
}

func eachPair(n *yaml.Node, do func(key, value *yaml.Node) error) error {
	if n.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: want a mapping", n.Line)
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if seen[key.Value] {
			return fmt.Errorf("line %d: the key %q stands twice", key.Line, key.Value)
		}
		seen[key.Value] = true
		if err := do(key, n.Content[i+1]); err != nil {
			return err
		}
	}
	return nil
}

// OfAction reports whether the field is one of the action's own, and not of the resource.
func (f *Field) OfAction() bool { return f.ofAction }
