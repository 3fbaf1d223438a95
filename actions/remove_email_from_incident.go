package actions

import (
	"context"

	"example.org/imap-integration/manifest"
	"example.org/imap-integration/soar"
)

// removed says of one email whether it was removed, or was not there.
type removed struct {
	CloudSOARMailID string `json:"cloud_soar_mail_id"`
	Removed         bool   `json:"removed"`
}

// removedFromIncident is the result of remove-email-from-incident.
type removedFromIncident struct {
	IncidentID string    `json:"incident_id"`
	Results    []removed `json:"results"`
}

// removeEmailFromIncident takes emails out of an incident; Cloud SOAR keeps them.
func removeEmailFromIncident(ctx context.Context, env *Env, v *manifest.Values) (any, error) {
	r, ids := mailParameters(env, v)
	open, incident := r.store(), v.ID("incident_id")
	if err := v.Err(); err != nil {
		return nil, err
	}
	out := removedFromIncident{decimal(incident), make([]removed, 0, len(ids))}
	err := withEmails(ctx, open, ids, func(s *store, records []soar.Record) error {
		for _, r := range records {
			now, err := s.RemoveFromIncident(ctx, incident, r.ID)
			if err != nil {
				return err
			}
			out.Results = append(out.Results, removed{string(r.ID), now})
		}
		return nil
	})
	return result(out, err)
}
