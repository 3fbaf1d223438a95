//go:build unix

package e2e_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.org/imap-integration/mailbox/mailboxtest"
)

// storeCommand runs imap-integration store and returns its report.
func storeCommand(t *testing.T, args ...string) (r struct {
	Emails, Proved int
	Problems       []string
},
) {
	t.Helper()
	var stderr strings.Builder
	c := exec.Command(binary, append([]string{"store"}, args...)...)
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil || stderr.Len() > 0 {
		t.Fatalf("store %q: %v: %s", args, err, stderr.String())
	}
	if err := json.Unmarshal(out, &r); err != nil {
		t.Fatalf("store %q: %v: %s", args, err, out)
	}
	return r
}

// rawsOf are the emails of a store as the shell of SQLite and the digests of the records see them.
func rawsOf(t *testing.T, path string) string {
	t.Helper()
	if _, err := exec.LookPath("sqlite3"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("sqlite3 is missing; scripts/setup installs it")
		}
		t.Skip("skipped: the outside judge sqlite3 is not installed")
	}
	out, err := exec.Command("sqlite3", "-readonly", path, `PRAGMA integrity_check;
		SELECT id, source_key, uid, content_size, json_extract(metadata, '$.sha256'), hex(raw) FROM mails JOIN records r ON r.mail_id = id JOIN contents c ON c.mail_id = id ORDER BY id, slot`).CombinedOutput()
	if err != nil {
		t.Fatalf("sqlite3: %v: %s", err, out)
	}
	return string(out)
}

// TestBackupDuringAWatch: while a watch stores emails, each back-up is whole and is what
// the store was at one moment; restored, it is the same again, and a run on it takes
// nothing a second time.
func TestBackupDuringAWatch(t *testing.T) {
	t.Parallel()
	d := mailboxtest.StartDovecot(t)
	u := d.NewUser()
	dir := t.TempDir()
	store := filepath.Join(dir, "soar.db")
	params := map[string]any{
		"imap_server": d.Host, "port": d.TLS, "username": u.Name, "password": u.Password, "ca_certificate": d.Authority.PEM,
		"cloud_soar_api_url": "local:" + store,
	}
	put := func(n int) {
		d.Append(u, "INBOX", fmt.Appendf(nil, "From: alice@news.example\r\nSubject: email %d\r\n\r\n%s\r\n", n, strings.Repeat(fmt.Sprint(n, " "), 2000)), mailboxtest.Delivery{})
	}
	const first, backups = 3, 5
	for n := range first {
		put(n)
	}
	w := watch(t, params)
	taken := len(w.next(t))
	for n := range backups {
		put(first + n)
		to := filepath.Join(dir, fmt.Sprintf("backup-%d.db", n))
		copied := storeCommand(t, "backup", "--store", store, to) // the watch stores that email at this time
		if copied.Emails < taken || copied.Emails > first+n+1 {
			t.Errorf("back-up %d has %d emails; %d were handed over before it and %d put in", n, copied.Emails, taken, first+n+1)
		}
		checked := storeCommand(t, "check", "--store", to)
		if checked.Emails != copied.Emails || checked.Proved != copied.Emails || len(checked.Problems) > 0 {
			t.Errorf("back-up %d: %+v; it was said to have %d emails", n, checked, copied.Emails)
		}
		if live := storeCommand(t, "check", "--store", store); len(live.Problems) > 0 {
			t.Errorf("the store at work: %q", live.Problems)
		}
		if !strings.HasPrefix(rawsOf(t, store), rawsOf(t, to)) {
			t.Errorf("back-up %d holds something else than the store", n)
		}
		for taken < first+n+1 {
			taken += len(w.next(t))
		}
	}
	// The file alone, copied as cp does at work: everything that was handed over is in it,
	// once a pass had ended and nobody else read the store meanwhile.
	put(first + backups)
	taken += len(w.next(t))
	plain := filepath.Join(dir, "cp.db")
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		if out, err := exec.Command("cp", store, plain).CombinedOutput(); err != nil {
			t.Fatalf("cp: %v: %s", err, out)
		}
		out, _ := exec.Command(binary, "store", "check", "--store", plain).Output()
		if strings.Contains(string(out), fmt.Sprintf(`"emails":%d,`, taken)) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("cp does not get all of %d emails: %s", taken, out)
		}
	}
	last := filepath.Join(dir, fmt.Sprintf("backup-%d.db", backups-1))
	restored := filepath.Join(dir, "restored.db")
	storeCommand(t, "backup", "--store", last, restored)
	if rawsOf(t, restored) != rawsOf(t, last) {
		t.Error("what was restored differs from the back-up")
	}
}

// TestKilledBackup: kill -9 at any time leaves no file under the back-up's name, or a whole one.
func TestKilledBackup(t *testing.T) {
	t.Parallel()
	s := newScene(t, mailboxtest.ScriptOptions{Emails: large(12, 1<<20)})
	if got := len(s.daemon(t)); got != 12 {
		t.Fatalf("%d emails were taken", got)
	}
	killed := 0
	for n := range 8 {
		to := filepath.Join(s.dir, fmt.Sprintf("b%d.db", n))
		c := exec.Command(binary, "store", "backup", "--store", s.store, to)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan struct{})
		go func() { _ = c.Wait(); close(ended) }()
		time.Sleep(time.Duration(n) * 15 * time.Millisecond) // where it is hit does not matter
		_ = c.Process.Kill()
		<-ended
		if c.ProcessState.ExitCode() == -1 {
			killed++
		}
		if _, err := os.Lstat(to); err == nil {
			if r := storeCommand(t, "check", "--store", to); r.Emails != 12 || len(r.Problems) > 0 {
				t.Errorf("killed back-up %d: %+v", n, r)
			}
		} else if c.ProcessState.ExitCode() == 0 {
			t.Errorf("back-up %d ended well and is not there", n)
		}
	}
	if killed == 0 {
		t.Error("no back-up was killed")
	}
	if r := storeCommand(t, "check", "--store", s.store); r.Emails != 12 || len(r.Problems) > 0 {
		t.Errorf("the store: %+v", r)
	}
	storeCommand(t, "backup", "--store", s.store, filepath.Join(s.dir, "last.db"))
}
