package mailbox_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"example.org/imap-integration/mailbox"
	"example.org/imap-integration/mailbox/mailboxtest"
	"example.org/imap-integration/secret"
)

// realServer is one of Cyrus and Courier, started with the first test that needs it.
type realServer struct {
	launch func() (*mailboxtest.Server, error)
	once   sync.Once
	server *mailboxtest.Server
	err    error
}

var cyrus, courier = realServer{launch: mailboxtest.LaunchCyrus}, realServer{launch: mailboxtest.LaunchCourier}

// account is a mailbox on the server; prefix and separator make the names of its folders.
func (r *realServer) account(t *testing.T, prefix, separator string) account {
	t.Helper()
	r.once.Do(func() { r.server, r.err = r.launch() })
	if r.err != nil { // not there, or a machine on which it does not run: Dovecot is the one that must
		t.Skip(r.err)
	}
	u, err := r.server.NewUser()
	if err != nil {
		t.Fatal(err)
	}
	session, err := r.server.Session(u)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	a := account{conf: baseConfig(t, r.server.Host, r.server.Port, u.Name, u.Password)}
	a.conf.Security = mailbox.Clear
	a.name = func(name string) string { return prefix + strings.ReplaceAll(name, "/", separator) }
	put := func(folder string, raw []byte, seen bool) {
		t.Helper()
		if err := session.Append(folder, raw, seen, when); err != nil {
			t.Fatal(err)
		}
	}
	a.deliver = func(raw []byte, seen bool) { put("INBOX", raw, seen) }
	a.folder = func(name string, raw []byte) {
		if err := session.CreateFolder(a.name(name)); err != nil {
			t.Fatal(err)
		}
		put(a.name(name), raw, false)
	}
	a.seen = func() []mailbox.UID {
		f := dial(t, a.conf)
		defer f.Close()
		return minus(search(t, f, mailbox.Criteria{}), search(t, f, mailbox.Criteria{Unseen: true}))
	}
	return a
}

// TestOtherServersLong holds on Cyrus and Courier what the other tests hold on Dovecot: sign-in, folders, search,
// fetch, marks and moves.
func TestOtherServersLong(t *testing.T) {
	for name, r := range map[string]struct {
		server            *realServer
		prefix, separator string
		provider          string
	}{"cyrus": {&cyrus, "", "/", "cyrus"}, "courier": {&courier, "INBOX.", ".", "courier"}} {
		t.Run(name, func(t *testing.T) {
			a := r.server.account(t, r.prefix, r.separator)
			for i := 1; i <= 20; i++ {
				a.deliver(mail(i, 300*i), i%10 == 0)
			}
			a.folder("Done/März", mail(99, 400))
			f := dial(t, a.conf)
			if p := f.Status().Provider; p != r.provider {
				t.Errorf("it is taken for %q", p)
			}
			unseen := search(t, f, mailbox.Criteria{Unseen: true})
			if len(unseen) != 18 {
				t.Errorf("%d are unread", len(unseen))
			}
			if got := search(t, f, mailbox.Criteria{From: 12, Query: queryOf("number 01")}); len(got) != 8 {
				t.Errorf("a search finds %v", got)
			}
			search(t, f, mailbox.Criteria{Query: queryOf("Überweisung")}) // in any charset, or without
			for i, r := range fetch(t, f, uidRange(1, 20)) {
				if want := mail(i+1, 300*(i+1)); string(r.Body) != string(want) || !r.InternalDate.Equal(when) {
					t.Errorf("email %d: %d bytes of %d, %v", i+1, len(r.Body), len(want), r.InternalDate)
				}
			}
			heads := 0
			err := f.Headers(t.Context(), unseen, []string{"Subject", "X-None"}, func(h mailbox.Head) error {
				if strings.HasPrefix(string(h.Header), "Subject: number ") {
					heads++
				}
				return nil
			})
			if err != nil || heads != 18 {
				t.Errorf("%d headers, %v", heads, err)
			}
			if err := f.MarkSeen(t.Context(), []mailbox.UID{1, 2, 3}); err != nil {
				t.Error(err)
			}
			if err := f.AddFlag(t.Context(), []mailbox.UID{1, 2}, `\Flagged`); err != nil {
				t.Error(err)
			}
			if err := f.Move(t.Context(), []mailbox.UID{4, 5, 6}, a.name("Done/März"), false); err != nil {
				t.Error(err)
			}
			if names, unknown, err := f.Resolve(t.Context(), []string{"INBOX", a.name("Done*")}); err != nil || len(unknown) > 0 || !slices.Contains(names, a.name("Done/März")) {
				t.Errorf("%q, %q, %v", names, unknown, err)
			}
			if err := f.Open(t.Context(), a.name("Done/März")); err != nil {
				t.Error(err)
			}
			if got := fetch(t, f, search(t, f, mailbox.Criteria{})); len(got) != 4 || string(got[1].Body) != string(mail(4, 1200)) {
				t.Errorf("%d emails in the other folder", len(got))
			}
			_ = f.Close()
			if seen := a.seen(); len(seen) != 5 { // every tenth, and the three that were marked
				t.Errorf("seen: %v", seen)
			}
			wrong := a.conf
			wrong.Login.Password = secret.New("wrong")
			if _, err := mailbox.Dial(t.Context(), wrong); kind(err) != mailbox.AuthFailed {
				t.Errorf("a wrong password: %v", err)
			}
			missing := a.conf
			missing.Folder = a.name("Done/Marz")
			if _, err := mailbox.Dial(t.Context(), missing); kind(err) != mailbox.NoFolder || !strings.Contains(err.Error(), "Done") || !strings.Contains(err.Error(), "nearest") {
				t.Errorf("a folder that is misspelt: %v", err)
			}
			if name == "cyrus" { // Courier tells of nothing during IDLE without a file alteration monitor
				waits(t, a)
			}
		})
	}
}

