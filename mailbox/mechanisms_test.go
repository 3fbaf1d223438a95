package mailbox_test

import (
	"context"
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"example.org/imap-integration/mailbox"
	"example.org/imap-integration/secret"
)

// mechanismServer answers logins as a table says: by the start of the command.
func mechanismServer(t *testing.T, caps string, answers map[string]string) (s *scripted, heard *[]string) {
	s, heard = startScript(t, 1, nil), &[]string{}
	s.greeting, s.caps = "* OK [CAPABILITY "+caps+"] hi", caps
	script := map[string][]string{} // what is left to say, by tag of the command that is open
	s.hook = func(c *scriptConn, tag, command string) bool {
		for start, answer := range answers {
			if strings.HasPrefix(command, start) {
				script[""] = append(strings.Split(answer, "|"), tag)
				break
			}
		}
		left := script[""]
		s.mu.Lock()
		if *heard = append(*heard, command); command == "" && len(left) > 0 {
			(*heard)[len(*heard)-1] = tag // the line is a SASL response
		}
		s.mu.Unlock()
		if len(left) == 0 {
			return false
		}
		open := left[len(left)-1]
		c.say("%s\r\n", strings.ReplaceAll(left[0], "TAG", open))
		if script[""] = left[1:]; len(script[""]) == 1 {
			script[""] = nil
		}
		return true
	}
	return s, heard
}

// TestMechanisms holds which ways to log in are tried, in which order, and that
// none is tried after a NO: the same password would be refused again, and count against the account.
func TestMechanisms(t *testing.T) {
	user, pass := base64.StdEncoding.EncodeToString([]byte("soc")), base64.StdEncoding.EncodeToString([]byte("Canary-pass"))
	for name, c := range map[string]struct {
		caps    string
		answers map[string]string // start of a command → its answers, | between them
		login   func(*mailbox.Login)
		want    []string // the starts of what the server hears, up to the end of the login
		kind    mailbox.Kind
		says    string
	}{
		"AUTH=LOGIN alone": {
			caps: "IMAP4rev1 LOGINDISABLED SASL-IR AUTH=LOGIN", answers: map[string]string{"AUTHENTICATE LOGIN": "+ VXNlcm5hbWU6|+ UGFzc3dvcmQ6|TAG OK in"},
			want: []string{"AUTHENTICATE LOGIN", user, pass},
		},
		"AUTH=LOGIN with challenges that are empty": {
			caps: "IMAP4rev1 LOGINDISABLED AUTH=LOGIN", answers: map[string]string{"AUTHENTICATE LOGIN": "+ |+|TAG OK in"},
			want: []string{"AUTHENTICATE LOGIN", user, pass},
		},
		"AUTH=LOGIN with challenges in clear": {
			caps: "IMAP4rev1 LOGINDISABLED AUTH=LOGIN", answers: map[string]string{"AUTHENTICATE LOGIN": "+ Benutzername:|+ Kennwort:|TAG OK in"},
			want: []string{"AUTHENTICATE LOGIN", user, pass},
		},
		"LOGIN not understood, then PLAIN": {
			caps: "IMAP4rev1 AUTH=PLAIN", answers: map[string]string{"LOGIN": "TAG BAD unknown command", "AUTHENTICATE PLAIN": "+ |TAG OK in"},
			want: []string{"LOGIN ", "AUTHENTICATE PLAIN", base64.StdEncoding.EncodeToString([]byte("\x00soc\x00Canary-pass"))},
		},
		"all three not understood": {
			caps:    "IMAP4rev1 SASL-IR AUTH=PLAIN AUTH=LOGIN",
			answers: map[string]string{"LOGIN": "TAG BAD what", "AUTHENTICATE": "TAG BAD what"},
			want:    []string{"AUTHENTICATE PLAIN ", "LOGIN ", "AUTHENTICATE LOGIN"}, kind: mailbox.AuthFailed, says: "which says nothing about username and password",
		},
		"a refused password ends it": {
			caps: "IMAP4rev1 SASL-IR AUTH=PLAIN AUTH=LOGIN", answers: map[string]string{"AUTHENTICATE PLAIN": "TAG NO wrong"},
			want: []string{"AUTHENTICATE PLAIN "}, kind: mailbox.AuthFailed, says: "check username and password",
		},
		"a refused password ends it, with BAD": {
			caps: "IMAP4rev1 SASL-IR AUTH=PLAIN AUTH=LOGIN", answers: map[string]string{"AUTHENTICATE PLAIN": "TAG BAD Invalid credentials"},
			want: []string{"AUTHENTICATE PLAIN "}, kind: mailbox.AuthFailed,
		},
		"a refused password ends it, with a code": {
			caps: "IMAP4rev1 SASL-IR AUTH=PLAIN AUTH=LOGIN", answers: map[string]string{"AUTHENTICATE PLAIN": "TAG BAD [AUTHENTICATIONFAILED] no"},
			want: []string{"AUTHENTICATE PLAIN "}, kind: mailbox.AuthFailed,
		},
		"OAUTHBEARER not understood, then XOAUTH2": {
			caps: "IMAP4rev1 SASL-IR AUTH=OAUTHBEARER AUTH=XOAUTH2", answers: map[string]string{"AUTHENTICATE OAUTHBEARER": "TAG BAD invalid SASL argument"},
			login: tokenLogin, want: []string{"AUTHENTICATE OAUTHBEARER ", "AUTHENTICATE XOAUTH2 "},
		},
		"a refused token ends it": {
			caps: "IMAP4rev1 SASL-IR AUTH=OAUTHBEARER AUTH=XOAUTH2", answers: map[string]string{"AUTHENTICATE OAUTHBEARER": "+ e30=|TAG NO [AUTHENTICATIONFAILED] no"},
			login: tokenLogin, want: []string{"AUTHENTICATE OAUTHBEARER ", "AQ==", "AUTHENTICATE OAUTHBEARER ", "AQ=="}, kind: mailbox.AuthFailed,
		},
		"EXTERNAL": {
			caps: "IMAP4rev1 SASL-IR AUTH=PLAIN AUTH=EXTERNAL", login: func(l *mailbox.Login) { l.External = true },
			want: []string{"AUTHENTICATE EXTERNAL ="},
		},
		"EXTERNAL without an initial response": {
			caps: "IMAP4rev1 AUTH=EXTERNAL", login: func(l *mailbox.Login) { l.External = true },
			answers: map[string]string{"AUTHENTICATE EXTERNAL": "+ |TAG OK in"}, want: []string{"AUTHENTICATE EXTERNAL", ""},
		},
		"EXTERNAL for another mailbox": {
			caps: "IMAP4rev1 SASL-IR AUTH=EXTERNAL", login: func(l *mailbox.Login) { l.External, l.Mailbox = true, "shared" },
			want: []string{"AUTHENTICATE EXTERNAL " + base64.StdEncoding.EncodeToString([]byte("shared"))},
		},
		"EXTERNAL refused": {
			caps: "IMAP4rev1 SASL-IR AUTH=EXTERNAL", login: func(l *mailbox.Login) { l.External = true },
			answers: map[string]string{"AUTHENTICATE": "TAG NO no such certificate"}, want: []string{"AUTHENTICATE EXTERNAL ="},
			kind: mailbox.AuthFailed, says: "the authority of client_certificate",
		},
		"EXTERNAL not offered": {
			caps: "IMAP4rev1 AUTH=PLAIN", login: func(l *mailbox.Login) { l.External = true },
			kind: mailbox.AuthDisabled, says: "only PLAIN; no credentials were sent; let the server offer AUTH=EXTERNAL",
		},
		"Kerberos only": {
			caps: "IMAP4rev1 LOGINDISABLED AUTH=GSSAPI AUTH=NTLM", kind: mailbox.AuthDisabled, says: "Kerberos and NTLM are not supported",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, said := mechanismServer(t, c.caps, c.answers)
			conf := s.config(t)
			if c.login != nil {
				c.login(&conf.Login)
			}
			f, err := mailbox.Dial(t.Context(), conf)
			if kind(err) != c.kind || err != nil && !strings.Contains(err.Error(), c.says) {
				t.Fatalf("%v", err)
			}
			if err == nil {
				search(t, f, mailbox.Criteria{Unseen: true}) // the connection can be used
				_ = f.Close()
			}
			s.mu.Lock()
			defer s.mu.Unlock()
			heard := *said
			if i := slices.IndexFunc(heard, func(l string) bool { return strings.HasPrefix(l, "SELECT") }); i >= 0 {
				heard = heard[:i]
			}
			heard = slices.DeleteFunc(heard, func(l string) bool { return l == "CAPABILITY" })
			if !slices.EqualFunc(heard, c.want, strings.HasPrefix) {
				t.Errorf("the server heard %q", heard)
			}
		})
	}
}

