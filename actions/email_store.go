package actions

import (
	"context"
	"errors"

	"example.org/imap-integration/casenote"
	"example.org/imap-integration/soar"
)

// emailStoreField names a store of one's own, for a Cloud SOAR that keeps no emails.
const emailStoreField = "cloud_soar_email_store"

// emailStore is where that store is reached when it is a serve.
var emailStore = place{url: emailStoreField, accessID: "email_store_access_id", accessKey: "email_store_access_key"}

// splitStores keeps emails in a store of one's own, and tells of them in the
// incidents of Cloud SOAR.
func splitStores(cloud *soar.Client, emails openStore) openStore {
	if emails == nil {
		return nil
	}
	return func(ctx context.Context) (*store, error) {
		own, err := emails(ctx)
		if err != nil {
			return nil, errors.Join(err, cloud.Close())
		}
		notes := soar.NewNotes(cloud)
		own.Store = &splitStore{Store: own.Store, incidents: casenote.Incidents{Emails: own.Store, Notes: notes}, notes: notes, cloud: cloud}
		return own, nil
	}
}

// splitStore is a store of emails whose incidents are elsewhere.
type splitStore struct {
	Store
	incidents casenote.Incidents
	notes     soar.Notes
	cloud     *soar.Client
}

func (s *splitStore) AddToIncident(ctx context.Context, incident int64, id soar.ID) (bool, error) {
	return s.incidents.AddToIncident(ctx, incident, id)
}

func (s *splitStore) AddFile(ctx context.Context, incident int64, f soar.File, content []byte) (soar.ID, bool, error) {
	return s.incidents.AddFile(ctx, incident, f, content)
}

func (s *splitStore) AddToTriage(ctx context.Context, triage int64, id soar.ID) (bool, error) {
	return s.incidents.AddToTriage(ctx, triage, id)
}

// Check tells of both.
func (s *splitStore) Check(ctx context.Context) (string, error) {
	emails, err := s.Store.Check(ctx)
	if err != nil {
		return "", err
	}
	incidents, err := s.notes.Check(ctx)
	return joinSentences(emails, incidents), err
}

// Probe asks Cloud SOAR, not the store of emails, which has every operation.
func (s *splitStore) Probe(ctx context.Context) []soar.Finding { return s.notes.Probe(ctx) }

func (s *splitStore) Close() error { return errors.Join(s.Store.Close(), s.cloud.Close()) }
