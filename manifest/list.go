package manifest

import (
	"encoding/json"
	"errors"
	"strings"
)

// errQuote is what a list with a quote that never ends, or with text behind a quote, gets.
var errQuote = errors.New(`has a quote in it that does not end before a comma; a quote inside a quoted value is doubled ("say ""hi""")`)

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

// blanks are trimmed around a value. CR and LF are among them: the last line of a text area ends in one.
const blanks = " \t\r\n"

// unseen is trimmed too: what nobody sees of a value that was copied from a page or a
// document. No-break and zero-width spaces and joiners, marks of direction, U+FEFF.
const unseen = blanks + "\u00a0\u2007\u202f\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"

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
