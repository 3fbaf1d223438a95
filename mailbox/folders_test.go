package mailbox_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"example.org/imap-integration/mailbox"
)

// TestOpenAnother opens folder after folder on one connection: each has its own
// emails and UIDVALIDITY, and one that is not there does not stop the next.
func TestOpenAnother(t *testing.T) {
	forEachServer(t, func(t *testing.T, a account) {
		a.deliver(mail(1, 300), false)
		a.deliver(mail(2, 300), true)
		a.folder("Projects/Übersicht", mail(3, 300))
		f := dial(t, a.conf)
		defer f.Close()
		for range 2 {
			for _, c := range []struct {
				name string
				want []mailbox.UID
			}{{"Projects/Übersicht", uidRange(1, 1)}, {"INBOX", uidRange(1, 2)}} {
				if err := f.Open(t.Context(), c.name); err != nil {
					t.Fatal(err)
				}
				if got := search(t, f, mailbox.Criteria{}); !slices.Equal(got, c.want) || int(f.Status().Messages) != len(c.want) || f.Status().UIDValidity == 0 {
					t.Errorf("%s: %v, %+v", c.name, got, f.Status())
				}
				if got := fetch(t, f, c.want); len(got) != len(c.want) || got[0].Outcome != mailbox.Whole {
					t.Errorf("%s: %d fetched", c.name, len(got))
				}
			}
			err := f.Open(t.Context(), "Gone")
			if e, ok := errors.AsType[*mailbox.Error](err); !ok || e.Kind != mailbox.NoFolder || e.Folder != "Gone" {
				t.Errorf("a folder that is not there: %v", err)
			}
		}
	})
}

// TestOpenAnotherWithSearch: a search that was sent behind the login belongs to the first folder.
func TestOpenAnotherWithSearch(t *testing.T) {
	forEachServer(t, func(t *testing.T, a account) {
		a.deliver(mail(1, 300), false)
		a.deliver(mail(2, 300), false)
		a.folder("Reports", mail(3, 300))
		c := a.conf
		c.First = &mailbox.Criteria{Unseen: true}
		f := dial(t, c)
		defer f.Close()
		if err := f.Open(t.Context(), "Reports"); err != nil {
			t.Fatal(err)
		}
		if got := search(t, f, mailbox.Criteria{Unseen: true}); !slices.Equal(got, uidRange(1, 1)) {
			t.Errorf("unread in Reports: %v", got)
		}
	})
}

func TestResolve(t *testing.T) {
	forEachServer(t, func(t *testing.T, a account) {
		for _, name := range []string{"Reports", "Projects/B", "Projects/A", "Projects/A/Old"} {
			a.folder(name, mail(1, 300))
		}
		f := dial(t, a.conf)
		defer f.Close()
		for _, c := range []struct{ wanted, names, unknown []string }{
			{[]string{"INBOX"}, []string{"INBOX"}, nil},
			{[]string{"Not there"}, []string{"Not there"}, nil}, // Open says so
			{[]string{"Projects/*"}, []string{"Projects/A", "Projects/A/Old", "Projects/B"}, nil},
			{[]string{"Reports", "*/A*", "INBOX", "inbox", "Reports"}, []string{"Reports", "Projects/A", "Projects/A/Old", "INBOX"}, nil},
			{[]string{"*ports", "None*", `\Archive`}, []string{"Reports"}, []string{"None*", `\Archive`}},
		} {
			names, unknown, err := f.Resolve(t.Context(), c.wanted)
			if err != nil || !slices.Equal(names, c.names) || !slices.Equal(unknown, c.unknown) {
				t.Errorf("%q: %q, unknown %q, %v", c.wanted, names, unknown, err)
			}
		}
		if got := search(t, f, mailbox.Criteria{}); len(got) != 0 {
			t.Errorf("the folder is not the one that was open: %v", got)
		}
	})
}

// TestSpecialUse asks Dovecot, which tells the uses of folders where it is asked for them.
func TestSpecialUse(t *testing.T) {
	a := dovecotAccount(t)
	a.folder("Unwanted", mail(1, 300))
	f := dial(t, a.conf)
	defer f.Close()
	names, unknown, err := f.Resolve(t.Context(), []string{`\junk`, `\Inbox`})
	if err != nil || !slices.Equal(names, []string{"Unwanted", "INBOX"}) || unknown != nil {
		t.Errorf("%q, unknown %q, %v", names, unknown, err)
	}
}

// TestListen hears of an email in a folder that is not open, on Dovecot, which has NOTIFY.
func TestListen(t *testing.T) {
	a := dovecotAccount(t)
	a.folder("Reports", mail(1, 300))
	a.folder("Junk mail", mail(2, 300))
	f := dial(t, a.conf)
	defer f.Close()
	for _, first := range []bool{true, false} {
		told, begun, err := f.Listen(t.Context(), []string{"INBOX", "Reports", "Junk mail"})
		if !told || begun != first || err != nil {
			t.Fatalf("%v, %v, %v", told, begun, err)
		}
	}
	for i, name := range []string{"Junk mail", "Reports", "INBOX"} {
		done := make(chan error, 1)
		go func() { done <- f.Wait(t.Context(), time.Minute) }()
		if name == "INBOX" {
			a.deliver(mail(10+i, 300), false)
		} else {
			a.append(name, mail(10+i, 300))
		}
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
		case <-time.After(50 * time.Second):
			t.Fatalf("nothing was told of %s", name)
		}
		search(t, f, mailbox.Criteria{}) // takes note of what is new
	}
}

// TestListenIsNotOffered: the memory server has no NOTIFY.
func TestListenIsNotOffered(t *testing.T) {
	f := dial(t, memoryAccount(t).conf)
	defer f.Close()
	if told, begun, err := f.Listen(t.Context(), []string{"Reports"}); told || begun || err != nil {
		t.Errorf("%v, %v, %v", told, begun, err)
	}
}
