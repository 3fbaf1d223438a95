package ingest

import (
	"context"
	"fmt"
	"math/big"
	"slices"
	"time"

	"example.org/imap-integration/mailbox"
	"example.org/imap-integration/soar"
)

// plan is which mails a run looks at, and how it treats those that the store knows.
type plan struct {
	mode    string // for the log
	uids    []mailbox.UID
	exists  func(uint32) bool // was the UID in the folder when the run began?
	state   checkpoint
	pending []soar.Record // saved by earlier runs, never handed over (local store)

	unhanded map[int64]bool // ids of pending that are still to be handed over
	lookup   bool           // look each mail up by its key before it is saved: UIDs tell nothing
	skip     bool           // what the store knows already is not handed over again …
	after    *checkpoint    // … unless its record lies beyond this checkpoint of another UIDVALIDITY

	replay       bool // named UIDs: nothing is filtered, and state stays as it is
	byStore      bool // the next run starts behind the newest email in the store
	byCheckpoint bool // the next run starts behind the checkpoint of this one
}

// lookBack is how far before the mails known last a run looks when UIDs tell
// nothing. SEARCH SINCE knows days only, in the server's time zone (RFC 9051,
// section 6.4.4), and a mail that was moved here meanwhile keeps its older date.
const lookBack = 7 * 24 * time.Hour

func (r *run) makePlan(ctx context.Context) (plan, error) {
	status := r.folder.Status()
	if status.UIDValidity == 0 && (r.o.FetchType == FromLatest || !r.o.MarkAsSeen) {
		return plan{}, fmt.Errorf("the server gives folder %q no UIDVALIDITY, so UIDs do not last: set email_fetch_type to unseen and mark_as_seen to true", r.o.Folder)
	}
	scope := scopeOf(r.o.Account, r.o.Folder)
	start := checkpoint{scope: scope, uidValidity: status.UIDValidity, passed: new(big.Int)}
	given := r.givenCheckpoint(scope)
	r.checkpointGiven = given != nil
	if given != nil && given.uidValidity == status.UIDValidity {
		start.missing = given.missing // how often they were asked for
	}
	switch {
	case len(r.o.UIDs) > 0:
		return r.planNamed(ctx, start)
	case r.o.FetchType == Unseen && r.o.MarkAsSeen:
		return r.planUnseen(ctx, start, "unseen")
	case r.o.FetchType == Unseen && given == nil:
		r.o.Log.Warn("mark_as_seen is off and there is no checkpoint: every unseen mail comes again; let the rule pass the output field checkpoint to the next run")
		return r.planUnseen(ctx, start, "unseen, no checkpoint")
	case given != nil && given.uidValidity == status.UIDValidity:
		return r.planFrom(ctx, *given)
	case given != nil:
		mark, err := r.newest(ctx, start)
		if err != nil {
			return plan{}, err
		}
		if !given.received.IsZero() {
			mark.Received(given.received)
		}
		return r.planByDate(ctx, start, given, mark.Oldest, given.uidValidity)
	default:
		return r.planFromStore(ctx, start)
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
		return &mailbox.Criteria{From: mailbox.UID(given.lowest())}
	default: // the store is asked first
		return nil
	}
}

// givenCheckpoint reads the parameter; a bad one is ignored, for a rule must not stop for it.
func (r *run) givenCheckpoint(scope [8]byte) *checkpoint {
	if r.o.Checkpoint == "" {
		return nil
	}
	c, err := parseCheckpoint(r.o.Checkpoint, scope)
	if err != nil {
		r.o.Log.Warn("the checkpoint is ignored", "reason", err.Error())
		return nil
	}
	return c
}

// planNamed takes the emails that the caller names by their UIDs, whatever state says of them.
func (r *run) planNamed(ctx context.Context, start checkpoint) (plan, error) {
	low, high := r.o.UIDs[0].First, r.o.UIDs[0].Last
	for _, u := range r.o.UIDs {
		low, high = min(low, u.First), max(high, u.Last)
	}
	uids, err := r.folder.Search(ctx, mailbox.Criteria{From: low, To: high})
	uids = slices.DeleteFunc(uids, func(u mailbox.UID) bool {
		return !slices.ContainsFunc(r.o.UIDs, func(n UIDRange) bool { return u >= n.First && u <= n.Last })
	})
	for _, n := range r.o.UIDs {
		if !slices.ContainsFunc(uids, func(u mailbox.UID) bool { return u >= n.First && u <= n.Last }) {
			r.o.Log.Warn("no email of the folder has a UID that was asked for", "first", n.First, "last", n.Last)
		}
	}
	return plan{mode: "by UID", uids: uids, exists: func(uint32) bool { return false }, state: start, replay: true}, err
}

// planUnseen takes the mails without \Seen.
func (r *run) planUnseen(ctx context.Context, start checkpoint, mode string) (plan, error) {
	uids, err := r.search(ctx, mailbox.Criteria{Unseen: true})
	if err != nil {
		return plan{}, err
	}
	exists, err := r.existing(ctx, uids)
	return plan{mode: mode, uids: uids, exists: exists, state: start}, err
}

