// Package ingest is the run of the daemon: from the folders of a mailbox to the
// objects that the platform's rules get, each email once and none missing.
//
// Nothing around it can be relied on. A server may number its emails anew
// (UIDVALIDITY), withhold one for an hour, or list one late under a lower UID. The
// store may take an email and lose the response. The platform may end the process
// at any instruction, or throw the result away. Two things make up for that. An
// email's identity is its account and its bytes (source_key), so that saving it
// again is noticed. And state moves last: an email is marked as read, and the
// checkpoint passes it, only when it is saved and the result stands on standard
// output. What is cut off before that comes again, as existed.
//
// A run goes plan, fetch, decide, read, save, hand over, acknowledge. Work overlaps;
// what is acknowledged is always a prefix of the plan, in the order of the UIDs, and
// every email looked at ends in one count of the last log line. The promises are
// section 4 of contract.md; fault_test.go fails every call in turn and looks.
//
// Read top-down: folders (several in turn) and audit, ingest, plan, save, commit, result, missing,
// checkpoints, pipeline, read, fate, after, record, options, checkpoint, missed.
package ingest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"example.org/imap-integration/filters"
	"example.org/imap-integration/mailbox"
	"example.org/imap-integration/soar"
)

// run is one run's state.
type run struct {
	o      Options
	folder Folder
	store  Store
	plan   plan
	reader reader
	state  checkpoint
	sink   *Result
	seen   map[string]place // source key → object, for second copies
	known  map[string]soar.ID
	asked  bool                 // known has been asked for
	held   bool                 // nothing more is taken, see holdsBack
	absent map[mailbox.UID]bool // emails that are there and did not come in this run
	tally  tally
	// siblings are the checkpoints of the other folders of a run over several; nil
	// where there is one folder.
	siblings several
}

// place is where an object stands; at is -1 for an email that was not put out.
type place struct {
	sink *Result
	at   int
}

// Run takes the emails that the options select and saves them. The Result holds
// what was saved, also where the run ended half-way: then the log says why, and
// the error is nil as long as there is something to hand over. The caller
// writes the Result, then calls its Written, and closes it in any case.
func Run(ctx context.Context, o Options, folder Folder, store Store) (*Result, error) {
	r := newRun(o, folder, store)
	if err := r.finish(ctx); err != nil {
		return nil, err
	}
	return r.sink, nil
}

func newRun(o Options, folder Folder, store Store) *run {
	if o.DryRun {
		store = dryStore{store}
	}
	r := &run{o: o, folder: folder, store: store, seen: map[string]place{}, absent: map[mailbox.UID]bool{}}
	r.sink = newResult(r)
	return r
}

// finish runs the run to its end. After an error the result is closed.
func (r *run) finish(ctx context.Context) error {
	err := r.run(ctx)
	if err == nil {
		err = r.sink.err
	}
	r.tally.log(r.o.Log, r.sink)
	if err == nil {
		return nil
	}
	if r.sink.Len() > 0 && r.sink.err == nil {
		r.o.Log.Error("the run ended half-way; what was saved is handed over, the next run takes the rest", "error", err.Error())
		r.sink.halfWay = err
		return nil
	}
	r.sink.Close()
	return err
}

func (r *run) run(ctx context.Context) error {
	l := planner{r.o, r.folder, r.store}
	p, err := l.makePlan(ctx)
	if err != nil {
		return err
	}
	there := p.exists
	p.exists = func(uid mailbox.UID) bool { return !r.absent[uid] && there(uid) }
	if p.replay {
		r.o.Filter = &filters.Filter{}
	}
	r.plan, r.state = p, p.state
	r.reader = reader{r.o, r.folder, r.lastHeaders(ctx)}
	if r.sink.leftovers, err = l.leftovers(ctx, p); err != nil {
		return err
	}
	r.tally.candidates = len(p.uids) + len(p.pending)
	r.o.Log.Info("run planned", "mode", p.mode, "candidates", len(p.uids), "pending", len(p.pending))
	if err := r.emitPending(); err != nil {
		return err
	}
	for chunk := range chunks(p.uids, headerChunk) {
		if r.full() {
			return nil
		}
		if err := r.take(ctx, chunk); err != nil {
			return err
		}
	}
	return nil
}

