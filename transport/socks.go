package transport

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"sync"

	"golang.org/x/net/proxy"
)

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

// socksFault reads the responses of RFC 1928, sections 3 and 6, and RFC 1929.
func socksFault(b []byte) (Fault, string) {
	if len(b) < 2 || b[0] != 5 {
		return Garbled, "its response is not SOCKS version 5"
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
		return Garbled, "it broke off in its response"
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
