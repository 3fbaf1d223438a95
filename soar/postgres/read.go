package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

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
const isDiscarded = `EXISTS (SELECT 1 FROM discarded d WHERE d.email_id = m.id)`

// each runs a query and calls f for each row, whose columns stand in to.
func (s *Store) each(ctx context.Context, sql string, args, to []any, f func() error) error {
	if s.tables == 0 {
		return nil
	}
	ctx, cancel := s.Bounded(ctx)
	defer cancel()
	rows, err := s.pool.Query(ctx, sql, args...)
	if err == nil {
		_, err = pgx.ForEachRow(rows, to, f)
	}
	return s.Explain("read", err)
}

// records reads the records of the emails m in from, a FROM clause with its conditions.
func (s *Store) records(ctx context.Context, from string, args ...any) ([]soar.Record, error) {
	found := []soar.Record{}
	var r soar.Record
	var id int64
	var metadata string
	var text, html []byte
	var packed int
	var created time.Time
	err := s.each(ctx, `SELECT m.id, m.metadata, m.body_text, m.body_html, m.packed, m.created_at, `+isDiscarded+` FROM `+from, args,
		[]any{&id, &metadata, &text, &html, &packed, &created, &r.Discarded}, func() (err error) {
			r.ID, r.CreatedAt = soar.NumberID(id), created.UTC().Format(time.RFC3339)
			if r.Metadata, err = packing.Metadata([]byte(metadata), text, html, packed); err != nil {
				return fmt.Errorf("email %d: %w", id, err)
			}
			found = append(found, r)
			return nil
		})
	if err != nil {
		return nil, err
	}
	return found, nil
}

func noMail(id soar.ID) error {
	return soar.NoRecord("email", id)
}

// Get returns the record of an email.
func (s *Store) Get(ctx context.Context, id soar.ID) (soar.Record, error) {
	n, _ := id.Number()
	found, err := s.records(ctx, `emails m WHERE m.id = $1`, n)
	if err == nil && len(found) == 0 {
		err = noMail(id)
	}
	if err != nil {
		return soar.Record{}, err
	}
	return found[0], nil
}

// ByKey returns the record with this source_key, if there is one.
func (s *Store) ByKey(ctx context.Context, key string) (soar.Record, bool, error) {
	found, err := s.records(ctx, `emails m WHERE m.source_key = $1`, Held(key))
	if err != nil || len(found) == 0 {
		return soar.Record{}, false, err
	}
	return found[0], true, nil
}

// Pending returns the emails of this account and folder that a run saved and
// none handed over, in the order of their ids.
func (s *Store) Pending(ctx context.Context, account, folder string) ([]soar.Record, error) {
	return s.records(ctx, `pending p JOIN emails m ON m.id = p.email_id WHERE m.mailbox_account = $1 AND m.folder = $2 ORDER BY p.email_id`,
		Held(account), Held(folder))
}

// Search returns one page of the records that match, newest id first. A page
// has 100 records where PageSize is 0.
func (s *Store) Search(ctx context.Context, q soar.Query) (soar.Page, error) {
	where, args := conditions(q)
	page := soar.Page{Records: []soar.Record{}}
	var err error
	page.Total, err = s.count(ctx, `SELECT count(*) FROM emails m `+where, args...)
	limit, offset := window(q.PageSize, q.PageNumber)
	if err != nil || offset >= page.Total {
		return page, err
	}
	order := fmt.Sprintf(` ORDER BY m.id DESC LIMIT $%d OFFSET $%d`, len(args)+1, len(args)+2)
	page.Records, err = s.records(ctx, `emails m `+where+order, append(args, limit, offset)...)
	return page, err
}

// window turns a page's size and number into a part of a list.
func window(size, number int) (limit, offset int) {
	if size <= 0 {
		size = defaultPage
	}
	const farthest = 1 << 31 // pages; beyond any store, and no product overflows
	return size, min(max(number-1, 0), farthest) * size
}

// conditions builds the WHERE clause of a search; the values go as arguments.
func conditions(q soar.Query) (string, []any) {
	var tests []string
	var args []any
	add := func(condition string, value any) {
		args = append(args, value)
		tests = append(tests, strings.ReplaceAll(condition, "?", "$"+strconv.Itoa(len(args))))
	}
	for _, f := range []struct{ condition, value string }{
		{"m.mailbox_account = ?", q.MailboxAccount},
		{"m.folder = ?", q.Folder},
		{"m.source_key = ?", q.SourceKey},
		{"m.message_id = ?", q.MessageID},
		{"strpos(m.from_folded, ?) > 0", strings.ToLower(q.From)},
		{"strpos(m.subject_folded, ?) > 0", strings.ToLower(q.Subject)},
	} {
		if f.value != "" {
			add(f.condition, Held(f.value))
		}
	}
	if !q.ReceivedAfter.IsZero() {
		add("m.received_at >= ?", q.ReceivedAfter)
	}
	if !q.ReceivedBefore.IsZero() {
		add("m.received_at <= ?", q.ReceivedBefore)
	}
	if q.Discarded != nil {
		add(isDiscarded+" = ?", *q.Discarded)
	}
	if len(tests) == 0 {
		return "", nil
	}
	return "WHERE " + strings.Join(tests, " AND "), args
}

