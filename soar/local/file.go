package local

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.org/imap-integration/soar"
)

const (
	staleTemporary  = time.Hour // age of a store that nobody is making any more, where the file system has no locks
	lockPoll        = 20 * time.Millisecond
	temporarySuffix = ".new"
)

// file is a store's place on the disk. It is looked at and made here; what SQLite
// and the system say of it is put into words in errors.go.
type file struct {
	path    string
	options Options
}

// examine looks at what is at the path before SQLite does: SQLite would make
// a store of an empty file, and open a device. missing: there is none, and none is made.
func (f file) examine(ctx context.Context) (missing bool, err error) {
	info, err := os.Lstat(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := f.examineFolder(); err != nil {
			return false, err
		}
		if f.options.ReadOnly {
			return true, nil
		}
		return false, f.makeNew(ctx)
	}
	if err != nil {
		return false, f.explain("open", err)
	}
	return false, f.examineFile(info)
}

func (f file) examineFolder() error {
	folder := filepath.Dir(f.path)
	info, err := os.Stat(folder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("cannot make the store %q: the folder %q does not exist; make it, or give another path", f.path, folder)
	case err != nil:
		return f.explain("make", err)
	case !info.IsDir():
		return fmt.Errorf("cannot make the store %q: %q is not a folder; give another path", f.path, folder)
	}
	return nil
}

func (f file) examineFile(info fs.FileInfo) error {
	refuse := func(what string) error { return fmt.Errorf("cannot open the store %q: %s", f.path, what) }
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
	if user, ok := owner(info); ok && user != os.Geteuid() {
		return refuse(fmt.Sprintf("it belongs to the user with the id %d and this run has the id %d; run as its owner, or change the owner",
			user, os.Geteuid()))
	}
	return f.tighten(info)
}

// tighten takes the store away from other users: it holds their colleagues' email.
func (f file) tighten(info fs.FileInfo) error {
	if info.Mode().Perm()&0o077 == 0 {
		return nil
	}
	f.options.Log.Warn("the store could be read by other users", "path", f.path, "mode", info.Mode().Perm().String())
	if f.options.ReadOnly {
		return nil
	}
	if err := os.Chmod(f.path, 0o600); err != nil {
		return f.explain("open", err)
	}
	return nil
}

// makeNew makes the store under another name and renames it when it is whole,
// so that no run ever sees half a store, and a kill leaves none.
func (f file) makeNew(ctx context.Context) error {
	folder, err := os.Open(filepath.Dir(f.path))
	if err != nil {
		return f.explain("make", err)
	}
	defer folder.Close()
	locked, err := f.lockFolder(ctx, folder)
	if err != nil {
		return f.explain("make", err)
	}
	if _, err := os.Lstat(f.path); err == nil {
		return nil // another run made it meanwhile
	}
	f.removeStale(filepath.Base(f.path), locked)
	made, err := f.makeIn(ctx, folder, filepath.Base(f.path), schemaVersion, fill)
	if err == nil {
		err = f.publish(made, folder)
	}
	if err != nil {
		return f.explain("make", err)
	}
	f.options.Log.Info("made a new store", "path", f.path)
	return nil
}

// What lock returns besides the system's errors.
var (
	errNoLocks = errors.New("this file system has no locks")
	errHeld    = errors.New("another process holds the lock")
)

// lockFolder lets one run at a time make a store in the folder. false, nil:
// this file system has no such locks.
func (f file) lockFolder(ctx context.Context, folder *os.File) (bool, error) {
	tooLong := time.After(f.options.Busy)
	for {
		switch err := lock(folder); {
		case err == nil:
			return true, nil
		case errors.Is(err, errNoLocks):
			return false, nil
		case !errors.Is(err, errHeld):
			return false, err
		}
		select {
		case <-ctx.Done():
			return false, ctx.Err()
		case <-tooLong:
			return false, fmt.Errorf("%w: another process has held the lock of the folder %q for %s", soar.ErrBusy, folder.Name(), f.options.Busy)
		case <-time.After(lockPoll):
		}
	}
}

// makeIn makes a store in the folder, under a name of its own with base in it, and
// returns that. Whatever fails, nothing stays.
func (f file) makeIn(ctx context.Context, folder *os.File, base string, version int, fill func(ctx context.Context, path string) error) (name string, err error) {
	made, err := os.CreateTemp(folder.Name(), "."+base+".*"+temporarySuffix) // mode 0600
	if err != nil {
		return "", err
	}
	defer func() {
		_ = made.Close()
		if err != nil {
			_ = remove(made.Name(), true)
		}
	}()
	if err := fill(ctx, made.Name()); err != nil {
		return "", err
	}
	if err := made.Sync(); err != nil {
		return "", err
	}
	return made.Name(), verify(ctx, made, version)
}

// publish gives a finished store its name. It may be renamed, as it is closed (Windows wants that).
func (f file) publish(name string, folder *os.File) (err error) {
	defer func() {
		if err != nil {
			_ = remove(name, true)
		}
	}()
	// The log of a store that somebody deleted would be taken for that of the new one.
	if err := remove(f.path, false); err != nil {
		return err
	}
	if err := os.Rename(name, f.path); err != nil {
		return err
	}
	return syncFolder(folder)
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
func (f file) removeStale(base string, locked bool) {
	folder := filepath.Dir(f.path)
	entries, err := os.ReadDir(folder)
	if err != nil {
		return // a leftover harms nobody
	}
	for _, e := range entries {
		if !isTemporary(e.Name(), base) {
			continue
		}
		if info, err := e.Info(); err == nil && (locked || f.options.Now().Sub(info.ModTime()) > staleTemporary) {
			_ = os.Remove(filepath.Join(folder, e.Name()))
		}
	}
}

// isTemporary reports whether name is one that makeIn and SQLite give to a store that is being made.
func isTemporary(name, base string) bool {
	number, found := strings.CutPrefix(name, "."+base+".")
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
func verify(ctx context.Context, f *os.File, want int) error {
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
	if versions != [2]byte{2, 2} || id != applicationID || version != want || verdict != "ok" {
		return fmt.Errorf("the new file was not written whole (%s); look at the system's log, or give another path", verdict)
	}
	return nil
}
