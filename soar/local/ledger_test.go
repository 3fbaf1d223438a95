package local

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.org/imap-integration/evidence"
	"example.org/imap-integration/message"
	"example.org/imap-integration/soar"
)

// eventful is a store in which every kind of entry was made once; its log is in the file.
func eventful(t *testing.T) (path string, head evidence.Head) {
	t.Helper()
	ctx := context.Background()
	path = filepath.Join(t.TempDir(), "soar.db")
	s := open(t, path, Options{Program: "1.2"})
	drafts := packable()
	for i, d := range drafts {
		d.Size, d.SHA256 = int64(len(d.Raw)), ""
		if d.Raw != nil {
			d.SHA256 = evidence.Digest(d.Raw)
		}
		d.UID = message.UID(i + 1)
		save(t, s, d)
	}
	save(t, s, drafts[0])
	steps := []func() error{
		func() error { return s.HandedOver(ctx, []soar.ID{"1", "2"}) },
		func() error { _, err := s.AddToIncident(ctx, 7, "1"); return err },
		func() error { _, err := s.AddToIncident(ctx, 7, "1"); return err }, // changes nothing
		func() error { _, err := s.AddToTriage(ctx, 3, "2"); return err },
		func() error { _, err := s.RemoveFromIncident(ctx, 7, "1"); return err },
		func() error {
			_, _, err := s.AddFile(ctx, 7, soar.File{EmailID: "1", Part: "2", SHA256: evidence.Digest([]byte("x"))}, []byte("x"))
			return err
		},
		func() error { _, err := s.Discard(ctx, "2"); return err },
	}
	for i, step := range steps {
		if err := step(); err != nil {
			t.Fatalf("step %d: %v", i, err)
		}
	}
	head, err := LedgerHead(ctx, s)
	if err != nil {
		t.Fatal(err)
	}
	if want := int64(1 + len(drafts) + 1 + 2 + 5); head.Count != want {
		t.Errorf("the ledger has %d entries, want %d", head.Count, want)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return path, head
}

func checkLedger(t *testing.T, path string, kept evidence.Head) *LedgerReport {
	t.Helper()
	s := open(t, path, Options{ReadOnly: true})
	defer s.Close()
	report, err := CheckLedger(context.Background(), s, kept)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func TestLedger(t *testing.T) {
	path, head := eventful(t)
	if r := checkLedger(t, path, head); r.Problem != "" || r.Link != head.Link || r.Emails != len(packable()) || r.Unproved != 0 {
		t.Errorf("a sound ledger: %+v", r)
	}
	for _, c := range []struct{ change, problem string }{
		{`UPDATE ledger SET line = replace(line, 'INBOX', 'INBOY') WHERE number = 3`, "entry 3 does not fit"},
		{`UPDATE ledger SET link = lower(hex(randomblob(32))) WHERE number = 3`, "entry 3 does not fit"},
		{`UPDATE ledger SET mail_id = 1 WHERE number = 4`, "entry 4 does not fit"},
		{`DELETE FROM ledger WHERE number = 5`, "entry 5 does not fit"},
		{`DELETE FROM ledger WHERE number = 1`, "entry 1 does not fit"},
		{`DELETE FROM ledger WHERE number > 12`, "its end was cut off"},
		{`UPDATE records SET metadata = replace(metadata, 'a', 'b') WHERE mail_id = 2`, "record of the email 2"},
		{`UPDATE mails SET folder = 'Archive' WHERE id = 1`, "record of the email 1"},
		{`DELETE FROM records WHERE mail_id = 3`, "email 3, which"},
		{`UPDATE contents SET raw = 'another email', packed = 0 WHERE mail_id = 1`, "content of the email 1"},
		{`INSERT INTO mails SELECT 99, 'key', mailbox_account, folder, uid_validity, uid, message_id, from_folded, subject_folded, received_at, created_at, content_size FROM mails WHERE id = 1`, "email 99 is in the store"},
	} {
		path, head := eventful(t)
		s := open(t, path, Options{})
		if _, err := s.write.Exec("PRAGMA foreign_keys=0;" + c.change); err != nil {
			t.Fatalf("%s: %v", c.change, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if r := checkLedger(t, path, head); !strings.Contains(r.Problem, c.problem) {
			t.Errorf("%s: %q, want %q", c.change, r.Problem, c.problem)
		}
	}
}

// TestLedgerOfAnOlderStore: what was there before is counted and not vouched for.
func TestLedgerOfAnOlderStore(t *testing.T) {
	path := version1(t)
	if r := checkLedger(t, path, evidence.Head{}); r.Problem != "" || r.Entries != 0 || r.Unproved != len(packable()) {
		t.Errorf("before: %+v", r)
	}
	s := open(t, path, Options{})
	d := draft(77, "new")
	d.Size, d.SHA256 = int64(len(d.Raw)), evidence.Digest(d.Raw)
	save(t, s, d)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if r := checkLedger(t, path, evidence.Head{}); r.Problem != "" || r.Entries != 2 || r.Emails != 1 || r.Unproved != len(packable()) {
		t.Errorf("after: %+v", r)
	}
}

// TestFlippedBytesOfAStoreLong flips one bit of each of 500 random bytes of a store's
// file. The check finds it, or everything that is stored reads as it did before: the
// byte was in a place that holds nothing, or in an index.
func TestFlippedBytesOfAStoreLong(t *testing.T) {
	path, head := eventful(t)
	sound, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, random, found := contentsOf(path), rand.New(rand.NewPCG(7, 7)), 0
	flipped := filepath.Join(t.TempDir(), "soar.db")
	for range 500 {
		at, bit := random.IntN(len(sound)), byte(1)<<random.IntN(8)
		data := append([]byte{}, sound...)
		data[at] ^= bit
		if err := os.WriteFile(flipped, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if after := contentsOf(flipped); after == before {
			continue
		}
		s, err := Open(context.Background(), flipped, Options{ReadOnly: true})
		if err == nil {
			var r *LedgerReport
			if r, err = CheckLedger(context.Background(), s, head); err == nil && r.Problem != "" {
				err = fmt.Errorf("%s", r.Problem)
			}
			_ = s.Close()
		}
		if err == nil {
			t.Errorf("the bit %08b of the byte %d was flipped, and nothing found it", bit, at)
		}
		found++
	}
	if found == 0 {
		t.Error("no byte that matters was flipped")
	}
}

// contentsOf reads all that the ledger vouches for: emails, records, contents, the ledger itself.
func contentsOf(path string) string {
	s, err := Open(context.Background(), path, Options{ReadOnly: true})
	if err != nil {
		return "cannot be opened"
	}
	defer s.Close()
	var all strings.Builder
	for _, query := range []string{
		`SELECT id || '|' || mailbox_account || '|' || folder || '|' || uid_validity || '|' || uid FROM mails ORDER BY id`,
		`SELECT mail_id || metadata || hex(body_text) || hex(body_html) FROM records ORDER BY mail_id`,
		`SELECT slot || '|' || hex(raw) || packed FROM contents ORDER BY slot`,
		`SELECT number || line || link || mail_id FROM ledger ORDER BY number`,
	} {
		rows, err := s.read.Query(query)
		if err != nil {
			return "cannot be read"
		}
		for rows.Next() {
			var text *string
			if err := rows.Scan(&text); err != nil {
				break
			}
			if text != nil {
				all.WriteString(*text)
			}
			all.WriteByte('\n')
		}
		if rows.Err() != nil {
			_ = rows.Close()
			return "cannot be read"
		}
		_ = rows.Close()
	}
	return all.String()
}
