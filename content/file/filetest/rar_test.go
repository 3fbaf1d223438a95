package filetest

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestLockRAR5 makes the encrypted archives of the forms, and holds that they are what UnRAR was asked about.
func TestLockRAR5(t *testing.T) {
	forms := filepath.Join("..", "testdata", "forms")
	for _, name := range []string{"stored", "compressed", "solid", "blake2"} {
		open, err := os.ReadFile(filepath.Join(forms, "la-5-"+name+".rar"))
		if err != nil {
			t.Fatal(err)
		}
		for prefix, headers := range map[string]bool{"locked-5-": false, "locked-names-5-": true} {
			want, err := os.ReadFile(filepath.Join(forms, prefix+name+".rar"))
			if err != nil {
				t.Fatal(err)
			}
			if got := LockRAR5(open, "swordfish", headers); !bytes.Equal(got, want) {
				t.Errorf("%s%s is made otherwise", prefix, name)
			}
		}
	}
}
