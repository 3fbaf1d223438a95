package mailbox

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"time"

	"example.org/imap-integration/mailbox/imapwire"
	"example.org/imap-integration/secret"
)

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
	// External logs in by the client certificate that Secure presents (SASL EXTERNAL).
	// Mailbox, where set, is then the identity to act as.
	External bool
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
	MaxSize  int64         // bytes of an email to fetch whole; contract.md, `max_message_size`
	Log      *slog.Logger
	// First, where set, is what the caller will search for first. A server that
	// takes commands behind the login is sent this search together with it, which
	// saves a round trip; the first Search for the same uses the response, once.
	// Criteria with a date, an upper end or a query are not sent ahead.
	First *Criteria
	// Connected, where set, is told of each connection when it stands, before the login:
	// the greeting as in [Status], the version of TLS, and the SHA-256, hex, of the server's
	// certificate; the last two are "" without TLS.
	Connected func(greeting, tls, certificate string)
	// Stage, where set, is told of each stage as it ends: dns, connect, tls, login, folder.
	Stage func(name string, took time.Duration, detail string, err error)
}

const (
	// defaultTimeout is the contract's.
	defaultTimeout = 180 * time.Second
	// defaultMaxSize is the contract's max_message_size.
	defaultMaxSize = 50 << 20
)

func (c *Config) setDefaults() {
	if c.Timeout <= 0 {
		c.Timeout = defaultTimeout
	}
	if c.MaxSize <= 0 {
		c.MaxSize = defaultMaxSize
	}
	if c.Folder == "" {
		c.Folder = "INBOX"
	}
	if c.Dial == nil {
		c.Dial = new(net.Dialer).DialContext
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
}

// openCommand is SELECT or EXAMINE. It goes past go-imap, whose AUTHENTICATE
// keeps its encoder until the response, so that nothing could be sent behind it.
func (c *Config) openCommand() (string, error) {
	name, err := imapwire.EncodeMailboxName(c.Folder)
	if err != nil {
		return "", err
	}
	if c.ReadOnly {
		return "EXAMINE " + name, nil
	}
	return "SELECT " + name, nil
}

// fault makes the error that callers see of one that a stage ended with.
func (c *Config) fault(stage string, s *session, err error) *Error {
	e := &Error{Stage: stage, Kind: kindOf(err), Host: c.Host, Port: c.Port, User: c.user(), Folder: c.Folder, Err: err}
	var refused imapwire.Refusal
	if errors.As(err, &refused) {
		e.Server, e.Err, e.Next = refused.Said(), nil, codeAdvice[refused.Code]
		if _, slow := throttled(refused.StatusResponse); slow {
			e.Kind = Throttled
		} else if passing(refused.StatusResponse) || refused.Code == "SERVERBUG" {
			e.Kind = Unavailable
		}
	}
	if s != nil && e.Server == "" && e.Kind == Closed {
		e.Server = s.n.Goodbye()
		if _, slow := throttled(imapwire.StatusResponse{Text: e.Server}); slow {
			e.Kind = Throttled
		}
	}
	return e
}

// user is whom the login is for, as the sentence names it.
func (c *Config) user() string {
	if c.Login.Mailbox != "" && c.Login.Token != nil {
		return c.Login.Mailbox
	}
	return c.Login.Username
}

// stage times one stage and reports it.
func (c *Config) stage(name string, start time.Time, detail string, err error) {
	if c.Stage != nil {
		c.Stage(name, time.Since(start), detail, err)
	}
}

func (c *Config) address() string { return (&Error{Host: c.Host, Port: c.Port}).Address() }
