package actions_test

import (
	"fmt"
	"strings"
	"testing"

	"example.org/imap-integration/mailbox/mailboxtest"
)

// TestSeveralFolders reads the field folder as people write it, on Dovecot, by the
// daemon and by test-settings.
func TestSeveralFolders(t *testing.T) {
	d := mailboxtest.StartDovecot(t)
	u := d.NewUser()
	for i, name := range []string{"INBOX", "Reports/A", "Reports/B", "Unwanted", "Old, done"} {
		if name != "INBOX" {
			d.CreateFolder(u, name)
		}
		d.Append(u, name, mailOf("alice@example.org", fmt.Sprint("in ", name), strings.Repeat("x", i+1)), mailboxtest.Delivery{})
	}
	for _, c := range []struct {
		name    string
		folder  string
		emails  int
		log     string // what the daemon's log names
		exit    int    // of the daemon
		settles string // status of test-settings' step folder
		says    string // its detail
	}{
		{"a comma list", "INBOX, Reports/A", 2, "", 0, "ok", `2 folders, emails in each: "INBOX" 1, "Reports/A" 1`},
		{"a quoted comma", `INBOX, "Old, done"`, 2, "", 0, "ok", `"Old, done" 1`},
		{"JSON in a text", `["Old, done"]`, 1, "", 0, "ok", ""},
		{"a pattern", "Reports/*", 2, "", 0, "ok", `"Reports/A" 1, "Reports/B" 1`},
		{"a use", `\Junk`, 1, "", 0, "ok", `"Unwanted" 1`},
		{"everything", "*", 5, "", 0, "ok", "5 folders"},
		{"one is missing", "INBOX, Gone, Reports/B", 2, "folder=Gone", 0, "failed", `"Gone"`},
		{"the first is missing", "Gone, Reports/B", 1, "folder=Gone", 0, "failed", `"Gone"`},
		{"a pattern fits none", "INBOX, None*", 1, "None*", 0, "failed", `"None*"`},
		{"nothing is there", "None*", 0, "", 1, "failed", `"None*"`},
		{"all are missing", "Gone, Gone too", 0, "", 1, "failed", `"Gone"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			params := with(dovecotSettings(t, d, u), map[string]any{"folder": c.folder, "mark_as_seen": false})
			emails, exit, text := runDaemon(t, params, "")
			if emails != c.emails || exit != c.exit || !strings.Contains(text, c.log) {
				t.Errorf("%d emails, exit %d, want %d, %d: %s", emails, exit, c.emails, c.exit, text)
			}
			r := testSettings(t, with(params, map[string]any{"cloud_soar_api_url": "local:" + t.TempDir() + "/new.db"}))
			status, detail := r.report.step("folder")
			if status != c.settles || !strings.Contains(detail, c.says) {
				t.Errorf("step folder is %s: %s", status, detail)
			}
			if r.exit == 0 && (r.report.Candidates != c.emails || int(r.report.Mailbox.Messages) != c.emails || int(r.report.Mailbox.Unseen) != c.emails || len(r.report.Samples) != min(c.emails, 3)) {
				t.Errorf("%d candidates, %+v, samples %q", r.report.Candidates, r.report.Mailbox, r.report.Samples)
			}
		})
	}
	for field, params := range map[string]map[string]any{
		"folder": {"folder": " , "},
		"uids":   {"folder": "INBOX, Reports/A", "uids": "1"},
	} {
		if _, exit, text := runDaemon(t, with(dovecotSettings(t, d, u), params), ""); exit != 2 || !strings.Contains(text, field+" ") {
			t.Errorf("%v: exit %d: %s", params, exit, text)
		}
	}
}
