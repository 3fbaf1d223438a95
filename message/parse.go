// Package message reads a mail as mail really is: tolerant, bounded and
// linear. It is pure: no clock, no network, no files.
package message

import "iter"

// Header is a header block, fields in the order of the mail.
type Header struct{ fields []Field }

// Fields returns the fields in order.
func (h Header) Fields() []Field { return h.fields }

// Values returns the decoded values of all fields of this name, in order.
func (h Header) Values(name string) []string { panic("todo") }

// Message is a parsed mail.
type Message struct {
	Raw      []byte // as it came
	Header   Header
	Problems []Problem
}

// DefaultLimits are the limits of docs/problems.md.
func DefaultLimits() Limits {
	return Limits{Depth: 100, Parts: 1000, HeaderBlock: 1 << 20, HeaderLine: 64 << 10, Headers: 2000, Addresses: 2000, Parameters: 200, EncodedWords: 2000}
}

// Parse reads a mail. It never fails as a whole: what is wrong stands in Problems.
func Parse(raw []byte, limits Limits) *Message { panic("todo") }

// ParseHeader reads a header block alone (a mail's headers as fetched for the
// filters, or the start of a mail too large to fetch).
func ParseHeader(block []byte, limits Limits) *Message { panic("todo") }

func (m *Message) Addresses(name string) []Address           { panic("todo") }
func (m *Message) BodyText() string                          { panic("todo") }
func (m *Message) BodyHTML() string                          { panic("todo") }
func (m *Message) Attachments() []Attachment                 { panic("todo") }
func (m *Message) Content(part string) ([]byte, bool)        { panic("todo") }
func (m *Message) Searchable() iter.Seq[string]              { panic("todo") }
func (m *Message) TextLeaves(nested bool) iter.Seq[TextLeaf] { panic("todo") }

// HTMLText returns the text of an HTML document as a reader sees it.
func HTMLText(markup string) string { panic("todo") }
