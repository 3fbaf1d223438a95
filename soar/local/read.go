package local

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"example.org/imap-integration/evidence"
	"example.org/imap-integration/message"
	"example.org/imap-integration/soar"
	"example.org/imap-integration/soar/packing"
)

const (
	defaultPage = 100 // records of a page, where the caller does not say
	markOfLast  = 100 // how many of the newest records Newest looks at
)

// isDiscarded is a term of SQL over emails m.
const isDiscarded = `EXISTS (SELECT 1 FROM discarded d WHERE d.mail_id = m.id)`

// records reads the records of the emails m in from, a FROM clause without the
// word. It and the joins here are CROSS JOINs, whose order SQLite keeps: it
// must not walk over all emails to find those of a short list.
func (s *Store) records(ctx context.Context, from, condition string, args ...any) ([]soar.Record, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT m.id, r.metadata, r.body_text, r.body_html, `+s.column("r.packed")+`, m.created_at, `+isDiscarded+
		` FROM `+from+` CROSS JOIN records r ON r.mail_id = m.id `+condition, args...)
	if err != nil {
		return nil, s.explain("read", err)
	}
	defer rows.Close()
	found := []soar.Record{}
	for rows.Next() {
		r, err := scanRecord(rows)
		if err != nil {
			return nil, s.explain("read", err)
		}
		found = append(found, r)
	}
	if err := rows.Err(); err != nil {
		return nil, s.explain("read", err)
	}
	return found, nil
}

func scanRecord(rows *sql.Rows) (soar.Record, error) {
	var r soar.Record
	var metadata, text, html sql.RawBytes
	var packed int
	if err := rows.Scan(&r.ID, &metadata, &text, &html, &packed, &r.CreatedAt, &r.Discarded); err != nil {
		return r, err
	}
	var err error
	if r.Metadata, err = packing.Metadata(metadata, text, html, packed); err != nil {
		return r, fmt.Errorf("email %s: %w", r.ID, err)
	}
	return r, nil
}

// one returns the only record of a list, or soar.ErrNotFound with its id.
func one(found []soar.Record, id soar.ID, err error) (soar.Record, error) {
	if err == nil && len(found) == 0 {
		err = noMail(id)
	}
	if err != nil {
		return soar.Record{}, err
	}
	return found[0], nil
}

func noMail(id soar.ID) error {
	return soar.NoRecord("email", id)
}

// rowOf is the key of an email in the tables. The store counts: another id is nothing's.
func rowOf(id soar.ID) (int64, error) {
	row, ok := id.Number()
	if !ok {
		return 0, noMail(id)
	}
	return row, nil
}

// Get returns the record of an email.
func (s *Store) Get(ctx context.Context, id soar.ID) (soar.Record, error) {
	row, err := rowOf(id)
	if err != nil {
		return soar.Record{}, err
	}
	found, err := s.records(ctx, "mails m", "WHERE m.id = ?", row)
	return one(found, id, err)
}

// ByKey returns the record with this source_key, if there is one.
func (s *Store) ByKey(ctx context.Context, key string) (soar.Record, bool, error) {
	found, err := s.records(ctx, "mails m", "WHERE m.source_key = ?", key)
	if err != nil || len(found) == 0 {
		return soar.Record{}, false, err
	}
	return found[0], true, nil
}

// Pending returns the emails of this account and folder that a run saved and
// none handed over, in the order of their ids.
func (s *Store) Pending(ctx context.Context, account, folder string) ([]soar.Record, error) {
	return s.records(ctx, `pending p CROSS JOIN mails m ON m.id = p.mail_id`,
		`WHERE m.mailbox_account = ? AND m.folder = ? ORDER BY p.mail_id`, account, folder)
}

// Search returns one page of the records that match, newest id first. A page
// has 100 records where PageSize is 0.
func (s *Store) Search(ctx context.Context, q soar.Query) (soar.Page, error) {
	where, args := s.conditions(q)
	page := soar.Page{Records: []soar.Record{}}
	var err error
	page.Total, err = s.count(ctx, `SELECT count(*) FROM mails m `+where, args...)
	w := windowOf(q.PageSize, q.PageNumber)
	if err != nil || w.offset >= page.Total {
		return page, err
	}
	page.Records, err = s.records(ctx, `mails m`, where+` ORDER BY m.id DESC LIMIT ? OFFSET ?`, append(args, w.limit, w.offset)...)
	return page, err
}

// window is a part of a list.
type window struct{ limit, offset int }

// all is the whole list: SQLite's LIMIT -1.
var all = window{limit: -1}

// windowOf turns a page's size and number into a window.
func windowOf(size, number int) window {
	if size <= 0 {
		size = defaultPage
	}
	const farthest = 1 << 31 // pages; beyond any store, and no product overflows
	return window{size, min(max(number-1, 0), farthest) * size}
}

// conditions builds the WHERE clause of a search; the values go as arguments.
func (s *Store) conditions(q soar.Query) (string, []any) {
	tests := []string{s.present()}
	var args []any
	add := func(condition string, value any) {
		tests, args = append(tests, condition), append(args, value)
	}
	for _, f := range []struct{ condition, value string }{
		{"m.mailbox_account = ?", q.MailboxAccount},
		{"m.folder = ?", q.Folder},
		{"m.source_key = ?", q.SourceKey},
		{"m.message_id = ?", q.MessageID},
		{"instr(m.from_folded, ?) > 0", strings.ToLower(q.From)},
		{"instr(m.subject_folded, ?) > 0", strings.ToLower(q.Subject)},
	} {
		if f.value != "" {
			add(f.condition, f.value)
		}
	}
	if !q.ReceivedAfter.IsZero() {
		add("m.received_at >= ?", q.ReceivedAfter.UnixMicro())
	}
	if !q.ReceivedBefore.IsZero() {
		add("m.received_at <= ?", q.ReceivedBefore.UnixMicro())
	}
	if q.Discarded != nil {
		add(isDiscarded+" = ?", *q.Discarded)
	}
	return "WHERE " + strings.Join(tests, " AND "), args
}

// Newest returns where the store stands with this account and folder.
func (s *Store) Newest(ctx context.Context, account, folder string, uidValidity uint32) (soar.Mark, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT uid_validity, uid, received_at FROM mails
		WHERE mailbox_account = ? AND folder = ? ORDER BY id DESC LIMIT ?`, account, folder, markOfLast)
	if err != nil {
		return soar.Mark{}, s.explain("read", err)
	}
	defer rows.Close()
	var mark soar.Mark
	for rows.Next() {
		var validity uint32
		var uid message.UID
		var received sql.NullInt64
		if err := rows.Scan(&validity, &uid, &received); err != nil {
			return soar.Mark{}, s.explain("read", err)
		}
		mark.Records++
		if mark.Records == 1 {
			mark.UIDValidity = validity
		}
		if received.Valid {
			mark.Received(time.UnixMicro(received.Int64).UTC())
		}
	}
	if err := rows.Err(); err != nil {
		return soar.Mark{}, s.explain("read", err)
	}
	return s.highest(ctx, mark, account, folder, uidValidity)
}

