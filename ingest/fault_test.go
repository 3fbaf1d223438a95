package ingest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"example.org/imap-integration/filters"
	"example.org/imap-integration/mailbox"
	"example.org/imap-integration/soar"
)

var errFault = errors.New("fault")

// faultModes are the ways in which a platform runs the daemon.
var faultModes = []struct {
	name string
	want int // objects of runs without a fault; a copy that a later run finds is one
	set  func(*platform)
}{
	{"unseen", 4, func(*platform) {}},
	{"unseen, one at a time", 4, func(p *platform) { p.options.BatchEmails = 1 }},
	{"unseen without marks", 4, func(p *platform) { p.options.MarkAsSeen = false }},
	{"from latest", 4, func(p *platform) { p.options.FetchType = FromLatest }},
	{"from latest by the store", 4, func(p *platform) { p.options.FetchType, p.forgets, p.options.BatchEmails = FromLatest, true, 1 }},
	{"at most two", 5, func(p *platform) { p.options.FetchType, p.options.MaxMessages = FromLatest, 2 }},
}

// TestEveryFaultPoint fails one call after the other, at first in the first run,
// then lets runs come until they find nothing. Whatever failed: each email is in
// the store once, was handed over, and only what was handed over is marked.
func TestEveryFaultPoint(t *testing.T) {
	for _, mode := range faultModes {
		t.Run(mode.name, func(t *testing.T) {
			for n := 1; ; n++ {
				p := newPlatform(t, newBox("a", "b", "c", "b", "left out", "d"))
				mode.set(p)
				failed := p.fails(n)
				p.untilNothingComes(filters.Spec{NotSubject: []string{"left"}})
				if len(*failed) == 0 {
					if n < 10 || len(p.given) != mode.want {
						t.Errorf("without a fault there are %d calls, and %d objects", n, len(p.given))
					}
					return
				}
				p.holds(fmt.Sprintf("fault %d, at %s", n, *failed), "a", "b", "c", "d")
			}
		})
	}
}

// TestTwoFaultPointsLong fails any two calls.
func TestTwoFaultPointsLong(t *testing.T) {
	for _, mode := range faultModes {
		t.Run(mode.name, func(t *testing.T) {
			t.Parallel()
			for first, ended := 1, false; !ended; first++ {
				for second := first + 1; ; second++ {
					p := newPlatform(t, newBox("a", "b", "c", "b", "left out", "d"))
					mode.set(p)
					failed := p.fails(first, second)
					p.untilNothingComes(filters.Spec{NotSubject: []string{"left"}})
					p.holds(fmt.Sprintf("faults %d and %d, at %s", first, second, *failed), "a", "b", "c", "d")
					if ended = len(*failed) == 0; len(*failed) < 2 {
						break
					}
				}
			}
		})
	}
}

// fails lets these calls of the folder or the store fail, counted from 1. The result names what failed so far.
func (p *platform) fails(calls ...int) (failed *[]string) {
	var lock sync.Mutex // the folder is fetched from on a goroutine of its own
	n := 0
	failed = new([]string)
	fault := func(call string) error {
		lock.Lock()
		defer lock.Unlock()
		if n++; !slices.Contains(calls, n) {
			return nil
		}
		*failed = append(*failed, call)
		return fmt.Errorf("%w at %s", errFault, call)
	}
	p.folder.fault, p.store.fault = fault, fault
	return failed
}

// untilNothingComes runs until two runs in a row bring nothing and do not fail.
func (p *platform) untilNothingComes(spec filters.Spec) {
	p.t.Helper()
	for quiet, runs := 0, 0; quiet < 2; runs++ {
		got, err := p.run(spec)
		if err != nil && !errors.Is(err, errFault) {
			p.t.Fatal(err)
		}
		if quiet++; len(got) > 0 || err != nil {
			quiet = 0
		}
		if runs > 20 {
			p.t.Fatalf("emails come again and again: %q", got)
		}
	}
}

func (p *platform) holds(when string, subjects ...string) {
	p.t.Helper()
	stored, given := map[string]int{}, map[string]int{}
	for _, r := range p.store.records {
		stored[r.Subject]++
	}
	for _, o := range p.given {
		given[o.Subject]++
	}
	for _, s := range subjects {
		if stored[s] != 1 || given[s] == 0 {
			p.t.Errorf("%s: %q is in the store %d times and was handed over %d times", when, s, stored[s], given[s])
		}
	}
	if len(stored) != len(subjects) {
		p.t.Errorf("%s: the store holds %v", when, stored)
	}
	for _, i := range p.folder.items {
		if i.seen && given[i.subject] == 0 {
			p.t.Errorf("%s: %q is marked and was not handed over", when, i.subject)
		}
	}
}

func TestHandedOverOnlyWhatWasSaved(t *testing.T) {
	p := newPlatform(t, newBox("a", "b", "c"))
	saves := 0
	p.store.fault = func(call string) error {
		if call == "save" {
			if saves++; saves == 3 {
				return errFault
			}
		}
		return nil
	}
	p.expect(filters.Spec{}, "saved a", "saved b")
	p.logged("half-way", "not_reached=1")
	p.store.fault = func(string) error { return errFault }
	if _, err := p.run(filters.Spec{}); !errors.Is(err, errFault) {
		t.Errorf("nothing could be saved: %v, want the reason", err)
	}
	p.store.fault = nil
	p.expect(filters.Spec{}, "saved c")
}

