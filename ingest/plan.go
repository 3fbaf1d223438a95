package ingest

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"

	"example.org/imap-integration/mailbox"
	"example.org/imap-integration/soar"
)

// plan is which emails a run looks at, and how it treats those that the store knows.
type plan struct {
	mode    string // for the log
	uids    []mailbox.UID
	exists  func(mailbox.UID) bool // was the UID in the folder when the run began?
	state   checkpoint
	pending []soar.Record // saved by earlier runs, never handed over (local store)

	unhanded map[soar.ID]bool // ids of pending that are still to be handed over
	lookup   bool             // look each email up by its key before it is saved: UIDs tell nothing
	skip     bool             // what the store knows already is not handed over again …
	after    *checkpoint      // … unless its record lies beyond this checkpoint of another UIDVALIDITY

	given        bool // a checkpoint was given and can be used
	replay       bool // named UIDs: nothing is filtered, and state stays as it is
	byStore      bool // the next run starts behind the newest email in the store
	byCheckpoint bool // the next run starts behind the checkpoint of this one
}

// lookBack is how far before the emails known last a run looks when UIDs tell
// nothing. SEARCH SINCE knows days only, in the server's time zone (RFC 9051,
// section 6.4.4), and an email that was moved here meanwhile keeps its older date.
const lookBack = 7 * 24 * time.Hour

// planner finds out which emails are due.
type planner struct {
	o      Options
	folder Folder
	store  Store
}

func (l *planner) makePlan(ctx context.Context) (plan, error) {
	scope := scopeOf(l.o.Account, l.o.Folder)
	given := l.givenCheckpoint(scope)
	p, err := l.planAfter(ctx, scope, given)
	p.given = given != nil
	p.byCheckpoint = !p.replay && (l.o.FetchType == FromLatest || !l.o.MarkAsSeen)
	p.byStore = !p.replay && l.o.FetchType == FromLatest && !p.given
	return p, err
}

func (l *planner) planAfter(ctx context.Context, scope [8]byte, given *checkpoint) (plan, error) {
	status := l.folder.Status()
	if status.UIDValidity == 0 && (l.o.FetchType == FromLatest || !l.o.MarkAsSeen) {
		return plan{}, fmt.Errorf("folder %q: %w", l.o.Folder, errNoUIDValidity)
	}
	start := checkpoint{scope: scope, uidValidity: status.UIDValidity, passed: new(big.Int)}
	if given != nil && given.uidValidity == status.UIDValidity {
		start.missing = given.missing // how often they were asked for
	}
	switch {
	case len(l.o.UIDs) > 0:
		return l.planNamed(ctx, start)
	case l.o.FetchType == Unseen && l.o.MarkAsSeen:
		return l.planUnseen(ctx, start, "unseen")
	case l.o.FetchType == Unseen && given == nil:
		l.o.Log.Warn("mark_as_seen is off and there is no checkpoint: every unseen email comes again; let the rule pass the output field checkpoint to the next run")
		return l.planUnseen(ctx, start, "unseen, no checkpoint")
	case given != nil && given.uidValidity == status.UIDValidity:
		return l.planFrom(ctx, *given)
	case given != nil:
		mark, err := l.newest(ctx, start)
		if err != nil {
			return plan{}, err
		}
		if !given.received.IsZero() {
			mark.Received(given.received)
		}
		return l.planByDate(ctx, start, given, mark.Oldest, given.uidValidity)
	default:
		return l.planFromStore(ctx, start)
	}
}

// FirstSearch is what a run with these options searches for first, where that is known before
// the folder is open: then the search can be sent together with the login. nil: it is not known.
func FirstSearch(o Options) *mailbox.Criteria {
	given, err := parseCheckpoint(o.Checkpoint, scopeOf(o.Account, o.Folder))
	switch {
	case len(o.UIDs) > 0:
		return nil
	case o.FetchType == Unseen && (o.MarkAsSeen || err != nil):
		if o.SearchMode == Server && len(o.Filter.Everything()) > 0 {
			return nil
		}
		return &mailbox.Criteria{Unseen: true}
	case err == nil: // its UIDVALIDITY is most likely the folder's
		return &mailbox.Criteria{From: given.lowest()}
	default: // the store is asked first
		return nil
	}
}

