package local

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"time"

	"example.org/imap-integration/evidence"
	"example.org/imap-integration/soar"
	"example.org/imap-integration/soar/packing"
)

// ledger appends to the store's ledger within one transaction, that of the
// changes that the entries tell of: both are there, or neither.
type ledger struct {
	head    evidence.Head
	insert  *sql.Stmt // of the transaction, which closes it
	time    string
	program string
}

// openLedger goes on where the last transaction ended. The first one of all says what was there before.
func openLedger(ctx context.Context, tx *sql.Tx, o Options) (*ledger, error) {
	insert, err := tx.PrepareContext(ctx, `INSERT INTO ledger (number, mail_id, line, link) VALUES (?, ?, ?, ?)`)
	if err != nil {
		return nil, err
	}
	l := &ledger{head: evidence.Start, insert: insert, time: o.Now().UTC().Format(time.RFC3339), program: o.Program}
	err = tx.QueryRowContext(ctx, `SELECT number, link FROM ledger ORDER BY number DESC LIMIT 1`).Scan(&l.head.Count, &l.head.Link)
	if !errors.Is(err, sql.ErrNoRows) {
		return l, err
	}
	began := evidence.Entry{Event: evidence.Began}
	var newest sql.NullInt64
	if err := tx.QueryRowContext(ctx, `SELECT max(id) FROM mails`).Scan(&newest); err != nil {
		return nil, err
	}
	if newest.Valid {
		began.Email, began.Detail = decimal(newest.Int64), "the newest email that the store held before"
	}
	return l, l.add(ctx, began)
}

// add appends an entry.
func (l *ledger) add(ctx context.Context, e evidence.Entry) error {
	e.Time, e.Program = l.time, l.program
	line, next, err := l.head.Append(e)
	if err != nil {
		return err
	}
	var mail any
	if id, err := strconv.ParseInt(e.Email, 10, 64); err == nil {
		mail = id
	}
	if _, err := l.insert.ExecContext(ctx, next.Count, mail, string(line), next.Link); err != nil {
		return err
	}
	l.head = next
	return nil
}

// saved tells of an email that was stored just now.
func (l *ledger) saved(ctx context.Context, id int64, in incoming) error {
	e := entryOf(evidence.Saved, in.m)
	e.Email, e.Record = decimal(id), recordDigest(in.row)
	return l.add(ctx, e)
}

// existed tells of an email that came again.
func (l *ledger) existed(ctx context.Context, id soar.ID, in incoming) error {
	e := entryOf(evidence.Existed, in.m)
	e.Email = string(id)
	return l.add(ctx, e)
}

func entryOf(event string, m *soar.Metadata) evidence.Entry {
	return evidence.Entry{Event: event, Account: m.MailboxAccount, Folder: m.Folder, UIDValidity: m.UIDValidity, UID: uint32(m.UID), Size: m.Size, SHA256: m.SHA256}
}

// recordDigest is the SHA-256 over a record as it is stored: each text behind its length.
func recordDigest(r *packing.Row) string {
	sum := sha256.New()
	var length [8]byte
	for _, part := range [][]byte{[]byte(r.Metadata), r.Text, r.HTML} {
		binary.BigEndian.PutUint64(length[:], uint64(len(part)))
		sum.Write(length[:])
		sum.Write(part)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

func decimal(id int64) string { return strconv.FormatInt(id, 10) }

func place(kind string, number int64) string { return fmt.Sprintf("%s %d", kind, number) }

// note appends one entry where something was done without an error.
func note(ctx context.Context, tx *sql.Tx, o Options, done bool, err error, e evidence.Entry) error {
	if err != nil || !done {
		return err
	}
	l, err := openLedger(ctx, tx, o)
	if err != nil {
		return err
	}
	return l.add(ctx, e)
}

// hasLedger is false for a store of an older version that is only read.
func hasLedger(d *database) bool { return d.version >= 3 && !d.missing }

// LedgerHead is where the ledger of a store ends; Count is 0 where it has none.
func LedgerHead(ctx context.Context, s *Store) (evidence.Head, error) {
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

// ledgerLine is one entry as it is stored.
type ledgerLine struct {
	number int64
	mail   sql.NullInt64
	line   string
	link   string
}

// ledgerLines reads the entries behind a number, a page of them.
func ledgerLines(ctx context.Context, d *database, after int64) (lines []ledgerLine, err error) {
	rows, err := d.read.QueryContext(ctx, `SELECT number, mail_id, line, link FROM ledger WHERE number > ? ORDER BY number LIMIT ?`, after, ledgerPage)
	if err != nil {
		return nil, d.explain("read", err)
	}
	defer rows.Close()
	for rows.Next() {
		var l ledgerLine
		if err := rows.Scan(&l.number, &l.mail, &l.line, &l.link); err != nil {
			return nil, d.explain("read", err)
		}
		lines = append(lines, l)
	}
	if err := rows.Err(); err != nil {
		return nil, d.explain("read", err)
	}
	return lines, nil
}

// LedgerOf returns what a bundle of these emails shows of the ledger: their entries,
// and the digests of all others from the first of theirs to the head.
func LedgerOf(ctx context.Context, s *Store, ids []soar.ID) (before evidence.Head, entries []evidence.Numbered, head evidence.Head, err error) {
	head, err = LedgerHead(ctx, s)
	if err != nil || head.Count == 0 {
		return evidence.Start, nil, head, err
	}
	wanted := map[int64]bool{}
	first := head.Count + 1
	for _, id := range ids {
		row, err := rowOf(id)
		if err != nil {
			return before, nil, head, err
		}
		wanted[row] = true
		var number sql.NullInt64
		if err := s.read.QueryRowContext(ctx, `SELECT min(number) FROM ledger WHERE mail_id = ?`, row).Scan(&number); err != nil {
			return before, nil, head, s.explain("read", err)
		}
		if number.Valid {
			first = min(first, number.Int64)
		}
	}
	before = evidence.Start
	if first > 1 {
		before.Count = first - 1
		if err := s.read.QueryRowContext(ctx, `SELECT link FROM ledger WHERE number = ?`, before.Count).Scan(&before.Link); err != nil {
			return before, nil, head, s.explain("read", err)
		}
	}
	for at := before.Count; at < head.Count; {
		lines, err := ledgerLines(ctx, s.database, at)
		if err != nil {
			return before, nil, head, err
		}
		if len(lines) == 0 {
			return before, nil, head, fmt.Errorf("the ledger of the store %q ends at the entry %d and should go on to %d", s.path, at, head.Count)
		}
		for _, l := range lines {
			if at = l.number; at > head.Count {
				break
			}
			n := evidence.Numbered{Number: l.number, Digest: evidence.Digest([]byte(l.line))}
			if l.mail.Valid && wanted[l.mail.Int64] {
				n.Line = []byte(l.line)
			}
			entries = append(entries, n)
		}
	}
	return before, entries, head, nil
}
