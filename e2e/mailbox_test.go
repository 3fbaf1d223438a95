//go:build unix

package e2e_test

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"example.org/imap-integration/mailbox/mailboxtest"
	"example.org/imap-integration/transport/transporttest"
)

func subjects(objects []object) []string {
	got := []string{}
	for _, o := range objects {
		got = append(got, o.Status+" "+o.Subject)
	}
	return got
}

// TestUIDValidity: I25, I26 and I28, on both stores, with a checkpoint and by the store alone.
func TestUIDValidity(t *testing.T) {
	t.Parallel()
	for _, state := range []string{"checkpoint", "store"} {
		t.Run(state, func(t *testing.T) {
			t.Parallel()
			forBothStores(t, mailboxtest.ScriptOptions{Emails: numbered(101, 6)}, func(t *testing.T, s *scene) {
				s.params["email_fetch_type"] = "from_latest"
				old := s.server.Emails()
				want := func(what string, subjects ...string) {
					t.Helper()
					if state == "store" {
						s.checkpoint = ""
						delete(s.params, "checkpoint")
					}
					got := s.daemon(t)
					var came []string
					for _, o := range got {
						came = append(came, o.Subject)
					}
					if !slices.Equal(came, subjects) {
						t.Errorf("%s: %v came, want %v", what, came, subjects)
					}
				}
				serve := func(validity uint32, emails ...mailboxtest.ScriptMail) {
					s.server.Change(func(o *mailboxtest.ScriptOptions) { o.UIDValidity, o.Emails = validity, emails })
				}
				extra := func(uid uint32, name string) mailboxtest.ScriptMail {
					return mailboxtest.ScriptMail{UID: uid, Raw: []byte("From: a@one.example\r\nSubject: " + name + "\r\n\r\nBody\r\n")}
				}
				want("the first run", "mail 0", "mail 1", "mail 2", "mail 3", "mail 4", "mail 5")
				want("again")
				serve(8, old...)
				want("another UIDVALIDITY, the same UIDs")
				lower := slices.Clone(old)
				for i := range lower {
					lower[i].UID = uint32(i + 1)
				}
				serve(9, append(lower, extra(7, "new"))...)
				want("numbered from 1", "new")
				want("numbered from 1, again")
				serve(7, append(slices.Clone(old), extra(110, "new"), extra(111, "newer"))...)
				want("back to the first UIDVALIDITY", "newer")
				want("back to the first UIDVALIDITY, again")
				s.ledger(t, s.server.Emails())
			})
		})
	}
}

// TestMoreThanOneRunTakes: I35. 75 emails of one date, at most 50 a run.
func TestMoreThanOneRunTakes(t *testing.T) {
	t.Parallel()
	for _, fetch := range []string{"unseen", "from_latest"} {
		t.Run(fetch, func(t *testing.T) {
			t.Parallel()
			forBothStores(t, mailboxtest.ScriptOptions{Emails: numbered(1, 75)}, func(t *testing.T, s *scene) {
				s.params["email_fetch_type"], s.params["max_messages"] = fetch, 50
				for _, want := range []int{50, 25, 0} {
					if got := s.daemon(t); len(got) != want {
						t.Errorf("%d emails came, want %d", len(got), want)
					}
				}
				s.ledger(t, s.server.Emails())
			})
		})
	}
}

const (
	slowEmails = 120      // of 1 MB each
	slowMemory = 90 << 20 // bytes, over what a run without an email takes
)

// TestSlowConsumerLong: I49. The mailbox answers faster than Cloud SOAR takes emails: memory is bounded by the budget, not by the mailbox.
func TestSlowConsumerLong(t *testing.T) {
	t.Parallel()
	idle := newScene(t, mailboxtest.ScriptOptions{}).overREST(t)
	empty := idle.command(t, "incoming-mail-daemon").begin(t)
	base := watchMemory(empty)
	if got := idle.take(t, empty); len(got) != 0 {
		t.Fatalf("%d emails of none", len(got))
	}
	s := newScene(t, mailboxtest.ScriptOptions{Emails: large(slowEmails, 1<<20)}).overREST(t)
	s.params["cloud_soar_requests_per_second"], s.params["max_messages"] = 100, 0
	p := s.command(t, "incoming-mail-daemon").begin(t)
	peak := watchMemory(p)
	if got := s.take(t, p); len(got) != slowEmails {
		t.Errorf("%d emails of %d: %s", len(got), slowEmails, p.stderr.String())
	}
	if peak == 0 || base == 0 {
		t.Log("skipped: this system does not tell the memory of a process")
	}
	t.Logf("%d MiB, without an email %d MiB", peak>>20, base>>20)
	if peak-base > slowMemory {
		t.Errorf("%d MiB of emails took %d MiB of memory over the %d MiB of a run without one", slowEmails, (peak-base)>>20, base>>20)
	}
	s.settle(t)
}

