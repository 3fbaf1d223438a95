package actions

import (
	"context"

	"example.org/imap-integration/manifest"
	"example.org/imap-integration/soar"
)

// discarded says of one email that it is discarded, and whether it was not before.
type discarded struct {
	CloudSOARMailID string `json:"cloud_soar_mail_id"`
	Discarded       bool   `json:"discarded"`
	Changed         bool   `json:"changed"`
}

// discardedEmails is the result of discard-email.
type discardedEmails struct {
	Results []discarded `json:"results"`
}

// discardEmail marks emails as discarded: lists leave them out, and the daemon
// still knows them.
func discardEmail(ctx context.Context, env *Env, v *manifest.Values) (any, error) {
	r, ids := mailParameters(env, v)
	open := r.store()
	if err := v.Err(); err != nil {
		return nil, err
	}
	out := discardedEmails{make([]discarded, 0, len(ids))}
	err := withEmails(ctx, open, ids, func(s *store, records []soar.Record) error {
		for _, r := range records {
			if !r.Discarded {
				if _, err := s.Discard(ctx, r.ID); err != nil {
					return err
				}
			}
			out.Results = append(out.Results, discarded{string(r.ID), true, !r.Discarded})
		}
		return nil
	})
	return result(out, err)
}
