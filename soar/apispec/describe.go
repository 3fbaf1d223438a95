package apispec

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"

	"example.org/imap-integration/soar/profile"
)

// operation describes one endpoint.
func (w *writer) operation(name string, e *endpoint) *profile.Operation {
	op := &profile.Operation{Call: e.method + " " + w.path(name, e), Request: map[string]string{}, Answer: map[string]string{}, Constants: map[string]json.RawMessage{}}
	w.headers(e, op)
	w.places(name, e, op)
	switch name {
	case "emails.create", "incidents.attachments.add":
		w.upload(e, op)
	case "emails.search":
		w.search(e, op)
	case "emails.eml":
		if _, s := e.success(); s != nil {
			if path, ok := base64Field(fieldsOf(s)); ok {
				op.Answer["content"] = path
			}
		}
	case "emails.get", "emails.discard":
		w.one(name, e, op)
	case "incidents.notes.add":
		w.note(e, op)
	}
	if strings.HasSuffix(name, "emails.list") || strings.HasSuffix(name, "attachments.list") || name == "emails.search" {
		w.list(e, op)
	}
	w.statuses(name, e, op)
	return op
}

// path names the placeholders as the integration does.
func (w *writer) path(name string, e *endpoint) string {
	path := e.path
	for i, place := range e.places {
		ours := "id"
		if strings.HasPrefix(name, "incidents.") && i == 0 {
			ours = "incident_id"
		} else if strings.HasPrefix(name, "triage.") && i == 0 {
			ours = "triage_id"
		}
		path = strings.Replace(path, "{"+place+"}", "{"+ours+"}", 1)
	}
	return path
}

// headers sends what the document demands and says the value of.
func (w *writer) headers(e *endpoint, op *profile.Operation) {
	for _, p := range e.op.parameters {
		if p.in == "header" && p.required && p.schema != nil && len(p.schema.enum) == 1 {
			value, err := json.Marshal(p.schema.enum[0])
			if err == nil {
				op.Constants["header:"+p.name] = value
			}
		}
	}
}

// inputs are the parameters and the fields of the body that an endpoint takes.
func (e *endpoint) inputs() []field {
	var all []field
	for _, p := range e.op.parameters {
		if p.in == "query" && p.schema != nil {
			all = append(all, field{p.name, p.schema})
		}
	}
	return append(all, fieldsOf(e.op.body)...)
}

// target is how a field of an endpoint is written in a profile.
func (e *endpoint) target(path string) string {
	for _, p := range e.op.parameters {
		if p.in == "query" && p.name == path && e.method != "GET" && e.method != "DELETE" {
			return "query:" + path
		}
	}
	return path
}

// places sends the ids that do not stand in the path, and pages.
func (w *writer) places(name string, e *endpoint, op *profile.Operation) {
	inPath := map[string]bool{}
	for _, place := range regexp.MustCompile(`\{(\w+)\}`).FindAllStringSubmatch(op.Call, -1) {
		inPath[place[1]] = true
	}
	inputs := e.inputs()
	ask := func(ours, as string) {
		if path, ok := w.find(as, inputs); ok {
			op.Request[ours] = e.target(path)
		}
	}
	switch {
	case strings.HasPrefix(name, "incidents.") && !inPath["incident_id"]:
		ask("incident_id", "incident_id")
	case strings.HasPrefix(name, "triage.") && !inPath["triage_id"]:
		ask("triage_id", "triage_id")
	}
	switch name {
	case "incidents.emails.add", "triage.emails.add":
		ask("email_id", "email_id")
	case "incidents.emails.remove":
		if !inPath["id"] {
			ask("id", "email_id")
		}
	}
	for ours, theirs := range op.Request {
		if theirs == ours {
			delete(op.Request, ours)
			if ours == "id" || ours == "incident_id" || ours == "triage_id" { // sent only where they are named
				op.Request[ours] = theirs
			}
		}
	}
}

