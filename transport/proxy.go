package transport

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/proxy"

	"example.org/imap-integration/secret"
)

const (
	// maxProxyAnswer bounds the header of a proxy's answer to CONNECT.
	maxProxyAnswer = 64 << 10
	// maxSOCKSCredential is the length that RFC 1929 has room for.
	maxSOCKSCredential = 255
)

// Fault says at which point a connection through a proxy failed.
type Fault int

// The faults of a proxied connection.
const (
	Unreachable Fault = iota // no connection to the proxy itself
	Credentials              // the proxy wants credentials, or refuses these (407; RFC 1929)
	Refused                  // the proxy does not let this connection through
	Behind                   // the proxy is fine; what is behind it cannot be reached
	Garbled                  // the answer is not that of such a proxy, or it broke off
	Silent                   // the proxy took the connection and did not answer in time
)

// ProxyError is a connection through a proxy that failed. It never holds a credential.
type ProxyError struct {
	Fault  Fault
	Proxy  string // scheme://host:port
	Target string // host:port
	Answer string // what the proxy said, in words; "" for none
	Err    error  // the cause, where there is one
}

// Error is one sentence that says whether the proxy or what is behind it refused.
func (e *ProxyError) Error() string {
	switch e.Fault {
	case Unreachable:
		return fmt.Sprintf("the proxy %s cannot be reached: %s; check proxy_url", e.Proxy, cause(e.Err))
	case Credentials:
		return fmt.Sprintf("the proxy %s wants a login of its own and did not get one that it accepts (%s); check the user name and the password in proxy_url", e.Proxy, e.Answer)
	case Refused:
		return fmt.Sprintf("the proxy %s refused to connect to %s (%s); allow this host and port on the proxy", e.Proxy, e.Target, e.Answer)
	case Behind:
		return fmt.Sprintf("the proxy %s works, but what is behind it does not: it could not connect to %s (%s); check the server's name and port, and the proxy's own way to it", e.Proxy, e.Target, e.Answer)
	case Silent:
		return fmt.Sprintf("the proxy %s took the connection but did not answer in time when asked for %s; check that proxy_url names a proxy of this kind", e.Proxy, e.Target)
	default:
		return fmt.Sprintf("what answers at the proxy address %s is no such proxy, or it broke off (%s); check the scheme and the port in proxy_url", e.Proxy, e.Answer)
	}
}

// Unwrap returns the cause.
func (e *ProxyError) Unwrap() error { return e.Err }

// CheckProxy reports what is wrong with a proxy_url, without ever quoting it
// (it may hold a password). "" is right: no proxy.
func CheckProxy(proxyURL secret.String) error {
	_, err := parseProxy(proxyURL)
	return err
}

// errProxyURL is one sentence for every way to be wrong.
func errProxyURL(why string) error {
	return fmt.Errorf("proxy_url: %s; it must be http://, https:// or socks5:// with a host, such as http://proxy.example.com:3128", why)
}

func parseProxy(proxyURL secret.String) (*url.URL, error) {
	if proxyURL.Empty() {
		return nil, nil
	}
	u, err := url.Parse(strings.TrimSpace(proxyURL.Reveal()))
	if err != nil {
		return nil, errProxyURL("it cannot be read as a URL") // the error itself would quote the password
	}
	u.Scheme = strings.ToLower(u.Scheme)
	port, ok := map[string]string{"http": "80", "https": "443", "socks5": "1080"}[u.Scheme]
	password, _ := u.User.Password()
	switch {
	case !ok:
		return nil, errProxyURL("it starts with no scheme that a proxy has here")
	case u.Hostname() == "" || strings.ContainsAny(u.Hostname(), " \r\n\t%"):
		return nil, errProxyURL("it names no host")
	case (u.Path != "" && u.Path != "/") || u.RawQuery != "" || u.Fragment != "":
		return nil, errProxyURL("there is more than a host and a port in it")
	case u.Port() != "" && !validPort(u.Port()):
		return nil, errProxyURL("its port is not between 1 and 65535")
	case u.Scheme != "socks5" && strings.Contains(u.User.Username(), ":"):
		return nil, errProxyURL("a user name with a colon cannot be sent to an HTTP proxy (RFC 7617)")
	case u.Scheme == "socks5" && (len(u.User.Username()) > maxSOCKSCredential || len(password) > maxSOCKSCredential):
		return nil, errProxyURL("a SOCKS proxy takes user names and passwords of up to 255 bytes (RFC 1929)")
	case u.Scheme == "socks5" && u.User.Username() == "" && password != "":
		return nil, errProxyURL("a SOCKS proxy takes no password without a user name (RFC 1929)")
	}
	if u.Port() == "" {
		u.Host = net.JoinHostPort(u.Hostname(), port)
	}
	return u, nil
}

