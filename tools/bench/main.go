// Command bench measures the built program against the raw drain and against
// what users run today, whole processes in turn, and prints medians and ratios.
//
//	go run ./tools/bench bulk     10,000 emails over TLS into a new local store
//	go run ./tools/bench poll     a mailbox of 100,000 emails with nothing new
//	go run ./tools/bench latency  500 emails, and the poll, at 20, 50 and 100 ms round trip
//	go run ./tools/bench memory   peak memory: many emails, ten of 50 MB, one of 10,000 parts
//	go run ./tools/bench parse    megabytes a second of the mail reader on the bulk mailbox's emails
//	go run ./tools/bench fleet    10,000 emails into PostgreSQL; 1,000 mailboxes polled once a minute
//	go run ./tools/bench start    email-subject-regex on an inline text, start to exit
//
// BENCH_MAILS and BENCH_ROUNDS set other counts. BENCH_AGAINST names other
// builds of the program, separated by spaces (an older one, one that is being
// tried), which bulk measures beside this one in the same rounds.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

	"example.org/imap-integration/mailbox/mailboxtest"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("which one? bulk, poll, latency, memory, parse, start or fleet")
	}
	if args[0] == "drain" {
		return drain(args[1:])
	}
	if args[0] == "parse" {
		return parse(number("BENCH_ROUNDS", 5))
	}
	lab, err := newLab()
	if err != nil {
		return err
	}
	defer lab.close()
	switch args[0] {
	case "bulk":
		return lab.bulk()
	case "poll":
		return lab.poll()
	case "latency":
		return lab.latency()
	case "memory":
		return lab.memory()
	case "start":
		return lab.start()
	case "fleet":
		return lab.fleet()
	}
	return fmt.Errorf("unknown benchmark %q", args[0])
}

// lab is where the measuring is done: the program, a Dovecot, a folder for what comes and goes.
type lab struct {
	dir, binary string
	dovecot     *mailboxtest.Dovecot
	caFile      string
	rounds      int
	stores      int
}

func newLab() (*lab, error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return nil, err
	}
	l := &lab{dir: dir, binary: filepath.Join(dir, "imap-integration"), caFile: filepath.Join(dir, "ca.pem"), rounds: number("BENCH_ROUNDS", 5)}
	build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", l.binary, "./cmd/imap-integration")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("cannot build the program: %w: %s", err, out)
	}
	if l.dovecot, err = mailboxtest.LaunchDovecot(); err != nil {
		return nil, err
	}
	return l, os.WriteFile(l.caFile, []byte(l.dovecot.Authority.PEM), 0o600)
}

func (l *lab) close() {
	if l.dovecot != nil {
		l.dovecot.Close()
	}
	os.RemoveAll(l.dir)
}

func number(name string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil && n > 0 {
		return n
	}
	return otherwise
}

// fill gives a new mailbox n emails of a corpus.
func (l *lab) fill(c corpus, n int, seen bool) (mailboxtest.User, int64) {
	u := l.dovecot.NewUser()
	var total int64
	for i := range n {
		raw := c.mail(i)
		total += int64(len(raw))
		l.dovecot.Deliver(u, raw, mailboxtest.Delivery{Seen: seen})
	}
	l.dovecot.Status(u, "INBOX") // the server's index is made now, not in the first run
	return u, total
}

func (l *lab) newStore() string {
	l.stores++
	return filepath.Join(l.dir, fmt.Sprintf("store%d.db", l.stores))
}

// dropStores removes what earlier runs saved.
func (l *lab) dropStores() error {
	old, err := filepath.Glob(filepath.Join(l.dir, "store*.db*"))
	for _, f := range old {
		os.Remove(f)
	}
	return err
}

// daemon is the program's run on this mailbox, into a new store each time.
func (l *lab) daemon(name string, u mailboxtest.User, port, want int, more map[string]any) *contestant {
	return l.daemonOf(l.binary, name, u, port, want, more)
}

// daemonOf is the same run of another build of the program.
func (l *lab) daemonOf(binary, name string, u mailboxtest.User, port, want int, more map[string]any) *contestant {
	c := &contestant{name: name, prepare: l.dropStores}
	c.command = func() *exec.Cmd {
		p := map[string]any{
			"imap_server": "localhost", "port": port, "username": u.Name, "password": u.Password, "ca_certificate": l.dovecot.Authority.PEM,
			"cloud_soar_api_url": "local:" + l.newStore(), "mark_as_seen": false, "max_messages": 0,
		}
		for k, v := range more {
			p[k] = v
		}
		data, _ := json.Marshal(p)
		cmd := exec.Command(binary, "incoming-mail-daemon")
		cmd.Stdin = bytes.NewReader(data)
		return cmd
	}
	c.check = func(out []byte) error {
		if n := bytes.Count(out, []byte(`"cloud_soar_mail_id":"`)); n != want {
			return fmt.Errorf("%d objects, want %d", n, want)
		}
		return nil
	}
	return c
}

func (l *lab) drain(name string, u mailboxtest.User, port int) *contestant {
	self, _ := os.Executable()
	return &contestant{name: name, command: func() *exec.Cmd {
		return exec.Command(self, "drain", net.JoinHostPort("localhost", strconv.Itoa(port)), u.Name, u.Password, l.caFile)
	}}
}

// python is the peer that does what a plain Python integration does; nil without python3.
func (l *lab) python(u mailboxtest.User, port int) *contestant {
	exe, err := exec.LookPath("python3")
	if err != nil {
		return nil
	}
	return &contestant{name: "python3: imaplib and email", prepare: l.dropStores, command: func() *exec.Cmd {
		return exec.Command(exe, "tools/bench/vendor_shape.py", "localhost", strconv.Itoa(port), u.Name, u.Password, l.caFile, l.newStore())
	}}
}
