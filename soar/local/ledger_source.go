package local

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"

	"example.org/imap-integration/evidence"
	"example.org/imap-integration/soar"
	"example.org/imap-integration/soar/packing"
)

// source is the store's ledger for those who check it or show parts of it.
type source struct{ *Store }

// Snapshot is the store under one transaction that reads.
func (s source) Snapshot(ctx context.Context) (evidence.Source, func(), error) {
	tx, err := s.readers.BeginTx(ctx, nil)
	if err != nil {
		return nil, nil, s.explain("read", err)
	}
	still := &database{file: s.file, missing: s.missing, version: s.version, read: tx}
	return source{&Store{database: still}}, func() { _ = tx.Rollback() }, nil // nothing was changed
}

// Head is where the ledger ends.
func (s source) Head(ctx context.Context) (evidence.Head, error) {
	head := evidence.Start
	if !hasLedger(s.database) {
		return head, nil
	}
	err := s.read.QueryRowContext(ctx, `SELECT number, link FROM ledger ORDER BY number DESC LIMIT 1`).Scan(&head.Count, &head.Link)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return head, s.explain("read", err)
	}
	return head, nil
}

// ledgerPage is how many entries are read at once.
const ledgerPage = 500

// Lines reads the entries behind a number, a page of them.
func (s source) Lines(ctx context.Context, after int64) (lines []evidence.Line, err error) {
	err = s.each(ctx, `SELECT number, coalesce(mail_id, ''), line, link FROM ledger WHERE number > ? ORDER BY number LIMIT ?`, []any{after, ledgerPage},
		func(rows *sql.Rows) error {
			var l evidence.Line
			err := rows.Scan(&l.Number, &l.Email, &l.Text, &l.Link)
			lines = append(lines, l)
			return err
		})
	return lines, err
}

// First is an email's first entry.
func (s source) First(ctx context.Context, email string) (l evidence.Line, err error) {
	err = s.each(ctx, `SELECT number, line FROM ledger WHERE mail_id = ? ORDER BY number LIMIT 1`, []any{email}, func(rows *sql.Rows) error {
		return rows.Scan(&l.Number, &l.Text)
	})
	return l, err
}

// Pruned looks for an entry that says why an email is gone.
func (s source) Pruned(ctx context.Context, email string, after int64) (bool, error) {
	n, err := s.count(ctx, `SELECT count(*) FROM ledger WHERE mail_id = ? AND number > ? AND line LIKE '%"event":"`+evidence.Pruned+`"%'`, email, after)
	return n > 0, err
}

// Held reads an email with all that stands beside it.
func (s source) Held(ctx context.Context, email string) (*evidence.Held, error) {
	var row packing.Row
	var c packing.Columns
	var received sql.NullInt64
	var created string
	err := s.read.QueryRowContext(ctx, `SELECT source_key, mailbox_account, folder, uid_validity, uid, message_id, from_folded, subject_folded, received_at, created_at,
			metadata, body_text, body_html, packed FROM mails JOIN records ON mail_id = id WHERE id = ?`, email).
		Scan(&c.SourceKey, &c.Account, &c.Folder, &c.UIDValidity, &c.UID, &c.MessageID, &c.From, &c.Subject, &received, &created,
			&row.Metadata, &row.Text, &row.HTML, &row.Packed)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, s.explain("read", err)
	}
	c.Received, c.HasReceived = received.Int64, received.Valid
	held := &evidence.Held{Account: c.Account, Folder: c.Folder, UIDValidity: c.UIDValidity, UID: c.UID, Record: row.Digest(), Created: created}
	m, err := packing.Metadata([]byte(row.Metadata), row.Text, row.HTML, row.Packed)
	switch {
	case err != nil:
		held.Fault = err.Error()
	case packing.ColumnsOf(&m) != c:
		held.Fault = "the columns for searches contradict the record"
	}
	raw, err := s.EML(ctx, soar.ID(email), 0)
	switch {
	case errors.Is(err, packing.ErrDamaged):
		held.Fault = err.Error()
	case err != nil && !errors.Is(err, soar.ErrNoContent):
		return nil, err
	}
	held.Raw = raw
	return held, nil
}

