package ingest_test

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"example.org/imap-integration/evidence"
	"example.org/imap-integration/ingest"
	"example.org/imap-integration/mailbox"
	"example.org/imap-integration/mailbox/mailboxtest"
)

// told are the entries of the world's ledger: event, email, UID, detail.
func (w *world) told() (entries []string) {
	w.t.Helper()
	folder, store := w.open()
	defer folder.Close()
	defer store.Close()
	lines, err := store.Ledger().Lines(w.t.Context(), 0)
	if err != nil {
		w.t.Fatal(err)
	}
	head := evidence.Start
	for _, l := range lines {
		e, next, err := head.Check([]byte(l.Text))
		if err != nil {
			w.t.Fatal(err)
		}
		if known := e.Event != evidence.Began && e.Email != ""; known && (e.Account != w.user.Name || e.Size == 0 || e.SHA256 == "" || e.UIDValidity == 0 || e.Folder == "") {
			w.t.Errorf("an entry does not say what it is about: %s", l.Text)
		}
		head = next
		entries = append(entries, strings.TrimSpace(fmt.Sprintf("%s %s/%d %s", e.Event, e.Email, e.UID, e.Detail)))
	}
	if r, err := evidence.Check(w.t.Context(), store.Ledger(), head); err != nil || r.Problem != "" {
		w.t.Errorf("the ledger and the store: %+v, %v", r, err)
	}
	return entries
}

// TestLedgerOfARun runs on Dovecot: what was done with each email, copies too, at the
// store and at the mail server, has its entry.
func TestLedgerOfARun(t *testing.T) {
	w := newWorld(t, mailboxtest.StartDovecot(t))
	moving(w)
	w.put("INBOX", "a", "twice", "twice")
	w.expect(false, "saved a", "saved twice")
	want := []string{
		"began /0", "saved 1/1", "saved 2/2", "handed_over 1/1", "handed_over 2/2", "existed 2/3",
		`marked 1/1 \Seen`, `marked 2/2 \Seen`, `marked 2/3 \Seen`, "moved 1/1 to Done", "moved 2/2 to Done", "moved 2/3 to Done",
	}
	if got := w.told(); !slices.Equal(got, want) {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
	w.expect(false)
	if got := w.told(); len(got) != len(want) {
		t.Errorf("a run that found nothing wrote %q", got[len(want):])
	}
	w.put("INBOX", "refused", "a")
	folder, store := w.open()
	defer folder.Close()
	defer store.Close()
	if _, err := w.tryRun(folder, refusing{store}, false); err != nil {
		t.Fatal(err)
	}
	more := []string{"existed 1/5", "handed_over 1/1", "failed /4 no", `marked /4 \Seen`, `marked 1/5 \Seen`, "moved 1/5 to Done"}
	if got := w.told()[len(want):]; !slices.Equal(got, more) {
		t.Errorf("got\n%q\nwant\n%q", got, more)
	}
}

// TestLedgerOfADryRun: nothing was done, so nothing is told.
func TestLedgerOfADryRun(t *testing.T) {
	w := newWorld(t, mailboxtest.StartDovecot(t))
	w.options.DryRun = true
	w.put("INBOX", "a")
	w.run(false)
	if got := w.told(); len(got) > 0 {
		t.Errorf("a dry run wrote %q", got)
	}
}

var _ ingest.Recorder = refusing{}

// TestConnected compares what a connection tells of the server with what openssl sees.
func TestConnected(t *testing.T) {
	w := newWorld(t, mailboxtest.StartDovecot(t))
	judge := exec.Command("sh", "-c", `openssl s_client -connect "$1" </dev/null 2>/dev/null | openssl x509 -outform DER | openssl dgst -sha256 -r | cut -c1-64`,
		"sh", fmt.Sprintf("%s:%d", w.dovecot.Host, w.dovecot.TLS))
	want, err := judge.Output()
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip("no openssl here")
	}
	c := w.config()
	var greeting, version, certificate string
	c.Connected = func(g, v, s string) { greeting, version, certificate = g, v, s }
	f, err := mailbox.Dial(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if certificate != strings.TrimSpace(string(want)) || !strings.HasPrefix(version, "TLS 1.") || greeting == "" || greeting != f.Status().Greeting {
		t.Errorf("greeting %q, %q, certificate %q and not %q", greeting, version, certificate, want)
	}
}
