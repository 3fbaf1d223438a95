//go:build unix

package e2e_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os/exec"
	"path/filepath"
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

func watch(t *testing.T, params map[string]any) *watching {
	t.Helper()
	input, err := json.Marshal(params)
	if err != nil {
		t.Fatal(err)
	}
	w := &watching{cmd: exec.Command(binary, "incoming-mail-daemon", "--watch"), lines: make(chan []object, 100)}
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
	for deadline := time.Now().Add(patience); len(d.Mails(u, "Done", false)) < 4; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d of 4 emails were moved", len(d.Mails(u, "Done", false)))
		}
	}
	_ = w.cmd.Process.Signal(syscall.SIGTERM)
	if err := w.cmd.Wait(); err != nil || w.stderr.Len() > 0 {
		t.Errorf("%v: %s", err, w.stderr.String())
	}
	if n := len(d.Mails(u, "INBOX", false)) + len(d.Mails(u, "Reports", false)); n != 0 {
		t.Errorf("%d emails were not moved", n)
	}
}
