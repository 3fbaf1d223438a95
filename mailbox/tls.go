package mailbox

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"example.org/imap-integration/mailbox/imapwire"
	"example.org/imap-integration/quote"
)

// startTLS upgrades the connection (RFC 9051, section 6.2.1) as the NO STARTTLS
// findings (2021) ask: nothing that came in clear is believed or used, and
// there is no way on without TLS.
func (c *Config) startTLS(ctx context.Context, socket net.Conn) (*session, error) {
	clear := &session{conf: c, g: imapwire.NewGuard(socket, socket, c.Timeout)}
	in := imapwire.NewReader(clear.g)
	clear.n = imapwire.NewConn(clear.g, in)
	stop := clear.watch(ctx)
	start := time.Now()
	clear.g.Begin()
	greeting, err := upgrade(clear.g, in)
	if !stop() && err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		e := c.startTLSFault(clear, err)
		c.stage(StageTLS, start, "", e)
		return nil, e
	}
	_ = socket.SetDeadline(time.Time{})
	conn, err := c.handshake(ctx, socket)
	if err != nil {
		return nil, err
	}
	s := &session{conf: c, g: imapwire.NewGuard(conn, socket, c.Timeout), peer: peerOf(conn)}
	s.n = imapwire.NewConn(s.g, imapwire.NewReader(s.g))
	s.believed = recognise("", nil, greeting.Text)
	s.start(imapwire.StatusResponse{Status: "OK", Text: "- no greeting follows STARTTLS"})
	return s, nil
}

func (c *Config) startTLSFault(s *session, err error) *Error {
	e := c.fault(StageTLS, s, err)
	var refused imapwire.Refusal
	if errors.As(err, &refused) || e.Kind == Failed || e.Kind == Closed {
		e.Kind = NoStartTLS
	}
	if errors.Is(err, errPreauth) {
		e.Kind = Preauth
	}
	if e.Kind == Timeout {
		e.Next = silentInClear
	}
	return e
}

// upgrade runs the exchange in clear, up to the point where the handshake begins.
func upgrade(g *imapwire.Guard, in *imapwire.Reader) (imapwire.StatusResponse, error) {
	greeting, err := imapwire.ReadGreeting(in)
	if err != nil {
		return imapwire.StatusResponse{}, err
	}
	switch greeting.Status {
	case "OK":
	case "PREAUTH": // RFC 9051, section 7.1.4: STARTTLS is no longer possible
		return imapwire.StatusResponse{}, errPreauth
	default:
		return imapwire.StatusResponse{}, imapwire.Refusal{StatusResponse: greeting}
	}
	caps := imapwire.CapabilitySet(strings.Fields(greeting.Arg))
	if greeting.Code != "CAPABILITY" {
		if caps, err = imapwire.AskCapabilities(g, in); err != nil {
			return imapwire.StatusResponse{}, err
		}
	}
	if !caps["STARTTLS"] {
		return imapwire.StatusResponse{}, errNotOffered
	}
	if _, err := imapwire.Ask(g, in, "S2", "STARTTLS", nil); err != nil {
		return imapwire.StatusResponse{}, err
	}
	if in.Buffered() > 0 {
		return imapwire.StatusResponse{}, errInjected
	}
	return greeting, nil
}

var (
	errPreauth    = errors.New("PREAUTH in clear")
	errNotOffered = errors.New("the server does not offer STARTTLS")
	errInjected   = errors.New("data came in clear behind the server's OK, which an attacker may have put there")
)

// handshake secures the connection.
func (c *Config) handshake(ctx context.Context, socket net.Conn) (*tls.Conn, error) {
	start := time.Now()
	limited, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	secure := c.Secure
	if secure == nil {
		secure = secureStandard
	}
	conn, err := secure(limited, socket, strings.Trim(c.Host, "[]"))
	if err != nil {
		e := c.fault(StageTLS, nil, err)
		if ctx.Err() != nil {
			e.Err = context.Cause(ctx)
		}
		c.stage(StageTLS, start, "", e)
		return nil, e
	}
	c.stage(StageTLS, start, secured(conn), nil)
	return conn, nil
}

// secureStandard is the standard library's verification.
func secureStandard(ctx context.Context, socket net.Conn, host string) (*tls.Conn, error) {
	conn := tls.Client(socket, &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}) // RFC 8314, section 4.1
	return conn, conn.HandshakeContext(ctx)
}

func secured(conn *tls.Conn) string {
	state := conn.ConnectionState()
	text := tls.VersionName(state.Version)
	if len(state.PeerCertificates) > 0 {
		cert := state.PeerCertificates[0]
		text += fmt.Sprintf(", certificate %q valid until %s", quote.Line(cert.Subject.CommonName, imapwire.MaxTold), cert.NotAfter.UTC().Format(time.DateOnly))
	}
	return text
}

const silentInClear = "check port and connection_security (a server for SSL/TLS says nothing in clear), or raise timeout"

// peer is what TLS says of the server.
type peer struct{ tls, certificate string }

func peerOf(conn net.Conn) (p peer) {
	secured, ok := conn.(*tls.Conn)
	if !ok {
		return p
	}
	state := secured.ConnectionState()
	p.tls = tls.VersionName(state.Version)
	if len(state.PeerCertificates) > 0 {
		sum := sha256.Sum256(state.PeerCertificates[0].Raw)
		p.certificate = hex.EncodeToString(sum[:])
	}
	return p
}