func validPort(p string) bool {
	n, err := strconv.ParseUint(p, 10, 16)
	return err == nil && n > 0
}

// Dialer returns how connections are made: directly for the empty proxyURL,
// else through that proxy, which then resolves the names. conf is used for an
// https:// proxy. Every dial ends with its context, also while a proxy is
// silent; the proxy's credentials go to the proxy alone.
func Dialer(proxyURL secret.String, conf *tls.Config) (Dial, error) {
	u, err := parseProxy(proxyURL)
	switch {
	case err != nil:
		return nil, err
	case u == nil:
		return direct, nil
	case u.Scheme == "socks5":
		return socks{u}.dial, nil
	default:
		return connect{u, conf}.dial, nil
	}
}

// shown is the proxy's address as a sentence may show it.
func shown(u *url.URL) string { return u.Scheme + "://" + u.Host }

// until ends the connection's reads and writes with the context; the function
// that it returns lifts the limit again.
func until(ctx context.Context, c net.Conn) (lift func()) {
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
	if d, ok := ctx.Deadline(); ok {
		_ = c.SetDeadline(d)
	}
	return func() {
		if stop() {
			_ = c.SetDeadline(time.Time{})
		}
	}
}

// broken is an exchange with the proxy that ended early.
func broken(ctx context.Context, u *url.URL, target string, err error) *ProxyError {
	e := &ProxyError{Fault: Garbled, Proxy: shown(u), Target: target, Answer: cause(err), Err: err}
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() || ctx.Err() != nil {
		e.Fault = Silent
		if ctx.Err() != nil {
			e.Err = context.Cause(ctx)
		}
	}
	return e
}

// connect is an HTTP proxy asked with CONNECT (RFC 9110, section 9.3.6), for
// http targets too: it never sees what passes.
type connect struct {
	url  *url.URL
	conf *tls.Config
}

func (p connect) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	ctx, cancel := bounded(ctx)
	defer cancel()
	c, err := direct(ctx, network, p.url.Host)
	if err != nil {
		return nil, &ProxyError{Fault: Unreachable, Proxy: shown(p.url), Target: addr, Err: err}
	}
	if p.url.Scheme == "https" {
		if c, err = p.secure(ctx, c, addr); err != nil {
			return nil, err
		}
	}
	lift := until(ctx, c)
	tunnel, err := p.ask(ctx, c, addr)
	lift()
	if err == nil && ctx.Err() != nil { // the deadline may have fallen between the answer and lift
		err = broken(ctx, p.url, addr, ctx.Err())
	}
	if err != nil {
		_ = c.Close()
		return nil, err
	}
	return tunnel, nil
}

// secure does the handshake with the proxy itself.
func (p connect) secure(ctx context.Context, c net.Conn, addr string) (net.Conn, error) {
	conf := p.conf.Clone()
	if conf == nil {
		conf = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	conf.ServerName = p.url.Hostname()
	conf.NextProtos = nil
	conf.InsecureSkipVerify = false // the proxy's password goes through here
	t := tls.Client(c, conf)
	if err := t.HandshakeContext(ctx); err != nil {
		_ = c.Close()
		if ctx.Err() != nil {
			return nil, broken(ctx, p.url, addr, err)
		}
		return nil, &ProxyError{Fault: Unreachable, Proxy: shown(p.url), Target: addr, Err: err}
	}
	return t, nil
}

// ask sends CONNECT and reads the answer, and nothing behind it.
func (p connect) ask(ctx context.Context, c net.Conn, addr string) (net.Conn, error) {
	req := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: addr}, Host: addr, Header: http.Header{"User-Agent": nil}}
	if user := p.url.User; user != nil {
		password, _ := user.Password()
		req.Header.Set("Proxy-Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(user.Username()+":"+password)))
	}
	if err := req.Write(c); err != nil {
		return nil, broken(ctx, p.url, addr, err)
	}
	br := bufio.NewReader(io.LimitReader(c, maxProxyAnswer))
	resp, err := http.ReadResponse(br, req)
	if err != nil {
		return nil, broken(ctx, p.url, addr, err)
	}
	// Closing the body would read it; the connection is closed instead, or is the tunnel.
	if resp.StatusCode/100 == 2 {
		ahead, _ := br.Peek(br.Buffered()) // an IMAP greeting can come in the same segment
		return &aheadConn{Conn: c, ahead: ahead}, nil
	}
	return nil, &ProxyError{Fault: connectFault(resp.StatusCode), Proxy: shown(p.url), Target: addr, Answer: statusWords(resp)}
}