// chunks cuts a list into pieces of at most n.
func chunks(uids []mailbox.UID, n int) func(yield func([]mailbox.UID) bool) {
	return func(yield func([]mailbox.UID) bool) {
		for len(uids) > 0 {
			k := min(n, len(uids))
			if !yield(uids[:k]) {
				return
			}
			uids = uids[k:]
		}
	}
}

// full reports whether this run takes no more.
func (r *run) full() bool { return r.held || r.o.MaxMessages > 0 && r.sink.Len() >= r.o.MaxMessages }

// take decides a chunk by headers, then fetches and saves what remains, in
// rounds: emails that turn out to be no objects do not count against max_messages.
func (r *run) take(ctx context.Context, chunk []mailbox.UID) error {
	uids, err := r.byHeaders(ctx, chunk)
	if err != nil {
		return err
	}
	for len(uids) > 0 && !r.full() {
		n := len(uids)
		if r.o.MaxMessages > 0 {
			n = min(n, r.roundSize())
		}
		done, err := r.round(ctx, uids[:n])
		uids = uids[done:]
		if err != nil {
			return err
		}
	}
	return nil
}

// smallRound is the least number of emails fetched at once where a filter on
// the content may leave most of them out.
const smallRound = 50

func (r *run) roundSize() int {
	left := r.o.MaxMessages - r.sink.Len()
	if r.o.Filter.NeedsBody() {
		return max(left, smallRound)
	}
	return left
}

// round fetches these emails and saves them. It returns how many were accounted for.
func (r *run) round(ctx context.Context, uids []mailbox.UID) (done int, err error) {
	save, endSave := Outlive(ctx, saveGrace)
	defer endSave()
	fetch, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	batches, fetched := r.reader.produce(fetch, uids)
	for batch := range batches {
		if err == nil && ctx.Err() != nil {
			err = context.Cause(ctx) // interrupted: what is not being saved yet is dropped whole
		}
		if err == nil {
			var n int
			n, err = r.saveBatch(save, batch)
			done += n
			if err != nil {
				stop(err)
			}
		}
		release(batch...)
		r.o.Progress(r.tally.looked(), r.tally.candidates)
	}
	if errors.Is(err, errStopped) {
		<-fetched
		return done, nil
	}
	if fetchErr := <-fetched; err == nil {
		err = fetchErr
	}
	return done, err
}

// saveGrace is what a save in hand may still take after an interruption (contract.md: 10 s in all).
const saveGrace = 5 * time.Second

// Outlive is a context that ends no sooner than grace after ctx, with its cause.
func Outlive(ctx context.Context, grace time.Duration) (context.Context, context.CancelFunc) {
	g, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		time.AfterFunc(grace, func() { cancel(context.Cause(ctx)) })
	})
	return g, func() { stop(); cancel(nil) }
}

// byHeaders returns the UIDs that the header conditions keep.
func (r *run) byHeaders(ctx context.Context, uids []mailbox.UID) ([]mailbox.UID, error) {
	names := r.o.Filter.HeaderNames()
	if len(names) == 0 {
		return uids, nil
	}
	var kept []mailbox.UID
	err := r.folder.Headers(ctx, uids, names, func(h mailbox.Head) error {
		switch d, there := DecideHead(r.o.Filter, h, r.o.Limits); {
		case !there:
			r.vanished(h.UID)
		case d.LeftOut != "":
			r.leftOut(h.UID, d.LeftOut)
		default:
			kept = append(kept, h.UID)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("cannot read the headers that the filters need: %w", err)
	}
	return kept, nil
}

// emitPending hands over what an earlier run saved and never handed over.
func (r *run) emitPending() error {
	for _, rec := range r.plan.pending {
		if r.full() {
			return nil
		}
		if rec.UIDValidity == r.state.uidValidity {
			r.state.advance(rec.UID, r.plan.exists)
			r.sink.filed = append(r.sink.filed, rec.UID)
			r.sink.notes.belongs(rec.UID, rec.ID)
		}
		r.o.Log.Info("handed over again: an earlier run saved it and did not come to hand it over", "uid", rec.UID, "id", rec.ID)
		delete(r.plan.unhanded, rec.ID)
		if err := r.emit(object{mail: rec.Mail, id: rec.ID, existed: true, key: rec.SourceKey}); err != nil {
			return err
		}
	}
	return nil
}
