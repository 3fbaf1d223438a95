package apispec

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"

	"example.org/imap-integration/quote"
)

const (
	// MaxSize is the most bytes of a document.
	MaxSize   = 8 << 20
	maxPaths  = 5_000
	maxDepth  = 8      // of a schema
	maxFields = 2_000  // of a schema
	maxSteps  = 10_000 // of a walk over it
	maxHops   = 20     // references one behind the other
	maxNest   = 200    // brackets in each other
)

// load reads a document of either version. It is read as data, not as a program's
// types: a description that is wrong in places is still of use.
func load(data []byte) (*document, error) {
	tree, err := parse(data)
	if err != nil {
		return nil, err
	}
	root, _ := tree.(object)
	if !strings.HasPrefix(text(root["swagger"]), "2.") && !strings.HasPrefix(text(root["openapi"]), "3.") {
		return nil, errors.New(`the document is no OpenAPI description: it has neither "openapi": "3.…" nor "swagger": "2.…"`)
	}
	d := &document{root: root, paths: map[string]map[string]*operation{}, made: map[string]*schema{}}
	d.read()
	if len(d.paths) == 0 || len(d.paths) > maxPaths {
		return nil, fmt.Errorf("the document describes %d paths; between 1 and %d are taken", len(d.paths), maxPaths)
	}
	return d, nil
}

func unreadable(err error) error {
	return fmt.Errorf("the document cannot be read: %s", quote.Text(err.Error(), quote.Sentence))
}

// parse bounds a document before any parser sees it; YAML is told by its beginning.
func parse(data []byte) (tree any, err error) {
	if len(data) > MaxSize {
		return nil, fmt.Errorf("the document is larger than the %d MiB that are read", MaxSize>>20)
	}
	trimmed := bytes.TrimSpace(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")))
	if depth(trimmed) > maxNest {
		return nil, fmt.Errorf("the document nests deeper than %d brackets", maxNest)
	}
	if len(trimmed) > 0 && trimmed[0] == '{' {
		err = json.Unmarshal(trimmed, &tree)
	} else {
		err = yaml.Unmarshal(trimmed, &tree) // which refuses aliases that multiply
	}
	if err != nil {
		return nil, unreadable(err)
	}
	return named(tree), nil
}

// named makes the keys texts: YAML takes the 200 of a response for a number.
func named(tree any) any {
	switch t := tree.(type) {
	case map[string]any:
		for k, v := range t {
			t[k] = named(v)
		}
	case map[any]any:
		object := map[string]any{}
		for k, v := range t {
			object[fmt.Sprint(k)] = named(v)
		}
		return object
	case []any:
		for i, v := range t {
			t[i] = named(v)
		}
	}
	return tree
}

// depth is an upper bound of how deep brackets nest.
func depth(data []byte) (most int) {
	now := 0
	for _, c := range data {
		switch c {
		case '{', '[':
			now++
			most = max(most, now)
		case '}', ']':
			now--
		}
	}
	return most
}
