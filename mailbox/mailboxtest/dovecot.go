package mailboxtest

import (
	"crypto/ecdsa"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"example.org/imap-integration/transport/transporttest"
)

// TB is what the helpers need of a testing.TB; the tools have none.
type TB interface {
	Helper()
	Fatalf(format string, args ...any)
	Skipf(format string, args ...any)
	Cleanup(func())
}

const (
	dovecotBinary = "/usr/sbin/dovecot"
	dovecotUsers  = 20_000           // mailboxes of one Dovecot, each used by one test
	dovecotWait   = 15 * time.Second // to start on a busy machine; it takes 0.1 s on an idle one
	nobody        = 65534            // owner of the email when the tests run as root: Dovecot refuses uid 0
)

// ErrNoDovecot says that Dovecot is not installed.
var ErrNoDovecot = errors.New("dovecot is not installed (Debian: apt-get install dovecot-imapd)")

// Dovecot is a private Dovecot on loopback. Its methods end the test on an
// error, or panic where it was made by [LaunchDovecot].
type Dovecot struct {
	Host      string // "localhost", the name in its certificate
	Plain     int    // port that begins in clear and offers STARTTLS
	TLS       int    // port that begins with TLS
	Authority *transporttest.Authority

	tb     TB
	dir    string
	own    *dovecotState     // shared by the copies that For makes
	signer *ecdsa.PrivateKey // of access tokens; nil: passwords only
	extra  string            // what the configuration has besides
}

// dovecotState is what changes while Dovecot runs.
type dovecotState struct {
	mu      sync.Mutex
	process *exec.Cmd
	exited  chan struct{}
	users   []User
	next    int // index of the next unused user
	files   int // delivered so far; makes file names sort in the order of delivery
	uid     int
	gid     int
}

// User is a mailbox of the private Dovecot.
type User struct {
	Name, Password string
	home           string
}

// StartDovecot starts a Dovecot for this test (and its subtests) and stops it
// afterwards. Without Dovecot on the machine the test is skipped, or fails
// where the environment has CI=true.
func StartDovecot(tb TB) *Dovecot {
	tb.Helper()
	return startDovecot(tb, nil, "")
}

// StartDovecotWith is [StartDovecot] with these lines at the end of its
// configuration, in which DIR stands for its folder. The certificate of its authority is DIR/cert.pem.
func StartDovecotWith(tb TB, configuration string) *Dovecot {
	tb.Helper()
	return startDovecot(tb, nil, configuration)
}

func startDovecot(tb TB, signer *ecdsa.PrivateKey, extra string) *Dovecot {
	tb.Helper()
	d, err := launchDovecot(signer, extra)
	if errors.Is(err, ErrNoDovecot) && os.Getenv("CI") != "true" {
		tb.Skipf("skipped: %v", err)
	}
	if err != nil {
		tb.Fatalf("cannot start dovecot: %v", err)
	}
	tb.Cleanup(d.Close)
	return d.For(tb)
}

// LaunchDovecot starts a Dovecot outside a test; Close ends it.
func LaunchDovecot() (*Dovecot, error) { return launchDovecot(nil, "") }

func launchDovecot(signer *ecdsa.PrivateKey, extra string) (*Dovecot, error) {
	if _, err := os.Stat(dovecotBinary); err != nil {
		return nil, ErrNoDovecot
	}
	authority, err := transporttest.MakeAuthority("Mailboxtest CA")
	if err != nil {
		return nil, err
	}
	// Not TempDir of the test: the path of a Unix socket ends at 107 bytes.
	dir, err := os.MkdirTemp("", "dovecot")
	if err != nil {
		return nil, err
	}
	d := &Dovecot{Host: "localhost", Authority: authority, dir: dir, own: &dovecotState{}, signer: signer, extra: extra}
	if err := errors.Join(d.layOut(), d.start()); err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

// For returns the same Dovecot, reporting to another test, say a subtest.
func (d *Dovecot) For(tb TB) *Dovecot {
	c := *d
	c.tb = tb
	return &c
}

// NewUser returns an empty mailbox that no one else has had.
func (d *Dovecot) NewUser() User {
	d.own.mu.Lock()
	defer d.own.mu.Unlock()
	if d.own.next == len(d.own.users)-1 { // the last one is OddUser
		d.must(errors.New("all mailboxes of this Dovecot are in use"))
	}
	d.own.next++
	return d.own.users[d.own.next-1]
}

// OddUser is a mailbox whose password has everything that IMAP must quote.
func (d *Dovecot) OddUser() User { return d.own.users[len(d.own.users)-1] }

// ClientTLS trusts this Dovecot's authority.
func (d *Dovecot) ClientTLS() *tls.Config {
	return &tls.Config{RootCAs: d.Authority.Pool(), ServerName: d.Host, MinVersion: tls.VersionTLS12}
}

// Close ends Dovecot and removes its folder.
func (d *Dovecot) Close() {
	d.Kill()
	_ = os.RemoveAll(d.dir)
}

// Kill ends Dovecot at once, connections and all; the email stays. See [Dovecot.Restart].
func (d *Dovecot) Kill() {
	if d.own.process == nil {
		return
	}
	// A session's process outlives a killed master for a moment, so the group goes with it.
	killGroup(d.own.process)
	<-d.own.exited
	d.own.process = nil
	for deadline := time.Now().Add(dovecotWait); d.listening() && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
}

// listening reports whether any process still holds one of the ports open.
func (d *Dovecot) listening() bool {
	for _, port := range []int{d.Plain, d.TLS} {
		if c, err := net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", port), time.Second); err == nil {
			_ = c.Close()
			return true
		}
	}
	return false
}

