//go:build !linux

package local

import (
	"errors"
	"os"
)

// nameless is for systems without such files.
func nameless(string) (*os.File, error) { return nil, errors.ErrUnsupported }
