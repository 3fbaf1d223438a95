package ledger_test

import (
	"testing"
	"time"

	"example.org/imap-integration/fleet/ledger"
)

// TestLoans: messages of a node that died are lent at once, and those that a node lost the
// answer with, too; what another one is working on is not.
func TestLoans(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	a, b := w.node("a", one), w.node("b", one)
	turn := w.claim(a, ask)[0]
	turn.Sinks = []string{"siem"}
	if err := turn.Commit(ctx, batch("cp1", "x", "y")); err != nil {
		t.Fatal(err)
	}
	lent := func(to *ledger.Ledger, want int) {
		t.Helper()
		if list, err := to.Take(ctx, "siem", 10, time.Hour); err != nil || len(list) != want {
			t.Errorf("%d messages are lent, not %d; %v", len(list), want, err)
		}
	}
	lent(a, 2)
	lent(b, 0)
	lent(a, 2) // it asks again: the first answer was lost
	w.sql(`UPDATE nodes SET seen_at = clock_timestamp() - interval '1 hour' WHERE name = 'a'`)
	lent(b, 2)
	lent(a, 0)
	if err := b.Leave(ctx); err != nil { // in good order, or its row was removed
		t.Fatal(err)
	}
	lent(a, 2)
}

// TestClockSetBack: what was noted by a clock that ran ahead holds nothing up.
func TestClockSetBack(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	a, b := w.node("a", one), w.node("b", one)
	turn := w.claim(a, ask)[0]
	turn.Sinks = []string{"siem"}
	if err := turn.Commit(ctx, batch("cp1", "x")); err != nil {
		t.Fatal(err)
	}
	w.finish(a, ledger.End{Turn: turn, Whole: true})
	w.sql(`UPDATE mailboxes SET next_due = clock_timestamp() + interval '59 minutes'`)
	if len(w.claim(a, ask)) != 0 {
		t.Error("a mailbox that is polled every hour is due early")
	}
	w.sql(`UPDATE mailboxes SET next_due = clock_timestamp() + interval '1 day';
		UPDATE deliveries SET next_try = clock_timestamp() + interval '1 day'`)
	if wait, err := a.NextDue(ctx, ask.Names, time.Hour); err != nil || wait != 0 {
		t.Errorf("due in %s, %v", wait, err)
	}
	if len(w.claim(a, ask)) != 1 {
		t.Error("a pass that was due tomorrow by the old clock is not due")
	}
	w.sql(`UPDATE mailboxes SET lease_until = clock_timestamp() + interval '1 day'`)
	if len(w.claim(b, ask)) != 1 {
		t.Error("a lease until tomorrow holds")
	}
	if list, err := b.Take(ctx, "siem", 10, time.Hour); err != nil || len(list) != 1 {
		t.Errorf("%d messages are due, %v", len(list), err)
	}
}

// TestOneNameTwoMailboxes: two configurations that mean different mailboxes by one name
// do not share a checkpoint: who registers last reads it.
func TestOneNameTwoMailboxes(t *testing.T) {
	w := newWorld(t)
	here, there := one, one
	here.Place, there.Place = "soc@here", "soc@there"
	a := w.node("a", here)
	b := w.node("b", there)
	if len(w.claim(a, ask)) != 0 {
		t.Error("a node reads a mailbox that is another one now")
	}
	if wait, err := a.NextDue(t.Context(), ask.Names, 5*time.Second); err != nil || wait != 5*time.Second {
		t.Errorf("it asks again in %s, %v", wait, err)
	}
	if len(w.claim(b, ask)) != 1 {
		t.Error("the node that registered last does not read it")
	}
}
