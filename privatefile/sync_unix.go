//go:build unix

package privatefile

import (
	"errors"
	"os"
)

// syncFolder has the new name on the disk too.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
