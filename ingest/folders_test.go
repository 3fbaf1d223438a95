package ingest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"example.org/imap-integration/ingest"
	"example.org/imap-integration/mailbox/mailboxtest"
)

// several makes a world whose runs read these folders.
func several(w *world, names ...string) {
	w.folders = names
	for _, n := range names {
		if n != "INBOX" {
			w.dovecot.CreateFolder(w.user, n)
		}
	}
}

func (w *world) put(folder string, names ...string) {
	for _, n := range names {
		w.dovecot.Append(w.user, folder, mail(n), mailboxtest.Delivery{})
	}
}

// unread are the emails of a folder that are not marked as read.
func (w *world) unread(folder string) (n int) {
	for _, m := range w.dovecot.Emails(w.user, folder, false) {
		if !m.HasFlag(`\Seen`) {
			n++
		}
	}
	return n
}

func TestFoldersOnDovecot(t *testing.T) {
	d := mailboxtest.StartDovecot(t)
	for _, c := range []struct {
		name string
		test func(w *world)
	}{
		{"unseen", foldersUnseen},
		{"a result that is lost", foldersLost},
		{"from_latest by the checkpoint", foldersFromLatest},
		{"from_latest by the store", foldersFromLatestByStore},
		{"unseen without marking", foldersWithoutMarking},
		{"one folder becomes several", oneBecomesSeveral},
		{"one email in two folders", sameInTwoFolders},
		{"max_messages", foldersMaxMessages},
		{"a folder that is missing", missingFolder},
		{"no folder is there", noFolderThere},
		{"forty folders", fortyFolders},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(newWorld(t, d))
		})
	}
}

func foldersUnseen(w *world) {
	several(w, "INBOX", "Reports", "Junk/Phish")
	w.put("Reports", "r1", "r2")
	w.put("INBOX", "i1")
	w.put("Junk/Phish", "p1")
	objects := w.expect(false, "saved i1", "saved r1", "saved r2", "saved p1")
	for i, want := range []string{"INBOX", "Reports", "Reports", "Junk/Phish"} {
		if o := objects[i]; o.Folder != want || o.UIDValidity == 0 || o.UID == 0 {
			w.t.Errorf("%s is of folder %q, UID %d, UIDVALIDITY %d", o.Subject, o.Folder, o.UID, o.UIDValidity)
		}
	}
	for _, f := range w.folders {
		if n := w.unread(f); n != 0 {
			w.t.Errorf("%d emails of %s are not marked as read", n, f)
		}
	}
	w.expect(false)
	w.put("Reports", "r3")
	w.expect(false, "saved r3")
	w.ledger("i1", "p1", "r1", "r2", "r3")
}

func foldersLost(w *world) {
	several(w, "INBOX", "Reports")
	w.put("INBOX", "i1")
	w.put("Reports", "r1")
	w.expect(true, "saved i1", "saved r1")
	w.expect(false, "existed i1", "existed r1")
	w.expect(false)
	w.ledger("i1", "r1")
}

func foldersFromLatest(w *world) {
	w.options.FetchType = ingest.FromLatest
	several(w, "INBOX", "Reports", "Junk")
	w.dovecot.Append(w.user, "Junk", mail("read long ago"), mailboxtest.Delivery{Seen: true})
	w.put("INBOX", "i1", "i2")
	w.put("Reports", "r1")
	w.expect(false, "saved i1", "saved i2", "saved r1")
	w.expect(false)
	w.put("Junk", "j1") // the first run took nothing there: this one begins as a first run does
	w.put("INBOX", "i3")
	w.expect(false, "saved i3", "saved j1")
	w.put("Reports", "r2")
	w.put("Junk", "j2")
	before := w.options.Checkpoint
	w.expect(true, "saved r2", "saved j2")
	w.expect(false, "existed r2", "existed j2")
	if w.options.Checkpoint == before || len(w.options.Checkpoint) > 2048 {
		w.t.Errorf("checkpoint of %d bytes", len(w.options.Checkpoint))
	}
	w.expect(false)
	w.ledger("i1", "i2", "i3", "j1", "j2", "r1", "r2")
}

func foldersFromLatestByStore(w *world) {
	w.options.FetchType = ingest.FromLatest
	several(w, "INBOX", "Reports")
	w.put("INBOX", "i1")
	w.put("Reports", "r1")
	w.expect(false, "saved i1", "saved r1")
	w.options.Checkpoint = ""
	w.put("Reports", "r2")
	w.expect(false, "saved r2")
	w.options.Checkpoint = ""
	w.put("INBOX", "i2")
	w.expect(false, "saved i2")
}

