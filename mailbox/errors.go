package mailbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"example.org/imap-integration/mailbox/imapwire"
	"example.org/imap-integration/quote"
	"example.org/imap-integration/transport"
)

// Kind is what went wrong, for callers that must decide and not only report.
type Kind string

// The kinds of [Error].
const (
	Failed           Kind = "failed"            // none of the others; transport.Explain says why there is no secure connection
	Timeout          Kind = "timeout"           // no response, or one that comes too slowly
	Closed           Kind = "closed"            // the connection broke, or the server said BYE
	Protocol         Kind = "protocol"          // what came is not IMAP, or beyond a limit
	NoStartTLS       Kind = "no_starttls"       // STARTTLS not offered, refused or tampered with
	Preauth          Kind = "preauth"           // the server claims that we are logged in
	AuthFailed       Kind = "auth_failed"       // the credentials are refused
	AuthDisabled     Kind = "auth_disabled"     // no login in a way that we could use
	NoFolder         Kind = "no_folder"         // the folder does not exist or cannot be opened
	UIDValidity      Kind = "uid_validity"      // the folder's UIDs changed during the run: what was found before cannot be asked for any more
	Interrupted      Kind = "interrupted"       // the caller gave up
	Throttled        Kind = "throttled"         // the server asks to wait longer than timeout
	Unavailable      Kind = "unavailable"       // a passing fault at the server
	ReadOnly         Kind = "read_only"         // the folder cannot be written to
	ServerRefused    Kind = "server_refused"    // NO or BAD to a command
	TokenUnavailable Kind = "token_unavailable" // no access token to log in with
)

// The stages of [Dial], as Error.Stage and Config.Stage name them.
const (
	StageDNS     = "dns"
	StageConnect = "connect"
	StageTLS     = "tls"
	StageLogin   = "login"
	StageFolder  = "folder"
)

// The other stages of an Error.
const (
	stageSearch = "search"
	stageFetch  = "fetch"
	stageMark   = "mark"
	stageFlag   = "flag"
	stageMove   = "move"
	stageWait   = "wait"
)

