package actions

import (
	"context"

	"example.org/imap-integration/manifest"
	"example.org/imap-integration/soar"
)

// added says of one email whether it was added, or was there before.
type added struct {
	CloudSOARMailID string `json:"cloud_soar_mail_id"`
	Added           bool   `json:"added"`
}

// addedToIncident is the result of add-email-to-incident.
type addedToIncident struct {
	IncidentID string  `json:"incident_id"`
	Results    []added `json:"results"`
}

// addEmailToIncident links emails to an incident.
func addEmailToIncident(ctx context.Context, env *Env, v *manifest.Values) (any, error) {
	r, ids := mailParameters(env, v)
	open, incident := r.store(), v.ID("incident_id")
	if err := v.Err(); err != nil {
		return nil, err
	}
	out := addedToIncident{IncidentID: decimal(incident)}
	err := withEmails(ctx, open, ids, func(s *store, records []soar.Record) (err error) {
		out.Results, err = addEach(records, func(id soar.ID) (bool, error) { return s.AddToIncident(ctx, incident, id) })
		return err
	})
	return result(out, err)
}

// addEach adds one email after the other.
func addEach(records []soar.Record, add func(id soar.ID) (bool, error)) ([]added, error) {
	results := make([]added, 0, len(records))
	for _, r := range records {
		now, err := add(r.ID)
		if err != nil {
			return nil, err
		}
		results = append(results, added{string(r.ID), now})
	}
	return results, nil
}
