package profile

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
)

// decode reads one JSON document; numbers stay as they are written.
func decode(text []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var doc any
	if err := d.Decode(&doc); err != nil {
		return nil, errors.New("something that is not JSON")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one JSON document")
	}
	return doc, nil
}

// get returns what stands at a dotted path; "" and "." are the document itself.
func get(doc any, path string) (any, bool) {
	if path == "" || path == "." {
		return doc, true
	}
	for name := range strings.SplitSeq(path, ".") {
		object, ok := doc.(map[string]any)
		if !ok {
			return nil, false
		}
		if doc, ok = object[name]; !ok {
			return nil, false
		}
	}
	return doc, true
}

// set puts a value at a dotted path and makes the objects on the way. What is no
// object there gives way.
func set(doc map[string]any, path string, value any) {
	names := strings.Split(path, ".")
	for _, name := range names[:len(names)-1] {
		inner, ok := doc[name].(map[string]any)
		if !ok {
			inner = map[string]any{}
			doc[name] = inner
		}
		doc = inner
	}
	doc[names[len(names)-1]] = value
}
