package local

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.org/imap-integration/evidence"
	"example.org/imap-integration/message"
	"example.org/imap-integration/soar"
)

// sqlite3 is what the shell of SQLite says of a file.
func sqlite3Says(t *testing.T, path, statement string) string {
	t.Helper()
	program, err := exec.LookPath("sqlite3")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("sqlite3 is missing; scripts/setup installs it")
		}
		t.Skip("skipped: the outside judge sqlite3 is not installed")
	}
	out, err := exec.Command(program, path, statement).CombinedOutput()
	if err != nil {
		t.Fatalf("sqlite3: %v: %s", err, out)
	}
	return strings.TrimSpace(string(out))
}

// proven is a draft that says what its content is, as those of a run do.
func proven(uid message.UID, raw string) *soar.Draft {
	d := draft(uid, raw)
	d.SHA256 = evidence.Digest(d.Raw)
	return d
}

func backup(t *testing.T, s *Store, to string) *BackupReport {
	t.Helper()
	report, err := Backup(t.Context(), s, to)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// TestBackup: what the back-up holds is what the store held, to the ledger's last link.
func TestBackup(t *testing.T) {
	path, head := eventful(t)
	s := open(t, path, Options{})
	save(t, s, proven(501, "in the log, not yet in the file")) // the one that cp would miss
	dir := t.TempDir()
	to := filepath.Join(dir, "soar 2026-11-28?.db")
	report := backup(t, s, to)
	if names, _ := os.ReadDir(dir); len(names) != 1 {
		t.Errorf("left beside it: %v", names)
	}
	info, err := os.Stat(to)
	if err != nil || info.Mode() != 0o600 || info.Size() != report.Bytes {
		t.Errorf("the file: %v, %v; the report: %+v", info, err, report)
	}
	if got := sqlite3Says(t, to, "PRAGMA integrity_check; PRAGMA journal_mode"); got != "ok\nwal" {
		t.Errorf("sqlite3 says %q", got)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if contentsOf(to) != contentsOf(path) {
		t.Error("the back-up differs from the store")
	}
	if r := checkLedger(t, to, head); r.Problem != "" || r.Entries != report.Entries || r.Link != report.Link {
		t.Errorf("its ledger: %+v; the report: %+v", r, report)
	}
	// A back-up of the back-up is the store again, and the files of the one that was there are no part of it.
	restored := filepath.Join(dir, "soar.db")
	if err := os.WriteFile(restored+"-wal", []byte("of the store that was lost"), 0o600); err != nil {
		t.Fatal(err)
	}
	backup(t, open(t, to, Options{ReadOnly: true}), restored)
	if contentsOf(restored) != contentsOf(path) {
		t.Error("what was restored differs from the store")
	}
	if got := save(t, open(t, restored, Options{}), proven(501, "in the log, not yet in the file")); !got[0].Existed {
		t.Errorf("an email of the back-up is saved again: %+v", got)
	}
}

func TestBackupRefuses(t *testing.T) {
	dir := t.TempDir()
	s := open(t, filepath.Join(dir, "soar.db"), Options{})
	missing := open(t, filepath.Join(dir, "none.db"), Options{ReadOnly: true})
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		name string
		s    *Store
		ctx  context.Context
		to   string
		want string
	}{
		{"the store itself", s, t.Context(), s.path, "there is a file of this name"},
		{"a folder", s, t.Context(), dir, "there is a file of this name"},
		{"no folder", s, t.Context(), filepath.Join(dir, "none", "b.db"), "does not exist"},
		{"no store", missing, t.Context(), filepath.Join(dir, "b.db"), "does not exist"},
		{"interrupted", s, cancelled, filepath.Join(dir, "b.db"), "canceled"},
	} {
		if _, err := Backup(c.ctx, c.s, c.to); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	for _, e := range namesIn(t, dir) {
		if !strings.HasPrefix(e, "soar.db") {
			t.Errorf("left behind: %s", e)
		}
	}
}

func namesIn(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// TestBackupOfADamagedStore: pages that cannot be read are no back-up.
func TestBackupOfADamagedStore(t *testing.T) {
	path, _ := eventful(t)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	copy(data[2*pageSize:], bytes.Repeat([]byte{0xff}, 3*pageSize))
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(t.TempDir(), "b.db")
	_, err = Backup(t.Context(), open(t, path, Options{ReadOnly: true}), to)
	if err == nil || !strings.Contains(err.Error(), "is damaged") || !strings.Contains(err.Error(), path) {
		t.Errorf("error: %v", err)
	}
	if names := namesIn(t, filepath.Dir(to)); len(names) > 0 {
		t.Errorf("left behind: %v", names)
	}
}

// TestKilledBackupsAreRemoved once nobody can be at work on them, and no others.
func TestKilledBackupsAreRemoved(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{".imap-integration-backup.1.new", ".imap-integration-backup.1.new-journal", ".imap-integration-backup.x.new", "other.new"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	now := time.Now()
	s := open(t, filepath.Join(t.TempDir(), "soar.db"), Options{Now: func() time.Time { return now }})
	backup(t, s, filepath.Join(dir, "1.db"))
	if got := len(namesIn(t, dir)); got != 5 {
		t.Errorf("a fresh one may be at work still: %v", namesIn(t, dir))
	}
	now = now.Add(2 * staleTemporary)
	backup(t, s, filepath.Join(dir, "2.db"))
	if got := strings.Join(namesIn(t, dir), " "); got != ".imap-integration-backup.x.new 1.db 2.db other.new" {
		t.Errorf("left: %s", got)
	}
}

// TestSettle: after it the file alone, without its log, has every email.
func TestSettle(t *testing.T) {
	s := newStore(t)
	save(t, s, proven(1, "a"), proven(2, "b"))
	alone := func() string {
		t.Helper()
		data, err := os.ReadFile(s.path)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "copy.db")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return sqlite3Says(t, path, "SELECT count(*) FROM mails")
	}
	if got := alone(); got != "0" {
		t.Errorf("before: %s emails; the log is not used?", got)
	}
	if err := s.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := alone(); got != "2" {
		t.Errorf("after: %s emails", got)
	}
	if err := open(t, s.path, Options{ReadOnly: true}).Settle(t.Context()); err != nil {
		t.Errorf("a reader: %v", err)
	}
	if r, err := evidence.Check(t.Context(), s.Ledger(), evidence.Head{}); err != nil || r.Problem != "" {
		t.Errorf("%+v, %v", r, err)
	}
}
