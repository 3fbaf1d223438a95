package profile

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
)

// Request is what the client asks for, as openapi.yaml has it.
type Request struct {
	Operation string
	Places    map[string]string // placeholders of the path
	Query     url.Values
	Document  []byte // JSON; nil without one
	Content   []byte // the email or file; nil without one
}

// Wire is the same as the API of the profile has it.
type Wire struct {
	Query       url.Values
	Header      http.Header
	ContentType string
	Body        [][]byte // nil: none
}

// Has reports whether the API has an operation.
func (p *Profile) Has(name string) bool {
	op, named := p.Operations[name]
	return !named || op != nil
}

// Calls returns the "METHOD path" of the operations that have their own, and
// whether each names a placeholder somewhere else than in its path.
func (p *Profile) Calls() map[string]string {
	calls := map[string]string{}
	for name, op := range p.Operations {
		if op != nil && op.Call != "" {
			calls[name] = op.Call
		}
	}
	return calls
}

// Names reports whether an operation sends a field by a name of its own.
func (p *Profile) Names(name, field string) bool {
	op := p.Operations[name]
	if op == nil {
		return false
	}
	for _, value := range op.Constants {
		if bytes.Contains(value, []byte(`"{`+field+`}"`)) {
			return true
		}
	}
	return op.Request[field] != ""
}

func (p *Profile) operation(name string) *Operation {
	if op := p.Operations[name]; op != nil {
		return op
	}
	return &Operation{}
}

// Translate makes a request of ours one of theirs. method is that of the route: a
// GET carries its fields in the query.
func (p *Profile) Translate(method string, r Request) (Wire, error) {
	fields, err := r.fields()
	if err != nil {
		return Wire{}, err
	}
	b := builder{
		p: p, op: p.operation(r.Operation), shape: shapes[r.Operation], doc: map[string]any{},
		wire: Wire{Query: url.Values{}, Header: http.Header{}}, bodiless: method == http.MethodGet || method == http.MethodDelete,
	}
	for name, value := range p.Headers {
		b.wire.Header.Set(name, value)
	}
	for _, field := range slices.Sorted(maps.Keys(fields)) {
		b.add(field, fields[field])
	}
	for target, value := range b.op.Constants {
		v, err := decode(value)
		if err != nil {
			return Wire{}, err
		}
		b.put(target, p.placed(v, r.Places))
	}
	return b.finish(r)
}

// placed puts ids in the place of texts that are nothing but a placeholder, such as "{id}".
func (p *spelling) placed(value any, places map[string]string) any {
	switch v := value.(type) {
	case string:
		for name, id := range places {
			if v == "{"+name+"}" {
				return p.outward(name, idValue(id))
			}
		}
	case []any:
		for i := range v {
			v[i] = p.placed(v[i], places)
		}
	case map[string]any:
		for key := range v {
			v[key] = p.placed(v[key], places)
		}
	}
	return value
}

// fields flattens a request: the names of the document, those of its filter with
// "filter." in front, the query, the placeholders and what follows from the page.
func (r Request) fields() (map[string]any, error) {
	fields := map[string]any{}
	if r.Document != nil {
		doc, err := decode(r.Document)
		object, ok := doc.(map[string]any)
		if err != nil || !ok {
			return nil, fmt.Errorf("%s is no JSON object", r.Operation)
		}
		maps.Copy(fields, object)
	}
	if filter, ok := fields["filter"].(map[string]any); ok {
		delete(fields, "filter")
		for name, value := range filter {
			fields["filter."+name] = value
		}
	}
	for name := range r.Query {
		fields[name] = json.Number(r.Query.Get(name))
	}
	for name, value := range r.Places {
		fields[name] = idValue(value)
	}
	size, sizeErr := number(fields["page_size"])
	page, pageErr := number(fields["page_number"])
	if sizeErr == nil && pageErr == nil {
		fields["page_index"] = json.Number(fmt.Sprint(page - 1))
		fields["offset"] = json.Number(fmt.Sprint((page - 1) * size))
	}
	return fields, nil
}

func number(value any) (int64, error) {
	n, _ := value.(json.Number)
	return n.Int64()
}

// builder collects one request.
type builder struct {
	p        *Profile
	op       *Operation
	shape    shape
	doc      map[string]any
	clauses  []any
	wire     Wire
	bodiless bool
}

