//go:build unix

package e2e_test

import (
	"os"
	"strings"
	"testing"

	"example.org/imap-integration/mailbox/mailboxtest"
)

// TestDryRun: it shows what a run would hand over, changes nothing on either
// side, and the real run behind it takes everything.
func TestDryRun(t *testing.T) {
	t.Parallel()
	forBothStores(t, mailboxtest.ScriptOptions{Emails: numbered(1, 3)}, func(t *testing.T, s *scene) {
		dry := func(status string) {
			t.Helper()
			before := len(s.server.Commands())
			s.params["dry_run"] = true
			p := s.command(t, "incoming-mail-daemon").begin(t)
			objects := s.take(t, p)
			delete(s.params, "dry_run")
			if n := strings.Count(p.stdout.String(), `"cloud_soar_mail_id":""`); n != 3 || len(objects) != 3 {
				t.Errorf("%d objects, %d without id, want 3", len(objects), n)
			}
			for _, o := range objects {
				if o.Checkpoint != "" || o.Status != status {
					t.Errorf("checkpoint %q, status %q, want %q", o.Checkpoint, o.Status, status)
				}
			}
			for _, c := range s.server.Commands()[before:] {
				if strings.Contains(c, "STORE") || strings.HasPrefix(c, "SELECT") {
					t.Errorf("a dry run sent %q", c)
				}
			}
		}
		dry("saved")
		if _, err := os.Stat(s.store); s.rest == nil && err == nil {
			t.Error("a dry run made a store")
		}
		s.checkpoint = ""
		if got := s.daemon(t); len(got) != 3 {
			t.Errorf("the run behind it takes %d of 3", len(got))
		}
		s.params["mark_as_seen"], s.checkpoint = false, ""
		delete(s.params, "checkpoint")
		s.server.Change(func(o *mailboxtest.ScriptOptions) {
			for i := range o.Emails {
				o.Emails[i].Flags = nil
			}
		})
		dry("existed")
	})
}
