// Package privatefile replaces a small file that only its owner may read: settings,
// tokens, a status. A process may be ended at any instruction and a disk may be full:
// a reader finds the old file or the new one, whole, and never a part. The file gets
// mode 0600 whatever it had. A symbolic link stays one: what it leads to is replaced.
package privatefile

import (
	"errors"
	"os"
	"path/filepath"
)

// Replace puts data in the place of the file at path, or makes it. It is written beside
// the file, and on the disk when Replace returns nil.
func Replace(path string, data []byte) (err error) {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	temporary, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(temporary.Name())
		}
	}()
	_, err = temporary.Write(data)
	if err = errors.Join(err, temporary.Sync(), temporary.Close()); err != nil {
		return err
	}
	if err := os.Rename(temporary.Name(), path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}
