package profile

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
)

// idFields hold ids of emails.
var idFields = []string{"id", "email_id"}

// outward writes one of our values as the API wants it.
func (p *Profile) outward(field string, value any, files bool) any {
	switch {
	case field == "email_id" || field == "id" && !files:
		return p.idOut(value)
	case slices.Contains(timeFields, field):
		return p.timeOut(value)
	}
	return value
}

// inward reads one of the API's values as ours. A value that cannot be read stays
// as it is: whoever decodes the document names it.
func (p *Profile) inward(field string, value any) any {
	switch {
	case slices.Contains(idFields, field):
		return p.idIn(value)
	case slices.Contains(timeFields, field):
		return p.timeIn(value)
	}
	return value
}

func (p *Profile) idOut(value any) any {
	n, ok := value.(json.Number)
	if !ok || p.IDs != "string" {
		return value
	}
	return p.IDPrefix + n.String()
}

func (p *Profile) idIn(value any) any {
	text, ok := value.(string)
	if !ok {
		return value
	}
	digits, ok := strings.CutPrefix(text, p.IDPrefix)
	if n, err := strconv.ParseInt(digits, 10, 64); ok && err == nil && n > 0 && strconv.FormatInt(n, 10) == digits {
		return json.Number(digits)
	}
	return value
}

// ID writes an email's id for a path.
func (p *Profile) ID(id int64) string {
	if p.IDs == "string" {
		return p.IDPrefix + strconv.FormatInt(id, 10)
	}
	return strconv.FormatInt(id, 10)
}

func (p *Profile) timeOut(value any) any {
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

func (p *Profile) timeIn(value any) any {
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
