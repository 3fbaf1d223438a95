package actions

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"example.org/imap-integration/ingest"
	"example.org/imap-integration/privatefile"
	"example.org/imap-integration/quote"
)

// The states of a run in its status file.
const (
	stateRunning = "running" // a pass is under way
	stateWaiting = "waiting" // a watch waits for new emails
	stateOutage  = "outage"  // a watch cannot go on, and tries again
	stateEnded   = "ended"
	stateFailed  = "failed"
)

// runStatus is what --status-file holds (docs/contract.md, section 1). Times are UTC.
type runStatus struct {
	Version   string     `json:"version"`
	Mailbox   string     `json:"mailbox"`
	Folders   []string   `json:"folders"` // as the settings name them
	Watch     bool       `json:"watch"`
	State     string     `json:"state"`
	StartedAt time.Time  `json:"started_at"`
	UpdatedAt time.Time  `json:"updated_at"`
	LastRun   *lastRun   `json:"last_run"`   // null before the first pass came to its end
	LastError *lastError `json:"last_error"` // the latest, also where it is over; null: none
	Outage    *outage    `json:"outage"`     // null: none
	// CompleteAt is when the last pass that left nothing behind began; OldestWaiting is
	// the same where emails wait now: none that waits was there before it.
	CompleteAt    *time.Time `json:"complete_at"`
	OldestWaiting *time.Time `json:"oldest_waiting"` // null: nothing waits, as far as is known
}

type lastRun struct {
	At         time.Time `json:"at"`
	TookMS     int64     `json:"took_ms"`
	Found      int       `json:"found"`
	Objects    int       `json:"objects"`
	Saved      int       `json:"saved"`
	Existed    int       `json:"existed"`
	Failed     int       `json:"failed"`
	LeftOut    int       `json:"left_out"`
	Settled    int       `json:"settled"`
	NotGiven   int       `json:"not_given"`
	NotReached int       `json:"not_reached"`
	Complete   bool      `json:"complete"` // it came to its end, and was acknowledged
}

type lastError struct {
	At    time.Time `json:"at"`
	Error string    `json:"error"` // one sentence
}

type outage struct {
	Since       time.Time `json:"since"`
	Attempts    int       `json:"attempts"`
	NextAttempt time.Time `json:"next_attempt"`
	refused     bool      // it was said that the login is refused
}

// runReport tells whoever runs the daemon how it is doing: by the status file, and of an
// outage by one line when it begins and one when it ends.
type runReport struct {
	env    *Env
	status runStatus
	began  time.Time // the pass under way
	since  time.Time // the first failure since the last pass; zero: none
	broken bool      // the status file cannot be written, and the log says so
}

// newRunReport begins a report. An earlier status file says since when nothing waits.
func newRunReport(env *Env, account string, folders []string) *runReport {
	r := &runReport{env: env}
	r.status = runStatus{Version: env.Program, Mailbox: account, Folders: folders, Watch: env.Watch, State: stateRunning, StartedAt: r.now()}
	var earlier runStatus
	if text, err := os.ReadFile(env.StatusFile); env.StatusFile != "" && err == nil && json.Unmarshal(text, &earlier) == nil && earlier.Mailbox == account {
		r.status.CompleteAt, r.status.LastRun, r.status.LastError = earlier.CompleteAt, earlier.LastRun, earlier.LastError
	}
	r.write()
	return r
}

func (r *runReport) now() time.Time { return r.env.Now().UTC().Truncate(time.Millisecond) }

// begin notes that a pass is under way.
func (r *runReport) begin() {
	r.began = r.now()
	if r.status.State != stateOutage {
		r.status.State = stateRunning
	}
}

// passed notes what a pass came to, and the end of an outage. unmarked is why what was
// handed over could not be acknowledged.
func (r *runReport) passed(s ingest.Summary, objects int, unmarked error) {
	now := r.now()
	run := &lastRun{
		At: r.began, TookMS: now.Sub(r.began).Milliseconds(), Found: s.Found, Objects: objects, Saved: s.Saved, Existed: s.Existed, Failed: s.Failed,
		LeftOut: s.LeftOut, Settled: s.Settled, NotGiven: s.Withheld, NotReached: s.NotReached, Complete: s.HalfWay == nil && unmarked == nil,
	}
	r.status.LastRun, r.status.State, r.since = run, stateWaiting, time.Time{}
	if err := errors.Join(s.HalfWay, unmarked); err != nil {
		r.note(err)
	}
	if run.Complete && s.Withheld == 0 && s.NotReached == 0 {
		r.status.CompleteAt, r.status.OldestWaiting = &r.began, nil
	} else {
		r.status.OldestWaiting = r.status.CompleteAt
	}
	if o := r.status.Outage; o != nil {
		r.status.Outage = nil
		r.notice("the watch of %s goes on, after %s and %s", r.status.Mailbox, now.Sub(o.Since).Round(time.Second), counted(o.Attempts, "attempt", "attempts"))
	}
	r.write()
}

// failed notes a failure of a watch, which tries again after wait. told: it is an outage by now.
func (r *runReport) failed(err error, told bool, wait time.Duration) {
	now := r.now()
	r.note(err)
	refused := refusedLogin(err)
	if r.since.IsZero() {
		r.since = now
	}
	if told {
		o := r.status.Outage
		first := o == nil
		if first {
			o = &outage{Since: r.since}
			r.status.Outage, r.status.State, r.status.OldestWaiting = o, stateOutage, r.status.CompleteAt
		}
		o.Attempts++
		o.NextAttempt = now.Add(wait)
		if first || refused && !o.refused {
			o.refused = refused
			r.notice("the watch of %s cannot go on: %s; it tries again in %s%s", r.status.Mailbox, quote.Line(explained(unwatched(err)), quote.Sentence), wait, rarely(refused))
		}
	}
	r.write()
}

// rarely says why a refused login is not tried again soon.
func rarely(refused bool) string {
	if !refused {
		return ""
	}
	return " and then less and less often, because accounts are locked after several refused logins; after a change of the settings start it anew"
}

// unwatched is the failure without the mark that it came while watching.
func unwatched(err error) error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return err
	}
	for _, part := range joined.Unwrap() {
		if !errors.Is(part, errWatching) {
			return part
		}
	}
	return err
}

// end notes the end of the run, and returns its error as it came.
func (r *runReport) end(ctx context.Context, err error) error {
	r.status.State = stateEnded
	if err != nil && ctx.Err() == nil {
		r.status.State, r.status.OldestWaiting = stateFailed, r.status.CompleteAt
		r.note(err)
	}
	r.write()
	return err
}

func (r *runReport) note(err error) {
	r.status.LastError = &lastError{r.now(), quote.Line(explained(unwatched(err)), quote.Sentence)}
}

func (r *runReport) notice(format string, args ...any) {
	if r.env.Notice != nil {
		r.env.Notice(r.now().Format(time.RFC3339) + " " + fmt.Sprintf(format, args...))
	}
}

// write replaces the status file in one step. Where it cannot be written the log says so
// once: a status must not cost an email.
func (r *runReport) write() {
	if r.env.StatusFile == "" {
		return
	}
	r.status.UpdatedAt = r.now()
	text, err := json.MarshalIndent(r.status, "", "  ")
	if err == nil {
		err = privatefile.Replace(r.env.StatusFile, append(text, '\n'))
	}
	if err != nil && !r.broken {
		r.env.Log.Error("the status file cannot be written", "error", err.Error())
	}
	r.broken = err != nil
}