// planFrom takes what lies behind a checkpoint, gaps included.
func (r *run) planFrom(ctx context.Context, c checkpoint) (plan, error) {
	low := mailbox.UID(c.lowest())
	all, err := r.folder.Search(ctx, mailbox.Criteria{From: low})
	if err != nil {
		return plan{}, err
	}
	c.settleGone(among(all))
	uids := behind(all, &c)
	if len(uids) > 0 && (r.o.FetchType == Unseen || r.narrows(len(uids))) {
		found, err := r.search(ctx, mailbox.Criteria{Unseen: r.o.FetchType == Unseen, From: uids[0]})
		if err != nil {
			return plan{}, err
		}
		uids = behind(found, &c)
	}
	return plan{mode: "after the checkpoint", uids: uids, exists: among(all), state: c}, nil
}

// behind keeps the UIDs that a checkpoint does not cover.
func behind(uids []mailbox.UID, c *checkpoint) []mailbox.UID {
	return slices.DeleteFunc(slices.Clone(uids), func(u mailbox.UID) bool { return c.covers(uint32(u)) })
}

// planFromStore starts at the newest mail that the store holds, or on the very
// first run with the unseen mails.
func (r *run) planFromStore(ctx context.Context, start checkpoint) (plan, error) {
	mark, err := r.newest(ctx, start)
	if err != nil {
		return plan{}, err
	}
	pending, err := r.store.Pending(ctx, r.o.Account, r.o.Folder)
	if err != nil {
		return plan{}, err
	}
	var p plan
	switch {
	case mark.Records == 0:
		p, err = r.planUnseen(ctx, start, "first run: unseen")
	case mark.UIDValidity == start.uidValidity:
		c := start
		c.last = mark.UID
		c.passed = allPassed() // what lies below was looked at by the run that saved the mark
		p, err = r.planFrom(ctx, c)
		p.mode = "after the newest mail in Cloud SOAR"
	default:
		p, err = r.planByDate(ctx, start, nil, mark.Oldest, mark.UIDValidity)
	}
	p.skip, p.pending, p.unhanded = true, pending, map[int64]bool{}
	for _, rec := range pending {
		p.unhanded[rec.ID] = true
	}
	return p, err
}

func (r *run) newest(ctx context.Context, start checkpoint) (soar.Mark, error) {
	mark, err := r.store.Newest(ctx, r.o.Account, r.o.Folder, start.uidValidity)
	if err != nil {
		err = fmt.Errorf("cannot ask Cloud SOAR for the newest mail of %q, folder %q: %w", r.o.Account, r.o.Folder, err)
	}
	return mark, err
}

// planByDate is for a folder whose UIDVALIDITY is another than the one known:
// mails are told by their keys, and looked for by date.
func (r *run) planByDate(ctx context.Context, start checkpoint, given *checkpoint, oldest time.Time, old uint32) (plan, error) {
	r.o.Log.Warn("UIDVALIDITY changed: the run looks back by date and tells known mails by their content",
		"was", old, "is", start.uidValidity, "looks_back_from", soar.Timestamp(oldest))
	c := mailbox.Criteria{Unseen: r.o.FetchType == Unseen}
	if !oldest.IsZero() {
		c.Since = oldest.Add(-lookBack)
	}
	uids, err := r.search(ctx, c)
	if err != nil {
		return plan{}, err
	}
	exists, err := r.existing(ctx, uids)
	return plan{mode: "by date", uids: uids, exists: exists, state: start, lookup: true, skip: true, after: given}, err
}

// search asks for candidates, narrowed by the filters as search_mode says.
func (r *run) search(ctx context.Context, c mailbox.Criteria) ([]mailbox.UID, error) {
	if r.o.SearchMode == Server {
		c.Query = r.o.Filter.Everything()
	}
	uids, err := r.folder.Search(ctx, c)
	if err != nil {
		return nil, err
	}
	if r.o.SearchMode != Auto || !r.narrows(len(uids)) {
		return uids, nil
	}
	c.Query = r.o.Filter.Sure()
	narrowed, err := r.folder.Search(ctx, c)
	if err != nil {
		return nil, err
	}
	r.o.Log.Info("many candidates: the server was asked to narrow them", "candidates", len(uids), "left", len(narrowed))
	return narrowed, nil
}

// narrows reports whether the server is to be asked for the filters too.
func (r *run) narrows(candidates int) bool {
	switch r.o.SearchMode {
	case Server:
		return len(r.o.Filter.Everything()) > 0
	case Auto:
		return candidates > headerChunk && r.folder.SubstringSearch() && len(r.o.Filter.Sure()) > 0
	default:
		return false
	}
}

// existing finds out which UIDs around the candidates are in the folder, for
// the gaps of the checkpoints. A folder without a gap needs no question.
func (r *run) existing(ctx context.Context, uids []mailbox.UID) (func(uint32) bool, error) {
	status := r.folder.Status()
	if len(uids) == 0 || status.UIDNext > uids[len(uids)-1] && uint32(status.UIDNext)-1 == status.Messages {
		return func(uint32) bool { return true }, nil
	}
	low := checkpoint{last: uint32(uids[0])}
	all, err := r.folder.Search(ctx, mailbox.Criteria{From: mailbox.UID(low.lowest()), To: uids[len(uids)-1]})
	if err != nil {
		return nil, err
	}
	return among(all), nil
}

func among(sorted []mailbox.UID) func(uint32) bool {
	return func(u uint32) bool {
		_, ok := slices.BinarySearch(sorted, mailbox.UID(u))
		return ok
	}
}
