package mailbox_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"example.org/imap-integration/mailbox"
	"example.org/imap-integration/message"
	"example.org/imap-integration/secret"
)

// TestQuirks are answers of real servers that must do no harm: all emails come, byte for byte.
func TestQuirks(t *testing.T) {
	replace := func(old, new string) func(mailbox.UID, string) string {
		return func(_ mailbox.UID, a string) string { return strings.Replace(a, old, new, 1) }
	}
	for name, alter := range map[string]func(uid mailbox.UID, answer string) string{
		"none": func(_ mailbox.UID, a string) string { return a },
		"unknown answers": func(_ mailbox.UID, a string) string {
			return "* XFOO bar\r\n* VANISHED 1:3\r\n* NOOP\r\n\r\n* 5 RECENT\r\n" + a
		},
		"unknown with literal": func(_ mailbox.UID, a string) string {
			return "* XBLOB (a {12}\r\n* 9 FETCH (\r\n b)\r\n" + a
		},
		"stray line":    func(_ mailbox.UID, a string) string { return "CAPABILITY completed.\r\n" + a },
		"unknown items": replace("FLAGS ()", `X-GM-MSGID 12 EMAILID (M1) MODSEQ (12) X-Q "a ) b" X-L ((1 "2") NIL) X-Z {3}`+"\r\nabc FLAGS ()"),
		"body structure": replace("FLAGS ()", "BODYSTRUCTURE "+strings.Repeat("(", 900)+strings.Repeat(")", 900)+
			` FLAGS () ENVELOPE (NIL "x {5}" NIL)`),
		"literal8":      func(_ mailbox.UID, a string) string { return strings.Replace(a, "{", "~{", 1) },
		"client's plus": func(_ mailbox.UID, a string) string { return strings.Replace(a, "}", "+}", 1) },
		"lower case": func(_ mailbox.UID, a string) string {
			head, body, _ := strings.Cut(a, "{")
			return strings.ToLower(head) + "{" + body
		},
		"double blanks":         replace(" FLAGS ()", "  FLAGS  ()  "),
		"blank before the end":  func(_ mailbox.UID, a string) string { return strings.TrimSuffix(a, ")\r\n") + " )\r\n" },
		"LF only after literal": func(_ mailbox.UID, a string) string { return strings.TrimSuffix(a, "\r\n") + "\n" },
		"size -1":               func(_ mailbox.UID, a string) string { return strings.Replace(a, "RFC822.SIZE ", "RFC822.SIZE -", 1) },
		"flags with brackets":   replace("FLAGS ()", `FLAGS (\Seen [Gmail]/x] "quoted" $Forwarded)`),
		"UID behind the body": func(uid mailbox.UID, a string) string {
			return strings.TrimSuffix(strings.Replace(a, fmt.Sprintf("UID %d ", uid), "", 1), ")\r\n") + fmt.Sprintf(" UID %d)\r\n", uid)
		},
		"flags of a mail first": func(uid mailbox.UID, a string) string {
			return fmt.Sprintf("* %d FETCH (UID %d FLAGS (\\Seen))\r\n%s", uid, uid, a)
		},
		"foreign mail too": func(uid mailbox.UID, a string) string {
			return "* 99 FETCH (UID 99 BODY[] {5}\r\nwrong)\r\n* 98 FETCH (BODY[] {5}\r\nwrong)\r\n" + a
		},
		"second body": func(uid mailbox.UID, a string) string {
			return a + fmt.Sprintf("* %d FETCH (UID %d BODY[] {5}\r\nother)\r\n", uid, uid)
		},
	} {
		bothWays(t, name, func(t *testing.T, prepare func(*mailbox.Folder)) {
			s := startScript(t, 5, altering(alter))
			f := dial(t, s.config(t))
			defer f.Close()
			prepare(f)
			got := fetch(t, f, uidRange(1, 5))
			for i, r := range got {
				if r.Outcome != mailbox.Whole || string(r.Body) != string(mail(i+1, 300)) {
					t.Errorf("mail %d: outcome %d, %d bytes", r.UID, r.Outcome, len(r.Body))
				}
				if noted := len(r.Problems) > 0 && r.Problems[0].Code == message.CodeDuplicateFetch; noted != (name == "second body") {
					t.Errorf("problems: %v", r.Problems)
				}
			}
			if s.connections() != 1 {
				t.Errorf("%d connections", s.connections())
			}
		})
	}
}

