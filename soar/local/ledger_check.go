package local

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"example.org/imap-integration/evidence"
	"example.org/imap-integration/soar"
	"example.org/imap-integration/soar/packing"
)

// LedgerReport is what CheckLedger found.
type LedgerReport struct {
	Entries  int64  `json:"entries"`  // that were read
	Emails   int    `json:"emails"`   // whose content and record are as they were saved
	Unproved int    `json:"unproved"` // emails that were in the store before it had a ledger
	Link     string `json:"link"`     // of the last entry that fits
	Problem  string `json:"problem"`  // the first thing that does not fit; "": all does
}

// CheckLedger goes along the whole ledger of a store, and holds every email against
// the entry that tells of its saving. kept, where its Count is not 0, is a head that
// somebody kept: the ledger must still lead through it, or its end was cut off.
func CheckLedger(ctx context.Context, s *Store, kept evidence.Head) (*LedgerReport, error) {
	c := &ledgerCheck{s: s, head: evidence.Start, kept: kept, report: &LedgerReport{}}
	err := c.all(ctx)
	var fault misfit
	if errors.As(err, &fault) {
		c.report.Problem, err = fault.Error(), nil
	}
	c.report.Entries, c.report.Link = c.head.Count, c.head.Link
	return c.report, err
}

// misfit is something that does not fit the ledger.
type misfit struct{ error }

func misfitf(format string, args ...any) error { return misfit{fmt.Errorf(format, args...)} }

type ledgerCheck struct {
	s      *Store
	head   evidence.Head
	kept   evidence.Head
	before int64 // the newest email from before the ledger
	report *LedgerReport
}

func (c *ledgerCheck) all(ctx context.Context) error {
	for {
		if !hasLedger(c.s.database) {
			break
		}
		lines, err := ledgerLines(ctx, c.s.database, c.head.Count)
		if err != nil {
			return err
		}
		if len(lines) == 0 {
			break
		}
		for _, l := range lines {
			if err := c.entry(ctx, l); err != nil {
				return err
			}
		}
	}
	if c.head.Count < c.kept.Count {
		return misfitf("the ledger ends at the entry %d; the head that was kept has %d: its end was cut off", c.head.Count, c.kept.Count)
	}
	return c.strangers(ctx)
}

// entry checks one entry and what it tells of.
func (c *ledgerCheck) entry(ctx context.Context, l ledgerLine) error {
	e, next, err := c.head.Check([]byte(l.line))
	if err != nil {
		return misfitf("the ledger's entry %d does not fit: %w", c.head.Count+1, err)
	}
	if l.number != next.Count || l.link != next.Link || l.mail.Valid != (e.Email != "") || l.mail.Valid && decimal(l.mail.Int64) != e.Email {
		return misfitf("the ledger's entry %d does not fit: the columns beside it say something else", next.Count)
	}
	if next.Count == c.kept.Count && next.Link != c.kept.Link {
		return misfitf("the ledger's entry %d is not that of the head that was kept: the ledger was written anew", next.Count)
	}
	switch e.Event {
	case evidence.Began:
		c.before = l.mail.Int64
	case evidence.Saved:
		err = c.saved(ctx, e, l.mail.Int64)
	}
	if err == nil {
		c.head = next
	}
	return err
}

// saved holds an email against the entry of its saving.
func (c *ledgerCheck) saved(ctx context.Context, e evidence.Entry, id int64) error {
	var row packing.Row
	var account, folder string
	var validity, uid uint32
	err := c.s.read.QueryRowContext(ctx, `SELECT mailbox_account, folder, uid_validity, uid, metadata, body_text, body_html FROM mails JOIN records ON mail_id = id WHERE id = ?`, id).
		Scan(&account, &folder, &validity, &uid, &row.Metadata, &row.Text, &row.HTML)
	if errors.Is(err, sql.ErrNoRows) {
		return c.pruned(ctx, e, id)
	}
	if err != nil {
		return c.s.explain("read", err)
	}
	if account != e.Account || folder != e.Folder || validity != e.UIDValidity || uid != e.UID || recordDigest(&row) != e.Record {
		return misfitf("the record of the email %d is not the one that the ledger's entry %d says was saved", id, e.Number)
	}
	raw, err := c.s.EML(ctx, soar.NumberID(id), 0)
	switch {
	case errors.Is(err, soar.ErrNoContent) && e.SHA256 == "":
	case errors.Is(err, packing.ErrDamaged):
		return misfitf("the content of the email %d, which the ledger's entry %d says was saved, is damaged: %w", id, e.Number, err)
	case err != nil:
		return err
	case evidence.Digest(raw) != e.SHA256 || int64(len(raw)) != e.Size:
		return misfitf("the content of the email %d is not the one that the ledger's entry %d says was saved", id, e.Number)
	}
	c.report.Emails++
	return nil
}

// pruned wants an entry that says why an email is gone.
func (c *ledgerCheck) pruned(ctx context.Context, e evidence.Entry, id int64) error {
	n, err := c.s.count(ctx, `SELECT count(*) FROM ledger WHERE mail_id = ? AND number > ? AND line LIKE '%"event":"`+evidence.Pruned+`"%'`, id, e.Number)
	if err != nil || n > 0 {
		return err
	}
	return misfitf("the email %d, which the ledger's entry %d says was saved, is not in the store", id, e.Number)
}

// strangers looks for emails whose saving the ledger does not tell of.
func (c *ledgerCheck) strangers(ctx context.Context) (err error) {
	if !hasLedger(c.s.database) || c.head.Count == 0 {
		c.report.Unproved, err = c.s.count(ctx, `SELECT count(*) FROM mails`)
		return err
	}
	var id sql.NullInt64
	err = c.s.read.QueryRowContext(ctx, `SELECT min(id) FROM mails WHERE id > ? AND NOT EXISTS (SELECT 1 FROM ledger WHERE mail_id = id AND line LIKE '%"event":"`+evidence.Saved+`"%')`, c.before).Scan(&id)
	if err != nil {
		return c.s.explain("read", err)
	}
	if id.Valid {
		return misfitf("the email %d is in the store and no entry of the ledger tells of its saving", id.Int64)
	}
	c.report.Unproved, err = c.s.count(ctx, `SELECT count(*) FROM mails WHERE id <= ?`, c.before)
	return err
}
