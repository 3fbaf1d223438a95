package mailbox

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http/httptrace"
	"strings"
	"syscall"
	"time"

	"github.com/emersion/go-imap/v2/imapclient"
)

// maxPreamble bounds the untagged lines before a greeting and around STARTTLS.
const maxPreamble = 50

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
	return s, nil
}

// dial makes the TCP connection, within the time-out.
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
		if dns.IsNotFound {
			e.Kind = NoHost
		} else if dns.IsTimeout {
			e.Kind = Timeout
		}
	case errors.Is(err, syscall.ECONNREFUSED):
		e.Kind = Refused
	}
	return e
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

// handshake secures the connection.
func (c *Config) handshake(ctx context.Context, socket net.Conn) (*tls.Conn, error) {
	start := time.Now()
	limited, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	conf := &tls.Config{}
	if c.TLS != nil {
		conf = c.TLS.Clone()
	}
	conf.ServerName = strings.Trim(c.Host, "[]")
	conf.MinVersion = max(conf.MinVersion, tls.VersionTLS12) // RFC 8314, section 4.1
	conn := tls.Client(socket, conf)
	if err := conn.HandshakeContext(limited); err != nil {
		e := c.fault(StageTLS, nil, err)
		if ctx.Err() != nil {
			e.Err = context.Cause(ctx)
		}
		e.Kind = tlsKind(err, e.Kind)
		c.stage(StageTLS, start, "", e)
		return nil, e
	}
	c.stage(StageTLS, start, secured(conn), nil)
	return conn, nil
}

func tlsKind(err error, otherwise Kind) Kind {
	var record tls.RecordHeaderError
	var invalid x509.CertificateInvalidError
	var host x509.HostnameError
	var authority x509.UnknownAuthorityError
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(err, &record):
		return NotTLS
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return CertExpired
	case errors.As(err, &host):
		return CertName
	case errors.As(err, &authority):
		return CertUntrusted
	case errors.As(err, &invalid), errors.As(err, &certificate):
		return CertInvalid
	case strings.Contains(err.Error(), "protocol version"): // the library has no type for it
		return TLSVersion
	}
	return otherwise
}

func secured(conn *tls.Conn) string {
	state := conn.ConnectionState()
	text := tls.VersionName(state.Version)
	if len(state.PeerCertificates) > 0 {
		cert := state.PeerCertificates[0]
		text += fmt.Sprintf(", certificate %q valid until %s", cut(cert.Subject.CommonName, maxTold), cert.NotAfter.UTC().Format(time.DateOnly))
	}
	return text
}

// greet reads the greeting and hands the connection to go-imap.
func (c *Config) greet(ctx context.Context, conn, socket net.Conn) (*session, error) {
	s := &session{conf: c, g: newGuard(conn, socket, c.Timeout)}
	in := newWire(s.g)
	s.n = newNormaliser(s.g, in)
	stop := s.watch(ctx)
	defer stop()
	s.g.begin()
	r, err := readGreeting(in)
	s.g.end()
	if err != nil {
		return nil, c.preLogin(s, err)
	}
	switch {
	case r.status == "PREAUTH":
		e := c.fault(StageLogin, s, nil)
		e.Kind = Preauth
		return nil, e
	case r.status != "OK":
		return nil, c.preLogin(s, refusal{r})
	}
	s.greeting = cut(r.text, maxTold)
	s.n.learn(r)
	s.start(r.canonical("*"))
	return s, nil
}

const silentInClear = "check port and connection_security (a server for SSL/TLS says nothing in clear), or raise timeout"

// preLogin is the error of a connection that fails before the login; it counts as the login's.
func (c *Config) preLogin(s *session, err error) *Error {
	e := c.fault(StageLogin, s, err)
	if e.Kind == Timeout && c.Security != SSLTLS {
		e.Next = silentInClear
	}
	if looksTLS(err) {
		e.Kind = NotTLS
		e.Next = "the port is for SSL/TLS: set connection_security to ssl_tls"
	}
	return e
}

// looksTLS recognises the alert of a TLS server that was spoken to in clear.
func looksTLS(err error) bool {
	var p errProtocol
	return errors.As(err, &p) && strings.Contains(p.text, `\x15\x03`)
}

// readGreeting reads up to the first status answer.
func readGreeting(in *wire) (reply, error) {
	for range maxPreamble {
		line, err := in.line()
		if err != nil {
			return reply{}, err
		}
		line = bytes.TrimSpace(line)
		if len(line) == 0 { // QUIRK: empty lines
			continue
		}
		if line[0] != '*' {
			return reply{}, protocolError("a greeting that is not IMAP: %q", cut(string(line), 60))
		}
		if r, ok := parseReply(line[1:]); ok {
			return r, nil
		}
	}
	return reply{}, protocolError("no greeting among the first %d lines", maxPreamble)
}

