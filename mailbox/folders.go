package mailbox

import (
	"context"
	"slices"
	"strings"

	"example.org/imap-integration/filters"
	"example.org/imap-integration/mailbox/imapwire"
)

// Open opens another folder on the same connection, read-only where the first one
// was. SELECT and EXAMINE leave the folder before as it is; nothing is expunged (RFC
// 9051, section 6.3.2). A folder that is open already is not opened again. After an
// error none is open, and another one may be.
func (f *Folder) Open(ctx context.Context, name string) error {
	if f.s.alive() && f.isOpen && f.conf.Folder == name {
		return nil
	}
	f.conf.Folder, f.conf.First, f.isOpen = name, nil, false
	f.s.conf = &f.conf
	fresh := f.s
	err := f.attempt(ctx, StageFolder, 1, func(ctx context.Context) error {
		if f.s != fresh { // the new connection opened it
			return nil
		}
		if err := f.s.early.drop(ctx); err != nil {
			return err
		}
		f.s.opening = nil
		f.s.n.Leave()
		return f.s.openFolder(ctx)
	})
	if err != nil {
		return err
	}
	f.isOpen = true
	f.status = f.readStatus()
	return nil
}

// Resolve returns the folders that these names stand for, in their order, each
// once: a name with * stands for all that it fits, * being any run of characters,
// and one with a backslash (\Junk, \All, RFC 6154) for the folder of that use. What
// stands for none is in unknown. A plain name stands for itself, also where the
// server does not list it. Names of a pattern come sorted.
func (f *Folder) Resolve(ctx context.Context, wanted []string) (names, unknown []string, err error) {
	var listed []imapwire.ListResponse
	if slices.ContainsFunc(wanted, IsPattern) {
		err := f.attempt(ctx, StageFolder, 1, func(ctx context.Context) (err error) {
			stop := f.s.watch(ctx)
			defer stop()
			listed, err = f.s.list()
			return err
		})
		if err != nil {
			return nil, nil, err
		}
	}
	for _, want := range wanted {
		found := []string{want}
		switch {
		case strings.EqualFold(want, `\Inbox`):
			found = []string{"INBOX"}
		case IsPattern(want):
			found = fitting(want, listed)
		}
		if len(found) == 0 {
			unknown = append(unknown, want)
		}
		for _, name := range found {
			if !slices.ContainsFunc(names, func(n string) bool { return sameFolder(n, name) }) {
				names = append(names, name)
			}
		}
	}
	return names, unknown, nil
}

// IsPattern reports whether a name in a list of folders may stand for others than
// itself: it has a * or names a special use (\Junk).
func IsPattern(name string) bool {
	return strings.Contains(name, "*") || strings.HasPrefix(name, `\`)
}

// sameFolder compares names of folders; INBOX is one in any case (RFC 9051, section 5.1).
func sameFolder(a, b string) bool {
	return a == b || strings.EqualFold(a, "INBOX") && strings.EqualFold(b, "INBOX")
}

// fitting returns the folders that can be opened and fit a pattern, sorted.
func fitting(pattern string, listed []imapwire.ListResponse) []string {
	var names []string
	for _, l := range listed {
		fits := filters.Like(pattern, l.Name)
		if strings.HasPrefix(pattern, `\`) {
			fits = slices.ContainsFunc(l.Attributes, func(a string) bool { return strings.EqualFold(a, pattern) })
		}
		if fits && !l.NoSelect {
			names = append(names, l.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// IsKeyword reports whether a text can be a keyword: an atom (RFC 9051, section 9).
func IsKeyword(text string) bool { return imapwire.IsAtom(text) }

// Keeps reports whether a flag or keyword lasts in the open folder, as far as the server
// says (PERMANENTFLAGS). QUIRK(go-imap's memory server): \* and no system flag but those in use. Open read-only, a folder keeps none, which says nothing.
func (f *Folder) Keeps(flag string) bool {
	flags := f.s.n.Selected().Permanent
	return flags == nil || f.conf.ReadOnly || slices.Contains(flags, `\*`) || slices.ContainsFunc(flags, func(have string) bool { return strings.EqualFold(have, flag) })
}

// CanMove reports whether the server can move single emails safely: by MOVE (RFC 6851),
// or by COPY and UID EXPUNGE (RFC 4315).
func (f *Folder) CanMove() bool { return f.s.n.Has("MOVE") || f.s.n.Has("UIDPLUS") }

// CheckTarget reports why emails cannot be moved to a folder, as far as that can be known before.
func (f *Folder) CheckTarget(ctx context.Context, target string) error {
	_, err := newMover(ctx, f, target)
	return err
}

// Move moves emails of the open folder, which must not be open read-only, to the
// folder target. Those that are not in it any more are passed over. unsure says that
// an earlier move of them may have broken off half-way: what the target holds then
// is not copied again. The server must be one that [Folder.CanMove].
func (f *Folder) Move(ctx context.Context, uids []UID, target string, unsure bool) error {
	if len(uids) == 0 {
		return nil
	}
	m, err := newMover(ctx, f, target)
	if err != nil {
		return err
	}
	return m.move(ctx, uids, unsure)
}

// Listen has the server tell of new emails in these folders while another one is
// open (NOTIFY, RFC 5465): [Folder.Wait] returns for them too from now on, on this
// connection. begun says that it began with this call: what came before is not told,
// so the folders have to be looked at once more. told is false where the server does
// not do that at all.
func (f *Folder) Listen(ctx context.Context, names []string) (told, begun bool, err error) {
	if !f.s.alive() || !f.s.n.Has("NOTIFY") || f.s.noNotify {
		return false, false, nil
	}
	if f.s.notified {
		return true, false, nil
	}
	var list []string
	for _, name := range names {
		encoded, err := imapwire.EncodeMailboxName(name)
		if err != nil {
			return false, false, nil // it cannot be opened either
		}
		list = append(list, encoded)
	}
	line := "NOTIFY SET (selected (MessageNew MessageExpunge)) (mailboxes (" + strings.Join(list, " ") + ") (MessageNew MessageExpunge))"
	stop := f.s.watch(ctx)
	defer stop()
	_, err = f.s.await(f.s.n.Send(line, nil))
	if kindOf(err) == ServerRefused {
		f.s.noNotify = true
		f.conf.Log.Info("the mail server does not tell of several folders at once; they are looked at in turns", "response", err.Error())
		return false, false, nil
	}
	f.s.notified = err == nil
	return f.s.notified, f.s.notified, err
}
