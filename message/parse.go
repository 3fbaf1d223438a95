// Package message reads a mail as mail really is: tolerant, bounded and
// linear. It is pure: no clock, no network, no files.
package message

import (
	"iter"
	"time"
)

// Header is a header block, fields in the order of the mail.
type Header struct{ fields []Field }

// Fields returns the fields in order.
func (h Header) Fields() []Field { return h.fields }

// Values returns the decoded values of all fields of this name, in order.
func (h Header) Values(name string) []string { panic("todo") }

// IDs returns the message identifiers (RFC 5322, section 3.6.4) of all fields
// of this name, without angle brackets, trimmed of blanks.
func (h Header) IDs(name string) []string { panic("todo") }

// ParseDate reads a date-time of RFC 5322, section 3.3, obsolete and common
// wrong forms included.
func ParseDate(s string) (time.Time, bool) { panic("todo") }

// Message is a parsed mail. It is not safe for concurrent use: what is asked
// for is decoded at the first call and kept.
type Message struct {
	Raw      []byte // as it came
	Header   Header
	Problems []Problem // grows as parts are decoded: complete after BodyText, BodyHTML and Attachments
}

// Part is a leaf of a mail's structure: a body text, a file, or a nested message.
type Part struct {
	Path        string            // IMAP part path from the outermost mail (RFC 9051, section 6.4.5.1)
	Header      Header            // the part's own header; for a mail without multipart the mail's
	MediaType   string            // lower case, "text/plain"; never ""
	Params      map[string]string // parameters of Content-Type, names in lower case, values decoded (RFC 2231, RFC 2047)
	Disposition string            // lower case, "attachment", "inline", …; "" without one
	Filename    string            // decoded, as the mail gives it: data, never a path; "" without one
	ContentID   string            // without angle brackets
	Message     *Message          // the nested mail of message/rfc822 and message/global; nil for other leaves
}

// Decoded returns the content with the transfer encoding undone. The slice may
// be a part of Message.Raw: do not write to it.
func (p *Part) Decoded() []byte { panic("todo") }

// Walk calls f for each leaf of the mail itself, in document order, until f
// returns false. Nested messages come as one leaf with Message set; walk that
// one to see what is inside (its paths are those of the outermost mail).
func (m *Message) Walk(f func(p *Part) bool) { panic("todo") }

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

// Link is one target that an HTML document can take its reader to.
type Link struct {
	Target string // as written, entities decoded, blanks around it trimmed
	Text   string // the visible text of an anchor; "" for other elements
}

// Links returns the targets of an HTML document in document order.
func Links(markup string) []Link { panic("todo") }

// SafeFilename makes a name fit for a file of that name on any system.
func SafeFilename(name string) string { panic("todo") }
