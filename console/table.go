package console

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"example.org/imap-integration/manifest"
	"example.org/imap-integration/quote"
)

// Limits of what is shown of a result; the whole of it can be downloaded.
const (
	maxRows    = 200
	maxCell    = 200       // bytes
	maxPreview = 128 << 10 // bytes of JSON
	maxTabled  = 8 << 20   // bytes of a result that is read for a table
)

// presented is a result as a page shows it.
type presented struct {
	Size int64
	JSON string // indented where it is not large, the beginning of it
	Cut  bool   // there is more
}

// present reads a result once, when its run is done.
func present(result []byte) *presented {
	p := &presented{Size: int64(len(result))}
	if len(result) == 0 {
		return p
	}
	var indented bytes.Buffer
	beginning := result
	if len(result) <= maxTabled && json.Indent(&indented, result, "", "  ") == nil {
		beginning = indented.Bytes()
	}
	p.JSON, p.Cut = quote.Cut(string(beginning), maxPreview)
	return p
}

// table is a part of a result as the platform shows it: the columns of the action's
// table_view that go through the same list.
type table struct {
	Columns []string
	Rows    [][]string
	Total   int // rows; Rows has the first of them

	list  []string // the path to the list; nil: values that are in none
	paths [][]string
}

// Title names the list that the rows are of.
func (t *table) Title() string {
	if len(t.list) == 0 || t.list[0] == "[]" {
		return "Table view"
	}
	return strings.ToUpper(t.list[0][:1]) + t.list[0][1:]
}

// newTables fills the columns of an action's table view. What stands in one row is of one element of a list.
func newTables(m *manifest.Action, text []byte) (tables []*table, tooLong bool) {
	if len(text) > maxTabled {
		return nil, true
	}
	var result any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	_ = d.Decode(&result) // a run that failed has no result, and no rows
	for _, cell := range m.TableView {
		list, path := splitPath(cell.Value)
		i := slices.IndexFunc(tables, func(t *table) bool { return slices.Equal(t.list, list) })
		if i < 0 {
			i = len(tables)
			tables = append(tables, &table{list: list})
		}
		tables[i].Columns, tables[i].paths = append(tables[i].Columns, cell.DisplayName), append(tables[i].paths, path)
	}
	for _, t := range tables {
		t.fill(result)
	}
	return slices.DeleteFunc(tables, func(t *table) bool { return t.Total == 0 }), false
}

// splitPath takes a path apart at its first list: emails.[].subject is the subject in emails.[].
func splitPath(path string) (list, rest []string) {
	parts := strings.Split(path, ".")
	at := slices.Index(parts, "[]")
	return parts[:at+1], parts[at+1:]
}

func (t *table) fill(result any) {
	if len(t.list) == 0 {
		t.fillSingle(result)
		return
	}
	elements := valuesAt(result, t.list)
	t.Total = len(elements)
	for _, element := range elements[:min(len(elements), maxRows)] {
		var row []string
		for _, path := range t.paths {
			row = append(row, strings.Join(cells(valuesAt(element, path)), ", "))
		}
		t.Rows = append(t.Rows, row)
	}
}

// fillSingle lays out values that are in no list; one that is a list of plain values takes a row for each.
func (t *table) fillSingle(result any) {
	columns := make([][]string, len(t.paths))
	for i, path := range t.paths {
		columns[i] = cells(valuesAt(result, path))
		t.Total = max(t.Total, len(columns[i]))
	}
	for n := range min(t.Total, maxRows) {
		row := make([]string, len(columns))
		for i, column := range columns {
			if n < len(column) {
				row[i] = column[n]
			}
		}
		t.Rows = append(t.Rows, row)
	}
}

// valuesAt returns what a path such as emails.[].subject leads to.
func valuesAt(value any, path []string) []any {
	if len(path) == 0 {
		return []any{value}
	}
	if path[0] == "[]" {
		list, _ := value.([]any)
		var all []any
		for _, element := range list {
			all = append(all, valuesAt(element, path[1:])...)
		}
		return all
	}
	object, isObject := value.(map[string]any)
	member, has := object[path[0]]
	if !isObject || !has {
		return nil
	}
	return valuesAt(member, path[1:])
}

// cells writes values; one that is a list of plain values takes a row for each.
func cells(values []any) (texts []string) {
	if len(values) == 1 {
		if list, ok := values[0].([]any); ok && plain(list) {
			values = list
		}
	}
	for _, value := range values {
		texts = append(texts, quote.Line(shown(value), maxCell))
	}
	return texts
}

func plain(list []any) bool {
	for _, value := range list {
		switch value.(type) {
		case []any, map[string]any:
			return false
		}
	}
	return true
}
