//go:build unix

package e2e_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.org/imap-integration/mailbox/mailboxtest"
)

// watching is the program with --watch on a real server.
type watching struct {
	cmd    *exec.Cmd
	lines  chan []object // one array a line
	stderr bytes.Buffer
}

func watch(t *testing.T, params map[string]any, flags ...string) *watching {
	t.Helper()
	input, err := json.Marshal(params)
	if err != nil {
		t.Fatal(err)
	}
	w := &watching{cmd: exec.Command(binary, append([]string{"incoming-mail-daemon", "--watch"}, flags...)...), lines: make(chan []object, 100)}
	w.cmd.Stdin, w.cmd.Stderr = bytes.NewReader(input), &w.stderr
	stdout, err := w.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := w.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.cmd.Process.Kill() })
	go func() {
		defer close(w.lines)
		in := bufio.NewScanner(stdout)
		in.Buffer(nil, 1<<20)
		for in.Scan() {
			var objects []object
			if json.Unmarshal(in.Bytes(), &objects) != nil {
				return
			}
			w.lines <- objects
		}
	}()
	return w
}

// next is the next line; the test ends where none comes.
func (w *watching) next(t *testing.T) []object {
	t.Helper()
	select {
	case objects, ok := <-w.lines:
		if !ok {
			t.Fatalf("the watch ended, or its line is no JSON array: %s", w.stderr.String())
		}
		return objects
	case <-time.After(patience):
		t.Fatal("nothing came")
		return nil
	}
}

// TestWatchSeveralFolders: a watch hands over what comes in any of its folders, moves
// it, and ends well when it is asked to.
func TestWatchSeveralFolders(t *testing.T) {
	t.Parallel()
	d := mailboxtest.StartDovecot(t)
	u := d.NewUser()
	d.CreateFolder(u, "Reports")
	d.CreateFolder(u, "Done")
	put := func(folder, subject string) {
		d.Append(u, folder, []byte("From: alice@news.example\r\nSubject: "+subject+"\r\n\r\nBody\r\n"), mailboxtest.Delivery{})
	}
	put("INBOX", "before")
	w := watch(t, map[string]any{
		"imap_server": d.Host, "port": d.TLS, "username": u.Name, "password": u.Password, "ca_certificate": d.Authority.PEM,
		"cloud_soar_api_url": "local:" + filepath.Join(t.TempDir(), "soar.db"), "folder": "INBOX, Reports",
		"after_import": "move", "after_import_target": "Done",
	})
	for i, step := range []struct{ folder, subject string }{{"INBOX", "before"}, {"Reports", "in reports"}, {"INBOX", "in the inbox"}, {"Reports", "again"}} {
		if i > 0 {
			put(step.folder, step.subject)
		}
		objects := w.next(t)
		if len(objects) != 1 || objects[0].Subject != step.subject || objects[0].Status != "saved" {
			t.Fatalf("step %d: %+v", i, objects)
		}
	}
	for deadline := time.Now().Add(patience); len(d.Emails(u, "Done", false)) < 4; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d of 4 emails were moved", len(d.Emails(u, "Done", false)))
		}
	}
	_ = w.cmd.Process.Signal(syscall.SIGTERM)
	if err := w.cmd.Wait(); err != nil || w.stderr.Len() > 0 {
		t.Errorf("%v: %s", err, w.stderr.String())
	}
	if n := len(d.Emails(u, "INBOX", false)) + len(d.Emails(u, "Reports", false)); n != 0 {
		t.Errorf("%d emails were not moved", n)
	}
}

// status waits until the status file says what is asked for.
func (w *watching) status(t *testing.T, path string, fits func(s runStatus) bool) runStatus {
	t.Helper()
	var s runStatus
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		text, err := os.ReadFile(path)
		s = runStatus{}
		if err == nil && json.Unmarshal(text, &s) == nil && fits(s) {
			return s
		}
		if time.Now().After(deadline) {
			t.Fatalf("the status file never said so: %s, %v; %s", text, err, w.stderr.String())
		}
	}
}

