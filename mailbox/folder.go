package mailbox

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"example.org/imap-integration/mailbox/imapwire"
)

const (
	// maxReconnects is the contract's; the last one is kept for MarkSeen.
	maxReconnects = 2
	// reconnectPause keeps a reconnect from meeting the fault that broke the connection.
	reconnectPause = 200 * time.Millisecond
	// passingPause is how long a passing fault at the server is given to pass.
	passingPause = 2 * time.Second
	// drainGrace is how long answers on the way are waited for when the caller
	// gives up, so that the connection can still be used to mark emails.
	drainGrace = 2 * time.Second
	// defaultTimeout is the contract's.
	defaultTimeout = 180 * time.Second
	// defaultMaxSize is the contract's max_message_size.
	defaultMaxSize = 50 << 20
)

// Folder is an open folder. Its methods are for one goroutine at a time, and
// none of them may be called inside the yield function of another.
type Folder struct {
	conf       Config
	s          *session
	status     Status
	isOpen     bool // conf.Folder is; false while another one is being opened
	reconnects int
	notBefore  time.Time // the server asked not to be bothered before
	noCharset  bool      // the server refused CHARSET UTF-8
	wholeParts bool      // the server's sizes are wrong, and what it gives as a part is all the same whole
	sizesFirst bool      // there are emails that are too large: none is asked for before its size is known
	budget     *budget
}

// Dial connects, logs in and opens the folder. Nothing is asked of the server
// that is not needed for that. Every error that concerns the server is an [*Error].
func Dial(ctx context.Context, c Config) (*Folder, error) {
	c.setDefaults()
	s, err := dialAndLogin(ctx, &c, false)
	if err != nil {
		return nil, err
	}
	f := &Folder{conf: c, s: s, isOpen: true, budget: newBudget(memoryBudget, c.MaxSize)}
	f.status = f.readStatus()
	return f, nil
}

func (f *Folder) readStatus() Status {
	caps := f.s.capabilities()
	b := f.s.opened
	return Status{
		UIDValidity: b.UIDValidity, UIDNext: b.UIDNext, Messages: b.Exists,
		Greeting: f.s.greeting, Capabilities: caps, Provider: f.s.provider.key,
	}
}

// Status is what the server said when the folder was opened.
func (f *Folder) Status() Status { return f.status }

// SubstringSearch reports whether the server's SEARCH finds substrings, as far
// as is known; Gmail, Exchange and Yahoo find words.
func (f *Folder) SubstringSearch() bool { return !f.s.provider.words && !f.s.believed.words }

// fault is an error of a stage on the present connection.
func (f *Folder) fault(stage string, err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return f.conf.fault(stage, f.s, err)
}

