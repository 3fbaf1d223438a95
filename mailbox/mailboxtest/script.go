package mailboxtest

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	scriptDate     = "23-Nov-2026 10:00:00 +0000"
	scriptCaps     = "IMAP4rev1 LITERAL+ SASL-IR AUTH=PLAIN"
	scriptLiteral  = 1 << 20          // bytes of a literal that a client may send
	scriptPatience = 60 * time.Second // a connection that neither reads nor writes is given up, so that no test leaks one
)

// ScriptMail is an email of a [Script].
type ScriptMail struct {
	UID   uint32
	Raw   []byte
	Flags []string
	Date  string // INTERNALDATE as it goes out; "": a valid one
	Size  int64  // RFC822.SIZE as it goes out; 0: that of Raw
}

// HasFlag reports whether the email carries this flag, in any case.
func (m ScriptMail) HasFlag(flag string) bool {
	return slices.ContainsFunc(m.Flags, func(f string) bool { return strings.EqualFold(f, flag) })
}

// ScriptOptions say what a [Script] serves, and what it does wrong.
type ScriptOptions struct {
	Emails       []ScriptMail // of the one folder INBOX, by ascending UID
	UIDValidity  uint32       // 0: it gives none
	Greeting     string       // without line end; "": OK with the capabilities
	Capabilities string       // "": IMAP4rev1 and the usual ones for a login with a password
	TLS          *tls.Config  // speaks TLS from the first byte
	StartTLS     *tls.Config  // for STARTTLS; the capability is for Capabilities to name
	// Hook sees every command first. It answers it and returns true, or leaves
	// it to the server, which behaves.
	Hook Hook
	// Greet, where set, begins each connection instead of the greeting; false ends it.
	Greet func(c *ScriptConn) bool
	// Segment, where set, cuts all that is sent into pieces of this many bytes, with Pause between them.
	Segment int
	Pause   time.Duration
}

// Hook is what a script does instead of the right thing.
type Hook func(c *ScriptConn, cmd Command) (done bool)

// Command is one command of a client, its literals read.
type Command struct {
	Tag  string
	Name string // upper case; with the word behind UID: "UID FETCH"
	Args string // the rest of the line
}

// Script is an IMAP server on loopback that behaves unless its hook does
// otherwise, keeps flags, and records what it is sent.
type Script struct {
	Host string // "127.0.0.1"
	Port int

	listener net.Listener
	done     chan struct{}
	mu       sync.Mutex
	options  ScriptOptions
	conns    []net.Conn
	received bytes.Buffer // decrypted
	clear    bytes.Buffer // as they came over the wire
	commands []string
	wg       sync.WaitGroup
}

// ScriptConn is one connection to a script.
type ScriptConn struct {
	Number int // 1, 2, …
	Script *Script
	socket net.Conn // below TLS
	conn   net.Conn
	in     *bufio.Reader
}

// NewScript starts a script for a test and ends it with it.
func NewScript(tb TB, o ScriptOptions) *Script {
	tb.Helper()
	s, err := StartScript(o)
	if err != nil {
		tb.Fatalf("cannot start the scripted server: %v", err)
	}
	tb.Cleanup(s.Close)
	return s
}

// StartScript starts a script on a free port.
func StartScript(o ScriptOptions) (*Script, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &Script{Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port, listener: l, done: make(chan struct{}), options: o.withDefaults()}
	s.wg.Go(s.serve)
	return s, nil
}

func (o ScriptOptions) withDefaults() ScriptOptions {
	if o.Capabilities == "" {
		o.Capabilities = scriptCaps
	}
	if o.Greeting == "" {
		o.Greeting = "* OK [CAPABILITY " + o.Capabilities + "] ready"
	}
	o.Emails = slices.Clone(o.Emails)
	for i := range o.Emails {
		o.Emails[i].Flags = slices.Clone(o.Emails[i].Flags)
	}
	return o
}

// Close ends the script and its connections.
func (s *Script) Close() {
	s.mu.Lock()
	select {
	case <-s.done:
	default:
		close(s.done)
	}
	_ = s.listener.Close()
	for _, c := range s.conns {
		_ = c.Close()
	}
	s.mu.Unlock()
	s.wg.Wait()
}

// Change edits what the script serves and does, from the next command on.
func (s *Script) Change(edit func(o *ScriptOptions)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	edit(&s.options)
}

// Behave makes it a decent server from the next command on.
func (s *Script) Behave() {
	s.Change(func(o *ScriptOptions) {
		o.Hook, o.Greet, o.Segment, o.Pause, o.Greeting, o.Capabilities = nil, nil, 0, 0, "", ""
		*o = o.withDefaults()
		for i := range o.Emails {
			o.Emails[i].Size, o.Emails[i].Date = 0, ""
		}
	})
}