// givenCheckpoint reads the parameter; a bad one is ignored, for a rule must not stop for it.
func (l *planner) givenCheckpoint(scope [8]byte) *checkpoint {
	if l.o.Checkpoint == "" {
		return nil
	}
	c, err := parseCheckpoint(l.o.Checkpoint, scope)
	if err != nil {
		l.o.Log.Warn("the checkpoint is ignored", "reason", err.Error())
		return nil
	}
	return c
}

// planNamed takes the emails that the caller names by their UIDs, whatever state says of them.
func (l *planner) planNamed(ctx context.Context, start checkpoint) (plan, error) {
	low, high := l.o.UIDs[0].First, l.o.UIDs[0].Last
	for _, u := range l.o.UIDs {
		low, high = min(low, u.First), max(high, u.Last)
	}
	uids, err := l.folder.Search(ctx, mailbox.Criteria{From: low, To: high})
	uids = slices.DeleteFunc(uids, func(u mailbox.UID) bool {
		return !slices.ContainsFunc(l.o.UIDs, func(n UIDRange) bool { return u >= n.First && u <= n.Last })
	})
	for _, n := range l.o.UIDs {
		if !slices.ContainsFunc(uids, func(u mailbox.UID) bool { return u >= n.First && u <= n.Last }) {
			l.o.Log.Warn("no email of the folder has a UID that was asked for", "first", n.First, "last", n.Last)
		}
	}
	return plan{mode: "by UID", uids: uids, exists: func(mailbox.UID) bool { return false }, state: start, replay: true}, err
}

// planUnseen takes the emails without \Seen.
func (l *planner) planUnseen(ctx context.Context, start checkpoint, mode string) (plan, error) {
	uids, err := l.search(ctx, mailbox.Criteria{Unseen: true})
	if err != nil {
		return plan{}, err
	}
	exists, err := l.existing(ctx, uids)
	return plan{mode: mode, uids: uids, exists: exists, state: start}, err
}

// planFrom takes what lies behind a checkpoint, gaps included.
func (l *planner) planFrom(ctx context.Context, c checkpoint) (plan, error) {
	low := c.lowest()
	all, err := l.folder.Search(ctx, mailbox.Criteria{From: low})
	if err != nil {
		return plan{}, err
	}
	c.settleGone(among(all))
	uids := behind(all, &c)
	if len(uids) > 0 && (l.o.FetchType == Unseen || l.narrows(len(uids))) {
		found, err := l.search(ctx, mailbox.Criteria{Unseen: l.o.FetchType == Unseen, From: uids[0]})
		if err != nil {
			return plan{}, err
		}
		uids = behind(found, &c)
	}
	return plan{mode: "after the checkpoint", uids: uids, exists: among(all), state: c}, nil
}

// behind keeps the UIDs that a checkpoint does not cover.
func behind(uids []mailbox.UID, c *checkpoint) []mailbox.UID {
	return slices.DeleteFunc(slices.Clone(uids), func(u mailbox.UID) bool { return c.covers(u) })
}

// planFromStore starts at the newest email that the store holds, or on the very
// first run with the unseen emails.
func (l *planner) planFromStore(ctx context.Context, start checkpoint) (plan, error) {
	mark, err := l.newest(ctx, start)
	if err != nil {
		return plan{}, err
	}
	pending, err := l.store.Pending(ctx, l.o.Account, l.o.Folder)
	if err != nil {
		return plan{}, err
	}
	var p plan
	switch {
	case mark.Records == 0:
		p, err = l.planUnseen(ctx, start, "first run: unseen")
	case mark.UIDValidity == start.uidValidity:
		c := start
		c.last = mark.UID
		c.passed = allPassed() // what lies below was looked at by the run that saved the mark
		p, err = l.planFrom(ctx, c)
		p.mode = "after the newest email in Cloud SOAR"
	default:
		p, err = l.planByDate(ctx, start, nil, mark.Oldest, mark.UIDValidity)
	}
	p.skip, p.pending, p.unhanded = true, pending, map[soar.ID]bool{}
	for _, rec := range pending {
		p.unhanded[rec.ID] = true
	}
	return p, err
}

