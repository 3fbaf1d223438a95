package message

import "strings"

// Message is a parsed email. It is not safe for concurrent use: what is asked
// for is decoded at the first call and kept.
type Message struct {
	Raw      []byte // as it came; for a nested message its decoded bytes
	Header   Header
	Problems []Problem // complete after BodyText, BodyHTML and Attachments; those of nested messages included

	limits   Limits
	parts    []*Part
	prefix   string // part path of the message that this is the content of
	related  bool   // while reading: inside a multipart/related
	found    problems
	files    []Attachment
	listed   bool
	expanded bool // the files that texts hold are among the parts
	digests  *int // bytes that may still be digested, of the email and all emails in it
}

func newMessage(raw []byte, limits Limits) *Message {
	m := &Message{Raw: raw, limits: limits, digests: new(int)}
	m.found.out = &m.Problems
	return m
}

// Addresses returns all addresses of all fields of this name (any case), in
// order. Groups are dissolved (RFC 5322, section 3.4).
func (m *Message) Addresses(name string) []Address {
	var out []Address
	for i := range m.Header.fields {
		if f := &m.Header.fields[i]; strings.EqualFold(f.Name, name) {
			list, _ := parseAddresses(f.Raw, m.limits)
			out = append(out, list...)
		}
	}
	return out
}

// Walk calls f for each leaf of the email itself, in document order, until f
// returns false. Nested messages come as one leaf with Message set; walk that
// one to see what is inside (its paths are those of the outermost email). Parts
// that only another reading shows come last.
func (m *Message) Walk(f func(p *Part) bool) {
	listInline(m)
	for _, p := range m.parts {
		if !f(p) {
			return
		}
	}
}

// deep calls f for the leaves of nested messages too, each behind its message.
func (m *Message) deep(f func(p *Part) bool) bool {
	listInline(m)
	for _, p := range m.parts {
		if !f(p) || p.Message != nil && !p.Message.deep(f) {
			return false
		}
	}
	return true
}
