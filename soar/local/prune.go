package local

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"example.org/imap-integration/soar"
)

const (
	prunedAtOnce = 500      // emails of one transaction, and
	bytesAtOnce  = 32 << 20 // of their content: other runs wait meanwhile
)

// PruneReport is what a retention did, or in a dry run would do.
type PruneReport struct {
	Store   string `json:"store"`
	Before  string `json:"before"` // RFC 3339, UTC
	DryRun  bool   `json:"dry_run"`
	Pruned  int    `json:"pruned"`  // emails that were removed
	Bytes   int64  `json:"bytes"`   // of their contents
	Linked  int    `json:"linked"`  // as old, and kept: an incident or a triage event has them, or a file of theirs
	Waiting int    `json:"waiting"` // as old, and kept: not handed over yet
	// Complete is false where the run was interrupted: another one does the rest.
	Complete bool `json:"complete"`
}

// linkedEmails are the emails that some case has.
const linkedEmails = `SELECT mail_id FROM incident_mails UNION SELECT mail_id FROM incident_files UNION SELECT mail_id FROM triage_mails`

// Prune removes the emails that were saved before a time, with their records and all
// that is searched for. Not those that an incident or a triage event has, and not those
// that no result has handed over yet. Their keys stay, so that no run takes them for new,
// and so do the entries of the ledger, with one more for each that says why it is gone.
// What was on the disk is overwritten; the room goes to emails to come. After an error
// the report tells what was done up to then.
func Prune(ctx context.Context, s *Store, before time.Time, dryRun bool) (*PruneReport, error) {
	if s.missing {
		return nil, fmt.Errorf("cannot prune the store %q: it does not exist", s.path)
	}
	if !dryRun && s.options.ReadOnly {
		return nil, fmt.Errorf("cannot prune the store %q: it is open for reading only", s.path)
	}
	p := pruning{s, &PruneReport{Store: s.path, Before: before.UTC().Format(time.RFC3339), DryRun: dryRun}}
	if err := p.count(ctx); err != nil {
		return nil, err
	}
	if p.report.Complete = dryRun; dryRun {
		return p.report, nil
	}
	p.report.Pruned, p.report.Bytes = 0, 0
	// One connection writes, so it is the one that overwrites what is deleted.
	if _, err := s.write.ExecContext(ctx, "PRAGMA secure_delete=ON"); err != nil {
		return nil, s.explain("change", err)
	}
	for more := true; more; {
		var err error
		more, err = p.batch(ctx)
		switch {
		case ctx.Err() != nil && p.report.Pruned > 0: // what was done is done
			return p.report, nil
		case err != nil:
			return p.report, err
		}
	}
	p.report.Complete = true
	s.options.Log.Info("pruned the store", "path", s.path, "before", p.report.Before, "pruned", p.report.Pruned, "linked", p.report.Linked, "waiting", p.report.Waiting)
	// The log holds what was deleted until it is cut; where somebody reads just now, a later run does it.
	_, err := s.write.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
	if err != nil {
		err = s.explain("change", err)
	}
	return p.report, err
}

// pruning is one Prune under way.
type pruning struct {
	s      *Store
	report *PruneReport
}

// old is a term of SQL over emails m, with one argument.
func (p pruning) old() string { return p.s.present() + ` AND m.created_at < ?` }

// count fills in what there is to do, and what stays.
func (p pruning) count(ctx context.Context) error {
	row := p.s.read.QueryRowContext(ctx, `SELECT coalesce(sum(linked), 0), coalesce(sum(waiting AND NOT linked), 0),
			coalesce(sum(NOT linked AND NOT waiting), 0), coalesce(sum(CASE WHEN NOT linked AND NOT waiting THEN size END), 0)
		FROM (SELECT m.id IN (`+linkedEmails+`) AS linked, m.id IN (SELECT mail_id FROM pending) AS waiting, coalesce(`+p.s.column("content_size")+`, 0) AS size
			FROM mails m WHERE `+p.old()+`)`, p.report.Before)
	if err := row.Scan(&p.report.Linked, &p.report.Waiting, &p.report.Pruned, &p.report.Bytes); err != nil {
		return p.s.explain("read", err)
	}
	return nil
}

// batch removes some emails in one transaction; more: there may be others.
func (p pruning) batch(ctx context.Context) (more bool, err error) {
	var ids []soar.ID
	var rows []int64
	var bytes int64
	err = p.s.recorded(ctx, "change", func(tx *sql.Tx, l *ledger) error {
		if rows, bytes, err = p.next(ctx, tx); err != nil {
			return err
		}
		for _, row := range rows {
			ids = append(ids, soar.NumberID(row))
		}
		if err := l.pruned(ctx, ids, "saved before "+p.report.Before); err != nil {
			return err
		}
		for _, row := range rows {
			if err := removeMail(ctx, tx, row); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		p.report.Pruned += len(rows)
		p.report.Bytes += bytes
	}
	return len(rows) > 0, err
}

// next chooses the emails of a batch: at least one where there is any.
func (p pruning) next(ctx context.Context, tx *sql.Tx) (ids []int64, bytes int64, err error) {
	rows, err := tx.QueryContext(ctx, `SELECT m.id, coalesce(m.content_size, 0) FROM mails m WHERE `+p.old()+`
		AND m.id NOT IN (`+linkedEmails+`) AND m.id NOT IN (SELECT mail_id FROM pending) ORDER BY m.id LIMIT ?`, p.report.Before, prunedAtOnce)
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	for rows.Next() && bytes < bytesAtOnce {
		var id, size int64
		if err := rows.Scan(&id, &size); err != nil {
			return nil, 0, err
		}
		ids, bytes = append(ids, id), bytes+size
	}
	return ids, bytes, rows.Err()
}

// removeMail leaves of an email its id, its key and where it was.
func removeMail(ctx context.Context, tx *sql.Tx, id int64) error {
	for _, s := range []struct {
		sql  string
		args []any
	}{
		{`DELETE FROM contents WHERE slot >= ? AND slot < ?`, []any{slot(id, 0), slot(id+1, 0)}},
		{`DELETE FROM records WHERE mail_id = ?`, []any{id}},
		{`DELETE FROM discarded WHERE mail_id = ?`, []any{id}},
		{`UPDATE mails SET message_id = '', from_folded = '', subject_folded = '', received_at = NULL, content_size = ? WHERE id = ?`, []any{prunedSize, id}},
	} {
		if _, err := tx.ExecContext(ctx, s.sql, s.args...); err != nil {
			return err
		}
	}
	return nil
}