func TestQuotedBody(t *testing.T) {
	s := startScript(t, 1, altering(func(mailbox.UID, string) string {
		return `* 1 FETCH (UID 1 BODY[] "Subject: \"quoted\" \\ ")` + "\r\n"
	}))
	f := dial(t, s.config(t))
	defer f.Close()
	if got := fetch(t, f, []mailbox.UID{1}); string(got[0].Body) != `Subject: "quoted" \ ` {
		t.Errorf("%q", got[0].Body)
	}
}

// TestGreetings are the lines around the login that go-imap alone would not survive.
func TestGreetings(t *testing.T) {
	for name, change := range map[string]func(s *scripted){
		"no capabilities": func(s *scripted) { s.greeting = "* OK" },
		"lower case":      func(s *scripted) { s.greeting = "* ok [capability imap4rev1 auth=plain sasl-ir] hi" },
		"rev2":            func(s *scripted) { s.greeting = "* OK [CAPABILITY IMAP4rev2 AUTH=PLAIN SASL-IR] hi" },
		"escape":          func(s *scripted) { s.greeting = "* OK [ALERT] \x1b[31mcall 555" },
		"proxy's junk": func(s *scripted) {
			s.hook = func(c *scriptConn, tag, command string) bool {
				if !strings.HasPrefix(command, "AUTHENTICATE") {
					return false
				}
				c.say(`%s OK [Error="x ] y" Proxy=a.b:1] done`+"\r\n", tag)
				return true
			}
		},
		"no text": func(s *scripted) {
			s.hook = func(c *scriptConn, tag, command string) bool {
				if strings.HasPrefix(command, "SELECT") {
					c.say("* 2 EXISTS\r\n* OK [UIDVALIDITY 7]\r\n* OK [UIDNEXT 4294967296] Predicted\r\n* OK [PERMANENTFLAGS (\\Seen a]b)] x\r\n* FLAGS (a]b)\r\n%s OK\r\n", tag)
					return true
				}
				if strings.HasPrefix(command, "UID SEARCH") {
					c.say("* SEARCH 1\r\n* search 2 1\r\n%s OK\r\n", tag)
					return true
				}
				return false
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := startScript(t, 2, nil)
			change(s)
			f := dial(t, s.config(t))
			defer f.Close()
			if got := search(t, f, mailbox.Criteria{}); !slices.Equal(got, uidRange(1, 2)) {
				t.Errorf("%v", got)
			}
			if strings.ContainsAny(f.Status().Greeting, "\x1b\r\n") {
				t.Errorf("greeting %q", f.Status().Greeting)
			}
		})
	}
}