// add sends one of our fields.
func (b *builder) add(field string, value any) {
	target, send := b.targetOf(field)
	if !send {
		return
	}
	value = b.p.outward(field, value)
	if name, isFilter := strings.CutPrefix(field, "filter."); isFilter && b.op.Clauses != nil {
		b.clause(name, strings.TrimPrefix(target, "filter."), value)
		return
	}
	b.put(target, value)
}

// targetOf is where a field goes.
func (b *builder) targetOf(field string) (target string, send bool) {
	if target, named := b.op.Request[field]; named {
		return target, target != ""
	}
	if _, others := b.op.Request["*"]; others || slices.Contains(onDemand, field) {
		return "", false
	}
	names := b.p.Record
	if b.shape.files {
		names = b.p.File
	}
	if target, named := names[field]; named && b.shape.content != "" {
		return target, target != ""
	}
	return field, true
}

func (b *builder) clause(filter, field string, value any) {
	c := b.op.Clauses
	object := map[string]any{}
	set(object, c.Field, field)
	set(object, c.Value, value)
	operator, named := c.Operators[filter]
	if !named {
		operator = c.Operators["*"]
	}
	if c.Operator != "" {
		set(object, c.Operator, operator)
	}
	b.clauses = append(b.clauses, object)
}

// put writes a value where its target says.
func (b *builder) put(target string, value any) {
	if name, ok := strings.CutPrefix(target, headerTarget); ok {
		b.wire.Header.Set(name, oneLine(plain(value)))
		return
	}
	name, ok := strings.CutPrefix(target, queryTarget)
	if ok || b.bodiless {
		b.wire.Query.Set(name, plain(value))
		return
	}
	set(b.doc, target, value)
}

// plain writes a value without quotation marks.
func plain(value any) string {
	if text, ok := value.(string); ok {
		return text
	}
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // it came out of a JSON document
	}
	return string(text)
}

// oneLine keeps a value inside its header line; what is not ASCII is escaped as in a URL.
func oneLine(value string) string {
	if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' }) {
		return url.PathEscape(value)
	}
	return value
}

func (b *builder) finish(r Request) (Wire, error) {
	if b.op.Clauses != nil {
		list := b.clauses
		if list == nil {
			list = []any{}
		}
		set(b.doc, b.op.Clauses.At, list)
	}
	if len(b.doc) == 0 && r.Document == nil || b.bodiless {
		return b.wire, nil
	}
	switch {
	case b.shape.content == "":
		b.json()
	case b.op.Body == "json":
		if r.Content != nil {
			set(b.doc, b.name("content", b.shape.content), base64.StdEncoding.EncodeToString(r.Content))
		}
		b.json()
	case b.op.Body == "rfc822":
		b.alone(r.Content)
	default:
		b.multipart(r.Content)
	}
	return b.wire, nil
}

func (b *builder) name(field, standard string) string {
	if name := b.op.Request[field]; name != "" {
		return name
	}
	return standard
}

func (b *builder) json() {
	b.wire.ContentType, b.wire.Body = "application/json", [][]byte{[]byte(plain(b.doc))}
}

// alone sends the content without metadata. A record without content is sent as an
// empty body, which an API may refuse.
func (b *builder) alone(content []byte) {
	b.wire.ContentType, b.wire.Body = "message/rfc822", [][]byte{content}
	if b.shape.files {
		b.wire.ContentType = "application/octet-stream"
	}
}

// multipart is multipart/form-data (RFC 7578).
func (b *builder) multipart(content []byte) {
	var text bytes.Buffer // writing to it cannot fail
	w := multipart.NewWriter(&text)
	part, _ := w.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {`form-data; name="` + b.name("metadata", "metadata") + `"`},
		"Content-Type":        {"application/json"},
	})
	_, _ = part.Write([]byte(plain(b.doc)))
	if content != nil {
		file, media := "mail.eml", "message/rfc822"
		if b.shape.files {
			file, media = "attachment", "application/octet-stream"
		}
		_, _ = w.CreatePart(textproto.MIMEHeader{
			"Content-Disposition": {`form-data; name="` + b.name("content", b.shape.content) + `"; filename="` + file + `"`},
			"Content-Type":        {media},
		})
	}
	head := text.Len()
	_ = w.Close()
	b.wire.ContentType = w.FormDataContentType()
	b.wire.Body = [][]byte{text.Bytes()[:head], content, text.Bytes()[head:]}
}