// attempt runs an operation, and once more where the connection broke or the
// server had a passing fault. spare is how many of the reconnects it must leave.
func (f *Folder) attempt(ctx context.Context, stage string, spare int, operation func(context.Context) error) error {
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
func (f *Folder) live(ctx context.Context, stage string, spare int) error {
	if f.s.alive() {
		return nil
	}
	return f.recover(ctx, stage, spare, f.s.broken())
}

// recover makes a second try possible, or returns the error that forbids it.
func (f *Folder) recover(ctx context.Context, stage string, spare int, err error) error {
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

// backoff says how long the server asked to wait, in its response or its BYE.
func (f *Folder) backoff(err error) (time.Duration, bool) {
	var refused imapwire.Refusal
	if errors.As(err, &refused) {
		if wait, slow := throttled(refused.StatusResponse); slow {
			return wait, true
		}
	}
	return throttled(imapwire.StatusResponse{Text: f.s.n.Goodbye()})
}

// pause waits as long as the server asked; more than the timeout is given up at once.
func (f *Folder) pause(ctx context.Context, cause *Error) error {
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

// Reconnects is how often the connection broke and was made again.
func (f *Folder) Reconnects() int { return f.reconnects }

// reconnect makes a new connection, and makes sure that the UIDs still mean the same.
func (f *Folder) reconnect(ctx context.Context, stage string, spare int, cause error) error {
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

var errReplaced = errors.New("replaced by a new connection")

func laterOf(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// Fetch fetches these emails whole. yield is called in UID order, exactly once
// for each UID, on the calling goroutine; an error of it ends the fetch and is
// returned. What yield gets is its own until Release; the wire waits while the
// consumer holds more than [memoryBudget], so a consumer must not wait for
// further emails before it releases some. After a connection failure Fetch reconnects once. An
// error means that the UIDs not yielded are not accounted for.
func (f *Folder) Fetch(ctx context.Context, uids []UID, yield func(*Raw) error) error {
	r := newFetchRun(f)
	r.yield, r.guess = yield, true
	return r.all(ctx, imapwire.Chunks(imapwire.Ascending(uids), sizesAtOnce))
}

// Headers fetches the named header fields of these emails as they are. yield is
// called in UID order, once for each UID; an error of it ends the fetch and is
// returned. Of one email at most 1 MiB is kept. What yield gets is its own.
func (f *Folder) Headers(ctx context.Context, uids []UID, names []string, yield func(Head) error) error {
	section, err := fieldsSection(names)
	if err != nil {
		return f.fault(stageFetch, err)
	}
	r := newFetchRun(f)
	r.fields = section
	r.handHead = yield
	return r.all(ctx, [][]UID{imapwire.Ascending(uids)})
}

// MarkSeen marks emails as read. It is repeated after a broken connection,
// which changes nothing. The folder must not be open read-only.
func (f *Folder) MarkSeen(ctx context.Context, uids []UID) error {
	return f.mark(ctx, stageMark, uids, seenFlag)
}

// AddFlag sets a flag or keyword (\Flagged, $Imported) on emails, as MarkSeen does.
func (f *Folder) AddFlag(ctx context.Context, uids []UID, flag string) error {
	return f.mark(ctx, stageFlag, uids, flag)
}

const seenFlag = `\Seen`

func (f *Folder) mark(ctx context.Context, stage string, uids []UID, flag string) error {
	if len(uids) == 0 {
		return nil
	}
	if f.conf.ReadOnly || f.readOnly() {
		e := f.conf.fault(stage, f.s, nil)
		e.Kind = ReadOnly
		return e
	}
	return f.attempt(ctx, stage, 0, func(ctx context.Context) error {
		for _, part := range imapwire.Chunks(imapwire.Ascending(uids), marksAtOnce) {
			if err := f.s.mark(ctx, part, flag); err != nil {
				return err
			}
		}
		return nil
	})
}

func (f *Folder) readOnly() bool {
	return f.s.n.Selected().ReadOnly
}

// Wait blocks until the server tells of new email, d has passed (at most 25
// minutes), or ctx ends; only the last, or a broken connection, is an error.
func (f *Folder) Wait(ctx context.Context, d time.Duration) error {
	if !f.s.alive() {
		return f.fault(stageWait, f.s.broken())
	}
	timer := time.NewTimer(min(d, longestIdle))
	defer timer.Stop()
	var err error = imapwire.Refusal{}
	if f.s.n.Has("IDLE") {
		err = f.s.idle(ctx, timer.C)
	}
	if kindOf(err) == ServerRefused { // not offered, or refused all the same
		err = f.s.poll(ctx, timer.C)
	}
	if err != nil {
		return f.fault(stageWait, err)
	}
	return nil
}

// Close ends the session. The server's response to LOGOUT is not waited for: it
// would cost a round trip and change nothing.
func (f *Folder) Close() error {
	if f.s.alive() {
		f.s.n.Send("LOGOUT", nil)
		_ = f.s.g.CloseNotify() // with TLS's farewell
	}
	f.s.end(net.ErrClosed)
	return nil
}