// TestMissing are the ways of a server to give no content.
func TestMissing(t *testing.T) {
	body := func(uid int) string { return string(mail(uid, 300)) }
	for _, c := range []struct {
		name   string
		answer func(n int32, uid mailbox.UID, answer string) string // n counts the answers for mail 2
		want   mailbox.Outcome
	}{
		{"left out once", func(n int32, _ mailbox.UID, a string) string { return pick(n == 1, "", a) }, mailbox.Whole},
		{"NIL once", func(n int32, _ mailbox.UID, a string) string {
			return pick(n == 1, "* 2 FETCH (UID 2 BODY[] NIL)\r\n", a)
		}, mailbox.Whole},
		{"always left out", func(int32, mailbox.UID, string) string { return "" }, mailbox.Missing},
		{"always NIL", func(int32, mailbox.UID, string) string { return "* 2 FETCH (UID 2 BODY[] NIL)\r\n" }, mailbox.Missing},
		{"always empty", func(int32, mailbox.UID, string) string { return "* 2 FETCH (UID 2 BODY[] \"\")\r\n" }, mailbox.Missing},
		{"never a UID", func(_ int32, _ mailbox.UID, a string) string { return strings.Replace(a, "UID 2 ", "", 1) }, mailbox.Missing},
		{"another UID", func(_ int32, _ mailbox.UID, a string) string { return strings.Replace(a, "UID 2 ", "UID 9 ", 1) }, mailbox.Missing},
	} {
		bothWays(t, c.name, func(t *testing.T, prepare func(*mailbox.Folder)) {
			var n atomic.Int32
			alter := func(uid mailbox.UID, a string) string {
				if uid != 2 {
					return a
				}
				return c.answer(n.Add(1), uid, a)
			}
			s := startScript(t, 3, nil)
			s.hook = func(conn *scriptConn, tag, command string) bool {
				if strings.HasPrefix(command, "FETCH") {
					s.fetch(conn, strings.TrimPrefix(command, "FETCH "), alter)
					conn.say("%s OK done\r\n", tag)
					return true
				}
				return altering(alter)(conn, tag, command)
			}
			f := dial(t, s.config(t))
			defer f.Close()
			prepare(f)
			got := fetch(t, f, uidRange(1, 3))
			if got[0].Outcome != mailbox.Whole || got[2].Outcome != mailbox.Whole || string(got[2].Body) != body(3) {
				t.Errorf("the others: %v, %v", got[0].Outcome, got[2].Outcome)
			}
			if got[1].Outcome != c.want || (c.want == mailbox.Whole) != (string(got[1].Body) == body(2)) {
				t.Errorf("mail 2: outcome %d, %q", got[1].Outcome, got[1].Body)
			}
		})
	}
}

// bothWays runs a test of a fetch that asks for the first emails before it knows
// their sizes, and of one that does not. They run at the same time: they wait.
func bothWays(t *testing.T, name string, test func(t *testing.T, prepare func(*mailbox.Folder))) {
	var both sync.WaitGroup
	defer both.Wait()
	both.Go(func() { t.Run(name, func(t *testing.T) { test(t, func(*mailbox.Folder) {}) }) })
	both.Go(func() { t.Run(name+", sizes first", func(t *testing.T) { test(t, (*mailbox.Folder).SizesFirst) }) })
}

func pick(first bool, a, b string) string {
	if first {
		return a
	}
	return b
}

// TestSequenceNumber is Exchange's OK and nothing to UID FETCH, for an email that FETCH gives.
func TestSequenceNumber(t *testing.T) {
	s := startScript(t, 3, altering(func(uid mailbox.UID, a string) string { return pick(uid == 2, "", a) }))
	f := dial(t, s.config(t))
	defer f.Close()
	got := fetch(t, f, uidRange(1, 3))
	if got[1].Outcome != mailbox.Whole || string(got[1].Body) != string(mail(2, 300)) {
		t.Errorf("outcome %d", got[1].Outcome)
	}
}

func TestPlaceholder(t *testing.T) {
	t.Parallel()
	text := "Subject: x\r\n\r\nThe server couldn't retrieve the following message:\r\n"
	for _, always := range []bool{false, true} {
		var n atomic.Int32
		s := startScript(t, 1, altering(func(_ mailbox.UID, a string) string {
			return pick(always || n.Add(1) == 1, fmt.Sprintf("* 1 FETCH (UID 1 BODY[] {%d}\r\n%s)\r\n", len(text), text), a)
		}))
		s.greeting = "* OK The Microsoft Exchange IMAP4 service is ready."
		f := dial(t, s.config(t))
		got := fetch(t, f, []mailbox.UID{1})
		noted := slices.ContainsFunc(got[0].Problems, func(n mailbox.Note) bool { return n.Code == message.CodePlaceholder })
		if noted != always || (string(got[0].Body) == text) != always {
			t.Errorf("always %v: %q %v", always, got[0].Body, got[0].Problems)
		}
		if f.SubstringSearch() || f.Status().Provider != "microsoft365" {
			t.Error("Exchange was not recognised")
		}
		_ = f.Close()
	}
}

