//go:build unix

// The tests of this package run the program as a process of its own: what a
// machine does to it (signals, limits, full disks, other programs).
package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"example.org/imap-integration/mailbox/mailboxtest"
	"example.org/imap-integration/soar"
	"example.org/imap-integration/soar/foreigntest"
	"example.org/imap-integration/soar/local"
	"example.org/imap-integration/soar/postgres/postgrestest"
)

const (
	password = "Canary-rows-51d0c7"
	patience = 60 * time.Second // for anything to happen, on a busy machine
)

// binary is the program under test.
var binary string

func TestMain(m *testing.M) {
	if measure() {
		return
	}
	dir, err := os.MkdirTemp("", "rows-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	binary = filepath.Join(dir, "imap-integration")
	// What the image holds: also for the speed of it, as one way to compile is enough.
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", binary, "../cmd/imap-integration")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "go build: %v\n%s", err, out)
		os.Exit(1)
	}
	status := postgrestest.Run(m)
	_ = os.RemoveAll(dir)
	os.Exit(status)
}

// scene is a mailbox, a store and what was handed over so far.
type scene struct {
	server     *mailboxtest.Script
	dir        string
	store      string // path of the SQLite file
	rest       *httptest.Server
	foreign    *foreigntest.Server // in the place of Cloud SOAR
	params     map[string]any
	handed     []uint32
	checkpoint string
	log        []string // flags for a log
}

// newScene starts a mail server with these emails; the store is a local one.
func newScene(t *testing.T, o mailboxtest.ScriptOptions) *scene {
	t.Helper()
	if o.UIDValidity == 0 {
		o.UIDValidity = 7
	}
	s := &scene{server: mailboxtest.NewScript(t, o), dir: t.TempDir()}
	s.store = filepath.Join(s.dir, "soar.db")
	s.params = map[string]any{
		"imap_server": s.server.Host, "port": s.server.Port, "connection_security": "none", "timeout": 20,
		"username": "soc@corp.example", "password": password, "cloud_soar_api_url": "local:" + s.store,
	}
	return s
}

