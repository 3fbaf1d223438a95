package ingest_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"example.org/imap-integration/ingest"
	"example.org/imap-integration/mailbox"
	"example.org/imap-integration/mailbox/mailboxtest"
)

// TestCommit: a store that takes each batch whole gets every object once with its
// key. What it refuses is not acknowledged, and the next run takes it again.
func TestCommit(t *testing.T) {
	w := newWorld(t, mailboxtest.StartDovecot(t))
	w.deliver("1", "2", "3", "4", "5", "5")
	w.options.BatchEmails = 2
	keys, checkpoints := map[string]string{}, []string{}
	refuse := 2 // batch that is refused
	w.options.Commit = func(_ context.Context, b ingest.Batch) error {
		if refuse--; refuse == 0 {
			return errors.New("another holder")
		}
		for _, o := range b.Out {
			var object ingest.Object
			if err := json.Unmarshal(o.JSON, &object); err != nil || mailbox.UID(object.UID) != o.UID || len(o.Key) != 64 {
				t.Errorf("object %d, key %q: %v", o.UID, o.Key, err)
			}
			if keys[o.Key] != "" {
				t.Errorf("%s comes twice", object.Subject)
			}
			keys[o.Key] = object.Subject
		}
		checkpoints = append(checkpoints, b.Checkpoint)
		return nil
	}
	if first := w.run(false); len(first) > 4 || !strings.Contains(w.log.String(), "another holder") {
		t.Fatalf("first run: %d objects, log %s", len(first), w.log.String())
	}
	acknowledged := len(keys)
	unseen := func() int {
		folder, store := w.open()
		defer store.Close()
		defer folder.Close()
		uids, err := folder.Search(t.Context(), mailbox.Criteria{Unseen: true})
		if err != nil {
			t.Fatal(err)
		}
		return len(uids)
	}
	if unseen := unseen(); unseen != 6-acknowledged {
		t.Errorf("%d batches of objects were committed and %d emails are unread", acknowledged, unseen)
	}
	w.options.BatchEmails = 0
	if second := w.run(false); len(second)+acknowledged != 5 || len(keys) != 5 {
		t.Errorf("second run: %d objects behind %d; committed %v", len(second), acknowledged, keys)
	}
	if unseen() != 0 || slices.Contains(checkpoints, "") {
		t.Errorf("%d unread, checkpoints %q", unseen(), checkpoints)
	}
}