func foldersWithoutMarking(w *world) {
	w.options.MarkAsSeen = false
	several(w, "INBOX", "Reports")
	w.put("INBOX", "i1")
	w.put("Reports", "r1")
	w.expect(false, "saved i1", "saved r1")
	w.expect(false)
	w.put("INBOX", "i2")
	w.expect(false, "saved i2")
	w.put("Reports", "r2")
	w.expect(false, "saved r2")
	w.expect(false)
	if n := w.unread("INBOX") + w.unread("Reports"); n != 4 {
		w.t.Errorf("%d are not marked, want 4", n)
	}
}

// oneBecomesSeveral: the checkpoint of one folder counts for it in a run over more, and back.
func oneBecomesSeveral(w *world) {
	w.options.FetchType = ingest.FromLatest
	w.put("INBOX", "i1")
	w.expect(false, "saved i1")
	several(w, "INBOX", "Reports")
	w.put("Reports", "r1")
	w.put("INBOX", "i2")
	w.expect(false, "saved i2", "saved r1")
	w.folders = []string{"Reports"}
	w.put("Reports", "r2")
	w.put("INBOX", "i3")
	w.expect(false, "saved r2")
	w.ledger("i1", "i2", "r1", "r2")
}

func sameInTwoFolders(w *world) {
	several(w, "INBOX", "Reports")
	w.put("INBOX", "i1", "both")
	w.put("Reports", "both", "r1")
	objects := w.expect(false, "saved i1", "saved both", "saved r1")
	problems := fmt.Sprint(objects[1].Problems)
	if !strings.Contains(problems, `again under UID 1 in "Reports"`) {
		w.t.Errorf("problems: %s", problems)
	}
	if n := w.unread("INBOX") + w.unread("Reports"); n != 0 {
		w.t.Errorf("%d are not marked as read", n)
	}
	w.expect(false)
	w.ledger("both", "i1", "r1")
}

func foldersMaxMessages(w *world) {
	w.options.MaxMessages = 3
	several(w, "INBOX", "Reports", "Junk")
	w.put("INBOX", "i1", "i2")
	w.put("Reports", "r1", "r2")
	w.put("Junk", "j1")
	w.expect(false, "saved i1", "saved i2", "saved r1")
	w.expect(false, "saved r2", "saved j1")
	w.expect(false)
}

func missingFolder(w *world) {
	several(w, "INBOX", "Reports")
	w.folders = []string{"INBOX", "Gone", "Reports"}
	w.put("INBOX", "i1")
	w.put("Reports", "r1")
	w.expect(false, "saved i1", "saved r1")
	if log := w.log.String(); !strings.Contains(log, "level=ERROR") || !strings.Contains(log, "folder=Gone") {
		w.t.Errorf("the log does not name the folder:\n%s", log)
	}
	if n := w.unread("INBOX") + w.unread("Reports"); n != 0 {
		w.t.Errorf("%d are not marked as read", n)
	}
	w.expect(false)
}

func noFolderThere(w *world) {
	folder, store := w.open()
	defer folder.Close()
	defer store.Close()
	w.folders = []string{"Gone", "Gone too"}
	if _, err := w.tryRun(folder, store, false); err == nil || !strings.Contains(err.Error(), `"Gone too"`) || !strings.Contains(err.Error(), `"Gone"`) {
		w.t.Errorf("error: %v", err)
	}
}

// fortyFolders: the checkpoint has room for all that one run may read.
func fortyFolders(w *world) {
	w.options.FetchType = ingest.FromLatest
	var names, want []string
	for i := range ingest.MaxFolders {
		names = append(names, fmt.Sprintf("Folder %02d", i))
	}
	several(w, names...)
	for i, n := range names {
		if i%7 == 0 {
			w.put(n, "in "+n)
			want = append(want, "saved in "+n)
		}
	}
	w.expect(false, want...)
	if n := len(w.options.Checkpoint); n > 2048 {
		w.t.Errorf("checkpoint of %d bytes", n)
	}
	w.expect(false)
	w.put(names[39], "late")
	w.expect(false, "saved late")
	if !slices.Equal(brief(w.expect(false)), []string{}) {
		w.t.Error("something came again")
	}
}
