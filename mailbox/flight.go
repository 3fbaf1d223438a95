package mailbox

import (
	"context"
	"fmt"
	"slices"

	"example.org/imap-integration/mailbox/imapwire"
)

const (
	// batchCount and batchBytes bound one FETCH of bodies: small enough to be asked
	// again, and large enough for a window of them to fill memoryBudget, so that a far
	// server is asked for all that fits in one round trip.
	batchCount = 250
	batchBytes = memoryBudget / 4
	// window is how many FETCHes are in flight. Dovecot works on up to 4 at once.
	window = 4
	// guessCount is how many emails are asked for together with the sizes, before
	// these are known, guessBatch how many in one FETCH: what two processors parse in
	// the round trip of 50 ms that their sizes would take.
	guessCount = window * guessBatch
	guessBatch = 32
)

// what is asked for, with BODY.PEEK so that nothing is marked read (contract, section 4).
const (
	itemsSizes  = "(UID FLAGS INTERNALDATE RFC822.SIZE)"
	itemsBody   = "(UID BODY.PEEK[])"
	itemsAlone  = "(UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])"
	itemsPart   = "(UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[]<0.%d>)"
	itemsHeader = "(UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER]<0.%d>)"
)

// batch is one FETCH of bodies.
type batch struct {
	items []*item
	bytes int64        // by their hints
	there map[UID]bool // which of its emails are in the folder, where that was asked; nil otherwise
	guess bool         // asked for before the sizes were known
	sent  *imapwire.Command
	done  bool // all of its responses came
	over  bool // and that was noticed
}

// sendAhead keeps the window full, as soon as the sizes are known.
func (r *fetchRun) sendAhead() {
	for r.sizing == nil && len(r.planned) > 0 && r.mayFly(r.planned[0]) {
		b := r.plan(r.planned)
		r.planned = r.planned[len(b.items):]
		r.launch(b)
	}
}

// nextBatch returns the batch to be yielded next, asked for at the latest now.
func (r *fetchRun) nextBatch(ctx context.Context) (*batch, error) {
	if r.sizing != nil && len(r.flight) == 0 {
		if err := r.awaitSizes(ctx); err != nil {
			return nil, err
		}
	}
	r.sendAhead()
	return r.flight[0], nil
}

// mayFly reports whether one more batch fits the window and the budget.
func (r *fetchRun) mayFly(next *item) bool {
	limit := window
	if r.cautious {
		limit = 1
	}
	bytes := int64(0)
	for _, b := range r.flight {
		bytes += b.bytes
	}
	return len(r.flight) == 0 || len(r.flight) < limit && bytes+r.expected(next) <= memoryBudget
}

// plan takes the next batch: several emails of known, moderate size, or one other.
func (r *fetchRun) plan(planned []*item) *batch {
	b := &batch{}
	for _, it := range planned {
		usual := r.usual(it)
		cost := r.expected(it)
		if len(b.items) > 0 && (!usual || !r.usual(b.items[0]) || len(b.items) == r.batchCount() || b.bytes+cost > batchBytes) {
			break
		}
		b.items, b.bytes = append(b.items, it), b.bytes+cost
	}
	return b
}

func (r *fetchRun) batchCount() int {
	if r.fields != "" {
		return headersAtOnce
	}
	return batchCount
}

// expected is how many bytes of an email are reckoned with, 0 while its size is not known.
func (r *fetchRun) expected(it *item) int64 { return min(max(it.hint, 0), r.f.conf.MaxSize) }

// usual emails can share a command.
func (r *fetchRun) usual(it *item) bool {
	if r.fields != "" {
		return true
	}
	return it.hint >= 0 && it.hint <= r.f.conf.MaxSize && !it.header && !r.cautious && it.body == nil
}

// launch sends a batch; emails that came before the connection broke need no response.
func (r *fetchRun) launch(b *batch) {
	var uids []UID
	r.mu.Lock()
	for _, it := range b.items {
		if it.body == nil {
			it.asked, it.guessed = true, b.guess
			uids = append(uids, it.uid)
		}
	}
	r.flight = append(r.flight, b)
	r.mu.Unlock()
	if len(uids) == 0 {
		r.batchDone(b)
		return
	}
	items := itemsBody
	if r.fields != "" {
		items = "(UID " + r.fields + ")"
	} else if b.guess {
		// With the size, also where the sizes will be refused; no more than is allowed.
		items = fmt.Sprintf(itemsPart, r.f.conf.MaxSize+1)
	} else if len(b.items) == 1 && !r.usual(b.items[0]) {
		items = r.itemsFor(b.items[0])
	}
	b.sent = r.f.s.n.Send("UID FETCH "+imapwire.Set(uids)+" "+items, func(imapwire.StatusResponse, bool) { r.batchDone(b) })
}

