package fleet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"example.org/imap-integration/actions"
	"example.org/imap-integration/fleet/ledger"
)

// work is one turn: passes over the mailbox until nothing is left, its time is
// over, or a sink cannot keep up.
func (n *Node) work(ctx context.Context, t *turn) (end ledger.End) {
	b := n.boxes[t.Name]
	t.Sinks = b.Sinks
	end = ledger.End{Turn: t.Turn}
	defer t.Abandon(ctx)
	began := time.Now()
	for {
		looked := time.Now()
		report, err := n.pass(ctx, b, t)
		count(&end, report)
		switch {
		case errors.Is(context.Cause(ctx), ledger.ErrLostTurn) || errors.Is(err, ledger.ErrLostTurn):
			n.o.Log.Warn("this node lost a mailbox to another one; nothing was changed", "mailbox", t.Name)
			return end // the end is refused too
		case ctx.Err() != nil: // the node ends; whoever comes next begins at once
			end.Retry = time.Millisecond
			return end
		case err != nil:
			end.Error, end.Retry = b.redact(err.Error()), retryAfter(t.Failures, b.every)
			n.o.Log.Error("a pass failed; it is tried again", "mailbox", t.Name, "in", end.Retry.String(), "error", end.Error)
			return end
		case report.Objects > 0:
			n.nudge()
		}
		if !report.Full {
			end.Whole, end.Looked = report.Withheld == 0 && report.NotReached == 0, time.Since(looked)
			return end
		}
		if time.Since(began) > passTime || n.held(b) {
			end.Retry = time.Millisecond
			return end
		}
	}
}

func (n *Node) held(b *box) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.heldBack(b) != ""
}

// pass runs once over the mailbox. A panic costs this pass only.
func (n *Node) pass(ctx context.Context, b *box, t *turn) (report actions.PassReport, err error) {
	b.said.begin()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the program itself failed (%v); please report this", p)
		}
		b.said.end(err == nil && report.Found == 0)
	}()
	pass, err := b.current()
	if err != nil {
		return report, err
	}
	return pass.Run(ctx, t.Checkpoint, t.Turn)
}

func count(end *ledger.End, r actions.PassReport) {
	end.Saved, end.Existed, end.Failed, end.LeftOut = end.Saved+r.Saved, end.Existed+r.Existed, end.Failed+r.Failed, end.LeftOut+r.LeftOut
	end.Reconnects += r.Reconnects
	if r.Throttled {
		end.Throttled++
	}
	end.CertificateUntil, end.TokenUntil = r.CertificateUntil, r.TokenUntil
}

// retryAfter is how long a mailbox waits after so many failures before this one:
// longer each time, so that an account with a wrong password is not locked, and never
// shorter than a passing fault needs.
func retryAfter(failures int, every time.Duration) time.Duration {
	wait := retryFirst
	for range min(failures, 20) {
		wait = min(2*wait, max(retryMost, every))
	}
	return wait
}

// nudge wakes the sinks of this node: there is something to hand over.
func (n *Node) nudge() {
	for _, s := range n.sinks {
		select {
		case s.wake <- struct{}{}:
		default:
		}
	}
}
