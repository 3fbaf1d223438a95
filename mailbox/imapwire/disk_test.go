package imapwire

import (
	"os"
	"path/filepath"
	"testing"
)

// readOnlyFile is a file that cannot be written to.
func readOnlyFile(t *testing.T) *os.File {
	path := filepath.Join(t.TempDir(), "full")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return f
}
