package local

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

const (
	cacheKiB        = 2 << 10 // page cache of the writing connection; pages beyond it go to the log early
	readCacheKiB    = 1 << 10
	readersAtOnce   = 2        // connections that read while one writes
	checkpointPages = 500      // 16 MiB of log, then it is moved into the file
	logSizeLimit    = 64 << 20 // bytes the log keeps on the disk after one large save
	fullBelow       = 1 << 20  // bytes free on the disk below which test-settings calls it full
)

// database is the file with its connections.
type database struct {
	file
	missing bool    // ReadOnly, and there is no file yet
	version int     // of the schema in the file, where ReadOnly keeps an older one; else the newest
	recent  recent  // emails of which the next entries will be
	write   *sql.DB // one connection, whose transactions take the write lock at once
	readers *sql.DB
	read    querier // readers, or one transaction of theirs (see source.Snapshot)
}

// querier is what reads need of a pool or of a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// connect makes the two pools; their connections are opened when needed.
func (d *database) connect() error {
	// temp_store: an image of nothing but the program has no folder for temporary files.
	busy := fmt.Sprintf("_pragma=busy_timeout(%d)&_pragma=temp_store(MEMORY)", d.options.Busy.Milliseconds())
	writing := dsn(d.path, "mode=rw", busy, "_txlock=immediate", "_pragma=synchronous(FULL)", "_pragma=foreign_keys(1)",
		fmt.Sprintf("_pragma=cache_size(-%d)", cacheKiB), fmt.Sprintf("_pragma=wal_autocheckpoint(%d)", checkpointPages),
		fmt.Sprintf("_pragma=journal_size_limit(%d)", logSizeLimit))
	// query_only and not mode=ro: the latter could not clean up after a killed run, and would leave its own files.
	reading := dsn(d.path, "mode=rw", busy, "_pragma=query_only(1)", fmt.Sprintf("_pragma=cache_size(-%d)", readCacheKiB))
	if d.missing {
		writing, reading = "file::memory:?_txlock=immediate", "file::memory:"
	}
	if d.options.ReadOnly && !d.missing {
		writing = reading
	}
	var err error
	if d.write, err = sql.Open("sqlite", writing); err != nil {
		return err
	}
	d.write.SetMaxOpenConns(1)
	if d.readers, err = sql.Open("sqlite", reading); err != nil {
		return err
	}
	d.read = d.readers
	d.readers.SetMaxOpenConns(readersAtOnce)
	if d.missing {
		d.readers.SetMaxOpenConns(1) // each connection to memory has a database of its own
		_, err = d.readers.Exec(schema)
	}
	return err
}

// checkHeader refuses files of other programs and of newer versions.
func (d *database) checkHeader(ctx context.Context) error {
	d.version = schemaVersion
	if d.missing {
		return nil
	}
	var id, version int
	row := d.read.QueryRowContext(ctx, "SELECT application_id, user_version FROM pragma_application_id, pragma_user_version")
	if err := row.Scan(&id, &version); err != nil {
		return d.explain("open", err)
	}
	switch {
	case id != applicationID:
		return fmt.Errorf("cannot open the store %q: it is another program's SQLite file; give another path", d.path)
	case version > schemaVersion:
		return fmt.Errorf("cannot open the store %q: its schema has version %d and this program knows versions up to %d; use a newer imap-integration",
			d.path, version, schemaVersion)
	case version < schemaVersion && d.options.ReadOnly:
		d.version = version
	case version < schemaVersion:
		return d.upgrade(ctx)
	}
	return nil
}

