package ingest

import (
	"context"

	"example.org/imap-integration/filters"
	"example.org/imap-integration/mailbox"
)

// Candidates returns the emails that the fetch type alone would take now,
// ascending: without a filter. Nothing is changed.
func Candidates(ctx context.Context, o Options, folder Folder, store Store) ([]mailbox.UID, error) {
	o.Filter, o.SearchMode = &filters.Filter{}, Local
	l := &planner{o, folder, store}
	p, err := l.makePlan(ctx)
	return p.uids, err
}