// Restart starts Dovecot again on the same ports, after Kill.
func (d *Dovecot) Restart() { d.must(d.launch()) }

func (d *Dovecot) must(err error) {
	if err == nil {
		return
	}
	if d.tb == nil {
		panic(err)
	}
	d.tb.Helper()
	d.tb.Fatalf("dovecot: %v", err)
}

// layOut makes folders, certificate and users.
func (d *Dovecot) layOut() error {
	d.own.uid, d.own.gid = os.Getuid(), os.Getgid()
	if os.Getuid() == 0 {
		d.own.uid, d.own.gid = nobody, nobody
	}
	_, _, err := d.Authority.WriteLeaf(transporttest.Leaf{}, d.dir)
	return errors.Join(
		err,
		os.Chmod(d.dir, 0o755), // Dovecot's own users must get in
		os.Mkdir(d.path("run"), 0o755),
		os.Mkdir(d.path("mail"), 0o755),
		os.Chown(d.path("mail"), d.own.uid, d.own.gid),
		d.writeUsers(),
		d.layOutOAuth(),
	)
}

func (d *Dovecot) path(name string) string { return filepath.Join(d.dir, name) }

func (d *Dovecot) writeUsers() error {
	var lines strings.Builder
	for i := range dovecotUsers {
		u := User{Name: fmt.Sprintf("user%03d@corp.example", i), Password: fmt.Sprintf("Canary-%016x", rand.Uint64())}
		if i == dovecotUsers-1 {
			u = User{Name: "odd@corp.example", Password: ` q"uo\te {5} %s pässwörd `}
		}
		u.home = filepath.Join(d.path("mail"), u.Name)
		d.own.users = append(d.own.users, u)
		fmt.Fprintf(&lines, "%s:{PLAIN.b64}%s::::::\n", u.Name, base64.StdEncoding.EncodeToString([]byte(u.Password)))
	}
	return os.WriteFile(d.path("users"), []byte(lines.String()), 0o644)
}

// start takes free ports and launches; another process may have taken one
// meanwhile, hence the second and third try.
func (d *Dovecot) start() error {
	var err error
	for range 3 {
		if err = d.takePorts(); err != nil {
			return err
		}
		if err = d.configure(); err != nil {
			return err
		}
		if err = d.launch(); err == nil {
			return nil
		}
		d.Kill()
	}
	return err
}

func (d *Dovecot) takePorts() error {
	for _, port := range []*int{&d.Plain, &d.TLS} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		defer l.Close()
		*port = l.Addr().(*net.TCPAddr).Port
	}
	return nil
}

func (d *Dovecot) configure() error {
	rootless := ""
	if os.Getuid() != 0 {
		me, err := user.Current()
		if err != nil {
			return err
		}
		group, err := user.LookupGroupId(me.Gid)
		if err != nil {
			return err
		}
		rootless = strings.NewReplacer("USER", me.Username, "GROUP", group.Name).Replace(dovecotRootless)
	}
	text := dovecotConf + d.extra
	if d.signer != nil {
		text += dovecotOAuth
	}
	conf := strings.NewReplacer("DIR", d.dir, "PLAIN_PORT", fmt.Sprint(d.Plain), "TLS_PORT", fmt.Sprint(d.TLS),
		"MAIL_UID", fmt.Sprint(d.own.uid), "MAIL_GID", fmt.Sprint(d.own.gid)).Replace(text)
	return os.WriteFile(d.path("dovecot.conf"), []byte(conf+rootless), 0o644)
}

// launch runs Dovecot in the foreground and waits until both ports answer.
func (d *Dovecot) launch() error {
	out, err := os.Create(d.path("out"))
	if err != nil {
		return err
	}
	defer out.Close()
	cmd := exec.Command(dovecotBinary, "-F", "-c", d.path("dovecot.conf"))
	cmd.Stdout, cmd.Stderr = out, out
	inGroup(cmd)
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
	d.own.process, d.own.exited = cmd, exited
	return d.await()
}

func (d *Dovecot) await() error {
	deadline := time.Now().Add(dovecotWait)
	for _, port := range []int{d.Plain, d.TLS} {
		for {
			c, err := net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", port), time.Second)
			if err == nil {
				_ = c.Close()
				break
			}
			select {
			case <-d.own.exited:
				return fmt.Errorf("dovecot ended at once: %s", d.Log())
			case <-time.After(20 * time.Millisecond):
			}
			if time.Now().After(deadline) {
				return fmt.Errorf("dovecot does not listen: %s", d.Log())
			}
		}
	}
	return nil
}

// Log returns what Dovecot wrote, for a failing test.
func (d *Dovecot) Log() string {
	var all strings.Builder
	for _, name := range []string{"out", "log"} {
		text, _ := os.ReadFile(d.path(name))
		all.Write(text)
	}
	return all.String()
}
