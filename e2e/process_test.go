//go:build unix

package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"example.org/imap-integration/mailbox/mailboxtest"
)

// endsWithin is the contract's 10 s after a signal, and what a busy machine adds.
const endsWithin = 15 * time.Second

// TestSignals: C03. The run is ended while it fetches, once and twice.
func TestSignals(t *testing.T) {
	t.Parallel()
	for name, signals := range map[string][]syscall.Signal{
		"SIGTERM": {syscall.SIGTERM}, "SIGINT": {syscall.SIGINT}, "SIGTERM twice": {syscall.SIGTERM, syscall.SIGTERM}, "both": {syscall.SIGINT, syscall.SIGTERM},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hook, reached, _ := stalling(t)
			s := newScene(t, mailboxtest.ScriptOptions{Emails: mailboxtest.FaultEmails(), Hook: hook})
			p := s.command(t, "incoming-mail-daemon").begin(t)
			await(t, reached)
			interrupt(t, p, signals...)
			if status := p.status(t); status != 0 && status != 130 && (len(signals) == 1 || status != -1) {
				t.Errorf("exit status %d: %s", status, p.stderr.String())
			}
			if p.status(t) == 0 {
				s.take(t, p)
			}
			s.seenOnlyHanded(t)
			s.settle(t)
		})
	}
}

// interrupt sends the signals and waits for the end.
func interrupt(t *testing.T, p *process, signals ...syscall.Signal) {
	t.Helper()
	began := time.Now()
	for i, sig := range signals {
		if i > 0 {
			time.Sleep(100 * time.Millisecond)
		}
		_ = p.Process.Signal(sig) // it may have ended
	}
	p.status(t)
	if took := time.Since(began); took > endsWithin {
		t.Errorf("it ended %s after the signal", took)
	}
}

// TestSignalWhilePosting: C03. The answer of Cloud SOAR is on its way when the run is ended.
func TestSignalWhilePosting(t *testing.T) {
	t.Parallel()
	s := newScene(t, mailboxtest.ScriptOptions{Emails: mailboxtest.FaultEmails()}).overREST(t)
	posting, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	store := s.rest.Config.Handler
	s.rest.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && !strings.Contains(r.URL.Path, "search") {
			once.Do(func() {
				close(posting)
				select {
				case <-release:
				case <-r.Context().Done():
				}
			})
		}
		store.ServeHTTP(w, r)
	})
	p := s.command(t, "incoming-mail-daemon").begin(t)
	await(t, posting)
	_ = p.Process.Signal(syscall.SIGTERM)
	time.AfterFunc(500*time.Millisecond, func() { close(release) })
	interrupt(t, p, syscall.SIGTERM)
	if p.ProcessState.ExitCode() == 0 {
		s.take(t, p)
	}
	s.seenOnlyHanded(t)
	s.settle(t)
}

// TestStopped: C27. The machine sleeps in the middle of an email, longer than the timeout.
func TestStopped(t *testing.T) {
	t.Parallel()
	hook, reached, release := stalling(t)
	s := newScene(t, mailboxtest.ScriptOptions{Emails: mailboxtest.FaultEmails(), Hook: hook})
	s.params["timeout"] = 2
	p := s.command(t, "incoming-mail-daemon").begin(t)
	await(t, reached)
	if err := p.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	time.Sleep(3 * time.Second)
	close(release) // the server has hung up meanwhile
	if err := p.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	s.take(t, p)
	if p.ProcessState.ExitCode() != 0 || len(s.handed) == 0 {
		t.Errorf("it does not go on: exit %d, %s", p.ProcessState.ExitCode(), p.stderr.String())
	}
	s.settle(t)
}

// smallDisk is a folder on a disk of this many bytes; grow makes it large.
func smallDisk(t *testing.T, size int) (dir string, grow func()) {
	t.Helper()
	dir = t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", fmt.Sprintf("size=%d", size), "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("skipped: a small disk needs root: %v %s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
			t.Errorf("umount: %v %s", err, out)
		}
	})
	return dir, func() {
		if out, err := exec.Command("mount", "-o", "remount,size=256m", dir).CombinedOutput(); err != nil {
			t.Fatalf("mount: %v %s", err, out)
		}
	}
}

