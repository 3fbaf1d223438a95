package ingest

import (
	"context"

	"example.org/imap-integration/soar"
)

// save gives drafts to the store. A dry run only asks what the store would
// say: whether it holds an email already. What it would refuse is not known.
func (r *run) save(ctx context.Context, drafts []*soar.Draft) ([]soar.Saved, error) {
	if !r.o.DryRun {
		return r.store.Save(ctx, drafts)
	}
	saved := make([]soar.Saved, 0, len(drafts))
	for _, d := range drafts {
		record, held, err := r.store.ByKey(ctx, d.SourceKey)
		if err != nil {
			return saved, err
		}
		saved = append(saved, soar.Saved{ID: record.ID, Existed: held})
	}
	return saved, nil
}
