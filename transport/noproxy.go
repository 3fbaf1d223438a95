package transport

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"

	"golang.org/x/net/http/httpproxy"

	"example.org/imap-integration/quote"
)

// Exceptions are the servers that are reached without the proxy: host names (and
// all below them), domains (.corp.example or *.corp.example: only what is below),
// addresses and networks (10.0.0.0/8), each with a port or for all, and * for
// everything, as curl and Go read the variable no_proxy. The zero value is none.
// Where there is any, this machine itself is an exception too.
type Exceptions struct {
	useProxy func(*url.URL) (*url.URL, error) // nil: there are none
}

// NewExceptions checks the values of no_proxy. An error names the value.
func NewExceptions(values []string) (Exceptions, error) {
	if len(values) == 0 {
		return Exceptions{}, nil
	}
	for _, v := range values {
		if err := checkException(v); err != nil {
			return Exceptions{}, err
		}
	}
	c := httpproxy.Config{HTTPSProxy: "http://proxy.invalid", NoProxy: strings.Join(values, ",")}
	return Exceptions{c.ProxyFunc()}, nil
}

func checkException(v string) error {
	if strings.Contains(v, "/") {
		if _, err := netip.ParsePrefix(v); err != nil {
			return fmt.Errorf("no_proxy: %s is neither a host, a domain such as .corp.example, an address nor a network such as 10.0.0.0/8", quote.Text(v, quote.Name))
		}
	}
	if strings.ContainsAny(v, " \t@") {
		return fmt.Errorf("no_proxy: %s is no host; values are separated by commas", quote.Text(v, quote.Name))
	}
	return nil
}

// Direct reports whether this server (host:port) is reached without the proxy.
func (e Exceptions) Direct(addr string) bool {
	if e.useProxy == nil {
		return false
	}
	proxy, err := e.useProxy(&url.URL{Scheme: "https", Host: addr})
	return err == nil && proxy == nil
}

// Around returns a Dial that goes to the exceptions directly and to all others by dial.
func (e Exceptions) Around(dial Dial) Dial {
	if e.useProxy == nil {
		return dial
	}
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		if e.Direct(addr) {
			return direct(ctx, network, addr)
		}
		return dial(ctx, network, addr)
	}
}
