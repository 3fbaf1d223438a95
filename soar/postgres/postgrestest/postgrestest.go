// Package postgrestest starts a private PostgreSQL from the machine's packages
// for tests: as an ordinary user, in a folder of its own, on a port of loopback
// that nobody else has, with passwords and TLS. It knows how to end it as a
// machine would, and to start it again. Tests only; never in the program.
package postgrestest

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"example.org/imap-integration/transport/transporttest"
)

const (
	user   = "soar"
	nobody = 65534            // who runs it when the tests run as root: initdb refuses uid 0
	wait   = 60 * time.Second // to start or stop on a busy machine; it takes 0.2 s on an idle one
	tries  = 5                // ports that another process took meanwhile
)

// ErrNone says that PostgreSQL is not installed.
var ErrNone = errors.New("PostgreSQL is not installed (Debian: apt-get install postgresql)")

// Server is a private PostgreSQL.
type Server struct {
	Host      string // "localhost", the name in its certificate
	Port      int
	Authority *transporttest.Authority // of its certificate

	bin, dir, password string
	settings           []string

	mu      sync.Mutex
	process *exec.Cmd
	exited  chan struct{}
	made    int // databases
}

// programs finds the folder with all of its programs: Debian's of the newest
// version, which is not on the PATH, else that of the PATH.
func programs() (string, error) {
	if !supported {
		return "", ErrNone
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	slices.Sort(found)
	slices.Reverse(found)
	if path, err := exec.LookPath("initdb"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			found = append(found, filepath.Dir(path))
		}
	}
	for _, bin := range found {
		if !slices.ContainsFunc([]string{"initdb", "postgres", "pg_isready", "psql"}, func(name string) bool {
			_, err := os.Stat(filepath.Join(bin, name))
			return err != nil
		}) {
			return bin, nil
		}
	}
	return "", ErrNone
}

// Installed reports whether there is a PostgreSQL. In CI there must be one.
func Installed() bool {
	_, err := programs()
	return err == nil || os.Getenv("CI") == "true"
}

// Launch makes and starts a PostgreSQL with these settings (name=value) besides its
// own; Close ends and removes it.
func Launch(settings ...string) (*Server, error) {
	bin, err := programs()
	if err != nil {
		return nil, err
	}
	authority, err := transporttest.MakeAuthority("Postgrestest CA")
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "postgres")
	if err != nil {
		return nil, err
	}
	s := &Server{Host: "localhost", Authority: authority, bin: bin, dir: dir, password: "Canary-" + rand.Text(), settings: settings}
	if err := errors.Join(s.layOut(), s.start()); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// layOut makes the folder, the certificate and the cluster.
func (s *Server) layOut() error {
	if _, _, err := s.Authority.WriteLeaf(transporttest.Leaf{}, s.dir); err != nil {
		return err
	}
	if err := os.WriteFile(s.path("password"), []byte(s.password), 0o600); err != nil {
		return err
	}
	if os.Getuid() == 0 {
		if err := s.giveAway(); err != nil {
			return err
		}
	}
	init := s.command("initdb", "-D", s.path("data"), "-U", user, "--pwfile", s.path("password"), "--auth", "scram-sha-256",
		"--encoding", "UTF8", "--locale", "C", "--no-sync")
	if out, err := init.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	return nil
}

// giveAway gives the folder to nobody.
func (s *Server) giveAway() error {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		err = errors.Join(err, os.Chown(s.path(e.Name()), nobody, nobody), os.Chmod(s.path(e.Name()), 0o600))
	}
	return errors.Join(err, os.Chown(s.dir, nobody, nobody), os.Chmod(s.dir, 0o700))
}

func (s *Server) path(name string) string { return filepath.Join(s.dir, name) }

// command prepares one of its programs as the ordinary user.
func (s *Server) command(name string, args ...string) *exec.Cmd {
	c := exec.Command(filepath.Join(s.bin, name), args...)
	c.Dir, c.Env = "/", []string{"PATH=/usr/bin:/bin", "LC_ALL=C", "TZ=UTC"}
	asOrdinaryUser(c)
	return c
}

// start takes a free port and launches; another process may have taken it meanwhile, hence the further tries.
func (s *Server) start() (err error) {
	for range tries {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		s.Port = l.Addr().(*net.TCPAddr).Port
		_ = l.Close()
		if err = s.launch(); err == nil {
			return nil
		}
	}
	return err
}

// launch runs postgres in the foreground and waits until it answers.
func (s *Server) launch() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	log, err := os.OpenFile(s.path("log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := s.command("postgres", "-D", s.path("data"), "-p", fmt.Sprint(s.Port), "-h", "127.0.0.1", "-k", s.dir,
		"-c", "fsync=off", "-c", "max_connections=250", "-c", "shared_buffers=32MB", "-c", "max_wal_size=256MB",
		"-c", "ssl=on", "-c", "ssl_cert_file="+s.path("cert.pem"), "-c", "ssl_key_file="+s.path("key.pem"))
	for _, setting := range s.settings {
		cmd.Args = append(cmd.Args, "-c", setting)
	}
	cmd.Stdout, cmd.Stderr = log, log
	endWithParent(cmd)
	started, exited := make(chan error), make(chan struct{})
	go func() {
		// Pdeathsig fires when the starting thread ends, so this one is kept.
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait()
		}
		close(exited)
	}()
	if err := <-started; err != nil {
		return err
	}
	s.process, s.exited = cmd, exited
	return s.await()
}

