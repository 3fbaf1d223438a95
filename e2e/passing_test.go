package e2e_test

import (
	"crypto/sha256"
	"encoding/base64"
	bigendian "encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"example.org/imap-integration/mailbox/mailboxtest"
)

// fault is what a server does with the FETCH response for one email.
type fault struct {
	name  string
	alter func(answer string) string // of a response with a body or header fields; nil: the command is refused
	words string                     // of the refusal
}

// passingFaults say nothing about the email that they hit.
var passingFaults = []fault{
	{name: "the response has no UID", alter: func(a string) string { return strings.Replace(a, "UID 3 ", "", 1) }},
	{name: "the response names another UID", alter: func(a string) string { return strings.Replace(a, "UID 3 ", "UID 99 ", 1) }},
	{name: "the body is NIL", alter: func(string) string { return "* 3 FETCH (UID 3 BODY[] NIL)\r\n" }},
	{name: "the body is empty", alter: func(string) string { return "* 3 FETCH (UID 3 BODY[] \"\")\r\n" }},
	{name: "there is no response", alter: func(string) string { return "" }},
	{name: "NO with words of Exchange", words: "NO Some messages could not be FETCHed (Failure)"},
	{name: "NO with SERVERBUG", words: "NO [SERVERBUG] Internal error occurred"},
	{name: "BAD", words: "BAD Error in IMAP command"},
}

// hook plays a fault for UID 3.
func (f fault) hook(c *mailboxtest.ScriptConn, cmd mailboxtest.Command) bool {
	if !cmd.WantsBody() || !slices.ContainsFunc(c.Selected(cmd), func(m mailboxtest.ScriptMail) bool { return m.UID == 3 }) {
		return false
	}
	c.Fetch(cmd, func(m mailboxtest.ScriptMail, answer string) string {
		if m.UID != 3 {
			return answer
		}
		if f.alter == nil {
			return ""
		}
		return f.alter(answer)
	})
	if f.words != "" {
		c.Say("%s %s\r\n", cmd.Tag, f.words)
		return true
	}
	c.OK(cmd)
	return true
}

// TestPassingFaultIsNotFinal: whatever way an email fails to come, the others go
// on, it stays unread and outside the checkpoint, and a later run takes it.
func TestPassingFaultIsNotFinal(t *testing.T) {
	t.Parallel()
	modes := []struct {
		name   string
		params map[string]any
		forget bool // the rule hands over no checkpoint
		behind bool // what stands behind the email waits with it
	}{
		{name: "unseen"},
		{name: "unseen, a header filter", params: map[string]any{"subject": "mail"}},
		{name: "unseen, no marking", params: map[string]any{"mark_as_seen": false}},
		{name: "from_latest", params: map[string]any{"email_fetch_type": "from_latest"}, behind: true},
		{name: "from_latest by the store", params: map[string]any{"email_fetch_type": "from_latest"}, forget: true, behind: true},
	}
	for _, mode := range modes {
		for _, f := range passingFaults {
			t.Run(mode.name+"/"+f.name, func(t *testing.T) {
				t.Parallel()
				s := newScene(t, mailboxtest.ScriptOptions{Emails: numbered(1, 5), Hook: f.hook})
				for k, v := range mode.params {
					s.params[k] = v
				}
				s.passing(t, f, mode.forget, mode.behind)
			})
		}
	}
}

