package transporttest

import (
	"fmt"
	"net"
	"sync"
	"testing"
)

// Relay passes connections on to a server on this machine, until it cuts them as
// a firewall or a failing network does: with a reset to both ends, in the middle of
// whatever is said, or by passing nothing on and saying nothing. Its methods may be
// called at the same time.
type Relay struct {
	Port int // on 127.0.0.1

	target string

	mu    sync.Mutex
	open  *sync.Cond // mu; told when silent ends
	conns map[*net.TCPConn]struct{}
	quota int // bytes from the server until a connection is cut; 0: no end
	spell int // likewise, until nothing is passed on any more
	mute  bool
	cuts  int
}

// NewRelay starts a relay to a port on 127.0.0.1; it ends with the test.
func NewRelay(t testing.TB, target int) *Relay {
	t.Helper()
	l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	fatal(t, err)
	r := &Relay{Port: l.Addr().(*net.TCPAddr).Port, target: fmt.Sprintf("127.0.0.1:%d", target), conns: map[*net.TCPConn]struct{}{}}
	r.open = sync.NewCond(&r.mu)
	t.Cleanup(func() {
		_ = l.Close()
		r.Speak()
		r.Cut()
	})
	go func() {
		for {
			c, err := l.AcceptTCP()
			if err != nil {
				return
			}
			go r.serve(c)
		}
	}()
	return r
}

func (r *Relay) serve(client *net.TCPConn) {
	defer client.Close()
	to, err := net.Dial("tcp", r.target)
	if err != nil {
		reset(client)
		return
	}
	server := to.(*net.TCPConn)
	defer server.Close()
	r.mu.Lock()
	quota, spell := r.quota, r.spell
	r.conns[client], r.conns[server] = struct{}{}, struct{}{}
	r.mu.Unlock()
	defer func() {
		r.mu.Lock()
		delete(r.conns, client)
		delete(r.conns, server)
		r.mu.Unlock()
	}()
	go r.pass(server, client, 0, 0)
	r.pass(client, server, quota, spell)
}

// pass copies until an end closes; the relay cuts or is mute behind so many bytes, where they are not 0.
func (r *Relay) pass(to, from *net.TCPConn, quota, spell int) {
	buf := make([]byte, 16<<10)
	for passed := 0; ; {
		n, err := from.Read(buf)
		r.mu.Lock()
		if spell > 0 && passed+n >= spell {
			r.mute, spell, r.spell = true, 0, 0
		}
		for r.mute {
			r.open.Wait()
		}
		r.mu.Unlock()
		if quota > 0 && passed+n >= quota {
			_, _ = to.Write(buf[:quota-passed])
			r.mu.Lock()
			r.cuts++
			r.mu.Unlock()
			reset(to)
			reset(from)
			return
		}
		passed += n
		if _, failed := to.Write(buf[:n]); failed != nil || err != nil {
			_ = to.CloseWrite()
			return
		}
	}
}

// reset closes with RST in place of FIN.
func reset(c *net.TCPConn) {
	_ = c.SetLinger(0)
	_ = c.Close()
}

// Cut resets all connections that there are.
func (r *Relay) Cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for c := range r.conns {
		reset(c)
	}
	r.cuts += len(r.conns) / 2
}

// CutAfter resets each connection that is made from now on after so many bytes from the server; 0: none is.
func (r *Relay) CutAfter(bytes int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.quota = bytes
}

// Mute passes nothing on from now on: both ends wait, as behind a firewall that drops packets.
func (r *Relay) Mute() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.mute = true
}

// MuteAfter is Mute as soon as one of the connections that are made from now on has had so many bytes from the server.
func (r *Relay) MuteAfter(bytes int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.spell = bytes
}

// Muted reports whether nothing is passed on now.
func (r *Relay) Muted() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.mute
}

// Speak ends Mute; what was said meanwhile arrives now.
func (r *Relay) Speak() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.mute = false
	r.open.Broadcast()
}

// Cuts is how many connections were reset.
func (r *Relay) Cuts() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.cuts
}
