package profile

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"example.org/imap-integration/quote"
)

// Status translates a status: 200 for what existed, 201 for another success, 404
// for what is absent. Every other one stays what it is; one of the 2xx that is no
// success becomes 502, which nobody takes for one.
func (p *Profile) Status(operation string, status int) int {
	op := p.operation(operation)
	switch {
	case slices.Contains(op.Existed, status):
		return http.StatusOK
	case slices.Contains(op.Absent, status):
		return http.StatusNotFound
	case slices.Contains(op.Success, status):
		return http.StatusCreated
	case status/100 == 2 && len(op.Success) > 0:
		return http.StatusBadGateway
	}
	return status
}

// Answer is a success as openapi.yaml has it.
type Answer struct {
	Status      int
	ContentType string
	Body        []byte
}

// Read translates a success with its header and body. The error is a phrase that follows "it answered with".
func (p *Profile) Read(r Request, status int, header http.Header, body []byte) (Answer, error) {
	op, s := p.operation(r.Operation), shapes[r.Operation]
	existed := slices.Contains(op.Existed, status)
	if err := refusal(op, body); err != nil {
		return Answer{}, err
	}
	if s.kind == removes {
		return Answer{Status: http.StatusNoContent}, nil
	}
	if s.kind == anything {
		doc, err := decode(body)
		if err != nil {
			return Answer{}, err
		}
		return answer(http.StatusCreated, doc)
	}
	if s.kind == raw && op.Answer["content"] == "" {
		return Answer{http.StatusOK, "message/rfc822", body}, nil
	}
	var doc any
	if len(bytes.TrimSpace(body)) > 0 {
		var err error
		if doc, err = decode(body); err != nil {
			return Answer{}, err
		}
	}
	if at := op.Answer["existed"]; at != "" {
		v, _ := get(doc, at)
		existed = existed || v == true
	}
	a := reader{p: p, op: op, shape: s, request: r, header: header, doc: doc}
	switch s.kind {
	case makes:
		return a.made(existed)
	case links:
		return a.linked(existed, status)
	case lists:
		return a.list()
	case raw:
		return a.content()
	}
	return a.record()
}

// refusal finds the error of an API that answers with a status of success nevertheless:
// anything but null, false, 0 and nothing at the place that its profile names.
func refusal(op *Operation, body []byte) error {
	at := op.Answer["error"]
	if at == "" {
		return nil
	}
	doc, err := decode(body)
	if err != nil {
		return nil // whoever needs a document says so
	}
	switch v, _ := get(doc, at); plain(v) {
	case "null", "false", "0", "", "[]", "{}":
		return nil
	default:
		return fmt.Errorf("the error %s at %s", quote.Text(plain(v), quote.Sentence), quote.Text(at, quote.Name))
	}
}

// reader takes one answer apart.
type reader struct {
	p       *Profile
	op      *Operation
	shape   shape
	request Request
	header  http.Header
	doc     any
}

// at finds what the profile promises.
func (a reader) at(field, standard string) (any, error) {
	path, named := a.op.Answer[field]
	if !named {
		path = standard
	}
	if name, ok := strings.CutPrefix(path, headerTarget); ok {
		return a.inHeader(name)
	}
	v, ok := get(a.doc, path)
	if !ok {
		return nil, fmt.Errorf("a JSON document without %s", quote.Text(path, quote.Name))
	}
	return v, nil
}

// inHeader finds an id in a header, which may be the address of what was made.
func (a reader) inHeader(name string) (any, error) {
	text, _, _ := strings.Cut(a.header.Get(name), "?")
	text = strings.TrimSuffix(text, "/")
	if text = text[strings.LastIndexByte(text, '/')+1:]; text == "" {
		return nil, fmt.Errorf("no header %s", quote.Text(name, quote.Name))
	}
	if a.p.IDs == "string" && !a.shape.files {
		return text, nil
	}
	return idValue(text), nil
}

