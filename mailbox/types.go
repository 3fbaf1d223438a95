// Package mailbox is a folder on an IMAP server. It is the only importer of
// go-imap.
package mailbox

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"time"

	"example.org/imap-integration/filters"
	"example.org/imap-integration/mailbox/imapwire"
	"example.org/imap-integration/secret"
)

// UID is a unique identifier of a mail in a folder (RFC 9051, section 2.3.1.1).
type UID = imapwire.UID

// Security says how the connection is secured.
type Security int

const (
	SSLTLS   Security = iota // TLS from the first byte
	STARTTLS                 // upgraded before anything else is sent
	Clear                    // none; the caller allows it for loopback addresses only
)

// Login is how the run proves who it is.
type Login struct {
	Username string        // for password logins, and the user of OAUTHBEARER and XOAUTH2 unless Mailbox is set
	Mailbox  string        // the mailbox of an OAuth login (a shared one, say); "" = Username
	Password secret.String // for password logins
	// Token, where set, makes the login an OAuth 2.0 one. It returns the access
	// token; renew asks for a new one, after the server refused the last.
	Token func(ctx context.Context, renew bool) (secret.String, error)
}

// Config is all that a folder needs. The zero value of an optional field is its default.
type Config struct {
	Host     string // as the user wrote it; the name that the certificate must have
	Port     int
	Security Security
	// Secure does the TLS handshake with the server at host and verifies its
	// certificate; nil does it with the system's authorities. transport.Trust has it.
	Secure   func(ctx context.Context, socket net.Conn, host string) (*tls.Conn, error)
	Dial     func(ctx context.Context, network, addr string) (net.Conn, error) // from transport.Dialer; proxies are its business
	Login    Login
	Folder   string        // UTF-8, as a person reads it
	ReadOnly bool          // EXAMINE instead of SELECT
	Timeout  time.Duration // contract.md, `timeout`
	MaxSize  int64         // bytes of a mail to fetch whole; contract.md, `max_message_size`
	Log      *slog.Logger
	// First, where set, is what the caller will search for first. A server that
	// takes commands behind the login is sent this search together with it, which
	// saves a round trip; the first Search for the same uses the answer, once.
	// Criteria with a date, an upper end or a query are not sent ahead.
	First *Criteria
	// Stage, where set, is told of each stage as it ends: dns, connect, tls, login, folder.
	Stage func(name string, took time.Duration, detail string, err error)
}

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