// TestBroken are connections that end or must be ended; one reconnect mends them.
func TestBroken(t *testing.T) {
	var all sync.WaitGroup // not t.Parallel: these wait, and more of them than there are cores can do that at once
	defer all.Wait()
	for _, c := range []struct {
		name   string
		answer string // for mail 3, on the first connection; "close", "silence" and "drip" are acts
	}{
		{"in the middle of a literal", "* 3 FETCH (UID 3 BODY[] {300}\r\nhalf" + "\x00close"},
		{"behind the literal", "* 3 FETCH (UID 3 BODY[] {4}\r\nhalf" + "\x00close"},
		{"BYE", "* BYE Session invalidated - AccessTokenExpired\r\n\x00close"},
		{"stall in a literal", "* 3 FETCH (UID 3 BODY[] {300}\r\nhalf\x00silence"},
		{"drip in a line", "* 3 FETCH (UID 3 \x00drip"},
		{"drip in a literal", "* 3 FETCH (UID 3 BODY[] {300}\r\n\x00drip"},
		{"literal {-1}", "* 3 FETCH (UID 3 BODY[] {-1}\r\n\x00silence"},
		{"literal {}", "* 3 FETCH (UID 3 BODY[] {}\r\n\x00silence"},
		{"literal beyond 64 bits", "* 3 FETCH (UID 3 BODY[] {99999999999999999999}\r\n\x00silence"},
		{"endless line", "* 3 FETCH (UID 3 X" + strings.Repeat("x", 100_000) + "\x00silence"},
		{"nested lists", "* 3 FETCH (X " + strings.Repeat("(", 5000) + "\x00silence"},
		{"garbage behind the literal", "* 3 FETCH (UID 3 BODY[] {4}\r\nhalfway and more)\r\n\x00silence"},
		{"half an answer", "* 3 FETCH (UID 3 BODY[] {4}\r\nhalf\r\n\x00silence"},
		{"unmatched continuation", "+ go on\r\n\x00silence"},
		{"unknown tag of go-imap", "T99 OK done\r\n\x00silence"},
		{"a literal over the limit", "* 3 FETCH (UID 3 BODY[] {9999999999}\r\n\x00flood"},
	} {
		all.Go(func() {
			bothWays(t, c.name, func(t *testing.T, prepare func(*mailbox.Folder)) {
				s := startScript(t, 5, nil)
				s.hook = func(conn *scriptConn, tag, command string) bool {
					if conn.number > 1 || !strings.HasPrefix(command, "UID FETCH") || !strings.Contains(command, "BODY") {
						return false
					}
					s.fetch(conn, "1:2 BODY.PEEK[]", nil)
					text, act, _ := strings.Cut(c.answer, "\x00")
					conn.say("%s", text)
					perform(conn, act)
					return true
				}
				f := dial(t, s.config(t))
				defer f.Close()
				prepare(f)
				start := time.Now()
				got := fetch(t, f, uidRange(1, 5))
				if took := time.Since(start); took > 9*time.Second {
					t.Errorf("took %s", took)
				}
				for i, r := range got {
					if large := c.name == "a literal over the limit" && r.UID == 3; large {
						if r.Outcome != mailbox.TooLarge || !strings.HasSuffix(string(r.Body), "\r\n\r\n") || r.Size != 9999999999 {
							t.Errorf("mail 3: %v %d %q", r.Outcome, r.Size, r.Body)
						}
					} else if r.Outcome != mailbox.Whole || string(r.Body) != string(mail(i+1, 300)) {
						t.Errorf("mail %d: outcome %d", r.UID, r.Outcome)
					}
				}
				if s.connections() != 2 {
					t.Errorf("%d connections", s.connections())
				}
			})
		})
	}
}

