package mailbox

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http/httptrace"
	"strings"
	"time"

	"example.org/imap-integration/mailbox/imapwire"
	"example.org/imap-integration/quote"
	"example.org/imap-integration/transport"
)

// connect dials, secures the connection and reads the greeting.
func connect(ctx context.Context, c *Config) (*session, error) {
	socket, err := c.dial(ctx)
	if err != nil {
		return nil, err
	}
	s, err := c.open(ctx, socket)
	if err != nil {
		_ = socket.Close()
		return nil, err
	}
	if c.Connected != nil {
		c.Connected(s.greeting, s.peer.tls, s.peer.certificate)
	}
	return s, nil
}

// open makes the session out of a connected socket.
func (c *Config) open(ctx context.Context, socket net.Conn) (*session, error) {
	switch c.Security {
	case SSLTLS:
		conn, err := c.handshake(ctx, socket)
		if err != nil {
			return nil, err
		}
		return c.greet(ctx, conn, socket)
	case STARTTLS:
		return c.startTLS(ctx, socket)
	default:
		return c.greet(ctx, socket, socket)
	}
}

// greet reads the greeting and hands the connection to go-imap.
func (c *Config) greet(ctx context.Context, conn, socket net.Conn) (*session, error) {
	s := &session{conf: c, g: imapwire.NewGuard(conn, socket, c.Timeout), peer: peerOf(conn)}
	in := imapwire.NewReader(s.g)
	s.n = imapwire.NewConn(s.g, in)
	stop := s.watch(ctx)
	defer stop()
	s.g.Begin()
	r, err := imapwire.ReadGreeting(in)
	s.g.End()
	if err != nil {
		return nil, c.preLogin(s, err)
	}
	switch {
	case r.Status == "PREAUTH":
		e := c.fault(StageLogin, s, nil)
		e.Kind = Preauth
		return nil, e
	case r.Status != "OK":
		return nil, c.preLogin(s, imapwire.Refusal{StatusResponse: r})
	}
	s.greeting = quote.Line(r.Text, imapwire.MaxTold)
	s.start(r)
	return s, nil
}

// preLogin is the error of a connection that fails before the login; it counts as the login's.
func (c *Config) preLogin(s *session, err error) *Error {
	e := c.fault(StageLogin, s, err)
	if e.Kind == Timeout && c.Security != SSLTLS {
		e.Next = silentInClear
	}
	if errors.Is(err, imapwire.ErrTLS) {
		e.Next = "the port is for SSL/TLS: set connection_security to ssl_tls"
	}
	return e
}

// dial makes the TCP connection, within the timeout.
func (c *Config) dial(ctx context.Context) (net.Conn, error) {
	start := time.Now()
	limited, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	names := nameWatch{host: c.Host}
	socket, err := c.Dial(httptrace.WithClientTrace(limited, names.trace()), "tcp", c.address())
	if e := c.dialFault(ctx, err); e != nil {
		if e.Stage == StageDNS {
			c.stage(StageDNS, start, "", e)
			return nil, e
		}
		c.stage(StageDNS, start, names.detail(), nil)
		c.stage(StageConnect, start, "", e)
		return nil, e
	}
	c.dialled(names, start, socket)
	return socket, nil
}

// dialFault makes the error of a dial; nil where there is none.
func (c *Config) dialFault(ctx context.Context, err error) *Error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	e := c.fault(StageConnect, nil, err)
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns) && strings.TrimSuffix(dns.Name, ".") == strings.TrimSuffix(c.Host, "."):
		e.Stage = StageDNS
	case transport.Explain(err, time.Now()).Kind == transport.ConnRefused:
		e.Next = "check imap_server and port, and that the server runs"
	}
	return e
}

// nameWatch learns from the dialer when the look-up of the host's name was done.
// A proxy looks the name up itself, and then there is nothing to learn.
type nameWatch struct {
	host  string
	asked bool
	done  time.Time
	addrs []string
}

func (w *nameWatch) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		DNSStart: func(i httptrace.DNSStartInfo) { w.asked = strings.EqualFold(i.Host, w.host) },
		DNSDone: func(i httptrace.DNSDoneInfo) {
			if !w.asked {
				return
			}
			w.done = time.Now()
			for _, a := range i.Addrs {
				w.addrs = append(w.addrs, a.String())
			}
		},
	}
}

func (w *nameWatch) detail() string {
	switch {
	case net.ParseIP(strings.Trim(w.host, "[]")) != nil:
		return "an address, nothing to look up"
	case len(w.addrs) > 0:
		return fmt.Sprintf("%s is %s", w.host, strings.Join(w.addrs[:min(len(w.addrs), 5)], ", "))
	default:
		return "the name was not looked up here"
	}
}

// dialled reports the stages dns and connect of a dial that succeeded.
func (c *Config) dialled(w nameWatch, start time.Time, socket net.Conn) {
	if c.Stage == nil {
		return
	}
	split := start
	if !w.done.IsZero() {
		split = w.done
	}
	c.Stage(StageDNS, split.Sub(start), w.detail(), nil)
	c.Stage(StageConnect, time.Since(split), "connected to "+socket.RemoteAddr().String(), nil)
}
