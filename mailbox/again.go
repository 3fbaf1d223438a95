package mailbox

import (
	"context"
	"errors"
	"fmt"

	"github.com/emersion/go-imap/v2"
)

// again asks for one mail that did not come: alone, then (QUIRK: Exchange
// answers OK and nothing) by its sequence number. It is settled as vanished or
// empty only when the server says so twice.
func (r *fetchRun) again(ctx context.Context, it *item) error {
	r.f.budget.setReady(false) // while this mail is missing, the consumer waits
	first := it.body
	it.body = nil
	defer first.release()
	if err := r.alone(ctx, it, "UID FETCH", uint32(it.uid)); err != nil {
		return err
	}
	if r.came(it) {
		return r.deliverChecked(it)
	}
	there, err := r.f.s.exists(ctx, it.uid)
	if err != nil {
		return err
	}
	if !there {
		return r.hand(it, &Raw{Outcome: Vanished})
	}
	if err := r.bySequence(ctx, it); err != nil {
		return err
	}
	if r.came(it) {
		return r.deliverChecked(it)
	}
	return r.giveUp(it)
}

func (r *fetchRun) came(it *item) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return it.body != nil && len(it.body.data) > 0
}

// deliverChecked yields what came the second time, a placeholder included.
func (r *fetchRun) deliverChecked(it *item) error {
	if r.placeholder(it.body.data[:min(len(it.body.data), 64<<10)]) {
		r.mu.Lock()
		it.note(NotePlaceholder, "the server sent a text of its own in place of this mail, also when asked again")
		r.mu.Unlock()
	}
	return r.deliver(it)
}

// giveUp settles a mail that is there and has no content. Where the server
// refused every mail so far, the fault is not this mail's.
func (r *fetchRun) giveUp(it *item) error {
	if it.refusal != "" && r.good == 0 {
		return refusal{reply{status: "NO", text: it.refusal}}
	}
	detail := "the server gives no content for this mail, also when asked again"
	if it.refusal != "" {
		detail = fmt.Sprintf("the server refuses to give this mail: %q", it.refusal)
	}
	if it.header {
		return r.hand(it, &Raw{Outcome: TooLarge, Size: it.hint})
	}
	r.mu.Lock()
	it.note(NoteNoContent, detail)
	r.mu.Unlock()
	return r.hand(it, &Raw{Outcome: Empty, Size: max(it.hint, 0)})
}

// alone sends a FETCH for one mail and waits for its end.
func (r *fetchRun) alone(ctx context.Context, it *item, command string, number uint32) error {
	r.mu.Lock()
	it.tries++
	it.asked = true
	if it.body != nil {
		it.body.release()
		it.body = nil
	}
	items := r.itemsFor(it)
	r.mu.Unlock()
	s := r.f.s
	answer, err := s.awaitUntil(ctx, s.n.send(fmt.Sprintf("%s %d %s", command, number, items), nil))
	r.mu.Lock()
	defer r.mu.Unlock()
	it.asked = false
	var refused refusal
	if !errors.As(err, &refused) {
		return err
	}
	if _, slow := throttled(answer); slow || passing(answer) {
		return err
	}
	it.refusal = refused.said()
	return nil
}

// exists asks whether a mail is still there.
func (s *session) exists(ctx context.Context, uid UID) (bool, error) {
	result, err := s.searchWith(ctx, &imap.SearchCriteria{UID: []imap.UIDSet{imapSet([]UID{uid})}}, nil)
	if err != nil {
		return false, err
	}
	for _, u := range result.uids {
		if u == uid {
			return true, nil
		}
	}
	return false, nil
}

// bySequence asks for a mail by its number in the folder. An answer with another UID is not used.
func (r *fetchRun) bySequence(ctx context.Context, it *item) error {
	s := r.f.s
	result := &found{}
	s.n.mu.Lock()
	s.n.found = result
	s.n.mu.Unlock()
	err := s.run(ctx, func() error {
		_, err := s.client.Search(&imap.SearchCriteria{UID: []imap.UIDSet{imapSet([]UID{it.uid})}}, nil).Wait()
		return err
	})
	s.n.mu.Lock()
	s.n.found = nil
	s.n.mu.Unlock()
	if err != nil || len(result.uids) != 1 {
		return err
	}
	return r.alone(ctx, it, "FETCH", uint32(result.uids[0]))
}