// itemsFor is what to ask of one email alone. RFC822.SIZE is a hint only: of one
// that should be too large, one byte more than allowed is fetched, and what comes decides.
func (r *fetchRun) itemsFor(it *item) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case it.header:
		return fmt.Sprintf(itemsHeader, maxHeaderBlock)
	case it.hint > r.f.conf.MaxSize || r.cautious:
		return fmt.Sprintf(itemsPart, r.f.conf.MaxSize+1)
	default:
		return itemsAlone
	}
}

// await waits until an email of a batch can be settled: for the end of the batch,
// or under pressure for the email itself.
func (r *fetchRun) await(ctx context.Context, b *batch, it *item) error {
	if err := r.lookForSizes(); err != nil {
		return err
	}
	for {
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case b.over || b.sent == nil, r.isNext(it):
			return nil
		}
		select {
		case <-ctx.Done():
		case <-r.wake:
		case answer, ok := <-r.sizes():
			if err := r.haveSizes(answer, ok); err != nil {
				return err
			}
		case answer, ok := <-b.sent.Done():
			b.over = true
			if err := r.judge(b, answer, ok); err != nil {
				return err
			}
		}
	}
}

// judge looks at the end of a batch. A refusal that does not pass is left to
// settle, which asks for each email alone.
func (r *fetchRun) judge(b *batch, answer imapwire.StatusResponse, ok bool) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, it := range b.items {
		it.asked = false
	}
	if !ok {
		return r.f.s.broken()
	}
	if answer.Status != "OK" && temporary(answer) {
		return imapwire.Refusal{StatusResponse: answer}
	}
	return nil
}

// askSizes asks for everything but the bodies, unless that is known. Behind it
// the first emails are asked for, where that is no risk: it saves a round trip. As
// they may be too large, a part of each is asked for that is one byte longer than allowed.
func (r *fetchRun) askSizes(list []*item) {
	if r.sized || len(list) == 0 {
		return
	}
	uids := make([]UID, len(list))
	for i, it := range list {
		uids[i] = it.uid
	}
	r.sizing = r.f.s.n.Send("UID FETCH "+imapwire.Set(uids)+" "+itemsSizes, nil)
	if r.mayGuess() {
		first := list[:min(len(list), guessCount)]
		r.planned = list[len(first):]
		for items := range slices.Chunk(first, guessBatch) {
			r.launch(&batch{items: items, guess: true})
		}
	}
}

// mayGuess reports whether emails may be asked for without knowing their sizes: once in
// a fetch, and no more after a too large one or a broken connection, which may have been for one.
func (r *fetchRun) mayGuess() bool {
	guess := r.guess && !r.cautious && !r.f.sizesFirst && r.f.reconnects == 0
	r.guess = false
	return guess
}

// sizes is where the end of the sizes comes; nil: it is not awaited.
func (r *fetchRun) sizes() <-chan imapwire.StatusResponse {
	if r.sizing == nil {
		return nil
	}
	return r.sizing.Done()
}

// awaitSizes waits for the sizes.
func (r *fetchRun) awaitSizes(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case answer, ok := <-r.sizes():
		return r.haveSizes(answer, ok)
	}
}

// lookForSizes is awaitSizes that does not wait.
func (r *fetchRun) lookForSizes() error {
	select {
	case answer, ok := <-r.sizes():
		return r.haveSizes(answer, ok)
	default:
		return nil
	}
}

// haveSizes goes on once the sizes are known. A server that refuses them is not
// pressed: then each email is asked for alone.
func (r *fetchRun) haveSizes(answer imapwire.StatusResponse, ok bool) error {
	r.sizing = nil
	if !ok {
		return r.f.s.broken()
	}
	if answer.Status != "OK" && temporary(answer) {
		return imapwire.Refusal{StatusResponse: answer}
	}
	r.sized = true
	r.weigh()
	r.sendAhead()
	return nil
}

// weigh accounts for what was asked for before its size was known.
func (r *fetchRun) weigh() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, b := range r.flight {
		b.bytes = 0
		for _, it := range b.items {
			b.bytes += r.expected(it)
		}
	}
}