func perform(conn *scriptConn, act string) {
	switch act {
	case "close":
		_ = conn.Close()
	case "drip":
		for {
			if _, err := conn.Write([]byte("x")); err != nil {
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
	case "flood":
		block := make([]byte, 64<<10)
		for {
			if _, err := conn.Write(block); err != nil {
				return
			}
		}
	}
}

// TestCloseAfterEveryMail makes progress each time, and ends when the reconnects are spent.
func TestCloseAfterEveryMail(t *testing.T) {
	t.Parallel()
	s := startScript(t, 6, nil)
	s.hook = func(c *scriptConn, tag, command string) bool {
		if !strings.HasPrefix(command, "UID FETCH") || !strings.Contains(command, "BODY") {
			return false
		}
		first := s.selected(strings.TrimPrefix(command, "UID FETCH "))[0]
		s.fetch(c, fmt.Sprintf("%d BODY.PEEK[]", first), nil)
		_ = c.Close()
		return true
	}
	f := dial(t, s.config(t))
	defer f.Close()
	got, err := fetchAll(t.Context(), f, uidRange(1, 6))
	if err == nil || kind(err) != mailbox.Closed || len(got) != 2 || s.connections() != 2 {
		t.Errorf("%d emails, %d connections, %v", len(got), s.connections(), err)
	}
	if err := f.MarkSeen(t.Context(), uidRange(1, 2)); err != nil || s.connections() != 3 {
		t.Errorf("the last reconnect is for marking: %v, %d connections", err, s.connections())
	}
}

func TestUIDValidityChangesInMidRun(t *testing.T) {
	t.Parallel()
	s := startScript(t, 3, nil)
	s.hook = func(c *scriptConn, tag, command string) bool {
		switch {
		case c.number == 1 && strings.Contains(command, "BODY"):
			_ = c.Close()
		case c.number > 1 && strings.HasPrefix(command, "SELECT"):
			c.say("* 3 EXISTS\r\n* OK [UIDVALIDITY 8] new\r\n%s OK done\r\n", tag)
		default:
			return false
		}
		return true
	}
	f := dial(t, s.config(t))
	defer f.Close()
	got, err := fetchAll(t.Context(), f, uidRange(1, 3))
	if kind(err) != mailbox.UIDValidity || len(got) != 0 {
		t.Errorf("%d emails, %v", len(got), err)
	}
}

func TestThrottled(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		milliseconds int
		kind         mailbox.Kind
	}{{1500, ""}, {89117, mailbox.Throttled}} {
		t.Run(fmt.Sprint(c.milliseconds), func(t *testing.T) {
			s := startScript(t, 3, nil)
			var at atomic.Int64
			s.hook = func(conn *scriptConn, tag, command string) bool {
				if conn.number > 1 || !strings.Contains(command, "BODY") {
					return false
				}
				at.Store(time.Now().UnixNano())
				conn.say("%s BAD Request is throttled. Suggested Backoff Time: %d milliseconds\r\n* BYE go\r\n", tag, c.milliseconds)
				_ = conn.Close()
				return true
			}
			f := dial(t, s.config(t))
			defer f.Close()
			got, err := fetchAll(t.Context(), f, uidRange(1, 3))
			waited := time.Since(time.Unix(0, at.Load()))
			if kind(err) != c.kind {
				t.Fatalf("%v", err)
			}
			if err == nil && (waited < time.Duration(c.milliseconds)*time.Millisecond || len(got) != 3) {
				t.Errorf("came back after %s, %d emails", waited, len(got))
			}
			if err != nil {
				if err := f.MarkSeen(t.Context(), []mailbox.UID{1}); err == nil || s.connections() != 1 {
					t.Errorf("marked although the server asked to wait: %d connections", s.connections())
				}
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	s := startScript(t, 3, func(c *scriptConn, tag, command string) bool {
		if strings.Contains(command, "BODY") && (strings.Contains(command, ":") || strings.Contains(command, " 1 ")) {
			c.say("%s NO internal corruption\r\n", tag)
			return true
		}
		return false
	})
	f := dial(t, s.config(t))
	defer f.Close()
	got := fetch(t, f, uidRange(1, 3))
	if got[0].Outcome != mailbox.Missing || got[1].Outcome != mailbox.Whole || got[2].Outcome != mailbox.Whole {
		t.Errorf("%v %v %v", got[0].Outcome, got[1].Outcome, got[2].Outcome)
	}
	if !strings.Contains(got[0].Reason, "internal corruption") || len(got[0].Problems)+len(got[1].Problems)+len(got[2].Problems) > 0 {
		t.Errorf("%v %v %v", got[0].Problems, got[1].Problems, got[2].Problems)
	}

	// A server that refuses everything has not told us anything of one email.
	s = startScript(t, 3, func(c *scriptConn, tag, command string) bool {
		if strings.Contains(command, "BODY") {
			c.say("%s NO permission denied\r\n", tag)
			return true
		}
		return false
	})
	f = dial(t, s.config(t))
	defer f.Close()
	if got, err := fetchAll(t.Context(), f, uidRange(1, 3)); kind(err) != mailbox.ServerRefused || len(got) != 0 {
		t.Errorf("%d emails, %v", len(got), err)
	}
}

// TestSizeLies: real bytes decide.
func TestSizeLies(t *testing.T) {
	t.Parallel()
	s := startScript(t, 3, nil)
	s.hook = func(c *scriptConn, tag, command string) bool {
		if !strings.HasPrefix(command, "UID FETCH") {
			return false
		}
		s.fetch(c, strings.TrimPrefix(command, "UID FETCH "), func(uid mailbox.UID, a string) string {
			size := fmt.Sprintf("RFC822.SIZE %d", len(s.emails[uid]))
			return strings.Replace(a, size, pick(uid == 1, "RFC822.SIZE 900000000", "RFC822.SIZE 1"), 1)
		})
		c.say("%s OK done\r\n", tag)
		return true
	}
	s.emails[2] = mail(2, 3<<20)
	f := dial(t, s.config(t))
	defer f.Close()
	got := fetch(t, f, uidRange(1, 3))
	if got[0].Outcome != mailbox.Whole || string(got[0].Body) != string(mail(1, 300)) {
		t.Errorf("a small mail said to be large: %v", got[0].Outcome)
	}
	if got[1].Outcome != mailbox.TooLarge || !strings.HasSuffix(string(got[1].Body), "\r\n\r\n") || got[2].Outcome != mailbox.Whole {
		t.Errorf("a large mail said to be small: %v", got[1].Outcome)
	}
}

func TestFlood(t *testing.T) {
	t.Parallel()
	s := startScript(t, 2, func(c *scriptConn, tag, command string) bool {
		if strings.HasPrefix(command, "UID SEARCH") {
			lines := strings.Repeat("* 5 EXISTS\r\n* 3 FETCH (FLAGS (\\Seen))\r\n", 10_000)
			for range 10 {
				c.say("%s", lines)
			}
		}
		return false
	})
	c := s.config(t)
	c.Timeout = 20 * time.Second
	f := dial(t, c)
	defer f.Close()
	if got := search(t, f, mailbox.Criteria{}); len(got) != 2 {
		t.Errorf("%v", got)
	}
}

// TestBadCharset holds that a server which takes no CHARSET is asked without the terms that
// need one, in whatever words it says so, and not again.
func TestBadCharset(t *testing.T) {
	for _, refusal := range []string{"NO [BADCHARSET (US-ASCII)] no", "BAD charset not supported", "BAD Command Argument Error. 11", "NO SEARCH failed"} {
		s := startScript(t, 2, func(c *scriptConn, tag, command string) bool {
			if strings.Contains(command, "CHARSET") {
				c.say("%s %s\r\n", tag, refusal)
				return true
			}
			return strings.HasPrefix(tag, "Ü") || strings.Contains(tag, "\xc3") // the rest of a literal
		})
		f := dial(t, s.config(t))
		for range 2 {
			if got := search(t, f, mailbox.Criteria{Query: queryOf("Überweisung")}); len(got) != 2 {
				t.Errorf("%s: %v", refusal, got)
			}
		}
		if n := strings.Count(s.seenCommands(), "CHARSET"); n != 1 {
			t.Errorf("%s: CHARSET was sent %d times", refusal, n)
		}
		_ = f.Close()
	}
}

// TestSearchRefusedInASCII holds that no other refusal is taken for one of CHARSET.
func TestSearchRefusedInASCII(t *testing.T) {
	s := startScript(t, 2, func(c *scriptConn, tag, command string) bool {
		if strings.Contains(command, "SEARCH") {
			c.say("%s BAD no\r\n", tag)
		}
		return strings.Contains(command, "SEARCH")
	})
	f := dial(t, s.config(t))
	defer f.Close()
	if _, err := f.Search(t.Context(), mailbox.Criteria{Query: queryOf("invoice")}); kind(err) != mailbox.ServerRefused {
		t.Error(err)
	}
	if n := strings.Count(s.seenCommands(), "SEARCH"); n != 1 {
		t.Errorf("%d searches", n)
	}
}

// TestSearchWithoutEmails holds that a search which every email must match, and that finds
// none in a folder with some, is named.
func TestSearchWithoutEmails(t *testing.T) {
	for name, c := range map[string]struct {
		emails   int
		unseen   string // what SELECT says of the first unread one
		criteria mailbox.Criteria
		named    bool
	}{
		"all of some":                  {2, "", mailbox.Criteria{}, true},
		"all of none":                  {0, "", mailbox.Criteria{}, false},
		"unread, and there are":        {2, "* OK [UNSEEN 1] first\r\n", mailbox.Criteria{Unseen: true}, true},
		"unread, and nothing is known": {2, "", mailbox.Criteria{Unseen: true}, false},
		"some of some":                 {2, "", mailbox.Criteria{From: 100}, false},
		"a filter":                     {2, "* OK [UNSEEN 1] first\r\n", mailbox.Criteria{Unseen: true, Query: queryOf("invoice")}, false},
	} {
		s := startScript(t, c.emails, func(conn *scriptConn, tag, command string) bool {
			if strings.HasPrefix(command, "SELECT") {
				conn.say("%s", c.unseen)
			}
			if !strings.HasPrefix(command, "UID SEARCH") {
				return false
			}
			conn.say("* SEARCH\r\n%s OK done\r\n", tag)
			return true
		})
		var log bytes.Buffer
		conf := s.config(t)
		conf.Log = slog.New(slog.NewTextHandler(&log, nil))
		f := dial(t, conf)
		if got := search(t, f, c.criteria); len(got) != 0 {
			t.Errorf("%s: %v", name, got)
		}
		_ = f.Close()
		if named := strings.Contains(log.String(), "finds no email where the folder has some"); named != c.named {
			t.Errorf("%s: %s", name, log.String())
		}
	}
}

// bearerServer refuses the first tokens with an error document.
func bearerServer(t *testing.T, refusals int) *scripted {
	s := startScript(t, 1, nil)
	s.greeting = "* OK [CAPABILITY IMAP4rev1 AUTH=XOAUTH2 AUTH=PLAIN] ready"
	var login string
	tries := 0
	s.hook = func(c *scriptConn, tag, command string) bool {
		switch {
		case command == "AUTHENTICATE XOAUTH2":
			login = tag
			c.say("+ \r\n")
		case tag == "": // the empty line that answers the error document
			c.say("%s NO [AUTHENTICATIONFAILED] refused\r\n", login)
		case len(tag) < 20:
			return false
		case tries < refusals:
			tries++
			c.say("+ eyJzdGF0dXMiOiI0MDAiLCJzY2hlbWVzIjoiYmVhcmVyIn0=\r\n")
		default:
			c.say("%s OK done\r\n", login)
		}
		return true
	}
	return s
}

func TestBearer(t *testing.T) {
	for _, c := range []struct {
		refusals int
		kind     mailbox.Kind
		asked    []bool
	}{
		{0, "", []bool{false}},
		{1, "", []bool{false, true}},
		{5, mailbox.AuthFailed, []bool{false, true}},
	} {
		conf := bearerServer(t, c.refusals).config(t)
		var asked []bool
		conf.Login.Token = func(_ context.Context, renew bool) (secret.String, error) {
			asked = append(asked, renew)
			return secret.New("Canary-token-that-is-long"), nil
		}
		f, err := mailbox.Dial(t.Context(), conf)
		if kind(err) != c.kind || !slices.Equal(asked, c.asked) {
			t.Errorf("%d refusals: %v, tokens asked for: %v", c.refusals, err, asked)
		}
		if err == nil {
			_ = f.Close()
		} else if text := err.Error(); !strings.Contains(text, "status 400") || strings.Contains(text, "Canary") {
			t.Errorf("%s", text)
		}
	}
}

// TestTokenIsQuotedBack: a server may put the command that it refuses into its answer.
func TestTokenIsQuotedBack(t *testing.T) {
	for _, mechanism := range []string{"XOAUTH2", "OAUTHBEARER"} {
		s := startScript(t, 1, nil)
		s.caps = "IMAP4rev1 SASL-IR AUTH=" + mechanism
		s.greeting = "* OK [CAPABILITY " + s.caps + "] hi"
		s.hook = func(c *scriptConn, tag, command string) bool {
			if !strings.HasPrefix(command, "AUTHENTICATE") {
				return false
			}
			c.say("%s NO I do not like %s\r\n", tag, command)
			return true
		}
		conf := s.config(t)
		for _, name := range []string{"s", "so", "soc"} { // each moves the token in the base64
			conf.Login.Username = name
			conf.Login.Token = func(context.Context, bool) (secret.String, error) {
				return secret.New("Canary-token-that-is-long"), nil
			}
			_, err := mailbox.Dial(t.Context(), conf)
			if kind(err) != mailbox.AuthFailed || !strings.Contains(err.Error(), "AUTHENTICATE "+mechanism+" [secret]") {
				t.Errorf("%s: %v", mechanism, err)
			}
		}
	}
}

// TestTokenExpiresInMidRun: the server ends the session, and a new token opens the next one.
func TestTokenExpiresInMidRun(t *testing.T) {
	t.Parallel()
	s := bearerServer(t, 0)
	login := s.hook
	s.hook = func(c *scriptConn, tag, command string) bool {
		if c.number == 1 && strings.Contains(command, "BODY") {
			c.say("* BYE Session invalidated - AccessTokenExpired\r\n")
			_ = c.Close()
			return true
		}
		return login(c, tag, command)
	}
	conf := s.config(t)
	var asked []bool
	conf.Login.Token = func(_ context.Context, renew bool) (secret.String, error) {
		asked = append(asked, renew)
		return secret.New("Canary-token-that-is-long"), nil
	}
	f := dial(t, conf)
	defer f.Close()
	if got := fetch(t, f, uidRange(1, 1)); got[0].Outcome != mailbox.Whole || !slices.Equal(asked, []bool{false, true}) {
		t.Errorf("%v, tokens asked for: %v", got[0].Outcome, asked)
	}
}

// TestEmptyMail: an email of no bytes is an email.
func TestEmptyMail(t *testing.T) {
	s := startScript(t, 3, nil)
	s.emails[2] = []byte{}
	f := dial(t, s.config(t))
	defer f.Close()
	got := fetch(t, f, uidRange(1, 3))
	if got[1].Outcome != mailbox.Whole || got[1].Size != 0 || got[2].Outcome != mailbox.Whole {
		t.Errorf("mail 2: outcome %d, %d bytes; mail 3: %d", got[1].Outcome, got[1].Size, got[2].Outcome)
	}
}

// TestHelpersRefused: a server that answers no question about one email keeps
// the others from nobody.
func TestHelpersRefused(t *testing.T) {
	alter := func(uid mailbox.UID, a string) string { return pick(uid == 2, "* 2 FETCH (UID 2 BODY[] NIL)\r\n", a) }
	s := startScript(t, 3, func(c *scriptConn, tag, command string) bool {
		if strings.Contains(command, "SEARCH") || strings.HasPrefix(command, "FETCH") {
			c.say("%s BAD unknown command\r\n", tag)
			return true
		}
		return altering(alter)(c, tag, command)
	})
	f := dial(t, s.config(t))
	defer f.Close()
	got := fetch(t, f, uidRange(1, 3))
	if got[0].Outcome != mailbox.Whole || got[1].Outcome != mailbox.Missing || got[2].Outcome != mailbox.Whole {
		t.Errorf("outcomes %d, %d, %d", got[0].Outcome, got[1].Outcome, got[2].Outcome)
	}
}
