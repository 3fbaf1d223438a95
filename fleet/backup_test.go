package fleet_test

import (
	"fmt"
	"testing"

	"example.org/imap-integration/fleet"
)

// TestBackup: a dump that is taken while the fleet runs is whole in itself, and audit
// names the emails that were marked behind it.
func TestBackup(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	w.deliver(0, "a", "b")
	w.deliver(1, "c")
	stop := w.start("one")
	w.eventually("the first emails", func() bool { return w.sql(`SELECT count(*) FROM emails`) == "3" })
	delivering := make(chan struct{})
	go func() {
		defer close(delivering)
		for i := range 40 {
			w.deliver(i%2, fmt.Sprint("while it is dumped ", i))
		}
	}()
	dump, err := w.database.Dump(w.name)
	if err != nil {
		t.Fatal(err)
	}
	<-delivering
	w.deliver(0, "behind the dump")
	w.complete(44)
	stop()

	w.name = w.database.Database(t)
	if _, err := w.database.SQL(w.name, dump); err != nil {
		t.Fatal(err)
	}
	w.file("database", w.database.URL(w.name))
	for _, c := range []struct{ what, sql string }{
		{"an email that was never put into the outbox, or the other way round", `SELECT (SELECT count(*) FROM emails) - (SELECT count(*) FROM announced)`},
		{"an email without content", `SELECT count(*) FROM emails e WHERE NOT EXISTS (SELECT FROM contents c WHERE c.email_id = e.id)`},
		{"a message without delivery, or the other way round", `SELECT count(*) FROM messages m FULL JOIN deliveries d ON d.message_id = m.id WHERE m.id IS NULL OR d.message_id IS NULL`},
	} {
		if n := w.sql(c.sql); n != "0" {
			t.Errorf("the dump has %s: %s", c.what, n)
		}
	}
	reports, sound, err := fleet.Audit(t.Context(), w.options("audit"), true)
	if err != nil || sound {
		t.Errorf("audit: sound %t, %v", sound, err)
	}
	missing := 0
	for _, r := range reports {
		for _, a := range r.Folders {
			missing += len(a.Missing)
		}
	}
	if got := w.sql(fmt.Sprintf(`SELECT 44 - count(*) = %d FROM emails`, missing)); got != "t" {
		t.Errorf("audit names %d emails that are not in the back-up", missing)
	}
}
