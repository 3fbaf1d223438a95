package actions_test

import (
	"slices"
	"strings"
	"testing"

	"example.org/imap-integration/mailbox/mailboxtest"
	"example.org/imap-integration/transport/transporttest"
)

// TestAfterImport runs the daemon and test-settings with after_import on Dovecot.
func TestAfterImport(t *testing.T) {
	d := mailboxtest.StartDovecot(t)
	for _, c := range []struct {
		name   string
		params map[string]any
		exit   int
		says   string
		inbox  []string // flags of the email there; nil: it is not there any more
		done   int      // emails in Done
	}{
		{"nothing", nil, 0, "", []string{`\Seen`}, 0},
		{"flag", map[string]any{"after_import": "flag"}, 0, "", []string{`\Flagged`, `\Seen`}, 0},
		{"keyword", map[string]any{"after_import": "keyword", "after_import_target": "$Imported"}, 0, "", []string{"$Imported", `\Seen`}, 0},
		{"move", map[string]any{"after_import": "move", "after_import_target": "Done"}, 0, "", nil, 1},
		{"move by a pattern that fits the target", map[string]any{"after_import": "move", "after_import_target": "Done", "folder": "*"}, 0, "", nil, 1},
		{"no such folder", map[string]any{"after_import": "move", "after_import_target": "Gone"}, 1, "check after_import_target", []string{}, 0},
		{"no target", map[string]any{"after_import": "move"}, 2, "after_import_target is missing", []string{}, 0},
		{"no keyword", map[string]any{"after_import": "keyword"}, 2, "after_import_target is missing", []string{}, 0},
		{"a bad keyword", map[string]any{"after_import": "keyword", "after_import_target": "two words"}, 2, "must be a keyword", []string{}, 0},
		{"a system flag", map[string]any{"after_import": "keyword", "after_import_target": `\Deleted`}, 2, "must be a keyword", []string{}, 0},
		{"the folder that is read", map[string]any{"after_import": "move", "after_import_target": "inbox"}, 2, "must not be a folder that is read", []string{}, 0},
		{"a pattern", map[string]any{"after_import": "move", "after_import_target": "D*"}, 2, "must be the name of one folder", []string{}, 0},
		{"an unknown way", map[string]any{"after_import": "delete"}, 2, "must be one of none, flag, keyword, move", []string{}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			u := d.NewUser()
			d.CreateFolder(u, "Done")
			d.Append(u, "INBOX", mailOf("alice@example.org", "one", "x"), mailboxtest.Delivery{})
			params := with(dovecotSettings(t, d, u), c.params)
			if r := testSettings(t, params); r.exit != c.exit || !strings.Contains(r.stderr, c.says) {
				t.Errorf("test-settings: exit %d: %s", r.exit, r.stderr)
			}
			if emails, exit, text := runDaemon(t, params, ""); exit != c.exit || !strings.Contains(text, c.says) || exit == 0 && emails != 1 {
				t.Fatalf("%d emails, exit %d: %s", emails, exit, text)
			}
			left := d.Emails(u, "INBOX", false)
			if (len(left) == 0) != (c.inbox == nil) {
				t.Fatalf("INBOX holds %+v", left)
			}
			for _, m := range left {
				flags := slices.DeleteFunc(slices.Clone(m.Flags), func(f string) bool { return f == `\Recent` })
				slices.Sort(flags)
				if !slices.Equal(flags, c.inbox) {
					t.Errorf("flags %q, want %q", flags, c.inbox)
				}
			}
			if n := len(d.Emails(u, "Done", false)); n != c.done {
				t.Errorf("Done holds %d emails, want %d", n, c.done)
			}
			if c.exit == 0 {
				if emails, exit, text := runDaemon(t, params, ""); emails != 0 || exit != 0 {
					t.Errorf("the next run: %d emails, exit %d: %s", emails, exit, text)
				}
			}
		})
	}
}

// TestAfterImportWhereNothingMoves: a server without MOVE and UIDPLUS is refused before anything is taken.
func TestAfterImportWhereNothingMoves(t *testing.T) {
	s := &imapScript{}
	d := mailboxtest.StartDovecot(t)
	w := world{t: t, ca: transporttest.NewAuthority(t, "CA"), d: d, u: d.NewUser()}
	params := w.at(s.listen(t), map[string]any{"connection_security": "none", "after_import": "move", "after_import_target": "Done"})
	emails, exit, text := runDaemon(t, params, "")
	if emails != 0 || exit != 2 || !strings.Contains(text, "neither MOVE (RFC 6851) nor UIDPLUS (RFC 4315)") {
		t.Errorf("%d emails, exit %d: %s", emails, exit, text)
	}
}