// TestFullDisk: C04, for the store, the temporary files and the log.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	t.Run("store", func(t *testing.T) {
		t.Parallel()
		s := newScene(t, mailboxtest.ScriptOptions{Emails: large(10, 300<<10)})
		dir, grow := smallDisk(t, 1<<20)
		s.store = filepath.Join(dir, "soar.db")
		s.params["cloud_soar_api_url"] = "local:" + s.store
		p := s.command(t, "incoming-mail-daemon").begin(t)
		s.take(t, p)
		if len(s.handed) == 10 {
			t.Error("3 MB of emails on a disk of 1 MB")
		}
		if p.ProcessState.ExitCode() != 0 && !strings.Contains(p.stderr.String(), "full") {
			t.Errorf("it does not say that the disk is full: %s", p.stderr.String())
		}
		s.seenOnlyHanded(t)
		grow()
		s.settle(t)
	})
	t.Run("temporary files", func(t *testing.T) {
		t.Parallel()
		s := newScene(t, mailboxtest.ScriptOptions{Emails: large(15, 3<<20)})
		dir, grow := smallDisk(t, 1<<20)
		p := s.command(t, "incoming-mail-daemon")
		p.Env = append(os.Environ(), "TMPDIR="+dir)
		s.take(t, p.begin(t))
		s.seenOnlyHanded(t)
		grow()
		s.settle(t)
		if names, _ := os.ReadDir(dir); len(names) > 0 {
			t.Errorf("left in the folder for temporary files: %v", names)
		}
	})
	t.Run("no folder for temporary files", func(t *testing.T) {
		t.Parallel()
		s := newScene(t, mailboxtest.ScriptOptions{Emails: large(3, 3<<20)})
		p := s.command(t, "incoming-mail-daemon")
		p.Env = append(os.Environ(), "TMPDIR="+filepath.Join(s.dir, "none"))
		s.take(t, p.begin(t))
		s.seenOnlyHanded(t)
		s.settle(t)
	})
	t.Run("log", func(t *testing.T) {
		t.Parallel()
		s := newScene(t, mailboxtest.ScriptOptions{Emails: numbered(1, 20)})
		dir, _ := smallDisk(t, 4096)
		s.log = []string{"--log-file", filepath.Join(dir, "log"), "--log-level", "debug"}
		if got := s.daemon(t); len(got) != 20 {
			t.Errorf("%d emails of 20", len(got))
		}
		s.settle(t)
	})
}

// TestStoreIsRefusedBeforeTheLogin: C06. No server hears of a run that could not save.
func TestStoreIsRefusedBeforeTheLogin(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(dir string) (string, error){
		"missing folder": func(dir string) (string, error) { return filepath.Join(dir, "none", "soar.db"), nil },
		"folder":         func(dir string) (string, error) { return dir, nil },
		"file as folder": func(dir string) (string, error) {
			return filepath.Join(dir, "file", "soar.db"), os.WriteFile(filepath.Join(dir, "file"), []byte("x"), 0o600)
		},
		"symbolic link": func(dir string) (string, error) {
			link := filepath.Join(dir, "link.db")
			return link, os.Symlink(filepath.Join(dir, "elsewhere.db"), link)
		},
		"no right": func(string) (string, error) { return "/proc/soar.db", nil },
		"empty": func(dir string) (string, error) {
			file := filepath.Join(dir, "empty.db")
			return file, os.WriteFile(file, nil, 0o600)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t, mailboxtest.ScriptOptions{Emails: numbered(1, 3)})
			store, err := prepare(s.dir)
			if err != nil {
				t.Fatal(err)
			}
			s.params["cloud_soar_api_url"] = "local:" + store
			p := s.command(t, "incoming-mail-daemon").begin(t)
			s.take(t, p)
			if p.ProcessState.ExitCode() != 1 || !strings.Contains(p.stderr.String(), filepath.Base(store)) {
				t.Errorf("exit %d: %s", p.ProcessState.ExitCode(), p.stderr.String())
			}
			if s.server.Got(password) || slices.ContainsFunc(s.server.Commands(), isLogin) {
				t.Errorf("logged in all the same: %q", s.server.Commands())
			}
		})
	}
}

func isLogin(command string) bool {
	return strings.HasPrefix(command, "LOGIN") || strings.HasPrefix(command, "AUTHENTICATE")
}

// TestFewFiles: C07. Whatever number of open files is allowed, nothing is lost.
func TestFewFiles(t *testing.T) {
	t.Parallel()
	s := newScene(t, mailboxtest.ScriptOptions{Emails: large(4, 2<<20)})
	failed := 0
	for limit := 4; limit < 20; limit++ {
		p := s.command(t, "incoming-mail-daemon", "sh", "-c", fmt.Sprintf(`ulimit -n %d; exec "$@"`, limit), "sh").begin(t)
		switch p.status(t) {
		case 0:
			s.take(t, p)
		default: // the Go runtime itself may need more than there are; then it says so in its own words
			failed++
		}
		s.seenOnlyHanded(t)
	}
	if failed == 0 {
		t.Error("no limit was too low: this test shows nothing")
	}
	s.settle(t)
}

