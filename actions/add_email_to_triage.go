package actions

import (
	"context"

	"example.org/imap-integration/manifest"
	"example.org/imap-integration/soar"
)

// addedToTriage is the result of add-email-to-triage.
type addedToTriage struct {
	TriageID string  `json:"triage_id"`
	Results  []added `json:"results"`
}

// addEmailToTriage links emails to a triage event.
func addEmailToTriage(ctx context.Context, env *Env, v *manifest.Values) (any, error) {
	r, ids := mailParameters(env, v)
	open, triage := r.store(), v.ID("triage_id")
	if err := v.Err(); err != nil {
		return nil, err
	}
	out := addedToTriage{TriageID: decimal(triage)}
	err := withEmails(ctx, open, ids, func(s *store, records []soar.Record) (err error) {
		out.Results, err = addEach(records, func(id soar.ID) (bool, error) { return s.AddToTriage(ctx, triage, id) })
		return err
	})
	return result(out, err)
}