// upgrade brings the store to the newest version of the schema, in one
// transaction. What is stored stays as it is.
func (d *database) upgrade(ctx context.Context) error {
	var version, was int
	err := d.change(ctx, "upgrade", func(tx *sql.Tx) error {
		// another run may have been faster
		if err := tx.QueryRowContext(ctx, "SELECT user_version FROM pragma_user_version").Scan(&version); err != nil {
			return err
		}
		was = version
		for ; version < schemaVersion; version++ {
			if version < 1 {
				return fmt.Errorf("its schema has the unknown version %d", version)
			}
			if _, err := tx.ExecContext(ctx, upgrades[version-1]); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version=%d", schemaVersion))
		return err
	})
	if err == nil && was < schemaVersion {
		d.options.Log.Info("brought the store to a newer schema; older programs refuse it now", "path", d.path, "from", was, "to", schemaVersion)
	}
	return err
}

// dsn names a file for SQLite, whatever characters its path has.
func dsn(path string, options ...string) string {
	u := url.URL{Scheme: "file", Path: uriPath(path)}
	for i, o := range options {
		if i > 0 {
			u.RawQuery += "&"
		}
		u.RawQuery += o
	}
	return u.String()
}

// Close ends all connections. The log is moved into the file by the last one.
func (d *database) Close() error {
	if d.readers == nil {
		return nil
	}
	if err := errors.Join(d.readers.Close(), d.write.Close()); err != nil {
		return d.explain("close", err)
	}
	return nil
}

// Settle moves the log into the file, as far as nobody reads what stands there: who copies
// the file alone then gets nearly everything. It is for runs that stay at work; the others end with Close.
func (d *database) Settle(ctx context.Context) error {
	if d.options.ReadOnly {
		return nil
	}
	var busy, frames, moved int
	if err := d.write.QueryRowContext(ctx, "PRAGMA wal_checkpoint(PASSIVE)").Scan(&busy, &frames, &moved); err != nil {
		return d.explain("write to", err)
	}
	return nil
}

// change runs f in one transaction that holds the write lock from its start.
func (d *database) change(ctx context.Context, verb string, f func(*sql.Tx) error) error {
	tx, err := d.write.BeginTx(ctx, nil)
	if err != nil {
		return d.explain(verb, err)
	}
	if err := f(tx); err != nil {
		return d.explain(verb, errors.Join(err, rollback(tx)))
	}
	if err := tx.Commit(); err != nil {
		return d.explain(verb, errors.Join(err, rollback(tx)))
	}
	return nil
}

// recorded is change for what the ledger tells of.
func (d *database) recorded(ctx context.Context, verb string, f func(tx *sql.Tx, l *ledger) error) error {
	var l *ledger
	err := d.change(ctx, verb, func(tx *sql.Tx) (err error) {
		if l, err = openLedger(ctx, tx, d.options, &d.recent); err == nil {
			err = f(tx, l)
		}
		if err == nil {
			err = l.flush(ctx)
		}
		return err
	})
	if err == nil { // and not before: an id that was rolled back is given again
		d.recent.keep(l.made)
	}
	return err
}

// rollback undoes a transaction that SQLite has not undone itself (it does on a full disk).
func rollback(tx *sql.Tx) error {
	err := tx.Rollback()
	if lite, ok := errors.AsType[*sqlite.Error](err); ok && lite.Code() == sqlite3.SQLITE_ERROR || errors.Is(err, sql.ErrTxDone) {
		return nil // ROLLBACK has no other error of this code than that no transaction is active
	}
	return err
}

// count answers a SELECT count(*) for the totals of lists.
func (d *database) count(ctx context.Context, query string, args ...any) (n int, err error) {
	if err := d.read.QueryRowContext(ctx, query, args...).Scan(&n); err != nil {
		return 0, d.explain("read", err)
	}
	return n, nil
}

// emails counts those that are in the store; of the ones that were pruned only the keys are.
func (d *database) emails(ctx context.Context) (int, error) {
	return d.count(ctx, `SELECT count(*) FROM mails m WHERE `+d.present())
}

// present is a term of SQL over emails m: it was not pruned.
func (d *database) present() string {
	if d.version < 2 {
		return "1"
	}
	return fmt.Sprintf("coalesce(m.content_size, 0) <> %d", prunedSize)
}

// column names a column of version 2 of the schema. Where a store of version 1
// is only read, it is not brought up, and what the column would say is constant.
func (d *database) column(name string) string {
	switch {
	case d.version >= 2:
		return name
	case name == "content_size":
		return "NULL"
	default:
		return "0"
	}
}

// Check tells what test-settings shows of the store, and whether it could be written to.
func (d *database) Check(ctx context.Context) (string, error) {
	if err := d.checkWritable(); err != nil {
		return "", err
	}
	if d.missing {
		return fmt.Sprintf("the store %s does not exist yet; the first run of the daemon will make it", d.path), nil
	}
	emails, err := d.emails(ctx)
	if err != nil {
		return "", err
	}
	if emails == 1 {
		return fmt.Sprintf("the store %s holds 1 email", d.path), nil
	}
	return fmt.Sprintf("the store %s holds %d emails", d.path, emails), nil
}

func (d *database) checkWritable() error {
	folder := filepath.Dir(d.path)
	if err := mayWrite(folder, true); err != nil {
		return d.explain("write to", err)
	}
	if !d.missing {
		if err := mayWrite(d.path, false); err != nil {
			return d.explain("write to", err)
		}
	}
	if err := noSpace(folder, fullBelow); err != nil {
		return d.explain("write to", err)
	}
	return nil
}