// TestLogReaderIsGone: C25. The reader of the log on standard error went away; standard output has a reader.
func TestLogReaderIsGone(t *testing.T) {
	t.Parallel()
	s := newScene(t, mailboxtest.ScriptOptions{Emails: numbered(1, 5)})
	s.log = []string{"--log-file", "-", "--log-level", "debug"}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	_ = r.Close()
	defer w.Close()
	p := s.command(t, "incoming-mail-daemon")
	p.Cmd.Stderr = w
	if got := s.take(t, p.begin(t)); len(got) != 5 {
		t.Errorf("exit %d, %d emails of 5", p.ProcessState.ExitCode(), len(got))
	}
	s.settle(t)
}

// TestCommandLine: S02. No secret stands in the arguments, and nothing is added to the environment.
func TestCommandLine(t *testing.T) {
	t.Parallel()
	hook, reached, release := stalling(t)
	s := newScene(t, mailboxtest.ScriptOptions{Emails: mailboxtest.FaultEmails(), Hook: hook})
	p := s.command(t, "incoming-mail-daemon").begin(t)
	await(t, reached)
	for _, name := range []string{"cmdline", "environ"} {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", p.Process.Pid, name))
		if err != nil {
			t.Skipf("skipped: no /proc here: %v", err)
		}
		if bytes.Contains(text, []byte("Canary")) {
			t.Errorf("%s holds the password", name)
		}
	}
	close(release)
	s.take(t, p)
	s.settle(t)
}

// TestModes: S06. Every file that a run makes is its owner's alone, while it runs and afterwards, under any umask.
func TestModes(t *testing.T) {
	t.Parallel()
	hook, reached, release := stalling(t)
	emails := large(3, 2<<20)
	s := newScene(t, mailboxtest.ScriptOptions{Emails: append(mailboxtest.FaultEmails(), mailboxtest.ScriptMail{UID: 20, Raw: emails[0].Raw}), Hook: hook})
	s.log = []string{"--log-file", filepath.Join(s.dir, "run.log"), "--log-level", "debug"}
	tmp := t.TempDir()
	p := s.command(t, "incoming-mail-daemon", "sh", "-c", `umask 0; exec "$@"`, "sh")
	p.Env = append(os.Environ(), "TMPDIR="+tmp)
	p.begin(t)
	await(t, reached)
	private(t, s.dir, 2)
	private(t, tmp, 0)
	close(release)
	s.take(t, p)
	private(t, s.dir, 2)
	if names, _ := os.ReadDir(tmp); len(names) > 0 {
		t.Errorf("left in the folder for temporary files: %v", names)
	}
	s.settle(t)
}

// private: all files of a folder are of mode 0600, and there are at least so many.
func private(t *testing.T, dir string, least int) {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil || len(files) < least {
		t.Errorf("%d files in %s, %v", len(files), dir, err)
	}
	for _, f := range files {
		if info, err := f.Info(); err == nil && info.Mode().Perm() != 0o600 {
			t.Errorf("%s has the mode %v", f.Name(), info.Mode())
		}
	}
}

// takeKilled notes what a killed run had written whole.
func (s *scene) takeKilled(p *process) {
	var objects []object
	if json.Unmarshal(p.stdout.Bytes(), &objects) != nil {
		return
	}
	for _, o := range objects {
		s.handed, s.checkpoint = append(s.handed, o.UID), o.Checkpoint
	}
}

// TestTwoAtOnce: C12 and C13. Two daemons on one mailbox and one store, then one after a killed one.
func TestTwoAtOnce(t *testing.T) {
	t.Parallel()
	forBothStores(t, mailboxtest.ScriptOptions{Emails: append(large(6, 100<<10), numbered(20, 30)...)}, func(t *testing.T, s *scene) {
		one, two := s.command(t, "incoming-mail-daemon"), s.command(t, "incoming-mail-daemon")
		one.begin(t)
		two.begin(t)
		for _, p := range []*process{one, two} {
			s.take(t, p)
		}
		s.checkpoint = ""
		s.settle(t)

		more := numbered(100, 20)
		for i := range more {
			more[i].Raw = append(more[i].Raw, "more\r\n"...)
		}
		s.server.Change(func(o *mailboxtest.ScriptOptions) { o.Emails = append(o.Emails, more...) })
		killed := s.command(t, "incoming-mail-daemon").begin(t)
		time.Sleep(30 * time.Millisecond)
		_ = killed.Process.Kill()
		killed.status(t)
		s.takeKilled(killed)
		s.settle(t)
	})
}
