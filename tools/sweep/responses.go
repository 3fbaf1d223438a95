package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// A storm of responses is a server that gives one email in a hundred wrongly: no
// response, no UID or another one, NIL for the body, a refusal of the whole command; and
// now and then an email that takes longer than the timeout, or another UIDVALIDITY.

// quietInARow is how many runs without anything new end a storm of responses: the
// last emails may miss several runs.
const quietInARow = 4

func (b *bench) stormOfResponses(only string) error {
	fmt.Println("| storm of responses | emails | faults | runs | emails lost | saved twice | never handed over |")
	fmt.Println("|---|---|---|---|---|---|---|")
	return eachMode(func(name string) bool {
		return !strings.Contains(name, "ignores") && strings.Contains(name, only)
	}, b.responsesOn)
}

func (b *bench) responsesOn(m mode) error {
	s, err := b.stage(m)
	if err != nil {
		return err
	}
	defer s.close()
	server := &badServer{target: net.JoinHostPort("127.0.0.1", strconv.Itoa(b.dovecot.Plain)), random: rand.New(rand.NewPCG(3, 4))}
	if err := server.listen(); err != nil {
		return err
	}
	defer server.listener.Close()
	change := map[string]any{
		"imap_server": "127.0.0.1", "port": server.listener.Addr().(*net.TCPAddr).Port, "connection_security": "none",
		"timeout": 2, "max_messages": 1000,
	}
	runs, idle := 0, 0
	for ; idle < quietInARow; runs++ {
		if runs == stormRuns {
			return fmt.Errorf("not quiet after %d runs", runs)
		}
		peaks, err := s.untilQuiet(change)
		if err != nil {
			return err
		}
		if runs += len(peaks) - 1; len(peaks) == 1 {
			idle++
		} else {
			idle = 0
		}
	}
	o, err := s.compare()
	if err != nil {
		return err
	}
	fmt.Printf("| %s | %d | %d | %d | %d | %d | %d |\n", m.name, len(s.want), server.faults.Load(), runs, o.lost, o.twice, o.neverOut)
	if o != (outcome{}) {
		return errors.New("the ledger is wrong")
	}
	return nil
}

// badServer is a relay to the mail server that changes its responses.
type badServer struct {
	listener net.Listener
	target   string
	faults   atomic.Int64

	mu     sync.Mutex
	random *rand.Rand
}

func (b *badServer) listen() (err error) {
	if b.listener, err = net.Listen("tcp", "127.0.0.1:0"); err == nil {
		go func() {
			for {
				c, err := b.listener.Accept()
				if err != nil {
					return
				}
				go b.serve(c)
			}
		}()
	}
	return err
}

func (b *badServer) serve(c net.Conn) {
	defer c.Close()
	s, err := net.Dial("tcp", b.target)
	if err != nil {
		return
	}
	defer s.Close()
	go func() { _, _ = io.Copy(s, c); s.Close() }()
	in := bufio.NewReaderSize(s, 64<<10)
	refuse := false
	for {
		response, err := readResponse(in)
		if err != nil {
			return
		}
		out, pause := response, time.Duration(0)
		switch {
		case bytes.Contains(response, []byte(" FETCH (")) && bytes.Contains(response, []byte("BODY[")) && b.roll(stormEvery):
			out, pause, refuse = b.spoil(response)
		case refuse && bytes.Contains(response, []byte(" OK ")) && response[0] != '*':
			tag, _, _ := bytes.Cut(response, []byte(" "))
			out, refuse = fmt.Appendf(nil, "%s NO Some messages could not be FETCHed (Failure)\r\n", tag), false
		}
		if !slowly(c, out, pause) {
			return
		}
	}
}

func (b *badServer) roll(n int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.random.IntN(n) == 0
}

var (
	literalAtEnd = regexp.MustCompile(`\{(\d+)\}\r\n$`)
	bodyItem     = regexp.MustCompile(`(?s)BODY\[[^]]*\](<\d+>)? \{\d+\}\r\n.*\)\r\n$`)
	uidItem      = regexp.MustCompile(`UID (\d+) ?`)
)

// readResponse reads one response with its literals.
func readResponse(in *bufio.Reader) (response []byte, err error) {
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return nil, err
		}
		response = append(response, line...)
		size := literalAtEnd.FindSubmatch(line)
		if size == nil {
			return response, nil
		}
		n, _ := strconv.Atoi(string(size[1]))
		literal := make([]byte, n)
		if _, err := io.ReadFull(in, literal); err != nil {
			return nil, err
		}
		response = append(response, literal...)
	}
}

// spoil changes the response for one email; refuse: its command is to be refused.
func (b *badServer) spoil(response []byte) (out []byte, pause time.Duration, refuse bool) {
	b.mu.Lock()
	kind := b.random.IntN(40)
	b.mu.Unlock()
	b.faults.Add(1)
	switch {
	case kind == 0: // other emails from now on
		return append([]byte("* OK [UIDVALIDITY 4711] moved\r\n"), response...), 0, false
	case kind == 1: // longer than the timeout, and the end later still
		return response, 3 * time.Second, false
	case kind < 10:
		return nil, 0, false
	case kind < 18:
		return bodyItem.ReplaceAll(response, []byte("BODY[] NIL)\r\n")), 0, false
	case kind < 25:
		return uidItem.ReplaceAll(response, nil), 0, false
	case kind < 32:
		return uidItem.ReplaceAll(response, []byte("UID 999999 ")), 0, false
	default:
		return nil, 0, true
	}
}

// slowly writes a response, in pieces over the time of pause where that is set.
func slowly(c net.Conn, out []byte, pause time.Duration) bool {
	pieces := 1
	if pause > 0 {
		pieces = 15
	}
	for i := range pieces {
		from, to := len(out)*i/pieces, len(out)*(i+1)/pieces
		if _, err := c.Write(out[from:to]); err != nil {
			return false
		}
		time.Sleep(pause / time.Duration(pieces))
	}
	return true
}
