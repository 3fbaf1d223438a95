//go:build unix

package imapwire

import (
	"os"
	"syscall"
)

// newSpool returns a temporary file (mode 0600) that has no name any more, so
// that nobody else can shorten it under the mapping and a killed process
// leaves nothing behind; nil where there can be none.
func newSpool() *os.File {
	f, err := os.CreateTemp("", "imap-integration-*")
	if err != nil {
		return nil
	}
	if err := os.Remove(f.Name()); err != nil {
		_ = f.Close()
		return nil
	}
	return f
}

// mapped maps the file's n bytes, all of which have been written: reading them cannot fail.
func mapped(f *os.File, n int64) (data []byte, unmap func(), err error) {
	data, err = syscall.Mmap(int(f.Fd()), 0, int(n), syscall.PROT_READ, syscall.MAP_PRIVATE)
	if err != nil {
		return nil, nil, err
	}
	return data, func() { _ = syscall.Munmap(data) }, nil
}
