package local

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/windows"
)

func systemFull(err error) bool {
	return errors.Is(err, windows.ERROR_DISK_FULL) || errors.Is(err, windows.ERROR_HANDLE_DISK_FULL)
}

// owner does not tell: a file has a list of rights, which it takes from its folder.
func owner(fs.FileInfo) (int, bool) { return 0, false }

func inode(fs.FileInfo) string { return "" }

// lock is for files only on Windows: two runs that make one store at the same
// moment are told apart by the rename of the finished file.
func lock(*os.File) error { return errNoLocks }

func mayWrite(path string, folder bool) error {
	if folder {
		return nil // what a folder's rights come to, only making a file in it tells
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return f.Close()
}

func free(folder string) (int64, bool) {
	name, err := windows.UTF16PtrFromString(folder)
	if err != nil {
		return 0, false
	}
	var left uint64
	if err := windows.GetDiskFreeSpaceEx(name, &left, nil, nil); err != nil {
		return 0, false
	}
	return int64(min(left, 1<<62)), true
}

// syncFolder: NTFS writes names in its own journal, and a folder cannot be flushed.
func syncFolder(*os.File) error { return nil }

func uriPath(path string) string { return "/" + filepath.ToSlash(path) }
