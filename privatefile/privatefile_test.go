package privatefile_test

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"example.org/imap-integration/privatefile"
)

func TestReplace(t *testing.T) {
	dir := t.TempDir()
	path, link := filepath.Join(dir, "file"), filepath.Join(dir, "link")
	for _, text := range []string{"first", "second, which is longer", ""} {
		if err := privatefile.Replace(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
		holds(t, path, text)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("file", link); err != nil {
		t.Skip("no symbolic links here: ", err)
	}
	if err := privatefile.Replace(link, []byte("by the link")); err != nil {
		t.Fatal(err)
	}
	holds(t, path, "by the link")
	if _, err := os.Readlink(link); err != nil {
		t.Error("the link is none any more: ", err)
	}
	if files, _ := os.ReadDir(dir); len(files) != 2 {
		t.Errorf("left behind: %v", files)
	}
}

// TestReplaceFails leaves what was there, and nothing else.
func TestReplaceFails(t *testing.T) {
	dir := t.TempDir()
	if err := privatefile.Replace(filepath.Join(dir, "no such folder", "file"), nil); err == nil {
		t.Error("a file in a folder that is not there")
	}
	folder := filepath.Join(dir, "folder")
	if err := os.MkdirAll(filepath.Join(folder, "with something in it"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := privatefile.Replace(folder, []byte("x")); err == nil {
		t.Error("a folder was replaced")
	}
	if files, _ := os.ReadDir(dir); len(files) != 1 {
		t.Errorf("left behind: %v", files)
	}
}

func holds(t *testing.T, path, text string) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil || string(got) != text {
		t.Errorf("%q, %v, want %q", got, err, text)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if mode := info.Mode().Perm(); runtime.GOOS != "windows" && mode != 0o600 {
		t.Errorf("mode %o", mode)
	}
}
