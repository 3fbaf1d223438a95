// Package fleet reads many mailboxes with many processes. Each process, a node,
// asks the ledger in the database for turns: mailboxes that are due and that no
// other node works on. A turn is one pass of the daemon over one mailbox. Nodes
// know nothing of each other but what stands in the ledger; one that dies, stands
// still or loses the database loses its turns with their leases, and what it
// still tries to change is refused there. Emails are marked read only behind the
// commit that holds them, their checkpoint and their place in the outbox. Out of
// the outbox they go to the sinks, at least once each, under the email's key. A
// sink that cannot keep up holds back the mailboxes that feed it, not the others.
package fleet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"example.org/imap-integration/fleet/ledger"
	"example.org/imap-integration/soar/postgres"
)

const (
	idleLeast   = 250 * time.Millisecond // between two questions for turns
	idleMost    = 5 * time.Second
	flushEvery  = 200 * time.Millisecond
	backlogLook = 2 * time.Second
	passTime    = time.Minute // of one turn; a mailbox with more is due again at once
	retryFirst  = 2 * time.Second
	retryMost   = 15 * time.Minute
	leaveTime   = 5 * time.Second
)

// Options are what a node has beside its configuration.
type Options struct {
	Config  *Config
	Decode  func(command string, parameters []byte) (Values, error)
	Stdout  io.Writer // of the sink of this type
	Log     *slog.Logger
	Version string
	Metrics string // address; "": that of the configuration, if any
}

// Node is one process of a fleet.
type Node struct {
	o     Options
	store *postgres.Store
	book  *ledger.Ledger
	boxes map[string]*box
	order []string // names of boxes
	sinks []*outlet
	pulse *pulse

	end     context.CancelCauseFunc // of Run
	mu      sync.Mutex
	running map[string]*turn
	over    map[string]string // sink → why mailboxes that feed it are held back
	ends    chan ledger.End
	freed   chan struct{} // a pass ended, or a mailbox is due before wake
	wake    time.Time     // when this node asks for turns next
}

// turn is a pass under way.
type turn struct {
	*ledger.Turn
	cancel context.CancelCauseFunc
}

// Open checks the whole configuration, opens the database and registers the node. Only
// the database is contacted.
func Open(ctx context.Context, o Options) (*Node, error) {
	n := &Node{o: o, running: map[string]*turn{}, over: map[string]string{}, ends: make(chan ledger.End, 64), freed: make(chan struct{}, 1), pulse: &pulse{}}
	boxes, err := o.Config.boxes(o.Decode, o.Log)
	sinks, sinkErr := n.outlets()
	if err := errors.Join(err, sinkErr); err != nil {
		return nil, &ConfigError{err}
	}
	n.boxes, n.sinks = boxes, sinks
	for _, server := range unused(o.Config.Servers, boxes) {
		o.Log.Warn("a limit of servers concerns no mailbox; check its spelling", "server", server)
	}
	n.order = slices.Sorted(maps.Keys(boxes))
	if n.store, n.book, err = openLedger(ctx, o.Config, o.Log, o.Config.Concurrent+len(sinks)+4, false); err != nil {
		return nil, err
	}
	list := make([]ledger.Mailbox, len(o.Config.Mailboxes))
	for i, m := range o.Config.Mailboxes {
		list[i] = ledger.Mailbox{Name: m.Name, Place: boxes[m.Name].place, Server: boxes[m.Name].server, Period: m.every}
	}
	if err := n.book.Register(ctx, o.Version, list); err != nil {
		return nil, errors.Join(err, n.store.Close())
	}
	return n, nil
}

// ConfigError is a configuration that cannot be used; nothing was contacted.
type ConfigError struct{ err error }

func (e *ConfigError) Error() string { return e.err.Error() }
func (e *ConfigError) Unwrap() error { return e.err }

// Run works until ctx ends, or until a newer program upgrades the tables. Then passes
// end with what they have in hand, and the turns are given back.
func (n *Node) Run(ctx context.Context) error {
	ctx, n.end = context.WithCancelCause(ctx)
	defer n.end(nil)
	defer n.store.Close()
	m := &monitor{n}
	serve, err := m.listen()
	if err != nil {
		return err
	}
	inner, stop := context.WithCancel(context.WithoutCancel(ctx)) // what outlives the passes
	var helpers, passes sync.WaitGroup
	for _, loop := range []func(context.Context){n.renewals, n.finisher, n.watchBacklogs, serve} {
		helpers.Go(func() { loop(inner) })
	}
	helpers.Go(func() { m.notify(inner, ctx) })
	for _, s := range n.sinks {
		helpers.Go(func() { s.run(ctx, n.book) })
	}
	n.o.Log.Info("the node works", "node", n.o.Config.Node, "mailboxes", len(n.order), "sinks", len(n.sinks), "version", n.o.Version)
	n.claims(ctx, &passes)
	passes.Wait()
	stop()
	helpers.Wait()
	leave, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveTime)
	defer cancel()
	if err := n.book.Leave(leave); err != nil {
		n.o.Log.Warn("the node could not take itself off the list", "error", err.Error())
	}
	if why := context.Cause(ctx); errors.Is(why, ledger.ErrOutdated) {
		return why
	}
	return nil
}

