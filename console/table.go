package console

import (
	"bytes"
	"encoding/json"
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

// table is a result as the platform shows it: the columns of the action's table_view.
type table struct {
	Columns []string
	Rows    [][]string
	TooLong bool // the result is larger than what is read for a table
	Total   int  // rows; Rows has the first of them
}

// newTable fills the columns. Each takes the values of its path in their order, as
// the platform does: what stands in one row belongs together where the paths go through the same list.
func newTable(m *manifest.Action, text []byte) *table {
	t := &table{TooLong: len(text) > maxTabled}
	var result any
	if !t.TooLong {
		d := json.NewDecoder(bytes.NewReader(text))
		d.UseNumber()
		_ = d.Decode(&result) // a run that failed has no result, and no rows
	}
	columns := make([][]string, len(m.TableView))
	for i, cell := range m.TableView {
		t.Columns = append(t.Columns, cell.DisplayName)
		columns[i] = cells(valuesAt(result, strings.Split(cell.Value, ".")))
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
	return t
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
