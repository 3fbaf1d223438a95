package transporttest_test

import (
	"errors"
	"io"
	"net"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"example.org/imap-integration/transport/transporttest"
)

// echo sends back what it gets, in capitals.
func echo(t *testing.T) int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				buf := make([]byte, 100)
				for {
					n, err := c.Read(buf)
					if err != nil {
						return
					}
					_, _ = io.WriteString(c, strings.ToUpper(string(buf[:n])))
				}
			}()
		}
	}()
	return l.Addr().(*net.TCPAddr).Port
}

// TestRelay: what is said passes, a cut is a reset, a quota cuts in the middle, and what was muted comes later.
func TestRelay(t *testing.T) {
	t.Parallel()
	r := transporttest.NewRelay(t, echo(t))
	dial := func() *net.TCPConn {
		t.Helper()
		c, err := net.DialTCP("tcp", nil, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: r.Port})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		_, _ = io.WriteString(c, "hello")
		return c
	}
	hear := func(c net.Conn, want string) {
		t.Helper()
		buf := make([]byte, len(want))
		if _, err := io.ReadFull(c, buf); err != nil || string(buf) != want {
			t.Fatalf("heard %q, %v", buf, err)
		}
	}
	severed := func(c net.Conn) {
		t.Helper()
		if n, err := c.Read(make([]byte, 10)); n > 0 || !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("after a cut: %d bytes, %v", n, err)
		}
	}
	c := dial()
	hear(c, "HELLO")
	r.Cut()
	severed(c)
	r.CutAfter(3)
	if said, err := io.ReadAll(dial()); len(said) > 3 || !errors.Is(err, syscall.ECONNRESET) { // a reset may take along what was not read yet
		t.Errorf("with a quota: %q, %v", said, err)
	}
	r.CutAfter(0)
	r.MuteAfter(3)
	c = dial()
	for !r.Muted() {
		runtime.Gosched()
	}
	r.Speak()
	hear(c, "HELLO")
	if n := r.Cuts(); n != 2 {
		t.Errorf("%d cuts", n)
	}
}