// note says where a note's texts and time go; what an API has no place for is left out.
func (w *writer) note(e *endpoint, op *profile.Operation) {
	inputs := e.inputs()
	for _, ours := range []string{"title", "additional_info", "created_on"} {
		path, ok := w.find(ours, inputs)
		inputs = without(inputs, map[string]bool{path: ok})
		switch {
		case !ok:
			op.Request[ours] = ""
		case path != ours:
			op.Request[ours] = e.target(path)
		}
		for _, f := range e.inputs() {
			if ok && ours == "created_on" && f.path == path && w.p.Dates == "" {
				w.p.Dates = dates(f.schema)
			}
		}
	}
}

// base64Field is where the bytes of a file stand in a document.
func base64Field(all []field) (string, bool) {
	for _, f := range all {
		if f.is("string") && (f.schema.format == "byte" || f.schema.format == "binary" || f.schema.format == "base64") {
			return f.path, true
		}
	}
	return "", false
}

func (w *writer) upload(e *endpoint, op *profile.Operation) {
	kind, fields := e.op.media, fieldsOf(e.op.body)
	content, _ := base64Field(fields)
	switch kind {
	case "application/json":
		op.Body = "json"
		if content != "" {
			op.Request["content"] = content
		}
	case "message/rfc822":
		op.Body = "rfc822"
	default:
		if content != "" {
			op.Request["content"] = content
		}
		for _, f := range fields {
			if f.path != content && !strings.Contains(f.path, ".") {
				op.Request["metadata"] = f.path
				break
			}
		}
	}
	if _, s := e.success(); s != nil {
		answers := fieldsOf(s)
		if path, ok := w.find("id", answers); ok && path != "id" {
			op.Answer["id"] = path
		}
		if path, ok := w.find("existed", answers); ok && path != "existed" {
			op.Answer["existed"] = path
		}
	}
}

func (w *writer) one(name string, e *endpoint, op *profile.Operation) {
	_, s := e.success()
	switch at, of := unwrapped(s); {
	case of == nil && name == "emails.discard":
		op.Answer["record"] = ""
	case at != ".":
		op.Answer["record"] = at
	}
	if name != "emails.discard" || e.op.body == nil {
		return
	}
	for _, f := range fieldsOf(e.op.body) {
		if f.is("boolean") {
			op.Constants[f.path] = json.RawMessage("true")
			return
		}
	}
}

func (w *writer) list(e *endpoint, op *profile.Operation) {
	_, s := e.success()
	at, _, ok := elements(s)
	if ok && at != "results" {
		op.Answer["results"] = at
	}
	if path, ok := w.find("total", fieldsOf(s)); !ok {
		op.Answer["total"] = ""
	} else if path != "total" {
		op.Answer["total"] = path
	}
	w.pages(e, op)
}

// pages says how a page is asked for.
func (w *writer) pages(e *endpoint, op *profile.Operation) {
	inputs := e.inputs()
	if path, ok := w.find("page_size", inputs); ok && path != "page_size" {
		op.Request["page_size"] = e.target(path)
	} else if !ok {
		op.Request["page_size"] = ""
	}
	if path, ok := w.find("offset", inputs); ok {
		op.Request["offset"], op.Request["page_number"] = e.target(path), ""
		return
	}
	path, ok := w.find("page_number", inputs)
	if !ok {
		op.Request["page_number"] = ""
		return
	}
	for _, f := range inputs {
		if f.path == path && (isZero(f.schema.minimum) || isZero(f.schema.fallback)) {
			op.Request["page_index"], op.Request["page_number"] = e.target(path), ""
			return
		}
	}
	if path != "page_number" {
		op.Request["page_number"] = e.target(path)
	}
}

// filters are those of emails.search, by the field that each compares.
var filters = map[string]string{
	"mailbox_account": "mailbox_account", "folder": "folder", "source_key": "source_key", "message_id": "message_id",
	"received_after": "received_at", "received_before": "received_at", "discarded": "discarded",
}