// Error is every error of this package that concerns the server.
type Error struct {
	Stage  string // one of the stages
	Kind   Kind
	Host   string
	Port   int
	User   string
	Folder string
	Server string // the server's words, escaped and cut; "" where it said nothing
	Next   string // what to do about it; "" = the usual advice for Kind
	Err    error  // the cause; may be nil
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Error is one sentence: what was attempted, what failed, what to do next.
func (e *Error) Error() string {
	why := e.connection()
	text := e.attempted() + ": " + e.cause(why.Cause)
	if next := cmp.Or(e.Next, advice[e.Kind], connectionAdvice[why.Kind], why.Advice); next != "" {
		text += "; " + next
	}
	return text
}

// connectionAdvice is the next step where a setting of the mailbox is more to the point
// than what transport advises.
var connectionAdvice = map[transport.Kind]string{
	transport.NotTLS: "check the port and connection_security (993 is for SSL/TLS, 143 for STARTTLS)",
	transport.Closed: "check the port and connection_security, and whether it limits connections",
}

// connection is what transport knows of a connection that failed.
func (e *Error) connection() transport.Reason {
	switch e.Kind {
	case Failed, Timeout, Closed:
		return transport.Explain(e.Err, time.Now())
	}
	return transport.Reason{}
}

// Address is host and port.
func (e *Error) Address() string {
	return net.JoinHostPort(strings.Trim(e.Host, "[]"), strconv.Itoa(e.Port))
}

func (e *Error) attempted() string {
	at := e.Address()
	switch e.Stage {
	case StageDNS, StageConnect:
		return "cannot connect to " + at
	case StageTLS:
		return "cannot secure the connection to " + at
	case StageLogin:
		return fmt.Sprintf("cannot log in to %s as %s", at, e.User)
	case StageFolder:
		return fmt.Sprintf("cannot open the folder %q at %s as %s", quote.Line(e.Folder, imapwire.MaxQuote), at, e.User)
	case stageSearch:
		return fmt.Sprintf("cannot search the folder %q at %s", quote.Line(e.Folder, imapwire.MaxQuote), at)
	case stageMark:
		return fmt.Sprintf("cannot mark emails as read in the folder %q at %s", quote.Line(e.Folder, imapwire.MaxQuote), at)
	case stageFlag:
		return fmt.Sprintf("cannot flag emails in the folder %q at %s", quote.Line(e.Folder, imapwire.MaxQuote), at)
	case stageMove:
		return fmt.Sprintf("cannot move emails to the folder %q at %s", quote.Line(e.Folder, imapwire.MaxQuote), at)
	default:
		return fmt.Sprintf("cannot read emails from the folder %q at %s", quote.Line(e.Folder, imapwire.MaxQuote), at)
	}
}

func (e *Error) cause(connection string) string {
	var parts []string
	if w := cmp.Or(what[e.Kind], connection); w != "" {
		parts = append(parts, w)
	}
	if e.Server != "" {
		parts = append(parts, `the server answered "`+e.Server+`"`)
	}
	if e.Err != nil && (len(parts) == 0 || detailed[e.Kind] && !errors.Is(e.Err, context.DeadlineExceeded)) { // "deadline exceeded" says nothing more
		parts = append(parts, quote.Line(e.Err.Error(), imapwire.MaxQuote))
	}
	if len(parts) == 0 {
		return "no reason given"
	}
	return strings.Join(parts, ", ")
}

// what says what a kind means; where it is "" the server's words or the cause do.
var what = map[Kind]string{
	Preauth:     "the server claims that the connection is logged in already, so who it is stays unproved",
	UIDValidity: "the server numbered the folder's emails anew during the run",
	ReadOnly:    "the server opened the folder read-only",
	Throttled:   "the server asks to come back later",
	Interrupted: "the run was interrupted",
	NoStartTLS:  "the connection cannot be upgraded to TLS with STARTTLS",
}

// detailed kinds show their cause beside the meaning.
var detailed = map[Kind]bool{
	NoStartTLS: true, Timeout: true, AuthDisabled: true,
}

// codeAdvice is the next step for a response code (RFC 5530), which says more of
// the cause than the kind of error does.
var codeAdvice = map[string]string{
	"AUTHORIZATIONFAILED": "the credentials are right, and the user may not open this mailbox: check mailbox_account and the user's rights on it",
	"EXPIRED":             "renew the password or the account, which has expired",
	"PRIVACYREQUIRED":     "set connection_security to starttls or ssl_tls",
	"CONTACTADMIN":        "ask the administrator of the mail server",
	"NOPERM":              "give the user the right to it on the mail server",
	"OVERQUOTA":           "make room in the mailbox, or raise its quota",
	"EXPUNGEISSUED":       "run again",
	"CORRUPTION":          "have the administrator of the mail server repair the folder",
	"SERVERBUG":           "run again in some minutes; where it stays, see the mail server's log",
}

// advice is the next step where the error knows no better one.
var advice = map[Kind]string{
	Timeout:          "check port and connection_security and firewalls on the way, or raise timeout",
	Closed:           "run again; where it stays, check connection_security and the server's limit of connections",
	Protocol:         "check port and connection_security, and the server's log",
	NoStartTLS:       "no credentials were sent; set connection_security to ssl_tls (port 993), or enable STARTTLS on the server",
	Preauth:          "no credentials were sent; check imap_server and port",
	AuthFailed:       "check username and password, or set auth_method to an OAuth 2.0 method",
	AuthDisabled:     "no credentials were sent; set auth_method or connection_security to what the server offers",
	UIDValidity:      "run again: the next run finds the emails under their new numbers",
	Throttled:        "run again later and less often",
	Unavailable:      "run again in some minutes",
	ReadOnly:         "check the rights of the user on this folder, or set mark_as_seen to false",
	ServerRefused:    "check the server's log",
	TokenUnavailable: "check the oauth2 settings",
	NoFolder:         "check folder (the name as a person reads it, with the server's separator)",
}
