//go:build unix

package e2e_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"example.org/imap-integration/mailbox/mailboxtest"
	"example.org/imap-integration/soar/postgres/postgrestest"
	"example.org/imap-integration/transport/transporttest"
)

// The storm in make test is short and small; make fleet-test makes it long.
var (
	stormTime      = flag.Duration("fleet.storm", 12*time.Second, "how long TestFleetStorm kills, stops and cuts")
	stormMailboxes = flag.Int("fleet.mailboxes", 6, "mailboxes of TestFleetStorm")
	stormEmails    = flag.Int("fleet.emails", 6, "emails of each mailbox before the storm")
	stormLease     = flag.Duration("fleet.lease", 3*time.Second, "lease of the fleet in TestFleetStorm")
	stormEvery     = flag.Duration("fleet.every", 1500*time.Millisecond, "time between two faults of TestFleetStorm")
	stormStop      = flag.Duration("fleet.stop", 6*time.Second, "how long TestFleetStorm stops a process, at least; more than its lease")
	stormSeed      = flag.Uint64("fleet.seed", 1, "order of the faults of TestFleetStorm")
)

// storm is a fleet of three processes and everything that it meets.
type storm struct {
	t         *testing.T
	dovecot   *mailboxtest.Dovecot
	database  *postgrestest.Server
	mail      *transporttest.Relay // between the fleet and Dovecot
	wire      *transporttest.Relay // between the fleet and PostgreSQL
	name      string
	dir       string
	users     []mailboxtest.User
	delivered int
	random    *rand.Rand
	did       map[string]int // faults by their kind

	mu     sync.Mutex
	keys   map[string]int // that came to the webhook
	nodes  []*node
	ending bool
	done   sync.WaitGroup
}

// node is a process that is started again when it ends.
type node struct {
	name    string
	process *exec.Cmd
	stopped bool // by SIGSTOP
	away    bool // not started again
}

func newStorm(t *testing.T, mailboxes int, lease time.Duration) *storm {
	t.Helper()
	s := &storm{
		t: t, dovecot: mailboxtest.StartDovecot(t), database: postgrestest.StartOwn(t), dir: t.TempDir(), keys: map[string]int{}, did: map[string]int{},
		random: rand.New(rand.NewPCG(*stormSeed, 0)),
	}
	s.mail, s.wire = transporttest.NewRelay(t, s.dovecot.TLS), transporttest.NewRelay(t, s.database.Port)
	var err error
	if s.name, err = s.database.NewDatabase(); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.keys[r.Header.Get("Webhook-Id")]++
	}))
	t.Cleanup(server.Close)
	s.write("secret", "Canary-storm-webhook-secret")
	s.write("database", strings.Replace(s.database.URL(s.name), fmt.Sprint(":", s.database.Port), fmt.Sprint(":", s.wire.Port), 1))
	var b strings.Builder
	fmt.Fprintf(&b, "database_file: %s/database\nevery: 1s\nlease: %s\nconnections_per_server: 20\ndefaults:\n  imap_server: localhost\n  port: %d\n  ca_certificate: %q\n  timeout: 15\n",
		s.dir, lease, s.mail.Port, s.dovecot.Authority.PEM)
	fmt.Fprintf(&b, "sinks:\n  - {name: lines, type: stdout}\n  - {name: siem, type: webhook, url: %q, secret_file: %s/secret}\nmailboxes:\n", server.URL, s.dir)
	for i := range mailboxes {
		u := s.dovecot.NewUser()
		s.users = append(s.users, u)
		s.write(fmt.Sprint("password", i), u.Password)
		fmt.Fprintf(&b, "  - {name: m%d, username: %q, password_file: %s/password%d}\n", i, u.Name, s.dir, i)
	}
	s.write("fleet.yaml", b.String())
	return s
}

func (s *storm) write(name, text string) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

func (s *storm) deliver(user int) {
	s.delivered++
	n := fmt.Sprintf("storm-%d", s.delivered)
	s.dovecot.Deliver(s.users[user], []byte("From: a@news.example\r\nSubject: "+n+"\r\nMessage-ID: <"+n+"@news.example>\r\n\r\n"+strings.Repeat("Body of "+n+".\r\n", 20)), mailboxtest.Delivery{})
}

// command is the program on this fleet.
func (s *storm) command(args ...string) *exec.Cmd {
	return exec.Command(binary, append(args, "--config", filepath.Join(s.dir, "fleet.yaml"))...)
}