// await waits until a session can be had.
func (s *Server) await() error {
	for deadline := time.Now().Add(wait); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		select {
		case <-s.exited:
			s.process = nil
			return fmt.Errorf("postgres ended at once: %s", s.Log())
		default:
		}
		ready := s.command("pg_isready", "-q", "-h", s.dir, "-p", fmt.Sprint(s.Port))
		err := ready.Run()
		if err == nil {
			return nil
		}
		if ready.ProcessState == nil {
			return err
		}
	}
	return fmt.Errorf("postgres does not answer: %s", s.Log())
}

// Log returns the end of what PostgreSQL wrote, for a failing test.
func (s *Server) Log() string {
	text, _ := os.ReadFile(s.path("log"))
	return string(text[max(0, len(text)-4000):])
}

// Logged counts a text in all that PostgreSQL wrote.
func (s *Server) Logged(what string) int {
	text, _ := os.ReadFile(s.path("log"))
	return strings.Count(string(text), what)
}

// end sends a signal to postgres, or to all of its processes, and waits until none is left.
func (s *Server) end(sig syscall.Signal, all bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process == nil {
		return
	}
	send(s.process.Process.Pid, sig, all)
	<-s.exited
	s.process = nil
	for deadline := time.Now().Add(wait); s.listening() && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
}

func (s *Server) listening() bool {
	c, err := net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", s.Port), time.Second)
	if err == nil {
		_ = c.Close()
	}
	return err == nil
}

// Stop ends it without a checkpoint, as pg_ctl stop -m immediate does: sessions
// are cut, and the next start recovers from the log.
func (s *Server) Stop() { s.end(syscall.SIGQUIT, false) }

// Shutdown ends it as pg_ctl stop does: in good order, sessions are told.
func (s *Server) Shutdown() { s.end(syscall.SIGINT, false) }

// Restart starts it again on the same port, after Stop or Shutdown.
func (s *Server) Restart() error { return s.launch() }

// Close ends it and removes its folder.
func (s *Server) Close() {
	s.end(syscall.SIGQUIT, false)
	_ = os.RemoveAll(s.dir)
}

// URL is the address of a database, with the password in it.
func (s *Server) URL(database string) string {
	u := url.URL{Scheme: "postgres", User: url.UserPassword(user, s.password), Host: net.JoinHostPort(s.Host, fmt.Sprint(s.Port)), Path: "/" + database}
	return u.String()
}

// Password is the password of every address.
func (s *Server) Password() string { return s.password }

// NewDatabase makes an empty database and returns its name.
func (s *Server) NewDatabase() (string, error) {
	s.mu.Lock()
	s.made++
	name := fmt.Sprintf("soar%d", s.made)
	s.mu.Unlock()
	_, err := s.SQL("postgres", "CREATE DATABASE "+name)
	return name, err
}

// SQL runs statements with psql, the judge from outside, and returns what it
// prints: rows, with | between the columns.
func (s *Server) SQL(database, statements string) (string, error) {
	c := s.command("psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", s.dir, "-p", fmt.Sprint(s.Port), "-U", user, "-d", database, "-f", "-")
	c.Env = append(c.Env, "PGPASSWORD="+s.password, "PGOPTIONS=-c search_path=imap_integration")
	c.Stdin = strings.NewReader(statements)
	var stderr strings.Builder
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		return "", fmt.Errorf("psql: %w: %s", err, stderr.String())
	}
	return strings.TrimSpace(string(out)), nil
}

// Dump is what pg_dump makes of the tables of a database, for SQL to restore elsewhere.
func (s *Server) Dump(database string) (string, error) {
	c := s.command("pg_dump", "--schema=imap_integration", "-h", s.dir, "-p", fmt.Sprint(s.Port), "-U", user, "-d", database)
	c.Env = append(c.Env, "PGPASSWORD="+s.password)
	out, err := c.Output()
	return string(out), err
}

// shared is the one PostgreSQL of a test program.
var shared struct {
	once   sync.Once
	server *Server
	err    error
}

// Run runs the tests of a package, and ends what Start started. It is for TestMain.
func Run(m *testing.M) int {
	defer func() {
		if shared.server != nil {
			shared.server.Close()
		}
	}()
	return m.Run()
}

// Start returns the PostgreSQL that all tests of this program share, started by
// the first of them. Without PostgreSQL on the machine the test is skipped, or
// fails where the environment has CI=true.
func Start(t testing.TB) *Server {
	t.Helper()
	shared.once.Do(func() { shared.server, shared.err = Launch() })
	return usable(t, shared.server, shared.err)
}

// StartOwn returns a PostgreSQL for this test alone, for tests that end it.
func StartOwn(t testing.TB) *Server {
	t.Helper()
	s, err := Launch()
	s = usable(t, s, err)
	t.Cleanup(s.Close)
	return s
}

func usable(t testing.TB, s *Server, err error) *Server {
	t.Helper()
	if errors.Is(err, ErrNone) && os.Getenv("CI") != "true" {
		t.Skipf("skipped: %v", err)
	}
	if err != nil {
		t.Fatalf("cannot start PostgreSQL: %v", err)
	}
	return s
}

// Database makes an empty database and returns its name.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	name, err := s.NewDatabase()
	if err != nil {
		t.Fatal(err)
	}
	return name
}