// overREST puts the store behind the API of Cloud SOAR.
func (s *scene) overREST(t *testing.T) *scene {
	t.Helper()
	ctx := context.Background()
	store, err := local.Open(ctx, s.store, local.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	keys, _, err := store.Keys(ctx, false)
	if err != nil {
		t.Fatal(err)
	}
	handler, err := local.NewHandler(ctx, store, local.HandlerOptions{})
	if err != nil {
		t.Fatal(err)
	}
	s.rest = httptest.NewServer(handler)
	t.Cleanup(s.rest.Close)
	maps.Copy(s.params, map[string]any{"cloud_soar_api_url": s.rest.URL, "jwt_token": keys.JWT, "cloud_soar_requests_per_second": 0})
	return s
}

// forBothStores runs a test on a local store and over REST.
func forBothStores(t *testing.T, o mailboxtest.ScriptOptions, test func(*testing.T, *scene)) {
	t.Run("local", func(t *testing.T) { t.Parallel(); test(t, newScene(t, o)) })
	t.Run("REST", func(t *testing.T) { t.Parallel(); test(t, newScene(t, o).overREST(t)) })
}

// process is the program while it runs.
type process struct {
	*exec.Cmd
	stdout, stderr bytes.Buffer
	ended          chan struct{}
}

// command prepares an action of the program, with a command in front where wrap is given.
func (s *scene) command(t *testing.T, action string, wrap ...string) *process {
	t.Helper()
	if s.checkpoint != "" && action == "incoming-mail-daemon" {
		s.params["checkpoint"] = s.checkpoint
	}
	input, err := json.Marshal(s.params)
	if err != nil {
		t.Fatal(err)
	}
	args := append(append(slices.Clone(wrap), binary, action), s.log...)
	p := &process{Cmd: exec.Command(args[0], args[1:]...), ended: make(chan struct{})}
	p.Dir, p.Stdin, p.Cmd.Stdout, p.Cmd.Stderr = s.dir, bytes.NewReader(input), &p.stdout, &p.stderr
	return p
}

// begin starts it; it ends with the test at the latest.
func (p *process) begin(t *testing.T) *process {
	t.Helper()
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { _ = p.Wait(); close(p.ended) }()
	t.Cleanup(func() { _ = p.Process.Kill(); <-p.ended })
	return p
}

// status waits for the end and returns the exit status, -1 for a signal.
func (p *process) status(t *testing.T) int {
	t.Helper()
	select {
	case <-p.ended:
	case <-time.After(patience):
		t.Fatalf("the program does not end: %s", p.stderr.String())
	}
	return p.ProcessState.ExitCode()
}

// object is what these tests look at of the daemon's objects.
type object struct {
	UID         uint32
	Status      string
	Subject     string
	SHA256      string
	Checkpoint  string
	Attachments []struct{ Filename string }
}

// take notes what a run handed over. A run that failed must say so in one line.
func (s *scene) take(t *testing.T, p *process) []object {
	t.Helper()
	if status := p.status(t); status != 0 {
		if said := p.stderr.String(); strings.Count(said, "\n") != 1 || strings.Contains(said, password) || p.stdout.Len() > 0 {
			t.Errorf("exit %d with %q on standard error, %d bytes on standard output", status, said, p.stdout.Len())
		}
		return nil
	}
	if p.stderr.Len() > 0 && !slices.Contains(s.log, "-") {
		t.Errorf("standard error of a success: %s", p.stderr.String())
	}
	var objects []object
	if err := json.Unmarshal(p.stdout.Bytes(), &objects); err != nil {
		t.Fatalf("the result is no JSON: %v", err)
	}
	for _, o := range objects {
		s.handed, s.checkpoint = append(s.handed, o.UID), o.Checkpoint
	}
	return objects
}

// daemon runs once and must succeed.
func (s *scene) daemon(t *testing.T) []object {
	t.Helper()
	p := s.command(t, "incoming-mail-daemon").begin(t)
	objects := s.take(t, p)
	if p.status(t) != 0 {
		t.Fatalf("the daemon failed: %s", p.stderr.String())
	}
	return objects
}

// settle lets the server behave and runs until nothing is new; then each email was saved once and handed over.
func (s *scene) settle(t *testing.T) {
	t.Helper()
	s.server.Behave()
	for n := 0; len(s.daemon(t)) > 0; n++ {
		if n == 5 {
			t.Fatalf("the daemon does not come to rest: %v", s.handed)
		}
	}
	for _, m := range s.server.Emails() {
		if !slices.Contains(s.handed, m.UID) {
			t.Errorf("UID %d was never handed over", m.UID)
		}
	}
	s.ledger(t, s.server.Emails())
}

// ledger: the store holds each of these emails once, byte for byte, and nothing else.
func (s *scene) ledger(t *testing.T, emails []mailboxtest.ScriptMail) {
	t.Helper()
	held := s.held(t)
	for _, m := range emails {
		if n := held[string(m.Raw)]; n != 1 {
			t.Errorf("UID %d is in the store %d times", m.UID, n)
		}
		delete(held, string(m.Raw))
	}
	for raw := range held {
		t.Errorf("the store holds what the mailbox does not: %.200q", raw)
	}
}

// held counts the raw emails of the store.
func (s *scene) held(t *testing.T) map[string]int {
	t.Helper()
	if s.foreign != nil && s.foreign.Emails {
		held := map[string]int{}
		for _, e := range s.foreign.Held() {
			held[string(e.Raw)]++
		}
		return held
	}
	ctx := context.Background()
	store, err := local.Open(ctx, s.store, local.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	held := map[string]int{}
	for number := 1; ; number++ {
		page, err := store.Search(ctx, soar.Query{PageSize: 100, PageNumber: number})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page.Records {
			raw, err := store.EML(ctx, r.ID, 0)
			if err != nil {
				t.Fatal(err)
			}
			held[string(raw)]++
		}
		if len(page.Records) < 100 {
			return held
		}
	}
}

// seenOnlyHanded: what is marked read was handed over.
func (s *scene) seenOnlyHanded(t *testing.T) {
	t.Helper()
	for _, m := range s.server.Emails() {
		if m.HasFlag(`\Seen`) && !slices.Contains(s.handed, m.UID) {
			t.Errorf("UID %d is marked read but was not handed over", m.UID)
		}
	}
}

// numbered are n small emails with the UIDs from first on and one date.
func numbered(first, n int) []mailboxtest.ScriptMail {
	var emails []mailboxtest.ScriptMail
	for i := range n {
		emails = append(emails, mailboxtest.ScriptMail{UID: uint32(first + i), Raw: fmt.Appendf(nil, "From: a@one.example\r\nSubject: mail %d\r\n\r\nBody %d\r\n", i, i)})
	}
	return emails
}

// large is n emails of about a size in bytes.
func large(n, size int) []mailboxtest.ScriptMail {
	emails := numbered(1, n)
	for i := range emails {
		random := rand.New(rand.NewPCG(1, uint64(i)))
		for end := len(emails[i].Raw) + size; len(emails[i].Raw) < end; { // what the store cannot make smaller
			emails[i].Raw = fmt.Appendf(emails[i].Raw, "%016x %016x %016x %016x\r\n", random.Uint64(), random.Uint64(), random.Uint64(), random.Uint64())
		}
	}
	return emails
}

// stalling makes a hook that answers the n-th FETCH of bodies half and then waits until the test lets it go on.
func stalling(t *testing.T) (hook mailboxtest.Hook, reached, release chan struct{}) {
	reached, release = make(chan struct{}), make(chan struct{})
	first := make(chan struct{}, 1)
	first <- struct{}{}
	return func(c *mailboxtest.ScriptConn, cmd mailboxtest.Command) bool {
		if !cmd.WantsBody() || strings.Contains(cmd.Args, "HEADER") {
			return false
		}
		select {
		case <-first:
		default:
			return false
		}
		emails := c.Selected(cmd)
		c.Say("* 1 FETCH (UID %d BODY[] {%d}\r\n", emails[0].UID, len(emails[0].Raw))
		c.Write(emails[0].Raw[:len(emails[0].Raw)/2])
		close(reached)
		for c.Wait(10 * time.Millisecond) {
			select {
			case <-release:
				c.Hangup()
				return true
			default:
			}
		}
		return true
	}, reached, release
}

// await waits for a channel.
func await(t *testing.T, c <-chan struct{}) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(patience):
		t.Fatal("it did not come to that")
	}
}
