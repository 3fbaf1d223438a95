package mailbox_test

import (
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"example.org/imap-integration/mailbox"
	"example.org/imap-integration/secret"
)

// fromThree is the search for what lies from UID 3 on.
var fromThree = regexp.MustCompile(`UID SEARCH (RETURN \(ALL\) )?UID 3:\*`)

// startPipelining is a script that takes commands behind the login.
func startPipelining(t *testing.T, n int, hook func(c *scriptConn, tag, command string) bool) *scripted {
	s := startScript(t, n, hook)
	s.greeting = "* OK [CAPABILITY IMAP4rev1 LITERAL+ SASL-IR AUTH=PLAIN] Dovecot ready."
	return s
}

// onEarly answers the search that was sent with the login, which goes past go-imap and so has a tag of ours.
func onEarly(how func(c *scriptConn, tag string)) func(c *scriptConn, tag, command string) bool {
	return func(c *scriptConn, tag, command string) bool {
		if !strings.HasPrefix(command, "UID SEARCH") || !strings.HasPrefix(tag, "M") {
			return false
		}
		how(c, tag)
		return true
	}
}

// TestEarlySearch: the answer to the search sent with the login is used whole,
// or the search is sent again.
func TestEarlySearch(t *testing.T) {
	say := func(text string) func(*scriptConn, string) {
		return func(c *scriptConn, tag string) { c.say("%s", strings.ReplaceAll(text, "TAG", tag)) }
	}
	var all sync.WaitGroup // not t.Parallel: these wait, and more of them than there are cores can do that at once
	defer all.Wait()
	for _, row := range []struct {
		name        string
		how         func(c *scriptConn, tag string) // nil: as it should be
		want        []mailbox.UID
		searches    int // sent in all
		connections int
	}{
		{"right", nil, uidRange(3, 5), 1, 1},
		{"foreign UIDs", say("* SEARCH 1 2 4\r\nTAG OK done\r\n"), uidRange(4, 4), 1, 1},
		{"in two answers, not in order", say("* SEARCH 5 3\r\n* search 4 5\r\nTAG OK done\r\n"), uidRange(3, 5), 1, 1},
		{"ESEARCH", say("* ESEARCH (TAG \"TAG\") UID ALL 3:4\r\nTAG OK done\r\n"), uidRange(3, 4), 1, 1},
		{"nothing found", say("* SEARCH\r\nTAG OK done\r\n"), nil, 1, 1},
		{"BAD", say("TAG BAD no folder selected\r\n"), uidRange(3, 5), 2, 1},
		{"NO behind a part", say("* SEARCH 3\r\nTAG NO failed\r\n"), uidRange(3, 5), 2, 1},
		{"a passing fault behind a part", say("* SEARCH 3\r\nTAG NO [INUSE] wait\r\n"), uidRange(3, 5), 2, 1},
		{"OK and no answer", say("TAG OK done\r\n"), uidRange(3, 5), 2, 1},
		{"too many", say("* ESEARCH UID ALL 1:9000\r\n* SEARCH 9001 9002 9003 9004 9005\r\n* ESEARCH UID ALL 20000:29999\r\nTAG OK done\r\n"), uidRange(3, 5), 2, 1},
		{"garbage", say("* SEARCH 3 x\r\nTAG OK done\r\n"), uidRange(3, 5), 2, 2},
		{"an absurd range", say("* ESEARCH UID ALL 1:4294967295\r\nTAG OK done\r\n"), uidRange(3, 5), 2, 2},
		{"cut inside", func(c *scriptConn, _ string) { c.say("* SEARCH 3 4"); _ = c.Close() }, uidRange(3, 5), 2, 2},
		{"cut before the end", func(c *scriptConn, _ string) { c.say("* SEARCH 3 4\r\n"); _ = c.Close() }, uidRange(3, 5), 2, 2},
		{"BYE", func(c *scriptConn, _ string) { c.say("* BYE later\r\n"); _ = c.Close() }, uidRange(3, 5), 2, 2},
		{"silence", func(*scriptConn, string) {}, uidRange(3, 5), 2, 2},
	} {
		all.Go(func() {
			t.Run(row.name, func(t *testing.T) {
				s := startPipelining(t, 5, nil)
				if row.how != nil {
					s.hook = onEarly(row.how)
				}
				conf := s.config(t)
				conf.First = &mailbox.Criteria{From: 3}
				f := dial(t, conf)
				defer f.Close()
				if got := search(t, f, mailbox.Criteria{From: 3}); !slices.Equal(got, row.want) {
					t.Errorf("%v, want %v", got, row.want)
				}
				if n := len(fromThree.FindAllString(s.seenCommands(), -1)); n != row.searches || s.connections() != row.connections {
					t.Errorf("%d searches on %d connections:\n%s", n, s.connections(), s.seenCommands())
				}
				if got := search(t, f, mailbox.Criteria{From: 3}); !slices.Equal(got, uidRange(3, 5)) {
					t.Errorf("the second time: %v", got)
				}
				if n := strings.Count(s.seenCommands(), "UID SEARCH"); n != row.searches+1 {
					t.Errorf("an answer was used twice, or a search sent ahead on a new connection:\n%s", s.seenCommands())
				}
			})
		})
	}
}

