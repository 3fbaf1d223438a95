package mailbox

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http/httptrace"
	"strings"
	"syscall"
	"time"
)

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
