package manifest

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v4"
)

// DecodeYAML is strict: an unknown key and a key that stands twice are errors that
// name it and its line. All that is wrong is said at once.
func DecodeYAML(name string, data []byte, into any) error {
	err := yaml.Load(data, into, yaml.WithKnownFields(), yaml.WithUniqueKeys())
	if err == nil {
		return nil
	}
	var all []string
	if several, ok := errors.AsType[*yaml.LoadErrors](err); ok {
		for _, one := range several.Errors {
			all = append(all, plainYAML(one))
		}
	} else if one, ok := errors.AsType[*yaml.LoadError](err); ok {
		all = append(all, plainYAML(one))
	} else {
		all = append(all, err.Error())
	}
	return fmt.Errorf("%s: %s", name, strings.Join(strings.Fields(strings.Join(all, "; ")), " "))
}

// The library's words for what a person did, and ours.
var (
	unknownKey = regexp.MustCompile(`^field (.*) not found in type .*$`)
	wrongKind  = regexp.MustCompile(`^cannot construct !!(\w+)( .*)? into (.*)$`)
)

// plainYAML says what is wrong in the words of somebody who writes YAML and no Go.
func plainYAML(e *yaml.LoadError) string {
	said := e.Message
	if m := unknownKey.FindStringSubmatch(said); m != nil {
		said = "there is no setting " + m[1]
	} else if m := wrongKind.FindStringSubmatch(said); m != nil {
		said = fmt.Sprintf("it must be %s, not %s%s", kindInWords(m[3]), kindInWords(m[1]), m[2])
	}
	if e.Mark.Line == 0 {
		return said
	}
	return fmt.Sprintf("line %d: %s", e.Mark.Line, said)
}

// kindInWords names a type of Go or a tag of YAML.
func kindInWords(kind string) string {
	switch {
	case kind == "map", strings.HasPrefix(kind, "map["):
		return "settings (name: value)"
	case kind == "seq", strings.HasPrefix(kind, "[]"):
		return "a list"
	case kind == "int", kind == "int64", kind == "float":
		return "a number"
	case kind == "bool":
		return "true or false"
	case kind == "str", kind == "string":
		return "a text"
	case kind == "null":
		return "nothing"
	}
	return "settings (name: value)" // a struct
}

// Lines returns where things stand in a YAML text: the line of the value at a path
// of keys (string) and numbers in lists (int), or of what is nearest above it; 0
// where the text cannot be read.
func Lines(data []byte) func(path ...any) int {
	var root yaml.Node
	if err := yaml.Load(data, &root); err != nil || len(root.Content) == 0 {
		return func(...any) int { return 0 }
	}
	return func(path ...any) int {
		at, line := root.Content[0], root.Content[0].Line
		for _, step := range path {
			key, next := child(at, step)
			if next == nil {
				break
			}
			at, line = next, key.Line
		}
		return line
	}
}

// child is a value in a mapping or a list, and where it is named.
func child(of *yaml.Node, step any) (key, value *yaml.Node) {
	for of.Kind == yaml.AliasNode {
		of = of.Alias
	}
	switch step := step.(type) {
	case int:
		if of.Kind == yaml.SequenceNode && step < len(of.Content) {
			return of.Content[step], of.Content[step]
		}
	case string:
		for i := 0; of.Kind == yaml.MappingNode && i+1 < len(of.Content); i += 2 {
			if of.Content[i].Value == step {
				return of.Content[i], of.Content[i+1]
			}
		}
	}
	return nil, nil
}
