package fleet_test

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	integration "example.org/imap-integration"
	"example.org/imap-integration/fleet"
	"example.org/imap-integration/mailbox/mailboxtest"
	"example.org/imap-integration/manifest"
	"example.org/imap-integration/soar/postgres/postgrestest"
	"example.org/imap-integration/transport/transporttest"
)

// TestMain lets more tests run at once than there are processors: they wait most of
// the time, for intervals that a fleet has.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "12"); err != nil {
		panic(err)
	}
	status := postgrestest.Run(m)
	if dovecot.server != nil {
		dovecot.server.Close()
	}
	os.Exit(status)
}

// dovecot is the mail server that all tests share.
var dovecot struct {
	once   sync.Once
	server *mailboxtest.Dovecot
	err    error
}

func sharedDovecot(t *testing.T) *mailboxtest.Dovecot {
	t.Helper()
	dovecot.once.Do(func() { dovecot.server, dovecot.err = mailboxtest.LaunchDovecot() })
	if errors.Is(dovecot.err, mailboxtest.ErrNoDovecot) && os.Getenv("CI") != "true" {
		t.Skipf("skipped: %v", dovecot.err)
	}
	if dovecot.err != nil {
		t.Fatal(dovecot.err)
	}
	return dovecot.server.For(t)
}

// patience is for anything to happen, on a busy machine.
const patience = 90 * time.Second

// world is a mail server, a database, receivers and the fleet between them.
type world struct {
	t        *testing.T
	dovecot  *mailboxtest.Dovecot
	database *postgrestest.Server
	name     string // of the database
	dir      string
	users    []mailboxtest.User
	receiver *receiver
	stdout   lines
	log      lines
	only     map[int]string // user → sinks in YAML
	sinks    string         // more of them, in YAML
	top      string         // more settings, in YAML
	lease    string         // "": short, so that nothing waits for one
	more     string         // more mailboxes, in YAML
	metrics  string         // address; "": none
}

// receiver is a webhook's server.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	status func(*http.Request) int
	keys   map[string]int // how often each was taken
}

func newReceiver(t *testing.T, authority *transporttest.Authority) *receiver {
	r := &receiver{keys: map[string]int{}}
	r.answer(http.StatusOK)
	r.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, call *http.Request) {
		r.mu.Lock()
		defer r.mu.Unlock()
		status := r.status(call)
		_, _ = io.Copy(io.Discard, call.Body)
		w.WriteHeader(status)
		if status == http.StatusOK {
			r.keys[call.Header.Get("Webhook-Id")]++
		}
	}))
	r.TLS = &tls.Config{Certificates: []tls.Certificate{authority.Issue(t, transporttest.Leaf{})}, MinVersion: tls.VersionTLS12}
	r.StartTLS()
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) answer(status int) { r.wants(func(*http.Request) int { return status }) }

// wants lets a function decide on each call.
func (r *receiver) wants(status func(*http.Request) int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status = status
}

func (r *receiver) taken() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.keys)
}

// lines is a writer that several goroutines use.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newWorld(t *testing.T, mailboxes int) *world {
	t.Helper()
	w := &world{t: t, dovecot: sharedDovecot(t), database: postgrestest.Start(t), dir: t.TempDir()}
	w.receiver = newReceiver(t, w.dovecot.Authority)
	w.name = w.database.Database(t)
	for range mailboxes {
		w.users = append(w.users, w.dovecot.NewUser())
	}
	for i, u := range w.users {
		w.file(fmt.Sprintf("password%d", i), u.Password+"\n")
	}
	w.file("database", w.database.URL(w.name)+"\n")
	w.file("secret", "Canary-webhook-secret")
	w.file("ca.pem", w.dovecot.Authority.PEM)
	return w
}

