package ledger

import (
	"context"
	"crypto/sha256"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"example.org/imap-integration/evidence"
	"example.org/imap-integration/ingest"
	"example.org/imap-integration/soar"
	"example.org/imap-integration/soar/packing"
)

// Turn is a mailbox that this process works on. It is the store of one run at a
// time (see [ingest.Store]): Save leaves its transaction open, and Commit ends it.
type Turn struct {
	Name       string
	Checkpoint string
	Failures   int // passes that failed one after the other
	Sinks      []string

	ledger  *Ledger
	epoch   int64
	version int64
	tx      pgx.Tx                   // nil: none is open
	session func() *evidence.Session // of the emails that Save gets; nil: unknown
	entries []evidence.Entry         // of the emails that Save stored in it
}

// Save stores drafts in the transaction that Commit ends.
func (t *Turn) Save(ctx context.Context, drafts []*soar.Draft) ([]soar.Saved, error) {
	if len(drafts) == 0 {
		return nil, nil
	}
	ctx, cancel := t.ledger.store.Bounded(ctx)
	defer cancel()
	if err := t.begin(ctx); err != nil {
		return nil, err
	}
	saved, entries, err := t.ledger.store.SaveIn(ctx, t.tx, drafts, false)
	t.entries = evidence.Under(t.session, entries)
	if err != nil {
		t.Abandon(ctx)
		return nil, t.ledger.store.Explain("save in", err)
	}
	return saved, nil
}

func (t *Turn) begin(ctx context.Context) (err error) {
	t.Abandon(ctx)
	t.tx, err = t.ledger.store.Begin(ctx)
	return err
}

// Abandon undoes what Save did and Commit never ended.
func (t *Turn) Abandon(ctx context.Context) {
	if t.tx != nil {
		_ = t.tx.Rollback(context.WithoutCancel(ctx)) // a connection that fails here takes the transaction along
		t.tx, t.entries = nil, nil
	}
}

// guard moves the checkpoint, if the turn is still this process's and nobody moved it meanwhile.
const guard = `UPDATE mailboxes SET checkpoint = $4, version = version + 1 WHERE name = $1 AND epoch = $2 AND version = $3`

// announce puts what was never announced into the outbox, once for each sink.
const announce = `WITH fresh AS (
		INSERT INTO announced (key) SELECT DISTINCT k FROM unnest($1::bytea[]) AS k ORDER BY k ON CONFLICT DO NOTHING RETURNING key
	), made AS (
		INSERT INTO messages (key, mailbox, body, packed)
		SELECT u.name, $6, u.body, u.packed FROM unnest($1::bytea[], $2::text[], $3::bytea[], $4::boolean[]) WITH ORDINALITY AS u (key, name, body, packed, n)
		JOIN fresh USING (key) ORDER BY u.n RETURNING id, octet_length(body) AS size
	)
	INSERT INTO deliveries (message_id, sink, size) SELECT id, s, size FROM made, unnest($5::text[]) AS s`

// Commit ends the transaction of a batch: emails, checkpoint and outbox together.
// ErrLostTurn says that nothing of it was changed, because another process holds the mailbox.
func (t *Turn) Commit(ctx context.Context, batch ingest.Batch) error {
	checkpoint := batch.Checkpoint
	if checkpoint == "" {
		checkpoint = t.Checkpoint
	}
	if t.tx == nil && len(batch.Out) == 0 && checkpoint == t.Checkpoint {
		return nil
	}
	ctx, cancel := t.ledger.store.Bounded(ctx)
	defer cancel()
	if t.tx == nil {
		if err := t.begin(ctx); err != nil {
			return err
		}
	}
	err := t.write(ctx, checkpoint, batch.Out)
	if err == nil {
		err = t.tx.Commit(ctx)
	}
	if err != nil {
		t.Abandon(ctx)
		return t.ledger.store.Explain("save in", err)
	}
	t.tx, t.entries, t.Checkpoint = nil, nil, checkpoint
	t.version++
	return nil
}

func (t *Turn) write(ctx context.Context, checkpoint string, out []ingest.Out) error {
	b := &pgx.Batch{}
	moved := int64(0)
	b.Queue(guard, t.Name, t.epoch, t.version, checkpoint).Exec(func(tag pgconn.CommandTag) error { moved = tag.RowsAffected(); return nil })
	if len(t.Sinks) > 0 && len(out) > 0 {
		t.queue(b, out)
	}
	if err := t.tx.SendBatch(ctx, b).Close(); err != nil {
		return err
	}
	if moved != 1 {
		return refused(t.Name)
	}
	return t.ledger.store.Note(ctx, t.tx, t.entries)
}

func (t *Turn) queue(b *pgx.Batch, out []ingest.Out) {
	var digests, bodies [][]byte
	var names []string
	var packed []bool
	for _, o := range out {
		name := o.Key
		if name == "" {
			name = placeKey(t.Name, o.JSON)
		}
		sum := sha256.Sum256([]byte(name))
		c := packing.PackChunk(o.JSON)
		digests, bodies, names, packed = append(digests, sum[:]), append(bodies, c.Data), append(names, name), append(packed, c.Packed)
	}
	b.Queue(announce, digests, names, bodies, packed, t.Sinks, t.Name)
}

// Prepare, Known, Newest, ByKey, Pending and HandedOver are those of the store,
// but that nothing is ever pending: the outbox knows what was not handed over.
func (t *Turn) Prepare(d *soar.Draft) { packing.Prepare(d) }

// Known is nil: Save looks up each key itself.
func (t *Turn) Known(context.Context, soar.Candidates) (map[string]soar.ID, error) { return nil, nil }

// Newest returns where the store stands with this account and folder.
func (t *Turn) Newest(ctx context.Context, account, folder string, uidValidity uint32) (soar.Mark, error) {
	return t.ledger.store.Newest(ctx, account, folder, uidValidity)
}

// ByKey returns the record with this source_key, if there is one.
func (t *Turn) ByKey(ctx context.Context, key string) (soar.Record, bool, error) {
	return t.ledger.store.ByKey(ctx, key)
}

// Pending is nil.
func (t *Turn) Pending(context.Context, string, string) ([]soar.Record, error) { return nil, nil }

// HandedOver does nothing.
func (t *Turn) HandedOver(context.Context, []soar.ID) error { return nil }

// Record tells the store's ledger what was done at the mail server.
func (t *Turn) Record(ctx context.Context, entries []evidence.Entry) error {
	return t.ledger.store.Record(ctx, entries)
}

// Witness sets how a save finds out over which connection its emails came.
func (t *Turn) Witness(session func() *evidence.Session) { t.session = session }
