package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"example.org/imap-integration/mailbox/mailboxtest"
)

// mode is a kind of store, a fetch type, and what is done in the mailbox.
type mode struct {
	name       string
	fromLatest bool
	open       func(dir string) (ledger, error)
	folders    []string       // that are read; nil: INBOX
	change     map[string]any // parameters
	byCopy     bool           // the server does not offer MOVE
}

// done is the folder that modes with a move move to.
const done = "Done"

// mailboxModes are those in which more is done with the mailbox than marking.
func mailboxModes() []mode {
	move := map[string]any{"after_import": "move", "after_import_target": done}
	keyword := map[string]any{"after_import": "keyword", "after_import_target": "$Imported"}
	three := []string{"INBOX", "Reports", "Junk"}
	return []mode{
		{name: "local/unseen, move", open: openLocal, change: move},
		{name: "local/from_latest, move", open: openLocal, fromLatest: true, change: move},
		{name: "local/unseen, move by copy", open: openLocal, change: move, byCopy: true},
		{name: "local/from_latest, move by copy", open: openLocal, fromLatest: true, change: move, byCopy: true},
		{name: "local/unseen, keyword", open: openLocal, change: keyword},
		{name: "local/from_latest, keyword", open: openLocal, fromLatest: true, change: keyword},
		{name: "local/unseen, three folders", open: openLocal, folders: three},
		{name: "local/from_latest, three folders", open: openLocal, fromLatest: true, folders: three},
		{name: "local/unseen, three folders, move", open: openLocal, folders: three, change: move},
		{name: "rest, knows keys/unseen, move", open: openServed, change: move},
	}
}

// ledger is a store seen from outside.
type ledger interface {
	params() map[string]any
	keys() (map[string]int, error) // records by source key
	close()
}

func modes() []mode {
	var all []mode
	for _, s := range []struct {
		name string
		open func(string) (ledger, error)
	}{{"local", openLocal}, {"rest, knows keys", openServed}, {"rest, ignores keys", openForgetful}} {
		all = append(all, mode{name: s.name + "/unseen", open: s.open}, mode{name: s.name + "/from_latest", open: s.open, fromLatest: true})
	}
	return append(all, mailboxModes()...)
}

// outcome is what one fault point led to. stray are the emails that are in no folder
// of the run or in several, were moved and not saved, or lack the keyword.
type outcome struct{ lost, twice, neverOut, stray int }

// quietRuns bounds the runs until nothing more comes.
const quietRuns = 10

// stage makes a mailbox and a store with a first run behind it, and new emails that wait.
func (b *bench) stage(m mode) (*scene, error) {
	dir, err := os.MkdirTemp(b.dir, "point")
	if err != nil {
		return nil, err
	}
	store, err := m.open(dir)
	if err != nil {
		return nil, err
	}
	s := &scene{b: b, m: m, dir: dir, store: store, user: b.dovecot.NewUser(), out: map[string]bool{}, port: b.dovecot.TLS}
	if err := s.layOut(); err != nil {
		return nil, err
	}
	s.deliver(0, 1) // from_latest begins with a first run that saw something
	err = s.quiet()
	s.deliver(1, b.emails)
	return s, err
}

// layOut makes the folders, and hides MOVE where the mode says so.
func (s *scene) layOut() error {
	for _, name := range append([]string{done}, s.m.folders...) {
		if name != "INBOX" {
			s.b.dovecot.CreateFolder(s.user, name)
		}
	}
	if !s.m.byCopy {
		return nil
	}
	relay, err := newCutter(s.b.dovecot.Plain, 1<<40)
	if err != nil {
		return err
	}
	relay.hidesMove = true
	s.after = append(s.after, func() { relay.listener.Close() })
	s.port = relay.port()
	return nil
}

func (s *scene) close() {
	s.store.close()
	for _, f := range s.after {
		f()
	}
	s.b.dovecot.Remove(s.user)
	os.RemoveAll(s.dir)
}

// point hurts a run at a fault point, runs on until quiet, and compares.
func (b *bench) point(m mode, f fault, at int) (outcome, error) {
	s, err := b.stage(m)
	if err != nil {
		return outcome{}, err
	}
	defer s.close()
	if err := f.strike(s, at); err != nil {
		return outcome{}, err
	}
	if err := s.quiet(); err != nil {
		return outcome{}, err
	}
	return s.compare()
}

// scene is one mailbox and store, with what has been handed over so far.
type scene struct {
	b          *bench
	m          mode
	dir        string
	store      ledger
	user       mailboxtest.User
	want       []string        // source keys
	out        map[string]bool // sha256 handed over
	checkpoint string
	port       int      // of the mail server
	after      []func() // what is to be undone
}

