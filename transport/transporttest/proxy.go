package transporttest

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"
)

// Mode is how a proxy behaves.
type Mode int

// The ways of a proxy.
const (
	Works  Mode = iota
	Refuse      // connects to nothing: 403, or "not allowed"
	Fail        // says that what is behind it cannot be reached: 502, or "refused"
	Hang        // takes the connection and says nothing
	Babble      // answers with something else
	Flood       // answers without end
)

// Proxy is a CONNECT or SOCKS5 proxy on loopback that records what it is asked.
type Proxy struct {
	Addr string // host:port

	socks    bool
	user     string
	password string
	mode     Mode
	names    map[string]string

	mu      sync.Mutex
	targets []string
	passed  bytes.Buffer
	asked   bytes.Buffer
}

// Options of a proxy; the zero value is an open CONNECT proxy.
type Options struct {
	SOCKS          bool
	User, Password string // wanted where User is set
	Mode           Mode
	Names          map[string]string // host → port on loopback, for names that DNS does not have
	TLS            *tls.Certificate  // an https:// proxy
}

// NewProxy starts a proxy that stops with the test.
func NewProxy(t testing.TB, o Options) *Proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	fatal(t, err)
	addr := l.Addr().String()
	if o.TLS != nil {
		l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{*o.TLS}})
	}
	p := &Proxy{Addr: addr, socks: o.SOCKS, user: o.User, password: o.Password, mode: o.Mode, names: o.Names}
	go accept(l, p.serve)
	t.Cleanup(func() { _ = l.Close() })
	return p
}

// Targets lists what the proxy was asked to connect to.
func (p *Proxy) Targets() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.targets...)
}

// Passed returns what clients sent through the tunnels.
func (p *Proxy) Passed() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.passed.String()
}

// Asked returns what clients said to the proxy itself.
func (p *Proxy) Asked() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked.String()
}

func (p *Proxy) serve(c net.Conn) {
	switch {
	case p.mode == Hang:
		_, _ = io.Copy(io.Discard, c)
	case p.mode == Babble:
		_, _ = c.Write([]byte("220 mail.example.com ESMTP\r\n"))
		_, _ = io.Copy(io.Discard, c)
	case p.mode == Flood:
		for err := error(nil); err == nil; {
			_, err = c.Write(bytes.Repeat([]byte("HTTP/1.1 200 OK X-Y: z "), 100))
		}
	case p.socks:
		p.serveSOCKS(c)
	default:
		p.serveConnect(c)
	}
}

func (p *Proxy) note(target string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.targets = append(p.targets, target)
}

// dial connects to the target on loopback.
func (p *Proxy) dial(target string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(target)
	if err != nil {
		return nil, err
	}
	if other, ok := p.names[host]; ok {
		port = other
	}
	return net.Dial("tcp", net.JoinHostPort("127.0.0.1", port))
}

func (p *Proxy) serveConnect(c net.Conn) {
	br := bufio.NewReader(io.TeeReader(c, lockedWriter{p, &p.asked}))
	req, err := http.ReadRequest(br)
	if err != nil {
		return
	}
	refuse := func(status string) { _, _ = c.Write([]byte("HTTP/1.1 " + status + "\r\nContent-Length: 9\r\n\r\n")) }
	req.Header["Authorization"] = req.Header["Proxy-Authorization"]
	user, password, _ := req.BasicAuth()
	p.note(req.Method + " " + req.RequestURI)
	switch {
	case p.user != "" && (user != p.user || password != p.password):
		refuse("407 Proxy Authentication Required")
		return
	case p.mode == Refuse || req.Method != http.MethodConnect:
		refuse("403 Forbidden")
		return
	case p.mode == Fail:
		refuse("502 Bad Gateway")
		return
	}
	to, err := p.dial(req.RequestURI)
	if err != nil {
		refuse("502 Bad Gateway")
		return
	}
	// The answer and the server's first bytes in one segment, as it can happen.
	first := make([]byte, 512)
	head := []byte("HTTP/1.1 200 Connection established\r\n\r\n")
	if n := p.early(to, first); n > 0 {
		head = append(head, first[:n]...)
	}
	_, _ = c.Write(head)
	p.relay(c, br, to)
}