// connectFault sorts the status of a refused CONNECT: 502, 503 and 504 speak of
// what is behind the proxy (RFC 9110, section 15.6), and so does 404 of a name.
func connectFault(status int) Fault {
	switch status {
	case http.StatusProxyAuthRequired, http.StatusUnauthorized:
		return Credentials
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout, http.StatusNotFound:
		return Behind
	default:
		return Refused
	}
}

// statusWords shows a status by its number and its registered name; the text
// that the proxy wrote is foreign and adds nothing.
func statusWords(resp *http.Response) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", resp.StatusCode, http.StatusText(resp.StatusCode)))
}

// aheadConn gives first what was read with the proxy's answer.
type aheadConn struct {
	net.Conn
	ahead []byte
}

func (c *aheadConn) Read(b []byte) (int, error) {
	if len(c.ahead) == 0 {
		return c.Conn.Read(b)
	}
	n := copy(b, c.ahead)
	c.ahead = c.ahead[n:]
	return n, nil
}

// socks is a SOCKS5 proxy (RFC 1928) that resolves the names.
type socks struct{ url *url.URL }

func (p socks) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	ctx, cancel := bounded(ctx)
	defer cancel()
	var auth *proxy.Auth
	if p.url.User != nil && p.url.User.Username() != "" {
		password, _ := p.url.User.Password()
		auth = &proxy.Auth{User: p.url.User.Username(), Password: password}
	}
	way := &recorder{}
	d, err := proxy.SOCKS5(network, p.url.Host, auth, way)
	if err != nil {
		return nil, &ProxyError{Fault: Garbled, Proxy: shown(p.url), Target: addr, Answer: cause(err), Err: err}
	}
	c, err := d.(proxy.ContextDialer).DialContext(ctx, network, addr)
	if err != nil {
		return nil, p.explain(ctx, way, addr, err)
	}
	way.done()
	return c, nil
}

// explain tells by the proxy's own bytes what it refused: the library has no
// types for it.
func (p socks) explain(ctx context.Context, way *recorder, addr string, err error) error {
	if way.err != nil {
		return &ProxyError{Fault: Unreachable, Proxy: shown(p.url), Target: addr, Err: way.err}
	}
	e := broken(ctx, p.url, addr, err)
	if e.Fault == Silent {
		return e
	}
	fault, answer := socksFault(way.bytes())
	return &ProxyError{Fault: fault, Proxy: shown(p.url), Target: addr, Answer: answer, Err: err}
}

// socksFault reads the answers of RFC 1928, sections 3 and 6, and RFC 1929.
func socksFault(b []byte) (Fault, string) {
	if len(b) < 2 || b[0] != 5 {
		return Garbled, "its answer is not SOCKS version 5"
	}
	switch method := b[1]; method {
	case 0xff:
		return Credentials, "it accepts none of the ways to log in"
	case 2:
		if len(b) < 4 {
			return Garbled, "it broke off at the login"
		}
		if b[3] != 0 {
			return Credentials, "user name or password refused"
		}
		b = b[4:]
	default:
		b = b[2:]
	}
	if len(b) < 2 || b[0] != 5 {
		return Garbled, "it broke off before it answered"
	}
	return replyFault(b[1])
}

// replyFault sorts the reply codes of RFC 1928, section 6.
func replyFault(code byte) (Fault, string) {
	words := [...]string{
		1: "general failure", 2: "not allowed by its rules", 3: "network unreachable", 4: "host unreachable",
		5: "connection refused", 6: "the time to live ran out", 7: "command not supported", 8: "address type not supported",
	}
	switch {
	case code == 0:
		return Garbled, "it broke off in its answer"
	case code == 1 || code >= 3 && code <= 6:
		return Behind, words[code]
	case int(code) < len(words):
		return Refused, words[code]
	default:
		return Refused, fmt.Sprintf("SOCKS code %d", code)
	}
}

// recorder connects to a SOCKS proxy and keeps the first bytes that it sends.
type recorder struct {
	mu   sync.Mutex
	head []byte
	over bool
	err  error
}

// recorded is more than a SOCKS proxy sends before its reply code.
const recorded = 16

func (r *recorder) Dial(network, addr string) (net.Conn, error) {
	return r.DialContext(context.Background(), network, addr)
}

// DialContext is what the SOCKS library calls.
func (r *recorder) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	c, err := direct(ctx, network, addr)
	if err != nil {
		r.err = err
		return nil, err
	}
	return &recordedConn{Conn: c, to: r}, nil
}

func (r *recorder) note(b []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.over && len(r.head) < recorded {
		r.head = append(r.head, b...)
	}
}

func (r *recorder) done() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.over, r.head = true, nil
}

func (r *recorder) bytes() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.head
}

type recordedConn struct {
	net.Conn
	to *recorder
}

func (c *recordedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.to.note(b[:n])
	return n, err
}
