package actions

import (
	"context"
	"errors"
	"net/http"
	"time"

	"example.org/imap-integration/mailbox"
	"example.org/imap-integration/soar"
)

const (
	// idleTime is how long a watch waits for the server to speak up before it
	// looks by itself: IDLE is a promise that not every server keeps.
	idleTime = 2 * time.Minute
	// turnTime is how long the folders that are not listened to wait for their next turn.
	turnTime = 20 * time.Second
	// retryFirst and retryMost bound the waits between attempts to go on.
	retryFirst = time.Second
	retryMost  = 5 * time.Minute
	// refusedFirst and refusedMost bound the waits after a refused login: accounts are
	// locked after some attempts in a quarter of an hour, and a login may try twice.
	refusedFirst = 15 * time.Minute
	refusedMost  = time.Hour
	// checkTime bounds the look for Cloud SOAR at the start: requests are repeated for longer.
	checkTime = 10 * time.Second
)

// watcher is a daemon that goes on until it is asked to end (--watch): one JSON array a
// line for each batch. An outage, of the mail server or of Cloud SOAR, is told once when
// it is more than a connection that broke, and once when it is over.
type watcher struct {
	d      *daemon
	env    *Env
	store  *store // nil where the first login comes before it
	report *runReport
	worked bool // a pass came to its end
	retry  retry
}

// retry counts the failures since the last whole pass.
type retry struct{ failures, refused int }

// after is how long to wait after this failure.
func (r *retry) after(err error) time.Duration {
	r.failures++
	if refusedLogin(err) {
		r.refused++
		return min(refusedFirst<<min(r.refused-1, 10), refusedMost)
	}
	return min(retryFirst<<min(r.failures-1, 20), retryMost)
}

// refusedLogin reports whether the server refused who we are.
func refusedLogin(err error) bool {
	e, ok := errors.AsType[*mailbox.Error](err)
	return ok && e.Kind == mailbox.AuthFailed
}

// run goes on until ctx ends, or nobody reads the result. Settings that never worked end it too.
func (w *watcher) run(ctx context.Context) error {
	defer func() {
		if w.store != nil {
			_ = w.store.Close() // each pass has closed its account
		}
	}()
	for {
		err := w.follow(ctx)
		if ctx.Err() != nil {
			return w.report.end(ctx, nil) // asked to end: that is how a watch ends well
		}
		if errors.Is(err, ErrNotWritten) || !w.worked && !errors.Is(err, errWatching) {
			return w.report.end(ctx, err)
		}
		wait := w.retry.after(err)
		w.env.Log.Error("the watch cannot go on and tries again", "in", wait.String(), "error", err.Error())
		// A connection that breaks and is there again a second later is no outage.
		w.report.failed(err, w.retry.failures > 1 || refusedLogin(err) || !w.worked, wait)
		select {
		case <-time.After(wait):
		case <-ctx.Done():
		}
	}
}

// errWatching marks a failure after the folder was once open.
var errWatching = errors.New("while watching")

// follow opens the folders and takes what comes, until something fails.
func (w *watcher) follow(ctx context.Context) error {
	folder, err := w.d.dial(ctx)
	if err != nil {
		return err
	}
	defer folder.Close()
	if w.store == nil {
		if w.store, err = w.d.openStore(ctx); err != nil {
			return err
		}
	}
	if !w.worked {
		if err := w.checkStore(ctx); err != nil {
			return err
		}
	}
	for {
		checkpoint, err := w.d.pass(ctx, w.env, folder, w.store, w.report)
		if err != nil {
			return errors.Join(errWatching, err)
		}
		w.worked, w.retry = true, retry{}
		if checkpoint != "" {
			w.d.options.Checkpoint = checkpoint
		}
		// Also after a pass without emails: who read the store may have kept the last one from all.
		if err := w.store.settle(ctx); err != nil { // the emails are safe: only a copy of the file alone lacks them
			w.env.Log.Warn("the store's log was not moved into its file", "error", err.Error())
		}
		if err := w.wait(ctx, folder); err != nil {
			return errors.Join(errWatching, err)
		}
	}
}

// checkStore looks whether Cloud SOAR is there, which a folder without new emails would
// not show for days. Credentials that it refuses end the watch.
func (w *watcher) checkStore(ctx context.Context) error {
	check, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	_, err := w.store.Check(check)
	failure, ok := errors.AsType[*soar.Failure](err)
	switch {
	case err == nil:
		return nil
	case ok && (failure.Status == http.StatusUnauthorized || failure.Status == http.StatusForbidden):
		return err
	default:
		return errors.Join(errWatching, err)
	}
}

// wait returns when there may be something new. Where the server does not tell of
// several folders at once, the first is listened to, and all are looked at in turns.
func (w *watcher) wait(ctx context.Context, f *folders) error {
	if len(f.names) == 1 {
		return f.Wait(ctx, idleTime)
	}
	if err := f.Open(ctx, f.names[0]); err != nil {
		return err
	}
	told, begun, err := f.Listen(ctx, f.names)
	switch {
	case err != nil || begun: // what came before it began is looked for at once
		return err
	case told:
		return f.Wait(ctx, idleTime)
	default:
		return f.Wait(ctx, turnTime)
	}
}
