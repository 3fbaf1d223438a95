package mailbox_test

import (
	"bufio"
	"fmt"
	"net"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"example.org/imap-integration/filters"
	"example.org/imap-integration/mailbox"
)

// scripted is an IMAP server that behaves unless its hook does otherwise.
type scripted struct {
	greeting    string
	caps        string
	uidValidity uint32
	emails      map[mailbox.UID][]byte
	// hook handles a command itself and returns true, or leaves it to the server.
	hook func(c *scriptConn, tag, command string) bool

	listener net.Listener
	start    sync.Once
	mu       sync.Mutex
	commands []string
	accepted int
}

// scriptConn is one connection to it.
type scriptConn struct {
	net.Conn
	s      *scripted
	number int // 1, 2, …
}

func (c *scriptConn) say(format string, args ...any) { fmt.Fprintf(c.Conn, format, args...) }

// startScript serves a few small emails, UIDs 1 to n.
func startScript(t *testing.T, n int, hook func(c *scriptConn, tag, command string) bool) *scripted {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &scripted{
		greeting: "* OK [CAPABILITY IMAP4rev1 LITERAL+ SASL-IR AUTH=PLAIN] ready", caps: "IMAP4rev1 LITERAL+ SASL-IR AUTH=PLAIN",
		uidValidity: 7, emails: map[mailbox.UID][]byte{}, hook: hook, listener: l,
	}
	for i := 1; i <= n; i++ {
		s.emails[mailbox.UID(i)] = mail(i, 300)
	}
	t.Cleanup(func() { _ = l.Close() })
	return s
}

// config leads to the server, which begins to serve.
func (s *scripted) config(t *testing.T) mailbox.Config {
	s.start.Do(func() { go s.serve() })
	c := baseConfig(t, "127.0.0.1", s.listener.Addr().(*net.TCPAddr).Port, "soc", "Canary-pass")
	c.Security, c.Timeout = mailbox.Clear, 2*time.Second
	return c
}

func (s *scripted) serve() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.accepted++
		c := &scriptConn{Conn: conn, s: s, number: s.accepted}
		s.mu.Unlock()
		go s.talk(c)
	}
}

func (s *scripted) seenCommands() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.commands, "\n")
}

func (s *scripted) connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.accepted
}

func (s *scripted) talk(c *scriptConn) {
	defer c.Close()
	c.say("%s\r\n", s.greeting)
	in := bufio.NewReader(c)
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		tag, command, _ := strings.Cut(strings.TrimRight(line, "\r\n"), " ")
		s.mu.Lock()
		s.commands = append(s.commands, command)
		s.mu.Unlock()
		if s.hook != nil && s.hook(c, tag, command) {
			continue
		}
		if !s.answer(c, tag, command) {
			return
		}
	}
}

// answer is what a decent server does; false ends the connection.
func (s *scripted) answer(c *scriptConn, tag, command string) bool {
	word, rest, _ := strings.Cut(command, " ")
	switch strings.ToUpper(word) {
	case "CAPABILITY":
		c.say("* CAPABILITY %s\r\n", s.caps)
	case "SELECT", "EXAMINE":
		c.say("* %d EXISTS\r\n* OK [UIDVALIDITY %d] ok\r\n* OK [UIDNEXT 1000] ok\r\n", len(s.emails), s.uidValidity)
	case "SEARCH":
		c.say("* SEARCH %s\r\n", strings.TrimPrefix(rest, "UID ")) // sequence numbers are the UIDs here
	case "FETCH":
		s.fetch(c, rest, nil)
	case "UID":
		s.uid(c, rest)
	case "LOGOUT":
		c.say("* BYE bye\r\n%s OK done\r\n", tag)
		return false
	}
	c.say("%s OK done\r\n", tag)
	return true
}

func (s *scripted) uid(c *scriptConn, rest string) {
	word, rest, _ := strings.Cut(rest, " ")
	switch strings.ToUpper(word) {
	case "SEARCH":
		var found []string
		for _, uid := range s.selected(rest) {
			found = append(found, fmt.Sprint(uid))
		}
		c.say("* SEARCH %s\r\n", strings.Join(found, " "))
	case "FETCH":
		s.fetch(c, rest, nil)
	}
}

var setPattern = regexp.MustCompile(`\b\d+(:(\d+|\*))?(,\d+(:\d+)?)*`)

// selected lists the emails of the first set in a command; all without one.
func (s *scripted) selected(text string) []mailbox.UID {
	set := setPattern.FindString(text)
	if set == "" {
		set = "1:1000"
	}
	var out []mailbox.UID
	for _, part := range strings.Split(set, ",") {
		from, to, isRange := strings.Cut(part, ":")
		first, _ := strconv.Atoi(from)
		last, err := strconv.Atoi(to)
		if !isRange {
			last = first
		} else if err != nil {
			last = 1000
		}
		for u := first; u <= last; u++ {
			if s.emails[mailbox.UID(u)] != nil {
				out = append(out, mailbox.UID(u))
			}
		}
	}
	return out
}

var partPattern = regexp.MustCompile(`\]<0\.(\d+)>`)

// fetch answers for the selected emails, each through alter where that is set.
func (s *scripted) fetch(c *scriptConn, rest string, alter func(uid mailbox.UID, answer string) string) {
	set, items, _ := strings.Cut(rest, " ")
	for _, uid := range s.selected(set) {
		raw := s.emails[uid]
		answer := fmt.Sprintf("* %d FETCH (UID %d FLAGS () INTERNALDATE \"23-Nov-2026 10:00:00 +0000\" RFC822.SIZE %d", uid, uid, len(raw))
		body, section := raw, "BODY[]"
		if strings.Contains(items, "[HEADER") {
			body = []byte(strings.SplitAfter(string(raw), "\r\n\r\n")[0])
			section = strings.ReplaceAll(regexp.MustCompile(`BODY\.PEEK\[[^\]]*\]`).FindString(items), ".PEEK", "")
		}
		if m := partPattern.FindStringSubmatch(items); m != nil {
			n, _ := strconv.Atoi(m[1])
			body, section = body[:min(n, len(body))], section+"<0>"
		}
		if strings.Contains(items, "BODY") {
			answer += fmt.Sprintf(" %s {%d}\r\n%s", section, len(body), body)
		}
		answer += ")\r\n"
		if alter != nil {
			answer = alter(uid, answer)
		}
		_, _ = c.Write([]byte(answer))
	}
}

// altering is a hook that changes the answers to FETCHes of bodies.
func altering(alter func(uid mailbox.UID, answer string) string) func(*scriptConn, string, string) bool {
	return func(c *scriptConn, tag, command string) bool {
		if !strings.HasPrefix(command, "UID FETCH") || !strings.Contains(command, "BODY") {
			return false
		}
		c.s.fetch(c, strings.TrimPrefix(command, "UID FETCH "), alter)
		c.say("%s OK done\r\n", tag)
		return true
	}
}

func queryOf(subject string) filters.Query {
	return filters.Query{{{Key: "SUBJECT", Value: subject}}}
}
