package apispec

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// field is one place in a document that a schema describes.
type field struct {
	path   string // dotted; "." is the document itself
	schema *schema
}

func (f field) name() string { return f.path[strings.LastIndexByte(f.path, '.')+1:] }

func (f field) is(kind string) bool { return f.schema.is(kind) }

// fieldsOf lists the fields of a schema in the order of their names, objects before
// what is in them. A schema may hold itself: depth and number are bounded.
func fieldsOf(s *schema) []field {
	w := walker{}
	w.walk(s, "", 0)
	return w.found
}

type walker struct {
	found []field
	steps int
}

func (w *walker) walk(s *schema, prefix string, depth int) {
	if w.steps++; s == nil || depth > maxDepth || w.steps > maxSteps {
		return
	}
	for _, part := range s.allOf {
		w.walk(part, prefix, depth+1)
	}
	for _, name := range slices.Sorted(maps.Keys(s.properties)) {
		if len(w.found) >= maxFields {
			return
		}
		p := s.properties[name]
		if p == nil {
			continue
		}
		w.found = append(w.found, field{prefix + name, p})
		if !p.is("array") {
			w.walk(p, prefix+name+".", depth+1)
		}
	}
}

// elements is the schema of what a list holds, and where the list stands.
func elements(s *schema) (at string, of *schema, ok bool) {
	if s == nil {
		return "", nil, false
	}
	if s.is("array") && s.items != nil {
		return ".", s.items, true
	}
	for _, f := range fieldsOf(s) {
		if f.is("array") && f.schema.items != nil && len(fieldsOf(f.schema.items)) > 1 {
			return f.path, f.schema.items, true
		}
	}
	return "", nil, false
}

// success lists the documented statuses of success, and what the first of them that says it answers.
func (e *endpoint) success() (statuses []int, s *schema) {
	for _, status := range slices.Sorted(maps.Keys(e.op.statuses)) {
		n, err := strconv.Atoi(status)
		if err != nil || n < 200 || n > 299 {
			continue
		}
		statuses = append(statuses, n)
		if s == nil {
			s = e.op.statuses[status]
		}
	}
	return statuses, s
}

func (e *endpoint) answers(status int) bool {
	_, ok := e.op.statuses[strconv.Itoa(status)]
	return ok
}
