package profile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"

	"example.org/imap-integration/quote"
)

// Profile is an API in words. Names are ours → theirs; theirs are dotted paths.
type Profile struct {
	spelling
	Headers    map[string]string     `json:"headers,omitempty"`    // sent with every request
	Record     map[string]string     `json:"record,omitempty"`     // names of a record's fields, in requests and answers
	File       map[string]string     `json:"file,omitempty"`       // likewise of an incident's attachment
	Operations map[string]*Operation `json:"operations,omitempty"` // null: the API has no such operation
}

// spelling is how values are written.
type spelling struct {
	Dates    string `json:"dates,omitempty"`     // rfc3339 (default), unix or unix_ms
	IDs      string `json:"ids,omitempty"`       // number (default) or string
	IDPrefix string `json:"id_prefix,omitempty"` // stands before the digits of an email's id: ids is string then
}

// Operation is one endpoint. What it leaves out is as in openapi.yaml.
type Operation struct {
	Call string `json:"call,omitempty"` // "METHOD path"
	Body string `json:"body,omitempty"` // how content travels: multipart (default), json (base64) or rfc822 (the email alone)
	// Request names fields; "" leaves one out, and the name * stands for all that are not named. A target may begin with
	// "query:" or "header:"; "metadata" and "content" name the parts of a multipart body.
	Request   map[string]string          `json:"request,omitempty"`
	Constants map[string]json.RawMessage `json:"constants,omitempty"` // target → value that is always sent
	Clauses   *Clauses                   `json:"clauses,omitempty"`   // filters as a list of conditions
	Answer    map[string]string          `json:"answer,omitempty"`    // where id, existed, results, total, record or content stand; "." is the whole document
	Success   []int                      `json:"success,omitempty"`   // statuses that mean success; empty: 200 to 299
	Existed   []int                      `json:"existed,omitempty"`   // statuses that mean success, and that it was there before
	Absent    []int                      `json:"absent,omitempty"`    // statuses that mean what 404 does
}

// Clauses writes each filter as an object in a list.
type Clauses struct {
	At        string            `json:"at,omitempty"`        // the list
	Field     string            `json:"field,omitempty"`     // key of the field's name
	Operator  string            `json:"operator,omitempty"`  // key of the operator; "" for none
	Value     string            `json:"value,omitempty"`     // key of the value
	Operators map[string]string `json:"operators,omitempty"` // filter without "filter." → operator; * for the others
}

const (
	queryTarget  = "query:"
	headerTarget = "header:"
	maxProfile   = 64 << 10 // bytes
	maxPath      = 8        // names in a dotted path
)

// pathName is one name of a dotted path. It is compiled when a profile is read: most runs have none.
var pathName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9_$@-]{1,64}$`) })

// placeText is a constant that stands for an id.
var placeText = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`"\{([^{}"]*)\}"`) })

// Is reports whether a setting holds a profile, and not routes alone.
func Is(text string) bool {
	var keys map[string]json.RawMessage
	if len(text) > maxProfile || json.Unmarshal([]byte(text), &keys) != nil {
		return false
	}
	for _, key := range []string{"operations", "headers", "record", "file", "dates", "ids", "id_prefix"} {
		if _, ok := keys[key]; ok {
			return true
		}
	}
	return false
}

// Parse reads a profile and checks all of it but the paths of its operations. The
// error lists every mistake with its place.
func Parse(text string) (*Profile, error) {
	if len(text) > maxProfile {
		return nil, fmt.Errorf("more than %d bytes", maxProfile)
	}
	p := &Profile{}
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.DisallowUnknownFields()
	if err := d.Decode(p); err != nil {
		return nil, fmt.Errorf("not a profile: %s", quote.Text(err.Error(), quote.Sentence))
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is more after the JSON object")
	}
	return p, errors.Join(p.mistakes()...)
}

func (p *Profile) mistakes() []error {
	c := &checker{}
	c.oneOf("dates", p.Dates, "rfc3339", "unix", "unix_ms")
	c.oneOf("ids", p.IDs, "number", "string")
	if p.IDPrefix != "" && (p.IDs != "string" || !pathName().MatchString(p.IDPrefix)) {
		c.add("id_prefix", `wants "ids": "string", and letters, digits, - or _`)
	}
	for _, name := range slices.Sorted(maps.Keys(p.Headers)) {
		c.header("headers", name)
		if strings.ContainsFunc(p.Headers[name], func(r rune) bool { return r < ' ' || r > '~' }) {
			c.add("headers."+name, "holds a character that no header takes")
		}
	}
	c.names("record", p.Record, recordFields)
	c.names("file", p.File, fileFields)
	for _, name := range slices.Sorted(maps.Keys(p.Operations)) {
		s, known := shapes[name]
		switch op := p.Operations[name]; {
		case !known:
			c.add("operations."+name, "is unknown; there are "+strings.Join(slices.Sorted(maps.Keys(shapes)), ", "))
		case op != nil:
			c.operation("operations."+name, op, s)
		}
	}
	return c.found
}

