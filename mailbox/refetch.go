package mailbox

import (
	"context"
	"errors"
	"fmt"

	"github.com/emersion/go-imap/v2"

	"example.org/imap-integration/mailbox/imapwire"
	"example.org/imap-integration/message"
)

// refetch asks again for what did not come.
type refetch struct{ *fetchRun }

// again asks for one email that did not come: alone, then (QUIRK: Exchange
// answers OK and nothing) by its sequence number. It is settled as vanished or
// empty only when the server says so; what is there and does not come is missing.
func (r refetch) again(ctx context.Context, it *item) error {
	r.f.budget.setReady(false) // while this email is missing, the consumer waits
	first := it.body
	it.body = nil
	defer first.Release()
	if err := r.alone(ctx, it, fmt.Sprintf("UID FETCH %d %s", it.uid, r.itemsFor(it))); err != nil {
		return err
	}
	if r.arrived(it) {
		return r.deliverChecked(it)
	}
	if r.empty(it) {
		return r.deliver(it)
	}
	there, err := exists(ctx, r.f.s, it.uid)
	if err != nil && !declined(err) { // a server that does not answer this must not keep the other emails
		return err
	}
	if err == nil && !there {
		return r.hand(it, &Raw{Outcome: Vanished})
	}
	if err := r.bySequence(ctx, it); err != nil && !declined(err) {
		return err
	}
	if r.arrived(it) {
		return r.deliverChecked(it)
	}
	if it.refusal != "" && !r.others(ctx) {
		return imapwire.Refusal{StatusResponse: imapwire.StatusResponse{Status: "NO", Text: it.refusal}}
	}
	return r.giveUp(it)
}

// others reports whether the server gives other emails. Where it refuses all of
// them, the fault is not one email's; so the next of the batch is tried.
func (r refetch) others(ctx context.Context) bool {
	r.mu.Lock()
	came := r.came
	var next *item
	for _, it := range r.flight[0].items {
		if r.items[it.uid] == it && it != r.head && it.body == nil && it.tries == 0 {
			next = it
			break
		}
	}
	r.mu.Unlock()
	if came > 0 || next == nil {
		return came > 0
	}
	err := r.alone(ctx, next, fmt.Sprintf("UID FETCH %d %s", next.uid, r.itemsFor(next)))
	next.tries = 0
	return err == nil && r.arrived(next)
}

// deliverChecked yields what came the second time, a placeholder included.
func (r refetch) deliverChecked(it *item) error {
	if r.placeholder(it.body.Bytes()[:min(len(it.body.Bytes()), 64<<10)]) {
		r.mu.Lock()
		it.note(message.CodePlaceholder, "the server sent a text of its own in place of this email, also when asked again")
		r.mu.Unlock()
	}
	return r.deliver(it)
}

// giveUp leaves an email that is there and did not come to a later run.
func (r refetch) giveUp(it *item) error {
	size := r.sizeOf(it)
	if size == 0 && !it.header {
		return r.hand(it, &Raw{Outcome: Empty})
	}
	return r.hand(it, &Raw{Outcome: Missing, Size: max(size, 0), Reason: it.refusal})
}

// alone sends a FETCH for one email and waits for its end.
func (r refetch) alone(ctx context.Context, it *item, command string) error {
	r.mu.Lock()
	it.tries++
	it.asked, it.guessed = true, false
	if it.body != nil {
		it.body.Release()
		it.body = nil
	}
	r.mu.Unlock()
	s := r.f.s
	answer, err := s.awaitUntil(ctx, s.n.Send(command, nil))
	r.mu.Lock()
	defer r.mu.Unlock()
	it.asked = false
	var refused imapwire.Refusal
	if !errors.As(err, &refused) {
		return err
	}
	if temporary(answer) {
		return err
	}
	it.refusal = refused.Said()
	return nil
}

// bySequence asks for an email by its number in the folder. A response with another UID is not used.
func (r refetch) bySequence(ctx context.Context, it *item) error {
	s := r.f.s
	result := &imapwire.SearchResponse{}
	s.n.Collect(result)
	err := s.run(ctx, func() error {
		_, err := s.client.Search(&imap.SearchCriteria{UID: []imap.UIDSet{imapSet([]UID{it.uid})}}, nil).Wait()
		return err
	})
	s.n.Collect(nil)
	if err != nil || len(result.UIDs) != 1 {
		return err
	}
	return r.alone(ctx, it, fmt.Sprintf("FETCH %d %s", result.UIDs[0], r.itemsFor(it)))
}

// settleHead yields the header fields of an email, asking again where they did not
// come: whether it is there, then alone for the fields, then for the whole header
// block. What did not come then is missing.
func (r refetch) settleHead(ctx context.Context, b *batch, it *item) error {
	if it.body != nil {
		return r.deliverHead(it, Head{})
	}
	r.f.budget.setReady(false)
	if err := r.askThere(ctx, b); err != nil {
		return err
	}
	if !b.there[it.uid] {
		return r.deliverHead(it, Head{})
	}
	for _, section := range []string{r.fields, "BODY.PEEK[HEADER]"} {
		err := r.alone(ctx, it, fmt.Sprintf("UID FETCH %d (UID %s)", it.uid, section))
		if err != nil && kindOf(err) != ServerRefused {
			return err
		}
		if it.body != nil {
			return r.deliverHead(it, Head{})
		}
	}
	return r.deliverHead(it, Head{Missing: true})
}

// askThere asks once for a batch which of its emails are in the folder.
func (r refetch) askThere(ctx context.Context, b *batch) error {
	if b.there != nil {
		return nil
	}
	first, last := b.items[0].uid, b.items[len(b.items)-1].uid
	there, err := search(ctx, r.f.s, &imap.SearchCriteria{UID: []imap.UIDSet{{{Start: imap.UID(first), Stop: imap.UID(last)}}}}, r.f.s.returnAll())
	if err != nil {
		return err
	}
	b.there = make(map[UID]bool, len(there.UIDs))
	for _, uid := range there.UIDs {
		b.there[uid] = true
	}
	return nil
}

// deliverHead passes header fields to the consumer, whose they are from then on.
func (r refetch) deliverHead(it *item, head Head) error {
	head.UID = it.uid
	r.mu.Lock()
	if it.body != nil {
		head.Header = it.body.Bytes()
	}
	delete(r.items, it.uid)
	body := it.body
	it.body = nil
	r.mu.Unlock()
	defer body.Release()
	if err := r.handHead(head); err != nil {
		return errYield{err}
	}
	return nil
}
