package ingest_test

import (
	"context"
	"log/slog"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"example.org/imap-integration/filters"
	"example.org/imap-integration/ingest"
	"example.org/imap-integration/mailbox"
	"example.org/imap-integration/mailbox/mailboxtest"
	"example.org/imap-integration/soar/local"
)

// recorder keeps what a run searches for.
type recorder struct {
	*mailbox.Folder
	searched []mailbox.Criteria
}

func (r *recorder) Search(ctx context.Context, c mailbox.Criteria) ([]mailbox.UID, error) {
	r.searched = append(r.searched, c)
	return r.Folder.Search(ctx, c)
}

// TestFirstSearch holds the search that is announced against the one that a run makes.
func TestFirstSearch(t *testing.T) {
	script := mailboxtest.NewScript(t, mailboxtest.ScriptOptions{Emails: mailboxtest.FaultEmails(), UIDValidity: 7})
	for _, row := range []struct {
		name    string
		options ingest.Options
		spec    filters.Spec
		known   bool // whether the search can be told ahead
	}{
		{"unseen", ingest.Options{MarkAsSeen: true}, filters.Spec{}, true},
		{"unseen, a checkpoint that does not count", ingest.Options{MarkAsSeen: true, Checkpoint: "given"}, filters.Spec{}, true},
		{"unseen without marks", ingest.Options{}, filters.Spec{}, true},
		{"unseen without marks, after a checkpoint", ingest.Options{Checkpoint: "given"}, filters.Spec{}, true},
		{"unseen without marks, after a bad checkpoint", ingest.Options{Checkpoint: "cp1.bad"}, filters.Spec{}, true},
		{"latest, after a checkpoint", ingest.Options{FetchType: ingest.FromLatest, Checkpoint: "given"}, filters.Spec{}, true},
		{"latest by the store", ingest.Options{FetchType: ingest.FromLatest}, filters.Spec{}, false},
		{"latest, after a bad checkpoint", ingest.Options{FetchType: ingest.FromLatest, Checkpoint: "cp1.bad"}, filters.Spec{}, false},
		{"filter at the server", ingest.Options{MarkAsSeen: true, SearchMode: ingest.Server}, filters.Spec{Subject: []string{"mail"}}, false},
		{"filter here", ingest.Options{MarkAsSeen: true, SearchMode: ingest.Local}, filters.Spec{Subject: []string{"mail"}}, true},
		{"no filter at the server", ingest.Options{MarkAsSeen: true, SearchMode: ingest.Server}, filters.Spec{}, true},
		{"filter at the server, after a checkpoint", ingest.Options{FetchType: ingest.FromLatest, SearchMode: ingest.Server, Checkpoint: "given"}, filters.Spec{Subject: []string{"mail"}}, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			o := row.options
			o.Account, o.Folder, o.MaxSize, o.TempDir = "soc", "INBOX", 1<<20, t.TempDir()
			o.Log, o.Progress, o.Now = slog.New(slog.DiscardHandler), func(int, int) {}, time.Now
			if o.Checkpoint == "given" {
				o.Checkpoint = ingest.MadeCheckpoint(o.Account, o.Folder, 7, 5)
			}
			var err error
			if o.Filter, err = filters.Compile(row.spec); err != nil {
				t.Fatal(err)
			}
			store, err := local.Open(t.Context(), filepath.Join(t.TempDir(), "soar.db"), local.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer store.Close()
			folder, err := mailbox.Dial(t.Context(), mailbox.Config{Host: script.Host, Port: script.Port, Security: mailbox.Clear, Login: mailbox.Login{Username: "soc"}})
			if err != nil {
				t.Fatal(err)
			}
			defer folder.Close()
			r := &recorder{Folder: folder}
			result, err := ingest.Run(t.Context(), o, r, store)
			if err != nil {
				t.Fatal(err)
			}
			defer result.Close()
			first := ingest.FirstSearch(o)
			if (first != nil) != row.known || first != nil && !reflect.DeepEqual(*first, r.searched[0]) {
				t.Errorf("announced %+v, made %+v", first, r.searched)
			}
		})
	}
}
