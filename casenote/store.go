package casenote

import (
	"context"
	"errors"
	"fmt"

	"example.org/imap-integration/soar"
)

// Emails is a store of emails, and of which incident they belong to.
type Emails interface {
	Get(ctx context.Context, id soar.ID) (soar.Record, error)
	EML(ctx context.Context, id soar.ID, limit int64) ([]byte, error)
	AddToIncident(ctx context.Context, incident int64, id soar.ID) (added bool, err error)
	AddFile(ctx context.Context, incident int64, f soar.File, content []byte) (id soar.ID, existed bool, err error)
	IncidentEmails(ctx context.Context, incident int64) ([]soar.Record, error)
	IncidentFiles(ctx context.Context, incident int64) ([]soar.IncidentFile, error)
}

// Notes writes into incidents; *soar.Notes does.
type Notes interface {
	Add(ctx context.Context, incident int64, note soar.Note) (written bool, err error)
}

// Incidents adds emails to incidents by notes.
type Incidents struct {
	Emails Emails
	Notes  Notes
}

// AddToIncident writes a note about an email into an incident, and the link into
// the store; added is false where the store has the link.
func (s Incidents) AddToIncident(ctx context.Context, incident int64, id soar.ID) (added bool, err error) {
	record, err := s.Emails.Get(ctx, id)
	if err != nil {
		return false, err
	}
	have, err := s.Emails.IncidentEmails(ctx, incident)
	if err != nil {
		return false, err
	}
	for _, r := range have {
		if r.ID == id {
			return false, nil
		}
	}
	raw, err := s.Emails.EML(ctx, id, 0)
	if err != nil && !errors.Is(err, soar.ErrNoContent) {
		return false, err
	}
	if _, err := s.Notes.Add(ctx, incident, ofEmail(record, raw)); err != nil {
		return false, err
	}
	return s.Emails.AddToIncident(ctx, incident, id)
}

// AddFile keeps an attachment in the store and writes a note about it, with its
// digest, into the incident; existed is true where the store had it there.
func (s Incidents) AddFile(ctx context.Context, incident int64, f soar.File, content []byte) (id soar.ID, existed bool, err error) {
	have, err := s.Emails.IncidentFiles(ctx, incident)
	if err != nil {
		return "", false, err
	}
	for _, one := range have {
		if one.SHA256 == f.SHA256 && one.EmailID == f.EmailID && one.Part == f.Part {
			return one.ID, true, nil
		}
	}
	record, err := s.Emails.Get(ctx, f.EmailID)
	if err != nil {
		return "", false, err
	}
	if _, err := s.Notes.Add(ctx, incident, ofFile(record, f, len(content))); err != nil {
		return "", false, err
	}
	return s.Emails.AddFile(ctx, incident, f, content)
}

// AddToTriage fails: there is no public endpoint for what a triage event holds.
func (Incidents) AddToTriage(_ context.Context, triage int64, id soar.ID) (added bool, err error) {
	return false, fmt.Errorf("cannot add the email %s to the triage event %d: emails are kept in cloud_soar_email_store, and Cloud SOAR has no public endpoint for what a triage event holds; "+
		"give the event a field with the id of the email, or add the email to an incident", id, triage)
}
