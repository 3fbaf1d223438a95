package ingest

import (
	"context"

	"example.org/imap-integration/soar"
)

// dryStore is the store of a dry run: it is asked and not changed.
type dryStore struct{ Store }

// Save tells what the store would say: whether it holds an email already. What
// it would refuse is not known.
func (s dryStore) Save(ctx context.Context, drafts []*soar.Draft) ([]soar.Saved, error) {
	saved := make([]soar.Saved, 0, len(drafts))
	for _, d := range drafts {
		record, held, err := s.ByKey(ctx, d.SourceKey)
		if err != nil {
			return saved, err
		}
		saved = append(saved, soar.Saved{ID: record.ID, Existed: held})
	}
	return saved, nil
}

// HandedOver changes nothing either.
func (dryStore) HandedOver(context.Context, []soar.ID) error { return nil }