func (s *scene) passing(t *testing.T, f fault, forget, behind bool) {
	t.Helper()
	run := func(what string, want ...uint32) {
		t.Helper()
		if forget {
			s.checkpoint = ""
			delete(s.params, "checkpoint")
		}
		// A server that refuses all that a run asks for makes it fail, and it says so.
		p := s.command(t, "incoming-mail-daemon").begin(t)
		objects := s.take(t, p)
		if p.status(t) != 0 && (f.words == "" || len(want) > 0) {
			t.Errorf("%s: %s", what, p.stderr.String())
		}
		for _, o := range objects {
			if o.Status != "saved" {
				t.Errorf("%s: UID %d came as %s", what, o.UID, o.Status)
			}
		}
		if got := uidsOf(objects); !slices.Equal(got, want) {
			t.Errorf("%s: %v came, want %v", what, got, want)
		}
		s.seenOnlyHanded(t)
	}
	first, again, passed := []uint32{1, 2, 4, 5}, []uint32(nil), []uint32{3}
	switch {
	case behind && forget: // the newest email in the store is all that the next run knows
		first, passed = []uint32{1, 2}, []uint32{3, 4, 5}
	case behind: // the same, until there is a checkpoint
		first, again = []uint32{1, 2}, []uint32{4, 5}
	}
	run("the first run", first...)
	run("the fault again", again...)
	s.server.Behave()
	run("the fault passed", passed...)
	run("nothing is left")
	s.ledger(t, s.server.Emails())
}

// TestCheckpointPassesNoFault: with a checkpoint the others go on, however many come behind the gap.
func TestCheckpointPassesNoFault(t *testing.T) {
	t.Parallel()
	f := passingFaults[2]
	forBothStores(t, mailboxtest.ScriptOptions{Emails: numbered(1, 2)}, func(t *testing.T, s *scene) {
		s.params["email_fetch_type"] = "from_latest"
		s.params["max_messages"] = 0
		s.daemon(t)
		s.server.Change(func(o *mailboxtest.ScriptOptions) { o.Emails, o.Hook = append(o.Emails, numbered3(3, 3)...), f.hook })
		if got := uidsOf(s.daemon(t)); !slices.Equal(got, []uint32{4, 5}) {
			t.Fatalf("%v came", got)
		}
		// More emails than a checkpoint remembers one by one.
		s.server.Change(func(o *mailboxtest.ScriptOptions) { o.Emails = append(o.Emails, numbered3(6, 1200)...) })
		if got := s.daemon(t); len(got) != 1200 {
			t.Fatalf("%d came", len(got))
		}
		s.server.Behave()
		if got := uidsOf(s.daemon(t)); !slices.Equal(got, []uint32{3}) {
			t.Errorf("%v came when the fault had passed", got)
		}
		s.settle(t)
	})
}

// numbered3 are n small emails with the UIDs from first on, unlike those of numbered.
func numbered3(first, n int) []mailboxtest.ScriptMail {
	var emails []mailboxtest.ScriptMail
	for uid := first; uid < first+n; uid++ {
		emails = append(emails, mailboxtest.ScriptMail{UID: uint32(uid), Raw: fmt.Appendf(nil, "From: b@two.example\r\nSubject: later %d\r\n\r\nBody\r\n", uid)})
	}
	return emails
}

func uidsOf(objects []object) []uint32 {
	var uids []uint32
	for _, o := range objects {
		uids = append(uids, o.UID)
	}
	return uids
}

// TestFaultThatStaysFails: what did not come in several runs over a day fails once, with its header fields.
func TestFaultThatStaysFails(t *testing.T) {
	t.Parallel()
	for _, fetchType := range []string{"unseen", "from_latest"} {
		t.Run(fetchType, func(t *testing.T) {
			t.Parallel()
			s := newScene(t, mailboxtest.ScriptOptions{Emails: numbered(1, 2)})
			s.params["email_fetch_type"] = fetchType
			s.daemon(t)
			next := uint32(3)
			hook := func(c *mailboxtest.ScriptConn, cmd mailboxtest.Command) bool {
				return !strings.Contains(cmd.Args, "HEADER") && passingFaults[2].hook(c, cmd)
			}
			s.server.Change(func(o *mailboxtest.ScriptOptions) { o.Hook = hook })
			for n := range 7 {
				more := 1
				if n == 0 {
					more = 2 // UID 3, which does not come
				}
				s.server.Change(func(o *mailboxtest.ScriptOptions) { o.Emails = append(o.Emails, numbered3(int(next), more)...) })
				next += uint32(more)
				if n == 5 { // a day has passed
					s.checkpoint = older(t, s.checkpoint, 25*time.Hour)
				}
				got := s.daemon(t)
				for _, o := range got {
					if o.UID == 3 && (n != 5 || o.Status != "failed" || o.Subject != "later 3") {
						t.Errorf("run %d: UID 3 came as %s %q", n, o.Status, o.Subject)
					}
				}
				if want := 1 + map[bool]int{true: 1}[n == 5]; len(got) != want {
					t.Errorf("run %d: %v came", n, uidsOf(got))
				}
			}
			s.seenOnlyHanded(t)
		})
	}
}