// checker collects mistakes.
type checker struct{ found []error }

func (c *checker) add(place, what string) {
	c.found = append(c.found, fmt.Errorf("%s %s", quote.Line(place, 2*quote.Name), what))
}

func (c *checker) oneOf(place, value string, allowed ...string) {
	if value != "" && !slices.Contains(allowed, value) {
		c.add(place, "must be "+strings.Join(allowed, " or ")+", not "+quote.Text(value, quote.Name))
	}
}

// reserved are headers that the client sets.
var reserved = []string{"Authorization", "Content-Length", "Content-Type", "Host", "Transfer-Encoding", "Connection", "Cookie"}

func (c *checker) header(place, name string) {
	if !pathName().MatchString(name) || slices.Contains(reserved, http.CanonicalHeaderKey(name)) {
		c.add(place, "must not set the header "+quote.Text(name, quote.Name))
	}
}

// names checks a mapping in which every target stands once.
func (c *checker) names(place string, names map[string]string, known []string) {
	c.known(place, names, known)
	targets := map[string]string{}
	for _, field := range known {
		target, named := names[field]
		if !named {
			target = field
		}
		if other, taken := targets[target]; taken && target != "" {
			c.add(place+"."+field, "has the same name as "+other)
		}
		targets[target] = field
		c.path(place+"."+field, target)
	}
}

func (c *checker) known(place string, names map[string]string, known []string) {
	for _, field := range slices.Sorted(maps.Keys(names)) {
		if !slices.Contains(known, field) {
			c.add(place+"."+field, "is unknown; there are "+strings.Join(known, ", "))
		}
	}
}

func (c *checker) path(place, path string) {
	names := strings.Split(path, ".")
	if path == "" || path == "." {
		return
	}
	if len(names) > maxPath || slices.ContainsFunc(names, func(n string) bool { return !pathName().MatchString(n) }) {
		c.add(place, quote.Text(path, quote.Name)+" is not a path of names and dots")
	}
}

func (c *checker) operation(place string, op *Operation, s shape) {
	c.oneOf(place+".body", op.Body, "multipart", "json", "rfc822")
	if op.Body != "" && s.content == "" {
		c.add(place+".body", "is for operations that send a file")
	}
	known := append([]string{"*"}, s.request...)
	if s.content != "" {
		known = append(known, "metadata", "content")
	}
	c.known(place+".request", op.Request, known)
	for _, field := range slices.Sorted(maps.Keys(op.Request)) {
		c.target(place+".request."+field, op.Request[field])
	}
	for _, target := range slices.Sorted(maps.Keys(op.Constants)) {
		c.target(place+".constants", target)
		for _, name := range placeText().FindAllSubmatch(op.Constants[target], -1) {
			if field := string(name[1]); !slices.Contains(onDemand[:3], field) || !slices.Contains(s.request, field) {
				c.add(place+".constants."+target, "names the placeholder "+quote.Text("{"+field+"}", quote.Name)+", which the operation does not have")
			}
		}
	}
	if op.Request["*"] != "" {
		c.add(place+".request.*", `can only be ""`)
	}
	c.known(place+".answer", op.Answer, answerFields[s.kind])
	for _, field := range slices.Sorted(maps.Keys(op.Answer)) {
		if name, ok := strings.CutPrefix(op.Answer[field], headerTarget); ok && field == "id" && pathName().MatchString(name) {
			continue
		}
		c.path(place+".answer."+field, op.Answer[field])
	}
	if op.Answer["error"] == "." {
		c.add(place+".answer.error", "must name a field, not the whole document")
	}
	for _, status := range slices.Concat(op.Success, op.Existed, op.Absent) {
		if status < 200 || status > 499 || status/100 == 3 || status == 401 || status == 403 {
			c.add(place, fmt.Sprintf("gives the status %d another meaning; that is for 200 to 299 and 400 to 499 without 401 and 403", status))
		}
	}
	c.clauses(place+".clauses", op.Clauses, s)
}

func (c *checker) target(place, target string) {
	if name, ok := strings.CutPrefix(target, headerTarget); ok {
		c.header(place, name)
		return
	}
	c.path(place, strings.TrimPrefix(target, queryTarget))
}

func (c *checker) clauses(place string, cl *Clauses, s shape) {
	if cl == nil {
		return
	}
	if s.kind != lists || !slices.Contains(s.request, "sort") {
		c.add(place, "is for emails.search")
	}
	if cl.At == "" || cl.Field == "" || cl.Value == "" {
		c.add(place, "needs at, field and value")
	}
	for _, path := range []string{cl.At, cl.Field, cl.Operator, cl.Value} {
		c.path(place, path)
	}
}
