package actions

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"example.org/imap-integration/ingest"
	"example.org/imap-integration/mailbox"
	"example.org/imap-integration/manifest"
	"example.org/imap-integration/quote"
)

// inbox is the name that every mailbox has (RFC 9051, section 5.1).
const inbox = "INBOX"

// folderSet is the folders of a run: what the field folder names.
type folderSet struct {
	wanted []string // names, patterns with *, special uses such as \Junk
	target string   // after_import_target of a move; a pattern does not mean it. "" = none
}

// foldersOf reads the field folder.
func foldersOf(v *manifest.Values) folderSet {
	var s folderSet
	if v.Text("folder") != "" { // a list, but written as a text: it was one name for long
		s.wanted = v.List("folder")
	}
	if v.Key("after_import") == "move" {
		s.target = v.Line("after_import_target")
	}
	if len(s.wanted) == 0 {
		s.wanted = []string{inbox} // where the field is wrong, nothing is contacted
	}
	return s
}

// single reports whether the field names one folder, which is known without the server.
func (s folderSet) single() bool { return len(s.wanted) == 1 && !mailbox.IsPattern(s.wanted[0]) }

// first is the folder that is opened with the login.
func (s folderSet) first() string { return s.plain()[0] }

// plain are the names that stand for themselves, INBOX where there is none.
func (s folderSet) plain() []string {
	names := slices.DeleteFunc(slices.Clone(s.wanted), mailbox.IsPattern)
	if len(names) == 0 {
		return []string{inbox}
	}
	return names
}

// folders is an open connection with the names of the folders of a run.
type folders struct {
	*mailbox.Folder
	names   []string
	unknown []string // patterns and uses that stand for no folder
}

// dial logs in, opens the first folder that can be opened, and finds out which
// folders are meant. c.First is for the first one.
func (s folderSet) dial(ctx context.Context, c mailbox.Config) (*folders, error) {
	f, err := s.dialFirst(ctx, c)
	if err != nil {
		return nil, err
	}
	if s.single() {
		return &folders{Folder: f, names: s.wanted}, nil
	}
	names, unknown, err := f.Resolve(ctx, s.wanted)
	names = slices.DeleteFunc(names, func(n string) bool { return n == s.target })
	switch {
	case err != nil:
	case len(names) == 0:
		err = notMeant(s.wanted)
	case len(names) > ingest.MaxFolders:
		err = folderError(fmt.Sprintf("folder means %d folders, and one run reads at most %d; name fewer, or use a resource for each part", len(names), ingest.MaxFolders))
	}
	if err != nil {
		_ = f.Close() // nothing was changed
		return nil, err
	}
	return &folders{f, names, unknown}, nil
}

// dialFirst tries the plain names in turn: one that is gone must not stop the others.
func (s folderSet) dialFirst(ctx context.Context, c mailbox.Config) (*mailbox.Folder, error) {
	var failed error
	for _, name := range s.plain() {
		c.Folder = name
		f, err := mailbox.Dial(ctx, c)
		if err == nil {
			return f, nil
		}
		e, ok := errors.AsType[*mailbox.Error](err)
		if !ok || e.Kind != mailbox.NoFolder {
			return nil, err
		}
		if failed == nil {
			failed = err
		}
		c.First = nil // it was for the first one
	}
	return nil, failed
}

// opener opens the folders of a run in turn.
func (f *folders) opener() ingest.Opener {
	return func(ctx context.Context, name string) (ingest.Folder, error) {
		if err := f.Open(ctx, name); err != nil {
			return nil, err
		}
		return f.Folder, nil
	}
}

// folderError is what is wrong with the folders that a field means.
type folderError string

func (e folderError) Error() string { return string(e) }

// notMeant is the error of names that stand for no folder.
func notMeant(names []string) error {
	return folderError(fmt.Sprintf("no folder of the mailbox is meant by %s in folder; look at the names that your email program shows", quotedList(names)))
}

func quotedList(names []string) string {
	var list []string
	for _, n := range names {
		list = append(list, quote.Text(n, quote.Name))
	}
	return strings.Join(list, ", ")
}
