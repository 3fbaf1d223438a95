package local

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"example.org/imap-integration/evidence"
)

// backupBase is in the names of back-ups that are not finished; those of one that was
// killed are removed by a later one into the same folder, whatever name that gets.
const backupBase = "imap-integration-backup"

// BackupReport is what a back-up holds. Entries and Link are the head of its ledger, as
// audit --ledger --head takes it.
type BackupReport struct {
	Store   string `json:"store"`
	Backup  string `json:"backup"`
	Emails  int    `json:"emails"`
	Bytes   int64  `json:"bytes"` // of the file
	Entries int64  `json:"entries"`
	Link    string `json:"link"`
}

// Backup copies a store to the path to, where nothing may be yet: what one moment of it
// was, while other runs go on writing. The copy is whole, of mode 0600 and on the disk
// before it has its name, so that a kill leaves none of it under that name. It holds no
// bytes of emails that were removed. A back-up of a back-up is how one is restored.
func Backup(ctx context.Context, s *Store, to string) (*BackupReport, error) {
	if s.missing {
		return nil, fmt.Errorf("cannot back up the store %q: it does not exist", s.path)
	}
	absolute, err := filepath.Abs(to)
	if err != nil {
		return nil, fmt.Errorf("cannot make the back-up %q: %w", to, err)
	}
	target := file{absolute, s.options}
	if err := target.vacant(); err != nil {
		return nil, err
	}
	if err := target.examineFolder(); err != nil {
		return nil, err
	}
	folder, err := os.Open(filepath.Dir(absolute))
	if err != nil {
		return nil, target.explain("make", err)
	}
	defer folder.Close()
	target.removeStale(backupBase, false)
	// The lock of the folder is not held while a large store is copied: other runs may want to make theirs.
	name, err := target.makeIn(ctx, folder, backupBase, s.version, func(ctx context.Context, path string) error { return copyTo(ctx, s.file, path) })
	if err != nil {
		return nil, explainCopy(ctx, s.file, target, err)
	}
	report, err := describe(ctx, name, s.options)
	if err == nil {
		err = target.publishNew(ctx, name, folder)
	}
	if err != nil {
		return nil, errors.Join(err, remove(name, true))
	}
	report.Store, report.Backup = s.path, absolute
	s.options.Log.Info("backed up the store", "path", s.path, "to", absolute, "emails", report.Emails, "bytes", report.Bytes)
	return report, nil
}

// vacant refuses a path where something is: a back-up replaces nothing, least of all the store of a run.
func (f file) vacant() error {
	switch _, err := os.Lstat(f.path); {
	case err == nil:
		return fmt.Errorf("cannot make the back-up %q: there is a file of this name; give another one, or move it away first", f.path)
	case !errors.Is(err, fs.ErrNotExist):
		return f.explain("make", err)
	}
	return nil
}

// publishNew is publish where nobody took the name meanwhile.
func (f file) publishNew(ctx context.Context, name string, folder *os.File) error {
	if _, err := f.lockFolder(ctx, folder); err != nil {
		return f.explain("make", err)
	}
	if err := f.vacant(); err != nil {
		return err
	}
	if err := f.publish(name, folder); err != nil {
		return f.explain("make", err)
	}
	return nil
}

// copyTo writes what the store is at this moment into an empty file. It reads under one
// transaction, which no writer waits for; meanwhile the log is kept.
func copyTo(ctx context.Context, from file, path string) error {
	source, err := sql.Open("sqlite", dsn(from.path, "mode=rw", fmt.Sprintf("_pragma=busy_timeout(%d)", from.options.Busy.Milliseconds())))
	if err != nil {
		return err
	}
	defer source.Close()
	if _, err := source.ExecContext(ctx, "VACUUM INTO ?", path); err != nil {
		return err
	}
	made, err := sql.Open("sqlite", dsn(path, "mode=rw"))
	if err != nil {
		return err
	}
	return errors.Join(useLog(ctx, made), made.Close())
}

// explainCopy says on which side a copy failed.
func explainCopy(ctx context.Context, from, target file, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if lite, ok := errors.AsType[*sqlite.Error](err); ok {
		switch lite.Code() & 0xff {
		case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
			return from.explain("back up", err)
		}
	}
	return target.explain("make", err)
}

// describe counts what is in a finished copy, which nobody else has open.
func describe(ctx context.Context, path string, o Options) (*BackupReport, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", dsn(path, "mode=ro", "immutable=1"))
	if err != nil {
		return nil, err
	}
	defer db.Close()
	copied := &Store{database: &database{file: file{path, o}, read: db, version: schemaVersion}}
	if err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&copied.version); err != nil {
		return nil, copied.explain("read", err)
	}
	report := &BackupReport{Bytes: info.Size()}
	if report.Emails, err = copied.emails(ctx); err != nil {
		return nil, err
	}
	var head evidence.Head
	if head, err = (source{copied}).Head(ctx); err != nil {
		return nil, err
	}
	report.Entries, report.Link = head.Count, head.Link
	return report, nil
}
