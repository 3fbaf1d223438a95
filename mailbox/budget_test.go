package mailbox

import (
	"errors"
	"testing"
	"time"
)

// TestBudget: an email waits for room only while the consumer has something in hand.
func TestBudget(t *testing.T) {
	b := newBudget(100, 200)
	for range 3 { // nobody holds anything: beyond the limit
		if err := b.take(80); err != nil {
			t.Fatal(err)
		}
	}
	b.lend()
	blocked := make(chan error, 1)
	go func() { blocked <- b.take(50) }()
	select {
	case <-blocked:
		t.Error("room beyond the limit while the consumer holds a mail")
	case <-time.After(50 * time.Millisecond):
	}
	b.give(80)
	b.give(80)
	b.give(80)
	if err := <-blocked; err != nil {
		t.Error(err)
	}
	b.returned()
	b.setReady(true)
	go func() { blocked <- b.take(80) }()
	b.stop()
	if err := <-blocked; !errors.Is(err, errInterrupted) {
		t.Error(err)
	}
}
