package local

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.org/imap-integration/evidence"
	"example.org/imap-integration/message"
	"example.org/imap-integration/soar"
)

// aged is a store with emails of two ages, and what must stay of the older ones: of these 1 is
// in an incident, 2 in a triage event, 3 is a file's, 4 was not handed over, 5 is discarded, 6 is free.
func aged(t *testing.T) (s *Store, now *time.Time) {
	t.Helper()
	clock := time.Date(2026, 1, 10, 12, 0, 0, 0, time.UTC)
	now = &clock
	s = open(t, filepath.Join(t.TempDir(), "soar.db"), Options{Now: func() time.Time { return clock }})
	var old []*soar.Draft
	for uid := range 6 {
		old = append(old, proven(message.UID(uid+1), "Canary-"+strings.Repeat("raw ", 40000)+string(rune('1'+uid))))
	}
	save(t, s, old...)
	ctx := t.Context()
	_, err1 := s.AddToIncident(ctx, 7, "1")
	_, err2 := s.AddToTriage(ctx, 8, "2")
	_, _, err3 := s.AddFile(ctx, 7, soar.File{EmailID: "3", Part: "2", Filename: "a.txt", SHA256: evidence.Digest([]byte("file"))}, []byte("file"))
	_, err4 := s.Discard(ctx, "5")
	err5 := s.HandedOver(ctx, []soar.ID{"1", "2", "3", "5", "6"})
	if err := errors.Join(err1, err2, err3, err4, err5); err != nil {
		t.Fatal(err)
	}
	clock = clock.AddDate(0, 2, 0)
	save(t, s, proven(20, "new"))
	if err := s.HandedOver(ctx, []soar.ID{"7"}); err != nil {
		t.Fatal(err)
	}
	return s, now
}

func TestPrune(t *testing.T) {
	s, _ := aged(t)
	before := time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)
	want := PruneReport{Store: s.path, Before: "2026-02-01T00:00:00Z", DryRun: true, Pruned: 2, Linked: 3, Waiting: 1, Bytes: 2 * 160008, Complete: true}
	dry, err := Prune(t.Context(), s, before, true)
	if err != nil || *dry != want {
		t.Errorf("dry run: %+v, %v", dry, err)
	}
	if _, err := s.Get(t.Context(), "6"); err != nil {
		t.Errorf("the dry run changed something: %v", err)
	}
	want.DryRun = false
	if done, err := Prune(t.Context(), s, before, false); err != nil || *done != want {
		t.Errorf("%+v, %v", done, err)
	}
	for id, gone := range map[soar.ID]bool{"1": false, "2": false, "3": false, "4": false, "5": true, "6": true, "7": false} {
		_, err := s.Get(t.Context(), id)
		_, rawErr := s.EML(t.Context(), id, 0)
		_, linkErr := s.AddToIncident(t.Context(), 9, id)
		if errors.Is(err, soar.ErrNotFound) != gone || errors.Is(rawErr, soar.ErrNotFound) != gone || errors.Is(linkErr, soar.ErrNotFound) != gone {
			t.Errorf("email %s: %v, %v, %v", id, err, rawErr, linkErr)
		}
	}
	page, err := s.Search(t.Context(), soar.Query{})
	if err != nil || page.Total != 5 || len(page.Records) != 5 {
		t.Errorf("the list: %d of %d, %v", len(page.Records), page.Total, err)
	}
	if r, err := Inspect(t.Context(), s); err != nil || len(r.Problems) > 0 || r.Emails != 5 || r.Proved != 5 {
		t.Errorf("the check: %+v, %v", r, err)
	}
	if again, err := Prune(t.Context(), s, before, false); err != nil || again.Pruned != 0 {
		t.Errorf("again: %+v, %v", again, err)
	}
}

