// Package mailbox is a folder on an IMAP server. It is the only importer of
// go-imap.
package mailbox

import (
	"time"

	"example.org/imap-integration/filters"
	"example.org/imap-integration/mailbox/imapwire"
)

// UID is a unique identifier of a mail in a folder (RFC 9051, section 2.3.1.1).
type UID = imapwire.UID

// Status is what the server said of the folder when it was opened.
type Status struct {
	UIDValidity  uint32 // 0 where the server gave none: its UIDs do not last
	UIDNext      UID    // 0 where the server gave none
	Messages     uint32
	Greeting     string   // one line, cut and escaped; "" under STARTTLS (unproved)
	Capabilities []string // sorted, after login
	Provider     string   // key of providers.go: gmail, microsoft365, yahoo, dovecot, cyrus, courier, …, "" unknown
}

// Criteria select mails. All that are set must hold.
type Criteria struct {
	Unseen bool
	Seen   bool
	Lacks  string    // a flag or keyword that they do not have; "" = any
	Size   int64     // RFC822.SIZE, bytes; 0 = any
	From   UID       // lowest UID, 0 = any. A server's "101:*" that answers 100 is corrected here.
	To     UID       // highest UID, 0 = any
	Since  time.Time // INTERNALDATE on or after this day; zero = any
	Query  filters.Query
}

// Head is the header fields of one mail, as asked for.
type Head struct {
	UID    UID
	Header []byte // the fields asked for, with the empty line; nil when the email has vanished or is missing
	// Missing: the email is there, and its fields did not come, also when asked for
	// again alone. That says nothing about the email.
	Missing bool
}

// Outcome says what became of one UID that was asked for.
type Outcome int

const (
	Whole    Outcome = iota // Body is the whole mail
	TooLarge                // over MaxSize: Body is its header block, Size the server's figure
	Vanished                // the mail is no longer there
	Empty                   // the server says that it has no bytes, and gives none
	Missing                 // it is there and did not come, also when asked for again alone: a fault that may pass
)

// Raw is one mail as fetched.
type Raw struct {
	UID          UID
	Outcome      Outcome
	Flags        []string
	InternalDate time.Time // UTC; zero where the server's cannot be read
	Size         int64     // bytes of Body, or RFC822.SIZE for TooLarge
	Body         []byte    // valid until Release
	Problems     []Note    // what was odd in the server's answer (a second body for this UID, a provider's placeholder, …)
	Reason       string    // of Missing: the server's words, one line; "" where it said nothing

	release func() // gives the body's memory back; nil when that is done, or there is none
}

// Note is a problem code and detail that goes into the mail's problems.
type Note struct{ Code, Detail string }