// Emails returns the emails as they are now, flags included.
func (s *Script) Emails() []ScriptMail { return s.now().Emails }

// Received returns all bytes that clients sent, decrypted.
func (s *Script) Received() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return bytes.Clone(s.received.Bytes())
}

// ReceivedClear returns the bytes that came over the wire, encrypted ones as they came.
func (s *Script) ReceivedClear() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return bytes.Clone(s.clear.Bytes())
}

// Commands returns the commands so far, one "NAME args" each.
func (s *Script) Commands() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.commands)
}

// Connections returns how many there were.
func (s *Script) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

// Got reports whether a client sent this secret, plain or in base64.
func (s *Script) Got(secret string) bool {
	s.mu.Lock()
	all := slices.Concat(s.received.Bytes(), []byte("\n"), s.clear.Bytes())
	s.mu.Unlock()
	if bytes.Contains(all, []byte(secret)) {
		return true
	}
	for _, word := range strings.FieldsFunc(string(all), func(r rune) bool { return r <= ' ' || r == '"' }) {
		if text, err := base64.StdEncoding.DecodeString(word); err == nil && bytes.Contains(text, []byte(secret)) {
			return true
		}
	}
	return false
}

// now is a copy of the options.
func (s *Script) now() ScriptOptions {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.options.withDefaults()
}

func (s *Script) serve() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.conns = append(s.conns, conn)
		number := len(s.conns)
		s.mu.Unlock()
		s.wg.Go(func() { s.talk(&ScriptConn{Number: number, Script: s, socket: conn, conn: conn}) })
	}
}

// tap records what is read.
type tap struct {
	net.Conn
	s  *Script
	to *bytes.Buffer
}

func (t *tap) Read(p []byte) (int, error) {
	_ = t.SetReadDeadline(time.Now().Add(scriptPatience))
	n, err := t.Conn.Read(p)
	t.s.mu.Lock()
	defer t.s.mu.Unlock()
	t.to.Write(p[:n])
	return n, err
}

func (s *Script) talk(c *ScriptConn) {
	defer c.socket.Close()
	if conf := s.now().TLS; conf != nil {
		c.secure(conf)
	} else {
		c.conn = &tap{c.conn, s, &s.clear}
		c.in = bufio.NewReader(&tap{c.conn, s, &s.received})
	}
	if !c.greet() {
		return
	}
	for {
		cmd, err := c.command()
		if err != nil {
			return
		}
		if hook := s.now().Hook; hook != nil && hook(c, cmd) {
			continue
		}
		if !c.Answer(cmd) {
			return
		}
	}
}

// secure goes on under TLS. A handshake that fails shows at the next read or write.
func (c *ScriptConn) secure(conf *tls.Config) {
	secured := tls.Server(&tap{c.socket, c.Script, &c.Script.clear}, conf)
	_ = secured.SetDeadline(time.Now().Add(scriptPatience))
	_ = secured.Handshake()
	c.conn = secured
	c.in = bufio.NewReader(&tap{secured, c.Script, &c.Script.received})
}

func (c *ScriptConn) greet() bool {
	o := c.Script.now()
	if o.Greet != nil {
		return o.Greet(c)
	}
	c.Say("%s\r\n", o.Greeting)
	return true
}

var errLongLiteral = errors.New("the client's literal is too long")

// command reads a command with its literals, which it asks for where they wait.
func (c *ScriptConn) command() (Command, error) {
	var text strings.Builder
	for {
		line, err := c.in.ReadString('\n')
		if err != nil {
			return Command{}, err
		}
		line = strings.TrimRight(line, "\r\n")
		text.WriteString(line)
		open := strings.LastIndexByte(line, '{')
		if open < 0 || !strings.HasSuffix(line, "}") {
			break
		}
		size := strings.TrimSuffix(line[open+1:len(line)-1], "+")
		n, err := strconv.Atoi(size)
		if err != nil {
			break
		}
		if n > scriptLiteral {
			return Command{}, errLongLiteral
		}
		if !strings.HasSuffix(line, "+}") {
			c.Say("+ go on\r\n")
		}
		literal := make([]byte, n)
		if _, err := io.ReadFull(c.in, literal); err != nil {
			return Command{}, err
		}
		text.Write(literal)
	}
	cmd := parseCommand(text.String())
	c.Script.mu.Lock()
	defer c.Script.mu.Unlock()
	c.Script.commands = append(c.Script.commands, cmd.Name+" "+cmd.Args)
	return cmd, nil
}

func parseCommand(line string) Command {
	tag, rest, _ := strings.Cut(line, " ")
	name, args, _ := strings.Cut(rest, " ")
	if strings.EqualFold(name, "UID") {
		var word string
		word, args, _ = strings.Cut(args, " ")
		name += " " + word
	}
	return Command{Tag: tag, Name: strings.ToUpper(name), Args: args}
}
