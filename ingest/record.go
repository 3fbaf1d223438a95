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
	for _, uid := range uids {
		n.of(uid, evidence.Entry{Event: event, Detail: detail})
	}
}

// tell gives the store all of it, with the place of the run.
func (n *notes) tell(ctx context.Context, r *run) error {
	store, can := r.store.(Recorder)
	if !can || len(n.entries) == 0 {
		return nil
	}
	for i := range n.entries {
		e := &n.entries[i]
		e.Account, e.Folder, e.UIDValidity = r.o.Account, r.o.Folder, r.state.uidValidity
	}
	if err := store.Record(ctx, n.entries); err != nil {
		return fmt.Errorf("the emails were handed over, and the ledger does not tell what was done with them at the mail server: %w", err)
	}
	n.entries = nil
	return nil
}