// watchMemory waits for the end of a process and returns the most memory that it had, in bytes; 0 where there is no /proc.
// What wait4 tells is no use: it counts the memory of the test, from which the process was started.
func watchMemory(p *process) (peak int64) {
	for {
		status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.Process.Pid))
		if _, after, found := strings.Cut(string(status), "VmHWM:"); found {
			var kib int64
			if _, err := fmt.Sscan(after, &kib); err == nil {
				peak = max(peak, kib<<10)
			}
		}
		select {
		case <-p.ended:
			return peak
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// everySample are all emails of testdata, and some that only a test would write.
func everySample(t *testing.T) []mailboxtest.ScriptMail {
	t.Helper()
	var raws [][]byte
	for _, pattern := range []string{"../testdata/mail/*.eml", "../testdata/mail/*/*.eml", "../testdata/outlook/*.eml"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			raw, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			raws = append(raws, raw)
		}
	}
	if len(raws) < 60 {
		t.Fatalf("only %d samples: the test shows nothing", len(raws))
	}
	names := []string{"../../etc/cron.d/x", "/etc/passwd", `C:\\x`, `..\\x`, "%2e%2e/", "~/x", "-rf", ".", "", "a\x00b", strings.Repeat("n", 4096), "\u202efdp.exe", "CON", "a:b", "dot.", "\xff\xfe"}
	var parts strings.Builder
	for _, n := range names {
		fmt.Fprintf(&parts, "--b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=\"%s\"\r\n\r\nx\r\n", n)
	}
	raws = append(raws,
		[]byte("Subject: names\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"+parts.String()+"--b--\r\n"),
		[]byte("Subject: \xff\xfe \xed\xa0\x80 \x00 \u2028 \\ud800\r\nFrom: \"\xc3\x28\" <a@b.example>\r\nX-\xff: y\r\n__proto__: x\r\n\r\n\xed\xa0\x80\x00\u2028\u2029\xff\x1b[31m\r\n"),
		bytes.Repeat([]byte{0}, 1<<20),
		[]byte("Subject: all bytes\r\n\r\n"+string(func() (all []byte) {
			for i := range 256 {
				all = append(all, byte(i))
			}
			return all
		}())),
	)
	var emails []mailboxtest.ScriptMail
	known := map[string]bool{}
	for _, raw := range raws {
		if len(raw) > 0 && !known[string(raw)] {
			known[string(raw)] = true
			emails = append(emails, mailboxtest.ScriptMail{UID: uint32(len(emails) + 1), Raw: raw})
		}
	}
	return emails
}

// TestRawRoundTrip: M39, P18 and A01. Every sample goes through the program
// into both stores: the raw bytes are the same, the output is strict JSON, and
// no file is written under a name from an email.
func TestRawRoundTrip(t *testing.T) {
	t.Parallel()
	forBothStores(t, mailboxtest.ScriptOptions{Emails: everySample(t)}, func(t *testing.T, s *scene) {
		s.params["max_messages"] = 0
		before := namesBelow(t, s.dir)
		p := s.command(t, "incoming-mail-daemon").begin(t)
		objects := s.take(t, p)
		emails := s.server.Emails()
		if len(objects) != len(emails) {
			t.Fatalf("%d objects for %d emails: %s", len(objects), len(emails), p.stderr.String())
		}
		strict(t, p.stdout.Bytes())
		for i, o := range objects {
			sum := sha256.Sum256(emails[i].Raw)
			if o.UID != emails[i].UID || o.SHA256 != hex.EncodeToString(sum[:]) || o.Status != "saved" {
				t.Errorf("UID %d: %s, SHA-256 %s, want %x", o.UID, o.Status, o.SHA256, sum)
			}
		}
		s.ledger(t, emails)
		for _, name := range namesBelow(t, s.dir) {
			if !slices.Contains(before, name) && !strings.HasPrefix(name, "soar.db") {
				t.Errorf("written: %q", name)
			}
		}
		s.settle(t)
	})
}

