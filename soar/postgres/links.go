package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"example.org/imap-integration/evidence"
	"example.org/imap-integration/soar"
	"example.org/imap-integration/soar/packing"
)

// Discard marks an email as discarded and returns its record; repeating it is harmless.
func (s *Store) Discard(ctx context.Context, id soar.ID) (soar.Record, error) {
	_, err := s.changeEmail(ctx, id, evidence.Entry{Event: evidence.Discarded}, `INSERT INTO discarded (email_id) VALUES ($1) ON CONFLICT DO NOTHING`)
	if err != nil {
		return soar.Record{}, err
	}
	return s.Get(ctx, id)
}

// changeEmail runs a statement whose first argument is the id of an email, if
// there is one, and reports whether it changed a row: then the ledger gets the entry.
func (s *Store) changeEmail(ctx context.Context, id soar.ID, e evidence.Entry, sql string, args ...any) (changed bool, err error) {
	n, _ := id.Number()
	exists := false
	err = s.Change(ctx, "change", func(tx pgx.Tx) error {
		if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM emails WHERE id = $1)`, n).Scan(&exists); err != nil || !exists {
			return err
		}
		tag, err := tx.Exec(ctx, sql, append([]any{n}, args...)...)
		if changed = tag.RowsAffected() > 0; err != nil || !changed {
			return err
		}
		return noteAbout(ctx, tx, s.config, []int64{n}, e)
	})
	if err == nil && !exists {
		err = noMail(id)
	}
	return changed && err == nil, err
}

// linked is the entry of an email that was added to something.
func linked(kind string, number int64) evidence.Entry {
	return evidence.Entry{Event: evidence.Linked, Place: evidence.Place(kind, number)}
}

// positive refuses numbers that are no incident and no triage event.
func positive(kind string, number int64) error {
	if number <= 0 {
		return soar.NoRecord(kind, soar.NumberID(number))
	}
	return nil
}

// AddToIncident adds an email to an incident; added is false when it was there.
// The store keeps no incidents of its own: any positive number is one.
func (s *Store) AddToIncident(ctx context.Context, incident int64, id soar.ID) (added bool, err error) {
	if err := positive("incident", incident); err != nil {
		return false, err
	}
	return s.changeEmail(ctx, id, linked("incident", incident), `INSERT INTO incident_emails (email_id, incident_id) VALUES ($1, $2) ON CONFLICT DO NOTHING`, incident)
}

// AddToTriage adds an email to a triage event, likewise.
func (s *Store) AddToTriage(ctx context.Context, triage int64, id soar.ID) (added bool, err error) {
	if err := positive("triage event", triage); err != nil {
		return false, err
	}
	return s.changeEmail(ctx, id, linked("triage event", triage), `INSERT INTO triage_emails (email_id, triage_id) VALUES ($1, $2) ON CONFLICT DO NOTHING`, triage)
}

// RemoveFromIncident takes an email out of an incident; removed is false when it was not there.
func (s *Store) RemoveFromIncident(ctx context.Context, incident int64, id soar.ID) (removed bool, err error) {
	if err := positive("incident", incident); err != nil {
		return false, err
	}
	n, _ := id.Number()
	err = s.Change(ctx, "change", func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `DELETE FROM incident_emails WHERE incident_id = $1 AND email_id = $2`, incident, n)
		if removed = tag.RowsAffected() > 0; err != nil || !removed {
			return err
		}
		return noteAbout(ctx, tx, s.config, []int64{n}, evidence.Entry{Event: evidence.Unlinked, Place: evidence.Place("incident", incident)})
	})
	return removed && err == nil, err
}

// IncidentEmails returns the emails of an incident, newest id first.
func (s *Store) IncidentEmails(ctx context.Context, incident int64) ([]soar.Record, error) {
	if err := positive("incident", incident); err != nil {
		return nil, err
	}
	return s.records(ctx, `incident_emails i JOIN emails m ON m.id = i.email_id WHERE i.incident_id = $1 ORDER BY i.email_id DESC`, incident)
}

// AddFile stores an attachment with an incident. The same content of the same
// part of the same email is there only once; then existed is true.
func (s *Store) AddFile(ctx context.Context, incident int64, f soar.File, content []byte) (id soar.ID, existed bool, err error) {
	if err := positive("incident", incident); err != nil {
		return "", false, err
	}
	if _, err := s.Get(ctx, f.EmailID); err != nil {
		return "", false, err
	}
	var number int64
	err = s.Change(ctx, "change", func(tx pgx.Tx) error {
		if number, existed, err = insertFile(ctx, tx, incident, f, content); err != nil || existed {
			return err
		}
		email, _ := f.EmailID.Number()
		return noteAbout(ctx, tx, s.config, []int64{email}, evidence.Entry{
			Event: evidence.FileAdded, Place: evidence.Place("incident", incident), SHA256: f.SHA256, Size: int64(len(content)), Detail: f.Part,
			Record: evidence.FileRecord(Held(f.Filename), Held(f.ContentType)),
		})
	})
	if err != nil {
		return "", false, err
	}
	return soar.NumberID(number), existed, nil
}

// insertFile stores a file, or finds it. The update that changes nothing locks
// the row that is there, and so returns its id.
func insertFile(ctx context.Context, tx pgx.Tx, incident int64, f soar.File, content []byte) (id int64, existed bool, err error) {
	email, _ := f.EmailID.Number()
	err = tx.QueryRow(ctx, `INSERT INTO incident_files AS f (incident_id, email_id, part, sha256, filename, content_type, size)
		VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (incident_id, email_id, part, sha256) DO UPDATE SET part = f.part RETURNING id, xmax <> 0`,
		incident, email, Held(f.Part), Held(f.SHA256), Held(f.Filename), Held(f.ContentType), len(content)).Scan(&id, &existed)
	if err != nil || existed {
		return id, existed, err
	}
	batch := &pgx.Batch{}
	err = packing.ChunksOf(content).Each(func(n int, piece []byte) error {
		batch.Queue(`INSERT INTO file_contents (file_id, piece, raw) VALUES ($1, $2, $3)`, id, n, piece)
		return nil
	})
	if err != nil || batch.Len() == 0 {
		return id, false, err
	}
	return id, false, tx.SendBatch(ctx, batch).Close()
}

// IncidentFiles lists the attachments of an incident, newest id first.
func (s *Store) IncidentFiles(ctx context.Context, incident int64) ([]soar.IncidentFile, error) {
	if err := positive("incident", incident); err != nil {
		return nil, err
	}
	files := []soar.IncidentFile{}
	var f soar.IncidentFile
	var id, email int64
	err := s.each(ctx, `SELECT id, filename, content_type, sha256, email_id, part, size FROM incident_files WHERE incident_id = $1 ORDER BY id DESC`,
		[]any{incident}, []any{&id, &f.Filename, &f.ContentType, &f.SHA256, &email, &f.Part, &f.Size}, func() error {
			f.ID, f.EmailID = soar.NumberID(id), soar.NumberID(email)
			files = append(files, f)
			return nil
		})
	return files, err
}
