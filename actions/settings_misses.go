package actions

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"example.org/imap-integration/filters"
	"example.org/imap-integration/message"
	"example.org/imap-integration/quote"
)

const (
	mostWatched  = 200   // values of filters that are watched
	mostSpelled  = 5_000 // addresses and domains of the folder that are remembered for each field
	nearSpelling = 2     // characters by which a slip of the finger differs
	shortestNear = 6     // characters; of a shorter value everything is near
)

// misses finds values of the filters on addresses that fit no email of those that
// were looked at, where a near spelling would: a filter with a slip of the finger
// keeps nothing, or leaves nothing out, and says no word about it.
type misses struct {
	values  []*watched
	spelled map[string]map[string]int // header field → address or domain, lower case → emails
}

// watched is one value of a filter.
type watched struct {
	field, header, value string
	fits                 filters.Condition
	emails               int
}

func newMisses(s filters.Spec) *misses {
	m := &misses{spelled: map[string]map[string]int{"From": {}, "To": {}}}
	for _, f := range []struct {
		field, header string
		values        []string
	}{{"from", "From", s.From}, {"not_from", "From", s.NotFrom}, {"to", "To", s.To}, {"not_to", "To", s.NotTo}} {
		for _, value := range f.values {
			one := filters.Spec{From: []string{value}}
			if f.header == "To" {
				one = filters.Spec{To: []string{value}}
			}
			filter, err := filters.Compile(one)
			if err != nil || len(m.values) == mostWatched {
				continue
			}
			m.values = append(m.values, &watched{field: f.field, header: f.header, value: value, fits: filter.Conditions()[0]})
		}
	}
	return m
}

// look takes an email into account.
func (m *misses) look(e *message.Message) {
	if e == nil || len(m.values) == 0 {
		return
	}
	for _, w := range m.values {
		if w.fits.Keeps(e) {
			w.emails++
		}
	}
	for header, seen := range m.spelled {
		names := map[string]bool{}
		for _, a := range e.Addresses(header) {
			address := strings.ToLower(a.Addr)
			names[address] = true
			names[address[strings.LastIndexByte(address, '@')+1:]] = true
		}
		for name := range names {
			if seen[name] > 0 || len(seen) < mostSpelled {
				seen[name]++
			}
		}
	}
}

// sentences name each value that fits nothing beside the spelling that would, in the
// order of the fields; "" where there is none.
func (m *misses) sentences() string {
	var list []string
	for _, w := range m.values {
		if near := m.near(w); w.emails == 0 && near != "" {
			list = append(list, fmt.Sprintf("%s %s fits none of them, %s would fit %s", w.field, quote.Text(w.value, quote.Name), quote.Text(near, quote.Name), number(m.spelled[w.header][near])))
		}
	}
	return strings.Join(list, "; ")
}

// near is the spelling of the folder that a value comes closest to; "" where none is close.
func (m *misses) near(w *watched) string {
	value := strings.TrimLeft(strings.ToLower(w.value), "*@.")
	if len(value) < shortestNear {
		return ""
	}
	best, least := "", nearSpelling+1
	for _, name := range slices.Sorted(maps.Keys(m.spelled[w.header])) {
		if strings.Contains(name, "@") != strings.Contains(value, "@") {
			continue
		}
		d := quote.Distance(value, name)
		more := d == least && best != "" && m.spelled[w.header][name] > m.spelled[w.header][best]
		if d > 0 && d < least || more {
			best, least = name, d
		}
	}
	return best
}
