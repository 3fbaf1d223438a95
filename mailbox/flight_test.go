package mailbox_test

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"example.org/imap-integration/mailbox"
)

const (
	onlySizes = "(UID FLAGS INTERNALDATE RFC822.SIZE)"
	guesses   = "(UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[]<0."
)

// checkAll holds what was fetched against the script's emails: all of them, or
// of those that are too large the header block.
func checkAll(t *testing.T, s *scripted, got []fetched, limit int) {
	t.Helper()
	if len(got) != len(s.emails) {
		t.Fatalf("%d emails of %d", len(got), len(s.emails))
	}
	for i, r := range got {
		raw := s.emails[r.UID]
		if i > 0 && got[i-1].UID >= r.UID || r.InternalDate.IsZero() {
			t.Errorf("mail %d in place %d, of %v", r.UID, i, r.InternalDate)
		}
		if len(raw) > limit {
			head := strings.SplitAfter(string(raw), "\r\n\r\n")[0]
			if r.Outcome != mailbox.TooLarge || string(r.Body) != head || r.Size != int64(len(raw)) {
				t.Errorf("mail %d, too large: outcome %d, size %d, %q", r.UID, r.Outcome, r.Size, r.Body)
			}
		} else if r.Outcome != mailbox.Whole || !bytes.Equal(r.Body, raw) || len(r.Problems) > 0 {
			t.Errorf("mail %d: outcome %d, %d bytes of %d, %v", r.UID, r.Outcome, len(r.Body), len(raw), r.Problems)
		}
	}
}

// heldSizes withholds the answer to the sizes until the emails are asked for, and
// gives it before or behind the emails of that command.
func heldSizes(s *scripted, behind bool) func(c *scriptConn, tag, command string) bool {
	held, holder := "", ""
	var mu sync.Mutex // a second connection may have begun
	once := false
	return func(c *scriptConn, tag, command string) bool {
		mu.Lock()
		defer mu.Unlock()
		sizes := func() {
			if held != "" {
				s.answer(c, holder, held)
			}
			held = ""
		}
		switch {
		case !once && strings.HasSuffix(command, onlySizes):
			held, holder, once = command, tag, true
			return true
		case !strings.Contains(command, guesses) || held == "":
			return false
		case behind:
			s.answer(c, tag, command)
			sizes()
			return true
		}
		sizes()
		return false
	}
}

// TestGuess: the first emails are asked for before their sizes are known, and
// come whole in whatever order the server works.
func TestGuess(t *testing.T) {
	for _, n := range []int{1, 2, 40, 300} {
		for _, behind := range []bool{false, true} {
			s := startScript(t, n, nil)
			s.hook = heldSizes(s, behind)
			f := dial(t, s.config(t))
			checkAll(t, s, fetch(t, f, uidRange(1, mailbox.UID(n))), 1<<20)
			if s.connections() != 1 {
				t.Errorf("%d emails, sizes behind %v: %d connections", n, behind, s.connections())
			}
			_ = f.Close()
		}
	}
}

// TestGuessWithoutSizes: a server that does not give the sizes gives the emails.
func TestGuessWithoutSizes(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{"NO not now", "BAD unknown item", "NO [UNAVAILABLE] wait"} {
		refused := 0
		s := startScript(t, 140, func(c *scriptConn, tag, command string) bool {
			if !strings.HasSuffix(command, onlySizes) || refused > 0 && strings.Contains(answer, "UNAVAILABLE") {
				return false
			}
			refused++
			c.say("%s %s\r\n", tag, answer)
			return true
		})
		f := dial(t, s.config(t))
		checkAll(t, s, fetch(t, f, uidRange(1, 140)), 1<<20)
		if s.connections() != 1 || refused != 1 {
			t.Errorf("%q: %d connections, %d refusals", answer, s.connections(), refused)
		}
		_ = f.Close()
	}
}

