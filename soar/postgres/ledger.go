package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"example.org/imap-integration/evidence"
	"example.org/imap-integration/soar"
	"example.org/imap-integration/soar/packing"
)

// ledgerLock is the advisory lock of those who append to the ledger: "IMAI" and a number.
const ledgerLock = 0x494d4149_00000002

// note appends entries as the last act of a transaction. Many processes write one
// chain: from here to the end of its transaction each holds a lock, and that is a
// round trip and a commit. Nothing that others wait for may be locked behind it.
func note(ctx context.Context, tx pgx.Tx, c Config, entries []evidence.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	head := evidence.Start
	batch := &pgx.Batch{} // two statements, so that the second one sees what was committed before the lock was free
	batch.Queue(`SELECT pg_advisory_xact_lock($1)`, int64(ledgerLock))
	batch.Queue(`SELECT number, link FROM ledger ORDER BY number DESC LIMIT 1`).QueryRow(func(r pgx.Row) error {
		if err := r.Scan(&head.Count, &head.Link); !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		return nil
	})
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return err
	}
	now := c.Now().UTC().Format(time.RFC3339)
	numbers, emails := make([]int64, 0, len(entries)), make([]*int64, 0, len(entries))
	lines, links := make([]string, 0, len(entries)), make([]string, 0, len(entries))
	var line []byte
	session := int64(0)
	for _, e := range entries {
		e.Time, e.Program = now, c.Program
		e.Resolve(session)
		var next evidence.Head
		line, next = head.Append(line, e)
		if e.Event == evidence.Connected {
			session = next.Count
		}
		var email *int64
		if id, err := strconv.ParseInt(e.Email, 10, 64); err == nil {
			email = &id
		}
		head = next
		numbers, emails, lines, links = append(numbers, next.Count), append(emails, email), append(lines, string(line)), append(links, next.Link)
	}
	_, err := tx.Exec(ctx, `INSERT INTO ledger (number, email_id, line, link) SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[])`, numbers, emails, lines, links)
	return err
}

// beginLedger writes the first entry of all: what was there before has none. The
// upgrade has locked the table of emails, so that nothing is added to it meanwhile.
func beginLedger(ctx context.Context, tx pgx.Tx, c Config) error {
	began := evidence.Entry{Event: evidence.Began}
	var newest *int64
	if err := tx.QueryRow(ctx, `SELECT max(id) FROM emails`).Scan(&newest); err != nil {
		return err
	}
	if newest != nil {
		began.Email, began.Detail = decimal(*newest), evidence.BeganDetail
	}
	return note(ctx, tx, c, []evidence.Entry{began})
}

// entryOf is what the ledger says of a draft that went to the store.
func entryOf(d *soar.Draft, saved soar.Saved) evidence.Entry {
	row := packing.RowOfDraft(d)
	e := evidence.Entry{
		Event: evidence.Existed, Email: string(saved.ID), Account: Held(d.MailboxAccount), Folder: Held(d.Folder),
		UIDValidity: d.UIDValidity, UID: uint32(d.UID), Size: d.Size,
	}
	if row.Size != nil {
		e.SHA256 = d.SHA256
	}
	if !saved.Existed {
		e.Event, e.Record = evidence.Saved, heldDigest(row)
	}
	return e
}

// heldDigest is the digest of a record as PostgreSQL holds it.
func heldDigest(r *packing.Row) string {
	stored := packing.Row{Metadata: Held(r.Metadata), Text: r.Text, HTML: r.HTML}
	return stored.Digest()
}

// record appends entries of others. Which email one without an id is about, its place
// tells; what the store knows better (size and digest) it fills in.
func record(ctx context.Context, tx pgx.Tx, c Config, entries []evidence.Entry) error {
	var ids []int64
	batch := &pgx.Batch{}
	for i := range entries {
		e := &entries[i]
		e.Account, e.Folder = Held(e.Account), Held(e.Folder)
		if id, ok := soar.ID(e.Email).Number(); ok {
			ids = append(ids, id)
			continue
		}
		batch.Queue(`SELECT id FROM emails WHERE mailbox_account = $1 AND folder = $2 AND uid_validity = $3 AND uid = $4 ORDER BY id LIMIT 1`,
			e.Account, e.Folder, int64(e.UIDValidity), int64(e.UID)).Query(func(rows pgx.Rows) error {
			found, err := pgx.CollectRows(rows, pgx.RowTo[int64])
			for _, id := range found {
				e.Email, ids = decimal(id), append(ids, id)
			}
			return err
		})
	}
	if batch.Len() > 0 {
		if err := tx.SendBatch(ctx, batch).Close(); err != nil {
			return err
		}
	}
	origins, err := originsOf(ctx, tx, ids)
	if err != nil {
		return err
	}
	for i := range entries {
		e := &entries[i]
		id, _ := soar.ID(e.Email).Number()
		if origin, there := origins[id]; there {
			e.Size, e.SHA256 = origin.Size, origin.SHA256
		} else {
			e.Email = ""
		}
	}
	return note(ctx, tx, c, entries)
}

// originsOf looks up what the store knows of the origin of emails.
func originsOf(ctx context.Context, tx pgx.Tx, ids []int64) (map[int64]evidence.Entry, error) {
	origins := map[int64]evidence.Entry{}
	rows, err := tx.Query(ctx, `SELECT m.id, m.mailbox_account, m.folder, m.uid_validity, m.uid, coalesce(m.content_size, 0),
			coalesce((SELECT line FROM ledger l WHERE l.email_id = m.id ORDER BY number LIMIT 1), '') FROM emails m WHERE m.id = ANY($1)`, ids)
	if err != nil {
		return nil, err
	}
	var id, validity, uid int64
	var origin evidence.Entry
	var first string
	_, err = pgx.ForEachRow(rows, []any{&id, &origin.Account, &origin.Folder, &validity, &uid, &origin.Size, &first}, func() error {
		origin.UIDValidity, origin.UID = uint32(validity), uint32(uid)
		origins[id] = origin.Proved([]byte(first))
		return nil
	})
	return origins, err
}

// noteAbout appends the entry e for each of these emails, with where it came from and what it is.
func noteAbout(ctx context.Context, tx pgx.Tx, c Config, ids []int64, e evidence.Entry) error {
	origins, err := originsOf(ctx, tx, ids)
	if err != nil {
		return err
	}
	var entries []evidence.Entry
	for _, id := range ids {
		if origin, there := origins[id]; there {
			one := e.About(origin)
			one.Email = decimal(id)
			entries = append(entries, one)
		}
	}
	return note(ctx, tx, c, entries)
}

func decimal(id int64) string { return fmt.Sprint(id) }
