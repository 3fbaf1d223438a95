package mailboxtest

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// ErrNoServers says that there is neither Cyrus nor Courier, which cannot be installed beside Dovecot.
var ErrNoServers = errors.New("IMAP_SERVERS names no folder with Cyrus and Courier (scripts/imap-servers makes one)")

// serverUsers is how many mailboxes a [Server] has, each used by one test.
const serverUsers = 40

// Server is a private Cyrus or Courier on loopback, in clear.
type Server struct {
	Host string // "127.0.0.1"
	Port int

	dir, root string // its own folder, and where the packages are unpacked
	run       *exec.Cmd
	exited    chan struct{}
	mu        sync.Mutex
	next      int
}

// LaunchCyrus starts Cyrus. Close ends it.
func LaunchCyrus() (*Server, error) { return launchServer((*Server).cyrus) }

// LaunchCourier starts Courier, which must run as root: its login takes the rights of
// the mailbox's owner. Close ends it.
func LaunchCourier() (*Server, error) {
	if os.Getuid() != 0 {
		return nil, fmt.Errorf("%w: Courier needs root", ErrNoServers)
	}
	if err := exec.Command("unshare", "--mount", "true").Run(); err != nil {
		return nil, fmt.Errorf("%w: Courier needs a mount namespace: %w", ErrNoServers, err)
	}
	return launchServer((*Server).courier)
}

// launchServer starts a server; another process may take its port meanwhile, hence the second and third try.
func launchServer(command func(*Server) (*exec.Cmd, error)) (*Server, error) {
	root := os.Getenv("IMAP_SERVERS")
	if root == "" {
		return nil, ErrNoServers
	}
	var err error
	for range 3 {
		s := &Server{Host: "127.0.0.1", root: root, exited: make(chan struct{})}
		if err = s.launch(command); err == nil {
			return s, nil
		}
		s.Close()
	}
	return nil, err
}

func (s *Server) launch(command func(*Server) (*exec.Cmd, error)) error {
	var err error
	if s.dir, err = os.MkdirTemp("", "imap"); err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.Port = l.Addr().(*net.TCPAddr).Port
	_ = l.Close()
	if s.run, err = command(s); err != nil {
		return err
	}
	out, err := os.Create(s.path("out"))
	if err != nil {
		return err
	}
	defer out.Close()
	s.run.Env = append(s.run.Env, s.libraries()...)
	s.run.Stdout, s.run.Stderr = out, out
	inGroup(s.run)
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // Pdeathsig fires when the starting thread ends
		err := s.run.Start()
		started <- err
		if err == nil {
			_ = s.run.Wait()
		}
		close(s.exited)
	}()
	if err := <-started; err != nil {
		return err
	}
	return s.await()
}

// await waits for the greeting.
func (s *Server) await() error {
	for deadline := time.Now().Add(2 * dovecotWait); time.Now().Before(deadline); {
		select {
		case <-s.exited:
			return fmt.Errorf("the server ended at once: %s", s.Log())
		case <-time.After(20 * time.Millisecond):
		}
		c, err := net.DialTimeout("tcp", s.addr(), time.Second)
		if err != nil {
			continue
		}
		_ = c.SetReadDeadline(time.Now().Add(dovecotWait))
		n, err := c.Read(make([]byte, 4))
		_ = c.Close()
		if err == nil && n > 0 {
			return nil
		}
	}
	return fmt.Errorf("the server does not greet: %s", s.Log())
}

// Close ends the server and removes its folder.
func (s *Server) Close() {
	if s.run != nil && s.run.Process != nil {
		killGroup(s.run)
		<-s.exited
	}
	_ = os.RemoveAll(s.dir)
}

// Log returns what the server wrote, for a failing test.
func (s *Server) Log() string {
	text, _ := os.ReadFile(s.path("out"))
	return string(text)
}

// NewUser returns an empty mailbox that no one else has had.
func (s *Server) NewUser() (User, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next == serverUsers {
		return User{}, errors.New("all mailboxes of this server are in use")
	}
	s.next++
	return User{Name: fmt.Sprintf("user%02d", s.next-1), Password: serverPassword}, nil
}

// Session is a connection that fills a mailbox.
type Session struct{ client *imapclient.Client }

// Session logs in as this user.
func (s *Server) Session(u User) (*Session, error) {
	c, err := imapclient.DialInsecure(s.addr(), nil)
	if err != nil {
		return nil, err
	}
	if err := c.Login(u.Name, u.Password).Wait(); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return &Session{c}, nil
}

// Close ends the connection.
func (s *Session) Close() error { return s.client.Close() }

// CreateFolder makes a folder.
func (s *Session) CreateFolder(name string) error { return s.client.Create(name, nil).Wait() }

// Append puts an email into a folder.
func (s *Session) Append(folder string, raw []byte, seen bool, when time.Time) error {
	options := &imap.AppendOptions{Time: when}
	if seen {
		options.Flags = []imap.Flag{imap.FlagSeen}
	}
	cmd := s.client.Append(folder, int64(len(raw)), options)
	_, err := cmd.Write(raw)
	err = errors.Join(err, cmd.Close())
	_, last := cmd.Wait()
	return errors.Join(err, last)
}

const serverPassword = "Canary-other"

func (s *Server) addr() string            { return fmt.Sprintf("%s:%d", s.Host, s.Port) }
func (s *Server) path(name string) string { return filepath.Join(s.dir, name) }
func (s *Server) bin(name string) string  { return filepath.Join(s.root, name) }

// libraries is the environment in which the unpacked programs find theirs.
func (s *Server) libraries() []string {
	var dirs []string
	for _, at := range []string{"usr/lib", "usr/lib/*-linux-gnu", "lib/*-linux-gnu", "usr/lib/courier-authlib"} {
		found, _ := filepath.Glob(s.bin(at))
		dirs = append(dirs, found...)
	}
	plugins, _ := filepath.Glob(s.bin("usr/lib/*-linux-gnu/sasl2"))
	return append(os.Environ(), "LD_LIBRARY_PATH="+strings.Join(dirs, ":"), "SASL_PATH="+strings.Join(plugins, ":"))
}

// fill writes a file of the server's folder; DIR, ROOT and PORT stand for what they are.
func (s *Server) fill(name, text string) error {
	text = strings.NewReplacer("DIR", s.dir, "ROOT", s.root, "PORT", fmt.Sprint(s.Port)).Replace(text)
	return os.WriteFile(s.path(name), []byte(text), 0o644)
}