// TestGuessTooLarge: emails among the first that are too large cost one
// connection at most, and come with their header block.
func TestGuessTooLarge(t *testing.T) {
	const limit = 1 << 20
	lateUID := func(s *scripted) func(c *scriptConn, tag, command string) bool {
		return func(c *scriptConn, tag, command string) bool {
			if !strings.HasPrefix(command, "UID FETCH") {
				return false
			}
			s.fetch(c, strings.TrimPrefix(command, "UID FETCH "), func(uid mailbox.UID, a string) string {
				return strings.TrimSuffix(strings.Replace(a, fmt.Sprintf("UID %d ", uid), "", 1), ")\r\n") + fmt.Sprintf(" UID %d)\r\n", uid)
			})
			c.say("%s OK done\r\n", tag)
			return true
		}
	}
	wholeForPart := func(s *scripted) func(c *scriptConn, tag, command string) bool {
		return func(c *scriptConn, tag, command string) bool {
			if !manyParts.MatchString(command) {
				return false
			}
			command, _, _ = strings.Cut(command, "<0.")
			s.fetch(c, strings.TrimPrefix(command, "UID FETCH ")+")", nil)
			c.say("%s OK done\r\n", tag)
			return true
		}
	}
	for _, row := range []struct {
		name        string
		large       map[mailbox.UID]int
		hook        func(s *scripted) func(c *scriptConn, tag, command string) bool
		connections int
	}{
		{"a little", map[mailbox.UID]int{1: limit + 1000, 20: limit + 2<<20}, nil, 1},
		{"far", map[mailbox.UID]int{2: 6 << 20, 5: 8 << 20, 31: 6 << 20, 120: 6 << 20, 150: 6 << 20}, nil, 1},
		{"far, sizes behind", map[mailbox.UID]int{2: 6 << 20, 5: 8 << 20, 150: 6 << 20}, func(s *scripted) func(*scriptConn, string, string) bool { return heldSizes(s, true) }, 1},
		{"far, UID behind", map[mailbox.UID]int{5: 8 << 20, 9: 8 << 20}, lateUID, 1},
		{"the only one", map[mailbox.UID]int{1: 8 << 20}, nil, 1},
		{"parts are not understood", map[mailbox.UID]int{2: 6 << 20, 5: 8 << 20, 150: 6 << 20}, wholeForPart, 2},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			n := 200
			if len(row.large) == 1 {
				n = 1
			}
			s := startScript(t, n, nil)
			for uid, size := range row.large {
				s.emails[uid] = mail(int(uid), size)
			}
			if row.hook != nil {
				s.hook = row.hook(s)
			}
			f := dial(t, s.config(t))
			defer f.Close()
			checkAll(t, s, fetch(t, f, uidRange(1, mailbox.UID(n))), limit)
			if s.connections() != row.connections {
				t.Errorf("%d connections", s.connections())
			}
			if c := strings.Count(s.seenCommands(), "BODY"); c > 40 {
				t.Errorf("the emails came one by one: %d commands", c)
			}
			before := len(manyParts.FindAllString(s.seenCommands(), -1))
			fetch(t, f, uidRange(1, mailbox.UID(n)))
			if after := len(manyParts.FindAllString(s.seenCommands(), -1)); after != before {
				t.Errorf("once a mail was too large, sizes come first:\n%s", s.seenCommands())
			}
		})
	}
}

// manyParts is a FETCH of emails whose sizes are not known.
var manyParts = regexp.MustCompile(`UID FETCH \d+:\d+ \(.*BODY\.PEEK\[\]<0\.`)

// TestPartsAreChecked: what came as a part counts only where it is as long as the
// mail, and a server whose sizes are wrong is found out with one more command.
func TestPartsAreChecked(t *testing.T) {
	const n = 200
	size := regexp.MustCompile(`RFC822\.SIZE \d+`)
	resized := func(s *scripted, to string) func(c *scriptConn, tag, command string) bool {
		return func(c *scriptConn, tag, command string) bool {
			if !strings.HasPrefix(command, "UID FETCH") {
				return false
			}
			s.fetch(c, strings.TrimPrefix(command, "UID FETCH "), func(_ mailbox.UID, a string) string {
				return size.ReplaceAllString(a, to)
			})
			c.say("%s OK done\r\n", tag)
			return true
		}
	}
	for _, row := range []struct {
		name string
		hook func(s *scripted) func(c *scriptConn, tag, command string) bool
		most int // commands for single emails
	}{
		{"parts are cut short", func(s *scripted) func(*scriptConn, string, string) bool {
			return func(c *scriptConn, tag, command string) bool {
				if !manyParts.MatchString(command) {
					return false
				}
				s.fetch(c, strings.TrimPrefix(regexp.MustCompile(`<0\.\d+>`).ReplaceAllString(command, "<0.100>"), "UID FETCH "), nil)
				c.say("%s OK done\r\n", tag)
				return true
			}
		}, n},
		{"sizes are too high", func(s *scripted) func(*scriptConn, string, string) bool { return resized(s, "RFC822.SIZE 99999") }, 1},
		{"sizes are too low", func(s *scripted) func(*scriptConn, string, string) bool { return resized(s, "RFC822.SIZE 10") }, 0},
		{"no sizes", func(s *scripted) func(*scriptConn, string, string) bool { return resized(s, "X 1") }, n},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s := startScript(t, n, nil)
			s.hook = row.hook(s)
			f := dial(t, s.config(t))
			defer f.Close()
			checkAll(t, s, fetch(t, f, uidRange(1, n)), 1<<20)
			if alone := len(regexp.MustCompile(`(?m)UID FETCH \d+ \(`).FindAllString(s.seenCommands(), -1)); alone > row.most {
				t.Errorf("%d emails were asked for alone", alone)
			}
		})
	}
}

