package integration_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestRowsNameTestsThatExist holds testdata/rows.json to the tests of the tree: no name in it may rot.
func TestRowsNameTestsThatExist(t *testing.T) {
	text, err := os.ReadFile("testdata/rows.json")
	if err != nil {
		t.Fatal(err)
	}
	var rows []struct {
		ID, What, Why string
		Tests         []string
	}
	if err := json.Unmarshal(text, &rows); err != nil {
		t.Fatal(err)
	}
	id := regexp.MustCompile(`^[TICPMHAXRS]\d\d$`)
	known, words := map[string]bool{}, sourceText(t)
	declared := map[string]map[string]bool{} // by folder
	for _, r := range rows {
		if !id.MatchString(r.ID) || known[r.ID] || r.What == "" || (len(r.Tests) == 0) == (r.Why == "") {
			t.Errorf("row %q: an id that is known or none, no description, or neither tests nor a reason", r.ID)
		}
		known[r.ID] = true
		for _, test := range r.Tests {
			folder, name, _ := strings.Cut(test, " ")
			function, sub, _ := strings.Cut(name, "/")
			if declared[folder] == nil {
				declared[folder] = testFunctions(t, folder)
			}
			if !declared[folder][function] {
				t.Errorf("row %s: there is no %s in %s", r.ID, function, folder)
			}
			for _, part := range strings.Split(sub, "/") {
				if !strings.Contains(words, part) {
					t.Errorf("row %s: nothing in the tests is called %q", r.ID, part)
				}
			}
		}
	}
	if len(rows) < 100 {
		t.Errorf("only %d rows", len(rows))
	}
}

// testFunctions are the functions of a folder's test files.
func testFunctions(t *testing.T, folder string) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			if function, ok := d.(*ast.FuncDecl); ok && function.Recv == nil {
				names[function.Name.Name] = true
			}
		}
	}
	return names
}

// sourceText is where the names of subtests come from: Go files and the names of samples.
func sourceText(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	err := fs.WalkDir(os.DirFS("."), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && strings.HasPrefix(d.Name(), "."):
			return fs.SkipDir
		case strings.HasSuffix(name, ".go"):
			text, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			all.Write(text)
		case strings.HasPrefix(name, "testdata/"):
			all.WriteString(name + "\n")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}
