package manifest

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
)

// errQuote is what a list with a quote that never ends, or with text behind a quote, gets.
var errQuote = errors.New(`has a quote in it that does not end before a comma; a quote inside a quoted value is doubled ("say ""hi""")`)

// List returns the values of a comma-separated list or of a JSON array of
// texts, trimmed, without the empty ones; nil where it is not set. A list that
// is set but holds no value is a problem.
func (v *Values) List(id string) []string {
	var values []string
	switch value := v.value(id).(type) {
	case nil:
		return nil
	case string:
		parts, err := listOf(value)
		if err != nil {
			v.Problem(id, "%v", err)
			return nil
		}
		values = parts
	case []any:
		for _, element := range value {
			text, ok := element.(string)
			if !ok {
				v.Problem(id, "must be a list of texts; one of its values is %s", shape(element))
				return nil
			}
			values = append(values, text)
		}
	default:
		v.Problem(id, "must be a list of texts, not %s", shape(value))
		return nil
	}
	return v.checkedList(id, values)
}

func (v *Values) checkedList(id string, values []string) []string {
	values = trimmed(values)
	if len(values) == 0 {
		v.Problem(id, "is set but holds no value; give one, or leave it empty")
		return nil
	}
	if len(values) > maxListCount {
		v.Problem(id, "holds %d values; at most %d are taken", len(values), maxListCount)
		return nil
	}
	for _, value := range values {
		if len(value) > maxListValue {
			v.Problem(id, "holds a value of %d bytes; at most %d are taken", len(value), maxListValue)
			return nil
		}
		if i := strings.IndexAny(value, "\r\n\x00"); i >= 0 {
			v.Problem(id, "must not hold a line break or a NUL, as %s does", v.show(id, value))
			return nil
		}
	}
	return values
}

// TextIDs is [Values.IDs] for ids that may be texts, such as UUIDs: valid says what is one.
func (v *Values) TextIDs(id string, valid func(string) bool) []string {
	texts := v.idTexts(id)
	if len(texts) > maxIDs {
		v.Problem(id, "names %d ids; at most %d are taken", len(texts), maxIDs)
		return nil
	}
	var ids []string
	for _, text := range texts {
		if !valid(text) {
			v.Problem(id, "must be an id, which has letters, digits and - . _ ~ only, not %s", v.show(id, text))
			return nil
		}
		if !slices.Contains(ids, text) {
			ids = append(ids, text)
		}
	}
	return ids
}

// IDs returns the ids of a field such as cloud_soar_mail_id: one id, a comma
// list, or an array of texts or numbers; positive, each once, in the order given.
func (v *Values) IDs(id string) []int64 {
	texts := v.idTexts(id)
	if len(texts) > maxIDs {
		v.Problem(id, "names %d ids; at most %d are taken", len(texts), maxIDs)
		return nil
	}
	var ids []int64
	for _, text := range texts {
		n, err := strconv.ParseUint(text, 10, 63)
		if err != nil || n == 0 {
			v.Problem(id, "must be an id, which has digits only, not %s", v.show(id, text))
			return nil
		}
		if !slices.Contains(ids, int64(n)) {
			ids = append(ids, int64(n))
		}
	}
	return ids
}

// ID returns the one id of a field such as incident_id; 0 where it is not set.
func (v *Values) ID(id string) int64 {
	ids := v.IDs(id)
	if len(ids) > 1 {
		v.Problem(id, "must be one id, not %d", len(ids))
	}
	if len(ids) != 1 {
		return 0
	}
	return ids[0]
}

func (v *Values) idTexts(id string) []string {
	value := v.value(id)
	elements, isArray := value.([]any)
	if number, ok := value.(json.Number); ok {
		elements, isArray = []any{number}, true
	}
	if !isArray {
		return v.List(id)
	}
	var texts []string
	for _, element := range elements {
		switch e := element.(type) {
		case string:
			texts = append(texts, e)
		case json.Number:
			texts = append(texts, e.String())
		default:
			v.Problem(id, "must be an id or a list of ids; one of its values is %s", shape(e))
			return nil
		}
	}
	return v.checkedList(id, texts)
}

// splitList takes a comma-separated list apart. A value that holds a comma
// stands in double quotes, where a quote is doubled (RFC 4180, section 2, but
// with spaces around a value). A quote inside an unquoted value is a plain character.
func splitList(text string) ([]string, error) {
	var values []string
	for rest, more := text, true; more; {
		var value string
		var err error
		if value, rest, more, err = nextValue(rest); err != nil {
			return nil, err
		}
		values = append(values, value)
	}
	return values, nil
}

// nextValue returns the first value and what stands behind its comma.
func nextValue(text string) (value, rest string, more bool, err error) {
	start := strings.TrimLeft(text, unseen)
	if !strings.HasPrefix(start, `"`) {
		value, rest, more = strings.Cut(text, ",")
		return value, rest, more, nil
	}
	var b strings.Builder
	for start = start[1:]; ; {
		before, after, found := strings.Cut(start, `"`)
		if !found {
			return "", "", false, errQuote
		}
		b.WriteString(before)
		if !strings.HasPrefix(after, `"`) {
			start = after
			break
		}
		b.WriteByte('"')
		start = after[1:]
	}
	behind, rest, more := strings.Cut(start, ",")
	if strings.Trim(behind, unseen) != "" {
		return "", "", false, errQuote
	}
	return b.String(), rest, more, nil
}

// spaces are trimmed around a value. CR and LF are among them: the last line of a text area ends in one.
const spaces = " \t\r\n"

// unseen is trimmed too: what nobody sees of a value that was copied from a page or a
// document. No-break and zero-width spaces and joiners, marks of direction, U+FEFF.
const unseen = spaces + "\u00a0\u2007\u202f\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"

func trimmed(values []string) []string {
	var out []string
	for _, value := range values {
		if value = strings.Trim(value, unseen); value != "" {
			out = append(out, value)
		}
	}
	return out
}

// listOf reads a list from a text: JSON's ["a","b"], for the environment holds
// texts only, or values between commas. [EXTERNAL] is a value, not JSON.
func listOf(text string) ([]string, error) {
	var values []string
	if strings.HasPrefix(text, "[") && json.Unmarshal([]byte(text), &values) == nil {
		return values, nil
	}
	return splitList(text)
}