// TestPrunedEmailsStayKnown: the same email is not stored a second time, and the place to go on from stays.
func TestPrunedEmailsStayKnown(t *testing.T) {
	s, now := aged(t)
	mark, err := s.Newest(t.Context(), account, inbox, 7)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.HandedOver(t.Context(), []soar.ID{"4", "7"}); err != nil {
		t.Fatal(err)
	}
	if _, err := Prune(t.Context(), s, *now, false); err != nil {
		t.Fatal(err)
	}
	after, err := s.Newest(t.Context(), account, inbox, 7)
	if err != nil || after.UID != mark.UID || after.Records != mark.Records || after.UIDValidity != mark.UIDValidity {
		t.Errorf("the mark: %+v, %v; want %+v", after, err, mark)
	}
	d := proven(6, "Canary-"+strings.Repeat("raw ", 40000)+"6")
	if got := save(t, s, d); got[0] != (soar.Saved{ID: "6", Existed: true}) {
		t.Errorf("saved again: %+v", got)
	}
	keys, err := s.PrunedKeys(t.Context(), account)
	if err != nil || len(keys) != 3 {
		t.Errorf("keys: %q, %v", keys, err)
	}
	if page, err := s.Search(t.Context(), soar.Query{}); err != nil || page.Total != 4 {
		t.Errorf("the list: %+v, %v", page.Total, err)
	}
}

// TestPrunedBytesAreGone from the file and from its log, as those of its subject are.
func TestPrunedBytesAreGone(t *testing.T) {
	s, now := aged(t)
	d := proven(30, "X-Canary: 8a1f\r\n\r\nCanary-9c3e")
	d.Subject, d.MessageID = "Canary-77aa", "canary-55bb@corp.example"
	save(t, s, d)
	if err := s.HandedOver(t.Context(), []soar.ID{"8"}); err != nil {
		t.Fatal(err)
	}
	canaries := []string{"Canary-9c3e", "Canary-77aa", "canary-77aa", "canary-55bb"}
	onDisk := func(canary string) (n int) {
		for _, name := range []string{s.path, s.path + "-wal"} {
			data, err := os.ReadFile(name)
			if err != nil && !os.IsNotExist(err) {
				t.Fatal(err)
			}
			n += bytes.Count(data, []byte(canary))
		}
		return n
	}
	for _, canary := range canaries {
		if onDisk(canary) == 0 {
			t.Errorf("%s was never there: the test proves nothing", canary)
		}
	}
	*now = now.Add(time.Hour)
	if _, err := Prune(t.Context(), s, *now, false); err != nil {
		t.Fatal(err)
	}
	for _, canary := range canaries {
		if n := onDisk(canary); n > 0 {
			t.Errorf("%s still stands on the disk %d times", canary, n)
		}
	}
}

// TestPruneBesideARun: both come to their end, and the ledger tells of both.
func TestPruneBesideARun(t *testing.T) {
	s, now := aged(t)
	other := open(t, s.path, Options{Now: func() time.Time { return now.AddDate(0, 1, 0) }})
	saving := make(chan error, 1)
	go func() {
		var err error
		for n := range 40 {
			_, one := other.Save(context.Background(), []*soar.Draft{proven(message.UID(100+n), "beside "+strings.Repeat("x", n))})
			err = errors.Join(err, one)
		}
		saving <- err
	}()
	before, pruned := *now, 0
	for range 20 {
		r, err := Prune(t.Context(), s, before, false)
		if err != nil {
			t.Fatal(err)
		}
		pruned += r.Pruned
	}
	if err := <-saving; err != nil {
		t.Fatal(err)
	}
	if r, err := Inspect(t.Context(), s); err != nil || len(r.Problems) > 0 || pruned != 2 || r.Emails != 45 {
		t.Errorf("%d were pruned; %+v, %v", pruned, r, err)
	}
}

// TestPruneInterrupted: what is done stays and is told; before that nothing is.
func TestPruneInterrupted(t *testing.T) {
	s, now := aged(t)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if r, err := Prune(cancelled, s, *now, false); !errors.Is(err, context.Canceled) {
		t.Errorf("before it began: %+v, %v", r, err)
	}
	if r, err := Prune(t.Context(), s, *now, true); err != nil || r.Pruned != 2 {
		t.Errorf("afterwards: %+v, %v", r, err)
	}
}
