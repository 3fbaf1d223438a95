package local

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"example.org/imap-integration/soar"
)

// explain makes a sentence of an error of SQLite or of the file system. verb
// says what was attempted: open, make, save in, read, change.
func (s *Store) explain(verb string, err error) error {
	next := ""
	var lite *sqlite.Error
	switch {
	case errors.As(err, &lite):
		next, err = s.explainSQLite(lite)
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		next = "free space on it, or give another path"
	case errors.Is(err, syscall.EROFS):
		next = "give a path on a disk that can be written to"
	case errors.Is(err, os.ErrPermission):
		next = "give this run the right to its folder, or another path"
	}
	if next != "" {
		return fmt.Errorf("cannot %s the store %q: %w; %s", verb, s.path, err, next)
	}
	return fmt.Errorf("cannot %s the store %q: %w", verb, s.path, err)
}

// explainSQLite returns the next step, and the error in plain words.
func (s *Store) explainSQLite(err *sqlite.Error) (next string, _ error) {
	switch err.Code() & 0xff { // the rest is SQLite's finer distinction
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		holder := ""
		if pid := s.holder(); pid != "" {
			holder = " by process " + pid
		}
		return "let that run end, then start again", fmt.Errorf("%w%s (waited %s)", soar.ErrBusy, holder, s.options.Busy)
	case sqlite3.SQLITE_FULL:
		return "free space on it, or give another path", plain{"the disk is full", err}
	case sqlite3.SQLITE_READONLY:
		return "give this run the right to the file and its folder, or another path", plain{"it cannot be written to", err}
	case sqlite3.SQLITE_NOTADB:
		return "give another path", plain{"it is not an SQLite file", err}
	case sqlite3.SQLITE_CORRUPT:
		return "take it from a backup, or give another path; sqlite3 FILE .recover saves what can be read", plain{"it is damaged", err}
	case sqlite3.SQLITE_CANTOPEN:
		return "give this run the right to the file and its folder", plain{"it, or the files beside it, cannot be opened", err}
	case sqlite3.SQLITE_IOERR:
		return "free space on it, or look at the system's log", plain{"the disk is full or failed", err}
	}
	return "", err
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
func (s *Store) holder() string {
	info, err := os.Stat(s.path + "-shm")
	if err != nil {
		return ""
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return ""
	}
	locks, err := os.Open("/proc/locks")
	if err != nil {
		return ""
	}
	defer locks.Close()
	inode, self := fmt.Sprintf(":%d", stat.Ino), fmt.Sprint(os.Getpid())
	for lines := bufio.NewScanner(locks); lines.Scan(); {
		// 1: POSIX  ADVISORY  WRITE 1234 08:01:5678 120 120
		f := strings.Fields(lines.Text())
		if len(f) == 8 && f[3] == "WRITE" && strings.HasSuffix(f[5], inode) && covers(f[6], f[7]) && f[4] != self {
			return f[4]
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
