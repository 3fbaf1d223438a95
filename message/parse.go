// Package message reads a mail as mail really is: tolerant, bounded and
// linear. It is pure: no clock, no network, no files.
//
// Parse finds the structure in one pass over the raw bytes; parts are slices of
// them. Contents are decoded when they are asked for. What is wrong with a mail
// is data: it stands in Problems, and the reading goes on. Where a mail is so
// broken that programs differ in what they show, it is read in the other ways
// too, and what they find is added.
package message

import (
	"strings"

	"example.org/imap-integration/quote"
)

// Message is a parsed mail. It is not safe for concurrent use: what is asked
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
	digests  *int // bytes that may still be digested, of the mail and all mails in it
}

func newMessage(raw []byte, limits Limits) *Message {
	m := &Message{Raw: raw, limits: limits, digests: new(int)}
	m.found.out = &m.Problems
	return m
}

// DefaultLimits are the limits of docs/problems.md.
func DefaultLimits() Limits {
	return Limits{Depth: 100, Parts: 1000, HeaderBlock: 1 << 20, HeaderLine: 64 << 10, Headers: 2000, Addresses: 2000, Parameters: 200, EncodedWords: 2000}
}

// Parse reads a mail. It never fails as a whole: what is wrong stands in
// Problems. raw must not change while the Message is in use.
func Parse(raw []byte, limits Limits) *Message {
	m := newMessage(raw, limits)
	*m.digests = digestFactor*len(raw) + digestSpare
	st := read(m, reading{}, "")
	if st.ambiguous {
		m.crossCheck(st)
	}
	return m
}

// read fills m with the parts that one way of reading finds.
func read(m *Message, how reading, prefix string) *parseState {
	st := &parseState{search: 8*len(m.Raw) + 1<<16, decode: len(m.Raw) + 1<<16}
	s := (&scanner{limits: m.limits, how: how, shared: st}).sub(m.Raw, m)
	m.prefix = prefix
	s.entity(prefix, 0, 0, 0, "text/plain")
	return st
}

// ParseHeader reads a header block alone (a mail's headers as fetched for the
// filters, or the start of a mail too large to fetch). The Message has no body
// and no attachments.
func ParseHeader(block []byte, limits Limits) *Message {
	m := newMessage(block, limits)
	s := (&scanner{limits: limits, shared: &parseState{}}).sub(block, m)
	m.Header, _ = s.header(0, 0, true)
	s.checkHeader(0)
	return m
}

// onceOnly are the fields that a mail has at most once (RFC 5322, section 3.6; RFC 2045).
var onceOnly = []string{"Date", "Sender", "Reply-To", "To", "Cc", "Bcc", "Message-ID", "In-Reply-To", "References", "Subject", "MIME-Version"}

// displayed are the fields whose text people see.
var displayed = []string{"From", "Sender", "Reply-To", "To", "Cc", "Subject"}

// checkHeader notes what is wrong or suspicious in the header of a mail.
func (s *scanner) checkHeader(at int) {
	h := s.m.Header
	if n := h.count("From"); n > 1 {
		s.note(at, CodeTwoFrom, "%d From fields; the first counts", n)
	}
	for _, name := range onceOnly {
		if n := h.count(name); n > 1 {
			s.note(at, CodeDuplicateHeader, "%d %s fields; the first counts", n, name)
		}
	}
	for _, name := range displayed {
		for _, v := range h.Values(name) {
			if hasControl(v) {
				s.note(at, CodeControlCharacters, "control or direction characters in %s: %s", name, quote.Text(v, quote.Name))
			}
		}
	}
	if f := h.first("Date"); f != nil {
		if _, ok := ParseDate(f.Value); !ok {
			s.note(at, CodeBadDate, "the Date %s cannot be read", quote.Text(f.Value, quote.Name))
		}
	}
	s.checkAddresses(at)
}

// checkAddresses looks at the fields in which a wrong address deceives.
func (s *scanner) checkAddresses(at int) {
	h := s.m.Header
	for _, name := range []string{"From", "Sender", "Reply-To", "To", "Cc", "Bcc"} {
		n := 0
		for i := range h.fields {
			if !strings.EqualFold(h.fields[i].Name, name) {
				continue
			}
			list, flaws := parseAddresses(h.fields[i].Raw, s.limits)
			for _, a := range list {
				if a.Addr != "" {
					n++
				}
				switch {
				case lookalike(a.Addr):
					s.note(at, CodeLookalike, "the address %s of %s may be taken for another", quote.Text(a.Addr, quote.Name), name)
				case strings.ContainsAny(a.Name, fullWidthAts):
					s.note(at, CodeLookalike, "the name %s of %s looks like an address", quote.Text(a.Name, quote.Name), name)
				}
			}
			if flaws.bad {
				s.note(at, CodeBadAddress, "the addresses of %s are malformed: %s", name, quote.Text(h.fields[i].Value, quote.Name))
			}
			if flaws.tooMany {
				s.note(at, CodeLimitAddresses, "%s has more than %d addresses; the rest is not read", name, s.limits.Addresses)
			}
		}
		if n > 1 && name == "From" {
			s.note(at, CodeTwoFromAddresses, "%d addresses in From; the first counts", n)
		}
	}
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

// hasControl reports control characters (tab aside) and those that change the
// direction of what a person reads.
func hasControl(s string) bool {
	for _, r := range s {
		switch {
		case r < ' ' && r != '\t', r >= 0x7F && r < 0xA0, r >= 0x202A && r <= 0x202E, r >= 0x2066 && r <= 0x2069:
			return true
		}
	}
	return false
}
