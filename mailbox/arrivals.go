package mailbox

import (
	"errors"
	"strings"
	"sync"
	"time"

	"example.org/imap-integration/mailbox/imapwire"
	"example.org/imap-integration/message"
)

const (
	// readOver is how many bytes over max_message_size a literal may have and is
	// still read over: less than a new connection costs.
	readOver = 8 << 20
	// maxHeaderBlock is what is kept of a header block.
	maxHeaderBlock = 1 << 20
)

// item is one email on its way.
type item struct {
	uid     UID
	asked   bool  // its body is asked for now
	header  bool  // only its header block can be had
	guessed bool  // it was asked for before its size was known, as a part that is longer than allowed
	doubted int   // bytes of the body that came as such a part, where that may not be all of it
	sized   bool  // its size was answered
	tries   int   // alone
	hint    int64 // RFC822.SIZE; -1: not known
	flags   []string
	date    time.Time
	body    *imapwire.Literal
	refusal string
	notes   []Note
}

// arrivals is what the goroutine that reads the connection and the one that yields
// share: the first fills items as their literals come, the second takes them in order.
type arrivals struct {
	f      *Folder
	fields string        // the section asked for in place of the whole emails; "" these
	wake   chan struct{} // room is short

	mu       sync.Mutex
	came     int // emails that came whole
	items    map[UID]*item
	flight   []*batch // sent and not yet yielded, in order
	head     *item    // the next to be yielded
	pressed  bool     // room is short: yield head as soon as it is there
	discard  bool
	cautious bool // a too large body came for an unknown UID: one at a time
}

// learn keeps what a response says besides the body, and reports whether its size is news.
func (it *item) learn(f *imapwire.FetchResponse) (fresh bool) {
	if f.Flags != nil {
		it.flags = f.Flags
	}
	if !f.InternalDate.IsZero() {
		it.date = f.InternalDate
	}
	if f.Size >= 0 && it.hint < 0 {
		it.hint = f.Size
	}
	fresh = !it.sized && f.Size >= 0
	it.sized = it.sized || fresh
	return fresh
}

// note adds a problem, each code once.
func (it *item) note(code, detail string) {
	for _, n := range it.notes {
		if n.Code == code {
			return
		}
	}
	it.notes = append(it.notes, Note{code, detail})
}

// Room implements [imapwire.FetchSink].
func (r *arrivals) Room(f *imapwire.FetchResponse, n int64) (*imapwire.Literal, error) {
	limit, keep, wanted := r.limits(f)
	if !wanted {
		return nil, nil
	}
	if n > limit {
		return nil, errTooLarge{r.owner(f), n, f.Size}
	}
	price := imapwire.Cost(min(n, keep))
	if r.f.budget.tight(price) {
		r.press()
	}
	if err := r.f.budget.take(price); errors.Is(err, errInterrupted) {
		return nil, nil // the consumer is gone: the literal is read over
	} else if err != nil {
		return nil, err
	}
	if r.fields != "" {
		return imapwire.NewKeptLiteral(n, keep, func() { r.f.budget.give(price) }), nil
	}
	return imapwire.NewLiteral(n, keep, func() { r.f.budget.give(price) }), nil
}

// limits says how large the body of a response may be, and how much of it is
// kept. A body that was not asked for is not wanted.
func (r *arrivals) limits(f *imapwire.FetchResponse) (limit, keep int64, wanted bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	limit = r.f.conf.MaxSize
	uid := r.ownerLocked(f)
	it := r.items[uid] // nil for 0: whose it is stands behind it (testdata/rows.json, I14)
	switch {
	case r.discard, uid != 0 && (it == nil || !it.asked || it.body != nil):
		return 0, 0, false
	case r.fields != "":
		return largestHeader, maxHeaderBlock, strings.HasPrefix(f.Section, "HEADER")
	case uid == 0:
		return limit + 1, limit + 1, f.Section == ""
	case it.header:
		return max(limit, maxHeaderBlock), maxHeaderBlock, f.Section == "HEADER"
	case it.guessed || it.hint > limit || r.cautious:
		return limit + 1, limit + 1, f.Section == ""
	default:
		return limit + readOver, limit + 1, f.Section == ""
	}
}

