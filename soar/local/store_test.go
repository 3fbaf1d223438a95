package local

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"example.org/imap-integration/message"
	"example.org/imap-integration/soar"
	"example.org/imap-integration/soar/storetest"
)

const account, inbox = "soc@corp.example", "INBOX"

// newStore opens a fresh store.
func newStore(t testing.TB) *Store {
	t.Helper()
	return open(t, filepath.Join(t.TempDir(), "soar.db"), Options{})
}

func open(t testing.TB, path string, o Options) *Store {
	t.Helper()
	s, err := Open(context.Background(), path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// draft is an email of the account's inbox.
func draft(uid message.UID, raw string) *soar.Draft {
	sum := sha256.Sum256([]byte(raw))
	return &soar.Draft{Raw: []byte(raw), Metadata: soar.Metadata{SourceKey: hex.EncodeToString(sum[:]), Mail: soar.Mail{
		MailboxAccount: account, Folder: inbox, UIDValidity: 7, UID: uid,
		MessageID: fmt.Sprintf("m%d@corp.example", uid), Subject: fmt.Sprintf("mail %d", uid), From: "Alice@one.example",
		ReceivedAt: time.Date(2026, 9, int(uid%28)+1, 12, 0, 0, 0, time.UTC).Format(time.RFC3339),
		Size:       int64(len(raw)),
	}}}
}

func save(t testing.TB, s *Store, drafts ...*soar.Draft) []soar.Saved {
	t.Helper()
	saved, err := s.Save(context.Background(), drafts)
	if err != nil {
		t.Fatal(err)
	}
	return saved
}

func ids(records []soar.Record) []int64 {
	all := []int64{}
	for _, r := range records {
		n, _ := r.ID.Number()
		all = append(all, n)
	}
	return all
}

func TestPendingUntilHandedOver(t *testing.T) {
	s := newStore(t)
	ctx := context.Background()
	other := draft(3, "c")
	other.Folder = "Archiv"
	save(t, s, draft(1, "a"), draft(2, "b"), other)
	pending := func() []int64 {
		t.Helper()
		records, err := s.Pending(ctx, account, inbox)
		if err != nil {
			t.Fatal(err)
		}
		return ids(records)
	}
	if got := pending(); !reflect.DeepEqual(got, []int64{1, 2}) {
		t.Errorf("pending: %v", got)
	}
	if err := s.HandedOver(ctx, []soar.ID{"1", "3"}); err != nil {
		t.Fatal(err)
	}
	if got := pending(); !reflect.DeepEqual(got, []int64{2}) {
		t.Errorf("pending after handing over: %v", got)
	}
	if got := save(t, s, draft(1, "a"), draft(2, "b")); !got[0].Existed || !got[1].Existed {
		t.Errorf("saved again: %+v", got)
	}
}

func TestCancelledSaveStoresNothing(t *testing.T) {
	s := newStore(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := s.Save(ctx, []*soar.Draft{draft(1, "a")}); !errors.Is(err, context.Canceled) {
		t.Errorf("error: %v", err)
	}
	if got := save(t, s, draft(1, "a")); got[0] != (soar.Saved{ID: "1"}) {
		t.Errorf("afterwards: %+v", got)
	}
}

// TestStore holds the file to what every store does.
func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Store { return newStore(t) })
}

func TestUnknownIDsAreNamed(t *testing.T) {
	s := newStore(t)
	for _, id := range []soar.ID{"815", "a1b2", "-1", "0"} {
		if _, err := s.Get(t.Context(), id); !errors.Is(err, soar.ErrNotFound) || !strings.Contains(err.Error(), string(id)) {
			t.Errorf("%s: %v", id, err)
		}
	}
	if _, err := s.AddToIncident(t.Context(), -815, "1"); !errors.Is(err, soar.ErrNotFound) || !strings.Contains(err.Error(), "815") {
		t.Errorf("an incident below 1: %v", err)
	}
}
