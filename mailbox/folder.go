package mailbox

import (
	"context"
	"net"
	"slices"
	"strings"
	"time"

	"example.org/imap-integration/mailbox/imapwire"
)

// Folder is an open folder. Its methods are for one goroutine at a time, and
// none of them may be called inside the yield function of another.
type Folder struct {
	connection
	noCharset  bool // the server refused CHARSET UTF-8
	wholeParts bool // the server's sizes are wrong, and what it gives as a part is all the same whole
	sizesFirst bool // there are emails that are too large: none is asked for before its size is known
	budget     *budget
}

// Dial connects, logs in and opens the folder. Nothing is asked of the server
// that is not needed for that. Every error that concerns the server is an [*Error].
func Dial(ctx context.Context, c Config) (*Folder, error) {
	c.setDefaults()
	s, err := dialAndLogin(ctx, &c, false)
	if err != nil {
		return nil, err
	}
	f := &Folder{connection: connection{conf: c, s: s, isOpen: true}, budget: newBudget(memoryBudget, c.MaxSize)}
	f.status = f.readStatus()
	return f, nil
}

// Status is what the server said when the folder was opened.
func (f *Folder) Status() Status { return f.status }

// SubstringSearch reports whether the server's SEARCH finds substrings, as far
// as is known; Gmail, Exchange and Yahoo find words.
func (f *Folder) SubstringSearch() bool { return !f.s.provider.words && !f.s.believed.words }

// Reconnects is how often the connection broke and was made again.
func (f *Folder) Reconnects() int { return f.reconnects }

// Fetch fetches these emails whole. yield is called in UID order, exactly once
// for each UID, on the calling goroutine; an error of it ends the fetch and is
// returned. What yield gets is its own until Release; the wire waits while the
// consumer holds more than [memoryBudget], so a consumer must not wait for
// further emails before it releases some. After a connection failure Fetch reconnects once. An
// error means that the UIDs not yielded are not accounted for.
func (f *Folder) Fetch(ctx context.Context, uids []UID, yield func(*Raw) error) error {
	r := newFetchRun(f)
	r.yield, r.guess = yield, true
	return r.all(ctx, imapwire.Chunks(imapwire.Ascending(uids), sizesAtOnce))
}

// Headers fetches the named header fields of these emails as they are. yield is
// called in UID order, once for each UID; an error of it ends the fetch and is
// returned. Of one email at most 1 MiB is kept. What yield gets is its own.
func (f *Folder) Headers(ctx context.Context, uids []UID, names []string, yield func(Head) error) error {
	section, err := fieldsSection(names)
	if err != nil {
		return f.fault(stageFetch, err)
	}
	r := newFetchRun(f)
	r.fields = section
	r.handHead = yield
	return r.all(ctx, [][]UID{imapwire.Ascending(uids)})
}

// MarkSeen marks emails as read. It is repeated after a broken connection,
// which changes nothing. The folder must not be open read-only.
func (f *Folder) MarkSeen(ctx context.Context, uids []UID) error {
	return f.mark(ctx, stageMark, uids, seenFlag)
}

// AddFlag sets a flag or keyword (\Flagged, $Imported) on emails, as MarkSeen does.
func (f *Folder) AddFlag(ctx context.Context, uids []UID, flag string) error {
	return f.mark(ctx, stageFlag, uids, flag)
}

const seenFlag = `\Seen`

func (f *Folder) mark(ctx context.Context, stage string, uids []UID, flag string) error {
	if len(uids) == 0 {
		return nil
	}
	if f.conf.ReadOnly || f.readOnly() {
		e := f.conf.fault(stage, f.s, nil)
		e.Kind = ReadOnly
		return e
	}
	return f.attempt(ctx, stage, 0, func(ctx context.Context) error {
		for _, part := range imapwire.Chunks(imapwire.Ascending(uids), marksAtOnce) {
			if err := f.s.mark(ctx, part, flag); err != nil {
				return err
			}
		}
		return nil
	})
}

func (f *Folder) readOnly() bool {
	return f.s.n.Selected().ReadOnly
}

// Wait blocks until the server tells of new email, d has passed (at most 25
// minutes), or ctx ends; only the last, or a broken connection, is an error.
func (f *Folder) Wait(ctx context.Context, d time.Duration) error {
	if !f.s.alive() {
		return f.fault(stageWait, f.s.broken())
	}
	timer := time.NewTimer(min(d, longestIdle))
	defer timer.Stop()
	var err error = imapwire.Refusal{}
	if f.s.n.Has("IDLE") {
		err = f.s.idle(ctx, timer.C)
	}
	if kindOf(err) == ServerRefused { // not offered, or refused all the same
		err = f.s.poll(ctx, timer.C)
	}
	if err != nil {
		return f.fault(stageWait, err)
	}
	return nil
}

// Close ends the session. The server's response to LOGOUT is not waited for: it
// would cost a round trip and change nothing.
func (f *Folder) Close() error {
	if f.s.alive() {
		f.s.n.Send("LOGOUT", nil)
		_ = f.s.g.CloseNotify() // with TLS's farewell
	}
	f.s.end(net.ErrClosed)
	return nil
}

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

// Keeps reports whether a flag or keyword lasts in the open folder, as far as the server
// says (PERMANENTFLAGS). QUIRK(go-imap's memory server): \* and no system flag but those in use. Open read-only, a folder keeps none, which says nothing.
func (f *Folder) Keeps(flag string) bool {
	flags := f.s.n.Selected().Permanent
	return flags == nil || f.conf.ReadOnly || slices.Contains(flags, `\*`) || slices.ContainsFunc(flags, func(have string) bool { return strings.EqualFold(have, flag) })
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
