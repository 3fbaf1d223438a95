package ledger_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"example.org/imap-integration/fleet/ledger"
	"example.org/imap-integration/ingest"
	"example.org/imap-integration/message"
	"example.org/imap-integration/secret"
	"example.org/imap-integration/soar"
	"example.org/imap-integration/soar/postgres"
	"example.org/imap-integration/soar/postgres/postgrestest"
)

func TestMain(m *testing.M) { os.Exit(postgrestest.Run(m)) }

// world is a database and the processes that use it.
type world struct {
	t        *testing.T
	server   *postgrestest.Server
	database string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	server := postgrestest.Start(t)
	return &world{t, server, server.Database(t)}
}

// node opens the ledger as a process of its own does.
func (w *world) node(name string, mailboxes ...ledger.Mailbox) *ledger.Ledger {
	w.t.Helper()
	store, err := postgres.Open(w.t.Context(), postgres.Config{URL: secret.New(w.server.URL(w.database))})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = store.Close() })
	l, err := ledger.Open(w.t.Context(), store, name, ledger.DefaultLease)
	if err == nil {
		err = l.Register(w.t.Context(), "test", mailboxes)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return l
}

// sql asks psql.
func (w *world) sql(statement string) string {
	w.t.Helper()
	out, err := w.server.SQL(w.database, statement)
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

// finish ends passes.
func (w *world) finish(l *ledger.Ledger, ends ...ledger.End) (due time.Duration) {
	w.t.Helper()
	due, err := l.Finish(w.t.Context(), ends, time.Minute)
	if err != nil {
		w.t.Fatal(err)
	}
	return due
}

func (w *world) claim(l *ledger.Ledger, c ledger.Claim) []*ledger.Turn {
	w.t.Helper()
	turns, err := l.Claim(w.t.Context(), c)
	if err != nil {
		w.t.Fatal(err)
	}
	return turns
}

var one = ledger.Mailbox{Name: "soc", Server: "imap.example.com:993", Period: time.Hour}

// ask is a claim of the one mailbox.
var ask = ledger.Claim{Names: []string{"soc"}, Most: 10, PerServer: 10}

func key(raw string) string {
	sum := sha256.Sum256([]byte(raw))
	return hex.EncodeToString(sum[:])
}

func draft(uid int, raw string) *soar.Draft {
	d := &soar.Draft{Raw: []byte(raw), Metadata: soar.Metadata{SourceKey: key(raw), Mail: soar.Mail{MailboxAccount: "soc", Folder: "INBOX", UID: message.UID(uid)}}}
	d.Normalize()
	return d
}

func batch(checkpoint string, raws ...string) ingest.Batch {
	b := ingest.Batch{Checkpoint: checkpoint}
	for i, raw := range raws {
		b.Out = append(b.Out, ingest.Out{Key: key(raw), UID: message.UID(i + 1), JSON: fmt.Appendf(nil, `{"body_text":%q}`, raw)})
	}
	return b
}

// TestOnlyTheHolderCommits: a process that lost its turn while it stood still changes nothing any more.
func TestOnlyTheHolderCommits(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	a, b := w.node("a", one), w.node("b", one)
	old := w.claim(a, ask)
	if len(old) != 1 || len(w.claim(b, ask)) != 0 {
		t.Fatalf("first claims: %+v", old)
	}
	stale := old[0]
	if _, err := stale.Save(ctx, []*soar.Draft{draft(1, "first")}); err != nil {
		t.Fatal(err)
	}
	if err := stale.Commit(ctx, batch("cp1", "first")); err != nil {
		t.Fatal(err)
	}
	w.sql(`UPDATE mailboxes SET lease_until = clock_timestamp() - interval '1s'`) // it stands still
	turns := w.claim(b, ask)
	if len(turns) != 1 || turns[0].Checkpoint != "cp1" {
		t.Fatalf("take-over: %+v", turns)
	}
	if _, err := stale.Save(ctx, []*soar.Draft{draft(2, "second")}); err != nil { // it goes on
		t.Fatal(err)
	}
	if err := stale.Commit(ctx, batch("cp-stale", "second")); !errors.Is(err, ledger.ErrLostTurn) {
		t.Errorf("a stale holder's commit: %v", err)
	}
	if lost, err := a.Renew(ctx, old); err != nil || !slices.Equal(lost, old) {
		t.Errorf("a stale holder's renewal: %v %v", lost, err)
	}
	w.finish(a, ledger.End{Turn: stale, Whole: true, Saved: 99})
	if err := turns[0].Commit(ctx, batch("cp2", "second")); err != nil {
		t.Errorf("the holder's commit: %v", err)
	}
	if lost, err := b.Renew(ctx, turns); err != nil || len(lost) != 0 {
		t.Errorf("the holder's renewal: %v %v", lost, err)
	}
	if got := w.sql(`SELECT checkpoint, epoch, version, holder, saved FROM mailboxes`); got != "cp2|2|2|b|0" {
		t.Errorf("row: %s", got)
	}
	if got := w.sql(`SELECT count(*) FROM emails`); got != "1" {
		t.Errorf("%s emails are stored", got)
	}
}

// TestCheckpointIsComparedAndSet: of two that begin with the same checkpoint one moves it.
func TestCheckpointIsComparedAndSet(t *testing.T) {
	w := newWorld(t)
	turn := w.claim(w.node("a", one), ask)[0]
	w.sql(`UPDATE mailboxes SET version = version + 1`)
	if err := turn.Commit(t.Context(), batch("cp", "x")); !errors.Is(err, ledger.ErrLostTurn) {
		t.Errorf("commit: %v", err)
	}
	if got := w.sql(`SELECT checkpoint FROM mailboxes`); got != "" {
		t.Errorf("checkpoint: %s", got)
	}
}

// TestIdlePassWritesNothing: a pass that finds nothing changes nothing but its end.
func TestIdlePassWritesNothing(t *testing.T) {
	w := newWorld(t)
	a := w.node("a", one)
	turn := w.claim(a, ask)[0]
	before := w.sql(`SELECT xmin FROM mailboxes`)
	if _, err := turn.Save(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if err := turn.Commit(t.Context(), ingest.Batch{}); err != nil {
		t.Fatal(err)
	}
	if after := w.sql(`SELECT xmin FROM mailboxes`); after != before {
		t.Error("the mailbox's row was written")
	}
	if due := w.finish(a, ledger.End{Turn: turn, Whole: true}); due != time.Minute {
		t.Errorf("due in %s", due)
	}
	if got := w.sql(`SELECT holder IS NULL, lease_until IS NULL, polled_at IS NOT NULL, next_due > clock_timestamp() + interval '59 minutes' FROM mailboxes`); got != "t|t|t|t" {
		t.Errorf("row: %s", got)
	}
	if turns := w.claim(a, ask); len(turns) != 0 {
		t.Error("it is due again at once")
	}
}

// TestClaims: many processes claim at once; no mailbox has two holders, and no
// server more connections than it may.
func TestClaims(t *testing.T) {
	w := newWorld(t)
	var mailboxes []ledger.Mailbox
	ask := ledger.Claim{Most: 7, PerServer: 5, Limits: map[string]int{"small": 2}}
	for i := range 40 {
		m := ledger.Mailbox{Name: fmt.Sprintf("m%02d", i), Server: []string{"large", "small"}[i%2], Period: time.Hour}
		mailboxes, ask.Names = append(mailboxes, m), append(ask.Names, m.Name)
	}
	var mu sync.Mutex
	var held []string
	var wg sync.WaitGroup
	for n := range 4 {
		node := w.node(fmt.Sprint("n", n), mailboxes...)
		wg.Go(func() {
			turns, err := node.Claim(context.Background(), ask)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			for _, turn := range turns {
				held = append(held, turn.Name)
			}
		})
	}
	wg.Wait()
	slices.Sort(held)
	if len(held) != 7 || len(slices.Compact(held)) != 7 {
		t.Errorf("held: %v", held)
	}
	if got := w.sql(`SELECT server, count(*) FROM mailboxes WHERE holder IS NOT NULL GROUP BY 1 ORDER BY 1`); got != "large|5\nsmall|2" {
		t.Errorf("connections: %s", got)
	}
}

// TestOutbox: each email is put out once for each sink, whatever comes again, and is there until it is taken.
func TestOutbox(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	a := w.node("a", one)
	turn := w.claim(a, ask)[0]
	turn.Sinks = []string{"siem", "log"}
	long := strings.Repeat("an invoice is overdue ", 1000)
	if _, err := turn.Save(ctx, []*soar.Draft{draft(1, "x")}); err != nil {
		t.Fatal(err)
	}
	for _, b := range []ingest.Batch{batch("cp1", "x", long), batch("cp2", "x", long, "y")} {
		if err := turn.Commit(ctx, b); err != nil {
			t.Fatal(err)
		}
	}
	take := func(sink string) (list []ledger.Message) {
		t.Helper()
		list, err := a.Take(ctx, sink, 10, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	siem := take("siem")
	if len(siem) != 3 || siem[0].Key != key("x") || siem[0].Mailbox != "soc" || siem[0].Attempts != 1 || string(siem[1].Body) != fmt.Sprintf(`{"body_text":%q}`, long) {
		t.Fatalf("siem: %d messages", len(siem))
	}
	b := w.node("b", one)
	if again, err := b.Take(ctx, "siem", 10, time.Hour); err != nil || len(again) != 0 {
		t.Errorf("what is lent is lent to another node: %d messages, %v", len(again), err)
	}
	if err := a.Delivered(ctx, "siem", []int64{siem[0].ID, siem[1].ID}); err != nil {
		t.Fatal(err)
	}
	if err := a.Failed(ctx, "siem", siem[2].ID, "it answered 500\x00", 0, false); err != nil {
		t.Fatal(err)
	}
	retried := take("siem")
	if len(retried) != 1 || retried[0].Attempts != 2 {
		t.Fatalf("after a failure: %d messages", len(retried))
	}
	if err := a.Failed(ctx, "siem", siem[2].ID, "it answered 400", 0, true); err != nil {
		t.Fatal(err)
	}
	if dead := take("siem"); len(dead) != 0 {
		t.Errorf("a dead message is lent: %d", len(dead))
	}
	backlogs, err := a.Backlogs(ctx)
	if err != nil || len(backlogs) != 2 || backlogs[0].Sink != "log" || backlogs[0].Messages != 3 || backlogs[0].Bytes == 0 ||
		backlogs[1].Messages != 0 || backlogs[1].Dead != 1 || backlogs[1].Error != "it answered 400" {
		t.Errorf("backlogs: %+v %v", backlogs, err)
	}
	if n, err := a.Replay(ctx, "siem"); err != nil || n != 1 || len(take("siem")) != 1 {
		t.Errorf("replay: %d %v", n, err)
	}
	if err := errors.Join(a.Delivered(ctx, "siem", []int64{siem[2].ID}), a.Delivered(ctx, "log", []int64{siem[0].ID, siem[1].ID, siem[2].ID})); err != nil {
		t.Fatal(err)
	}
	if got := w.sql(`SELECT (SELECT count(*) FROM messages), (SELECT count(*) FROM deliveries)`); got != "0|0" {
		t.Errorf("left: %s", got)
	}
	if got := w.sql(`SELECT string_agg(line::json ->> 'event' || ' ' || coalesce(line::json ->> 'detail', ''), ', ' ORDER BY number) FROM imap_integration.ledger`); got !=
		"began , saved , handed_over to the sink siem, handed_over to the sink log" {
		t.Errorf("the ledger tells of %s", got)
	}
}

// TestStates: any node answers for all.
func TestStates(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	a, b := w.node("a", one), w.node("b", one)
	turn := w.claim(a, ask)[0]
	until := time.Date(2027, 1, 2, 3, 4, 5, 0, time.UTC)
	end := ledger.End{Turn: turn, Error: "cannot log in", Retry: 50 * time.Second, Saved: 3, LeftOut: 2, Reconnects: 1, CertificateUntil: until}
	if due := w.finish(a, end); due <= 0 || due > time.Minute {
		t.Errorf("due in %s", due)
	}
	states, err := b.States(ctx)
	if err != nil || len(states) != 1 {
		t.Fatal(states, err)
	}
	s := states[0]
	if s.Error != end.Error || s.Failures != 1 || s.Saved != 3 || s.LeftOut != 2 || s.Reconnects != 1 || s.Polled != nil || s.Age >= 0 ||
		!s.CertificateUntil.Equal(until) || s.Due > time.Minute || s.Due < 0 {
		t.Errorf("state: %+v", s)
	}
	if err := a.Leave(ctx); err != nil {
		t.Fatal(err)
	}
	if nodes, err := b.Nodes(ctx); err != nil || len(nodes) != 1 || nodes[0].Name != "b" || nodes[0].Version != "test" {
		t.Errorf("nodes: %+v %v", nodes, err)
	}
	if wait, err := b.NextDue(ctx, []string{"soc"}, 5*time.Second); err != nil || wait != 5*time.Second {
		t.Errorf("due in %s, %v", wait, err)
	}
}