// search says how filters are written. What compares otherwise than documented
// here finds too little and nobody notices, so only exact ones are used.
func (w *writer) search(e *endpoint, op *profile.Operation) {
	op.Request["sort"] = ""
	for _, f := range []string{"from", "subject"} {
		op.Request["filter."+f] = ""
	}
	for _, f := range e.inputs() {
		if len(f.schema.enum) > 0 && strings.Contains(flat(f.name()), "sort") || flat(f.name()) == "order" {
			w.order(f, e, op)
		}
	}
	if w.clauses(e, op) {
		return
	}
	inputs := e.inputs()
	for _, filter := range slices.Sorted(maps.Keys(filters)) {
		op.Request["filter."+filter] = ""
		if filters[filter] == "received_at" || filter == "discarded" {
			continue
		}
		if path, ok := w.find(filter, inputs); ok {
			op.Request["filter."+filter] = e.target(path)
		}
	}
}

// order asks for the newest first, where the document names how.
func (w *writer) order(f field, e *endpoint, op *profile.Operation) {
	values := f.schema.enum
	if f.schema.items != nil {
		values = f.schema.items.enum
	}
	for _, v := range values {
		text, _ := v.(string)
		if strings.HasPrefix(text, "-") || strings.Contains(text, "newest") || strings.Contains(text, "desc") {
			value, _ := json.Marshal(text)
			if f.is("array") {
				value, _ = json.Marshal([]string{text})
			}
			op.Constants[e.target(f.path)] = value
			return
		}
	}
}

// clauses finds filters that are a list of conditions.
func (w *writer) clauses(e *endpoint, op *profile.Operation) bool {
	for _, list := range fieldsOf(e.op.body) {
		if !list.is("array") || list.schema.items == nil {
			continue
		}
		c := &profile.Clauses{At: list.path, Operators: map[string]string{}}
		var operators []any
		for _, f := range fieldsOf(list.schema.items) {
			switch flat(f.name()) {
			case "field", "key", "attribute", "column":
				c.Field = f.path
			case "op", "operator", "comparison", "comparator":
				c.Operator, operators = f.path, f.schema.enum
			case "value", "operand":
				c.Value = f.path
			}
		}
		if c.Field == "" || c.Value == "" {
			continue
		}
		for _, o := range operators {
			text, _ := o.(string)
			switch strings.ToLower(text) {
			case "eq", "equals", "=", "==", "is":
				c.Operators["*"] = text
			case "ge", "gte", ">=":
				c.Operators["received_after"] = text
			case "le", "lte", "<=":
				c.Operators["received_before"] = text
			}
		}
		op.Clauses = c
		for filter, ours := range filters {
			path, named := w.p.Record[ours]
			if !named {
				path = ours
			}
			if _, ranged := c.Operators[filter]; ours == "received_at" && !ranged {
				path = ""
			}
			op.Request["filter."+filter] = path
		}
		return true
	}
	return false
}

// statuses says what a status means, where the document names it.
func (w *writer) statuses(name string, e *endpoint, op *profile.Operation) {
	done, s := e.success()
	if strings.HasSuffix(name, ".add") || name == "emails.create" {
		if e.answers(409) {
			op.Existed = []int{409}
		}
		if path, ok := w.find("existed", fieldsOf(s)); ok && strings.HasSuffix(name, "emails.add") {
			op.Answer["existed"] = path
		} else if len(done) == 1 && done[0] != 201 {
			op.Success = done
		}
	}
	if name == "incidents.emails.remove" {
		if len(done) == 1 && done[0] != 204 {
			op.Success = done
		}
		if e.answers(410) {
			op.Absent = []int{410}
		}
	}
}

// isZero reports whether a number of a document is 0, which YAML and JSON read differently.
func isZero(v any) bool { return v == 0 || v == 0.0 || v == uint64(0) || v == int64(0) }