func answer(status int, doc any) (Answer, error) {
	return Answer{status, "application/json", []byte(plain(doc))}, nil
}

func (a reader) made(existed bool) (Answer, error) {
	id, err := a.at("id", "id")
	if err != nil {
		return Answer{}, err
	}
	if !a.shape.files {
		id = a.p.idIn(id)
	}
	if was, ok := get(a.doc, "existed"); ok && a.op.Answer["existed"] == "" {
		existed = existed || was == true
	}
	return answer(created(existed), map[string]any{"id": id, "existed": existed})
}

// linked says what was linked, which an API need not repeat.
func (a reader) linked(existed bool, status int) (Answer, error) {
	fields, err := a.request.fields()
	if err != nil {
		return Answer{}, err
	}
	if a.op.Answer["existed"] == "" && len(a.op.Existed) == 0 {
		existed = status == http.StatusOK && len(a.op.Success) == 0
	}
	return answer(created(existed), map[string]any{"email_id": fields["email_id"]})
}

func created(existed bool) int {
	if existed {
		return http.StatusOK
	}
	return http.StatusCreated
}

// list translates each element. Of an API that does not count, the total is what
// was seen, and one more until a page is empty: its pages may be smaller than asked.
func (a reader) list() (Answer, error) {
	v, err := a.at("results", "results")
	if err != nil {
		return Answer{}, err
	}
	elements, ok := v.([]any)
	if !ok {
		return Answer{}, errors.New("results that are no list")
	}
	results := make([]any, len(elements))
	for i, e := range elements {
		results[i] = a.element(e)
	}
	total, err := a.at("total", "total")
	if path, named := a.op.Answer["total"]; named && path == "" {
		total, err = a.guess(len(elements))
	}
	if err != nil {
		return Answer{}, err
	}
	return answer(http.StatusOK, map[string]any{"results": results, "total": total})
}

// Counts reports whether a list of the API says how long it is.
func (p *Profile) Counts(operation string) bool {
	path, named := p.operation(operation).Answer["total"]
	return !named || path != ""
}

func (a reader) guess(n int) (any, error) {
	fields, err := a.request.fields()
	if err != nil {
		return nil, err
	}
	offset, _ := number(fields["offset"])
	total := offset + int64(n)
	if n > 0 {
		total++
	}
	return json.Number(fmt.Sprint(total)), nil
}

// element translates a record or an attachment; what is no object stays, for the
// decoder to name.
func (a reader) element(value any) any {
	names, known := a.p.Record, recordFields
	if a.shape.files {
		names, known = a.p.File, fileFields
	}
	if _, ok := value.(map[string]any); !ok {
		return value
	}
	out := map[string]any{}
	for _, field := range known {
		path, named := names[field]
		if !named {
			path = field
		}
		if path == "" {
			continue
		}
		if v, ok := get(value, path); ok && v != nil {
			out[field] = a.p.inward(field, v, a.shape.files)
		}
	}
	return out
}

// record translates one record. Where an operation answers none, "record" is "":
// what was asked for is what is answered.
func (a reader) record() (Answer, error) {
	if path, named := a.op.Answer["record"]; named && path == "" {
		id := idValue(a.request.Places["id"])
		return answer(http.StatusOK, map[string]any{"id": id, "discarded": a.request.Operation == "emails.discard"})
	}
	v, err := a.at("record", ".")
	if err != nil {
		return Answer{}, err
	}
	return answer(http.StatusOK, a.element(v))
}

// content takes an email out of a JSON document.
func (a reader) content() (Answer, error) {
	v, err := a.at("content", "content")
	if err != nil {
		return Answer{}, err
	}
	text, _ := v.(string)
	email, err := base64.StdEncoding.DecodeString(text)
	if err != nil || text == "" {
		return Answer{}, errors.New("a content that is not base64")
	}
	return Answer{http.StatusOK, "message/rfc822", email}, nil
}
