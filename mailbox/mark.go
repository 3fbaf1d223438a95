package mailbox

import (
	"context"
	"time"

	"github.com/emersion/go-imap/v2"

	"example.org/imap-integration/mailbox/imapwire"
)

const (
	// marksAtOnce bounds one STORE; the length of its set bounds it too.
	marksAtOnce = 1000
	// longestIdle is below the 29 minutes of RFC 2177 and go-imap's restart at 28.
	longestIdle = 25 * time.Minute
	// pollEvery is how often a server without IDLE is asked.
	pollEvery = 30 * time.Second
)

// MarkSeen marks mails as read. It is repeated after a broken connection,
// which changes nothing. The folder must not be open read-only.
func (f *Folder) MarkSeen(ctx context.Context, uids []UID) error {
	if len(uids) == 0 {
		return nil
	}
	if f.conf.ReadOnly || f.readOnly() {
		e := f.conf.fault(StageMark, f.s, nil)
		e.Kind = ReadOnly
		return e
	}
	return f.attempt(ctx, StageMark, 0, func(ctx context.Context) error {
		for _, part := range imapwire.Chunks(imapwire.Ascending(uids), marksAtOnce) {
			if err := f.s.mark(ctx, part); err != nil {
				return err
			}
		}
		return nil
	})
}

func (f *Folder) readOnly() bool {
	return f.s.n.Selected().ReadOnly
}

func (s *session) mark(ctx context.Context, uids []UID) error {
	seen := &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: []imap.Flag{imap.FlagSeen}}
	return s.run(ctx, func() error { return s.client.Store(imapSet(uids), seen, nil).Close() })
}

// Wait blocks until the server tells of new mail, d has passed (at most 25
// minutes), or ctx ends; only the last, or a broken connection, is an error.
func (f *Folder) Wait(ctx context.Context, d time.Duration) error {
	if !f.s.alive() {
		return f.fault(StageWait, f.s.broken())
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
		return f.fault(StageWait, err)
	}
	return nil
}

// idle uses IDLE (RFC 2177). It ends it also when ctx ends, so that the
// connection can be used on.
func (s *session) idle(ctx context.Context, end <-chan time.Time) error {
	var ask interface {
		Close() error
		Wait() error
	}
	err := s.run(ctx, func() (err error) {
		ask, err = s.client.Idle()
		return err
	})
	if err != nil {
		return err
	}
	select {
	case <-s.n.News():
	case <-end:
	case <-ctx.Done():
	case <-s.client.Closed():
		return s.broken()
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), max(s.conf.Timeout, drainGrace))
	if ctx.Err() != nil {
		cancel()
		last, cancel = context.WithTimeout(context.WithoutCancel(ctx), drainGrace)
	}
	defer cancel()
	err = s.run(last, func() error {
		if err := ask.Close(); err != nil {
			return err
		}
		return ask.Wait()
	})
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// poll asks with NOOP where there is no IDLE.
func (s *session) poll(ctx context.Context, end <-chan time.Time) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		select {
		case <-s.n.News():
			return nil
		case <-end:
			return s.run(ctx, func() error { return s.client.Noop().Wait() })
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-s.client.Closed():
			return s.broken()
		case <-tick.C:
			if err := s.run(ctx, func() error { return s.client.Noop().Wait() }); err != nil {
				return err
			}
		}
	}
}

// imapSet is compactSet for go-imap.
func imapSet(uids []UID) imap.UIDSet {
	var set imap.UIDSet
	for i := 0; i < len(uids); {
		j := i
		for j+1 < len(uids) && uids[j+1] == uids[j]+1 {
			j++
		}
		set = append(set, imap.UIDRange{Start: imap.UID(uids[i]), Stop: imap.UID(uids[j])})
		i = j + 1
	}
	return set
}
