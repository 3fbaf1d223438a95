//go:build unix

package local

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// What of a disk and its files differs between systems. Each file disk_*.go has
// the same functions.

// systemFull reports whether an error of the system says that there is no space.
func systemFull(error) bool { return false } // ENOSPC, EDQUOT and EFBIG are asked everywhere

// owner is the user that a file belongs to; false where the system does not tell.
func owner(info fs.FileInfo) (int, bool) {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	return int(stat.Uid), true
}

// inode is the number of a file on its disk, as /proc/locks has it; "" where the system does not tell.
func inode(info fs.FileInfo) string {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return ""
	}
	return fmt.Sprint(stat.Ino)
}

// lock takes the lock of an open folder, or returns errHeld, or errNoLocks where there are none.
func lock(folder *os.File) error {
	err := unix.Flock(int(folder.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	switch {
	case errors.Is(err, unix.EBADF), errors.Is(err, unix.ENOTSUP), errors.Is(err, unix.ENOLCK), errors.Is(err, unix.ENOSYS):
		return errNoLocks
	case errors.Is(err, unix.EWOULDBLOCK), errors.Is(err, unix.EINTR):
		return errHeld
	}
	return err
}

// mayWrite is an error where this run may not write to a file, or make files in a folder.
func mayWrite(path string, folder bool) error {
	mode := uint32(unix.W_OK)
	if folder {
		mode |= unix.X_OK
	}
	return unix.Access(path, mode)
}

// free is how many bytes are left on the disk of a folder; false where the system does not tell.
func free(folder string) (int64, bool) {
	var disk unix.Statfs_t
	if err := unix.Statfs(folder, &disk); err != nil || disk.Blocks == 0 {
		return 0, false
	}
	return int64(disk.Bavail) * int64(disk.Bsize), true // the types differ between systems
}

// syncFolder writes the names in a folder to the disk.
func syncFolder(folder *os.File) error { return folder.Sync() }

// uriPath is a path as SQLite takes it in a URI.
func uriPath(path string) string { return path }
