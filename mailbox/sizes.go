package mailbox

import (
	"context"
	"slices"

	"example.org/imap-integration/mailbox/imapwire"
)

// askSizes asks for everything but the bodies, unless that is known. Behind it
// the first mails are asked for, where that is no risk: it saves a round trip. As
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

// mayGuess reports whether mails may be asked for without knowing their sizes: once in
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
// pressed: then each mail is asked for alone.
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

// sizeOf is the server's figure; -1: not known.
func (r *fetchRun) sizeOf(it *item) int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return it.hint
}