func tokenLogin(l *mailbox.Login) {
	l.Token = func(context.Context, bool) (secret.String, error) { return secret.New("token"), nil }
}

// TestPipelinedLoginNotUnderstood is a server that takes commands behind the login, and not that login.
func TestPipelinedLoginNotUnderstood(t *testing.T) {
	s := startScript(t, 3, nil)
	s.caps = "IMAP4rev1 SASL-IR ID AUTH=PLAIN"
	s.greeting = "* OK [CAPABILITY " + s.caps + "] Dovecot ready."
	in := false
	s.hook = func(c *scriptConn, tag, command string) bool {
		in = in || strings.HasPrefix(command, "LOGIN")
		if !in && command != "CAPABILITY" {
			c.say("%s BAD not now\r\n", tag)
		}
		return !in && command != "CAPABILITY"
	}
	conf := s.config(t)
	conf.First = &mailbox.Criteria{Unseen: true}
	f := dial(t, conf)
	defer f.Close()
	if got := search(t, f, mailbox.Criteria{Unseen: true}); len(got) != 3 {
		t.Errorf("%d emails found; the server heard:\n%s", len(got), s.seenCommands())
	}
}

// TestID holds that the server is told who asks before the folder is opened, where it
// offers ID, and that nobody waits for its response.
func TestID(t *testing.T) {
	for name, c := range map[string]struct{ caps, answer string }{
		"told": {"IMAP4rev1 ID", `* ID ("name" "Coremail")` + "\r\nTAG OK done"}, "refused": {"IMAP4rev1 ID", "TAG BAD what"}, "not offered": {"IMAP4rev1", ""},
	} {
		s := startScript(t, 1, nil)
		s.greeting, s.caps = "* OK Coremail System IMap Server Ready", c.caps
		told := ""
		s.hook = func(conn *scriptConn, tag, command string) bool {
			switch {
			case strings.HasPrefix(command, "ID "):
				told = tag // answered together with SELECT: whoever waits for it waits for ever
				return true
			case strings.HasPrefix(command, "SELECT") && told != "":
				conn.say("%s\r\n", strings.ReplaceAll(c.answer, "TAG", told))
			}
			return false
		}
		f := dial(t, s.config(t))
		if p := f.Status().Provider; p != "netease" {
			t.Errorf("%s: the provider is %q", name, p)
		}
		_ = f.Close()
		heard := s.seenCommands()
		if offered := c.answer != ""; strings.Contains(heard, `ID ("name" "imap-integration" "version" "`) != offered || offered && strings.Index(heard, "ID (") > strings.Index(heard, "SELECT") {
			t.Errorf("%s: the server heard:\n%s", name, heard)
		}
	}
}