// claims takes turns as they come due, as many as this node may work on at once.
func (n *Node) claims(ctx context.Context, passes *sync.WaitGroup) {
	for ctx.Err() == nil {
		n.pulse.beat()
		wait := idleLeast
		names, free := n.claimable()
		switch {
		case free == 0:
			wait = idleMost // or until a pass ends
		case len(names) > 0:
			turns, err := n.book.Claim(ctx, ledger.Claim{Names: names, Most: free, PerServer: n.o.Config.ConnectionsPerServer, Limits: n.o.Config.Servers})
			n.pulse.database(err)
			for _, t := range turns {
				n.begin(ctx, passes, t)
			}
			switch {
			case err != nil && ctx.Err() == nil:
				n.o.Log.Error("no turns could be taken; the node tries again", "error", err.Error())
				wait = retryFirst
			case len(turns) < free:
				wait = n.untilDue(ctx, names)
			}
		}
		n.mu.Lock()
		n.wake = time.Now().Add(wait)
		n.mu.Unlock()
		select {
		case <-ctx.Done():
		case <-n.freed:
		case <-time.After(wait):
		}
	}
}

// askNow ends the wait of claims.
func (n *Node) askNow() {
	select {
	case n.freed <- struct{}{}:
	default:
	}
}

func (n *Node) untilDue(ctx context.Context, names []string) time.Duration {
	wait, err := n.book.NextDue(ctx, names, idleMost)
	if err != nil {
		return idleLeast
	}
	return max(wait, idleLeast)
}

// claimable returns the mailboxes that this node could take, and how many at once.
func (n *Node) claimable() (names []string, free int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, name := range n.order {
		_, busy := n.running[name]
		if !busy && n.heldBack(n.boxes[name]) == "" {
			names = append(names, name)
		}
	}
	return names, n.o.Config.Concurrent - len(n.running)
}

// heldBack says why a mailbox is not read now; "": it is. The caller holds mu.
func (n *Node) heldBack(b *box) string {
	for _, s := range b.Sinks {
		if why := n.over[s]; why != "" {
			return fmt.Sprintf("the sink %s cannot keep up: %s", s, why)
		}
	}
	return ""
}

// begin starts a pass.
func (n *Node) begin(ctx context.Context, passes *sync.WaitGroup, t *ledger.Turn) {
	own, cancel := context.WithCancelCause(ctx)
	one := &turn{t, cancel}
	n.mu.Lock()
	n.running[t.Name] = one
	n.mu.Unlock()
	passes.Go(func() {
		end := n.work(own, one)
		cancel(nil)
		n.mu.Lock()
		if n.running[t.Name] == one {
			delete(n.running, t.Name)
		}
		n.mu.Unlock()
		n.ends <- end
		n.askNow()
	})
}

// renewals keeps the turns of this node alive, and ends passes whose turn is lost.
func (n *Node) renewals(ctx context.Context) {
	last := time.Now()
	for every(ctx, n.o.Config.lease/3) {
		n.mu.Lock()
		var turns []*ledger.Turn
		byTurn := map[*ledger.Turn]*turn{}
		for _, t := range n.running {
			turns, byTurn[t.Turn] = append(turns, t.Turn), t
		}
		n.mu.Unlock()
		lost, err := n.book.Renew(ctx, turns)
		n.pulse.database(err)
		switch {
		case err == nil:
			last = time.Now()
		case errors.Is(err, ledger.ErrOutdated):
			n.end(err) // Run returns it
		case time.Since(last) > n.o.Config.lease:
			lost = turns // whatever they still save would be refused
		default:
			n.o.Log.Warn("the turns of this node could not be renewed yet", "error", err.Error())
		}
		for _, t := range lost {
			byTurn[t].cancel(ledger.ErrLostTurn)
		}
	}
}

// finisher gives turns back, several at once.
func (n *Node) finisher(ctx context.Context) {
	var waiting []ledger.End
	since := time.Now()
	for more := true; more; {
		more = every(ctx, flushEvery)
		waiting = append(waiting, n.ended()...)
		if len(waiting) == 0 {
			since = time.Now()
			continue
		}
		limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveTime)
		due, err := n.book.Finish(limit, waiting, idleMost)
		cancel()
		n.mu.Lock()
		sooner := time.Now().Add(due).Before(n.wake) // claims did not know yet when these mailboxes are due
		n.mu.Unlock()
		if err == nil && sooner {
			n.askNow()
		}
		if err == nil || time.Since(since) > n.o.Config.lease { // by then the leases have ended by themselves
			waiting, since = nil, time.Now()
		}
		n.pulse.database(err)
	}
}

// ended takes the ends that wait.
func (n *Node) ended() (ends []ledger.End) {
	for {
		select {
		case e := <-n.ends:
			ends = append(ends, e)
		default:
			return ends
		}
	}
}

// every waits; false: ctx ended.
func every(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
