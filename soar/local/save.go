package local

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"example.org/imap-integration/evidence"
	"example.org/imap-integration/soar"
	"example.org/imap-integration/soar/packing"
)

// statements are those of a save, prepared once.
type statements struct {
	find, mail, record, content, pending *sql.Stmt
}

// prepareStatements prepares them at the first save; a read-only run needs none.
func (s *Store) prepareStatements(ctx context.Context) error {
	s.prepare.Lock()
	defer s.prepare.Unlock()
	for _, p := range []struct {
		to  **sql.Stmt
		sql string
	}{
		{&s.statements.find, `SELECT id FROM mails WHERE source_key = ?`},
		{&s.statements.mail, `INSERT INTO mails (source_key, mailbox_account, folder, uid_validity, uid, message_id,
			from_folded, subject_folded, received_at, created_at, content_size) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`},
		{&s.statements.record, `INSERT INTO records (mail_id, metadata, body_text, body_html, packed) VALUES (?, ?, ?, ?, ?)`},
		{&s.statements.content, `INSERT INTO contents (slot, mail_id, raw, packed) VALUES (?, ?, ?, ?)`},
		{&s.statements.pending, `INSERT INTO pending (mail_id) VALUES (?)`},
	} {
		if *p.to != nil {
			continue
		}
		statement, err := s.write.PrepareContext(ctx, p.sql)
		if err != nil {
			return err
		}
		*p.to = statement
	}
	return nil
}