func (w *world) file(name, text string) string {
	w.t.Helper()
	path := filepath.Join(w.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
	return path
}

// behindRelay has the fleet reach the database through a relay.
func (w *world) behindRelay() *transporttest.Relay {
	relay := transporttest.NewRelay(w.t, w.database.Port)
	w.file("database", strings.Replace(w.database.URL(w.name), fmt.Sprint(":", w.database.Port), fmt.Sprint(":", relay.Port), 1))
	return relay
}

// config writes fleet.yaml.
func (w *world) config() string {
	var b strings.Builder
	b.WriteString(w.top)
	fmt.Fprintf(&b, "database_file: %s/database\nevery: 1s\nlease: %s\ndefaults:\n  imap_server: localhost\n  port: %d\n  ca_certificate: %q\n  timeout: 20\n", w.dir, cmp.Or(w.lease, "3s"), w.dovecot.TLS, w.dovecot.Authority.PEM)
	fmt.Fprintf(&b, "sinks:\n  - {name: out, type: stdout}\n  - {name: siem, type: webhook, url: %q, secret_file: %s/secret, ca_certificate_file: %s/ca.pem, backlog_age: 3s}\n", w.receiver.URL, w.dir, w.dir)
	b.WriteString(w.sinks + "mailboxes:\n")
	for i, u := range w.users {
		sinks := "[out, siem]"
		if only := w.only[i]; only != "" {
			sinks = only
		}
		fmt.Fprintf(&b, "  - {name: m%d, sinks: %s, username: %q, password_file: %s/password%d}\n", i, sinks, u.Name, w.dir, i)
	}
	return w.file("fleet.yaml", b.String()+w.more)
}

func decode(command string, parameters []byte) (*manifest.Values, error) {
	fields, err := manifest.New(integration.Files).Parameters(command)
	if err != nil {
		return nil, err
	}
	return manifest.Decode(command, fields, manifest.Input{Stdin: bytes.NewReader(parameters)}), nil
}

func (w *world) options(node string) fleet.Options {
	w.t.Helper()
	c, err := fleet.Load(w.config())
	if err != nil {
		w.t.Fatal(err)
	}
	c.Node = node
	return fleet.Options{Config: c, Decode: decode, Stdout: &w.stdout, Log: slog.New(slog.NewTextHandler(&w.log, nil)), Version: "test", Metrics: w.metrics}
}

// start runs a node until the test or stop ends it.
func (w *world) start(name string) (stop func()) {
	w.t.Helper()
	node, err := fleet.Open(w.t.Context(), w.options(name))
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := node.Run(ctx); err != nil {
			w.t.Error(err)
		}
	}()
	stop = sync.OnceFunc(func() { cancel(); <-ended })
	w.t.Cleanup(stop)
	return stop
}

func (w *world) deliver(user int, names ...string) {
	for _, n := range names {
		w.dovecot.Deliver(w.users[user], []byte("From: a@news.example\r\nSubject: "+n+"\r\nMessage-ID: <"+n+"@news.example>\r\n\r\nBody of "+n+".\r\n"), mailboxtest.Delivery{})
	}
}

// eventually waits for a condition.
func (w *world) eventually(what string, holds func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Fatalf("not within %s: %s\n%s", patience, what, tail(w.log.String()))
		}
	}
}

func tail(s string) string { return s[max(0, len(s)-6000):] }

func (w *world) sql(statement string) string {
	w.t.Helper()
	out, err := w.database.SQL(w.name, statement)
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

// complete checks that each of n emails is stored once, marked, and came to both sinks.
func (w *world) complete(n int) {
	w.t.Helper()
	w.eventually(fmt.Sprintf("%d emails at all sinks", n), func() bool {
		return w.receiver.taken() == n && w.sql(`SELECT (SELECT count(*) FROM emails), (SELECT count(*) FROM deliveries)`) == fmt.Sprintf("%d|0", n)
	})
	keys := map[string]bool{}
	for line := range strings.Lines(w.stdout.String()) {
		var m struct {
			Key, Mailbox string
			Email        struct{ Subject string }
		}
		if err := json.Unmarshal([]byte(line), &m); err != nil || m.Email.Subject == "" {
			w.t.Fatalf("line %.300s: %v", line, err)
		}
		keys[m.Key] = true
	}
	if stored := strings.Fields(w.sql(`SELECT source_key FROM emails`)); len(keys) != n || len(stored) != n {
		w.t.Errorf("%d keys came to standard output and %d are stored, of %d", len(keys), len(stored), n)
	}
	reports, sound, err := fleet.Audit(w.t.Context(), w.options("audit"), true)
	if err != nil || !sound {
		w.t.Errorf("audit: %+v %v", reports, err)
	}
}

// TestFleet: two nodes read three mailboxes; every email comes once into the
// store and to each sink, deliveries while they run included.
func TestFleet(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3)
	for i := range w.users {
		w.deliver(i, "a", "b", "c", "c2")
	}
	stop := w.start("one")
	w.start("two")
	w.complete(12)
	w.deliver(1, "late")
	w.complete(13)
	stop()
	w.deliver(2, "later")
	w.complete(14)
	status, err := fleet.ReadStatus(t.Context(), w.options("status").Config, slog.New(slog.DiscardHandler))
	if err != nil || len(status.Nodes) != 1 || status.Nodes[0].Name != "two" || !status.Nodes[0].Alive || len(status.Mailboxes) != 3 || status.Mailboxes[0].Saved != 4 {
		t.Errorf("status: %+v %v", status, err)
	}
	for _, m := range status.Mailboxes {
		if m.Overdue != "" || m.CertificateUntil == nil || !m.Configured {
			t.Errorf("mailbox: %+v", m)
		}
	}
	log := w.log.String()
	if strings.Contains(log, "Canary") || strings.Contains(log, w.database.Password()) {
		t.Error("the log shows a secret")
	}
	if strings.Contains(log, "candidates=0") || !strings.Contains(log, "candidates=4") {
		t.Error("the log tells of passes that found nothing, or not of those that found something")
	}
}