// highest fills in the highest UID: of the UIDVALIDITY asked about where the
// store has emails of it, else of that of its newest record.
func (s *Store) highest(ctx context.Context, mark soar.Mark, account, folder string, asked uint32) (soar.Mark, error) {
	if mark.Records == 0 {
		return mark, nil
	}
	for _, validity := range []uint32{asked, mark.UIDValidity} {
		var uid sql.NullInt64
		row := s.read.QueryRowContext(ctx, `SELECT max(uid) FROM mails WHERE mailbox_account = ? AND folder = ? AND uid_validity = ?`,
			account, folder, validity)
		if err := row.Scan(&uid); err != nil {
			return soar.Mark{}, s.explain("read", err)
		}
		if uid.Valid {
			mark.UIDValidity, mark.UID = validity, message.UID(uid.Int64)
			break
		}
	}
	return mark, nil
}

// EML returns the raw email. An email over limit bytes is an error (0: no limit),
// and one without content is soar.ErrNoContent.
func (s *Store) EML(ctx context.Context, id soar.ID, limit int64) ([]byte, error) {
	row, err := rowOf(id)
	if err != nil {
		return nil, err
	}
	size, err := s.contentSize(ctx, row)
	if err != nil {
		return nil, err
	}
	if limit > 0 && size > limit {
		return nil, fmt.Errorf("cannot read the email %s: it has %d bytes, more than the limit of %d; raise max_message_size", id, size, limit)
	}
	raw := make([]byte, 0, size)
	for n := 0; int64(len(raw)) < size; n++ {
		chunk, err := s.chunk(ctx, row, n)
		if err != nil {
			return nil, err
		}
		raw = append(raw, chunk...)
	}
	if int64(len(raw)) != size {
		return nil, s.explain("read", fmt.Errorf("%w: the email %s has %d bytes and should have %d", packing.ErrDamaged, id, len(raw), size))
	}
	return raw, nil
}

// contentSize returns the size of a raw email.
func (s *Store) contentSize(ctx context.Context, id int64) (int64, error) {
	var size sql.NullInt64
	err := s.read.QueryRowContext(ctx, `SELECT coalesce(`+s.column("content_size")+`, (SELECT sum(length(raw)) FROM contents WHERE slot >= ? AND slot < ?))
		FROM mails m WHERE id = ? AND `+s.present(), slot(id, 0), slot(id+1, 0), id).Scan(&size)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return 0, noMail(soar.NumberID(id))
	case err != nil:
		return 0, s.explain("read", err)
	case !size.Valid:
		return 0, fmt.Errorf("cannot read the raw email %d: %w", id, soar.ErrNoContent)
	}
	return size.Int64, nil
}

// chunk returns one piece of a raw email. Each is a query of its own, so that a
// slow reader of the whole keeps no other process's log from being emptied.
func (s *Store) chunk(ctx context.Context, id int64, n int) (raw []byte, err error) {
	var packed bool
	err = s.read.QueryRowContext(ctx, `SELECT raw, `+s.column("packed")+` FROM contents WHERE slot = ?`, slot(id, n)).Scan(&raw, &packed)
	if errors.Is(err, sql.ErrNoRows) {
		err = fmt.Errorf("%w: a piece of the email %d is missing", packing.ErrDamaged, id)
	}
	if err == nil {
		raw, err = packing.Unpack(raw, packed, packing.ChunkSize)
	}
	if err != nil {
		return nil, s.explain("read", err)
	}
	return raw, nil
}

// PrunedKeys are the source_keys of the emails of an account that the retention removed.
func (s *Store) PrunedKeys(ctx context.Context, account string) (keys []string, err error) {
	if s.version < 2 {
		return nil, nil
	}
	err = (source{s}).each(ctx, `SELECT source_key FROM mails WHERE mailbox_account = ? AND content_size = ?`, []any{account, prunedSize}, func(rows *sql.Rows) error {
		var key string
		err := rows.Scan(&key)
		keys = append(keys, key)
		return err
	})
	return keys, err
}

// Ledger is what became of each email; see [evidence.Check] and [evidence.Extract].
func (s *Store) Ledger() evidence.Source { return source{s} }