func (r *arrivals) owner(f *imapwire.FetchResponse) UID {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ownerLocked(f)
}

// ownerLocked is the UID that a body is for: the one given, or the only one asked for.
func (r *arrivals) ownerLocked(f *imapwire.FetchResponse) UID {
	if f.UID != 0 {
		return f.UID
	}
	var only UID
	for uid, it := range r.items {
		if it.asked {
			if only != 0 {
				return 0
			}
			only = uid
		}
	}
	return only
}

// Response implements [imapwire.FetchSink].
func (r *arrivals) Response(f *imapwire.FetchResponse) {
	if !r.accept(f) {
		f.Literal.Release()
		return
	}
	r.f.s.n.Quiet()
}

// accept takes what a response says of an email that is being fetched. A response
// without a UID is not used (I13), nor is one for another email (I17).
func (r *arrivals) accept(f *imapwire.FetchResponse) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	it := r.items[f.UID]
	if f.UID == 0 || it == nil {
		return false
	}
	fresh := it.learn(f)
	if f.Literals == 0 {
		return fresh
	}
	switch {
	case it.body != nil:
		if f.Content == imapwire.HasContent {
			it.note(message.CodeDuplicateFetch, "the server sent a second body for this UID; the first one counts")
		}
		return false
	case !it.asked:
		return false
	}
	it.body = f.Literal
	if f.Literal != nil && len(f.Literal.Bytes()) > 0 {
		r.came++
	}
	return f.Literal != nil
}

// batchDone tells the budget whether the consumer has something to take.
func (r *arrivals) batchDone(b *batch) {
	r.mu.Lock()
	b.done = true
	ready := r.readyLocked()
	r.mu.Unlock()
	r.f.budget.setReady(ready)
}

// readyLocked reports whether the consumer has something to take: a batch that
// is complete, or under pressure the next email.
func (r *arrivals) readyLocked() bool {
	return len(r.flight) > 0 && r.flight[0].done || r.pressed && r.head != nil && r.head.body != nil
}

// press has the next email yielded although its batch is not complete. That is
// needed where emails are larger than the server said; otherwise a batch is
// awaited, so that a second body for one of its emails can be told of.
func (r *arrivals) press() {
	r.mu.Lock()
	r.pressed = true
	ready := r.readyLocked()
	r.mu.Unlock()
	r.f.budget.setReady(ready)
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// isNext makes an email the next to be yielded, and reports whether it must be at once.
func (r *arrivals) isNext(it *item) bool {
	r.mu.Lock()
	r.head = it
	now, ready := r.pressed && it.body != nil, r.readyLocked()
	r.mu.Unlock()
	r.f.budget.setReady(ready)
	return now
}

// land takes the first batch out of the flight.
func (r *arrivals) land() {
	r.mu.Lock()
	r.flight, r.head, r.pressed = r.flight[1:], nil, false
	ready := r.readyLocked()
	r.mu.Unlock()
	r.f.budget.setReady(ready)
}

// abandonFlight forgets the batches of a broken connection; the emails that came whole are kept.
func (r *arrivals) abandonFlight() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, b := range r.flight {
		for _, it := range b.items {
			it.asked = false
		}
	}
	r.flight, r.head, r.pressed = nil, nil, false
	r.f.budget.setReady(false)
}

// stop has what is still on its way read over: nobody takes it any more.
func (r *arrivals) stop() {
	r.mu.Lock()
	r.discard = true
	r.mu.Unlock()
	r.f.budget.stop()
}

func (r *arrivals) arrived(it *item) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return it.body != nil && len(it.body.Bytes()) > 0
}

// empty reports whether the email has no bytes: the server says so twice, in the
// body and in RFC822.SIZE. (NIL is no body.)
func (r *arrivals) empty(it *item) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return it.body != nil && len(it.body.Bytes()) == 0 && it.hint == 0 && !it.header
}

// sizeOf is the server's figure; -1: not known.
func (r *arrivals) sizeOf(it *item) int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return it.hint
}
