package mailbox_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"example.org/imap-integration/mailbox"
)

const target = "Done/März"

// movable is an account with three emails, the third like the first, and a target
// that holds one more, which has the size of the second.
func movable(t *testing.T, a account) {
	t.Helper()
	a.deliver(mail(1, 400), true)
	a.deliver(mail(2, 500), true)
	a.deliver(mail(1, 400), true)
	other := bytes.ReplaceAll(mail(2, 500), []byte("2"), []byte("3"))
	a.folder(target, other)
}

// moved checks that the target has each email once, that two alike are two, and that
// the source has none.
func moved(t *testing.T, a account) {
	t.Helper()
	f := dial(t, a.conf)
	defer f.Close()
	if left := search(t, f, mailbox.Criteria{}); len(left) != 0 {
		t.Errorf("%v are still in the source", left)
	}
	if err := f.Open(t.Context(), target); err != nil {
		t.Fatal(err)
	}
	uids := search(t, f, mailbox.Criteria{})
	counts := map[string]int{}
	for _, m := range fetch(t, f, uids) {
		counts[string(m.Body)]++
	}
	if len(uids) != 4 || counts[string(mail(1, 400))] != 2 || counts[string(mail(2, 500))] != 1 {
		t.Errorf("the target holds %d emails: %d of the first, %d of the second", len(uids), counts[string(mail(1, 400))], counts[string(mail(2, 500))])
	}
	if unseen := search(t, f, mailbox.Criteria{Unseen: true}); len(unseen) != 1 {
		t.Errorf("flags are lost: %v are unread in the target", unseen)
	}
}

func TestMove(t *testing.T) {
	forEachServer(t, func(t *testing.T, a account) {
		movable(t, a)
		f := dial(t, a.conf)
		if !f.CanMove() {
			t.Fatal("the server cannot move")
		}
		if err := f.CheckTarget(t.Context(), "Gone"); err == nil || !strings.Contains(err.Error(), "check after_import_target") {
			t.Errorf("a target that is not there: %v", err)
		}
		if err := f.CheckTarget(t.Context(), target); err != nil {
			t.Error(err)
		}
		if err := f.Move(t.Context(), []mailbox.UID{3, 1, 2, 77}, target, false); err != nil {
			t.Fatal(err)
		}
		f.Close()
		moved(t, a)
	})
}

func TestAddFlag(t *testing.T) {
	forEachServer(t, func(t *testing.T, a account) {
		movable(t, a)
		f := dial(t, a.conf)
		defer f.Close()
		for _, flag := range []string{`\Flagged`, "$Imported"} {
			if !f.Keeps(flag) {
				t.Errorf("%s does not last", flag)
			}
			if err := f.AddFlag(t.Context(), []mailbox.UID{1, 3}, flag); err != nil {
				t.Fatal(err)
			}
			if got := search(t, f, mailbox.Criteria{Seen: true, Lacks: flag}); !slices.Equal(got, []mailbox.UID{2}) {
				t.Errorf("without %s: %v", flag, got)
			}
		}
	})
}

// TestMoveByCopy moves where the server has no MOVE, and loses the connection at each
// of its steps, before the server heard of it or before its response came; by the
// same session, which goes on, and by a later one.
func TestMoveByCopy(t *testing.T) {
	for _, step := range []string{"", "UID COPY", "UID STORE", "UID EXPUNGE"} {
		for _, heard := range []bool{false, true} {
			for _, later := range []bool{false, true} {
				t.Run(strings.Join([]string{step, map[bool]string{true: "heard"}[heard], map[bool]string{true: "later"}[later]}, " "), func(t *testing.T) {
					t.Parallel()
					a := clearDovecot(t)
					movable(t, a)
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					w := &withoutMove{cut: step, heard: heard}
					if later {
						w.whenCut = cancel
					}
					c := a.conf
					c.Dial = w.dial
					f := dial(t, c)
					err := f.Move(ctx, uidRange(1, 3), target, false)
					f.Close()
					if (err != nil) != (later && step != "") {
						t.Fatalf("moving: %v", err)
					}
					if err != nil {
						f := dial(t, c)
						if err := f.Move(t.Context(), uidRange(1, 3), target, true); err != nil {
							t.Fatal(err)
						}
						f.Close()
					}
					if sent := w.sent(); strings.Contains(sent, "UID MOVE") || strings.Contains(strings.ReplaceAll(sent, "UID EXPUNGE", ""), "EXPUNGE") || strings.Contains(sent, "CLOSE") {
						t.Errorf("sent:\n%s", sent)
					}
					moved(t, a)
				})
			}
		}
	}
}

// clearDovecot is an account whose connection can be read on the way.
func clearDovecot(t *testing.T) account {
	a := dovecotAccount(t)
	d := sharedDovecot(t)
	a.conf.Port, a.conf.Security, a.conf.Secure = d.Plain, mailbox.Clear, nil
	return a
}

// withoutMove are connections to a server that does not offer MOVE, the first of
// which breaks at a command.
type withoutMove struct {
	cut     string // the command
	heard   bool   // the server gets it, and its response does not come
	whenCut func()

	mu  sync.Mutex
	all bytes.Buffer
}

func (w *withoutMove) sent() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.all.String()
}

func (w *withoutMove) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, addr)
	return &cutConn{Conn: conn, w: w}, err
}

type cutConn struct {
	net.Conn
	w    *withoutMove
	deaf bool
}

func (c *cutConn) Write(p []byte) (int, error) {
	c.w.mu.Lock()
	c.w.all.Write(p)
	cut := c.w.cut != "" && bytes.Contains(p, []byte(c.w.cut))
	if cut {
		c.w.cut, c.deaf = "", true
	}
	c.w.mu.Unlock()
	if cut && !c.w.heard {
		c.end()
		return len(p), nil
	}
	return c.Conn.Write(p)
}

func (c *cutConn) end() {
	if c.w.whenCut != nil {
		c.w.whenCut()
	}
	_ = c.Conn.Close()
}

func (c *cutConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.w.mu.Lock()
	deaf := c.deaf
	c.w.mu.Unlock()
	if deaf && n > 0 {
		c.end()
		return 0, io.ErrUnexpectedEOF
	}
	copy(p, bytes.ReplaceAll(p[:n], []byte(" MOVE"), []byte(" XOVE")))
	return n, err
}

// TestMoveTellsWhy: a target that cannot take them is named, and nothing is lost.
func TestMoveTellsWhy(t *testing.T) {
	forEachServer(t, func(t *testing.T, a account) {
		movable(t, a)
		f := dial(t, a.conf)
		defer f.Close()
		err := f.Move(t.Context(), uidRange(1, 3), "Gone", false)
		if e, ok := errors.AsType[*mailbox.Error](err); !ok || e.Folder != "Gone" || !strings.Contains(err.Error(), `cannot move emails to the folder "Gone"`) {
			t.Errorf("%v", err)
		}
		if left := search(t, f, mailbox.Criteria{}); len(left) != 3 {
			t.Errorf("%v are left", left)
		}
	})
}
