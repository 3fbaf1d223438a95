package local

import (
	"os"

	"golang.org/x/sys/unix"
)

// nameless opens a file for writing that has no name in the folder, so that a killed run leaves nothing.
func nameless(folder string) (*os.File, error) {
	return os.OpenFile(folder, unix.O_TMPFILE|os.O_WRONLY, 0o600)
}
