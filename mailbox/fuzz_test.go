package mailbox_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.org/imap-integration/mailbox"
	"example.org/imap-integration/secret"
)

// FuzzFolder plays arbitrary answers to the search and the fetches of a run. The run
// ends, yields each email at most once and in order, and nothing that was cut.
func FuzzFolder(f *testing.F) {
	for _, seed := range []string{
		"* 1 FETCH (UID 1 FLAGS () RFC822.SIZE 4)\r\nTAG OK\r\n",
		"* 1 FETCH (UID 1 BODY[] {4}\r\nbody)\r\n* 2 FETCH (BODY[] {4}\r\nbody UID 2)\r\nTAG OK done\r\n",
		"* 2 FETCH (UID 2 BODY[] NIL)\r\nTAG NO [SERVERBUG] no\r\n",
		"* BYE [THROTTLED] Suggested Backoff Time: 100 milliseconds\r\n",
		"* 1 FETCH (UID 1 BODY[] {99999}\r\nbody",
		"* SEARCH 1\r\n* 3 EXPUNGE\r\nTAG BAD User is authenticated but not connected\r\n",
	} {
		f.Add(seed, seed)
	}
	f.Fuzz(func(t *testing.T, first, later string) {
		synctest.Test(t, func(t *testing.T) {
			server := &fuzzServer{answers: []string{first, later}}
			run(t, server)
		})
	})
}

func run(t *testing.T, server *fuzzServer) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour) // of the bubble's time
	defer cancel()
	f, err := mailbox.Dial(ctx, mailbox.Config{
		Host: "imap.example", Port: 143, Security: mailbox.Clear, Timeout: 10 * time.Second, MaxSize: 1 << 20,
		Login: mailbox.Login{Username: "soc", Password: secret.New("secret")},
		Dial:  server.dial,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	last := mailbox.UID(0)
	yielded := 0
	err = f.Fetch(ctx, uidRange(1, 4), func(r *mailbox.Raw) error {
		if r.UID <= last || r.UID > 4 {
			t.Fatalf("UID %d after %d", r.UID, last)
		}
		last = r.UID
		yielded++
		if whole := r.Outcome == mailbox.Whole; whole && int64(len(r.Body)) != r.Size {
			t.Fatalf("%d bytes of %d", len(r.Body), r.Size)
		}
		r.Release()
		return nil
	})
	if err == nil && yielded != 4 {
		t.Fatalf("%d emails yielded without an error", yielded)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		t.Fatal("the run did not end by itself")
	}
}

// fuzzServer logs in and opens the folder as a server should, and then answers as it is told.
type fuzzServer struct{ answers []string }

func (s *fuzzServer) dial(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe()
	go s.talk(server)
	return client, nil
}

func (s *fuzzServer) talk(c net.Conn) {
	defer c.Close()
	say := func(format string, args ...any) { fmt.Fprintf(c, format, args...) }
	say("* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] hi\r\n")
	in := bufio.NewReader(c)
	for n := 0; ; {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		tag, command, _ := strings.Cut(line, " ")
		switch {
		case strings.HasPrefix(command, "AUTHENTICATE"):
			say("%s OK [CAPABILITY IMAP4rev1] in\r\n", tag)
		case strings.HasPrefix(command, "SELECT"):
			say("* 4 EXISTS\r\n* OK [UIDVALIDITY 1] x\r\n%s OK open\r\n", tag)
		default:
			answer := s.answers[min(n, len(s.answers)-1)]
			n++
			say("%s", strings.ReplaceAll(answer, "TAG", tag))
		}
	}
}
