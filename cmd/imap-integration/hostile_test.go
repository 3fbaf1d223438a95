package main

import (
	"bytes"
	"context"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"example.org/imap-integration/mailbox/mailboxtest"
	"example.org/imap-integration/soar"
	"example.org/imap-integration/soar/local"
)

const (
	hostileTimeout  = 2                // seconds, the parameter
	hostileDeadline = 40 * time.Second // of one run with that timeout, on a busy machine
	hostileAtOnce   = 10
	hostileRuns     = 4 // after which a server that behaves has nothing new
	hostilePassword = "Canary-hostile-7f3a"
)

// TestDaemonAgainstHostileServers runs the daemon against every fault, then
// against the same server as it should be, until there is nothing new: each
// mail must be in the store once, byte for byte, and have been handed over;
// nothing else may be there, and nothing is marked read before its time.
func TestDaemonAgainstHostileServers(t *testing.T) {
	// Not t.Parallel: these runs wait, and more of them than there are cores can do that at once.
	var all sync.WaitGroup
	room := make(chan struct{}, hostileAtOnce)
	for i, fault := range mailboxtest.Faults() {
		for j, mode := range []string{"unseen", "from_latest"} {
			if testing.Short() && i%2 != j {
				continue
			}
			all.Go(func() {
				room <- struct{}{}
				defer func() { <-room }()
				t.Run(fault.Name+"/"+mode, func(t *testing.T) { newHostileRun(t, fault, mode).play(t, fault) })
			})
		}
	}
	all.Wait()
}

// hostileRun is a server, a store, and what was handed over so far.
type hostileRun struct {
	server  *mailboxtest.Script
	store   string
	params  map[string]any
	handed  []uint32
	lastOne string // checkpoint
}

func newHostileRun(t *testing.T, fault mailboxtest.Fault, mode string) *hostileRun {
	o := mailboxtest.ScriptOptions{Emails: mailboxtest.FaultEmails(), UIDValidity: 7}
	fault.Apply(&o)
	r := &hostileRun{server: mailboxtest.NewScript(t, o), store: filepath.Join(t.TempDir(), "soar.db")}
	r.params = map[string]any{
		"imap_server": r.server.Host, "port": r.server.Port, "connection_security": "none", "timeout": hostileTimeout,
		"username": "soc@corp.example", "password": hostilePassword, "email_fetch_type": mode,
		"cloud_soar_api_url": "local:" + r.store,
	}
	return r
}

func (r *hostileRun) play(t *testing.T, fault mailboxtest.Fault) {
	status, sentence := r.daemon(t)
	if status != 0 && !fault.Stops {
		t.Errorf("the first run: exit %d, %s", status, sentence)
	}
	if r.params["email_fetch_type"] == "unseen" {
		r.checkSeen(t)
	}
	r.checkStore(t, nil, false)
	r.server.Behave()
	for n, before := 0, -1; len(r.handed) != before; n++ {
		if n == hostileRuns {
			t.Fatalf("the daemon does not come to rest: %v", r.handed)
		}
		before = len(r.handed)
		if status, sentence := r.daemon(t); status != 0 {
			t.Fatalf("the server behaves now: exit %d, %s", status, sentence)
		}
	}
	for _, m := range mailboxtest.FaultEmails() {
		if !slices.Contains(r.handed, m.UID) {
			t.Errorf("UID %d was never handed over", m.UID)
		}
	}
	r.checkStore(t, fault.Lost, true)
}

// daemon runs once, with the last checkpoint as a rule would.
func (r *hostileRun) daemon(t *testing.T) (status int, sentence string) {
	t.Helper()
	if r.lastOne != "" {
		r.params["checkpoint"] = r.lastOne
	}
	input, err := json.Marshal(r.params)
	if err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	began := time.Now()
	status = run([]string{"incoming-mail-daemon"}, bytes.NewReader(input), &out, &errs, func(string) string { return "" })
	if took := time.Since(began); took > hostileDeadline {
		t.Errorf("the run took %v", took)
	}
	sentence = errs.String()
	if status == 0 && sentence != "" || status != 0 && strings.Count(sentence, "\n") != 1 {
		t.Errorf("exit %d with %q on standard error", status, sentence)
	}
	for _, no := range []string{hostilePassword, "\x1b", "\x07"} {
		if strings.Contains(sentence, no) {
			t.Errorf("standard error holds %q: %q", no, sentence)
		}
	}
	if status != 0 {
		return status, sentence
	}
	var emails []struct {
		UID        uint32
		Checkpoint string
	}
	if err := json.Unmarshal(out.Bytes(), &emails); err != nil {
		t.Fatal(err)
	}
	for _, m := range emails {
		r.handed, r.lastOne = append(r.handed, m.UID), m.Checkpoint
	}
	return status, sentence
}

// checkSeen: what is marked read has been handed over.
func (r *hostileRun) checkSeen(t *testing.T) {
	t.Helper()
	for _, m := range r.server.Emails() {
		if m.HasFlag(`\Seen`) && !slices.Contains(r.handed, m.UID) {
			t.Errorf("UID %d is marked read but was not handed over", m.UID)
		}
	}
}

// checkStore: nothing foreign, nothing partial, nothing twice; in the end, all but what was lost.
func (r *hostileRun) checkStore(t *testing.T, lost []uint32, all bool) {
	t.Helper()
	ctx := context.Background()
	s, err := local.Open(ctx, r.store, local.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	page, err := s.Search(ctx, soar.Query{PageSize: 1000})
	if err != nil {
		t.Fatal(err)
	}
	times := map[string]int{}
	for _, record := range page.Records {
		if record.SHA256 == "" {
			continue
		}
		raw, err := s.EML(ctx, record.ID, 0)
		if err != nil {
			t.Errorf("mail %s: %v", record.ID, err)
		}
		times[string(raw)]++
	}
	for _, m := range mailboxtest.FaultEmails() {
		if n := times[string(m.Raw)]; n > 1 || all && n == 0 && !slices.Contains(lost, m.UID) {
			t.Errorf("UID %d is in the store %d times", m.UID, n)
		}
		delete(times, string(m.Raw))
	}
	for raw := range times {
		t.Errorf("the store holds a mail that the server does not: %.100q", raw)
	}
}
