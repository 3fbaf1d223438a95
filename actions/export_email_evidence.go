package actions

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"

	"example.org/imap-integration/evidence"
	"example.org/imap-integration/manifest"
	"example.org/imap-integration/message"
	"example.org/imap-integration/soar"
)

// exported is the result of export-email-evidence.
type exported struct {
	Bundle string `json:"bundle,omitempty"` // ZIP in base64; "" where it went into a folder
	Folder string `json:"folder,omitempty"`
	SHA256 string `json:"sha256"` // of the ZIP
	Count  int    `json:"count"`  // emails
}

// ExportEvidence is export-email-evidence for a person: Env.Evidence says into which folder.
var ExportEvidence = Action{
	Name: "export-email-evidence", Title: "Export Email Evidence",
	Does: "Pack emails with what proves them: raw, records, attachments, ledger, digests", Run: exportEmailEvidence,
}

// exportEmailEvidence packs the emails named by their ids, or all of an incident.
func exportEmailEvidence(ctx context.Context, env *Env, v *manifest.Values) (any, error) {
	r := resource(env, v)
	open, limit := r.storeToRead(), r.maxSize()
	var ids []soar.ID
	var incident int64
	switch byID, byIncident := v.Has("cloud_soar_mail_id"), v.Has("incident_id"); {
	case byID == byIncident:
		v.Problem("cloud_soar_mail_id", "or incident_id is needed, one of the two")
	case byID:
		ids = emailIDs(v)
	default:
		incident = v.ID("incident_id")
	}
	if err := v.Err(); err != nil {
		return nil, err
	}
	key, err := env.Evidence.key()
	if err != nil {
		return nil, err
	}
	s, err := open(ctx)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	records, err := recordsOf(ctx, s, ids, incident)
	if err != nil {
		return nil, err
	}
	b, err := bundleOf(ctx, env, s, records, limit, v.Shown())
	if err != nil {
		return nil, err
	}
	b.Key = key
	return deliverBundle(env, b)
}

func recordsOf(ctx context.Context, s *store, ids []soar.ID, incident int64) ([]soar.Record, error) {
	if incident == 0 {
		return getEmails(ctx, s, ids)
	}
	records, err := s.IncidentEmails(ctx, incident)
	if err == nil && len(records) == 0 {
		err = fmt.Errorf("cannot export the emails of incident %d: it has none", incident)
	}
	return records, err
}

// deliverBundle writes the bundle into the folder that a person named, or packs it for a playbook.
func deliverBundle(env *Env, b evidence.Bundle) (any, error) {
	files, err := b.Files()
	if err != nil {
		return nil, err
	}
	packed, err := evidence.ZIP(files)
	if err != nil {
		return nil, err
	}
	out := exported{SHA256: digest(packed), Count: len(b.Emails)}
	if env.Evidence.Folder == "" {
		out.Bundle = base64.StdEncoding.EncodeToString(packed)
		return out, nil
	}
	out.Folder = env.Evidence.Folder
	return out, evidence.WriteFolder(out.Folder, files)
}

// bundleOf reads everything of these emails.
func bundleOf(ctx context.Context, env *Env, s *store, records []soar.Record, limit int64, settings map[string]string) (b evidence.Bundle, err error) {
	total := 0
	var ids []string
	for i, r := range records {
		e, err := evidenceOf(ctx, s, r, limit)
		if err != nil {
			return b, err
		}
		if total += len(e.Raw); total > maxEMLs {
			return b, fmt.Errorf("cannot export %d emails at once: they have more than %d MiB together; ask for fewer", len(records), maxEMLs>>20)
		}
		b.Emails, ids = append(b.Emails, e), append(ids, string(r.ID))
		env.Progress(i+1, len(records))
	}
	if kept := s.ledger(); kept != nil {
		b.Excerpt, err = evidence.Extract(ctx, kept, ids)
	}
	b.Produced = producedBy(env, settings, b.Excerpt, ids)
	return b, err
}

// produced is bundle.json.
type produced struct {
	Program  string                   `json:"program"`
	Emails   int                      `json:"emails"`
	Settings map[string]string        `json:"settings"` // of the export, without secrets
	Origins  []evidence.Origin        `json:"origins"`
	Sessions map[int64]evidence.Entry `json:"sessions"` // by the number of their entry
}

func producedBy(env *Env, settings map[string]string, x evidence.Excerpt, ids []string) produced {
	p := produced{Program: "imap-integration " + env.Program, Emails: len(ids), Settings: settings}
	p.Origins, p.Sessions = x.Origins(ids)
	return p
}

// evidenceOf reads one email. What its record names and its bytes do not hold has no file.
func evidenceOf(ctx context.Context, s *store, r soar.Record, limit int64) (evidence.Email, error) {
	e := evidence.Email{ID: string(r.ID), Record: newMailRecord(r)}
	if err := readable(r, limit); err != nil {
		return e, err
	}
	raw, err := s.EML(ctx, r.ID, limit)
	if err != nil && !errors.Is(err, soar.ErrNoContent) {
		return e, err
	}
	if err == nil {
		e.Raw = raw
	}
	parsed := message.Parse(e.Raw, message.DefaultLimits())
	for _, a := range r.Attachments {
		file := evidence.Attachment{Attachment: a}
		if content, err := contentOf(parsed, r.ID, a); e.Raw != nil && err == nil {
			file.Content = content
		}
		e.Attachments = append(e.Attachments, file)
	}
	return e, nil
}

// Evidence is what a person asks for beside the parameters: evidence export, audit --ledger.
type Evidence struct {
	Folder   string // of the bundle; "": it comes as a ZIP in the result
	KeyFile  string // signs the bundle; "": it is not signed
	Ledger   bool   // audit checks the ledger and contacts no mail server
	HeadFile string // a head that somebody kept, for it; "": none
}

func (e Evidence) key() (*evidence.Key, error) {
	if e.KeyFile == "" {
		return nil, nil
	}
	return evidence.ReadKey(e.KeyFile)
}

// auditLedger checks the ledger of a store and every email against it.
func auditLedger(ctx context.Context, env *Env, v *manifest.Values) (any, error) {
	open := resource(env, v).storeToRead()
	if err := v.Err(); err != nil {
		return nil, err
	}
	kept, err := evidence.ReadHead(env.Evidence.HeadFile)
	if err != nil {
		return nil, err
	}
	s, err := open(ctx)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	source := s.ledger()
	if source == nil {
		return nil, errors.New("cannot check the ledger: only a store of your own keeps one, in a file (local:PATH) or in a database (postgres://)")
	}
	report, err := evidence.Check(ctx, source, kept)
	if err != nil {
		return nil, err
	}
	if report.Problem != "" {
		return report, fmt.Errorf("the ledger and the store do not fit together: %s; compare with a back-up from before", report.Problem)
	}
	return report, nil
}