// older makes a checkpoint one of an earlier day: the time at which an email was missed first.
func older(t *testing.T, text string, by time.Duration) string {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(text, "cp1."))
	if err != nil || b[0] != 2 {
		t.Fatalf("the checkpoint remembers no gap: %v %v", b, err)
	}
	body := b[:len(b)-8]
	at := body[len(body)-5 : len(body)-1]
	bigendian.BigEndian.PutUint32(at, bigendian.BigEndian.Uint32(at)-uint32(by/time.Second))
	sum := sha256.Sum256(body)
	return "cp1." + base64.RawURLEncoding.EncodeToString(append(body, sum[:8]...))
}

// TestUIDValidityWithinASession: UIDs that mean other emails from now on are neither fetched nor marked.
func TestUIDValidityWithinASession(t *testing.T) {
	t.Parallel()
	for name, line := range map[string]string{
		"untagged": "* OK [UIDVALIDITY 8] UIDs have changed\r\n",
	} {
		for _, fetchType := range []string{"unseen", "from_latest"} {
			t.Run(name+"/"+fetchType, func(t *testing.T) {
				t.Parallel()
				forBothStores(t, mailboxtest.ScriptOptions{Emails: large(40, 600<<10)}, func(t *testing.T, s *scene) {
					s.params["email_fetch_type"] = fetchType
					old := s.server.Emails()
					changed := false
					s.server.Change(func(o *mailboxtest.ScriptOptions) {
						o.Hook = func(c *mailboxtest.ScriptConn, cmd mailboxtest.Command) bool {
							if changed || !cmd.WantsBody() || !slices.ContainsFunc(c.Selected(cmd), func(m mailboxtest.ScriptMail) bool { return m.UID == 36 }) {
								return false
							}
							changed = true
							renumbered := slices.Clone(old)
							slices.Reverse(renumbered)
							for i := range renumbered {
								renumbered[i].UID = uint32(i + 1)
							}
							c.Script.Change(func(o *mailboxtest.ScriptOptions) { o.UIDValidity, o.Emails = 8, renumbered })
							c.Say("%s", line)
							return false
						}
					})
					p := s.command(t, "incoming-mail-daemon").begin(t)
					s.take(t, p)
					if len(s.handed) > 0 && s.handed[len(s.handed)-1] >= 36 {
						t.Errorf("handed over %v", s.handed)
					}
					for _, m := range s.server.Emails() {
						if m.HasFlag(`\Seen`) {
							t.Errorf("UID %d of the new numbering is marked read", m.UID)
						}
					}
					s.handed = nil
					s.server.Behave()
					for n := 0; len(s.daemon(t)) > 0 && n < 5; n++ {
					}
					s.ledger(t, old)
				})
			})
		}
	}
}