// count answers a SELECT count(*), or another one of a single number.
func (s *Store) count(ctx context.Context, sql string, args ...any) (n int, err error) {
	err = s.each(ctx, sql, args, []any{&n}, func() error { return nil })
	return n, err
}

// Newest returns where the store stands with this account and folder.
func (s *Store) Newest(ctx context.Context, account, folder string, uidValidity uint32) (soar.Mark, error) {
	var mark soar.Mark
	var validity int64
	var received *time.Time
	err := s.each(ctx, `SELECT uid_validity, received_at FROM emails WHERE mailbox_account = $1 AND folder = $2 ORDER BY id DESC LIMIT $3`,
		[]any{Held(account), Held(folder), markOfLast}, []any{&validity, &received}, func() error {
			mark.Records++
			if mark.Records == 1 {
				mark.UIDValidity = uint32(validity)
			}
			if received != nil {
				mark.Received(received.UTC())
			}
			return nil
		})
	if err != nil || mark.Records == 0 {
		return mark, err
	}
	// The highest UID is that of the UIDVALIDITY asked about where the store has emails of it, else of its newest record's.
	for _, v := range []uint32{uidValidity, mark.UIDValidity} {
		uid, err := s.count(ctx, `SELECT coalesce(max(uid), -1) FROM emails WHERE mailbox_account = $1 AND folder = $2 AND uid_validity = $3`,
			Held(account), Held(folder), int64(v))
		if err != nil {
			return soar.Mark{}, err
		}
		if uid >= 0 {
			mark.UIDValidity, mark.UID = v, message.UID(uid)
			break
		}
	}
	return mark, nil
}

// EML returns the raw email. An email over limit bytes is an error (0: no limit),
// and one without content is soar.ErrNoContent.
func (s *Store) EML(ctx context.Context, id soar.ID, limit int64) ([]byte, error) {
	n, _ := id.Number()
	var size *int64
	found := false
	err := s.each(ctx, `SELECT content_size FROM emails WHERE id = $1`, []any{n}, []any{&size}, func() error { found = true; return nil })
	switch {
	case err != nil:
		return nil, err
	case !found:
		return nil, noMail(id)
	case size == nil:
		return nil, fmt.Errorf("cannot read the raw email %s: %w", id, soar.ErrNoContent)
	case limit > 0 && *size > limit:
		return nil, fmt.Errorf("cannot read the email %s: it has %d bytes, more than the limit of %d; raise max_message_size", id, *size, limit)
	}
	raw := make([]byte, 0, *size)
	for piece := 0; int64(len(raw)) < *size; piece++ {
		chunk, err := s.piece(ctx, n, piece)
		if err != nil {
			return nil, s.damaged(err, id)
		}
		raw = append(raw, chunk...)
	}
	if int64(len(raw)) != *size {
		return nil, s.damaged(fmt.Errorf("%w: it has %d bytes and should have %d", packing.ErrDamaged, len(raw), *size), id)
	}
	return raw, nil
}

func (s *Store) damaged(err error, id soar.ID) error {
	if !errors.Is(err, packing.ErrDamaged) {
		return err
	}
	return fmt.Errorf("cannot read the email %s in %s: %w", id, s.name, err)
}

// piece returns one piece of a raw email. Each is a query of its own, so that no
// more than one is in memory twice.
func (s *Store) piece(ctx context.Context, id int64, n int) (raw []byte, err error) {
	var stored []byte
	var packed bool
	found := false
	err = s.each(ctx, `SELECT raw, packed FROM contents WHERE email_id = $1 AND piece = $2`, []any{id, n}, []any{&stored, &packed}, func() error {
		found = true
		raw, err = packing.Unpack(stored, packed, packing.ChunkSize)
		return err
	})
	if err == nil && !found {
		err = fmt.Errorf("%w: a piece of it is missing", packing.ErrDamaged)
	}
	return raw, err
}

// Check tells what test-settings shows of the store, and whether it could be written to.
func (s *Store) Check(ctx context.Context) (string, error) {
	if s.tables == 0 {
		return s.name + " has no tables yet; the first run of the daemon will make them", nil
	}
	writable := false
	err := s.each(ctx, `SELECT NOT pg_is_in_recovery() AND has_table_privilege('emails', 'INSERT')`, nil, []any{&writable}, func() error { return nil })
	if err == nil && !writable {
		err = fmt.Errorf("cannot write to %s: it is a standby, or the user %s may not; name the primary, or make the user the owner of the schema %s", s.name, s.user, Schema)
	}
	if err != nil {
		return "", err
	}
	emails, err := s.count(ctx, `SELECT count(*) FROM emails`)
	if emails == 1 {
		return s.name + " holds 1 email", err
	}
	return fmt.Sprintf("%s holds %d emails", s.name, emails), err
}

// Ledger is what became of each email; see [evidence.Check] and [evidence.Extract].
func (s *Store) Ledger() evidence.Source { return source{s} }