// shortStore says nothing of the last draft and gives no reason either.
type shortStore struct{ Store }

func (s shortStore) Save(ctx context.Context, drafts []*soar.Draft) ([]soar.Saved, error) {
	return s.Store.Save(ctx, drafts[:len(drafts)-1])
}

func TestAStoreThatSaysNothing(t *testing.T) {
	p := newPlatform(t, newBox("a"))
	o := p.options
	o.Filter, o.Log = &filters.Filter{}, discard
	_, err := Run(t.Context(), o, p.folder, shortStore{p.store})
	if err == nil || err.Error() != "the store saved 0 of 1 emails and did not say why" {
		t.Errorf("%v", err)
	}
}

func TestRefusedForGood(t *testing.T) {
	p := newPlatform(t, newBox("a", "poison", "b"))
	p.store.refuse = "poison"
	p.expect(filters.Spec{}, "saved a", "failed poison", "saved b")
	if o := p.given[1]; o.CloudSOARMailID != "" || len(o.Problems) != 1 || o.Problems[0].Detail != "it may not be saved" {
		t.Errorf("id %q, problems %v", o.CloudSOARMailID, o.Problems)
	}
	p.logged("failed=1", "delivered=2")
	p.expect(filters.Spec{})
}

// TestPanicInTheFolder: what came before is kept, and the run says so.
func TestPanicInTheFolder(t *testing.T) {
	p := newPlatform(t, newBox("a", "b"))
	calls := 0
	p.folder.fault = func(call string) error {
		if call == "fetch" {
			if calls++; calls == 2 {
				panic("poison")
			}
		}
		return nil
	}
	p.expect(filters.Spec{}, "saved a")
	p.logged("the program itself failed", "poison")
}

func TestInterrupted(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	p := newPlatform(t, newBox(subjects(40)...))
	o := p.options
	o.Filter, o.Log, o.BatchEmails = &filters.Filter{}, discard, 1
	p.store.fault = func(call string) error {
		if call == "saved" && len(p.store.records) == 3 {
			stop()
		}
		return nil
	}
	result, err := Run(ctx, o, p.folder, p.store)
	if err != nil {
		t.Fatal(err)
	}
	defer result.Close()
	if n := result.Len(); n != 3 || len(p.store.records) != n {
		t.Errorf("%d objects, %d records: the one in hand is finished, and no other is begun", n, len(p.store.records))
	}
}

// TestOrderAndBatches: what is saved is a prefix in the order of the UIDs, in batches of the size asked for.
func TestOrderAndBatches(t *testing.T) {
	names := subjects(300)
	p := newPlatform(t, newBox(names...))
	p.options.BatchEmails = 7
	got, err := p.run(filters.Spec{})
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range p.store.records {
		if r.Subject != names[i] || got[i] != "saved "+names[i] {
			t.Fatalf("record %d is %s, object %s", i, r.Subject, got[i])
		}
	}
	for _, n := range p.store.saves {
		if n > 7 {
			t.Errorf("a save of %d drafts", n)
		}
	}
}

func TestMaxMessagesCountsObjectsOnly(t *testing.T) {
	p := newPlatform(t, newBox("a", "a", "x", "b", "c", "d"))
	p.options.MaxMessages = 3
	p.expect(filters.Spec{NotSubject: []string{"x"}}, "saved a", "saved b", "saved c")
	p.logged("second_copies=1", "left_out=1", "left_out_by_not_subject=1")
	p.expect(filters.Spec{NotSubject: []string{"x"}}, "saved d")
	if n := len(p.folder.fetched); n > 6 {
		t.Errorf("%d emails were fetched for 4 objects", n)
	}
}

// TestBudgetOfTheWire: however much comes, no more than roomBytes waits for the store.
func TestBudgetOfTheWire(t *testing.T) {
	const size = 1 << 20
	raws := make([]*mailbox.Raw, 0, 40)
	for i := range 40 {
		raws = append(raws, &mailbox.Raw{UID: mailbox.UID(i + 1), Outcome: mailbox.Whole, Body: make([]byte, size), Size: size})
	}
	f := &bulk{raws: raws}
	r := &reader{o: Options{Filter: &filters.Filter{}, Log: discard, BatchEmails: 1}, folder: f}
	batches, fetched := r.produce(t.Context(), make([]mailbox.UID, 40))
	taken := 0
	for batch := range batches {
		taken += len(batch)
		if brought := int(f.brought.Load()); brought-taken > roomBytes/size {
			t.Errorf("%d emails of 1 MiB wait, while %d were taken", brought-taken, taken)
		}
		release(batch...)
	}
	if err := <-fetched; err != nil || taken != 40 {
		t.Errorf("%d taken, %v", taken, err)
	}
}