// keep runs a node and starts it again whenever it ends.
func (s *storm) keep(n *node) {
	s.t.Helper()
	out, err := os.OpenFile(filepath.Join(s.dir, "lines"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		s.t.Fatal(err)
	}
	s.done.Go(func() {
		defer out.Close()
		for {
			s.mu.Lock()
			if s.ending || n.away {
				s.mu.Unlock()
				return
			}
			c := s.command("fleet", "--log-file", filepath.Join(s.dir, "log"))
			c.Stdout = out
			err := c.Start()
			n.process, n.stopped = c, false
			s.mu.Unlock()
			if err != nil {
				s.t.Error(err)
				return
			}
			_ = c.Wait()
			time.Sleep(300 * time.Millisecond) // a service manager waits too
		}
	})
}

// signal sends a signal to a node, if it runs.
func (s *storm) signal(n *node, sig syscall.Signal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n.process != nil && n.process.Process != nil {
		_ = n.process.Process.Signal(sig)
		n.stopped = sig == syscall.SIGSTOP
	}
}

// sql asks psql, also while the database restarts.
func (s *storm) sql(statement string) string {
	s.t.Helper()
	out, err := s.database.SQL(s.name, statement)
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

// TestFleetStorm: three processes read mailboxes into PostgreSQL while they are
// killed and stopped, the database and the mail server are cut off, and emails come
// in. In the end every email is there once, every sink has every key, and no
// process that had lost its turn changed anything. A service manager hears how a node is.
func TestFleetStorm(t *testing.T) {
	t.Parallel()
	s := newStorm(t, *stormMailboxes, *stormLease)
	for range *stormEmails {
		for i := range s.users {
			s.deliver(i)
		}
	}
	if out, err := s.command("fleet", "check").CombinedOutput(); err != nil || len(out) > 0 {
		t.Fatalf("fleet check: %v %s", err, out)
	}
	for i := range 3 {
		n := &node{name: fmt.Sprint("n", i)}
		s.nodes = append(s.nodes, n)
		s.keep(n)
	}
	s.await("the fleet to begin", func() bool {
		out, err := s.database.SQL(s.name, `SELECT count(*) FROM mailboxes`)
		return err == nil && out == fmt.Sprint(len(s.users))
	})
	s.sql(watchCommits)
	s.rage()
	s.settle()
	s.takeOver()
	s.serviced()
	s.judge()
}

// await waits for a condition.
func (s *storm) await(what string, holds func() bool) time.Duration {
	s.t.Helper()
	began := time.Now()
	limit := 3*time.Minute + *stormTime
	for !holds() {
		if time.Since(began) > limit {
			log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
			s.t.Fatalf("not within %s: %s\n%s", limit, what, log[max(0, len(log)-5000):])
		}
		time.Sleep(100 * time.Millisecond)
	}
	return time.Since(began)
}

// settle waits until nothing is cut any more and everything that was delivered is stored and handed over.
func (s *storm) settle() {
	s.t.Helper()
	s.mail.CutAfter(0)
	s.wire.CutAfter(0)
	want := fmt.Sprintf("%d|0", s.delivered)
	took := s.await(fmt.Sprintf("%d emails stored and handed over", s.delivered), func() bool {
		out, err := s.database.SQL(s.name, `SELECT (SELECT count(*) FROM emails), (SELECT count(*) FROM deliveries)`)
		return err == nil && out == want
	})
	s.t.Logf("%d emails of %d mailboxes; all at rest %s behind the storm", s.delivered, len(s.users), took.Round(time.Second))
}

// takeOver kills a node for good and waits until the others read its mailboxes.
func (s *storm) takeOver() {
	s.t.Helper()
	for _, n := range s.nodes {
		s.signal(n, syscall.SIGCONT)
	}
	dead := s.nodes[0]
	s.mu.Lock()
	dead.away = true
	s.mu.Unlock()
	s.signal(dead, syscall.SIGKILL)
	for i := range s.users {
		s.deliver(i)
	}
	want := fmt.Sprint(s.delivered)
	took := s.await("the others to take over", func() bool { return s.sql(`SELECT count(*) FROM emails`) == want })
	s.t.Logf("the mailboxes of a dead node were read %s after its death, with leases of %s", took.Round(100*time.Millisecond), *stormLease)
	if *stormLease == 30*time.Second && took > time.Minute {
		s.t.Errorf("that is more than a minute")
	}
	s.settle()
}

// judge compares what is there with what was delivered.
func (s *storm) judge() {
	s.t.Helper()
	if out := s.sql(`SELECT count(*), count(DISTINCT source_key), count(DISTINCT message_id) FROM emails`); out != fmt.Sprintf("%d|%d|%d", s.delivered, s.delivered, s.delivered) {
		s.t.Errorf("emails, keys, Message-IDs: %s of %d", out, s.delivered)
	}
	if out := s.sql(stale); out != "0|0" {
		s.t.Errorf("commits of stale holders, versions twice: %s", out)
	}
	s.t.Logf("faults: %v; %d and %d connections were reset; %s commits of %s holders, in the order of their epochs; the database refused %d of stale ones",
		s.did, s.wire.Cuts(), s.mail.Cuts(), s.sql(`SELECT count(*) FROM commits`), s.sql(`SELECT sum(epoch) FROM mailboxes`), s.database.Logged(refusal))
	if out, err := s.command("audit", "--all", "--strict").CombinedOutput(); err != nil {
		s.t.Errorf("audit: %v %.2000s", err, out)
	}
	s.end()
	for i, u := range s.users {
		if all, seen := len(s.dovecot.Emails(u, "INBOX", false)), len(s.dovecot.Seen(u)); all != seen {
			s.t.Errorf("mailbox %d: %d of %d emails are marked read", i, seen, all)
		}
	}
	lines := map[string]bool{}
	text, err := os.ReadFile(filepath.Join(s.dir, "lines"))
	if err != nil {
		s.t.Fatal(err)
	}
	for line := range bytes.Lines(text) {
		var m struct{ Key string }
		if json.Unmarshal(line, &m) == nil { // a kill may have cut a line; its email came again
			lines[m.Key] = true
		}
	}
	again := 0
	for _, times := range s.keys {
		again += times - 1
	}
	s.t.Logf("%d hand-overs came more than once", again)
	if len(lines) != s.delivered || len(s.keys) != s.delivered {
		s.t.Errorf("standard output has %d keys and the webhook %d, of %d", len(lines), len(s.keys), s.delivered)
	}
	if log, _ := os.ReadFile(filepath.Join(s.dir, "log")); bytes.Contains(log, []byte("Canary")) || bytes.Contains(log, []byte(s.database.Password())) {
		s.t.Error("the log shows a secret")
	}
}

// end stops all nodes in good order.
func (s *storm) end() {
	s.mu.Lock()
	s.ending = true
	s.mu.Unlock()
	for _, n := range s.nodes {
		s.signal(n, syscall.SIGTERM)
	}
	s.done.Wait()
}
