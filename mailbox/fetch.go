package mailbox

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"example.org/imap-integration/mailbox/imapwire"
)

const (
	// sizesAtOnce is how many sizes are asked for in one command; their responses
	// are held while the bodies come.
	sizesAtOnce = 2000
	// maxRefusals is how often a transient fault is waited for before an email comes again.
	maxRefusals = 3
)

// errTooLarge ends a connection before a literal that is larger than allowed is read.
type errTooLarge struct {
	uid  UID // 0: the server had not said
	size int64
	said int64 // RFC822.SIZE in the same response; -1: none
}

func (e errTooLarge) Error() string {
	return fmt.Sprintf("an email of %d bytes came that is larger than max_message_size", e.size)
}

// fetchRun is one call of Fetch or Headers.
type fetchRun struct {
	arrivals
	yield    func(*Raw) error
	handHead func(Head) error // takes what came where fields are asked for

	cameThen int               // came, when the server last had a passing fault
	refusals int               // passing faults since an email came
	planned  []*item           // not asked for yet, in order
	sizing   *imapwire.Command // the sizes were asked for, and have not come
	sized    bool              // they came, or were refused for good
	guess    bool              // the first emails may be asked for before their sizes are known
}

func newFetchRun(f *Folder) *fetchRun {
	return &fetchRun{arrivals: arrivals{f: f, wake: make(chan struct{}, 1)}}
}

// all fetches one part after another.
func (r *fetchRun) all(ctx context.Context, parts [][]UID) error {
	r.f.budget.start()
	for _, part := range parts {
		if err := r.part(ctx, part); err != nil {
			r.wind()
			return err
		}
	}
	r.f.s.n.SetSink(nil)
	return nil
}

// part fetches emails whose sizes fit one command.
func (r *fetchRun) part(ctx context.Context, uids []UID) error {
	r.mu.Lock()
	r.items = make(map[UID]*item, len(uids))
	list := make([]*item, len(uids))
	for i, uid := range uids {
		list[i] = &item{uid: uid, hint: -1}
		r.items[uid] = list[i]
	}
	r.mu.Unlock()
	if err := r.f.live(ctx, stageFetch, 1); err != nil {
		return err
	}
	r.sized = r.fields != ""
	r.f.s.n.SetSink(&r.arrivals)
	return r.bodies(ctx, list)
}

// bodies fetches and yields; after a connection failure it goes on with what is missing.
func (r *fetchRun) bodies(ctx context.Context, list []*item) error {
	for {
		left, err := r.stream(ctx, list)
		if err == nil {
			return nil
		}
		var ended errYield
		if errors.As(err, &ended) {
			return ended.error
		}
		if err := r.mend(ctx, left, err); err != nil {
			if ended := (errYield{}); errors.As(r.handWhole(ctx, left), &ended) {
				return ended.error
			}
			return err
		}
		list = left
	}
}

// handWhole yields the emails next in order that came whole before the connection broke for good.
func (r *fetchRun) handWhole(ctx context.Context, left []*item) error {
	for _, it := range left {
		if ctx.Err() != nil || r.fields != "" || it.body == nil || len(it.body.Bytes()) == 0 || r.isPlaceholder(it) {
			return nil
		}
		if err := r.deliver(it); err != nil {
			return err
		}
	}
	return nil
}

// errYield marks an error of the caller's yield.
type errYield struct{ error }

func (e errYield) Unwrap() error { return e.error }

// mend makes a new connection possible after err, or returns the final error.
func (r *fetchRun) mend(ctx context.Context, left []*item, err error) error {
	if ctx.Err() != nil || !r.patient() {
		return r.f.fault(stageFetch, err)
	}
	r.abandonFlight()
	r.sizing = nil
	r.cautious = r.cautious || errors.Is(err, errGreedy)
	var large errTooLarge
	if errors.As(err, &large) {
		r.tooLarge(left, large)
	}
	if err := r.f.recover(ctx, stageFetch, 1, err); err != nil {
		return err
	}
	r.f.s.drain(r.f.conf.Timeout) // answers to what will be asked again
	r.f.s.n.SetSink(&r.arrivals)
	return nil
}

// patient reports whether a server that answers but does not give is given another chance.
func (r *fetchRun) patient() bool {
	if !r.f.s.alive() {
		return true // reconnects have a limit of their own
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.came > r.cameThen {
		r.refusals = 0
	}
	r.cameThen = r.came
	r.refusals++
	return r.refusals <= maxRefusals
}

// tooLarge notes which email ended the connection. Its header block is asked for
// on the next one; where no reconnect is left the run ends half-way, because a
// record without it would have another key than the next run gives it.
func (r *fetchRun) tooLarge(left []*item, large errTooLarge) {
	it := r.items[large.uid]
	if it == nil {
		// Among emails of unknown size, the sizes will tell which one it was.
		r.cautious = r.cautious || !slices.ContainsFunc(left, func(it *item) bool { return it.guessed && it.body == nil })
		return
	}
	if large.said >= 0 && large.said <= r.f.conf.MaxSize {
		r.cautious = true // its sizes may all be wrong: the next cut must not cost what came before it
	}
	it.header, it.hint = true, max(it.hint, large.size)
}

// stream fetches and yields in order. It returns what was not yielded.
func (r *fetchRun) stream(ctx context.Context, list []*item) ([]*item, error) {
	stop := context.AfterFunc(ctx, r.stop)
	defer stop()
	r.planned = list
	for r.askSizes(list); len(list) > 0; {
		b, err := r.nextBatch(ctx)
		if err != nil {
			return list, err
		}
		for _, it := range b.items {
			if err := r.await(ctx, b, it); err != nil {
				return list, err
			}
			if err := r.settle(ctx, b, it); err != nil {
				return list, err
			}
			list = list[1:]
		}
		r.land()
	}
	return nil, nil
}

// settle yields one email of a batch that has ended, asking again where it did not come.
func (r *fetchRun) settle(ctx context.Context, b *batch, it *item) error {
	r.mu.Lock()
	body := it.body
	it.asked = false
	r.mu.Unlock()
	switch {
	case r.fields != "":
		return refetch{r}.settleHead(ctx, b, it)
	case body == nil || len(body.Bytes()) == 0 || r.isPlaceholder(it):
		return refetch{r}.again(ctx, it)
	case r.doubtful(it):
		it.doubted = len(body.Bytes())
		return refetch{r}.again(ctx, it)
	}
	return r.deliver(it)
}

// doubtful reports whether an email that was asked for as a part may not be whole: it
// is shorter than its size. One such email is asked for again, whole; where
// that brings as much, the server's sizes are wrong and its parts are right.
func (r *fetchRun) doubtful(it *item) bool {
	size := r.sizeOf(it)
	return it.guessed && !r.f.wholeParts && (size < 0 || int64(len(it.body.Bytes())) < min(size, r.f.conf.MaxSize+1))
}

// wind ends a fetch early: what is on its way is dropped, so that the
// connection can be used on.
func (r *fetchRun) wind() {
	r.stop()
	r.f.s.drain(drainGrace)
	r.f.s.n.SetSink(nil)
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, it := range r.items {
		it.body.Release()
		it.body = nil
	}
}
