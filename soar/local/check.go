package local

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"slices"
	"strings"

	"example.org/imap-integration/evidence"
	"example.org/imap-integration/quote"
	"example.org/imap-integration/soar"
)

// problemsShown bounds how many problems of one kind a check names.
const problemsShown = 20

// CheckReport is what a check of a store found.
type CheckReport struct {
	Store    string   `json:"store"`
	Schema   int      `json:"schema"`   // version
	Bytes    int64    `json:"bytes"`    // of the file
	Emails   int      `json:"emails"`   // in the store
	Proved   int      `json:"proved"`   // of these, how many are as the ledger says that they were saved
	Entries  int64    `json:"entries"`  // of the ledger
	Link     string   `json:"link"`     // of its last entry
	Problems []string `json:"problems"` // empty: all is well
}

func (r *CheckReport) found(format string, args ...any) {
	r.Problems = append(r.Problems, quote.Line(fmt.Sprintf(format, args...), quote.Sentence))
}

// Inspect looks at all that can be wrong in a store: the pages of the file, its tables,
// what refers to what, each raw email against the digest that was taken when it came, and
// the ledger. Nothing is changed, and other runs go on.
func Inspect(ctx context.Context, s *Store) (*CheckReport, error) {
	if s.missing {
		return nil, fmt.Errorf("cannot check the store %q: it does not exist", s.path)
	}
	info, err := os.Stat(s.path)
	if err != nil {
		return nil, s.explain("read", err)
	}
	r := &CheckReport{Store: s.path, Schema: s.version, Bytes: info.Size(), Problems: []string{}}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		r.found("other users may read the file (%s); the next run that writes takes that away", mode)
	}
	for _, look := range []func(context.Context, *Store, *CheckReport) error{pagesOf, tablesOf, ledgerOf, unprovedOf} {
		if err := look(ctx, s, r); err != nil {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			r.found("%v", err) // what cannot be read is what is wrong
		}
	}
	return r, nil
}

// pagesOf has SQLite hold its pages, indexes and references against each other.
func pagesOf(ctx context.Context, s *Store, r *CheckReport) error {
	err := (source{s}).each(ctx, fmt.Sprintf(`PRAGMA integrity_check(%d)`, problemsShown), nil, func(rows *sql.Rows) error {
		var found string
		err := rows.Scan(&found)
		if found != "ok" {
			r.found("the file is damaged: %s", found)
		}
		return err
	})
	if err != nil {
		return err
	}
	shown := 0
	return (source{s}).each(ctx, `SELECT "table", coalesce(rowid, 0), parent FROM pragma_foreign_key_check`, nil, func(rows *sql.Rows) error {
		var table, parent string
		var row int64
		err := rows.Scan(&table, &row, &parent)
		if shown++; shown <= problemsShown {
			r.found("the row %d of the table %s refers to nothing in %s", row, table, parent)
		}
		return err
	})
}

// tablesQuery lists what a schema consists of, one thing a row.
const tablesQuery = `SELECT 'column ' || m.name || '.' || p.name || ' ' || p.type FROM sqlite_schema m, pragma_table_info(m.name) p WHERE m.type = 'table'
	UNION ALL SELECT type || ' ' || name FROM sqlite_schema WHERE type <> 'table' ORDER BY 1`

// tablesOf compares the tables with those of a new store. One of an older version is
// brought up by the next run that writes, so its own are right.
func tablesOf(ctx context.Context, s *Store, r *CheckReport) error {
	if s.version < schemaVersion {
		return nil
	}
	fresh := &Store{database: &database{file: s.file, missing: true}}
	if err := fresh.connect(); err != nil {
		return err
	}
	defer fresh.Close()
	has, wants := []string{}, []string{}
	for _, side := range []struct {
		s  *Store
		to *[]string
	}{{s, &has}, {fresh, &wants}} {
		err := (source{side.s}).each(ctx, tablesQuery, nil, func(rows *sql.Rows) error {
			var thing string
			err := rows.Scan(&thing)
			*side.to = append(*side.to, thing)
			return err
		})
		if err != nil {
			return err
		}
	}
	for _, thing := range wants {
		if !slices.Contains(has, thing) {
			r.found("the schema lacks the %s", thing)
		}
	}
	for _, thing := range has {
		if !slices.Contains(wants, thing) {
			r.found("the schema has the %s, which this program did not make", thing)
		}
	}
	return nil
}

// ledgerOf checks the ledger, and every email that it tells of.
func ledgerOf(ctx context.Context, s *Store, r *CheckReport) (err error) {
	if r.Emails, err = s.emails(ctx); err != nil || !hasLedger(s.database) {
		return err
	}
	report, err := evidence.Check(ctx, source{s}, evidence.Head{})
	if err != nil {
		return err
	}
	r.Proved, r.Entries, r.Link = report.Emails, report.Entries, report.Link
	if report.Problem != "" && !strings.HasPrefix(report.Problem, "the store itself") { // pagesOf told
		r.found("%s", report.Problem)
	}
	return nil
}

// unprovedOf holds the emails from before the ledger against what their records say.
func unprovedOf(ctx context.Context, s *Store, r *CheckReport) error {
	query := `SELECT id FROM mails m WHERE ` + s.present()
	if hasLedger(s.database) {
		query += ` AND NOT EXISTS (SELECT 1 FROM ledger WHERE mail_id = m.id AND line LIKE '%"event":"` + evidence.Saved + `"%')`
	}
	var ids []int64
	err := (source{s}).each(ctx, query, nil, func(rows *sql.Rows) error {
		var id int64
		err := rows.Scan(&id)
		ids = append(ids, id)
		return err
	})
	shown := 0
	for _, id := range ids {
		if ctx.Err() != nil || shown >= problemsShown {
			break
		}
		if fault := unprovedFault(ctx, s, soar.NumberID(id)); fault != "" {
			r.found("the email %d: %s", id, fault)
			shown++
		}
	}
	return err
}

// unprovedFault is what is wrong with an email that no entry proves; "": nothing.
func unprovedFault(ctx context.Context, s *Store, id soar.ID) string {
	record, err := s.Get(ctx, id)
	if err != nil {
		return err.Error()
	}
	raw, err := s.EML(ctx, id, 0)
	switch {
	case record.SHA256 == "": // a record without content, or from another program
		return ""
	case err != nil:
		return err.Error()
	case evidence.Digest(raw) != record.SHA256:
		return "its content is not the one that its record tells of"
	}
	return ""
}
