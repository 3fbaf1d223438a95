package mailboxtest

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
)

// dialogue sends lines and returns everything that comes until the tag "end" is answered.
func dialogue(t *testing.T, s *Script, lines string) string {
	t.Helper()
	c, err := net.Dial("tcp", net.JoinHostPort(s.Host, fmt.Sprint(s.Port)))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := c.Write([]byte(strings.ReplaceAll(lines, "\n", "\r\n") + "end LOGOUT\r\n")); err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	in := bufio.NewReader(c)
	for {
		line, err := in.ReadString('\n')
		all.WriteString(line)
		if err != nil || strings.HasPrefix(line, "end ") {
			return strings.ReplaceAll(all.String(), "\r\n", "\n")
		}
	}
}

func threeEmails() []ScriptMail {
	return []ScriptMail{
		{UID: 3, Raw: []byte("From: a@x\r\nSubject: one\r\n folded\r\nTo: b\r\n\r\nbody\r\n")},
		{UID: 5, Raw: []byte("Subject: two\r\n\r\n"), Flags: []string{`\Seen`}},
		{UID: 9, Raw: []byte("Subject: three\r\n\r\n"), Size: 900, Date: "nonsense"},
	}
}

func TestScriptBehaves(t *testing.T) {
	s := NewScript(t, ScriptOptions{Emails: threeEmails(), UIDValidity: 7})
	got := dialogue(t, s, "a LOGIN {3+}\nsoc \"pass\"\nb SELECT INBOX\nc UID SEARCH UNSEEN UID 4:*\nd UID SEARCH RETURN (ALL) ALL\n"+
		"e UID FETCH 3 (UID BODY.PEEK[HEADER.FIELDS (Subject)])\nf UID FETCH 3,9 (UID FLAGS INTERNALDATE RFC822.SIZE)\n"+
		"g FETCH 2 (UID BODY.PEEK[]<0.7>)\nh UID STORE 100:* +FLAGS.SILENT (\\Seen)\ni EXAMINE Nope\n")
	want := `* OK [CAPABILITY IMAP4rev1 LITERAL+ SASL-IR AUTH=PLAIN] ready
a OK done
* FLAGS (\Seen \Flagged)
* 3 EXISTS
* 0 RECENT
* OK [UIDVALIDITY 7] ok
* OK [UIDNEXT 10] ok
b OK [READ-WRITE] done
* SEARCH 9
c OK done
* ESEARCH (TAG "d") UID ALL 3,5,9
d OK done
* 1 FETCH (UID 3 BODY[HEADER.FIELDS (Subject)] {25}
Subject: one
 folded

)
e OK done
* 1 FETCH (UID 3 FLAGS () INTERNALDATE "23-Nov-2026 10:00:00 +0000" RFC822.SIZE 49)
* 3 FETCH (UID 9 FLAGS () INTERNALDATE "nonsense" RFC822.SIZE 900)
f OK done
* 2 FETCH (UID 5 BODY[]<0> {7}
Subject)
g OK done
h OK done
i NO [NONEXISTENT] no such folder
* BYE bye
end OK done
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if m := s.Emails(); !m[2].HasFlag(`\seen`) || m[0].HasFlag(`\Seen`) {
		t.Errorf("flags: %+v", m)
	}
	if !s.Got("pass") || s.Got("another") || s.Connections() != 1 || s.Commands()[0] != `LOGIN {3+}soc "pass"` {
		t.Errorf("recorded: %q", s.Commands())
	}
}

func TestScriptFindsSecretsInBase64(t *testing.T) {
	s := NewScript(t, ScriptOptions{})
	dialogue(t, s, "a AUTHENTICATE PLAIN\nAHNvYwBDYW5hcnk=\n")
	if !s.Got("Canary") {
		t.Error("AUTHENTICATE PLAIN hides the password from the recorder")
	}
}

func TestScriptHookAndBehave(t *testing.T) {
	s := NewScript(t, ScriptOptions{Emails: threeEmails(), UIDValidity: 7, Segment: 1, Hook: func(c *ScriptConn, cmd Command) bool {
		if cmd.Name != "NOOP" {
			return false
		}
		c.Reset()
		return true
	}})
	if got := dialogue(t, s, "a NOOP\n"); strings.Contains(got, "a OK") {
		t.Errorf("the hook was not asked: %q", got)
	}
	s.Behave()
	if got := dialogue(t, s, "a NOOP\n"); !strings.Contains(got, "a OK") {
		t.Errorf("does not behave: %q", got)
	}
}
