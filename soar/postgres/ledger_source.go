package postgres

import (
	"context"
	"crypto/sha256"
	"errors"
	"time"

	"example.org/imap-integration/evidence"
	"example.org/imap-integration/soar"
	"example.org/imap-integration/soar/packing"
)

// source is the store's ledger for those who check it or show parts of it.
type source struct{ *Store }

// Head is where the ledger ends.
func (s source) Head(ctx context.Context) (evidence.Head, error) {
	head := evidence.Start
	if s.tables < ledgerVersion {
		return head, nil
	}
	err := s.each(ctx, `SELECT number, link FROM ledger ORDER BY number DESC LIMIT 1`, nil, []any{&head.Count, &head.Link}, func() error { return nil })
	return head, err
}

// ledgerPage is how many entries are read at once.
const ledgerPage = 1000

// Lines reads the entries behind a number, a page of them.
func (s source) Lines(ctx context.Context, after int64) (lines []evidence.Line, err error) {
	var l evidence.Line
	err = s.each(ctx, `SELECT number, coalesce(email_id::text, ''), line, link FROM ledger WHERE number > $1 ORDER BY number LIMIT $2`,
		[]any{after, ledgerPage}, []any{&l.Number, &l.Email, &l.Text, &l.Link}, func() error {
			lines = append(lines, l)
			return nil
		})
	return lines, err
}

// First is an email's first entry.
func (s source) First(ctx context.Context, email string) (l evidence.Line, err error) {
	err = s.each(ctx, `SELECT number, line FROM ledger WHERE email_id = $1 ORDER BY number LIMIT 1`,
		[]any{numberOf(email)}, []any{&l.Number, &l.Text}, func() error { return nil })
	return l, err
}

func numberOf(email string) int64 {
	n, _ := soar.ID(email).Number()
	return n
}

// Pruned looks for an entry that says why an email is gone.
func (s source) Pruned(ctx context.Context, email string, after int64) (bool, error) {
	n, err := s.count(ctx, `SELECT count(*) FROM ledger WHERE email_id = $1 AND number > $2 AND line LIKE '%"event":"`+evidence.Pruned+`"%'`, numberOf(email), after)
	return n > 0, err
}

// Held reads an email with all that stands beside it.
func (s source) Held(ctx context.Context, email string) (*evidence.Held, error) {
	var row packing.Row
	var c packing.Columns
	var validity, uid int64
	var received *time.Time
	var created time.Time
	found := false
	err := s.each(ctx, `SELECT source_key, mailbox_account, folder, uid_validity, uid, message_id, from_folded, subject_folded, received_at, created_at,
			metadata, body_text, body_html, packed FROM emails WHERE id = $1`, []any{numberOf(email)},
		[]any{
			&c.SourceKey, &c.Account, &c.Folder, &validity, &uid, &c.MessageID, &c.From, &c.Subject, &received, &created,
			&row.Metadata, &row.Text, &row.HTML, &row.Packed,
		}, func() error { found = true; return nil })
	if err != nil || !found {
		return nil, err
	}
	if c.UIDValidity, c.UID = uint32(validity), uint32(uid); received != nil {
		c.Received, c.HasReceived = received.UnixMicro(), true
	}
	held := &evidence.Held{Account: c.Account, Folder: c.Folder, UIDValidity: c.UIDValidity, UID: c.UID, Record: row.Digest(), Created: created.UTC().Format(time.RFC3339)}
	m, err := packing.Metadata([]byte(row.Metadata), row.Text, row.HTML, row.Packed)
	switch {
	case err != nil:
		held.Fault = err.Error()
	case heldColumns(packing.ColumnsOf(&m)) != c:
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
	var state evidence.State
	err := s.each(ctx, `SELECT $1::text, email_id::text, '' FROM discarded UNION ALL SELECT $2::text, email_id::text, 'incident ' || incident_id FROM incident_emails
		UNION ALL SELECT $2::text, email_id::text, 'triage event ' || triage_id FROM triage_emails`, []any{evidence.Discarded, evidence.Linked},
		[]any{&state.Event, &state.Email, &state.Place}, func() error { return yield(state) })
	if err != nil {
		return err
	}
	var files []evidence.State
	var ids []int64
	var id int64
	var filename, contentType string
	file := evidence.State{Event: evidence.FileAdded}
	err = s.each(ctx, `SELECT id, email_id::text, 'incident ' || incident_id, part, sha256, size, filename, content_type FROM incident_files`, nil,
		[]any{&id, &file.Email, &file.Place, &file.Part, &file.SHA256, &file.Size, &filename, &contentType}, func() error {
			file.Record = evidence.FileRecord(filename, contentType)
			files, ids = append(files, file), append(ids, id)
			return nil
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
	var raw []byte
	err := s.each(ctx, `SELECT raw FROM file_contents WHERE file_id = $1 ORDER BY piece`, []any{id}, []any{&raw}, func() error {
		size += int64(len(raw))
		sum.Write(raw)
		return nil
	})
	state.Contains(sum.Sum(nil), size)
	return err
}

// Stranger is the first email newer than before whose saving no entry tells of.
func (s source) Stranger(ctx context.Context, before string) (string, error) {
	id, err := s.count(ctx, `SELECT coalesce(min(id), 0) FROM emails m WHERE id > $1
		AND NOT EXISTS (SELECT 1 FROM ledger l WHERE l.email_id = m.id AND l.line LIKE '%"event":"`+evidence.Saved+`"%')`, numberOf(before))
	if err != nil || id == 0 {
		return "", err
	}
	return decimal(int64(id)), nil
}

// Sound is for PostgreSQL's own checks (data checksums, pg_amcheck).
func (s source) Sound(context.Context) (string, error) { return "", nil }

// Until counts the emails that are not newer than before.
func (s source) Until(ctx context.Context, before string) (int, error) {
	if before == "" {
		return s.count(ctx, `SELECT count(*) FROM emails`)
	}
	return s.count(ctx, `SELECT count(*) FROM emails WHERE id <= $1`, numberOf(before))
}