// States yields discarded and linked emails and added files, these with the digest of
// the content that is there.
func (s source) States(ctx context.Context, yield func(evidence.State) error) error {
	err := s.each(ctx, `SELECT ?, mail_id, '' FROM discarded UNION ALL SELECT ?, mail_id, 'incident ' || incident_id FROM incident_mails
		UNION ALL SELECT ?, mail_id, 'triage event ' || triage_id FROM triage_mails`, []any{evidence.Discarded, evidence.Linked, evidence.Linked},
		func(rows *sql.Rows) error {
			var state evidence.State
			if err := rows.Scan(&state.Event, &state.Email, &state.Place); err != nil {
				return err
			}
			return yield(state)
		})
	if err != nil {
		return err
	}
	var files []evidence.State
	var ids []int64
	err = s.each(ctx, `SELECT id, mail_id, 'incident ' || incident_id, part, sha256, size, filename, content_type FROM incident_files`, nil, func(rows *sql.Rows) error {
		var id int64
		state := evidence.State{Event: evidence.FileAdded}
		var filename, contentType string
		err := rows.Scan(&id, &state.Email, &state.Place, &state.Part, &state.SHA256, &state.Size, &filename, &contentType)
		state.Record = evidence.FileRecord(filename, contentType)
		files, ids = append(files, state), append(ids, id)
		return err
	})
	for i := range files {
		if err == nil {
			err = s.digestFile(ctx, ids[i], &files[i])
		}
		if err == nil {
			err = yield(files[i])
		}
	}
	return err
}

// digestFile holds what stands beside a file against its content.
func (s source) digestFile(ctx context.Context, id int64, state *evidence.State) error {
	sum, size := sha256.New(), int64(0)
	err := s.each(ctx, `SELECT raw FROM file_contents WHERE slot >= ? AND slot < ? ORDER BY slot`, []any{slot(id, 0), slot(id+1, 0)}, func(rows *sql.Rows) error {
		var raw sql.RawBytes
		err := rows.Scan(&raw)
		size += int64(len(raw))
		sum.Write(raw)
		return err
	})
	state.Contains(sum.Sum(nil), size)
	return err
}

// Stranger is the first email newer than before whose saving no entry tells of.
func (s source) Stranger(ctx context.Context, before string) (string, error) {
	id, err := s.count(ctx, `SELECT coalesce(min(id), 0) FROM mails WHERE id > CAST(? AS INTEGER)
		AND NOT EXISTS (SELECT 1 FROM ledger WHERE mail_id = id AND line LIKE '%"event":"`+evidence.Saved+`"%')`, before)
	if err != nil || id == 0 {
		return "", err
	}
	return fmt.Sprint(id), nil
}

// Sound has SQLite hold its tables and indexes against each other.
func (s source) Sound(ctx context.Context) (found string, err error) {
	err = s.each(ctx, `PRAGMA integrity_check(1)`, nil, func(rows *sql.Rows) error { return rows.Scan(&found) })
	if found == "ok" {
		found = ""
	}
	return found, err
}

// Until counts the emails that are not newer than before.
func (s source) Until(ctx context.Context, before string) (int, error) {
	if before == "" {
		return s.emails(ctx)
	}
	return s.count(ctx, `SELECT count(*) FROM mails m WHERE id <= CAST(? AS INTEGER) AND `+s.present(), before)
}

// each runs a query and calls f for each row. An error of f comes back as it is.
func (s source) each(ctx context.Context, query string, args []any, f func(*sql.Rows) error) error {
	rows, err := s.read.QueryContext(ctx, query, args...)
	if err != nil {
		return s.explain("read", err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(rows); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return s.explain("read", err)
	}
	return nil
}