// runStatus is what the tests read of a status file (docs/contract.md, section 1).
type runStatus struct {
	Mailbox, State string
	LastRun        *struct{ Saved, Found int }             `json:"last_run"`
	LastError      *struct{ Error string }                 `json:"last_error"`
	Outage         *struct{ Since, NextAttempt time.Time } `json:"outage"`
	UpdatedAt      time.Time                               `json:"updated_at"`
	OldestWaiting  *time.Time                              `json:"oldest_waiting"`
}

// TestWatchInTrouble: an outage and its end are a line each, and stand in the status file,
// as does a login that is refused, which is not tried again soon. A log that was moved
// away is opened anew on SIGHUP, which does not end a watch.
func TestWatchInTrouble(t *testing.T) {
	t.Parallel()
	d, err := mailboxtest.LaunchDovecot()
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(d.Close)
	d = d.For(t)
	u := d.NewUser()
	put := func(subject string) {
		d.Append(u, "INBOX", []byte("From: alice@news.example\r\nSubject: "+subject+"\r\n\r\nBody\r\n"), mailboxtest.Delivery{})
	}
	put("before")
	dir := t.TempDir()
	status, log := filepath.Join(dir, "status.json"), filepath.Join(dir, "log")
	w := watch(t, map[string]any{
		"imap_server": d.Host, "port": d.TLS, "username": u.Name, "password": u.Password, "ca_certificate": d.Authority.PEM,
		"cloud_soar_api_url": "local:" + filepath.Join(dir, "soar.db"),
	}, "--status-file", status, "--log-file", log)
	w.next(t)
	s := w.status(t, status, func(s runStatus) bool { return s.State == "waiting" })
	if s.Mailbox != u.Name || s.LastRun == nil || s.LastRun.Saved != 1 || s.OldestWaiting != nil || s.Outage != nil || s.LastError != nil {
		t.Errorf("after the first pass: %+v", s)
	}
	if err := os.Rename(log, log+".1"); err != nil {
		t.Fatal(err)
	}
	_ = w.cmd.Process.Signal(syscall.SIGHUP)

	d.Kill()
	s = w.status(t, status, func(s runStatus) bool { return s.State == "outage" })
	if s.OldestWaiting == nil || s.LastError == nil || !strings.Contains(s.LastError.Error, "cannot connect to") {
		t.Errorf("in the outage: %+v", s)
	}
	d.Restart()
	put("behind the outage")
	if got := w.next(t); len(got) != 1 || got[0].Subject != "behind the outage" {
		t.Errorf("behind the outage: %+v", got)
	}
	w.status(t, status, func(s runStatus) bool { return s.State == "waiting" && s.Outage == nil })

	d.Kill()
	d.WriteFile("users", "another@corp.example:{PLAIN}x::::::\n")
	d.Restart()
	s = w.status(t, status, func(s runStatus) bool {
		return s.State == "outage" && strings.Contains(s.LastError.Error, "cannot log in to")
	})
	if text, err := os.ReadFile(log); err != nil || !strings.Contains(string(text), "mailbox="+u.Name) {
		t.Errorf("the log behind SIGHUP: %q, %v", text, err)
	}
	_ = w.cmd.Process.Signal(syscall.SIGTERM)
	if err := w.cmd.Wait(); err != nil {
		t.Errorf("%v: %s", err, w.stderr.String())
	}
	lines := strings.Split(strings.TrimSpace(w.stderr.String()), "\n")
	for i, want := range []string{"cannot go on: cannot connect to", "goes on, after", "it tries again in 15m0s and then less and less often"} {
		if !slices.ContainsFunc(lines, func(l string) bool { return strings.Contains(l, want) }) {
			t.Errorf("line %d, %q, is missing in %q", i, want, lines)
		}
	}
}
