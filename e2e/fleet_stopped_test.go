//go:build unix

package e2e_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.org/imap-integration/mailbox/mailboxtest"
)

// TestStoppedNode: see stoppedNode.
func TestStoppedNode(t *testing.T) { t.Parallel(); stoppedNode(t, 3*time.Second, 6*time.Second) }

// TestStoppedNodeLong is the issue's own: 60 s, and the leases that a fleet has by default.
func TestStoppedNodeLong(t *testing.T) {
	t.Parallel()
	stoppedNode(t, 30*time.Second, time.Minute)
}

// begin runs a node under a name of its own.
func (s *storm) begin(name string) *process {
	s.t.Helper()
	config, err := os.ReadFile(filepath.Join(s.dir, "fleet.yaml"))
	if err != nil {
		s.t.Fatal(err)
	}
	s.write(name+".yaml", "node: "+name+"\n"+string(config))
	p := &process{Cmd: exec.Command(binary, "fleet", "--config", filepath.Join(s.dir, name+".yaml"), "--log-file", filepath.Join(s.dir, "log")), ended: make(chan struct{})}
	p.Cmd.Stdout, p.Cmd.Stderr = &p.stdout, &p.stderr
	return p.begin(s.t)
}

// stoppedNode stops a node in the middle of fetching an email and lets it go on after
// its turn went to another one. The rows say by their epochs who committed: the node
// that stood still is not among them from then on.
func stoppedNode(t *testing.T, lease, stopped time.Duration) {
	t.Helper()
	s := newStorm(t, 1, lease)
	s.delivered = 1
	s.dovecot.Deliver(s.users[0], []byte("From: a@news.example\r\nSubject: long\r\nMessage-ID: <storm-1@news.example>\r\n\r\n"+strings.Repeat("A long email. ", 60_000)), mailboxtest.Delivery{})
	s.mail.MuteAfter(100_000) // behind TLS and login, in the middle of the email
	first := s.begin("first")
	s.await("the first node to be in the middle of the email", s.mail.Muted)
	_ = first.Process.Signal(syscall.SIGSTOP)
	stood := time.Now()
	s.sql(watchCommits)
	if got := s.sql(`SELECT holder, epoch, version FROM mailboxes`); !strings.HasPrefix(got, "first|") || !strings.HasSuffix(got, "|0") {
		t.Fatalf("holder, epoch, commits: %s", got)
	}
	epoch := s.sql(`SELECT epoch FROM mailboxes`)
	s.mail.Speak() // the rest of the email waits in the socket of the node that stands still
	second := s.begin("second")
	s.settle()
	t.Logf("the mailbox was taken over and read %s after its node had stopped, with a lease of %s", time.Since(stood).Round(100*time.Millisecond), lease)
	if lease >= 30*time.Second && time.Since(stood) > time.Minute {
		t.Error("that is more than a minute")
	}
	committed := s.sql(`SELECT name, epoch, version FROM commits`)
	time.Sleep(stopped - time.Since(stood))
	_ = first.Process.Signal(syscall.SIGCONT)
	s.await("the first node to see that it lost the mailbox", func() bool {
		log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
		return bytes.Contains(log, []byte("lost a mailbox"))
	})
	if now := s.sql(`SELECT name, epoch, version FROM commits`); now != committed || now == "" {
		t.Errorf("commits before it went on: %s; after: %s", committed, now)
	}
	if n := s.sql(`SELECT count(*) FROM commits WHERE epoch <= ` + epoch); n != "0" {
		t.Errorf("the node that had stopped committed %s times", n)
	}
	for _, c := range []struct{ what, sql, want string }{
		{"emails", `SELECT count(*), count(DISTINCT source_key) FROM emails`, "1|1"},
		{"announced", `SELECT count(*) FROM announced`, "1"},
		{"stale", stale, "0|0"},
	} {
		if got := s.sql(c.sql); got != c.want {
			t.Errorf("%s: %s", c.what, got)
		}
	}
	for _, p := range []*process{first, second} {
		_ = p.Process.Signal(syscall.SIGTERM)
		if status := p.status(t); status != 0 || p.stderr.Len() > 0 {
			t.Errorf("a node ended with status %d, %s", status, p.stderr.String())
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.keys) != 1 {
		t.Errorf("the webhook has the keys %v", s.keys)
	}
	if out, err := s.command("audit", "--all", "--strict").CombinedOutput(); err != nil {
		t.Errorf("audit: %v %.2000s", err, out)
	}
}