// strict: valid UTF-8 and JSON, one document and a newline, no lone surrogate, no control character.
func strict(t *testing.T, text []byte) {
	t.Helper()
	if !utf8.Valid(text) || !json.Valid(text) || bytes.Count(text, []byte("\n")) != 1 || text[len(text)-1] != '\n' {
		t.Error("the output is no strict JSON")
	}
	for rest := text; ; {
		_, after, found := bytes.Cut(rest, []byte(`\ud`))
		if !found {
			return
		}
		if len(after) < 9 || after[0] < '8' || after[0] > 'b' || !bytes.HasPrefix(after[3:], []byte(`\ud`)) {
			if !bytes.HasPrefix(after, []byte("800")) || !bytes.HasSuffix(rest[:len(rest)-len(after)], []byte(`\\ud`)) {
				t.Errorf("a lone surrogate: %.20q", after)
			}
		}
		rest = after
	}
}

func namesBelow(t *testing.T, dir string) []string {
	t.Helper()
	var names []string
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		names = append(names, f.Name())
	}
	return names
}

// TestLogInjection: S05 and I37. What an email and a server say is one escaped line each of the log.
func TestLogInjection(t *testing.T) {
	t.Parallel()
	evil := "x\r\n 2026-11-23 ERROR fake =?utf-8?q?a=0A2026-11-23_ERROR_fake=1B[31m=1B]52;c;YQ=3D=3D=07?= \x1b[2J %s%n"
	raws := []string{
		"From: a@one.example\r\nSubject: " + evil + "\r\nMessage-ID: <\x1b[31m@x>\r\n\r\nBody-Canary\r\n",
		"From: a@one.example\r\nSubject: " + strings.Repeat("long ", 200_000) + "\r\n\r\nBody-Canary\r\n",
		"From: a@one.example\r\nSubject: kept out " + evil + "\r\n\r\nBody-Canary\r\n",
	}
	var emails []mailboxtest.ScriptMail
	for i, raw := range raws {
		emails = append(emails, mailboxtest.ScriptMail{UID: uint32(i + 1), Raw: []byte(raw)})
	}
	alert := func(c *mailboxtest.ScriptConn, cmd mailboxtest.Command) bool {
		if cmd.WantsBody() {
			c.Say("* OK [ALERT] \x1b[31mcall 555\x07\r\n")
		}
		return false
	}
	s := newScene(t, mailboxtest.ScriptOptions{Emails: emails, Hook: alert})
	s.params["not_subject"] = "kept out"
	file := filepath.Join(s.dir, "run.log")
	s.log = []string{"--log-file", file, "--log-level", "debug"}
	if got := s.daemon(t); len(got) != 2 {
		t.Errorf("%d emails of 2", len(got))
	}
	text, err := os.ReadFile(file)
	if err != nil || len(text) == 0 {
		t.Fatalf("no log: %v", err)
	}
	for i, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
		if !strings.HasPrefix(line, "time=") || len(line) > 32<<10 || strings.ContainsAny(line, "\x1b\x07\r") || strings.Contains(line, "Canary") {
			t.Errorf("line %d of the log: %.300q", i+1, line)
		}
	}
}

// TestWrongPassword: T22. A run tries the login once; the right password mends it.
func TestWrongPassword(t *testing.T) {
	t.Parallel()
	const runs = 5
	s := newScene(t, mailboxtest.ScriptOptions{Emails: numbered(1, 3), Hook: func(c *mailboxtest.ScriptConn, cmd mailboxtest.Command) bool {
		if !isLogin(cmd.Name) {
			return false
		}
		c.Say("%s NO [AUTHENTICATIONFAILED] no\r\n", cmd.Tag)
		return true
	}})
	for range runs {
		p := s.command(t, "incoming-mail-daemon").begin(t)
		s.take(t, p)
		if p.ProcessState.ExitCode() != 1 || !strings.Contains(p.stderr.String(), "password") {
			t.Errorf("exit %d: %s", p.ProcessState.ExitCode(), p.stderr.String())
		}
	}
	logins := 0
	for _, c := range s.server.Commands() {
		if isLogin(c) {
			logins++
		}
	}
	if logins != runs || s.server.Connections() != runs {
		t.Errorf("%d logins over %d connections in %d runs", logins, s.server.Connections(), runs)
	}
	s.settle(t)
}

