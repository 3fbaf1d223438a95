package main

import (
	"bytes"
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// licenceFile matches the names under which modules keep their terms.
var licenceFile = regexp.MustCompile(`(?i)^(un)?licen[cs]e|^copying|^notice|^patents|^copyright|-licen[cs]e(\.[a-z]+)?$`)

// extra are the terms of what is linked in and has no module that carries them.
const extra = "packaging/licenses"

// copyLicences writes the terms of everything that is in the program: one folder
// for each module, one for Go itself, and what stands in packaging/licenses. A
// module without terms is an error: such a program may not be handed on.
func copyLicences(program, folder string) error {
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return err
	}
	folders, err := moduleFolders()
	if err != nil {
		return err
	}
	var index strings.Builder
	fmt.Fprintf(&index, "What imap-integration is made of. The terms of each are in the folder of its name.\n\n")
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		name := m.Path + "@" + m.Version
		if err := copyTerms(folders[name], filepath.Join(folder, filepath.FromSlash(name))); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		fmt.Fprintln(&index, name)
	}
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return err
	}
	if err := copyTerms(strings.TrimSpace(string(root)), filepath.Join(folder, "go")); err != nil {
		return fmt.Errorf("go: %w", err)
	}
	fmt.Fprintf(&index, "go (standard library and runtime, %s)\n", info.GoVersion)
	if err := copyTree(extra, folder); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "INDEX.txt"), []byte(index.String()), 0o644)
}

// moduleFolders tells where the modules of the build lie, by path@version.
func moduleFolders() (map[string]string, error) {
	out, err := exec.Command("go", "list", "-m", "-json", "all").Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	folders := map[string]string{}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var m struct{ Path, Version, Dir string }
		if err := d.Decode(&m); errors.Is(err, io.EOF) {
			return folders, nil
		} else if err != nil {
			return nil, err
		}
		folders[m.Path+"@"+m.Version] = m.Dir
	}
}

// copyTerms copies the files with terms from the root of a module.
func copyTerms(from, to string) error {
	if from == "" {
		return errors.New("it is not in the module cache")
	}
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	entries = slices.DeleteFunc(entries, func(e os.DirEntry) bool { return e.IsDir() || !licenceFile.MatchString(e.Name()) })
	if len(entries) == 0 {
		return fmt.Errorf("it has no licence that could be handed on; put its terms into %s, or use another module", extra)
	}
	for _, e := range entries {
		if err := copyTree(filepath.Join(from, e.Name()), filepath.Join(to, e.Name())); err != nil {
			return err
		}
	}
	return nil
}
