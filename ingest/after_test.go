package ingest_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"example.org/imap-integration/ingest"
	"example.org/imap-integration/mailbox"
	"example.org/imap-integration/mailbox/mailboxtest"
	"example.org/imap-integration/soar"
	"example.org/imap-integration/soar/local"
)

func TestAfterImportOnDovecot(t *testing.T) {
	d := mailboxtest.StartDovecot(t)
	for _, c := range []struct {
		name string
		test func(w *world)
	}{
		{"flag", afterFlag},
		{"keyword", afterKeyword},
		{"move", afterMove},
		{"move without marking", afterMoveWithoutMarking},
		{"move from several folders", afterMoveFolders},
		{"a result that is lost", afterLost},
		{"a move that broke off, unseen", func(w *world) { afterBroke(w) }},
		{"a move that broke off, from_latest", func(w *world) { w.options.FetchType = ingest.FromLatest; afterBroke(w) }},
		{"a keyword that was not set", afterKeywordBroke},
		{"what a filter left out stays", afterFilter},
		{"what a person read stays", afterPerson},
		{"what was never handed over stays", afterNeverHandedOver},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(newWorld(t, d))
		})
	}
}

// here are the subjects of a folder, in order, with the flags that a test looks at.
func (w *world) here(folder string) []string {
	got := []string{}
	for _, m := range w.dovecot.Emails(w.user, folder, true) {
		_, rest, _ := strings.Cut(string(m.Raw), "Subject: ")
		text, _, _ := strings.Cut(rest, "\r\n")
		for _, flag := range []string{`\Seen`, `\Flagged`, "$Imported"} {
			if m.HasFlag(flag) {
				text += " " + flag
			}
		}
		got = append(got, text)
	}
	return got
}

func (w *world) holds(folder string, want ...string) {
	w.t.Helper()
	if got := w.here(folder); !slices.Equal(got, want) {
		w.t.Errorf("%s holds %q, want %q", folder, got, want)
	}
}

func afterFlag(w *world) {
	w.options.After.Flag = `\Flagged`
	w.put("INBOX", "a", "b")
	w.expect(false, "saved a", "saved b")
	w.holds("INBOX", `a \Seen \Flagged`, `b \Seen \Flagged`)
	w.expect(false)
}

func afterKeyword(w *world) {
	w.options.FetchType = ingest.FromLatest
	w.options.After.Flag = "$Imported"
	w.put("INBOX", "a")
	w.expect(false, "saved a")
	w.holds("INBOX", "a $Imported")
	w.put("INBOX", "b")
	w.expect(false, "saved b")
	w.holds("INBOX", "a $Imported", "b $Imported")
}

// moving makes the world one that moves to the folder Done.
func moving(w *world) {
	w.dovecot.CreateFolder(w.user, "Done")
	w.options.After.Target = "Done"
}

func afterMove(w *world) {
	moving(w)
	w.put("INBOX", "a", "twice", "twice")
	w.expect(false, "saved a", "saved twice")
	w.holds("INBOX")
	w.holds("Done", `a \Seen`, `twice \Seen`, `twice \Seen`)
	w.put("INBOX", "b", "a") // delivered once more
	w.expect(false, "saved b", "existed a")
	w.holds("INBOX")
	w.ledger("a", "b", "twice")
}

func afterMoveWithoutMarking(w *world) {
	moving(w)
	w.options.MarkAsSeen = false
	w.put("INBOX", "a")
	w.expect(false, "saved a")
	w.put("INBOX", "b")
	w.expect(false, "saved b")
	w.holds("INBOX")
	w.holds("Done", "a", "b")
}

func afterMoveFolders(w *world) {
	moving(w)
	several(w, "INBOX", "Reports")
	w.put("INBOX", "a", "both")
	w.put("Reports", "both", "b")
	w.expect(false, "saved a", "saved both", "saved b")
	w.holds("INBOX")
	w.holds("Reports")
	w.holds("Done", `a \Seen`, `both \Seen`, `both \Seen`, `b \Seen`)
}

func afterLost(w *world) {
	moving(w)
	w.put("INBOX", "a")
	w.expect(true, "saved a")
	w.holds("INBOX", "a")
	w.holds("Done")
	w.expect(false, "existed a")
	w.holds("Done", `a \Seen`)
}

// breaking is a folder whose moves and flags fail.
type breaking struct{ *mailbox.Folder }

var errBroken = errors.New("the connection broke")

func (breaking) Move(context.Context, []mailbox.UID, string, bool) error { return errBroken }
func (breaking) AddFlag(context.Context, []mailbox.UID, string) error    { return errBroken }

