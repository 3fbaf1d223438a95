// Package filters decides which emails a run takes. It is pure.
//
// A server's SEARCH cannot be trusted with that: servers match words instead of
// substrings, do not decode what is encoded, fold the case of ASCII only, and know
// nothing of what is inside attachments. So what goes to the server is only a
// narrowing ([Query]), of which it is sure that it leaves out nothing wanted; every
// email that comes back is decided again here, on decoded and folded text (filters.md
// has the rules). Conditions on the header come first, because most emails can be
// decided without their content; what is not at hand keeps an email rather than losing it.
package filters

import (
	"fmt"
	"iter"
	"slices"
	"strings"

	"example.org/imap-integration/message"
	"example.org/imap-integration/quote"
)

// Spec is the filters as the parameters give them. A nil list does not filter;
// the values of one list are alternatives.
type Spec struct {
	From, To, Subject, TextBody, Header, HeaderField                   []string
	NotFrom, NotTo, NotSubject, NotTextBody, NotHeader, NotHeaderField []string

	// Inside yields every string of an email that the filters on text look at
	// (content.Searchable); nil: the texts and file names that the MIME structure shows.
	Inside func(*message.Message) iter.Seq[string]
}

// Condition is one filter that is set. A header pair counts as one.
type Condition struct {
	Field string // the id of the parameter: "from", "not_subject", …
	Body  bool   // it needs the email's content, not only its header

	names []string // header names it looks at
	not   bool
	match func(*message.Message) bool
}

// Keeps reports whether this filter alone would keep the email.
func (c Condition) Keeps(m *message.Message) bool { return c.match(m) != c.not }

// Filter is all conditions of a run. The zero value keeps every email.
type Filter struct {
	spec       Spec
	conditions []Condition // header conditions first: they are cheaper
}

// Compile checks a Spec and makes it ready. Its errors are a value filter on
// headers without the header's name, and ErrTwoAddresses.
func Compile(s Spec) (*Filter, error) {
	if len(s.Header) > 0 && len(s.HeaderField) == 0 {
		return nil, fmt.Errorf("header needs header_field: name the header in which it is to be searched")
	}
	if len(s.NotHeader) > 0 && len(s.NotHeaderField) == 0 {
		return nil, fmt.Errorf("not_header needs not_header_field: name the header in which it is to be searched")
	}
	for _, values := range []*[]string{&s.From, &s.To, &s.NotFrom, &s.NotTo} {
		var err error
		if *values, err = addressValues(*values); err != nil {
			return nil, err
		}
	}
	f := &Filter{spec: s}
	if s.Inside == nil {
		f.spec.Inside = (*message.Message).Searchable
	}
	f.addAddress("from", "From", s.From, false)
	f.addAddress("to", "To", s.To, false)
	f.addSubject("subject", s.Subject, false)
	f.addHeader("header", s.Header, s.HeaderField, false)
	f.addAddress("not_from", "From", s.NotFrom, true)
	f.addAddress("not_to", "To", s.NotTo, true)
	f.addSubject("not_subject", s.NotSubject, true)
	f.addHeader("not_header", s.NotHeader, s.NotHeaderField, true)
	f.addBody("text_body", s.TextBody, false)
	f.addBody("not_text_body", s.NotTextBody, true)
	return f, nil
}

// addressValues brings the values of one address field into the form that is compared.
func addressValues(values []string) ([]string, error) {
	var out []string
	for _, v := range values {
		clean, err := Address(v)
		if err != nil {
			return nil, fmt.Errorf("%s %w", quote.Text(v, quote.Name), err)
		}
		out = append(out, clean)
	}
	return out, nil
}

func (f *Filter) addAddress(field, name string, values []string, not bool) {
	if len(values) == 0 {
		return
	}
	a := newAddresses(values)
	f.conditions = append(f.conditions, Condition{
		Field: field, names: []string{name}, not: not,
		match: func(m *message.Message) bool { return a.match(m.Addresses(name)) },
	})
}

func (f *Filter) addSubject(field string, values []string, not bool) {
	if len(values) == 0 {
		return
	}
	n := newNeedles(values)
	f.conditions = append(f.conditions, Condition{
		Field: field, names: []string{"Subject"}, not: not,
		match: func(m *message.Message) bool { return anyValue(m, []string{"Subject"}, n) },
	})
}

func (f *Filter) addHeader(field string, values, names []string, not bool) {
	if len(names) == 0 {
		return
	}
	c := Condition{Field: field, names: names, not: not}
	if len(values) == 0 {
		c.Field = field + "_field" // it stands alone: such a header exists
		c.match = func(m *message.Message) bool {
			return slices.ContainsFunc(names, func(name string) bool { return len(m.Header.Values(name)) > 0 })
		}
	} else {
		n := newNeedles(values)
		c.match = func(m *message.Message) bool { return anyValue(m, names, n) }
	}
	f.conditions = append(f.conditions, c)
}

func anyValue(m *message.Message, names []string, n needles) bool {
	for _, name := range names {
		for _, v := range m.Header.Values(name) {
			if n.in(Fold(v)) {
				return true
			}
		}
	}
	return false
}

func (f *Filter) addBody(field string, values []string, not bool) {
	if len(values) == 0 {
		return
	}
	n := newNeedles(values)
	f.conditions = append(f.conditions, Condition{
		Field: field, Body: true, not: not,
		match: func(m *message.Message) bool {
			for text := range f.spec.Inside(m) {
				if n.in(Fold(text)) {
					return true
				}
			}
			return false
		},
	})
}

// Conditions returns the filters that are set, in the order in which they are applied.
func (f *Filter) Conditions() []Condition { return f.conditions }

// HeaderNames returns the names of the header fields that the header
// conditions need, sorted, each once; nil when none is set.
func (f *Filter) HeaderNames() []string {
	var names []string
	for _, c := range f.conditions {
		for _, n := range c.names {
			if !slices.ContainsFunc(names, func(x string) bool { return strings.EqualFold(x, n) }) {
				names = append(names, n)
			}
		}
	}
	slices.SortFunc(names, func(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) })
	return names
}

// NeedsBody reports whether some condition needs the email's content.
func (f *Filter) NeedsBody() bool {
	return slices.ContainsFunc(f.conditions, func(c Condition) bool { return c.Body })
}

// MatchHeader decides by the header conditions alone. It returns the field of
// the first filter that leaves the email out, "" when all keep it.
func (f *Filter) MatchHeader(m *message.Message) string { return f.decide(m, false) }

// MatchBody decides by the conditions on the content alone, likewise.
func (f *Filter) MatchBody(m *message.Message) string { return f.decide(m, true) }

func (f *Filter) decide(m *message.Message, body bool) string {
	for _, c := range f.conditions {
		if c.Body == body && !c.Keeps(m) {
			return c.Field
		}
	}
	return ""
}
