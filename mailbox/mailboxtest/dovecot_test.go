package mailboxtest

import (
	"slices"
	"testing"
	"time"
)

func TestDovecot(t *testing.T) {
	d := StartDovecot(t)
	u := d.NewUser()
	when := time.Date(2026, 9, 21, 14, 13, 20, 0, time.UTC)
	raw := []byte("Subject: one\r\n\r\nbody \xff\r\n")
	d.Deliver(u, raw, Delivery{When: when})
	d.Deliver(u, []byte("Subject: two\r\n\r\n"), Delivery{Seen: true, Flags: "F"})

	t.Run("emails", func(t *testing.T) {
		got := d.For(t).Emails(u, "INBOX", true)
		if len(got) != 2 || string(got[0].Raw) != string(raw) || !got[0].InternalDate.Equal(when) {
			t.Fatalf("emails: %+v", got)
		}
		if got[0].HasFlag(`\Seen`) || !got[1].HasFlag(`\seen`) || !got[1].HasFlag(`\Flagged`) {
			t.Errorf("flags: %v, %v", got[0].Flags, got[1].Flags)
		}
	})
	t.Run("folder", func(t *testing.T) {
		d := d.For(t)
		d.CreateFolder(u, "Prüfung & Co")
		uid := d.Append(u, "Prüfung & Co", raw, Delivery{Seen: true, When: when})
		got := d.Emails(u, "Prüfung & Co", true)
		if len(got) != 1 || got[0].UID != uid || !got[0].HasFlag(`\Seen`) || string(got[0].Raw) != string(raw) {
			t.Fatalf("appended as %d: %+v", uid, got)
		}
	})
	t.Run("uids", func(t *testing.T) {
		d := d.For(t)
		d.SetUIDs(u, 4711, 30, 20)
		got := d.Emails(u, "INBOX", true)
		if len(got) != 2 || got[0].UID != 20 || got[1].UID != 30 || string(got[1].Raw) != string(raw) {
			t.Fatalf("after SetUIDs: %+v", got)
		}
		if s := d.Status(u, "INBOX"); s != (FolderStatus{Messages: 2, Unseen: 1, UIDValidity: 4711, UIDNext: 31}) {
			t.Errorf("status: %+v", s)
		}
		d.Renumber(u, 4712)
		d.SetFlag(u, 2, `\Seen`, true)
		if seen := d.Seen(u); !slices.Equal(seen, []uint32{1, 2}) {
			t.Errorf("seen: %v", seen)
		}
		d.Expunge(u, 1)
		if got := d.Emails(u, "INBOX", false); len(got) != 1 || got[0].UID != 2 {
			t.Errorf("after Expunge: %+v", got)
		}
	})
	t.Run("odd password and restart", func(t *testing.T) {
		d := d.For(t)
		d.Kill()
		d.Restart()
		odd := d.OddUser()
		d.Deliver(odd, raw, Delivery{})
		if got := d.Emails(odd, "INBOX", false); len(got) != 1 {
			t.Errorf("emails: %+v", got)
		}
	})
}