// half is a run whose result is written and whose emails are neither moved nor flagged.
func (w *world) half(want ...string) {
	w.t.Helper()
	folder, store := w.open()
	defer folder.Close()
	defer store.Close()
	w.breaks = true
	defer func() { w.breaks = false }()
	objects, err := w.tryRun(breaking{folder}, store, false)
	if got := brief(objects); err != nil || !slices.Equal(got, want) {
		w.t.Fatalf("got %q, want %q: %v", got, want, err)
	}
}

func afterBroke(w *world) {
	moving(w)
	w.put("INBOX", "a", "b")
	w.half("saved a", "saved b")
	if n := len(w.here("Done")); n != 0 {
		w.t.Fatalf("%d were moved", n)
	}
	w.expect(false)
	w.holds("INBOX")
	if n := len(w.here("Done")); n != 2 {
		w.t.Errorf("%d of 2 were moved by the next run", n)
	}
	w.put("INBOX", "c")
	w.half("saved c")
	w.put("INBOX", "d")
	w.expect(false, "saved d")
	w.holds("INBOX")
	if n := len(w.here("Done")); n != 4 {
		w.t.Errorf("%d of 4 were moved", n)
	}
	w.ledger("a", "b", "c", "d")
}

func afterKeywordBroke(w *world) {
	w.options.After.Flag = "$Imported"
	w.put("INBOX", "a")
	w.half("saved a")
	w.holds("INBOX", `a \Seen`)
	w.expect(false)
	w.holds("INBOX", `a \Seen $Imported`)
}

func afterFilter(w *world) {
	moving(w)
	w.spec.Subject = []string{"yes"}
	w.put("INBOX", "yes 1", "no", "yes 2")
	w.expect(false, "saved yes 1", "saved yes 2")
	w.holds("INBOX", "no")
	w.holds("Done", `yes 1 \Seen`, `yes 2 \Seen`)
}

func afterPerson(w *world) {
	moving(w)
	w.dovecot.Append(w.user, "INBOX", mail("read by a person"), mailboxtest.Delivery{Seen: true})
	w.put("INBOX", "a")
	for range 2 {
		w.run(false)
		w.holds("INBOX", `read by a person \Seen`)
	}
}

// afterNeverHandedOver: an email that the store has, whose result was lost, and that
// a person then read, was never handed over, so it is not moved.
func afterNeverHandedOver(w *world) {
	moving(w)
	w.put("INBOX", "a")
	w.expect(true, "saved a")
	folder, store := w.open()
	defer store.Close()
	if err := folder.MarkSeen(w.t.Context(), []mailbox.UID{1}); err != nil {
		w.t.Fatal(err)
	}
	folder.Close()
	w.expect(false)
	w.holds("INBOX", `a \Seen`)
	w.holds("Done")
}

// TestAfterImportDoesNotMoveWhatFailed: an email that Cloud SOAR refuses for good was not saved.
func TestAfterImportDoesNotMoveWhatFailed(t *testing.T) {
	w := newWorld(t, mailboxtest.StartDovecot(t))
	moving(w)
	w.put("INBOX", "good", "refused")
	folder, store := w.open()
	defer folder.Close()
	defer store.Close()
	if _, err := w.tryRun(folder, refusing{store}, false); err != nil {
		t.Fatal(err)
	}
	w.holds("INBOX", `refused \Seen`)
	w.holds("Done", `good \Seen`)
	w.expect(false)
	w.holds("INBOX", `refused \Seen`)
	if !strings.Contains(fmt.Sprint(w.log.String()), "failed=0") {
		t.Errorf("log:\n%s", w.log.String())
	}
}

// refusing is a store that takes no email called refused.
type refusing struct{ *local.Store }

func (r refusing) Save(ctx context.Context, drafts []*soar.Draft) ([]soar.Saved, error) {
	out := make([]soar.Saved, 0, len(drafts))
	for _, d := range drafts {
		if d.Subject == "refused" {
			out = append(out, soar.Saved{Refused: "no"})
			continue
		}
		saved, err := r.Store.Save(ctx, []*soar.Draft{d})
		if err != nil {
			return out, err
		}
		out = append(out, saved...)
	}
	return out, nil
}

// TestAfterImportByTheCheckpoint: a run that was killed between its written result and
// the store's note of it. The checkpoint, which the platform has from that result, says so.
func TestAfterImportByTheCheckpoint(t *testing.T) {
	w := newWorld(t, mailboxtest.StartDovecot(t))
	w.options.FetchType = ingest.FromLatest
	moving(w)
	w.put("INBOX", "a", "b")
	objects := w.expect(true, "saved a", "saved b")
	w.options.Checkpoint = objects[1].Checkpoint
	w.expect(false)
	w.holds("INBOX")
	w.holds("Done", "a", "b")
}
