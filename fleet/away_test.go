package fleet_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"example.org/imap-integration/mailbox/mailboxtest"
	"example.org/imap-integration/soar/postgres/postgrestest"
)

// newOwnWorld is newWorld on a PostgreSQL that the test may end.
func newOwnWorld(t *testing.T, mailboxes int) *world {
	t.Helper()
	w := newWorld(t, mailboxes)
	w.database = postgrestest.StartOwn(t)
	w.name = w.database.Database(t)
	w.file("database", w.database.URL(w.name))
	return w
}

// TestDatabaseAway: see databaseAway.
func TestDatabaseAway(t *testing.T) {
	t.Parallel()
	databaseAway(t, 0, (*postgrestest.Server).Stop)
}

// TestDatabaseAwayLong has it away for two minutes.
func TestDatabaseAwayLong(t *testing.T) {
	t.Parallel()
	databaseAway(t, 2*time.Minute, (*postgrestest.Server).Shutdown)
}

// databaseAway: while the database is down nothing is marked; then the node goes on by itself.
func databaseAway(t *testing.T, away time.Duration, stop func(*postgrestest.Server)) {
	t.Helper()
	w := newOwnWorld(t, 1)
	w.deliver(0, "before")
	w.start("one")
	w.complete(1)
	stop(w.database)
	down := time.Now()
	w.deliver(0, "while it is down")
	w.eventually("the log says so", func() bool { return strings.Contains(w.log.String(), "no turns could be taken") })
	time.Sleep(away - time.Since(down))
	if seen := w.dovecot.Seen(w.users[0]); len(seen) != 1 {
		t.Errorf("marked while the database was down: %v", seen)
	}
	if err := w.database.Restart(); err != nil {
		t.Fatal(err)
	}
	w.complete(2)
}

// deliverLarge delivers an email that no page of the database has room for.
func (w *world) deliverLarge(user int, name string) {
	random := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	fmt.Fprintf(&b, "From: a@news.example\r\nSubject: %s\r\nMessage-ID: <%s@news.example>\r\n\r\n", name, strings.ReplaceAll(name, " ", "."))
	for range 4000 {
		fmt.Fprintf(&b, "%016x%016x%016x\r\n", random.Uint64(), random.Uint64(), random.Uint64())
	}
	w.dovecot.Deliver(w.users[user], []byte(b.String()), mailboxtest.Delivery{})
}

// TestDiskFull: while the database's disk is full nothing is marked and a sentence says
// so; then the node goes on by itself.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	w := newOwnWorld(t, 1)
	disk := w.database.SmallDisk(t, 48<<20)
	w.name = disk.Database
	w.file("database", w.database.URL(w.name))
	w.deliver(0, "before")
	w.start("one")
	w.complete(1)
	disk.Fill(t)
	w.deliverLarge(0, "while its disk is full")
	w.eventually("the sentence", func() bool { return strings.Contains(w.log.String(), "disk that holds it is full; free space there") })
	if seen := w.dovecot.Seen(w.users[0]); len(seen) != 1 {
		t.Errorf("marked while the disk was full: %v", seen)
	}
	if n := w.sql(`SELECT count(*) FROM emails`); n != "1" {
		t.Errorf("%s emails are stored", n)
	}
	disk.Free(t)
	w.complete(2)
}

// TestIdleWritesNothing: a pass that finds nothing changes the row of its mailbox twice,
// when it begins and when it ends, and nothing else in the database.
func TestIdleWritesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	w.lease = "10m" // no renewal comes in between
	w.deliver(0, "a", "b")
	w.deliver(1, "c")
	stop := w.start("one")
	w.complete(3)
	// What a process changed is counted at the latest when its sessions end.
	count := func() (changes string, passes, updates int) {
		t.Helper()
		w.eventually("its sessions to end", func() bool {
			return w.sql(`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`) == "0"
		})
		changes = w.sql(`SELECT relname, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_user_tables WHERE relname NOT IN ('mailboxes', 'nodes') ORDER BY 1`)
		if _, err := fmt.Sscan(strings.ReplaceAll(w.sql(`SELECT (SELECT sum(epoch) FROM mailboxes), n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_user_tables WHERE relname = 'mailboxes'`), "|", " "), &passes, &updates); err != nil {
			t.Fatal(err)
		}
		return changes, passes, updates
	}
	stop()
	changes, passes, updates := count()
	stop = w.start("one")
	w.eventually("ten more passes", func() bool { return w.sql(fmt.Sprintf(`SELECT sum(epoch) >= %d FROM mailboxes`, passes+10)) == "t" })
	stop()
	changesLater, passesLater, updatesLater := count()
	if changes != changesLater {
		t.Errorf("before: %s\nafter: %s", changes, changesLater)
	}
	if polls := passesLater - passes; updatesLater-updates > 2*polls {
		t.Errorf("%d polls changed rows of mailboxes %d times", polls, updatesLater-updates)
	}
}

// TestNotedLater: what a receiver took while the database cannot be reached is noted when it can
// be again, and not handed over a second time.
func TestNotedLater(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	relay := w.behindRelay()
	w.receiver.wants(func(*http.Request) int {
		relay.CutAfter(1)
		relay.Cut()
		return http.StatusOK
	})
	w.deliver(0, "a")
	w.start("one")
	w.eventually("it cannot be noted", func() bool { return strings.Contains(w.log.String(), "could not be noted yet") })
	w.receiver.answer(http.StatusOK)
	relay.CutAfter(0)
	w.complete(1)
	w.receiver.mu.Lock()
	defer w.receiver.mu.Unlock()
	for key, times := range w.receiver.keys {
		if times != 1 {
			t.Errorf("%s was handed over %d times", key, times)
		}
	}
}
