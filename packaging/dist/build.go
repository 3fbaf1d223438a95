package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// build makes the program for a system. -buildvcs=false: the state of a work tree
// differs between two clones of one commit, so the commit is named explicitly.
func (r release) build(system, machine, program string) error {
	path, err := filepath.Abs(program)
	if err != nil {
		return err
	}
	flags := fmt.Sprintf("-s -w -buildid= -X main.version=%s -X main.revision=%s", r.version, r.revision)
	c := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags", flags, "-o", path, "./cmd/imap-integration")
	c.Env = append(environment("GO"), "CGO_ENABLED=0", "GOOS="+system, "GOARCH="+machine)
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	return nil
}

// environment is that of this run without what would change the bytes of a build,
// such as GOFLAGS or GOAMD64. What says where Go keeps and finds modules stays.
func environment(prefix string) (kept []string) {
	harmless := []string{"GOPATH=", "GOCACHE=", "GOMODCACHE=", "GOPROXY=", "GONOSUMDB=", "GOSUMDB=", "GOTOOLCHAIN=", "GOTMPDIR=", "GOMAXPROCS=", "GOROOT="}
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, prefix) || hasAnyPrefix(e, harmless) {
			kept = append(kept, e)
		}
	}
	return kept
}

func hasAnyPrefix(s string, prefixes []string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	return false
}

// billOfMaterials writes what the program is made of, in CycloneDX.
func (r release) billOfMaterials(program, bill string) error {
	c := exec.Command(filepath.Join(r.tools, "cyclonedx-gomod"), "bin", "-json", "-std", "-noserial", "-notimestamp", "-version", r.version, "-output", bill, program)
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("cyclonedx-gomod: %w\n%s", err, out)
	}
	return nil
}

// documents are the files and folders of the project that go into every archive.
var documents = []string{"README.md", "CHANGELOG.md", "SECURITY.md", "LICENSE", "docs", "integration.yaml", "actions/*.yaml"}

// copyDocuments lays the documents beside the program.
func (r release) copyDocuments(folder string) error {
	for _, pattern := range documents {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			return fmt.Errorf("there is no %s here: run make dist in the root of the project (%v)", pattern, err)
		}
		for _, f := range found {
			if err := copyTree(f, filepath.Join(folder, f)); err != nil {
				return err
			}
		}
	}
	return copyTree(r.documents, folder)
}

// copyTree copies a file, or a folder into another that may be there already.
func copyTree(from, to string) error {
	return filepath.WalkDir(from, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		relative, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, relative)
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(target, data, 0o644)
	})
}
