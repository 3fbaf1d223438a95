package message

import "iter"

// Problem names one thing that is wrong or suspicious in an email. The codes
// are listed in docs/problems.md and are never renamed.
type Problem struct {
	Code   string `json:"code"`
	Detail string `json:"detail"` // one line for a person; foreign text quoted and cut
}

// Address is one mailbox of an address header (RFC 5322, section 3.4).
type Address struct {
	Name string // display name, decoded; "" where there is none
	Addr string // addr-spec as written (domain in Unicode or xn-- form); "" where a field has a name alone (then Name is not "")
}

// Field is one header field.
type Field struct {
	Name  string // as written
	Value string // unfolded, encoded-words decoded (RFC 2047), valid UTF-8
	Raw   string // the value's bytes as they came, folds included
}

// Attachment is one entry of an email's list of attachments: every leaf that is
// not part of the body texts, each nested message, and what is attached inside it.
type Attachment struct {
	Filename    string `json:"filename"`     // decoded, as the email gives it: data, never a path; without one that of its type, invite.ics, or ""
	ContentType string `json:"content_type"` // lower-case media type, "image/png"
	Size        int64  `json:"size"`         // bytes, decoded
	MD5         string `json:"md5"`
	SHA1        string `json:"sha1"`
	SHA256      string `json:"sha256"`
	Inline      bool   `json:"inline"`
	ContentID   string `json:"content_id"` // without angle brackets
	Part        string `json:"part"`       // IMAP part path, "2.1" (RFC 9051, section 6.4.5.1)
}

// TextLeaf is one text that a reader of the email can see.
type TextLeaf struct {
	Path string // IMAP part path
	HTML bool   // text/html; Text is then the markup
	Text string // decoded to UTF-8, whole
}

// The consumers' view of a parsed email; parse.go and its neighbours implement it.
var _ interface {
	// Values returns the decoded values of all fields of this name (any case), in order.
	Values(name string) []string
} = Header{}

var _ interface {
	// Addresses returns all addresses of all fields of this name, in order.
	Addresses(name string) []Address
	// BodyText and BodyHTML return the joined texts of contract section 3, uncut.
	BodyText() string
	BodyHTML() string
	// Attachments lists them in document order, digests included (computed at the first call).
	Attachments() []Attachment
	// Content returns the decoded bytes of the attachment at this part path.
	Content(part string) ([]byte, bool)
	// Searchable yields every text that the filter text_body looks at: decoded
	// text/plain parts, text/html parts as text, attached ones and those of nested
	// messages included, and the file names of attachments.
	Searchable() iter.Seq[string]
	// TextLeaves yields the texts for the regex actions, nested messages included on request.
	TextLeaves(nested bool) iter.Seq[TextLeaf]
} = (*Message)(nil)

// Limits bound what one parse may cost. Beyond a limit the parse goes on with
// what it has, and a Problem says so.
type Limits struct {
	Depth        int // nesting of multiparts and messages
	Parts        int // leaves; the rest stays one opaque part
	HeaderBlock  int // bytes of one header block
	HeaderLine   int // bytes of one unfolded header field
	Headers      int // fields of one header block
	Addresses    int // addresses of one field
	Parameters   int // parameters of one field
	EncodedWords int // encoded-words of one field
}

// DefaultLimits are the limits of docs/problems.md.
func DefaultLimits() Limits {
	return Limits{Depth: 100, Parts: 1000, HeaderBlock: 1 << 20, HeaderLine: 64 << 10, Headers: 2000, Addresses: 2000, Parameters: 200, EncodedWords: 2000}
}