func (l *planner) newest(ctx context.Context, start checkpoint) (soar.Mark, error) {
	mark, err := l.store.Newest(ctx, l.o.Account, l.o.Folder, start.uidValidity)
	if err != nil {
		err = fmt.Errorf("cannot ask Cloud SOAR for the newest email of %q, folder %q: %w", l.o.Account, l.o.Folder, err)
	}
	return mark, err
}

// planByDate is for a folder whose UIDVALIDITY is another than the one known:
// emails are told by their keys, and looked for by date.
func (l *planner) planByDate(ctx context.Context, start checkpoint, given *checkpoint, oldest time.Time, old uint32) (plan, error) {
	l.o.Log.Warn("UIDVALIDITY changed: the run looks back by date and tells known emails by their content",
		"was", old, "is", start.uidValidity, "looks_back_from", soar.Timestamp(oldest))
	c := mailbox.Criteria{Unseen: l.o.FetchType == Unseen}
	if !oldest.IsZero() {
		c.Since = oldest.Add(-lookBack)
	}
	uids, err := l.search(ctx, c)
	if err != nil {
		return plan{}, err
	}
	exists, err := l.existing(ctx, uids)
	return plan{mode: "by date", uids: uids, exists: exists, state: start, lookup: true, skip: true, after: given}, err
}

// search asks for candidates, narrowed by the filters as search_mode says.
func (l *planner) search(ctx context.Context, c mailbox.Criteria) ([]mailbox.UID, error) {
	if l.o.SearchMode == Server {
		c.Query = l.o.Filter.Everything()
	}
	uids, err := l.folder.Search(ctx, c)
	if err != nil {
		return nil, err
	}
	if l.o.SearchMode == Server && len(uids) == 0 && len(c.Query) > 0 {
		return uids, l.doubt(ctx, c)
	}
	if l.o.SearchMode != Auto || !l.narrows(len(uids)) {
		return uids, nil
	}
	c.Query = l.o.Filter.Sure()
	narrowed, err := l.folder.Search(ctx, c)
	if err != nil {
		return nil, err
	}
	l.o.Log.Info("many candidates: the server was asked to narrow them", "candidates", len(uids), "left", len(narrowed))
	return narrowed, nil
}

// doubt looks whether there were emails that the server's search found none among: it may
// be right, or find words where a part of one was meant, or not search at all.
func (l *planner) doubt(ctx context.Context, c mailbox.Criteria) error {
	c.Query = nil
	all, err := l.folder.Search(ctx, c)
	if err == nil && len(all) > 0 {
		l.o.Log.Warn("the mail server finds no email that the filters keep (search_mode is server); where that is wrong, set search_mode to auto",
			"emails", len(all))
	}
	return err
}

// narrows reports whether the server is to be asked for the filters too.
func (l *planner) narrows(candidates int) bool {
	switch l.o.SearchMode {
	case Server:
		return len(l.o.Filter.Everything()) > 0
	case Auto:
		return candidates > headerChunk && l.folder.SubstringSearch() && len(l.o.Filter.Sure()) > 0
	default:
		return false
	}
}

// existing finds out which UIDs around the candidates are in the folder, for
// the gaps of the checkpoints. A folder without a gap needs no question.
func (l *planner) existing(ctx context.Context, uids []mailbox.UID) (func(mailbox.UID) bool, error) {
	status := l.folder.Status()
	if len(uids) == 0 || status.UIDNext > uids[len(uids)-1] && uint32(status.UIDNext)-1 == status.Messages {
		return func(mailbox.UID) bool { return true }, nil
	}
	low := checkpoint{last: uids[0]}
	all, err := l.folder.Search(ctx, mailbox.Criteria{From: low.lowest(), To: uids[len(uids)-1]})
	if err != nil {
		return nil, err
	}
	return among(all), nil
}

func among(sorted []mailbox.UID) func(mailbox.UID) bool {
	return func(u mailbox.UID) bool {
		_, ok := slices.BinarySearch(sorted, u)
		return ok
	}
}

// errNoUIDValidity is a folder whose UIDs do not last.
var errNoUIDValidity = errors.New("the server gives it no UIDVALIDITY, so UIDs do not last: set email_fetch_type to unseen and mark_as_seen to true")

// headerChunk is how many emails are decided by their headers at once; an
// ordinary run has fewer (filters.md).
const headerChunk = 2000