func (s *scene) deliver(from, to int) {
	for i := from; i < to; i++ {
		raw := fmt.Sprintf("From: sender%d@news.example\r\nTo: soc@corp.example\r\nSubject: email %d\r\nMessage-ID: <%d@news.example>\r\n\r\nBody of email %d.\r\n%s", i, i, i, i, strings.Repeat("x", i*7%900))
		if n := len(s.m.folders); n > 0 && i%n > 0 {
			s.b.dovecot.Append(s.user, s.m.folders[i%n], []byte(raw), mailboxtest.Delivery{})
		} else {
			s.b.dovecot.Deliver(s.user, []byte(raw), mailboxtest.Delivery{})
		}
		sum := sha256.Sum256([]byte(s.user.Name + "\x00" + raw))
		s.want = append(s.want, hex.EncodeToString(sum[:]))
	}
}

func (s *scene) parameters(change map[string]any) []byte {
	p := map[string]any{
		"imap_server": "localhost", "port": s.port, "username": s.user.Name, "password": s.user.Password,
		"ca_certificate": s.b.dovecot.Authority.PEM, "max_messages": 0, "cloud_soar_requests_per_second": 0,
	}
	for k, v := range s.store.params() {
		p[k] = v
	}
	if s.m.fromLatest {
		p["email_fetch_type"], p["checkpoint"] = "from_latest", s.checkpoint
	}
	if s.m.byCopy {
		p["connection_security"] = "none"
	}
	if s.m.folders != nil {
		p["folder"] = strings.Join(s.m.folders, ", ")
	}
	for _, more := range []map[string]any{s.m.change, change} {
		for k, v := range more {
			p[k] = v
		}
	}
	data, _ := json.Marshal(p)
	return data
}

// quiet runs until nothing more comes.
func (s *scene) quiet() error {
	for range quietRuns {
		var stdout, stderr bytes.Buffer
		if err := s.command(nil, &stdout, &stderr).Run(); err != nil {
			return fmt.Errorf("an unhurt run failed: %w: %s", err, stderr.String())
		}
		n, err := s.take(stdout.Bytes())
		if err != nil || n == 0 {
			return err
		}
	}
	return fmt.Errorf("after %d runs there is still something new", quietRuns)
}

// take remembers what a complete result hands over.
func (s *scene) take(result []byte) (int, error) {
	var objects []struct {
		Status, SHA256, Checkpoint string
	}
	if err := json.Unmarshal(result, &objects); err != nil {
		return 0, fmt.Errorf("the result is no JSON array: %w", err)
	}
	for _, o := range objects {
		s.out[o.SHA256] = true
		s.checkpoint = o.Checkpoint
	}
	return len(objects), nil
}

// trace is a run under ptrace, with a signal at a fault point (0: none). The
// platform takes its result only when it is whole.
func (s *scene) trace(at int, signal syscall.Signal) (*traced, error) {
	in, out := filepath.Join(s.dir, "in"), filepath.Join(s.dir, "out")
	if err := os.WriteFile(in, s.parameters(nil), 0o600); err != nil {
		return nil, err
	}
	stdin, err := os.Open(in)
	if err != nil {
		return nil, err
	}
	defer stdin.Close()
	stdout, err := os.Create(out)
	if err != nil {
		return nil, err
	}
	defer stdout.Close()
	t, err := trace([]string{s.b.binary, "incoming-mail-daemon"}, [3]*os.File{stdin, stdout, stdout}, os.Environ(), at, signal)
	if err != nil {
		return t, err
	}
	if data, err := os.ReadFile(out); err == nil && json.Valid(data) {
		_, err = s.take(data)
		return t, err
	}
	if at == 0 {
		return t, fmt.Errorf("the run that only counts did not hand over")
	}
	return t, nil
}

// compare holds the store and what was handed over against the mailbox.
func (s *scene) compare() (o outcome, err error) {
	keys, err := s.store.keys()
	if err != nil {
		return o, err
	}
	for _, k := range s.want {
		switch n := keys[k]; {
		case n == 0:
			o.lost++
		case n > 1:
			o.twice++
		}
	}
	o.neverOut = len(s.want) - len(s.out)
	o.stray = s.strays(keys)
	return o, nil
}

// strays looks at the folders after the last run.
func (s *scene) strays(saved map[string]int) (n int) {
	if s.m.change == nil {
		return 0
	}
	moves := s.m.change["after_import"] == "move"
	places := map[string]int{}
	folders := s.m.folders
	if folders == nil {
		folders = []string{"INBOX"}
	}
	for _, name := range append([]string{done}, folders...) {
		for _, m := range s.b.dovecot.Emails(s.user, name, true) {
			sum := sha256.Sum256([]byte(s.user.Name + "\x00" + string(m.Raw)))
			key := hex.EncodeToString(sum[:])
			places[key]++
			if moves && (name != done || saved[key] == 0) || !moves && !m.HasFlag("$Imported") {
				n++ // not moved by the last run, moved though not saved, or not marked
			}
		}
	}
	for _, k := range s.want {
		if places[k] != 1 {
			n++
		}
	}
	return n
}
