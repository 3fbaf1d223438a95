//go:build !unix

package imapwire

import (
	"errors"
	"os"
)

// newSpool is for systems without unlinked files: every email stays in memory.
func newSpool() *os.File { return nil }

func mapped(*os.File, int64) ([]byte, func(), error) { return nil, nil, errors.ErrUnsupported }