// Save stores drafts in this order, all of them or none: one transaction, one
// sync of the disk. A draft whose key the store knows is not stored again.
func (s *Store) Save(ctx context.Context, drafts []*soar.Draft) ([]soar.Saved, error) {
	if len(drafts) == 0 {
		return nil, nil
	}
	if err := s.prepareStatements(ctx); err != nil {
		return nil, s.explain("save in", err)
	}
	saved := make([]soar.Saved, 0, len(drafts))
	err := s.recorded(ctx, "save in", func(tx *sql.Tx, l *ledger) error {
		for _, d := range drafts {
			one, err := s.saveOne(ctx, tx, l, s.incomingOf(d))
			if err != nil {
				return err
			}
			saved = append(saved, one)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return saved, nil
}

// receive stores one email that came in by the API. No run is to hand it over.
func (s *Store) receive(ctx context.Context, m *soar.Metadata, content *upload) (saved soar.Saved, err error) {
	if err := s.prepareStatements(ctx); err != nil {
		return soar.Saved{}, s.explain("save in", err)
	}
	err = s.recorded(ctx, "save in", func(tx *sql.Tx, l *ledger) error {
		saved, err = s.saveOne(ctx, tx, l, incoming{m: m, row: uploadedRow(m, content), content: content.chunks, sha256: content.digest()})
		return err
	})
	return saved, err
}

// incoming is an email that is to be stored.
type incoming struct {
	m       *soar.Metadata
	row     *packing.Row
	content packing.Chunks           // where row has it not
	pending bool                     // a run is still to hand it over
	sha256  string                   // of the content, where there is any
	session func() *evidence.Session // the connection that it came over; nil: unknown
}

// entry is what the ledger says of it.
func (in incoming) entry(event string) evidence.Entry {
	e := evidence.Entry{Event: event, Account: in.m.MailboxAccount, Folder: in.m.Folder, UIDValidity: in.m.UIDValidity, UID: uint32(in.m.UID), Size: in.m.Size}
	switch size := in.row.Size.(type) {
	case int:
		e.Size, e.SHA256 = int64(size), in.sha256
	case int64:
		e.Size, e.SHA256 = size, in.sha256
	}
	return e
}

func (s *Store) incomingOf(d *soar.Draft) incoming {
	return incoming{session: s.session, m: &d.Metadata, row: packing.RowOfDraft(d), content: packing.ChunksOf(d.Raw), pending: true, sha256: d.SHA256}
}

// Prepare does what a Save of this draft can do ahead; see [packing.Prepare].
func (s *Store) Prepare(d *soar.Draft) { packing.Prepare(d) }

// uploadedRow is packing.RowOf for an email that came in by the API.
func uploadedRow(m *soar.Metadata, content *upload) *packing.Row {
	r := packing.RowOf(m)
	if content.given {
		r.Size = content.size
	}
	return r
}

// saveOne stores an email, unless the store knows its key.
func (s *Store) saveOne(ctx context.Context, tx *sql.Tx, l *ledger, in incoming) (soar.Saved, error) {
	if in.m.SourceKey == "" {
		return soar.Saved{}, errors.New("a draft has no source_key")
	}
	found, err := s.find(ctx, tx, in.m.SourceKey)
	if err != nil {
		return found, err
	}
	if found.Existed {
		return found, l.existed(ctx, found.ID, in)
	}
	id, err := s.insertMail(ctx, tx, in)
	if err != nil {
		return soar.Saved{}, err
	}
	if err := s.insertContent(ctx, tx, id, in); err != nil {
		return soar.Saved{}, err
	}
	if in.pending {
		if _, err := tx.StmtContext(ctx, s.statements.pending).ExecContext(ctx, id); err != nil {
			return soar.Saved{}, err
		}
	}
	err = l.saved(ctx, id, in)
	return soar.Saved{ID: soar.NumberID(id)}, err
}

func (s *Store) find(ctx context.Context, tx *sql.Tx, key string) (found soar.Saved, err error) {
	err = tx.StmtContext(ctx, s.statements.find).QueryRowContext(ctx, key).Scan(&found.ID)
	if errors.Is(err, sql.ErrNoRows) {
		return soar.Saved{}, nil
	}
	found.Existed = true
	return found, err
}

func (s *Store) insertMail(ctx context.Context, tx *sql.Tx, in incoming) (int64, error) {
	c := packing.ColumnsOf(in.m)
	result, err := tx.StmtContext(ctx, s.statements.mail).ExecContext(ctx, c.SourceKey, c.Account, c.Folder, c.UIDValidity, c.UID, c.MessageID,
		c.From, c.Subject, c.ReceivedAt(), s.options.Now().UTC().Format(time.RFC3339), in.row.Size)
	if err != nil {
		return 0, err
	}
	id, err := result.LastInsertId()
	if err != nil {
		return 0, err
	}
	r := in.row
	_, err = tx.StmtContext(ctx, s.statements.record).ExecContext(ctx, id, r.Metadata, r.Text, r.HTML, r.Packed)
	return id, err
}

// insertContent writes the chunks of an email, packed now where that was not done ahead.
func (s *Store) insertContent(ctx context.Context, tx *sql.Tx, id int64, in incoming) error {
	insert := tx.StmtContext(ctx, s.statements.content)
	if only := in.row.Only; only != nil {
		_, err := insert.ExecContext(ctx, slot(id, 0), id, only.Data, only.Packed)
		return err
	}
	return in.content.Each(func(n int, chunk []byte) error {
		c := packing.PackChunk(chunk)
		_, err := insert.ExecContext(ctx, slot(id, n), id, c.Data, c.Packed)
		return err
	})
}

// slot is the key of a chunk: all of one email stand side by side, in order.
func slot(id int64, n int) int64 { return id<<20 + int64(n) }

// Known is nil: Save looks up each key itself.
func (s *Store) Known(context.Context, soar.Candidates) (map[string]soar.ID, error) { return nil, nil }

// HandedOver notes that the result naming these emails has been written.
func (s *Store) HandedOver(ctx context.Context, ids []soar.ID) error {
	if len(ids) == 0 {
		return nil
	}
	list, err := json.Marshal(ids)
	if err != nil {
		return err
	}
	return s.recorded(ctx, "change", func(tx *sql.Tx, l *ledger) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM pending WHERE mail_id IN (SELECT value FROM json_each(?))`, string(list)); err != nil {
			return err
		}
		return l.about(ctx, ids, evidence.Entry{Event: evidence.HandedOver})
	})
}

// Record appends what was done with emails at the mail server, and what never reached
// the store.
func (s *Store) Record(ctx context.Context, entries []evidence.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	return s.recorded(ctx, "change", func(_ *sql.Tx, l *ledger) error { return l.record(ctx, entries) })
}

// Witness sets how a save finds out over which connection its emails came.
func (s *Store) Witness(session func() *evidence.Session) { s.session = session }