// TestSlowEmailBlocksNothing: an email that takes longer than the timeout, at a rate that counts as progress, comes, and so does what stands behind it.
func TestSlowEmailBlocksNothing(t *testing.T) {
	t.Parallel()
	for _, fetchType := range []string{"unseen", "from_latest"} {
		t.Run(fetchType, func(t *testing.T) {
			t.Parallel()
			s := newScene(t, mailboxtest.ScriptOptions{Emails: append(large(1, 6000), numbered(2, 3)...)})
			s.params["email_fetch_type"], s.params["timeout"] = fetchType, 2
			s.server.Change(func(o *mailboxtest.ScriptOptions) {
				o.Hook = func(c *mailboxtest.ScriptConn, cmd mailboxtest.Command) bool {
					if !cmd.WantsBody() {
						return false
					}
					c.Fetch(cmd, func(m mailboxtest.ScriptMail, answer string) string {
						if m.UID != 1 {
							return answer
						}
						head, tail := answer[:len(answer)-3], answer[len(answer)-3:]
						for len(head) > 0 { // 2 kB a second: 3 s
							n := min(len(head), 400)
							c.Write([]byte(head[:n]))
							head = head[n:]
							c.Wait(200 * time.Millisecond)
						}
						c.Wait(1200 * time.Millisecond) // and what follows has a wait of its own
						return tail
					})
					c.OK(cmd)
					return true
				}
			})
			if got := s.daemon(t); len(got) != 4 {
				t.Errorf("%v came", uidsOf(got))
			}
			if n := s.server.Connections(); n != 1 {
				t.Errorf("%d connections", n)
			}
			s.ledger(t, s.server.Emails())
		})
	}
}

// TestTooLargeTwice: emails larger than the server said have one record each, with their header, however often the connection is cut.
func TestTooLargeTwice(t *testing.T) {
	t.Parallel()
	for _, fetchType := range []string{"unseen", "from_latest"} {
		t.Run(fetchType, func(t *testing.T) {
			t.Parallel()
			emails := append(numbered(1, 1), large(3, 12<<20)...)
			for i := range emails {
				emails[i].UID = uint32(i + 1)
				emails[i].Size = 500 // all of them lie
			}
			s := newScene(t, mailboxtest.ScriptOptions{Emails: emails})
			s.params["email_fetch_type"], s.params["max_message_size"] = fetchType, 1
			s.server.Change(func(o *mailboxtest.ScriptOptions) {
				o.Hook = func(c *mailboxtest.ScriptConn, cmd mailboxtest.Command) bool {
					// A server that gives everything where a part is asked for.
					if cmd.WantsBody() && strings.Contains(cmd.Args, "]<0.") && !strings.Contains(cmd.Args, "HEADER") {
						cmd.Args = cmd.Args[:strings.Index(cmd.Args, "]<0.")+1] + ")"
						c.Fetch(cmd, nil)
						c.OK(cmd)
						return true
					}
					return false
				}
			})
			seen := map[uint32]int{}
			for range 6 {
				p := s.command(t, "incoming-mail-daemon").begin(t)
				defer func() { t.Log(p.stderr.String()) }()
				for _, o := range s.take(t, p) {
					seen[o.UID]++
					if !strings.HasPrefix(o.Subject, "mail ") {
						t.Errorf("UID %d came with the subject %q", o.UID, o.Subject)
					}
				}
			}
			for uid := uint32(1); uid <= 4; uid++ {
				if seen[uid] != 1 {
					t.Errorf("UID %d came %d times", uid, seen[uid])
				}
			}
		})
	}
}

// TestNamedUIDs: what was read already comes again on request, and the checkpoint stays as it is.
func TestNamedUIDs(t *testing.T) {
	t.Parallel()
	for _, fetchType := range []string{"unseen", "from_latest"} {
		t.Run(fetchType, func(t *testing.T) {
			t.Parallel()
			forBothStores(t, mailboxtest.ScriptOptions{Emails: numbered(1, 6)}, func(t *testing.T, s *scene) {
				s.params["email_fetch_type"] = fetchType
				s.daemon(t)
				before := s.checkpoint
				s.params["uids"], s.params["subject"] = "2, 4:5, 77", "what no email has"
				objects := s.daemon(t)
				if got := uidsOf(objects); !slices.Equal(got, []uint32{2, 4, 5}) {
					t.Fatalf("%v came", got)
				}
				for _, o := range objects {
					if o.Status != "existed" || o.Checkpoint != before {
						t.Errorf("UID %d came as %s, with another checkpoint: %v", o.UID, o.Status, o.Checkpoint != before)
					}
				}
				delete(s.params, "uids")
				delete(s.params, "subject")
				s.settle(t)
			})
		})
	}
}
