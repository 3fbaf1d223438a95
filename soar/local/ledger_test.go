package local

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.org/imap-integration/evidence"
	"example.org/imap-integration/soar"
	"example.org/imap-integration/soar/storetest"
)

// eventful is the file of a store in which every kind of entry was made once; its log is in it.
func eventful(t *testing.T) (path string, head evidence.Head) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "soar.db")
	s, err := Open(t.Context(), path, Options{Program: "1.2"})
	if err != nil {
		t.Fatal(err)
	}
	head = storetest.Eventful(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return path, head
}

func checkLedger(t *testing.T, path string, kept evidence.Head) *evidence.StoreReport {
	t.Helper()
	s := open(t, path, Options{ReadOnly: true})
	report, err := evidence.Check(t.Context(), s.Ledger(), kept)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// ours are the names of this store's tables.
var ours = strings.NewReplacer("incident_emails", "incident_mails", "triage_emails", "triage_mails", "emails", "mails", "email_id", "mail_id",
	"SET raw = ", "SET packed = 0, raw = ")

func TestLedger(t *testing.T) {
	storetest.RunLedger(t, func(t *testing.T) storetest.Tampered {
		s := newStore(t)
		return storetest.Tampered{Book: s, Change: func(t testing.TB, sql string) {
			sql = ours.Replace(sql)
			if strings.Contains(sql, "file_contents") {
				sql = strings.Replace(sql, "packed = 0, ", "", 1)
			}
			if _, err := s.write.Exec("PRAGMA foreign_keys=0;" + sql); err != nil {
				t.Fatalf("%s: %v", sql, err)
			}
		}}
	})
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
// byte was in a place that holds nothing.
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
			var r *evidence.StoreReport
			if r, err = evidence.Check(context.Background(), s.Ledger(), head); err == nil && r.Problem != "" {
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
		`SELECT id || '|' || source_key || '|' || mailbox_account || '|' || folder || '|' || uid_validity || '|' || uid || '|' || message_id || '|' ||
			from_folded || '|' || subject_folded || '|' || coalesce(received_at, '') || '|' || created_at || '|' || coalesce(content_size, '') FROM mails ORDER BY id`,
		`SELECT mail_id || metadata || hex(body_text) || hex(body_html) FROM records ORDER BY mail_id`,
		`SELECT slot || '|' || hex(raw) || packed FROM contents ORDER BY slot`,
		`SELECT number || line || link || coalesce(mail_id, '') FROM ledger ORDER BY number`,
		`SELECT source_key || id FROM mails INDEXED BY sqlite_autoindex_mails_1 WHERE source_key >= '' ORDER BY source_key`,
		`SELECT mailbox_account || folder || uid_validity || uid || id FROM mails INDEXED BY mails_by_uid WHERE mailbox_account >= '' ORDER BY mailbox_account`,
		`SELECT mailbox_account || folder || id FROM mails INDEXED BY mails_by_folder WHERE mailbox_account >= '' ORDER BY mailbox_account`,
		`SELECT mail_id || '|' || number FROM ledger INDEXED BY ledger_by_mail WHERE mail_id > 0 ORDER BY mail_id`,
		`SELECT incident_id || '|' || mail_id FROM incident_mails UNION ALL SELECT triage_id || '|' || mail_id FROM triage_mails UNION ALL SELECT mail_id FROM discarded`,
		`SELECT incident_id || '|' || mail_id || '|' || part || filename || content_type || sha256 || size || hex(raw) FROM incident_files f JOIN file_contents ON file_id = f.id`,
	} {
		rows, err := s.read.QueryContext(context.Background(), query)
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

// TestPruned: an email may be gone where an entry says that the retention removed it, and else not.
func TestPruned(t *testing.T) {
	for _, told := range []bool{true, false} {
		s := newStore(t)
		head := storetest.Eventful(t, s)
		err := s.recorded(t.Context(), "change", func(tx *sql.Tx, l *ledger) error {
			if told {
				if err := l.pruned(t.Context(), []soar.ID{"1"}, "older than 30 days"); err != nil {
					return err
				}
			}
			_, err := tx.Exec(`PRAGMA defer_foreign_keys = 1; DELETE FROM file_contents; DELETE FROM incident_files; DELETE FROM pending WHERE mail_id = 1;
				DELETE FROM contents WHERE mail_id = 1; DELETE FROM records WHERE mail_id = 1; DELETE FROM mails WHERE id = 1`)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		r, err := evidence.Check(t.Context(), s.Ledger(), head)
		if err != nil || (r.Problem == "") != told || told && (r.Emails != 4 || r.Pruned != 1) {
			t.Errorf("told %t: %+v, %v", told, r, err)
		}
	}
}