// start hands the connection to go-imap, beginning with a greeting.
func (s *session) start(greeting string) {
	s.n.out = []byte(greeting)
	s.client = imapclient.New(&clientConn{guard: s.g, n: s.n}, nil)
	go func() {
		// Where go-imap gives the connection up, nobody reads any more.
		<-s.client.Closed()
		s.n.fail(errAbandoned)
	}()
}

var errAbandoned = protocolError("an answer that cannot be understood")

// clientConn is the connection that go-imap gets: the normaliser's reading and
// writing, and deadlines that do nothing.
type clientConn struct {
	*guard
	n *normaliser
}

func (c *clientConn) Read(p []byte) (int, error)  { return c.n.Read(p) }
func (c *clientConn) Write(p []byte) (int, error) { return c.n.Write(p) }

// startTLS upgrades the connection (RFC 9051, section 6.2.1) as the NO STARTTLS
// findings (2021) ask: nothing that came in clear is believed or used, and
// there is no way on without TLS.
func (c *Config) startTLS(ctx context.Context, socket net.Conn) (*session, error) {
	clear := &session{conf: c, g: newGuard(socket, socket, c.Timeout)}
	in := newWire(clear.g)
	clear.n = newNormaliser(clear.g, in)
	stop := clear.watch(ctx)
	start := time.Now()
	clear.g.begin()
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
	s := &session{conf: c, g: newGuard(conn, socket, c.Timeout)}
	s.n = newNormaliser(s.g, newWire(s.g))
	s.believed = recognise("", nil, greeting.text)
	s.start("* OK - no greeting follows STARTTLS\r\n")
	return s, nil
}

func (c *Config) startTLSFault(s *session, err error) *Error {
	e := c.fault(StageTLS, s, err)
	var refused refusal
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

var (
	errPreauth      = errors.New("PREAUTH in clear")
	errNotOffered   = errors.New("the server does not offer STARTTLS")
	errInjected     = errors.New("data came in clear behind the server's OK, which an attacker may have put there")
	errClosingEarly = errors.New("the server said BYE")
)

// upgrade runs the exchange in clear, up to the point where the handshake begins.
func upgrade(g *guard, in *wire) (reply, error) {
	greeting, err := readGreeting(in)
	if err != nil {
		return reply{}, err
	}
	switch greeting.status {
	case "OK":
	case "PREAUTH": // RFC 9051, section 7.1.4: STARTTLS is no longer possible
		return reply{}, errPreauth
	default:
		return reply{}, refusal{greeting}
	}
	caps := capabilitySet(strings.Fields(greeting.arg))
	if greeting.code != "CAPABILITY" {
		if caps, err = askCapabilities(g, in); err != nil {
			return reply{}, err
		}
	}
	if !caps["STARTTLS"] {
		return reply{}, errNotOffered
	}
	if _, err := ask(g, in, "S2", "STARTTLS", nil); err != nil {
		return reply{}, err
	}
	if in.buffered() > 0 {
		return reply{}, errInjected
	}
	return greeting, nil
}

func askCapabilities(g *guard, in *wire) (map[string]bool, error) {
	var caps map[string]bool
	_, err := ask(g, in, "S1", "CAPABILITY", func(line []byte) {
		words := strings.Fields(string(line))
		if len(words) > 2 && strings.EqualFold(words[1], "CAPABILITY") {
			caps = capabilitySet(words[2:])
		}
	})
	return caps, err
}

// ask sends one command in clear and reads up to its answer.
func ask(g *guard, in *wire, tag, command string, untagged func([]byte)) (reply, error) {
	g.progress()
	if _, err := g.Write([]byte(tag + " " + command + "\r\n")); err != nil {
		return reply{}, err
	}
	for range maxPreamble {
		line, err := in.line()
		if err != nil {
			return reply{}, err
		}
		word, rest, _ := bytes.Cut(line, []byte(" "))
		r, ok := parseReply(rest)
		switch {
		case ok && string(word) == tag:
			if r.status != "OK" {
				return r, refusal{r}
			}
			return r, nil
		case ok && r.status == "BYE":
			return r, errors.Join(errClosingEarly, refusal{r})
		case untagged != nil:
			untagged(line)
		}
	}
	return reply{}, protocolError("no answer to %s among %d lines", command, maxPreamble)
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
