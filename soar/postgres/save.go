package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"example.org/imap-integration/evidence"
	"example.org/imap-integration/soar"
	"example.org/imap-integration/soar/packing"
)

// Save stores drafts in this order, all of them or none. A draft whose key the
// store knows is not stored again.
func (s *Store) Save(ctx context.Context, drafts []*soar.Draft) (saved []soar.Saved, err error) {
	if len(drafts) == 0 {
		return nil, nil
	}
	err = s.Change(ctx, "save in", func(tx pgx.Tx) error {
		var entries []evidence.Entry
		if saved, entries, err = s.SaveIn(ctx, tx, drafts, true); err != nil {
			return err
		}
		return s.Note(ctx, tx, evidence.Under(s.session, entries))
	})
	if err != nil {
		return nil, err
	}
	return saved, nil
}

// SaveIn is Save in the caller's transaction, which is to give the entries to Note as
// its last act. pending says that a run is still to hand the emails over.
func (s *Store) SaveIn(ctx context.Context, tx pgx.Tx, drafts []*soar.Draft, pending bool) ([]soar.Saved, []evidence.Entry, error) {
	for _, d := range drafts {
		if d.Prepared == nil {
			d.Prepared = packing.RowOfDraft(d) // needed twice
		}
	}
	saved, err := s.saveIn(ctx, tx, drafts, pending)
	if err != nil {
		return nil, nil, err
	}
	entries := make([]evidence.Entry, 0, len(drafts))
	for i, d := range drafts {
		entries = append(entries, entryOf(d, saved[i]))
	}
	return saved, entries, nil
}

func (s *Store) saveIn(ctx context.Context, tx pgx.Tx, drafts []*soar.Draft, pending bool) ([]soar.Saved, error) {
	keys := make([]string, len(drafts))
	for i, d := range drafts {
		if keys[i] = d.SourceKey; keys[i] == "" {
			return nil, errors.New("a draft has no source_key")
		}
	}
	known, err := find(ctx, tx, keys)
	if err != nil {
		return nil, err
	}
	made, err := s.insert(ctx, tx, drafts, known, pending)
	if err != nil {
		return nil, err
	}
	saved := make([]soar.Saved, len(drafts))
	var late []string // another process saved them between the two statements
	for i, key := range keys {
		id, ok := made[key]
		switch before, existed := known[key]; {
		case existed:
			saved[i] = before
		case ok:
			saved[i].ID = soar.NumberID(id)
			known[key] = soar.Saved{ID: saved[i].ID, Existed: true}
		default:
			late = append(late, key)
		}
	}
	if len(late) == 0 {
		return saved, nil
	}
	return saved, fill(ctx, tx, late, keys, saved)
}

// fill finds the keys that came into the store meanwhile.
func fill(ctx context.Context, tx pgx.Tx, late, keys []string, saved []soar.Saved) error {
	known, err := find(ctx, tx, late)
	if err != nil {
		return err
	}
	for i, key := range keys {
		if before, ok := known[key]; ok {
			saved[i] = before
		} else if saved[i].ID == "" {
			return fmt.Errorf("the email %s was neither stored nor found", key)
		}
	}
	return nil
}

// find returns what the store knows of these keys.
func find(ctx context.Context, tx pgx.Tx, keys []string) (map[string]soar.Saved, error) {
	rows, err := tx.Query(ctx, `SELECT source_key, id FROM emails WHERE source_key = ANY($1)`, keys)
	if err != nil {
		return nil, err
	}
	known := map[string]soar.Saved{}
	var key string
	var id int64
	_, err = pgx.ForEachRow(rows, []any{&key, &id}, func() error {
		known[key] = soar.Saved{ID: soar.NumberID(id), Existed: true}
		return nil
	})
	return known, err
}

const (
	// insertEmail stores an email, its first piece of content and its mark as pending, in one statement.
	insertEmail = `WITH email AS (
			INSERT INTO emails (source_key, mailbox_account, folder, uid_validity, uid, message_id, from_folded, subject_folded,
				received_at, created_at, content_size, metadata, body_text, body_html, packed, ledger)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, true) ON CONFLICT (source_key) DO NOTHING RETURNING id
		), content AS (
			INSERT INTO contents (email_id, piece, raw, packed) SELECT id, 0, $16, $17 FROM email WHERE $16::bytea IS NOT NULL
		), waiting AS (
			INSERT INTO pending (email_id) SELECT id FROM email WHERE $18
		) SELECT id FROM email`
	// insertPiece stores a further piece. A key stands for its bytes, so that a piece
	// that another process stored is the same.
	insertPiece = `INSERT INTO contents (email_id, piece, raw, packed) SELECT id, $2, $3, $4 FROM emails WHERE source_key = $1 ON CONFLICT DO NOTHING`
)

