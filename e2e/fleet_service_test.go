//go:build unix

package e2e_test

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// manager is the end of a service manager: a Unix datagram socket (sd_notify(3)).
type manager struct {
	socket *net.UnixConn
	heard  []string // assignments, in the order that they came
}

// serviced runs a node as systemd does, with a watchdog, and ends it.
func (s *storm) serviced() {
	s.t.Helper()
	// Not the folder of the test: the path of a Unix socket ends at 107 bytes.
	dir, err := os.MkdirTemp("", "notify")
	if err != nil {
		s.t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "socket")
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		s.t.Fatal(err)
	}
	defer socket.Close()
	m := &manager{socket: socket}
	c := s.command("fleet", "--log-file", filepath.Join(s.dir, "log"))
	c.Env = append(os.Environ(), "NOTIFY_SOCKET="+path, "WATCHDOG_USEC=1000000")
	if err := c.Start(); err != nil {
		s.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	defer func() { _ = c.Process.Kill() }()
	m.await(s, "READY=1", 1)
	m.await(s, "STATUS=", 1)
	m.await(s, "WATCHDOG=1", 3)
	s.wire.Mute() // it is alive though the database says nothing
	m.await(s, "WATCHDOG=1", 5)
	s.wire.Speak()
	_ = c.Process.Signal(syscall.SIGTERM)
	m.await(s, "STOPPING=1", 1)
	select {
	case err = <-ended:
	case <-time.After(patience):
		s.t.Fatal("the node does not end")
	}
	if err != nil {
		s.t.Errorf("the node ended with %v", err)
	}
	if first := m.heard[0]; first != "READY=1" {
		s.t.Errorf("it said %s first", first)
	}
	for _, said := range m.heard {
		if name, _, ok := strings.Cut(said, "="); !ok || !strings.Contains("READY STATUS WATCHDOG STOPPING", name) || strings.Contains(said, "Canary") {
			s.t.Errorf("it said %q", said)
		}
	}
}

// await waits until something was said so many times.
func (m *manager) await(s *storm, what string, times int) {
	s.t.Helper()
	buf := make([]byte, 4096)
	_ = m.socket.SetReadDeadline(time.Now().Add(patience))
	for {
		n := 0
		for _, said := range m.heard {
			if strings.HasPrefix(said, what) {
				n++
			}
		}
		if n >= times {
			return
		}
		size, err := m.socket.Read(buf)
		if err != nil {
			s.t.Fatalf("%s was said %d times, of %d: %v; %q", what, n, times, err, m.heard)
		}
		m.heard = append(m.heard, strings.Split(strings.TrimSpace(string(buf[:size])), "\n")...)
	}
}
