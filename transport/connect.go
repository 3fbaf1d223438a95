package transport

import (
	"bufio"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// maxProxyAnswer bounds the header of a proxy's answer to CONNECT.
const maxProxyAnswer = 64 << 10

// connect is an HTTP proxy asked with CONNECT (RFC 9110, section 9.3.6), for
// http targets too: it never sees what passes.
type connect struct {
	url   *url.URL
	trust *Trust
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
	if err == nil && ctx.Err() != nil { // the deadline may have fallen between the response and lift
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
	t, err := p.trust.Secure(ctx, c, p.url.Hostname())
	if err != nil {
		_ = c.Close()
		if ctx.Err() != nil {
			return nil, broken(ctx, p.url, addr, err)
		}
		return nil, &ProxyError{Fault: Unreachable, Proxy: shown(p.url), Target: addr, Err: err}
	}
	return t, nil
}

// ask sends CONNECT and reads the response, and nothing behind it.
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