// insert stores the drafts whose keys are not known, each key once, and returns
// their ids. All statements go out together.
func (s *Store) insert(ctx context.Context, tx pgx.Tx, drafts []*soar.Draft, known map[string]soar.Saved, pending bool) (map[string]int64, error) {
	made := map[string]int64{}
	sent := map[string]bool{}
	batch := &pgx.Batch{}
	for _, d := range drafts {
		if _, existed := known[d.SourceKey]; existed || sent[d.SourceKey] {
			continue
		}
		sent[d.SourceKey] = true
		if err := s.queue(batch, d, pending, made); err != nil {
			return nil, err
		}
	}
	if batch.Len() == 0 {
		return made, nil
	}
	return made, tx.SendBatch(ctx, batch).Close()
}

// queue adds the statements of one draft.
func (s *Store) queue(batch *pgx.Batch, d *soar.Draft, pending bool, made map[string]int64) error {
	row, key, c := packing.RowOfDraft(d), d.SourceKey, heldColumns(packing.ColumnsOf(&d.Metadata))
	first, rest := row.Only, []packing.Chunk(nil)
	if first == nil {
		err := packing.ChunksOf(d.Raw).Each(func(n int, piece []byte) error {
			c := packing.PackChunk(piece)
			if n == 0 {
				first = &c
			} else {
				rest = append(rest, c)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	var raw []byte
	packed := false
	if first != nil {
		raw, packed = first.Data, first.Packed
	}
	batch.Queue(insertEmail, key, c.Account, c.Folder, int64(c.UIDValidity), int64(c.UID), c.MessageID,
		c.From, c.Subject, receivedAt(c), s.config.Now().UTC(), row.Size,
		Held(row.Metadata), row.Text, row.HTML, row.Packed, raw, packed, pending).QueryRow(func(r pgx.Row) error {
		var id int64
		if err := r.Scan(&id); !errors.Is(err, pgx.ErrNoRows) {
			made[key] = id
			return err
		}
		return nil
	})
	for i, piece := range rest {
		batch.Queue(insertPiece, key, i+1, piece.Data, piece.Packed)
	}
	return nil
}

// Held is a text as PostgreSQL can hold it: valid UTF-8 without NUL.
func Held(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
}

// heldColumns are columns as PostgreSQL can hold them.
func heldColumns(c packing.Columns) packing.Columns {
	c.SourceKey, c.Account, c.Folder = Held(c.SourceKey), Held(c.Account), Held(c.Folder)
	c.MessageID, c.From, c.Subject = Held(c.MessageID), Held(c.From), Held(c.Subject)
	return c
}

// receivedAt is a record's time; nil where there is none.
func receivedAt(c packing.Columns) any {
	if !c.HasReceived {
		return nil
	}
	return time.UnixMicro(c.Received).UTC()
}

// Prepare does what a Save of this draft can do ahead; see [packing.Prepare].
func (s *Store) Prepare(d *soar.Draft) { packing.Prepare(d) }

// Known is nil: Save looks up each key itself.
func (s *Store) Known(context.Context, soar.Candidates) (map[string]soar.ID, error) { return nil, nil }

// HandedOver notes that the result naming these emails has been written.
func (s *Store) HandedOver(ctx context.Context, ids []soar.ID) error {
	if len(ids) == 0 {
		return nil
	}
	numbers := make([]int64, 0, len(ids))
	for _, id := range ids {
		if n, ok := id.Number(); ok {
			numbers = append(numbers, n)
		}
	}
	for some := range slices.Chunk(numbers, evidence.AtOnce) { // what is not noted comes again, as existed
		err := s.Change(ctx, "change", func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, `DELETE FROM pending WHERE email_id = ANY($1)`, some); err != nil {
				return err
			}
			return noteAbout(ctx, tx, s.config, some, evidence.Entry{Event: evidence.HandedOver})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Record appends what was done with emails at the mail server, and what never reached
// the store.
func (s *Store) Record(ctx context.Context, entries []evidence.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	return s.Change(ctx, "change", func(tx pgx.Tx) error { return record(ctx, tx, s.config, entries) })
}

// Witness sets how a save finds out over which connection its emails came.
func (s *Store) Witness(session func() *evidence.Session) { s.session = session }
