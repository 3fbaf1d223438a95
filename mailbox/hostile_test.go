package mailbox_test

import (
	"bytes"
	"context"
	"errors"
	"runtime/metrics"
	"slices"
	"sync"
	"testing"
	"time"

	"example.org/imap-integration/mailbox"
	"example.org/imap-integration/mailbox/mailboxtest"
)

const (
	hostileTimeout  = time.Second      // of the folder: how long it waits for an answer
	hostileDeadline = 20 * time.Second // of a run: two reconnects and every wait in between, on a busy machine
	hostileMemory   = 128 << 20        // bytes of heap at any time, the test's own included
)

// TestHostileServers holds what a folder promises against every fault: it
// ends, its memory is bounded, nothing partial or foreign is yielded, what it
// can get it gets, and the next run gets the rest.
func TestHostileServers(t *testing.T) {
	stop := watchHeap(t)
	defer stop()
	// Not t.Parallel: these runs wait, and more of them than there are cores can do that at once.
	var all sync.WaitGroup
	for _, fault := range mailboxtest.Faults() {
		all.Go(func() {
			bothWays(t, fault.Name, func(t *testing.T, p func(*mailbox.Folder)) { playFault(t, fault, p) })
		})
	}
	all.Wait()
}

func playFault(t *testing.T, fault mailboxtest.Fault, prepare func(*mailbox.Folder)) {
	o := mailboxtest.ScriptOptions{Emails: mailboxtest.FaultEmails(), UIDValidity: 7}
	fault.Apply(&o)
	s := mailboxtest.NewScript(t, o)
	whole, err := fetchHostile(t, s, prepare)
	if err != nil && !fault.Stops {
		t.Errorf("the run ended with %v", err)
	}
	if err == nil {
		checkWhole(t, whole, fault.Lost)
	}
	s.Behave()
	if whole, err = fetchHostile(t, s, prepare); err != nil {
		t.Fatalf("the server behaves now: %v", err)
	}
	checkWhole(t, whole, nil)
}

// fetchHostile fetches all emails and returns the UIDs that came whole.
func fetchHostile(t *testing.T, s *mailboxtest.Script, prepare func(*mailbox.Folder)) (whole []mailbox.UID, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), hostileDeadline)
	defer cancel()
	defer func() {
		if ctx.Err() != nil {
			t.Errorf("the run did not end by itself: %v", err)
		}
	}()
	conf := baseConfig(t, s.Host, s.Port, "soc", "Canary-pass")
	conf.Security, conf.Timeout = mailbox.Clear, hostileTimeout
	f, err := mailbox.Dial(ctx, conf)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	prepare(f)
	uids, err := f.Search(ctx, mailbox.Criteria{})
	if err != nil {
		return nil, err
	}
	want := map[mailbox.UID][]byte{}
	for _, m := range mailboxtest.FaultEmails() {
		want[mailbox.UID(m.UID)] = m.Raw
	}
	next := 0
	err = f.Fetch(ctx, uids, func(r *mailbox.Raw) error {
		defer r.Release()
		if next == len(uids) || r.UID != uids[next] {
			t.Errorf("UID %d is yielded in place %d of %v", r.UID, next, uids)
			return errors.New("out of order")
		}
		next++
		if r.Outcome == mailbox.Whole {
			if !bytes.Equal(r.Body, want[r.UID]) {
				t.Errorf("UID %d: %d bytes that are not the mail", r.UID, len(r.Body))
			}
			whole = append(whole, r.UID)
		}
		return nil
	})
	if err == nil && next != len(uids) {
		t.Errorf("%d of %d emails are accounted for", next, len(uids))
	}
	return whole, err
}

func checkWhole(t *testing.T, whole []mailbox.UID, lost []uint32) {
	t.Helper()
	for _, m := range mailboxtest.FaultEmails() {
		if !slices.Contains(lost, m.UID) && !slices.Contains(whole, mailbox.UID(m.UID)) {
			t.Errorf("UID %d did not come", m.UID)
		}
	}
}

// watchHeap fails the test when the heap grows beyond its bound.
func watchHeap(t *testing.T) (stop func()) {
	done, ended := make(chan struct{}), make(chan uint64)
	go func() {
		peak := uint64(0)
		sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
		for {
			metrics.Read(sample)
			peak = max(peak, sample[0].Value.Uint64())
			select {
			case <-done:
				ended <- peak
				return
			case <-time.After(2 * time.Millisecond):
			}
		}
	}()
	return func() {
		close(done)
		if peak := <-ended; peak > hostileMemory {
			t.Errorf("the heap grew to %d MB", peak>>20)
		}
	}
}
