package mailbox_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"example.org/imap-integration/filters"
	"example.org/imap-integration/mailbox"
	"example.org/imap-integration/mailbox/imapmem"
	"example.org/imap-integration/mailbox/mailboxtest"
	"example.org/imap-integration/secret"
)

// account is a mailbox on one of the servers that the suite runs on.
type account struct {
	conf    mailbox.Config
	deliver func(raw []byte, seen bool)
	folder  func(name string, raw []byte) // makes a folder with one email
	append  func(name string, raw []byte) // puts one more there (Dovecot)
	seen    func() []mailbox.UID
	name    func(string) string // of a folder, whose levels are separated by / here; nil: as it is
}

// forEachServer runs a test on the in-memory server and on Dovecot.
func forEachServer(t *testing.T, test func(*testing.T, account)) {
	t.Run("memory", func(t *testing.T) { test(t, memoryAccount(t)) })
	t.Run("dovecot", func(t *testing.T) { test(t, dovecotAccount(t)) })
}

func baseConfig(t *testing.T, host string, port int, user, password string) mailbox.Config {
	return mailbox.Config{
		Host: host, Port: port, Timeout: 20 * time.Second, MaxSize: 1 << 20,
		Login: mailbox.Login{Username: user, Password: secret.New(password)},
		Log:   slog.New(slog.DiscardHandler),
	}
}

