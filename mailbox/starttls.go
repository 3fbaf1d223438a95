package mailbox

import (
	"bytes"
	"context"
	"errors"
	"net"
	"strings"
	"time"
)

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

var (
	errPreauth      = errors.New("PREAUTH in clear")
	errNotOffered   = errors.New("the server does not offer STARTTLS")
	errInjected     = errors.New("data came in clear behind the server's OK, which an attacker may have put there")
	errClosingEarly = errors.New("the server said BYE")
)
