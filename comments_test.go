package integration_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// namedFile is a file of the repository as a comment names it: a page of
// documentation, or something below a testdata folder.
var namedFile = regexp.MustCompile(`[\w./*-]*(?:\b[A-Za-z0-9-]+\.md\b|\btestdata/[\w./*-]+)`)

// TestNamedFiles holds that a reader finds every file that a Go comment names.
func TestNamedFiles(t *testing.T) {
	root := os.DirFS(".")
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "testdata" || name != "." && strings.HasPrefix(d.Name(), ".")):
			return fs.SkipDir
		case path.Ext(name) != ".go":
			return nil
		}
		for _, wanted := range namedFiles(t, name) {
			if !findable(root, path.Dir(name), wanted) {
				t.Errorf("a comment of %s names %s, which is not in the repository", name, wanted)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func namedFiles(t *testing.T, file string) []string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, group := range f.Comments {
		names = append(names, namesIn(group)...)
	}
	return names
}

func namesIn(group *ast.CommentGroup) []string {
	var names []string
	for _, line := range group.List {
		for _, name := range namedFile.FindAllString(line.Text, -1) {
			names = append(names, strings.TrimRight(name, "./"))
		}
	}
	return names
}

// findable reports whether a name, which may be a pattern, is that of a file at
// the root, among the documentation or beside the comment.
func findable(root fs.FS, dir, name string) bool {
	return slices.ContainsFunc([]string{".", "docs", dir}, func(base string) bool {
		found, err := fs.Glob(root, path.Join(base, name))
		return err == nil && len(found) > 0
	})
}

func TestNamesInComments(t *testing.T) {
	root := os.DirFS(".")
	for comment, want := range map[string]bool{
		"// The limits (contract.md, section 3).":      true,
		"// See docs/problems.md.":                     true,
		"// runs testdata/script/*.txtar, each":        true,
		"// See docs/no-such-page.md.":                 false,
		"// The plan (no-such-page.md).":               false,
		"// runs testdata/script/*.nothing":            false,
		"// testdata/no-such-file.json beside the dot": false,
	} {
		names := namesIn(&ast.CommentGroup{List: []*ast.Comment{{Text: comment}}})
		if len(names) != 1 {
			t.Errorf("%q: names %q, want one", comment, names)
		} else if got := findable(root, ".", names[0]); got != want {
			t.Errorf("%q: %s found: %t, want %t", comment, names[0], got, want)
		}
	}
}