// TestOutdatedNodeEnds: when a newer program upgrades the tables, a node of this one takes
// no more mailboxes and ends with a sentence, which a service manager answers with the
// program that is there now.
func TestOutdatedNodeEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	w.deliver(0, "a")
	node, err := fleet.Open(t.Context(), w.options("old"))
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- node.Run(t.Context()) }()
	w.complete(1)
	w.sql(`UPDATE versions SET version = version + 1 WHERE part = 'store'`)
	passes := w.sql(`SELECT sum(epoch) FROM mailboxes`)
	w.deliver(0, "for the newer one")
	select {
	case err := <-ended:
		if err == nil || !strings.Contains(err.Error(), "start the new version here too") {
			t.Errorf("it ended with %v", err)
		}
	case <-time.After(patience):
		t.Fatal("it goes on")
	}
	if got := w.sql(`SELECT count(*), count(*) FILTER (WHERE holder IS NOT NULL), (SELECT count(*) FROM nodes), sum(epoch) - ` + passes + ` FROM mailboxes`); got != "1|0|0|0" && got != "1|0|0|1" { // a pass may have begun before
		t.Errorf("mailboxes, held, nodes, passes behind the upgrade: %s", got)
	}
	if _, err := fleet.Open(t.Context(), w.options("old again")); err == nil || !strings.Contains(err.Error(), "use a newer imap-integration") {
		t.Errorf("it starts again: %v", err)
	}
}

// TestSlowSinkHoldsBack: a receiver that is away holds back the mailboxes that feed
// it, when its backlog is too old, and no others. When it is back all come.
func TestSlowSinkHoldsBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	w.only = map[int]string{1: "[out]"}
	w.receiver.answer(http.StatusServiceUnavailable)
	w.deliver(0, "waits")
	w.start("one")
	w.eventually("the sink holds back", func() bool { return strings.Contains(w.log.String(), "held_back=true") })
	w.eventually("no pass from before is under way", func() bool { return w.sql(`SELECT count(*) FROM mailboxes WHERE holder IS NOT NULL`) == "0" })
	w.deliver(0, "held")
	w.deliver(1, "goes on")
	w.eventually("the other mailbox is read", func() bool { return w.sql(`SELECT count(*) FROM emails WHERE subject_folded = 'goes on'`) == "1" })
	if n := w.sql(`SELECT count(*) FROM emails WHERE subject_folded = 'held'`); n != "0" {
		t.Error("a mailbox that is held back is read")
	}
	w.receiver.answer(http.StatusOK)
	w.eventually("all emails at the sink", func() bool { return w.receiver.taken() == 2 && w.sql(`SELECT count(*) FROM deliveries`) == "0" })
}

// TestDeadLetters: what the receiver refuses for good waits for a person, and holds nothing back.
func TestDeadLetters(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	w.receiver.answer(http.StatusBadRequest)
	w.deliver(0, "bad")
	w.start("one")
	w.eventually("a dead letter", func() bool { return w.sql(`SELECT count(*) FROM deliveries WHERE dead`) == "1" })
	w.receiver.answer(http.StatusOK)
	w.deliver(0, "good")
	w.eventually("the next email", func() bool { return w.receiver.taken() == 1 })
	c := w.options("replay").Config
	if n, err := fleet.Replay(t.Context(), c, "siem", slog.New(slog.DiscardHandler)); err != nil || n != 1 {
		t.Fatalf("replayed %d, %v", n, err)
	}
	if _, err := fleet.Replay(t.Context(), c, "none", slog.New(slog.DiscardHandler)); err == nil {
		t.Error("a sink that is not there was replayed")
	}
	w.complete(2)
}