// cutting is a connection that ends after so many bytes.
type cutting struct {
	net.Conn
	left int
}

func (c *cutting) Write(p []byte) (int, error) {
	n := min(len(p), c.left)
	c.left -= n
	_, _ = c.Conn.Write(p[:n])
	if n < len(p) {
		_ = c.Close()
		return n, net.ErrClosed
	}
	return n, nil
}

// TestCutAnywhere: wherever the connection breaks, each email comes once, whole.
func TestCutAnywhere(t *testing.T) {
	const emails, answers, cuts = 150, 75_000, 15 // answers: bytes of all of them, about
	var all sync.WaitGroup                        // not t.Parallel: these wait, and more of them than there are cores can do that at once
	defer all.Wait()
	for i := range 2 * cuts {
		behind := i%2 == 0
		all.Go(func() {
			t.Run(fmt.Sprintf("%d, sizes behind %v", i/2, behind), func(t *testing.T) {
				s := startScript(t, emails, nil)
				held := heldSizes(s, behind)
				s.hook = func(c *scriptConn, tag, command string) bool {
					if c.number == 1 && strings.HasSuffix(command, onlySizes) {
						c.Conn = &cutting{c.Conn, i / 2 * answers / cuts}
					}
					return held(c, tag, command)
				}
				f := dial(t, s.config(t))
				defer f.Close()
				checkAll(t, s, fetch(t, f, uidRange(1, emails)), 1<<20)
				if s.connections() > 2 {
					t.Errorf("%d connections", s.connections())
				}
			})
		})
	}
}

// TestGuessAndYield: a fetch that ends while the sizes are awaited leaves a usable connection.
func TestGuessAndYield(t *testing.T) {
	s := startScript(t, 200, nil)
	s.hook = heldSizes(s, true)
	f := dial(t, s.config(t))
	defer f.Close()
	enough := errors.New("enough")
	err := f.Fetch(t.Context(), uidRange(1, 200), func(r *mailbox.Raw) error {
		r.Release()
		return enough
	})
	if !errors.Is(err, enough) {
		t.Fatal(err)
	}
	checkAll(t, s, fetch(t, f, uidRange(1, 200)), 1<<20)
	if s.connections() != 1 {
		t.Errorf("%d connections", s.connections())
	}
}

// TestWindow: many small emails are asked for before the first of them comes,
// and of large ones no more than there is room for.
func TestWindow(t *testing.T) {
	const emails, large, room = 600, 1 << 20, 12
	for _, size := range []int{300, large} {
		s := startScript(t, emails, nil)
		var mu sync.Mutex
		held, asked := map[string]string{}, 0
		var order []string
		answer := func(c *scriptConn) {
			if size == large && asked > room {
				t.Errorf("%d emails of %d bytes were asked for at once", asked, size)
			}
			for _, tag := range order {
				s.answer(c, tag, held[tag])
			}
			held = nil
		}
		s.hook = func(c *scriptConn, tag, command string) bool {
			mu.Lock()
			defer mu.Unlock()
			switch {
			case strings.HasSuffix(command, onlySizes):
				for uid := range s.emails {
					c.say("* %d FETCH (UID %d FLAGS () INTERNALDATE \"23-Nov-2026 10:00:00 +0000\" RFC822.SIZE %d)\r\n", uid, uid, size)
				}
				c.say("%s OK done\r\n", tag)
				return true
			case !strings.Contains(command, "BODY") || held == nil:
				return false
			}
			if size == large && len(order) == 0 {
				time.AfterFunc(300*time.Millisecond, func() { mu.Lock(); defer mu.Unlock(); answer(c) })
			}
			held[tag], order = command, append(order, tag)
			if asked += len(s.selected(strings.Split(command, " ")[2])); asked == emails {
				answer(c)
			}
			return true
		}
		f := dial(t, s.config(t))
		f.SizesFirst()
		checkAll(t, s, fetch(t, f, uidRange(1, emails)), large)
		_ = f.Close()
	}
}