func memoryAccount(t *testing.T) account {
	m, err := imapmem.Start("soc", "secret", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	a := account{conf: baseConfig(t, m.Host, m.Port, "soc", "secret")}
	a.conf.Security = mailbox.Clear
	put := func(folder string, raw []byte, seen bool) {
		var flags []string
		if seen {
			flags = []string{`\Seen`}
		}
		if _, err := m.Append(folder, raw, when, flags...); err != nil {
			t.Fatal(err)
		}
	}
	a.deliver = func(raw []byte, seen bool) { put("INBOX", raw, seen) }
	a.folder = func(name string, raw []byte) {
		if err := m.CreateFolder(name); err != nil {
			t.Fatal(err)
		}
		put(name, raw, false)
	}
	a.seen = func() []mailbox.UID {
		f := dial(t, a.conf)
		defer f.Close()
		return minus(search(t, f, mailbox.Criteria{}), search(t, f, mailbox.Criteria{Unseen: true}))
	}
	return a
}

func minus(all, some []mailbox.UID) []mailbox.UID {
	return slices.DeleteFunc(all, func(u mailbox.UID) bool { return slices.Contains(some, u) })
}

var (
	dovecotOnce sync.Once
	dovecot     *mailboxtest.Dovecot
	dovecotErr  error
)

func TestMain(m *testing.M) {
	code := m.Run()
	if dovecot != nil {
		dovecot.Close()
	}
	for _, r := range []*realServer{&cyrus, &courier} {
		if r.server != nil {
			r.server.Close()
		}
	}
	os.Exit(code)
}

// sharedDovecot is one server for all tests of the package.
func sharedDovecot(t *testing.T) *mailboxtest.Dovecot {
	t.Helper()
	dovecotOnce.Do(func() { dovecot, dovecotErr = mailboxtest.LaunchDovecot() })
	if errors.Is(dovecotErr, mailboxtest.ErrNoDovecot) && os.Getenv("CI") != "true" {
		t.Skip(dovecotErr)
	}
	if dovecotErr != nil {
		t.Fatal(dovecotErr)
	}
	return dovecot.For(t)
}

func dovecotAccount(t *testing.T) account {
	d := sharedDovecot(t)
	u := d.NewUser()
	a := account{conf: baseConfig(t, d.Host, d.TLS, u.Name, u.Password)}
	a.conf.Secure = d.Authority.Secure
	a.deliver = func(raw []byte, seen bool) { d.Deliver(u, raw, mailboxtest.Delivery{Seen: seen, When: when}) }
	a.folder = func(name string, raw []byte) {
		d.CreateFolder(u, name)
		d.Append(u, name, raw, mailboxtest.Delivery{When: when})
	}
	a.append = func(name string, raw []byte) { d.Append(u, name, raw, mailboxtest.Delivery{When: when}) }
	a.seen = func() []mailbox.UID {
		var uids []mailbox.UID
		for _, uid := range d.Seen(u) {
			uids = append(uids, mailbox.UID(uid))
		}
		return uids
	}
	return a
}

var when = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

// mail makes an email of about size bytes that differs from every other.
func mail(n, size int) []byte {
	head := fmt.Sprintf("From: Sender %d <s%d@partner.example>\r\nTo: soc@corp.example\r\nSubject: number %03d\r\nMessage-ID: <m%d@test.example>\r\n\r\n", n, n, n, n)
	line := fmt.Sprintf("line of mail %06d ....................................\r\n", n)
	return []byte(head + strings.Repeat(line, max(1, (size-len(head))/len(line))))
}

func dial(t *testing.T, c mailbox.Config) *mailbox.Folder {
	t.Helper()
	f, err := mailbox.Dial(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func search(t *testing.T, f *mailbox.Folder, c mailbox.Criteria) []mailbox.UID {
	t.Helper()
	uids, err := f.Search(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return uids
}

// fetched is a Raw with its own copy of the body.
type fetched struct {
	mailbox.Raw
	sum [32]byte
}

func fetch(t *testing.T, f *mailbox.Folder, uids []mailbox.UID) []fetched {
	t.Helper()
	got, err := fetchAll(t.Context(), f, uids)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func fetchAll(ctx context.Context, f *mailbox.Folder, uids []mailbox.UID) ([]fetched, error) {
	var got []fetched
	err := f.Fetch(ctx, uids, func(r *mailbox.Raw) error {
		c := fetched{Raw: *r, sum: sha256.Sum256(r.Body)}
		c.Body = slices.Clone(r.Body)
		r.Release()
		got = append(got, c)
		return nil
	})
	return got, err
}

func uidRange(from, to mailbox.UID) []mailbox.UID {
	var out []mailbox.UID
	for u := from; u <= to; u++ {
		out = append(out, u)
	}
	return out
}

func TestFolder(t *testing.T) {
	forEachServer(t, func(t *testing.T, a account) {
		var sums [][32]byte
		for i := 1; i <= 120; i++ {
			raw := mail(i, 200*i)
			sums = append(sums, sha256.Sum256(raw))
			a.deliver(raw, i%10 == 0)
		}
		f := dial(t, a.conf)
		defer f.Close()
		if s := f.Status(); s.Messages != 120 || s.UIDValidity == 0 || s.UIDNext != 121 {
			t.Errorf("status: %+v", s)
		}
		all := search(t, f, mailbox.Criteria{})
		if !slices.Equal(all, uidRange(1, 120)) {
			t.Fatalf("all: %v", all)
		}
		if unseen := search(t, f, mailbox.Criteria{Unseen: true}); len(unseen) != 108 {
			t.Errorf("unseen: %v", unseen)
		}
		if got := search(t, f, mailbox.Criteria{From: 119}); !slices.Equal(got, []mailbox.UID{119, 120}) {
			t.Errorf("from 119: %v", got)
		}
		if got := search(t, f, mailbox.Criteria{From: 121}); len(got) != 0 {
			t.Errorf("from 121: %v", got)
		}
		if got := search(t, f, mailbox.Criteria{From: 5, To: 7}); !slices.Equal(got, []mailbox.UID{5, 6, 7}) {
			t.Errorf("5 to 7: %v", got)
		}
		if got := search(t, f, mailbox.Criteria{Since: when.AddDate(0, 0, 1)}); len(got) != 0 {
			t.Errorf("since tomorrow: %v", got)
		}
		got := fetch(t, f, all)
		if len(got) != 120 {
			t.Fatalf("fetched %d", len(got))
		}
		for i, r := range got {
			if r.UID != mailbox.UID(i+1) || r.Outcome != mailbox.Whole || r.sum != sums[i] || len(r.Problems) > 0 {
				t.Errorf("mail %d: %v %v %v, right bytes: %v", i+1, r.UID, r.Outcome, r.Problems, r.sum == sums[i])
			}
			if !r.InternalDate.Equal(when) {
				t.Errorf("mail %d: date %v", i+1, r.InternalDate)
			}
			if slices.Contains(r.Flags, `\Seen`) != ((i+1)%10 == 0) {
				t.Errorf("mail %d: flags %v", i+1, r.Flags)
			}
		}
		if n, err := f.Unseen(t.Context()); n != 108 || err != nil {
			t.Errorf("unseen after fetch: %d %v", n, err)
		}
		if err := f.MarkSeen(t.Context(), []mailbox.UID{1, 2, 3, 5}); err != nil {
			t.Fatal(err)
		}
		seen := a.seen()
		if len(seen) != 16 || !slices.Contains(seen, 5) || slices.Contains(seen, 4) {
			t.Errorf("seen: %v", seen)
		}
	})
}

func TestHeaders(t *testing.T) {
	forEachServer(t, func(t *testing.T, a account) {
		for i := 1; i <= 30; i++ {
			a.deliver(mail(i, 300), false)
		}
		f := dial(t, a.conf)
		defer f.Close()
		var uids []mailbox.UID
		err := f.Headers(t.Context(), append(uidRange(1, 30), 999), []string{"Subject", "from"}, func(h mailbox.Head) error {
			uids = append(uids, h.UID)
			if h.UID == 999 {
				if h.Header != nil {
					t.Errorf("header of a mail that is not there: %q", h.Header)
				}
				return nil
			}
			want := fmt.Sprintf("Subject: number %03d\r\n", h.UID)
			if !strings.Contains(string(h.Header), want) || strings.Contains(string(h.Header), "Message-ID") {
				t.Errorf("header of %d: %q", h.UID, h.Header)
			}
			return nil
		})
		if err != nil || !slices.Equal(uids, append(uidRange(1, 30), 999)) {
			t.Errorf("%v %v", err, uids)
		}
	})
}

func TestVanishedAndLarge(t *testing.T) {
	t.Parallel()
	forEachServer(t, func(t *testing.T, a account) {
		exact := mail(1, 100)
		exact = append(exact, make([]byte, 1<<20-len(exact))...)
		for i := range exact {
			if exact[i] == 0 {
				exact[i] = 'x'
			}
		}
		over := append(slices.Clone(exact), 'y')
		a.deliver(exact, false)
		a.deliver(over, false)
		a.deliver(mail(3, 500), false)
		f := dial(t, a.conf)
		defer f.Close()
		got := fetch(t, f, []mailbox.UID{3, 2, 1, 77})
		if len(got) != 4 {
			t.Fatalf("%d emails", len(got))
		}
		if got[0].Outcome != mailbox.Whole || got[0].sum != sha256.Sum256(exact) {
			t.Errorf("a mail of exactly MaxSize: %v", got[0].Outcome)
		}
		head := strings.SplitAfter(string(over), "\r\n\r\n")[0]
		if got[1].Outcome != mailbox.TooLarge || string(got[1].Body) != head || got[1].Size != 1<<20+1 {
			t.Errorf("one byte more: %v %d %q", got[1].Outcome, got[1].Size, got[1].Body)
		}
		if got[2].Outcome != mailbox.Whole || got[3].Outcome != mailbox.Vanished || got[3].UID != 77 {
			t.Errorf("%v, %v", got[2].Outcome, got[3].Outcome)
		}
	})
}

func TestFolderNames(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"Prüfung", "日本 & Co", `with "quotes"`, "a&b", "emoji 📧 x"} {
		forEachServer(t, func(t *testing.T, a account) {
			a.folder(name, mail(1, 100))
			a.conf.Folder, a.conf.ReadOnly = name, true
			f := dial(t, a.conf)
			defer f.Close()
			if f.Status().Messages != 1 {
				t.Errorf("%+v", f.Status())
			}
			if err := f.MarkSeen(t.Context(), []mailbox.UID{1}); kind(err) != mailbox.ReadOnly {
				t.Errorf("marking in a read-only folder: %v", err)
			}
		})
	}
}

func kind(err error) mailbox.Kind {
	var e *mailbox.Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return ""
}

func TestMissingFolder(t *testing.T) {
	forEachServer(t, func(t *testing.T, a account) {
		a.folder("Quarantaene", mail(1, 100))
		a.conf.Folder = "Quarantäne"
		_, err := mailbox.Dial(t.Context(), a.conf)
		if kind(err) != mailbox.NoFolder || !strings.Contains(err.Error(), `"Quarantaene"`) {
			t.Errorf("%v", err)
		}
	})
}

func TestWrongPassword(t *testing.T) {
	t.Parallel()
	forEachServer(t, func(t *testing.T, a account) {
		a.conf.Login.Password = secret.New("Canary-wrong")
		_, err := mailbox.Dial(t.Context(), a.conf)
		if kind(err) != mailbox.AuthFailed || strings.Contains(err.Error(), "Canary") || !strings.Contains(err.Error(), a.conf.Login.Username) {
			t.Errorf("%v", err)
		}
	})
}

func TestQueries(t *testing.T) {
	t.Parallel()
	forEachServer(t, func(t *testing.T, a account) {
		for i := 1; i <= 20; i++ {
			a.deliver(mail(i, 300), false)
		}
		f := dial(t, a.conf)
		defer f.Close()
		var long []filters.Term
		for i := range 1800 {
			long = append(long, filters.Term{Key: "SUBJECT", Value: fmt.Sprintf("no such words in any subject %05d", i)})
		}
		long = append(long, filters.Term{Key: "SUBJECT", Value: "number 007"}, filters.Term{Key: "SUBJECT", Value: "number 008"})
		for _, c := range []struct {
			name  string
			query filters.Query
			want  []mailbox.UID
		}{
			{"subject", filters.Query{{{Key: "SUBJECT", Value: "NUMBER 01"}}}, uidRange(10, 19)},
			{"either", filters.Query{{{Key: "SUBJECT", Value: "number 001"}, {Key: "FROM", Value: "s2@partner"}, {Key: "HEADER", Field: "Message-ID", Value: "<m3@"}}}, uidRange(1, 3)},
			{"both", filters.Query{{{Key: "SUBJECT", Value: "number 01"}}, {{Key: "TEXT", Value: "000012"}, {Key: "TEXT", Value: "000013"}}}, uidRange(12, 13)},
			{"long list", filters.Query{long, {{Key: "FROM", Value: "s8@"}, {Key: "FROM", Value: "s9@"}}}, uidRange(8, 8)},
			{"not ASCII", filters.Query{{{Key: "SUBJECT", Value: "Überweisung"}}}, nil},
			{"quotes", filters.Query{{{Key: "SUBJECT", Value: `x" OR ALL "`}}}, nil},
			{"not sendable", filters.Query{{{Key: "SUBJECT", Value: "a\r\nb"}}}, uidRange(1, 20)},
		} {
			if got := search(t, f, mailbox.Criteria{Unseen: true, Query: c.query}); !slices.Equal(got, c.want) {
				t.Errorf("%s: %v, want %v", c.name, got, c.want)
			}
		}
	})
}

func TestWait(t *testing.T) {
	t.Parallel()
	forEachServer(t, func(t *testing.T, a account) {
		a.deliver(mail(1, 100), false)
		f := dial(t, a.conf)
		defer f.Close()
		search(t, f, mailbox.Criteria{})
		start := time.Now()
		if err := f.Wait(t.Context(), 200*time.Millisecond); err != nil || time.Since(start) < 150*time.Millisecond {
			t.Fatalf("nothing new: %v after %s", err, time.Since(start))
		}
		time.AfterFunc(200*time.Millisecond, func() { a.deliver(mail(2, 100), false) })
		start = time.Now()
		if err := f.Wait(t.Context(), 20*time.Second); err != nil || time.Since(start) > 15*time.Second {
			t.Fatalf("new mail: %v after %s", err, time.Since(start))
		}
		if got := search(t, f, mailbox.Criteria{}); len(got) != 2 {
			t.Errorf("%v", got)
		}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(100*time.Millisecond, cancel)
		if err := f.Wait(ctx, 20*time.Second); !errors.Is(err, context.Canceled) {
			t.Errorf("interrupted: %v", err)
		}
		if got := search(t, f, mailbox.Criteria{}); len(got) != 2 {
			t.Errorf("after the interruption: %v", got)
		}
	})
}

func TestYieldError(t *testing.T) {
	t.Parallel()
	forEachServer(t, func(t *testing.T, a account) {
		for i := 1; i <= 60; i++ {
			a.deliver(mail(i, 20_000), false)
		}
		f := dial(t, a.conf)
		defer f.Close()
		enough := errors.New("enough")
		n := 0
		err := f.Fetch(t.Context(), uidRange(1, 60), func(r *mailbox.Raw) error {
			r.Release()
			if n++; n == 5 {
				return enough
			}
			return nil
		})
		if !errors.Is(err, enough) || n != 5 {
			t.Fatalf("%v after %d", err, n)
		}
		if got := fetch(t, f, []mailbox.UID{50}); len(got) != 1 || got[0].sum != sha256.Sum256(mail(50, 20_000)) {
			t.Error("the connection cannot be used after a yield that ended the fetch")
		}
		ctx, cancel := context.WithCancel(t.Context())
		n = 0
		err = f.Fetch(ctx, uidRange(1, 60), func(r *mailbox.Raw) error {
			r.Release()
			if n++; n == 5 {
				cancel()
			}
			return nil
		})
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("interrupted: %v", err)
		}
		if err := f.MarkSeen(t.Context(), []mailbox.UID{1}); err != nil {
			t.Errorf("marking after an interruption: %v", err)
		}
	})
}

func login(u mailboxtest.User) mailbox.Login {
	return mailbox.Login{Username: u.Name, Password: secret.New(u.Password)}
}
