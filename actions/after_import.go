package actions

import (
	"context"
	"slices"
	"strings"

	"example.org/imap-integration/ingest"
	"example.org/imap-integration/mailbox"
	"example.org/imap-integration/manifest"
	"example.org/imap-integration/quote"
)

// flagged is the flag of after_import = flag (RFC 9051, section 2.3.2).
const flagged = `\Flagged`

// afterImport reads after_import and its target.
func afterImport(v *manifest.Values) ingest.AfterImport {
	key, target := v.Key("after_import"), v.Line("after_import_target")
	switch key {
	case "flag":
		return ingest.AfterImport{Flag: flagged}
	case "keyword", "move":
		v.Require("after_import_target")
	}
	switch {
	case key == "keyword" && target != "" && !mailbox.IsKeyword(target):
		v.Problem("after_import_target", "must be a keyword such as $Imported, without spaces, brackets, quotes, %%, * and \\, not %s", quote.Text(target, quote.Name))
	case key == "keyword":
		return ingest.AfterImport{Flag: target}
	case key == "move" && mailbox.IsPattern(target):
		v.Problem("after_import_target", "must be the name of one folder, not %s", quote.Text(target, quote.Name))
	case key == "move" && slices.ContainsFunc(foldersOf(v).wanted, func(f string) bool { return f == target || isInbox(f) && isInbox(target) }):
		v.Problem("after_import_target", "must not be a folder that is read, as %s is", quote.Text(target, quote.Name))
	case key == "move":
		return ingest.AfterImport{Target: target}
	}
	return ingest.AfterImport{}
}

func isInbox(name string) bool { return strings.EqualFold(name, inbox) }

// checkAfter finds out before anything is taken whether the server can do what
// after_import asks for, in the folder that is open.
func checkAfter(ctx context.Context, command string, f *mailbox.Folder, after ingest.AfterImport) error {
	wrong := func(text string) error {
		return &manifest.ParameterError{Command: command, Problems: []string{text}}
	}
	switch {
	case after.Flag != "" && !f.Keeps(after.Flag):
		return wrong("after_import does not work here: the server keeps no " + quote.Text(after.Flag, quote.Name) + " in this folder; choose another way")
	case after.Target == "":
		return nil
	case !f.CanMove():
		return wrong("after_import = move does not work with this server: it offers neither MOVE (RFC 6851) nor UIDPLUS (RFC 4315), without which a move could expunge other emails; choose flag or keyword")
	}
	return f.CheckTarget(ctx, after.Target)
}