// TestEarlySearchForOthers: an answer is not taken for that of another search.
func TestEarlySearchForOthers(t *testing.T) {
	late := func(c *scriptConn, tag string) {
		time.Sleep(100 * time.Millisecond)
		c.say("* SEARCH 5\r\n%s OK done\r\n", tag)
	}
	for _, other := range []mailbox.Criteria{
		{From: 2}, {Unseen: true, From: 3}, {From: 3, To: 4}, {From: 3, Since: when}, {From: 3, Query: queryOf("number")}, {},
	} {
		s := startPipelining(t, 4, onEarly(late))
		conf := s.config(t)
		conf.First = &mailbox.Criteria{From: 3}
		f := dial(t, conf)
		got := search(t, f, other)
		if slices.Contains(got, 5) || len(got) == 0 || !fromThree.MatchString(s.seenCommands()) {
			t.Errorf("%+v: %v\n%s", other, got, s.seenCommands())
		}
		got = search(t, f, mailbox.Criteria{From: 3})
		if !slices.Equal(got, uidRange(3, 4)) {
			t.Errorf("%+v, then the one that was sent ahead: %v", other, got)
		}
		_ = f.Close()
	}
}

// TestEarlySearchNotSent where the server is not known to take it, or it is not simple.
func TestEarlySearchNotSent(t *testing.T) {
	for name, row := range map[string]struct {
		greeting string
		first    mailbox.Criteria
	}{
		"another server": {"* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] ready", mailbox.Criteria{Unseen: true}},
		"by LOGIN":       {"* OK [CAPABILITY IMAP4rev1] Dovecot ready.", mailbox.Criteria{Unseen: true}},
		"upper end":      {"", mailbox.Criteria{From: 1, To: 9}},
		"date":           {"", mailbox.Criteria{Since: when}},
		"query":          {"", mailbox.Criteria{Query: queryOf("number")}},
	} {
		s := startPipelining(t, 30, nil)
		if row.greeting != "" {
			s.greeting = row.greeting
		}
		conf := s.config(t)
		conf.First = &row.first
		f := dial(t, conf)
		if strings.Contains(s.seenCommands(), "SEARCH") {
			t.Errorf("%s:\n%s", name, s.seenCommands())
		}
		if got := search(t, f, row.first); len(got) == 0 {
			t.Errorf("%s: %v", name, got)
		}
		_ = f.Close()
	}
}

