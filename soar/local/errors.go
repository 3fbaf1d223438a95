package local

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"example.org/imap-integration/soar"
)

// explain makes a sentence of an error of SQLite or of the file system. verb
// says what was attempted: open, make, save in, read, change.
func (f file) explain(verb string, err error) error {
	next := ""
	var lite *sqlite.Error
	switch {
	case errors.As(err, &lite):
		next, err = f.explainSQLite(lite)
	case isFull(err):
		next, err = f.explainFull(err, err)
	case errors.Is(err, syscall.EROFS):
		next = "give a path on a disk that can be written to"
	case errors.Is(err, os.ErrPermission):
		next = "give this run the right to its folder, or another path"
	}
	if next != "" {
		return fmt.Errorf("cannot %s the store %q: %w; %s", verb, f.path, err, next)
	}
	return fmt.Errorf("cannot %s the store %q: %w", verb, f.path, err)
}

// explainSQLite returns the next step, and the error in plain words.
func (f file) explainSQLite(err *sqlite.Error) (next string, _ error) {
	switch err.Code() & 0xff { // the rest is SQLite's finer distinction
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		holder := ""
		if pid := f.holder(); pid != "" {
			holder = " by process " + pid
		}
		return "let that run end, then start again", fmt.Errorf("%w%s (waited %s)", soar.ErrBusy, holder, f.options.Busy)
	case sqlite3.SQLITE_FULL:
		return f.explainFull(f.probe(), err)
	case sqlite3.SQLITE_READONLY:
		return "give this run the right to the file and its folder, or another path", plain{"it cannot be written to", err}
	case sqlite3.SQLITE_NOTADB:
		return "give another path", plain{"it is not an SQLite file", err}
	case sqlite3.SQLITE_CORRUPT:
		return "take it from a backup, or give another path; sqlite3 FILE .recover saves what can be read", plain{"it is damaged", err}
	case sqlite3.SQLITE_CANTOPEN:
		if reason := f.probe(); isFull(reason) {
			return f.explainFull(reason, err)
		}
		return "give this run the right to the file and its folder", plain{"it, or the files beside it, cannot be opened", err}
	case sqlite3.SQLITE_IOERR:
		return f.explainIO(err)
	}
	return "", err
}

// explainIO tells a full disk from a broken one, where SQLite does not.
func (f file) explainIO(err *sqlite.Error) (next string, _ error) {
	reason := f.probe()
	switch {
	case isFull(reason) && err.Code() == sqlite3.SQLITE_IOERR_SHMSIZE:
		_, full := f.explainFull(reason, err)
		return "free space on it", plain{fmt.Sprintf("even reading it needs %d KiB for the file %q, and %v", indexSize>>10, filepath.Base(f.path)+"-shm", full), err}
	case isFull(reason):
		return f.explainFull(reason, err)
	}
	return "look at the system's log, or give another path", plain{"the disk failed", err}
}

// explainFull words a write that found no space; reason is what the system says to another one.
func (f file) explainFull(reason, err error) (next string, _ error) {
	folder := filepath.Dir(f.path)
	switch {
	case errors.Is(reason, syscall.EFBIG):
		return "raise that limit (ulimit -f), or give a path on another disk", plain{"the file would be larger than this run or the disk allows", err}
	case errors.Is(reason, syscall.EDQUOT):
		return "free space, or raise the quota", plain{fmt.Sprintf("the disk is full for this user: the quota for the folder %q is used up", folder), err}
	}
	return "free space on it, or give another path", plain{fmt.Sprintf("the disk is full that holds the folder %q", folder), err}
}

func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG) || systemFull(err)
}

const (
	indexSize = 32 << 10 // bytes of PATH-shm at first; without them SQLite cannot read a file that has a log
	probeSize = 64 << 10 // a page and what belongs to it in the log
)

// probe finds out why SQLite could not write, which keeps the system's answer
// to itself: it writes to a file without a name, where the store's files end.
func (f file) probe() error {
	folder := filepath.Dir(f.path)
	trial, err := nameless(folder)
	if err != nil {
		return errors.Join(full(err), noSpace(folder, probeSize)) // no such files here, perhaps
	}
	defer trial.Close()
	if _, err := trial.WriteAt(make([]byte, probeSize), f.end()); err != nil {
		return err
	}
	return errors.Join(trial.Sync(), noSpace(folder, probeSize))
}

// full is err where it says that the disk is.
func full(err error) error {
	if isFull(err) {
		return err
	}
	return nil
}

// end is the size of the larger of the store's two files.
func (f file) end() (size int64) {
	for _, name := range []string{f.path, f.path + "-wal"} {
		if info, err := os.Stat(name); err == nil {
			size = max(size, info.Size())
		}
	}
	return size
}

// noSpace is ENOSPC where the disk of the folder has less than these bytes free.
func noSpace(folder string, bytes int64) error {
	if left, known := free(folder); known && left < bytes {
		return syscall.ENOSPC
	}
	return nil
}

// plain is a sentence of our own for an error of the library.
type plain struct {
	sentence string
	cause    error
}

func (p plain) Error() string { return p.sentence }
func (p plain) Unwrap() error { return p.cause }

// walWriteLock is the byte of the file PATH-shm that a writer locks
// (https://sqlite.org/walformat.html, section 2.3.1).
const walWriteLock = 120

// holder returns the process that has the write lock, "" where the system
// does not tell. Linux lists all locks in /proc/locks; asking with fcntl
// instead would need a descriptor whose closing drops SQLite's own locks.
func (f file) holder() string {
	info, err := os.Stat(f.path + "-shm")
	if err != nil {
		return ""
	}
	number := inode(info)
	if number == "" {
		return ""
	}
	locks, err := os.Open("/proc/locks")
	if err != nil {
		return ""
	}
	defer locks.Close()
	self := fmt.Sprint(os.Getpid())
	for lines := bufio.NewScanner(locks); lines.Scan(); {
		// 1: POSIX  ADVISORY  WRITE 1234 08:01:5678 120 120
		fields := strings.Fields(lines.Text())
		if len(fields) == 8 && fields[3] == "WRITE" && strings.HasSuffix(fields[5], ":"+number) && covers(fields[6], fields[7]) && fields[4] != self {
			return fields[4]
		}
	}
	return ""
}

// covers reports whether a lock on these bytes of PATH-shm is that of a writer.
func covers(first, last string) bool {
	from, err1 := strconv.Atoi(first)
	to, err2 := strconv.Atoi(last)
	return err1 == nil && err2 == nil && from <= walWriteLock && walWriteLock <= to
}
