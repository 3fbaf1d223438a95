package mailbox

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"example.org/imap-integration/mailbox/imapwire"
)

const (
	// maxReconnects is the contract's; the last one is kept for MarkSeen.
	maxReconnects = 2
	// reconnectPause keeps a reconnect from meeting the fault that broke the connection.
	reconnectPause = 200 * time.Millisecond
)

// connection is what outlives a session: the next one is made here, where the last one
// broke, and the folder is held to the UIDVALIDITY that it had.
type connection struct {
	conf       Config
	s          *session
	status     Status
	isOpen     bool // conf.Folder is; false while another one is being opened
	reconnects int
	notBefore  time.Time // the server asked not to be bothered before
}

func (f *connection) readStatus() Status {
	caps := f.s.capabilities()
	b := f.s.opened
	return Status{
		UIDValidity: b.UIDValidity, UIDNext: b.UIDNext, Messages: b.Exists,
		Greeting: f.s.greeting, Capabilities: caps, Provider: f.s.provider.key,
	}
}

// attempt runs an operation, and once more where the connection broke or the
// server had a passing fault. spare is how many of the reconnects it must leave.
func (f *connection) attempt(ctx context.Context, stage string, spare int, operation func(context.Context) error) error {
	if err := f.live(ctx, stage, spare); err != nil {
		return err
	}
	err := operation(ctx)
	if err == nil {
		return nil
	}
	if err := f.recover(ctx, stage, spare, err); err != nil {
		return err
	}
	if err := operation(ctx); err != nil {
		return f.fault(stage, err)
	}
	return nil
}

// live makes a new connection where there is none any more.
func (f *connection) live(ctx context.Context, stage string, spare int) error {
	if f.s.alive() {
		return nil
	}
	return f.recover(ctx, stage, spare, f.s.broken())
}

// recover makes a second try possible, or returns the error that forbids it.
func (f *connection) recover(ctx context.Context, stage string, spare int, err error) error {
	e := f.fault(stage, err)
	if ctx.Err() != nil {
		return e
	}
	if wait, slow := f.backoff(err); slow || e.Kind == Throttled || e.Kind == Unavailable {
		f.notBefore = time.Now().Add(max(wait, passingPause))
		if err := f.pause(ctx, e); err != nil {
			return err
		}
	}
	if f.s.alive() {
		if e.Kind == Unavailable || e.Kind == Throttled {
			return nil
		}
		return e
	}
	return f.reconnect(ctx, stage, spare, e)
}

// reconnect makes a new connection, and makes sure that the UIDs still mean the same.
func (f *connection) reconnect(ctx context.Context, stage string, spare int, cause error) error {
	e := f.fault(stage, cause)
	if f.reconnects >= maxReconnects-spare {
		return e
	}
	f.notBefore = laterOf(f.notBefore, time.Now().Add(reconnectPause))
	if err := f.pause(ctx, e); err != nil {
		return err
	}
	f.reconnects++
	f.conf.Log.Warn("the connection to the mail server broke, connecting again", "cause", cause, "reconnect", f.reconnects)
	bye := f.s.n.Goodbye()
	f.s.end(errReplaced)
	quiet := f.conf
	quiet.Stage, quiet.First = nil, nil
	s, err := dialAndLogin(ctx, &quiet, strings.Contains(bye, "AccessTokenExpired"))
	if err != nil {
		return err
	}
	s.conf = &f.conf
	f.s = s
	if !f.isOpen {
		return nil
	}
	// Without a UIDVALIDITY, UIDs do not outlive a session (RFC 9051, section 2.3.1.1).
	if now := f.readStatus().UIDValidity; now != f.status.UIDValidity || now == 0 {
		err := fmt.Errorf("%w: it was %d and is %d", imapwire.ErrUIDValidity, f.status.UIDValidity, now)
		f.s.end(err)
		return f.fault(stage, err)
	}
	return nil
}

// backoff says how long the server asked to wait, in its response or its BYE.
func (f *connection) backoff(err error) (time.Duration, bool) {
	var refused imapwire.Refusal
	if errors.As(err, &refused) {
		if wait, slow := throttled(refused.StatusResponse); slow {
			return wait, true
		}
	}
	return throttled(imapwire.StatusResponse{Text: f.s.n.Goodbye()})
}

// pause waits as long as the server asked; more than the timeout is given up at once.
func (f *connection) pause(ctx context.Context, cause *Error) error {
	wait := time.Until(f.notBefore)
	if wait <= 0 {
		return nil
	}
	if wait > f.conf.Timeout {
		if cause.Kind == Throttled {
			cause.Next = fmt.Sprintf("run again in %s, and less often", wait.Round(time.Second))
		}
		return cause
	}
	f.conf.Log.Info("waiting as the mail server asks", "seconds", wait.Seconds())
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return f.fault(cause.Stage, context.Cause(ctx))
	case <-timer.C:
		return nil
	}
}

// fault is an error of a stage on the present connection.
func (f *connection) fault(stage string, err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return f.conf.fault(stage, f.s, err)
}

var errReplaced = errors.New("replaced by a new connection")

func laterOf(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
