package integration_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// readingOrders is in which order the files of a package are read, from what callers
// call to what everything stands on: a file uses functions, constants and variables of
// files behind it only. Types may stand anywhere.
var readingOrders = map[string]string{
	"ingest": `folders summary audit ingest dry candidates plan save tally commit result missing checkpoints
		pipeline read describe fate after record options checkpoint missed`,
	"mailbox": `move folder search fetch refetch deliver flight arrivals headers reconnect login sasl connect tls
		open pipelined_search folders config session providers errors budget types`,
	"mailbox/imapwire": `conn greeting response fetch_response state search_response status_response
		literal sequence_set utf7 guard reader spool_unix spool_other text doc`,
	"soar": `client probe notes save emails incidents post known search page caller exchange flow reader dialect
		request explain credentials failure profile routes address describe id types encode text openapi doc`,
	"message": `parse crosscheck attachments body html structure checks lookalike date describe loosename params header scan
		reading message inline part types problems codes address mailbox encodedword encoding uuencode quotedprintable
		charset charset_labels charset_tables utf7 utf16 iso2022 charset_cjk charset_jisx0213 charset_greek charset_iconv plaintext base64 lexical lines filename`,
}

func TestReadingOrder(t *testing.T) {
	for dir, order := range readingOrders {
		files := strings.Fields(order)
		for _, use := range usesBetweenFiles(t, dir) {
			from, to := slices.Index(files, use.from), slices.Index(files, use.to)
			switch {
			case from < 0 || to < 0:
				t.Errorf("%s/%s.go or %s.go is not in the reading order", dir, use.from, use.to)
			case to < from:
				t.Errorf("%s/%s.go uses %s of %s.go, which is read before it", dir, use.from, use.name, use.to)
			}
		}
	}
}

// use is a name of one file in another one of its package.
type use struct{ from, name, to string }

// usesBetweenFiles type-checks a package without what it imports: what it declares itself is enough.
func usesBetweenFiles(t *testing.T, dir string) (uses []use) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	set := token.NewFileSet()
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(set, name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	info := &types.Info{Uses: map[*ast.Ident]types.Object{}}
	checker := types.Config{Importer: noImports{}, Error: func(error) {}}
	pkg, _ := checker.Check(dir, set, files, info) // errors are those of the imports
	if len(files) == 0 || pkg == nil {
		t.Fatalf("no files in %s", dir)
	}
	file := func(p token.Pos) string { return strings.TrimSuffix(filepath.Base(set.Position(p).Filename), ".go") }
	for name, object := range info.Uses {
		_, isType := object.(*types.TypeName)
		field, isVar := object.(*types.Var)
		if object.Pkg() != pkg || isType || isVar && field.Parent() != pkg.Scope() {
			continue
		}
		if from, to := file(name.Pos()), file(object.Pos()); from != to {
			uses = append(uses, use{from, object.Name(), to})
		}
	}
	slices.SortFunc(uses, func(a, b use) int { return strings.Compare(a.from+a.to+a.name, b.from+b.to+b.name) })
	return slices.Compact(uses)
}

// noImports gives empty packages.
type noImports struct{}

func (noImports) Import(path string) (*types.Package, error) {
	p := types.NewPackage(path, filepath.Base(path))
	p.MarkComplete()
	return p, nil
}