// TestOldTLS: T13. A server that speaks TLS 1.0 and 1.1 only hears no credential.
func TestOldTLS(t *testing.T) {
	t.Parallel()
	authority := transporttest.NewAuthority(t, "CA")
	old := &tls.Config{
		Certificates: []tls.Certificate{authority.Issue(t, transporttest.Leaf{})},
		MinVersion:   tls.VersionTLS10, MaxVersion: tls.VersionTLS11,
	}
	for name, o := range map[string]mailboxtest.ScriptOptions{
		"ssl_tls":  {TLS: old},
		"starttls": {StartTLS: old, Capabilities: "IMAP4rev1 STARTTLS SASL-IR AUTH=PLAIN"},
	} {
		for _, untrusted := range []bool{false, true} {
			s := newScene(t, o)
			s.params["imap_server"], s.params["connection_security"], s.params["ca_certificate"] = "localhost", name, authority.PEM
			s.params["allow_untrusted_certificates"] = untrusted
			p := s.command(t, "incoming-mail-daemon").begin(t)
			s.take(t, p)
			if p.ProcessState.ExitCode() != 1 || !strings.Contains(p.stderr.String(), "TLS 1.2") || s.server.Got(password) {
				t.Errorf("%s, untrusted %v: exit %d, %s", name, untrusted, p.ProcessState.ExitCode(), p.stderr.String())
			}
		}
	}
}

// TestAudit: S09, C10 and S12. The audit names what is missing, and changes nothing.
func TestAudit(t *testing.T) {
	t.Parallel()
	forBothStores(t, mailboxtest.ScriptOptions{Emails: numbered(1, 5)}, func(t *testing.T, s *scene) {
		audit := func(want int, says ...string) {
			t.Helper()
			before := len(s.server.Commands())
			p := s.command(t, "audit").begin(t)
			if status := p.status(t); status != want {
				t.Errorf("exit %d, want %d: %s", status, want, p.stderr.String())
			}
			for _, word := range says {
				if !strings.Contains(p.stdout.String(), word) {
					t.Errorf("%q is not in %s", word, p.stdout.String())
				}
			}
			for _, c := range s.server.Commands()[before:] {
				if strings.Contains(c, "STORE") || strings.HasPrefix(c, "SELECT") {
					t.Errorf("the audit sent %q", c)
				}
			}
		}
		audit(0, `"messages":5`, `"in_store":0`, `"not_taken_yet":5`, "not taken yet")
		strict := s.command(t, "audit")
		strict.Args = append(strict.Args, "--strict")
		if status := strict.begin(t).status(t); status != 1 {
			t.Errorf("--strict: exit %d, want 1", status)
		}
		s.daemon(t)
		audit(0, `"in_store":5`, `"missing":[]`, `"doubled":[]`)
		s.server.Change(func(o *mailboxtest.ScriptOptions) {
			o.Emails = append(o.Emails, mailboxtest.ScriptMail{UID: 9, Raw: []byte("Subject: read elsewhere\r\n\r\nx\r\n"), Flags: []string{`\Seen`}})
		})
		audit(1, `"in_store":5`, "read elsewhere", `"uid":9`)
	})
}

// TestScopes: C10, C19, C21 and C22. What makes an email another mail, and what does not.
func TestScopes(t *testing.T) {
	t.Parallel()
	forBothStores(t, mailboxtest.ScriptOptions{Emails: []mailboxtest.ScriptMail{
		{UID: 1, Raw: []byte("Subject: one\r\nMessage-ID: <same@x>\r\n\r\none\r\n")},
		{UID: 2, Raw: []byte("Subject: two\r\nMessage-ID: <same@x>\r\n\r\ntwo\r\n")},
	}}, func(t *testing.T, s *scene) {
		s.params["mark_as_seen"] = false
		again := func(what string, want ...string) {
			t.Helper()
			s.checkpoint = ""
			delete(s.params, "checkpoint")
			if got := subjects(s.daemon(t)); !slices.Equal(got, want) {
				t.Errorf("%s: %q, want %q", what, got, want)
			}
		}
		s.params["subject"] = "one"
		again("a filter", "saved one")
		delete(s.params, "subject")
		again("no filter, the same Message-ID", "existed one", "saved two")
		s.params["mailbox_account"] = "other@corp.example"
		again("another account", "saved one", "saved two")
		s.params["mailbox_account"] = " SOC@corp.example "
		again("the first account, written otherwise", "existed one", "existed two")
		if s.rest == nil {
			for _, f := range []string{"", "-wal", "-shm"} {
				_ = os.Remove(s.store + f)
			}
			again("a store that was deleted", "saved one", "saved two")
		}
	})
}
