package ingest

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"example.org/imap-integration/evidence"
	"example.org/imap-integration/mailbox"
	"example.org/imap-integration/soar"
)

// Filer is a folder in which emails can be marked and moved; *mailbox.Folder is one.
type Filer interface {
	AddFlag(ctx context.Context, uids []mailbox.UID, flag string) error
	Move(ctx context.Context, uids []mailbox.UID, target string, unsure bool) error
}

// leftoversMost is how many of the newest emails that were settled before are looked
// at for what an earlier run did not come to.
const leftoversMost = 1000

// doAfter does with the emails of a result what the options say, and with the leftovers.
func (s *Result) doAfter(ctx context.Context) error {
	f, can := s.r.folder.(Filer)
	after := s.r.o.After
	if after.None() || !can {
		return nil
	}
	var err error
	did := func(uids []mailbox.UID, e error) {
		switch err = cmp.Or(err, e); {
		case e != nil:
		case after.Flag != "":
			s.notes.did(evidence.Marked, uids, after.Flag)
		default:
			s.notes.did(evidence.Moved, uids, "to "+after.Target)
		}
	}
	if after.Flag != "" {
		uids := sorted(slices.Concat(s.filed, s.leftovers))
		did(uids, f.AddFlag(ctx, uids, after.Flag))
	} else {
		did(s.leftovers, f.Move(ctx, sorted(s.leftovers), after.Target, true))
		did(s.filed, f.Move(ctx, sorted(s.filed), after.Target, false))
	}
	if err != nil {
		return fmt.Errorf("the emails were handed over, and what after_import asks for was not done with all of them: %w; the next run does it", err)
	}
	return nil
}

// leftovers are the emails of a plan's folder that earlier runs handed over and did
// not come to mark or move: settled by their state, without the mark, and known to
// the store under their UIDs. An email that the store has and that was never handed over is none.
func (l *planner) leftovers(ctx context.Context, p plan) (left []mailbox.UID, err error) {
	searcher, can := l.store.(Searcher)
	if l.o.After.None() || l.o.NoLeftovers || p.replay || l.o.DryRun || !can {
		return nil, nil
	}
	uids, err := l.settled(ctx, p)
	if err != nil || len(uids) == 0 {
		return nil, err
	}
	page, err := searcher.Search(ctx, soar.Query{MailboxAccount: l.o.Account, Folder: l.o.Folder, PageSize: leftoversMost})
	if err != nil {
		return nil, fmt.Errorf("cannot ask Cloud SOAR which emails of the folder it has: %w", err)
	}
	var pending []soar.Record
	if !p.given || l.o.FetchType == Unseen && l.o.MarkAsSeen { // else the checkpoint says that they were handed over
		if pending, err = l.store.Pending(ctx, l.o.Account, l.o.Folder); err != nil {
			return nil, err
		}
	}
	for _, rec := range page.Records {
		_, here := slices.BinarySearch(uids, rec.UID)
		waiting := slices.ContainsFunc(pending, func(w soar.Record) bool { return w.ID == rec.ID })
		if here && !waiting && rec.UIDValidity == p.state.uidValidity {
			left = append(left, rec.UID)
		}
	}
	if len(left) > 0 {
		l.o.Log.Info("an earlier run handed these over and did not come to do what after_import asks for", "emails", len(left))
	}
	return left, nil
}

// settled are the newest emails of the folder that a run does not take because of
// their state, and that lack the mark.
func (l *planner) settled(ctx context.Context, p plan) ([]mailbox.UID, error) {
	c := mailbox.Criteria{Lacks: l.o.After.Flag}
	covered := func(mailbox.UID) bool { return true }
	switch {
	case l.o.FetchType == Unseen && l.o.MarkAsSeen:
		c.Seen = true
	case p.state.last > 0:
		c.To = p.state.last
		covered = func(u mailbox.UID) bool { return p.state.covers(u) }
	default:
		return nil, nil // nothing is settled: all comes again
	}
	uids, err := l.folder.Search(ctx, c)
	if err != nil {
		return nil, err
	}
	uids = slices.DeleteFunc(uids, func(u mailbox.UID) bool { return !covered(u) || slices.Contains(p.uids, u) })
	return uids[max(0, len(uids)-leftoversMost):], nil
}

// sorted returns the UIDs ascending, each once.
func sorted(uids []mailbox.UID) []mailbox.UID {
	out := slices.Clone(uids)
	slices.Sort(out)
	return slices.Compact(out)
}
