package mailbox

import (
	"errors"
	"sync"

	"example.org/imap-integration/mailbox/imapwire"
)

// memoryBudget is how many bytes of emails may be between the wire and the
// consumer's Release; one email may be larger.
const memoryBudget = 12 << 20

var (
	errInterrupted = errors.New("interrupted")
	// errGreedy ends a connection on which emails far larger than announced come in the wrong order.
	errGreedy = imapwire.Protocolf("emails that are much larger than the server said, in the wrong order")
)

// budget blocks the wire while the consumer holds enough. It never waits for a
// consumer that has nothing in hand: where the next email in order is not there
// yet, room is given beyond the limit.
type budget struct {
	mu      sync.Mutex
	change  *sync.Cond
	limit   int64
	most    int64 // never more than this, in no order
	used    int64
	lent    int  // emails at the consumer, not released
	ready   bool // an email is there for the consumer to take
	stopped bool
}

// newBudget is for emails of at most largest bytes each.
func newBudget(limit, largest int64) *budget {
	b := &budget{limit: limit, most: 2*limit + 2*largest}
	b.change = sync.NewCond(&b.mu)
	return b
}

// take accounts for n bytes, and waits until there is room for them.
func (b *budget) take(n int64) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for !b.stopped && b.used > 0 && b.used+n > b.limit && (b.lent > 0 || b.ready) {
		b.change.Wait()
	}
	if b.stopped {
		return errInterrupted
	}
	if b.used+n > b.most {
		return errGreedy
	}
	b.used += n
	return nil
}

// tight reports whether n bytes more go beyond the limit.
func (b *budget) tight(n int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.used > 0 && b.used+n > b.limit
}

func (b *budget) give(n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used -= n
	b.change.Broadcast()
}

// lend and returned count the emails at the consumer.
func (b *budget) lend() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lent++
}

func (b *budget) returned() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lent--
	b.change.Broadcast()
}

// setReady tells whether the consumer has something to take.
func (b *budget) setReady(ready bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ready = ready
	b.change.Broadcast()
}

// stop wakes the wire for good; start allows it again.
func (b *budget) stop() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stopped = true
	b.change.Broadcast()
}

func (b *budget) start() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stopped, b.ready = false, false
}
