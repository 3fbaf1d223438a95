package actions

import (
	"context"

	"example.org/imap-integration/manifest"
)

// incidentEmails is the result of list-incident-emails.
type incidentEmails struct {
	IncidentID string `json:"incident_id"`
	emails
}

// listIncidentEmails lists the emails of an incident, newest id first.
func listIncidentEmails(ctx context.Context, env *Env, v *manifest.Values) (any, error) {
	open, incident := resource(env, v).storeToRead(), v.ID("incident_id")
	if err := v.Err(); err != nil {
		return nil, err
	}
	s, err := open(ctx)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	records, err := s.IncidentEmails(ctx, incident)
	return result(incidentEmails{decimal(incident), emails{newMailRecords(records), len(records)}}, err)
}
