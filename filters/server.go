package filters

import (
	"slices"
	"strings"
)

// Everything is the Query of search_mode `server`: every positive filter, as
// the user wrote it.
func (f *Filter) Everything() Query {
	s := f.spec
	var q Query
	q = add(q, whole("FROM", s.From))
	q = add(q, whole("TO", s.To))
	q = add(q, whole("SUBJECT", s.Subject))
	q = add(q, f.headerTerms(func(v string) string { return v }))
	q = add(q, whole("TEXT", s.TextBody)) // TEXT, not BODY: file names stand in the parts' headers
	return q
}

// Sure is the Query of search_mode `auto` for large folders: of the positive
// header filters what a server with substring semantics is sure to find
// wherever this package would. A filter of which that is not certain is left out.
func (f *Filter) Sure() Query {
	s := f.spec
	var q Query
	q = add(q, fragments("FROM", s.From))
	q = add(q, fragments("TO", s.To))
	q = add(q, fragments("SUBJECT", s.Subject))
	q = add(q, f.headerTerms(sureFragment))
	return q
}

// add appends a group; an empty one would match nothing and means "not sure".
func add(q Query, group []Term) Query {
	if len(group) == 0 {
		return q
	}
	return append(q, group)
}

func whole(key string, values []string) []Term {
	var group []Term
	for _, v := range values {
		v = strings.TrimSpace(v)
		if key == "FROM" || key == "TO" {
			v = strings.TrimPrefix(longestPiece(v), "@")
			if v == "" {
				return nil // only stars: every address
			}
		}
		group = append(group, Term{Key: key, Value: v})
	}
	return group
}

// longestPiece is what of a wildcard a server can look for; a value without * is returned whole.
func longestPiece(v string) string {
	if _, wild := newWildcard(v); !wild {
		return v
	}
	best := ""
	for piece := range strings.SplitSeq(v, "*") {
		if len(piece) > len(best) {
			best = piece
		}
	}
	return best
}

// fragments is nil as soon as one value has no sure fragment: the others alone would lose its emails.
func fragments(key string, values []string) []Term {
	var group []Term
	for _, v := range values {
		if key == "FROM" || key == "TO" {
			v = strings.TrimPrefix(strings.TrimSpace(v), "@")
			if _, wild := newWildcard(v); wild {
				return nil // it may match the Unicode form of a domain, where the header field has xn--
			}
			if _, domain, kind := classify(v); kind != isText && !plainDomain(domain) {
				return nil
			}
		}
		part := sureFragment(v)
		if part == "" {
			return nil
		}
		group = append(group, Term{Key: key, Value: part})
	}
	return group
}

// plainDomain reports whether a domain can be written in one way only; an
// internationalised one may stand in a header in Unicode or as xn--.
func plainDomain(d string) bool {
	return isASCII(d) && !strings.Contains(strings.ToLower(d), "xn--")
}

func (f *Filter) headerTerms(part func(string) string) []Term {
	s := f.spec
	var group []Term
	for _, name := range s.HeaderField {
		if len(s.Header) == 0 {
			group = append(group, Term{Key: "HEADER", Field: name})
			continue
		}
		for _, v := range s.Header {
			p := part(strings.TrimSpace(v))
			if p == "" {
				return nil
			}
			group = append(group, Term{Key: "HEADER", Field: name, Value: p})
		}
	}
	return group
}

// unsure are letter pairs that full case folding makes out of one character
// (ß, ﬀ, ﬁ, ﬂ, ﬆ): a server may hold that character.
var unsure = []string{"ss", "ff", "fi", "fl", "st"}

// sureFragment returns the longest part of a value that stands in a text as it
// is, ASCII case aside, wherever the folded value stands in the folded text.
func sureFragment(v string) string {
	sure := make([]bool, len(v))
	for i := range sure {
		sure[i] = sureByte(v[i])
	}
	for i := 0; i+1 < len(v); i++ {
		if slices.Contains(unsure, strings.ToLower(v[i:i+2])) {
			sure[i], sure[i+1] = false, false
		}
	}
	best, start := "", 0
	for i := 0; i <= len(v); i++ {
		if i < len(v) && sure[i] {
			continue
		}
		if i-start > len(best) {
			best = v[start:i]
		}
		start = i + 1
	}
	return best
}

// sureByte leaves out white space (a run of it counts as one space), what a
// quoted-string may escape, and everything that is not ASCII.
func sureByte(c byte) bool { return c > ' ' && c < 0x7f && c != '"' && c != '\\' }
