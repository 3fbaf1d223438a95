// Package transport makes the connections of a run: TLS as the settings ask
// for it, directly or through a proxy, for IMAP, token endpoints and Cloud
// SOAR alike; and it explains in words what went wrong with one.
//
// What can go wrong is most of what people see of this program before it works: no such name,
// nothing listens, a firewall that says nothing, a proxy that wants a login, a certificate of an
// authority that is not known here, for another name or of last year, TLS of the last
// century. [Explain] is the one place where each of these has its cause and its next step.
// What is promised: nothing of the caller's is sent before the certificate is verified ([Trust]); a proxy's
// credentials go to the proxy alone; the environment's proxy variables count for nothing; no
// redirect is followed; every dial and handshake ends; no error quotes a URL or a credential.
// Exceptions from the rules ([Options]) are for the mail server alone, and on request.
package transport

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

const (
	// maxDial ends a dial whose context has no deadline: net/http detaches its
	// dials from the request, so a hanging proxy would keep one for ever.
	maxDial = 3 * time.Minute
	// keepAlive finds a connection that a NAT has dropped while it is idle.
	keepAlive = 30 * time.Second
	// handshakeTimeout is for HTTP only; a handshake is two round trips and some arithmetic.
	handshakeTimeout = 30 * time.Second
	// idleTimeout is below the usual idle limit of load balancers (60 s), so
	// that a request seldom meets a connection that is just being closed.
	idleTimeout = 50 * time.Second
	// maxResponseHeader bounds the header of one HTTP response.
	maxResponseHeader = 64 << 10
	// maxIdlePerHost is the number of requests to Cloud SOAR at once by default.
	maxIdlePerHost = 10
)

// Dial opens a connection, as [net.Dialer.DialContext] does.
type Dial func(ctx context.Context, network, addr string) (net.Conn, error)

// direct connects without a proxy: all addresses of the name, IPv6 and IPv4
// side by side (RFC 8305; the standard library does it).
func direct(ctx context.Context, network, addr string) (net.Conn, error) {
	ctx, cancel := bounded(ctx)
	defer cancel()
	d := net.Dialer{KeepAlive: keepAlive}
	return d.DialContext(ctx, network, addr)
}

// bounded gives a context a deadline where it has none.
func bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, maxDial)
}

// HTTPClient returns a client that uses dial for every connection and trust for
// every https server, ignores the proxy variables of the environment (the
// platform's setting is proxy_url), never follows a redirect (a credential
// would go along) and does not ask for compressed answers, so that what is
// counted is what came. Timeouts of requests are the caller's business: every
// request needs a context that ends.
func HTTPClient(dial Dial, trust *Trust) *http.Client {
	t := &http.Transport{
		DialContext:            dial,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12}, // net/http writes its protocols into it
		ForceAttemptHTTP2:      true,
		DisableCompression:     true,
		MaxIdleConns:           2 * maxIdlePerHost,
		MaxIdleConnsPerHost:    maxIdlePerHost,
		IdleConnTimeout:        idleTimeout,
		ExpectContinueTimeout:  time.Second,
		MaxResponseHeaderBytes: maxResponseHeader,
	}
	t.DialTLSContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return secureHTTP(ctx, conn, trust.config(hostOf(addr)), t.TLSClientConfig.NextProtos)
	}
	return &http.Client{
		Transport:     t,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// hostOf cuts the port off, and nothing else: net/http verifies an IPv6 address in its brackets.
func hostOf(addr string) string { return addr[:max(strings.LastIndexByte(addr, ':'), 0)] }

// errHandshakeTimeout is the end of a handshake that took too long; like net/http's own it is a timeout.
var errHandshakeTimeout = fmt.Errorf("the TLS handshake took longer than %s: %w", handshakeTimeout, os.ErrDeadlineExceeded)

// secureHTTP does the handshake in place of net/http, whose one configuration
// for all hosts would not learn which address it is to verify, only which name.
func secureHTTP(ctx context.Context, conn net.Conn, conf *tls.Config, protocols []string) (net.Conn, error) {
	limited, cancel := context.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	conf.NextProtos = protocols
	secured, err := handshake(limited, conn, conf)
	if err == nil {
		return secured, nil
	}
	_ = conn.Close()
	if ctx.Err() == nil && limited.Err() != nil {
		return nil, errHandshakeTimeout
	}
	return nil, err
}
