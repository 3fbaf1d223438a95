package ingest

import (
	"context"
	"fmt"

	"example.org/imap-integration/evidence"
	"example.org/imap-integration/mailbox"
	"example.org/imap-integration/soar"
)

// Recorder is a store that keeps a ledger. A run tells it what it did with emails at
// the mail server, and what never reached the store. Of an email without an id the
// store finds out by its place which one it is.
type Recorder interface {
	Record(ctx context.Context, entries []evidence.Entry) error
}

// notes are what a run has to tell a Recorder when its result is written.
type notes struct {
	ids     map[mailbox.UID]soar.ID // of the store; the email may be there under another UID
	entries []evidence.Entry
	acts    []act
}

// act is what the mail server did with emails.
type act struct {
	event, detail string
	uids          []mailbox.UID
}

// belongs keeps which email of the store a UID is.
func (n *notes) belongs(uid mailbox.UID, id soar.ID) {
	if n.ids == nil {
		n.ids = map[mailbox.UID]soar.ID{}
	}
	n.ids[uid] = id
}

// of tells what happened to one email.
func (n *notes) of(uid mailbox.UID, e evidence.Entry) {
	e.UID, e.Email = uint32(uid), string(n.ids[uid])
	n.entries = append(n.entries, e)
}

// did tells what the mail server did with emails.
func (n *notes) did(event string, uids []mailbox.UID, detail string) {
	n.acts = append(n.acts, act{event, detail, uids})
}

// each yields all entries, so that those of a large mailbox are never in memory at once.
func (n *notes) each(yield func(evidence.Entry) bool) {
	for _, e := range n.entries {
		if !yield(e) {
			return
		}
	}
	for _, a := range n.acts {
		for _, uid := range a.uids {
			if !yield(evidence.Entry{Event: a.event, Detail: a.detail, UID: uint32(uid), Email: string(n.ids[uid])}) {
				return
			}
		}
	}
}

// tell gives the store all of it, with the place of the run.
func (n *notes) tell(ctx context.Context, r *run) error {
	store, can := r.store.(Recorder)
	if !can {
		return nil
	}
	some := make([]evidence.Entry, 0, min(len(n.entries)+len(n.ids), evidence.AtOnce))
	record := func() error {
		if err := store.Record(ctx, some); err != nil {
			return fmt.Errorf("the emails were handed over, and the ledger does not tell what was done with them at the mail server: %w", err)
		}
		some = some[:0]
		return nil
	}
	for e := range n.each {
		e.Account, e.Folder, e.UIDValidity = r.o.Account, r.o.Folder, r.state.uidValidity
		if some = append(some, e); len(some) < evidence.AtOnce {
			continue
		}
		if err := record(); err != nil {
			return err
		}
	}
	n.entries, n.acts = nil, nil
	if len(some) == 0 {
		return nil
	}
	return record()
}
