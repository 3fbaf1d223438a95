package imapwire

import (
	"strings"
	"time"
)

// maxNoise bounds what a server may send during one command that nobody asked
// for: a million untagged lines pass, a flood ends the connection.
const maxNoise = 64 << 20

// noisy counts what nobody asked for.
func (n *Conn) noisy(size int64) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.noise += size
	return n.tooNoisy()
}

// tooNoisy is the error of a flood; n.mu is held.
func (n *Conn) tooNoisy() error {
	if n.noise > maxNoise {
		return Protocolf("more than %d MiB that nobody asked for", maxNoise>>20)
	}
	return nil
}

func (n *Conn) sinkRoom(f *FetchResponse, size int64) (*Literal, error) {
	n.mu.Lock()
	sink := n.sink
	n.mu.Unlock()
	if sink == nil {
		return nil, nil
	}
	start := time.Now()
	b, err := sink.Room(f, size)
	if paused := time.Since(start); paused > time.Millisecond {
		n.g.skip(paused)
	}
	return b, err
}

func (n *Conn) finish(p *Command, r StatusResponse, ok bool) {
	n.g.End()
	if p.end != nil {
		p.end(r, ok)
	}
	if ok {
		p.done <- r
	}
	close(p.done)
}

func (n *Conn) tellOther() {
	select {
	case n.other <- struct{}{}:
	default:
	}
}

// challenge is the text of a continuation request for go-imap.
func (n *Conn) challenge(line []byte) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.hidden {
		return "="
	}
	return strings.TrimSpace(string(line[1:]))
}

// FetchSink takes FETCH responses. Both methods are called on the goroutine that reads the connection.
type FetchSink interface {
	// Room returns where to put a literal of n bytes; nil: it is not wanted. The
	// UID in f is 0 where the server puts it behind the body. It may block
	// until there is room; an error ends the connection before the literal is read.
	Room(f *FetchResponse, n int64) (*Literal, error)
	// Response takes a complete response, and with it its body.
	Response(f *FetchResponse)
}
