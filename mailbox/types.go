// Package mailbox is a folder on an IMAP server: it connects, logs in, opens the folder,
// searches, fetches, marks, moves and waits.
//
// What arrives is a server's, and no two are alike: SELECT before ID is refused, sizes are wrong,
// a FETCH is answered with OK and nothing, UIDs begin to mean other emails, the connection breaks
// in the middle of a body. What is promised: every UID that [Folder.Fetch] is asked for is
// yielded once, in order, with an [Outcome] that says what became of it; nothing is marked
// read by being read (BODY.PEEK); the connection is made again where that helps, with
// the same UIDVALIDITY or not at all; memory and time have limits; a password never goes
// out in clear unasked, nor twice after it was refused. Every error that concerns the server is an [Error]:
// one sentence with the cause and the next step.
//
// A folder's methods share one connection: they are for one goroutine at a time. Bytes and responses
// are package imapwire's, TLS and proxies package transport's. A server is treated by its
// name in providers.go alone; what else is done for one is marked QUIRK(server).
//
// To be read in this order: types, move, folder, search, fetch, refetch, deliver, flight, arrivals, headers,
// reconnect, login, sasl, connect, tls, open, pipelined_search, folders, config, session, providers, errors, budget.
package mailbox

import (
	"time"

	"example.org/imap-integration/filters"
	"example.org/imap-integration/mailbox/imapwire"
)

// UID is a unique identifier of an email in a folder (RFC 9051, section 2.3.1.1).
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

// Criteria select emails. All that are set must hold.
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

// Head is the header fields of one email, as asked for.
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
	Whole    Outcome = iota // Body is the whole email
	TooLarge                // over MaxSize: Body is its header block, Size the server's figure
	Vanished                // the email is no longer there
	Empty                   // the server says that it has no bytes, and gives none
	Missing                 // it is there and did not come, also when asked for again alone: a fault that may pass
)

// Raw is one email as fetched.
type Raw struct {
	UID          UID
	Outcome      Outcome
	Flags        []string
	InternalDate time.Time // UTC; zero where the server's cannot be read
	Size         int64     // bytes of Body, or RFC822.SIZE for TooLarge
	Body         []byte    // valid until Release
	Problems     []Note    // what was odd in the server's response (a second body for this UID, a provider's placeholder, …)
	Reason       string    // of Missing: the server's words, one line; "" where it said nothing

	release func() // gives the body's memory back; nil when that is done, or there is none
}

// Note is a problem code and detail that goes into the email's problems.
type Note struct{ Code, Detail string }
