package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestRenameModuleLong gives a copy of the project another module path and wants the
// old one nowhere, and all packages to be found under the new.
func TestRenameModuleLong(t *testing.T) {
	gitFiles := exec.Command("git", "ls-files", "-z")
	gitFiles.Dir = ".."
	listed, err := gitFiles.Output()
	if err != nil {
		t.Skip("no git work tree here, so no list of the project's files")
	}
	copied := t.TempDir()
	for name := range strings.SplitSeq(strings.TrimSuffix(string(listed), "\x00"), "\x00") {
		data, err := os.ReadFile(filepath.Join("..", name))
		if err != nil {
			continue // deleted and not committed yet
		}
		info, err := os.Stat(filepath.Join("..", name))
		if err != nil {
			t.Fatal(err)
		}
		target := filepath.Join(copied, name)
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(target, data, info.Mode().Perm()); err != nil {
			t.Fatal(err)
		}
	}
	in := func(name string, args ...string) string {
		t.Helper()
		c := exec.Command(name, args...)
		c.Dir = copied
		out, err := c.CombinedOutput()
		if err != nil {
			t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
		}
		return string(out)
	}
	in("git", "init", "-q")
	in("git", "add", "-A")
	const module, to = "example.org/imap-integration", "git.example.com/soc/mail_in"
	in("scripts/rename-module", to)
	old := exec.Command("git", "grep", "-lF", "-e", module)
	old.Dir = copied
	if out, _ := old.Output(); strings.TrimSpace(string(out)) != "scripts/rename-module" { // which names it in its comment
		t.Errorf("the old path is still in %s", out)
	}
	packages := in("go", "list", "-deps", "./...")
	if strings.Contains(packages, module) || !strings.Contains(packages, to+"/cmd/imap-integration\n") {
		t.Errorf("the packages are\n%s", packages)
	}
}