// waits holds that new email ends the wait.
func waits(t *testing.T, a account) {
	t.Helper()
	f := dial(t, a.conf)
	defer f.Close()
	done := make(chan error, 1)
	go func() { done <- f.Wait(t.Context(), 20*time.Minute) }()
	for n := 100; ; n++ {
		a.deliver(mail(n, 300), false) // again, for the first may come before the wait begins
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("wait: %v", err)
			}
			return
		case <-time.After(2 * time.Second):
		}
		if n > 140 {
			t.Error("new email does not end the wait")
			return
		}
	}
}

// TestDovecotSetUpsLong is Dovecot as companies set it up.
func TestDovecotSetUpsLong(t *testing.T) {
	start := func(t *testing.T, configuration string) (*mailboxtest.Dovecot, mailboxtest.User, mailbox.Config) {
		t.Parallel()
		d := mailboxtest.StartDovecotWith(t, configuration)
		u := d.NewUser()
		c := baseConfig(t, d.Host, d.TLS, u.Name, u.Password)
		c.Secure = d.Authority.Secure
		return d, u, c
	}
	t.Run("a namespace with a prefix and dots", func(t *testing.T) {
		d, u, c := start(t, "namespace inbox {\n  prefix = INBOX.\n  separator = .\n}\n")
		d.CreateFolder(u, "INBOX.Reports.März")
		d.Append(u, "INBOX.Reports.März", mail(1, 300), mailboxtest.Delivery{When: when})
		c.Folder = "INBOX.Reports.März"
		f := dial(t, c)
		if got := fetch(t, f, search(t, f, mailbox.Criteria{})); len(got) != 1 {
			t.Errorf("%d emails", len(got))
		}
		_ = f.Close()
		c.Folder = "Reports.März"
		if _, err := mailbox.Dial(t.Context(), c); kind(err) != mailbox.NoFolder || !strings.Contains(err.Error(), `"INBOX.Reports.März"`) {
			t.Error(err)
		}
	})
	t.Run("a folder that may only be read", func(t *testing.T) {
		d, u, c := start(t, "mail_plugins = acl\nplugin {\n  acl = vfile:DIR/acl\n}\n")
		d.Deliver(u, mail(1, 300), mailboxtest.Delivery{When: when})
		d.WriteFile("acl/INBOX", "owner lr\n")
		f := dial(t, c)
		defer f.Close()
		if got := fetch(t, f, search(t, f, mailbox.Criteria{})); len(got) != 1 {
			t.Errorf("%d emails", len(got))
		}
		if err := f.MarkSeen(t.Context(), []mailbox.UID{1}); kind(err) != mailbox.ReadOnly || !strings.Contains(err.Error(), "check the rights of the user") {
			t.Error(err)
		}
	})
	t.Run("a quota that is used up", func(t *testing.T) {
		d, u, c := start(t, "mail_plugins = quota\nplugin {\n  quota = count:User quota\n  quota_vsizes = yes\n  quota_rule = *:messages=2\n}\n")
		d.CreateFolder(u, "Done")
		d.Append(u, "INBOX", mail(1, 300), mailboxtest.Delivery{When: when})
		d.Append(u, "INBOX", mail(2, 300), mailboxtest.Delivery{When: when})
		f := dial(t, c)
		defer f.Close()
		uids := search(t, f, mailbox.Criteria{})
		if err := f.MarkSeen(t.Context(), uids); err != nil || len(fetch(t, f, uids)) != 2 {
			t.Error(err)
		}
		if err := f.Move(t.Context(), uids, "Done", false); err != nil {
			t.Errorf("a move within the quota: %v", err)
		}
	})
	t.Run("a limit of connections", func(t *testing.T) {
		_, _, c := start(t, "mail_max_userip_connections = 1\n")
		f := dial(t, c)
		defer f.Close()
		if _, err := mailbox.Dial(t.Context(), c); err == nil || !strings.Contains(err.Error(), "mail_max_userip_connections") {
			t.Error(err)
		}
	})
	t.Run("no IDLE", func(t *testing.T) {
		_, _, c := start(t, "protocol imap {\n  imap_capability = IMAP4rev1 LITERAL+ SASL-IR\n}\n")
		f := dial(t, c)
		defer f.Close()
		if slices.Contains(f.Status().Capabilities, "IDLE") {
			t.Fatalf("%q", f.Status().Capabilities)
		}
		if err := f.Wait(t.Context(), time.Second); err != nil {
			t.Error(err)
		}
	})
}