// earlyWait is how long a proxy waits for a server's first bytes.
const earlyWait = 50 * time.Millisecond

// early reads what a server that speaks first says at once.
func (p *Proxy) early(to net.Conn, b []byte) int {
	_ = to.SetReadDeadline(time.Now().Add(earlyWait))
	n, _ := to.Read(b)
	_ = to.SetReadDeadline(time.Time{})
	return n
}

func (p *Proxy) serveSOCKS(c net.Conn) {
	r := io.TeeReader(c, lockedWriter{p, &p.asked})
	if !p.greet(c, r) {
		return
	}
	head := make([]byte, 4)
	if _, err := io.ReadFull(r, head); err != nil {
		return
	}
	target, err := socksTarget(r, head[3])
	if err != nil {
		return
	}
	p.note(target)
	reply := func(code byte) { _, _ = c.Write([]byte{5, code, 0, 1, 0, 0, 0, 0, 0, 0}) }
	switch p.mode {
	case Refuse:
		reply(2)
		return
	case Fail:
		reply(5)
		return
	}
	to, err := p.dial(target)
	if err != nil {
		reply(5)
		return
	}
	reply(0)
	p.relay(c, c, to)
}

// greet does the method selection and the login (RFC 1928, 1929).
func (p *Proxy) greet(c net.Conn, r io.Reader) bool {
	methods, err := short(r, 1)
	if err != nil {
		return false
	}
	if p.user == "" {
		_, err = c.Write([]byte{5, 0})
		return err == nil
	}
	if !bytes.Contains(methods, []byte{2}) {
		_, _ = c.Write([]byte{5, 0xff})
		return false
	}
	_, _ = c.Write([]byte{5, 2})
	user, err := short(r, 1)
	if err != nil {
		return false
	}
	password, err := short(r, 0)
	if err != nil || string(user) != p.user || string(password) != p.password {
		_, _ = c.Write([]byte{1, 1})
		return false
	}
	_, err = c.Write([]byte{1, 0})
	return err == nil
}

// short skips some bytes and reads a text behind its length byte.
func short(r io.Reader, skip int) ([]byte, error) {
	head := make([]byte, skip+1)
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, err
	}
	b := make([]byte, head[skip])
	_, err := io.ReadFull(r, b)
	return b, err
}

func socksTarget(r io.Reader, kind byte) (string, error) {
	var host string
	switch kind {
	case 3:
		b, err := short(r, 0)
		if err != nil {
			return "", err
		}
		host = string(b)
	default:
		b := make([]byte, map[byte]int{1: 4, 4: 16}[kind])
		if _, err := io.ReadFull(r, b); err != nil {
			return "", err
		}
		host = net.IP(b).String()
	}
	port := make([]byte, 2)
	_, err := io.ReadFull(r, port)
	return net.JoinHostPort(host, strconv.Itoa(int(binary.BigEndian.Uint16(port)))), err
}

func (p *Proxy) relay(c net.Conn, from io.Reader, to net.Conn) {
	defer func() { _ = to.Close() }()
	go func() {
		_, _ = io.Copy(c, to)
		_ = c.Close()
	}()
	_, _ = io.Copy(io.MultiWriter(to, lockedWriter{p, &p.passed}), from)
}

// lockedWriter records under the proxy's lock.
type lockedWriter struct {
	p *Proxy
	b *bytes.Buffer
}

func (w lockedWriter) Write(b []byte) (int, error) {
	w.p.mu.Lock()
	defer w.p.mu.Unlock()
	return w.b.Write(b)
}