// TestEarlySearchAndRefusals: what fails before the search fails in the same words.
func TestEarlySearchAndRefusals(t *testing.T) {
	t.Parallel()
	for name, hook := range map[string]func(c *scriptConn, tag, command string) bool{
		"login": func(c *scriptConn, tag, command string) bool {
			if strings.HasPrefix(command, "AUTHENTICATE") {
				c.say("%s NO [AUTHENTICATIONFAILED] no\r\n", tag)
			} else {
				c.say("%s BAD log in first\r\n", tag)
			}
			return true
		},
		"folder": func(c *scriptConn, tag, command string) bool {
			switch {
			case strings.HasPrefix(command, "SELECT"):
				c.say("%s NO [NONEXISTENT] none\r\n", tag)
			case strings.HasPrefix(command, "UID"):
				c.say("* SEARCH 1 2\r\n%s BAD no folder\r\n", tag)
			default:
				return false
			}
			return true
		},
	} {
		s := startPipelining(t, 2, hook)
		conf := s.config(t)
		_, plain := mailbox.Dial(t.Context(), conf)
		conf.First = &mailbox.Criteria{Unseen: true}
		_, err := mailbox.Dial(t.Context(), conf)
		if err == nil || err.Error() != plain.Error() {
			t.Errorf("%s: %v, without the search %v", name, err, plain)
		}
	}
}

// TestEarlySearchFolderOpensLater: the answer to a search in a folder that was not open is none.
func TestEarlySearchFolderOpensLater(t *testing.T) {
	t.Parallel()
	opens := 0
	s := startPipelining(t, 3, nil)
	early := onEarly(func(c *scriptConn, tag string) { c.say("* SEARCH 2\r\n%s OK done\r\n", tag) })
	s.hook = func(c *scriptConn, tag, command string) bool {
		if opens += strings.Count(command, "SELECT"); opens == 1 && strings.HasPrefix(command, "SELECT") {
			c.say("%s NO [UNAVAILABLE] User is authenticated but not connected.\r\n", tag)
			return true
		}
		return early(c, tag, command)
	}
	conf := s.config(t)
	conf.First = &mailbox.Criteria{Unseen: true}
	f := dial(t, conf)
	defer f.Close()
	if got := search(t, f, mailbox.Criteria{Unseen: true}); !slices.Equal(got, uidRange(1, 3)) || s.connections() != 1 {
		t.Errorf("%v, %d connections", got, s.connections())
	}
}

// TestEarlySearchAndNews: what comes while the search runs is news, and not what the folder was opened with.
func TestEarlySearchAndNews(t *testing.T) {
	t.Parallel()
	s := startPipelining(t, 3, onEarly(func(c *scriptConn, tag string) {
		c.say("* SEARCH 1 2 3\r\n* 4 EXISTS\r\n%s OK done\r\n", tag)
	}))
	conf := s.config(t)
	conf.First = &mailbox.Criteria{Unseen: true}
	f := dial(t, conf)
	defer f.Close()
	if got := search(t, f, mailbox.Criteria{Unseen: true}); !slices.Equal(got, uidRange(1, 3)) || f.Status().Messages != 3 {
		t.Errorf("%v of %d", got, f.Status().Messages)
	}
	start := time.Now()
	if err := f.Wait(t.Context(), 20*time.Second); err != nil || time.Since(start) > 15*time.Second {
		t.Errorf("the news were not told: %v after %s", err, time.Since(start))
	}
}

// TestEarlySearchOnServers holds it against the plain one.
func TestEarlySearchOnServers(t *testing.T) {
	t.Parallel()
	forEachServer(t, func(t *testing.T, a account) {
		for i := 1; i <= 12; i++ {
			a.deliver(mail(i, 300), i%3 == 0)
		}
		for _, c := range []mailbox.Criteria{{Unseen: true}, {}, {From: 5}, {From: 5, Unseen: true}, {From: 13}} {
			conf := a.conf
			f := dial(t, conf)
			want := search(t, f, c)
			_ = f.Close()
			conf.First = &c
			f = dial(t, conf)
			if got := search(t, f, c); !slices.Equal(got, want) {
				t.Errorf("%+v: %v, want %v", c, got, want)
			}
			if got := fetch(t, f, want); len(got) != len(want) {
				t.Errorf("%+v: %d emails", c, len(got))
			}
			_ = f.Close()
		}
		a.conf.Login.Password, a.conf.First = secret.New("wrong"), &mailbox.Criteria{}
		if _, err := mailbox.Dial(t.Context(), a.conf); kind(err) != mailbox.AuthFailed {
			t.Errorf("%v", err)
		}
	})
}
