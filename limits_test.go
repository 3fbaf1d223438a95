package integration_test

import (
	"fmt"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
)

// The sizes within which a reader keeps the overview.
const (
	fileLines     = 400 // of a file of the program
	functionLines = 60  // of a function, its signature and braces included
	methodFiles   = 3   // over which the methods of a type may be spread
	mailboxNames  = 45  // exported by mailbox, methods aside
)

// oversize is what is still larger than it may be, by the name that the test gives
// it. A line that is not needed any more fails the test: the list only gets shorter.
var oversize []string

// TestLimits holds files, functions and types of the program to their sizes.
func TestLimits(t *testing.T) {
	found := map[string]string{} // what is too large → its size
	for room, files := range programFiles(t) {
		measureRoom(room, files, found)
	}
	if names := mailboxExports(t); len(names) > mailboxNames {
		found["names of mailbox"] = fmt.Sprintf("%d are exported, at most %d are a page: %q", len(names), mailboxNames, names)
	}
	for name, size := range found {
		if !slices.Contains(oversize, name) {
			t.Errorf("%s is too large: %s", name, size)
		}
	}
	for _, name := range oversize {
		if found[name] == "" {
			t.Errorf("%s is not too large (any more): take it off the list", name)
		}
	}
}

// mailboxExports is what the other rooms must know of mailbox, methods aside.
func mailboxExports(t *testing.T) []string {
	t.Helper()
	var files []*ast.File
	set := token.NewFileSet()
	for _, f := range programFiles(t)["mailbox"] {
		parsed, err := parser.ParseFile(set, f.name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, parsed)
	}
	p, err := doc.NewFromFiles(set, files, module+"/mailbox")
	if err != nil {
		t.Fatal(err)
	}
	return exported(p)
}

// exported lists constants, variables, functions and types.
func exported(p *doc.Package) []string {
	var names []string
	values := func(list []*doc.Value) {
		for _, v := range list {
			names = append(names, v.Names...)
		}
	}
	functions := func(list []*doc.Func) {
		for _, f := range list {
			names = append(names, f.Name)
		}
	}
	values(p.Consts)
	values(p.Vars)
	functions(p.Funcs)
	for _, t := range p.Types {
		names = append(names, t.Name)
		values(t.Consts)
		values(t.Vars)
		functions(t.Funcs)
	}
	return slices.DeleteFunc(names, func(n string) bool { return !token.IsExported(n) })
}

// sourceFile is a parsed file of the program.
type sourceFile struct {
	name string
	set  *token.FileSet
	*ast.File
}

func (f sourceFile) lines(n ast.Node) int {
	return f.set.Position(n.End()).Line - f.set.Position(n.Pos()).Line + 1
}

func measureRoom(room string, files []sourceFile, found map[string]string) {
	methods := map[string][]string{} // type → files with methods of it
	for _, f := range files {
		if n := f.set.Position(f.FileEnd).Line - 1; n > fileLines {
			found["file "+f.name] = fmt.Sprint(n, " lines")
		}
		for _, d := range f.Decls {
			fn, isFunc := d.(*ast.FuncDecl)
			if !isFunc {
				continue
			}
			if n := f.lines(fn); n > functionLines {
				found["function "+f.name+" "+fn.Name.Name] = fmt.Sprint(n, " lines")
			}
			if fn.Recv == nil {
				continue
			}
			if name := receiver(fn); !slices.Contains(methods[name], f.name) {
				methods[name] = append(methods[name], f.name)
			}
		}
	}
	for name, in := range methods {
		if len(in) > methodFiles {
			found["type "+room+"."+name] = "methods in " + strings.Join(in, ", ")
		}
	}
}

func receiver(fn *ast.FuncDecl) string {
	t := fn.Recv.List[0].Type
	for {
		switch x := t.(type) {
		case *ast.StarExpr:
			t = x.X
		case *ast.IndexExpr:
			t = x.X
		case *ast.IndexListExpr:
			t = x.X
		case *ast.Ident:
			return x.Name
		default:
			return ""
		}
	}
}

// programFiles parses what the program is made of, by package: no tests, no
// workshops, no packages that only tests use.
func programFiles(t *testing.T) map[string][]sourceFile {
	t.Helper()
	rooms := map[string][]sourceFile{}
	err := fs.WalkDir(os.DirFS("."), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (slices.Contains(workshops, name) || name == "testdata" || strings.HasSuffix(name, "test") || name != "." && strings.HasPrefix(path.Base(name), ".")):
			return fs.SkipDir
		case d.IsDir() || path.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		set := token.NewFileSet()
		f, err := parser.ParseFile(set, name, nil, parser.SkipObjectResolution)
		rooms[path.Dir(name)] = append(rooms[path.Dir(name)], sourceFile{name, set, f})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return rooms
}

// TestMeasure shows that what is too large is found.
func TestMeasure(t *testing.T) {
	set := token.NewFileSet()
	long := "func long() {\n" + strings.Repeat("\t_ = 1\n", functionLines-1) + "}\n"
	fits := "func fits() {\n" + strings.Repeat("\t_ = 1\n", functionLines-2) + "}\n"
	var files []sourceFile
	for name, text := range map[string]string{
		"a.go": "package a\n" + strings.Repeat("// line\n", fileLines) + "func (t *T) A() {}\n",
		"b.go": "package a\n" + strings.Repeat("//\n", fileLines-1-2*functionLines-2) + long + fits + "func (t T) B() {}\n",
		"c.go": "package a\nfunc (t *T[K]) C() {}\nfunc (u U) C() {}\n",
		"d.go": "package a\nfunc (t T[K, V]) D() {}\nfunc (u *U) D() {}\n",
		"e.go": "package a\nfunc (u *U) E() {}\n",
	} {
		f, err := parser.ParseFile(set, name, text, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, sourceFile{name, set, f})
	}
	found := map[string]string{}
	measureRoom("a", files, found)
	var got []string
	for name := range found {
		got = append(got, name)
	}
	slices.Sort(got)
	if want := []string{"file a.go", "function b.go long", "type a.T"}; !slices.Equal(got, want) {
		t.Errorf("too large: %q, want %q", got, want)
	}
}
