package integration_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
)

// TestProblemCodes holds the one list of codes and docs/problems.md to each
// other, and holds that no other file makes up a code of its own.
func TestProblemCodes(t *testing.T) {
	doc, err := os.ReadFile("docs/problems.md")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("message/codes.go")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^\tCode\w+ += "(\w+)"`).FindAllStringSubmatch(string(source), -1) {
		if known[m[1]] {
			t.Errorf("message/codes.go has %s twice", m[1])
		}
		known[m[1]] = true
		if !strings.Contains(string(doc), "`"+m[1]+"` |") {
			t.Errorf("docs/problems.md does not list %s", m[1])
		}
	}
	for _, m := range regexp.MustCompile("(?m)^\\| `(\\w+)` \\|").FindAllStringSubmatch(string(doc), -1) {
		if !known[m[1]] {
			t.Errorf("docs/problems.md lists %s, which is not in message/codes.go", m[1])
		}
	}
	for room := range importsByPackage(t) {
		for _, file := range productFiles(t, room) {
			for _, code := range literalCodes(t, file) {
				t.Errorf("%s gives the code %s as a literal: name it in message/codes.go", file, code)
			}
		}
	}
}

// productFiles are the Go files of a package that are no tests.
func productFiles(t *testing.T, room string) []string {
	t.Helper()
	all, err := fs.Glob(os.DirFS("."), path.Join(room, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	for _, f := range all {
		if !strings.HasSuffix(f, "_test.go") {
			files = append(files, f)
		}
	}
	return files
}

// literalCodes finds Problem{Code: "…"}.
func literalCodes(t *testing.T, file string) (codes []string) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(f, func(n ast.Node) bool {
		lit, ok := n.(*ast.CompositeLit)
		if !ok || !strings.HasSuffix(typeName(lit.Type), "Problem") {
			return true
		}
		for _, e := range lit.Elts {
			value := e
			if kv, ok := e.(*ast.KeyValueExpr); ok {
				if key, ok := kv.Key.(*ast.Ident); !ok || key.Name != "Code" {
					continue
				}
				value = kv.Value
			}
			if text, ok := value.(*ast.BasicLit); ok && text.Kind == token.STRING {
				codes = append(codes, text.Value)
			}
			break
		}
		return true
	})
	return codes
}

func typeName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}
