package imapwire

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"
)

const (
	// minRate is the slowest literal that counts as progress, in bytes a second,
	// once the timeout has passed (contract.md, `timeout`).
	minRate = 1000
)

// StalledError is the cause of a connection that brought no complete response in time.
type StalledError struct {
	waited time.Duration
	bytes  int64 // of the literal in hand; -1 outside one
}

func (e StalledError) Error() string {
	if e.bytes >= 0 {
		return fmt.Sprintf("an email brought only %d bytes in %s", e.bytes, e.waited.Round(time.Second))
	}
	return fmt.Sprintf("waited %s", e.waited.Round(time.Second))
}

func (e StalledError) Timeout() bool { return true }

// Guard stands between the connection and everything that reads it. go-imap
// knows neither contexts nor useful timeouts (30 s and 5 min, hard-coded, and
// none before the first byte of a response), so all of them are kept here:
//
//   - while a response is awaited, it must be complete within the timeout;
//   - a literal may take longer, at minRate or more, and never silent for the timeout,
//     and what follows a literal that was asked for has a wait of its own;
//   - while nothing is awaited (IDLE, between commands) there is no limit.
type Guard struct {
	net.Conn
	socket  net.Conn // what abort closes: closing a TLS connection may block
	timeout time.Duration

	mu      sync.Mutex
	waiting int       // commands without their answer
	since   time.Time // start of the wait for the present response
	literal bool      // a literal is being read
	start   time.Time // of the literal
	got     int64     // bytes of the literal
	cause   error     // why the connection ended; the first counts
}

func NewGuard(conn, socket net.Conn, timeout time.Duration) *Guard {
	return &Guard{Conn: conn, socket: socket, timeout: timeout}
}

// Begin notes that a response is awaited from now on; end, that it came.
func (g *Guard) Begin() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.waiting == 0 {
		g.since = time.Now()
	}
	g.waiting++
	g.arm() // a Read may be blocked already
}

func (g *Guard) End() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.waiting--
	g.since = time.Now()
	g.arm()
}

// Progress notes that a wanted part of a response is complete: the wait for the next begins.
func (g *Guard) Progress() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.since = time.Now()
}

// beginLiteral starts the account of a literal of which some bytes have come already.
func (g *Guard) beginLiteral(come int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.literal, g.start, g.got = true, time.Now(), come
}

// endLiteral ends that account. Behind a literal that was asked for the wait
// begins anew: it may have taken longer than the timeout.
func (g *Guard) endLiteral(wanted bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.literal = false
	if wanted {
		g.since = time.Now()
	}
}

// skip takes the time that a slow consumer cost out of the account.
func (g *Guard) skip(paused time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.since, g.start = g.since.Add(paused), g.start.Add(paused)
}

// hurry shortens the timeout for what remains of the connection.
func (g *Guard) hurry(timeout time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.timeout, g.since = min(g.timeout, timeout), time.Now()
}

// arm sets the deadline of the next or present Read; g.mu is held.
func (g *Guard) arm() {
	_ = g.Conn.SetReadDeadline(g.deadline(time.Now()))
}

func (g *Guard) deadline(now time.Time) time.Time {
	switch {
	case g.literal:
		silence := now.Add(g.timeout)
		earned := time.Duration(float64(g.got) / minRate * float64(time.Second))
		if rate := g.start.Add(max(g.timeout, earned)); rate.Before(silence) {
			return rate
		}
		return silence
	case g.waiting > 0:
		return g.since.Add(g.timeout)
	default:
		return time.Time{}
	}
}

func (g *Guard) Read(p []byte) (int, error) {
	g.mu.Lock()
	g.arm()
	g.mu.Unlock()
	n, err := g.Conn.Read(p)
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.literal {
		g.got += int64(n)
	}
	if err != nil {
		err = g.fail(g.stalled(err))
	}
	return n, err
}

// stalled names a timeout by what was awaited; g.mu is held.
func (g *Guard) stalled(err error) error {
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		return err
	}
	if g.literal {
		return StalledError{time.Since(g.start), g.got}
	}
	return StalledError{time.Since(g.since), -1}
}

func (g *Guard) Write(p []byte) (int, error) {
	g.mu.Lock()
	timeout := g.timeout
	g.mu.Unlock()
	_ = g.Conn.SetWriteDeadline(time.Now().Add(timeout))
	n, err := g.Conn.Write(p)
	if err != nil {
		g.mu.Lock()
		defer g.mu.Unlock()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			err = StalledError{timeout, -1}
		}
		err = g.fail(err)
	}
	return n, err
}

// fail keeps the first cause; g.mu is held.
func (g *Guard) fail(err error) error {
	if g.cause == nil {
		g.cause = err
	}
	return g.cause
}

// Abort ends the connection for a reason.
func (g *Guard) Abort(cause error) {
	g.mu.Lock()
	_ = g.fail(cause)
	g.mu.Unlock()
	_ = g.socket.Close()
}

// Why returns the cause of the connection's end, nil while it stands.
func (g *Guard) Why() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.cause
}

// CloseNotify closes the connection with TLS's farewell.
func (g *Guard) CloseNotify() error { return g.Conn.Close() }

// Close closes the socket at once, without TLS's farewell.
func (g *Guard) Close() error { return g.socket.Close() }

// The deadlines that go-imap sets are not the contract's.

func (g *Guard) SetDeadline(time.Time) error      { return nil }
func (g *Guard) SetReadDeadline(time.Time) error  { return nil }
func (g *Guard) SetWriteDeadline(time.Time) error { return nil }
