package local

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"example.org/imap-integration/evidence"
)

func inspect(t *testing.T, path string) *CheckReport {
	t.Helper()
	report, err := Inspect(t.Context(), open(t, path, Options{ReadOnly: true}))
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func TestInspectASoundStore(t *testing.T) {
	path, head := eventful(t)
	if r := inspect(t, path); len(r.Problems) > 0 || r.Emails != 5 || r.Proved != 5 || r.Entries != head.Count || r.Link != head.Link {
		t.Errorf("%+v; want the head %+v", r, head)
	}
	// A store from before the ledger: its emails are held against their records.
	if r := inspect(t, version1(t)); len(r.Problems) > 0 || r.Emails == 0 || r.Proved != 0 || r.Schema != 1 {
		t.Errorf("an old store: %+v", r)
	}
}

// TestInspectFinds: one kind of damage each, and what names it.
func TestInspectFinds(t *testing.T) {
	for _, c := range []struct{ name, sql, want string }{
		{"a raw email", `UPDATE contents SET packed = 0, raw = x'00' WHERE mail_id = 1`, "the email 1, which the ledger"},
		{"a record", `UPDATE records SET body_text = 'other' WHERE mail_id = 1`, "the record of the email 1"},
		{"a reference", `PRAGMA foreign_keys=0; INSERT INTO contents (slot, mail_id, raw) VALUES (1, 4711, x'00')`, "refers to nothing in mails"},
		{"an index", `DROP INDEX mails_by_uid`, "the schema lacks the index mails_by_uid"},
		{"a trigger", `CREATE TRIGGER bad AFTER INSERT ON mails BEGIN DELETE FROM ledger; END`, "the schema has the trigger bad"},
		{"an email that is gone", `PRAGMA foreign_keys=0; DELETE FROM records WHERE mail_id = 1; DELETE FROM mails WHERE id = 1`, "the email 1"},
		{"the end of the ledger", `DELETE FROM ledger WHERE number > 2`, ""},
	} {
		path, _ := eventful(t)
		foreign(t, path, c.sql)
		if r := inspect(t, path); len(r.Problems) == 0 || !strings.Contains(strings.Join(r.Problems, "\n"), c.want) {
			t.Errorf("%s: %q", c.name, r.Problems)
		}
	}
}

// TestInspectAnOldEmail: no entry proves it, and its record's digest does.
func TestInspectAnOldEmail(t *testing.T) {
	s := newStore(t)
	save(t, s, proven(1, "one"), proven(2, "two"))
	foreign(t, s.path, `DELETE FROM ledger; UPDATE contents SET raw = CAST('TWO' AS BLOB), packed = 0 WHERE mail_id = 2`)
	if r := inspect(t, s.path); len(r.Problems) != 1 || !strings.HasPrefix(r.Problems[0], "the email 2: its content is not the one") {
		t.Errorf("%+v", r)
	}
}

func TestInspectDamagedPages(t *testing.T) {
	path, _ := eventful(t)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	copy(data[3*pageSize:], bytes.Repeat([]byte{0xff}, 2*pageSize))
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if r := inspect(t, path); len(r.Problems) == 0 || !strings.Contains(r.Problems[0], "damaged") {
		t.Errorf("%+v", r)
	}
}

func TestInspectSaysWhoMayRead(t *testing.T) {
	path, _ := eventful(t)
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if r := inspect(t, path); len(r.Problems) != 1 || !strings.Contains(r.Problems[0], "other users may read") {
		t.Errorf("%+v", r)
	}
}

// TestCheckHoldsOneMoment: what another run writes during a check is no fault of the store.
func TestCheckHoldsOneMoment(t *testing.T) {
	path, _ := eventful(t)
	s := open(t, path, Options{})
	moment, release, err := s.Ledger().(evidence.Snapshotter).Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	before, err := moment.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	save(t, s, proven(601, "meanwhile"))
	if _, err := s.AddToIncident(t.Context(), 77, "1"); err != nil {
		t.Fatal(err)
	}
	links := 0
	err = moment.States(t.Context(), func(st evidence.State) error {
		if st.Place == "incident 77" {
			links++
		}
		return nil
	})
	after, err2 := moment.Head(t.Context())
	if err != nil || err2 != nil || links != 0 || after != before {
		t.Errorf("the moment moved: %d links, %+v to %+v, %v, %v", links, before, after, err, err2)
	}
	if now, err := s.Ledger().Head(t.Context()); err != nil || now.Count <= before.Count {
		t.Errorf("nothing was written: %+v, %v", now, err)
	}
}
