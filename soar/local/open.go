// Package local is Cloud SOAR in one SQLite file, and an HTTP server over it.
package local

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
	"modernc.org/sqlite"

	"example.org/imap-integration/soar"
)

// DefaultBusy is how long a writer waits for another process. One save holds
// the file for well under a second; longer is another program's doing.
const DefaultBusy = 10 * time.Second

const (
	cacheKiB        = 2 << 10 // page cache of the writing connection; pages beyond it go to the log early
	readCacheKiB    = 1 << 10
	readers         = 2         // connections that read while one writes
	checkpointPages = 500       // 16 MiB of log, then it is moved into the file
	logSizeLimit    = 64 << 20  // bytes the log keeps on the disk after one large save
	fullBelow       = 1 << 20   // bytes free on the disk below which test-settings calls it full
	staleTemporary  = time.Hour // age of a store that nobody is making any more, where the file system has no locks
	lockPoll        = 20 * time.Millisecond
	temporarySuffix = ".new"
)

// Options say how a store is opened. The zero value opens it for work.
type Options struct {
	// ReadOnly changes nothing: a store that does not exist is not made, reads
	// as empty, and Check says that it will be made.
	ReadOnly bool
	Busy     time.Duration    // wait for another process; 0: DefaultBusy
	Now      func() time.Time // nil: time.Now
	Log      *slog.Logger     // nil: none
}

// Store is a Cloud SOAR in a file. Its methods may be called at the same time.
type Store struct {
	path    string
	options Options
	missing bool    // ReadOnly, and there is no file yet
	old     bool    // ReadOnly, and the file has version 1 of the schema
	write   *sql.DB // one connection, whose transactions take the write lock at once
	read    *sql.DB

	prepare    sync.Mutex // guards statements
	statements statements
}

