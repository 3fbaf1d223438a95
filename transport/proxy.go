package transport

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"example.org/imap-integration/secret"
)

// maxSOCKSCredential is the length that RFC 1929 has room for.
const maxSOCKSCredential = 255

// Fault says at which point a connection through a proxy failed.
type Fault int

// The faults of a proxied connection.
const (
	Unreachable Fault = iota // no connection to the proxy itself
	Credentials              // the proxy wants credentials, or refuses these (407; RFC 1929)
	Refused                  // the proxy does not let this connection through
	Behind                   // the proxy is fine; what is behind it cannot be reached
	Garbled                  // the response is not that of such a proxy, or it broke off
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

// Permanent reports whether another try with the same settings would fail alike.
func (e *ProxyError) Permanent() bool {
	return e.Fault == Credentials || e.Fault == Refused || e.Fault == Garbled
}

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
// else through that proxy, which then resolves the names. trust is for the
// certificate of an https:// proxy, through which the proxy's password goes. Every dial ends with its context, also while a proxy is
// silent; the proxy's credentials go to the proxy alone.
func Dialer(proxyURL secret.String, trust *Trust) (Dial, error) {
	u, err := parseProxy(proxyURL)
	switch {
	case err != nil:
		return nil, err
	case u == nil:
		return direct, nil
	case u.Scheme == "socks5":
		return socks{u}.dial, nil
	default:
		return connect{u, trust}.dial, nil
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
