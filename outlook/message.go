package outlook

import (
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"example.org/imap-integration/message"
)

// Kinds of an [Message] message.
const (
	KindMSG  = "msg"  // an Outlook .msg file, a compound file of MAPI properties ([MS-OXMSG])
	KindTNEF = "tnef" // a winmail.dat, a stream of attributes and MAPI properties ([MS-OXTNEF])
)

// Message is a message that came as MAPI properties instead of MIME. What the
// file does not say is "", nil or the zero time.
type Message struct {
	Kind       string            // [KindMSG] or [KindTNEF]
	Class      string            // message class, "IPM.Note"; only Outlook's own programs care
	Subject    string            // as Outlook shows it
	MessageID  string            // without angle brackets
	InReplyTo  string            // without angle brackets
	References string            // without angle brackets, joined by one space
	From       message.Address   // on whose behalf it was sent; Addr is "" where the file names nobody
	Sender     message.Address   // who sent it, where that is somebody else than From
	ReplyTo    []message.Address // where answers are to go
	Recipients []Recipient
	Sent       time.Time // when the sender's client submitted it
	Received   time.Time // when it was delivered

	// Header holds the transport headers, which an email has that came in from
	// outside. It is data as any other in the file: nothing vouches for it.
	Header message.Header

	BodyText    string // UTF-8; the text of BodyHTML where the file has no other
	BodyHTML    string // UTF-8; from RTF where the HTML is wrapped in it ([MS-OXRTFEX])
	Attachments []Attachment
	Problems    []message.Problem
}

// Recipient is one recipient. Its Addr is an SMTP address where the file
// has one, else what the file has (an Exchange distinguished name), else "".
type Recipient struct {
	message.Address
	Kind string // "to", "cc" or "bcc"
}

// Attachment is one attachment, or an embedded message.
type Attachment struct {
	Filename    string // the long name before the short one; data, never a path
	ContentType string // lower case; "application/octet-stream" where the file names none
	ContentID   string // without angle brackets
	Inline      bool
	Data        []byte   // nil for an embedded message, which has no bytes of its own in the file
	Embedded    *Message // nil for a file
}

// EmbeddedType is the type of a message that another one embeds. It has no bytes
// of its own in the file, so no size and no digests.
const EmbeddedType = "application/vnd.ms-outlook"

// Describe is the attachment as that of a MIME message is described, as the part of this path.
func (a Attachment) Describe(part string) message.Attachment {
	d := message.Attachment{Filename: a.Filename, ContentType: a.ContentType, ContentID: a.ContentID, Inline: a.Inline, Part: part}
	if a.Embedded == nil {
		d.Size = int64(len(a.Data))
		d.MD5, d.SHA1, d.SHA256 = message.Digests(a.Data)
	} else if d.ContentType == "" {
		d.ContentType = EmbeddedType
	}
	return d
}

// IsCompoundFile reports whether data, of which 8 bytes suffice, begins like a
// compound file ([MS-CFB], section 2.2), as an Outlook .msg and old Office files do.
func IsCompoundFile(data []byte) bool {
	return strings.HasPrefix(string(data[:min(len(data), 8)]), "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1")
}

// IsTNEF reports whether data, of which 4 bytes suffice, begins like a TNEF
// stream ([MS-OXTNEF], section 2.1.3.1).
func IsTNEF(data []byte) bool {
	return strings.HasPrefix(string(data[:min(len(data), 4)]), "\x78\x9F\x3E\x22")
}

// problemLimit bounds the problems of one message: a hostile file has
// one for each of its entries.
const problemLimit = 100

// problem adds a problem once.
func (o *Message) problem(code, format string, args ...any) {
	p := message.Problem{Code: code, Detail: fmt.Sprintf(format, args...)}
	if len(o.Problems) >= problemLimit {
		return
	}
	for _, known := range o.Problems {
		if known == p {
			return
		}
	}
	o.Problems = append(o.Problems, p)
}

// rescue makes a panic a problem of this one message. The readers are fuzzed;
// this is for what the fuzzer and the compound-file library's authors did not think of.
func (o *Message) rescue() {
	if r := recover(); r != nil {
		o.problem(message.CodeOutlookDamaged, "the file cannot be read: %.200v", r)
		if onPanic != nil {
			onPanic(r, debug.Stack())
		}
	}
}

// onPanic is set by the fuzz targets, to which a rescued panic is a failure.
var onPanic func(reason any, stack []byte)
