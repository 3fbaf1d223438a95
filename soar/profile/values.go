package profile

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
)

// outward writes one of our values as the API wants it.
func (p *spelling) outward(field string, value any) any {
	switch {
	case field == "email_id" || field == "id":
		return p.idOut(value)
	case slices.Contains(timeFields, field):
		return p.timeOut(value)
	}
	return value
}

// inward reads one of the API's values as ours. A value that cannot be read stays
// as it is: whoever decodes the document names it.
func (p *spelling) inward(field string, value any, files bool) any {
	switch {
	case field == "email_id" || field == "id" && !files:
		return p.idIn(value)
	case slices.Contains(timeFields, field):
		return p.timeIn(value)
	}
	return value
}

// idOut writes an id of ours, a number or a text.
func (p *spelling) idOut(value any) any {
	if p.IDs != "string" {
		return value
	}
	return p.IDPrefix + plain(value)
}

// idIn reads an id of theirs. One without the prefix is none of an email.
func (p *spelling) idIn(value any) any {
	text, ok := value.(string)
	if !ok || p.IDPrefix == "" {
		return value
	}
	if text, ok = strings.CutPrefix(text, p.IDPrefix); !ok {
		return nil
	}
	return text
}

// ID writes an email's id for a path.
func (p *spelling) ID(id string) string {
	if p.IDs == "string" {
		return p.IDPrefix + id
	}
	return id
}

// idValue is an id as JSON has it: a number where it is written as one.
func idValue(id string) any {
	if n, err := strconv.ParseUint(id, 10, 63); err == nil && strconv.FormatUint(n, 10) == id {
		return json.Number(id)
	}
	return id
}

func (p *spelling) timeOut(value any) any {
	text, ok := value.(string)
	if !ok || p.Dates == "" || p.Dates == "rfc3339" {
		return value
	}
	at, err := time.Parse(time.RFC3339, text)
	switch {
	case err != nil:
		return nil
	case p.Dates == "unix":
		return json.Number(strconv.FormatInt(at.Unix(), 10))
	}
	return json.Number(strconv.FormatInt(at.UnixMilli(), 10))
}

func (p *spelling) timeIn(value any) any {
	n, ok := value.(json.Number)
	switch {
	case value == nil:
		return ""
	case !ok:
		return value
	}
	units, err := n.Int64()
	switch {
	case err != nil:
		return value
	case p.Dates == "unix":
		return time.Unix(units, 0).UTC().Format(time.RFC3339)
	case p.Dates == "unix_ms":
		return time.UnixMilli(units).UTC().Format(time.RFC3339)
	}
	return value
}
