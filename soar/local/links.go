package local

import (
	"context"
	"database/sql"
	"errors"

	"example.org/imap-integration/evidence"
	"example.org/imap-integration/soar"
	"example.org/imap-integration/soar/packing"
)

// Discard marks an email as discarded and returns its record; repeating it is harmless.
func (s *Store) Discard(ctx context.Context, id soar.ID) (soar.Record, error) {
	err := s.changeMail(ctx, id, func(tx *sql.Tx, l *ledger, row int64) error {
		done, err := changed(tx.ExecContext(ctx, `INSERT INTO discarded (mail_id) VALUES (?) ON CONFLICT DO NOTHING`, row))
		return l.note(ctx, id, done, err, evidence.Entry{Event: evidence.Discarded})
	})
	if err != nil {
		return soar.Record{}, err
	}
	return s.Get(ctx, id)
}

// changeMail runs f in a transaction, if there is an email with this id.
func (s *Store) changeMail(ctx context.Context, id soar.ID, f func(tx *sql.Tx, l *ledger, row int64) error) error {
	row, err := rowOf(id)
	if err != nil {
		return err
	}
	exists := false
	err = s.recorded(ctx, "change", func(tx *sql.Tx, l *ledger) error {
		if err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM mails m WHERE id = ? AND `+s.present()+`)`, row).Scan(&exists); err != nil || !exists {
			return err
		}
		return f(tx, l, row)
	})
	if err == nil && !exists {
		err = noMail(id)
	}
	return err
}

// AddToIncident adds an email to an incident; added is false when it was there.
// The store keeps no incidents of its own: any positive number is one.
func (s *Store) AddToIncident(ctx context.Context, incident int64, id soar.ID) (added bool, err error) {
	return s.link(ctx, "incident", incident, id, `INSERT INTO incident_mails (incident_id, mail_id) VALUES (?, ?) ON CONFLICT DO NOTHING`)
}

// AddToTriage adds an email to a triage event, likewise.
func (s *Store) AddToTriage(ctx context.Context, triage int64, id soar.ID) (added bool, err error) {
	return s.link(ctx, "triage event", triage, id, `INSERT INTO triage_mails (triage_id, mail_id) VALUES (?, ?) ON CONFLICT DO NOTHING`)
}

func (s *Store) link(ctx context.Context, kind string, to int64, id soar.ID, insert string) (added bool, err error) {
	if err := positive(kind, to); err != nil {
		return false, err
	}
	err = s.changeMail(ctx, id, func(tx *sql.Tx, l *ledger, row int64) error {
		added, err = changed(tx.ExecContext(ctx, insert, to, row))
		return l.note(ctx, id, added, err, evidence.Entry{Event: evidence.Linked, Place: evidence.Place(kind, to)})
	})
	return added && err == nil, err
}

// positive refuses numbers that are no incident and no triage event.
func positive(kind string, number int64) error {
	if number <= 0 {
		return soar.NoRecord(kind, soar.NumberID(number))
	}
	return nil
}

// changed reports whether a statement changed a row.
func changed(result sql.Result, err error) (bool, error) {
	if err != nil {
		return false, err
	}
	n, err := result.RowsAffected()
	return n > 0, err
}

// RemoveFromIncident takes an email out of an incident; removed is false when it was not there.
func (s *Store) RemoveFromIncident(ctx context.Context, incident int64, id soar.ID) (removed bool, err error) {
	if err := positive("incident", incident); err != nil {
		return false, err
	}
	row, err := rowOf(id)
	if err != nil {
		return false, nil // what is no id of this store is in no incident
	}
	err = s.recorded(ctx, "change", func(tx *sql.Tx, l *ledger) error {
		removed, err = changed(tx.ExecContext(ctx, `DELETE FROM incident_mails WHERE incident_id = ? AND mail_id = ?`, incident, row))
		return l.note(ctx, id, removed, err, evidence.Entry{Event: evidence.Unlinked, Place: evidence.Place("incident", incident)})
	})
	return removed && err == nil, err
}

// IncidentEmails returns the emails of an incident, newest id first.
func (s *Store) IncidentEmails(ctx context.Context, incident int64) ([]soar.Record, error) {
	return s.incidentEmails(ctx, incident, all)
}

func (s *Store) incidentEmails(ctx context.Context, incident int64, w window) ([]soar.Record, error) {
	if err := positive("incident", incident); err != nil {
		return nil, err
	}
	return s.records(ctx, `incident_mails i CROSS JOIN mails m ON m.id = i.mail_id`,
		`WHERE i.incident_id = ? ORDER BY i.mail_id DESC LIMIT ? OFFSET ?`, incident, w.limit, w.offset)
}

// AddFile stores an attachment with an incident. The same content of the same
// part of the same email is there only once; then existed is true.
func (s *Store) AddFile(ctx context.Context, incident int64, f soar.File, content []byte) (id soar.ID, existed bool, err error) {
	return s.addFile(ctx, incident, f, int64(len(content)), packing.ChunksOf(content))
}

func (s *Store) addFile(ctx context.Context, incident int64, f soar.File, size int64, content packing.Chunks) (id soar.ID, existed bool, err error) {
	if err := positive("incident", incident); err != nil {
		return "", false, err
	}
	err = s.changeMail(ctx, f.EmailID, func(tx *sql.Tx, l *ledger, row int64) error {
		file, was, err := insertFile(ctx, tx, incident, row, f, size, content)
		id, existed = soar.NumberID(file), was
		return l.note(ctx, f.EmailID, !was, err, evidence.Entry{
			Event: evidence.FileAdded, Place: evidence.Place("incident", incident), SHA256: f.SHA256, Size: size, Detail: f.Part,
			Record: evidence.FileRecord(f.Filename, f.ContentType),
		})
	})
	if err != nil {
		return "", false, err
	}
	return id, existed, nil
}

func insertFile(ctx context.Context, tx *sql.Tx, incident, mail int64, f soar.File, size int64, content packing.Chunks) (id int64, existed bool, err error) {
	row := tx.QueryRowContext(ctx, `SELECT id FROM incident_files WHERE incident_id = ? AND mail_id = ? AND part = ? AND sha256 = ?`,
		incident, mail, f.Part, f.SHA256)
	if err := row.Scan(&id); !errors.Is(err, sql.ErrNoRows) {
		return id, true, err
	}
	result, err := tx.ExecContext(ctx, `INSERT INTO incident_files (incident_id, mail_id, part, sha256, filename, content_type, size)
		VALUES (?, ?, ?, ?, ?, ?, ?)`, incident, mail, f.Part, f.SHA256, f.Filename, f.ContentType, size)
	if err != nil {
		return 0, false, err
	}
	if id, err = result.LastInsertId(); err != nil {
		return 0, false, err
	}
	insert, err := tx.PrepareContext(ctx, `INSERT INTO file_contents (slot, file_id, raw) VALUES (?, ?, ?)`)
	if err != nil {
		return 0, false, err
	}
	defer insert.Close()
	return id, false, content.Each(func(n int, chunk []byte) error {
		_, err := insert.ExecContext(ctx, slot(id, n), id, chunk)
		return err
	})
}

// IncidentFiles lists the attachments of an incident, newest id first.
func (s *Store) IncidentFiles(ctx context.Context, incident int64) ([]soar.IncidentFile, error) {
	return s.files(ctx, incident, all)
}

func (s *Store) files(ctx context.Context, incident int64, w window) ([]soar.IncidentFile, error) {
	if err := positive("incident", incident); err != nil {
		return nil, err
	}
	rows, err := s.read.QueryContext(ctx, `SELECT id, filename, content_type, sha256, mail_id, part, size
		FROM incident_files WHERE incident_id = ? ORDER BY id DESC LIMIT ? OFFSET ?`, incident, w.limit, w.offset)
	if err != nil {
		return nil, s.explain("read", err)
	}
	defer rows.Close()
	files := []soar.IncidentFile{}
	for rows.Next() {
		var f soar.IncidentFile
		if err := rows.Scan(&f.ID, &f.Filename, &f.ContentType, &f.SHA256, &f.EmailID, &f.Part, &f.Size); err != nil {
			return nil, s.explain("read", err)
		}
		files = append(files, f)
	}
	if err := rows.Err(); err != nil {
		return nil, s.explain("read", err)
	}
	return files, nil
}

// TriageEmails returns the emails of a triage event, newest id first.
func (s *Store) TriageEmails(ctx context.Context, triage int64) ([]soar.Record, error) {
	if err := positive("triage event", triage); err != nil {
		return nil, err
	}
	return s.records(ctx, `triage_mails i CROSS JOIN mails m ON m.id = i.mail_id`, `WHERE i.triage_id = ? ORDER BY i.mail_id DESC`, triage)
}
