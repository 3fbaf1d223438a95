package apispec

import (
	"maps"
	"slices"
	"strings"
)

// schema is what matching needs of a JSON schema.
type schema struct {
	types       []string
	format      string
	pattern     string
	description string
	example     any
	fallback    any // default
	enum        []any
	minimum     any
	items       *schema
	properties  map[string]*schema
	allOf       []*schema
}

func (s *schema) is(kind string) bool { return s != nil && slices.Contains(s.types, kind) }

// parameter is one of a path's, a query's or a header's.
type parameter struct {
	name, in string
	required bool
	schema   *schema
}

// operation is one method of a path.
type operation struct {
	id, summary string
	parameters  []parameter
	media       string // of the request's body; "" without one
	body        *schema
	statuses    map[string]*schema // status → what it answers as JSON; nil: not said
}

// document is a description, of either version.
type document struct {
	title string
	paths map[string]map[string]*operation // path → method in capitals → operation
	root  map[string]any
	made  map[string]*schema // by reference: a schema may hold itself
}

type object = map[string]any

func text(v any) string { s, _ := v.(string); return s }

func list(v any) []any { l, _ := v.([]any); return l }

// at follows references inside the document, and nowhere else.
func (d *document) at(v any) (node object, ref string) {
	node, _ = v.(object)
	for hops := 0; hops < maxHops; hops++ {
		to, ok := strings.CutPrefix(text(node["$ref"]), "#/")
		if !ok {
			return node, ref
		}
		ref = to
		var target any = d.root
		for name := range strings.SplitSeq(to, "/") {
			inner, _ := target.(object)
			target = inner[strings.NewReplacer("~1", "/", "~0", "~").Replace(name)]
		}
		node, _ = target.(object)
	}
	return nil, ref
}

func (d *document) schema(v any) *schema {
	node, ref := d.at(v)
	if node == nil {
		return nil
	}
	if known := d.made[ref]; known != nil && ref != "" {
		return known
	}
	s := &schema{
		format: text(node["format"]), pattern: text(node["pattern"]), description: text(node["description"]),
		example: node["example"], fallback: node["default"], enum: list(node["enum"]), minimum: node["minimum"],
	}
	if ref != "" {
		d.made[ref] = s
	}
	for _, t := range append(list(node["type"]), node["type"]) {
		if text(t) != "" {
			s.types = append(s.types, text(t))
		}
	}
	s.items = d.schema(node["items"])
	if properties, _ := node["properties"].(object); len(properties) > 0 {
		s.properties = map[string]*schema{}
		for name, p := range properties {
			s.properties[name] = d.schema(p)
		}
	}
	for _, part := range list(node["allOf"]) {
		if p := d.schema(part); p != nil {
			s.allOf = append(s.allOf, p)
		}
	}
	return s
}

var methods = []string{"get", "put", "post", "delete", "patch"}

// read takes the paths of a document.
func (d *document) read() {
	info, _ := d.at(d.root["info"])
	d.title = text(info["title"])
	paths, _ := d.root["paths"].(object)
	for path, v := range paths {
		item, _ := d.at(v)
		for _, method := range methods {
			if node, _ := d.at(item[method]); node != nil {
				if d.paths[path] == nil {
					d.paths[path] = map[string]*operation{}
				}
				d.paths[path][strings.ToUpper(method)] = d.operation(item, node)
			}
		}
	}
}

func (d *document) operation(item, node object) *operation {
	op := &operation{id: text(node["operationId"]), summary: text(node["summary"]), statuses: map[string]*schema{}}
	form := &schema{types: []string{"object"}, properties: map[string]*schema{}}
	for _, v := range slices.Concat(list(item["parameters"]), list(node["parameters"])) {
		p, _ := d.at(v)
		one := parameter{name: text(p["name"]), in: text(p["in"]), required: p["required"] == true, schema: d.schema(p["schema"])}
		if one.schema == nil {
			one.schema = d.schema(p) // version 2 has no schema in between
		}
		switch one.in {
		case "body":
			op.media, op.body = "application/json", one.schema
		case "formData":
			if one.schema.is("file") {
				one.schema = &schema{types: []string{"string"}, format: "binary"}
			}
			op.media, op.body, form.properties[one.name] = "multipart/form-data", form, one.schema
		default:
			op.parameters = append(op.parameters, one)
		}
	}
	body, _ := d.at(node["requestBody"])
	content, _ := body["content"].(object)
	for _, media := range []string{"multipart/form-data", "application/json", "message/rfc822"} {
		if m, _ := d.at(content[media]); m != nil {
			op.media, op.body = media, d.schema(m["schema"])
			break
		}
	}
	d.responses(node, op)
	return op
}

func (d *document) responses(node object, op *operation) {
	responses, _ := node["responses"].(object)
	for _, status := range slices.Sorted(maps.Keys(responses)) {
		r, _ := d.at(responses[status])
		op.statuses[status] = d.schema(r["schema"])
		content, _ := r["content"].(object)
		if m, _ := d.at(content["application/json"]); m != nil {
			op.statuses[status] = d.schema(m["schema"])
		}
	}
}