// Open opens the store at path, and makes it where there is none. Its folder must exist.
func Open(ctx context.Context, path string, o Options) (*Store, error) {
	s := &Store{options: o.withDefaults()}
	var err error
	if s.path, err = filepath.Abs(path); err != nil {
		return nil, fmt.Errorf("cannot open the store %q: %w", path, err)
	}
	// The commit waits for the data, not for the file's times.
	if _, err := sqlite.Fdatasync(true); err != nil && !errors.Is(err, sqlite.ErrFdatasyncUnavailable) {
		return nil, fmt.Errorf("cannot open the store %q: %w", path, err)
	}
	if err := s.examine(ctx); err != nil {
		return nil, err
	}
	if err := s.connect(); err != nil {
		return nil, s.explain("open", err)
	}
	if err := s.checkHeader(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (o Options) withDefaults() Options {
	if o.Busy == 0 {
		o.Busy = DefaultBusy
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// Close ends all connections. The log is moved into the file by the last one.
func (s *Store) Close() error {
	if s.read == nil {
		return nil
	}
	if err := errors.Join(s.read.Close(), s.write.Close()); err != nil {
		return s.explain("close", err)
	}
	return nil
}

// examine looks at what is at the path before SQLite does: SQLite would make
// a store of an empty file, and open a device.
func (s *Store) examine(ctx context.Context) error {
	info, err := os.Lstat(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := s.examineFolder(); err != nil {
			return err
		}
		if s.options.ReadOnly {
			s.missing = true
			return nil
		}
		return s.makeNew(ctx)
	}
	if err != nil {
		return s.explain("open", err)
	}
	return s.examineFile(info)
}

func (s *Store) examineFolder() error {
	folder := filepath.Dir(s.path)
	info, err := os.Stat(folder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("cannot make the store %q: the folder %q does not exist; make it, or give another path", s.path, folder)
	case err != nil:
		return s.explain("make", err)
	case !info.IsDir():
		return fmt.Errorf("cannot make the store %q: %q is not a folder; give another path", s.path, folder)
	}
	return nil
}

func (s *Store) examineFile(info fs.FileInfo) error {
	refuse := func(what string) error { return fmt.Errorf("cannot open the store %q: %s", s.path, what) }
	switch {
	case info.IsDir():
		return refuse("it is a folder; give the path of a file in it, soar.db say")
	case info.Mode()&fs.ModeSymlink != 0:
		return refuse("it is a symbolic link; give the path of the file itself")
	case !info.Mode().IsRegular():
		return refuse("it is not a regular file; give another path")
	case info.Size() == 0:
		return refuse("it is empty, so it never was a store; remove it or give another path, and a new store is made there")
	}
	if owner, ok := info.Sys().(*syscall.Stat_t); ok && int(owner.Uid) != os.Geteuid() {
		return refuse(fmt.Sprintf("it belongs to the user with the id %d and this run has the id %d; run as its owner, or change the owner",
			owner.Uid, os.Geteuid()))
	}
	return s.tighten(info)
}

// tighten takes the store away from other users: it holds their colleagues' email.
func (s *Store) tighten(info fs.FileInfo) error {
	if info.Mode().Perm()&0o077 == 0 {
		return nil
	}
	s.options.Log.Warn("the store could be read by other users", "path", s.path, "mode", info.Mode().Perm().String())
	if s.options.ReadOnly {
		return nil
	}
	if err := os.Chmod(s.path, 0o600); err != nil {
		return s.explain("open", err)
	}
	return nil
}

// makeNew makes the store under another name and renames it when it is whole,
// so that no run ever sees half a store, and a kill leaves none.
func (s *Store) makeNew(ctx context.Context) error {
	folder, err := os.Open(filepath.Dir(s.path))
	if err != nil {
		return s.explain("make", err)
	}
	defer folder.Close()
	locked, err := s.lockFolder(ctx, folder)
	if err != nil {
		return s.explain("make", err)
	}
	if _, err := os.Lstat(s.path); err == nil {
		return nil // another run made it meanwhile
	}
	s.removeStale(locked)
	if err := s.makeIn(ctx, folder); err != nil {
		return s.explain("make", err)
	}
	s.options.Log.Info("made a new store", "path", s.path)
	return nil
}

// lockFolder lets one run at a time make a store in the folder. false, nil:
// this file system has no such locks.
func (s *Store) lockFolder(ctx context.Context, folder *os.File) (bool, error) {
	tooLong := time.After(s.options.Busy)
	for {
		err := unix.Flock(int(folder.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		switch {
		case err == nil:
			return true, nil
		case errors.Is(err, unix.EBADF), errors.Is(err, unix.ENOTSUP), errors.Is(err, unix.ENOLCK), errors.Is(err, unix.ENOSYS):
			return false, nil
		case !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR):
			return false, err
		}
		select {
		case <-ctx.Done():
			return false, ctx.Err()
		case <-tooLong:
			return false, fmt.Errorf("%w: another process has held the lock of the folder %q for %s", soar.ErrBusy, folder.Name(), s.options.Busy)
		case <-time.After(lockPoll):
		}
	}
}

// makeIn makes the store's file in the folder. Whatever fails, nothing stays.
func (s *Store) makeIn(ctx context.Context, folder *os.File) error {
	f, err := os.CreateTemp(folder.Name(), "."+filepath.Base(s.path)+".*"+temporarySuffix) // mode 0600
	if err != nil {
		return err
	}
	defer f.Close()
	defer remove(f.Name(), true)
	if err := fill(ctx, f.Name()); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := verify(ctx, f); err != nil {
		return err
	}
	return s.publish(f.Name(), folder)
}

// publish gives a finished store its name.
func (s *Store) publish(name string, folder *os.File) error {
	// The log of a store that somebody deleted would be taken for that of the new one.
	if err := remove(s.path, false); err != nil {
		return err
	}
	if err := os.Rename(name, s.path); err != nil {
		return err
	}
	return folder.Sync()
}

// remove removes what SQLite keeps beside the file at path, and that file too where all is true.
func remove(path string, all bool) error {
	names := []string{path + "-wal", path + "-shm", path + "-journal"}
	if all {
		names = append(names, path)
	}
	for _, name := range names {
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// removeStale removes what killed runs left of stores that they never
// finished. With the lock nobody else is making one; without it only age tells.
func (s *Store) removeStale(locked bool) {
	folder := filepath.Dir(s.path)
	entries, err := os.ReadDir(folder)
	if err != nil {
		return // a leftover harms nobody
	}
	for _, e := range entries {
		if !isTemporary(e.Name(), filepath.Base(s.path)) {
			continue
		}
		if info, err := e.Info(); err == nil && (locked || s.options.Now().Sub(info.ModTime()) > staleTemporary) {
			_ = os.Remove(filepath.Join(folder, e.Name()))
		}
	}
}

// isTemporary reports whether name is one that makeIn and SQLite give to a store that is being made.
func isTemporary(name, store string) bool {
	number, found := strings.CutPrefix(name, "."+store+".")
	number, suffix, cut := strings.Cut(number, temporarySuffix)
	_, err := strconv.ParseUint(number, 10, 64)
	return found && cut && err == nil && slices.Contains([]string{"", "-wal", "-shm", "-journal"}, suffix)
}

func fill(ctx context.Context, path string) error {
	db, err := sql.Open("sqlite", dsn(path, "mode=rw"))
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1)
	// No syncs of its own: makeIn syncs the file before anybody can see it. No
	// log before all is in the file: what is moved out of it when the file is
	// closed may find the disk full, and nobody would hear of it.
	_, err = db.ExecContext(ctx, fmt.Sprintf("PRAGMA synchronous=OFF; PRAGMA page_size=%d; PRAGMA journal_mode=MEMORY; BEGIN; PRAGMA application_id=%d; PRAGMA user_version=%d; %s COMMIT;",
		pageSize, applicationID, schemaVersion, schema))
	if err == nil {
		err = useLog(ctx, db)
	}
	return errors.Join(err, db.Close())
}

// useLog sets the journal mode of the file for good.
func useLog(ctx context.Context, db *sql.DB) error {
	var mode string
	if err := db.QueryRowContext(ctx, "PRAGMA journal_mode=WAL").Scan(&mode); err != nil {
		return err
	}
	if mode != "wal" {
		return fmt.Errorf("SQLite uses the journal mode %q and not a log", mode)
	}
	return nil
}

// verify reads a finished store back: the file alone, without a log, for
// nothing else is renamed.
func verify(ctx context.Context, f *os.File) error {
	if _, err := os.Lstat(f.Name() + "-wal"); !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(errors.New("SQLite left a log of the new file"), err)
	}
	var versions [2]byte // both 2: the file has a log (https://sqlite.org/fileformat2.html, section 1.3.3)
	if _, err := f.ReadAt(versions[:], 18); err != nil {
		return err
	}
	db, err := sql.Open("sqlite", dsn(f.Name(), "mode=ro", "immutable=1"))
	if err != nil {
		return err
	}
	defer db.Close()
	var verdict string
	var id, version int
	row := db.QueryRowContext(ctx, "SELECT application_id, user_version, quick_check FROM pragma_application_id, pragma_user_version, pragma_quick_check")
	if err := row.Scan(&id, &version, &verdict); err != nil {
		return err
	}
	if versions != [2]byte{2, 2} || id != applicationID || version != schemaVersion || verdict != "ok" {
		return fmt.Errorf("the new file was not written whole (%s); look at the system's log, or give another path", verdict)
	}
	return nil
}

// connect makes the two pools; their connections are opened when needed.
func (s *Store) connect() error {
	// temp_store: an image of nothing but the program has no folder for temporary files.
	busy := fmt.Sprintf("_pragma=busy_timeout(%d)&_pragma=temp_store(MEMORY)", s.options.Busy.Milliseconds())
	writing := dsn(s.path, "mode=rw", busy, "_txlock=immediate", "_pragma=synchronous(FULL)", "_pragma=foreign_keys(1)",
		fmt.Sprintf("_pragma=cache_size(-%d)", cacheKiB), fmt.Sprintf("_pragma=wal_autocheckpoint(%d)", checkpointPages),
		fmt.Sprintf("_pragma=journal_size_limit(%d)", logSizeLimit))
	// query_only and not mode=ro: the latter could not clean up after a killed run, and would leave its own files.
	reading := dsn(s.path, "mode=rw", busy, "_pragma=query_only(1)", fmt.Sprintf("_pragma=cache_size(-%d)", readCacheKiB))
	if s.missing {
		writing, reading = "file::memory:?_txlock=immediate", "file::memory:"
	}
	if s.options.ReadOnly && !s.missing {
		writing = reading
	}
	var err error
	if s.write, err = sql.Open("sqlite", writing); err != nil {
		return err
	}
	s.write.SetMaxOpenConns(1)
	if s.read, err = sql.Open("sqlite", reading); err != nil {
		return err
	}
	s.read.SetMaxOpenConns(readers)
	if s.missing {
		s.read.SetMaxOpenConns(1) // each connection to memory has a database of its own
		_, err = s.read.Exec(schema)
	}
	return err
}

// checkHeader refuses files of other programs and of newer versions.
func (s *Store) checkHeader(ctx context.Context) error {
	if s.missing {
		return nil
	}
	var id, version int
	row := s.read.QueryRowContext(ctx, "SELECT application_id, user_version FROM pragma_application_id, pragma_user_version")
	if err := row.Scan(&id, &version); err != nil {
		return s.explain("open", err)
	}
	switch {
	case id != applicationID:
		return fmt.Errorf("cannot open the store %q: it is another program's SQLite file; give another path", s.path)
	case version > schemaVersion:
		return fmt.Errorf("cannot open the store %q: its schema has version %d and this program knows versions up to %d; use a newer imap-integration",
			s.path, version, schemaVersion)
	case version < schemaVersion && s.options.ReadOnly:
		s.old = true
	case version < schemaVersion:
		return s.upgrade(ctx)
	}
	return nil
}

// upgrade brings the store to the newest version of the schema, in one
// transaction. What is stored stays as it is.
func (s *Store) upgrade(ctx context.Context) error {
	return s.change(ctx, "upgrade", func(tx *sql.Tx) error {
		var version int // another run may have been faster
		if err := tx.QueryRowContext(ctx, "SELECT user_version FROM pragma_user_version").Scan(&version); err != nil {
			return err
		}
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
}

// dsn names a file for SQLite, whatever characters its path has.
func dsn(path string, options ...string) string {
	u := url.URL{Scheme: "file", Path: path}
	for i, o := range options {
		if i > 0 {
			u.RawQuery += "&"
		}
		u.RawQuery += o
	}
	return u.String()
}
