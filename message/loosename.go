package message

import (
	"strings"
)

// Programs differ in what they make of a file name whose parameter does not follow
// the grammar (RFC 2045, section 5.1): comments in odd places, text behind a quoted
// value, quotes without their other half, spaces in a value without quotes. Every
// name that one of them could show is kept, since a filter and an analyst search for them.

// looseNames are the names in parameters that are not written by the grammar.
func looseNames(h Header, limits Limits) (names []string) {
	for _, field := range []struct{ header, parameter string }{{"Content-Disposition", "filename"}, {"Content-Type", "name"}} {
		f := h.first(field.header)
		if f == nil || len(f.Raw) > maxLooseField {
			continue
		}
		value := unfold(f.Raw)
		if grammatical(value) {
			continue
		}
		names = append(names, looseValues(value, field.parameter)...)
		if bare := withoutComments(value); bare != value {
			again := parseMedia(bare, limits)
			names = append(names, again.params[field.parameter], again.others[field.parameter])
		}
	}
	return names
}

// maxLooseField bounds the fields that are read in this way, bytes.
const maxLooseField = 8 << 10

// maxLooseNames is how many of them are kept.
const maxLooseNames = 20

// grammatical reports whether a value is a token or type and parameters, each a token
// or a quoted string and nothing else.
func grammatical(v string) bool {
	head, rest, more := strings.Cut(v, ";")
	if strings.ContainsAny(strings.TrimSpace(head), "\"'()=, \t") {
		return false
	}
	for more && strings.TrimSpace(rest) != "" {
		name, after, ok := strings.Cut(rest, "=")
		name = strings.TrimSpace(name)
		after = strings.TrimLeft(after, " \t")
		if !ok || name == "" || strings.ContainsAny(name, "\"'() \t;:,") {
			return false
		}
		if strings.HasPrefix(after, "\"") {
			_, _, after = parameterValue(after)
			if strings.Count(rest[:len(rest)-len(after)], "\"")%2 != 0 && !strings.Contains(rest, "\\\"") {
				return false // never closed
			}
			if after = strings.TrimLeft(after, " \t"); after != "" && after[0] != ';' {
				return false
			}
			rest, more = strings.TrimPrefix(after, ";"), after != ""
			continue
		}
		var value string
		value, rest, more = strings.Cut(after, ";")
		value = strings.TrimSpace(value)
		if value == "" || strings.ContainsAny(value, "\"() \t,") || strings.HasPrefix(value, "'") && strings.HasSuffix(value, "'") {
			return false
		}
	}
	return true
}

// looseValues are the values that programs find for a parameter, wherever its name stands.
func looseValues(v, parameter string) (values []string) {
	bare, _ := dropComments(v)
	for _, text := range []string{v, bare} {
		lower := lowerASCII(text)
		for at := 0; len(values) < 10*maxLooseNames; {
			i := strings.Index(lower[at:], parameter)
			if i < 0 {
				break
			}
			at += i + len(parameter)
			if before := at - len(parameter) - 1; before >= 0 && isLetter(lower[before]) {
				continue // the end of another word, such as "name" of "filename"
			}
			values = append(values, valuesAt(text[at:])...)
		}
	}
	// A comment inside the parameter's name.
	if strings.Contains(v, "(") && len(values) == 0 && strings.Contains(lowerASCII(withoutComments(v)), parameter) {
		if _, after, ok := strings.Cut(bare, "="); ok {
			values = append(values, valuesAt("="+after)...)
		}
	}
	return values
}

// withoutComments deletes whatever stands in parentheses, and closes the gap.
func withoutComments(v string) string {
	var out strings.Builder
	depth := 0
	for i := range len(v) {
		switch {
		case v[i] == '(':
			depth++
		case v[i] == ')' && depth > 0:
			depth--
		case depth == 0:
			out.WriteByte(v[i])
		}
	}
	return out.String()
}

// valuesAt are the ways to read what follows the name of a parameter.
func valuesAt(rest string) (values []string) {
	// Between the name and the value there may be marks, spaces, comments, an equals sign or a colon.
	marks, value, ok := strings.Cut(rest, "=")
	if colon := strings.IndexByte(rest, ':'); colon >= 0 && (!ok || colon < len(marks)) {
		marks, value, ok = rest[:colon], rest[colon+1:], true
	}
	if marks, _ = dropComments(marks); !ok || strings.Trim(marks, " \t*0123456789()") != "" {
		return nil
	}
	value = strings.TrimLeft(value, " \t")
	whole := value
	if semi := strings.IndexByte(whole, ';'); semi >= 0 {
		whole = whole[:semi]
	}
	whole = strings.TrimSpace(whole)
	bare, _ := dropComments(value)
	bare = strings.TrimSpace(bare)
	add := func(v string) {
		if v = strings.TrimSpace(v); v != "" {
			values = append(values, v)
		}
	}
	for _, v := range []string{whole, bare} {
		if strings.HasPrefix(v, "\"") {
			inside, after, _ := strings.Cut(v[1:], "\"")
			add(inside)
			if after, _, _ = strings.Cut(after, ";"); strings.TrimSpace(after) != "" {
				add(inside + strings.Trim(after, "\""))
				add(strings.Trim(strings.TrimSpace(after), "\""))
			}
		}
		v, _, _ = strings.Cut(v, ";")
		add(strings.Trim(v, "\"'"))
		add(strings.ReplaceAll(v, "\"", ""))
		if last := strings.LastIndexByte(v, '"'); last > 0 {
			add(strings.ReplaceAll(v[:last], "\"", ""))
		}
		if cut := strings.IndexAny(v, " \t("); cut > 0 {
			add(strings.Trim(v[:cut], "\"'"))
		}
		add(v)
	}
	return values
}
