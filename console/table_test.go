package console

import (
	"slices"
	"testing"

	"example.org/imap-integration/manifest"
)

func TestTables(t *testing.T) {
	m := &manifest.Action{TableView: []manifest.Cell{
		{DisplayName: "ID", Value: "emails.[].id"},
		{DisplayName: "Names", Value: "emails.[].files.[].name"},
		{DisplayName: "Count", Value: "count"},
		{DisplayName: "Matches", Value: "matches"},
		{DisplayName: "By", Value: "reporter.address"},
		{DisplayName: "Nothing", Value: "no.[].such"},
	}}
	const result = `{"emails":[{"id":"1","files":[{"name":"a"},{"name":"b"}]},{"files":[]},{"id":3}],"count":2,"matches":["x","y\u202e",true],"reporter":{"address":"r@corp.example"}}`
	tables, tooLong := newTables(m, []byte(result))
	want := []struct {
		columns []string
		rows    [][]string
	}{
		{[]string{"ID", "Names"}, [][]string{{"1", "a, b"}, {"", ""}, {"3", ""}}},
		{[]string{"Count", "Matches", "By"}, [][]string{{"2", "x", "r@corp.example"}, {"", `y\u202e`, ""}, {"", "true", ""}}},
	}
	if len(tables) != len(want) || tooLong {
		t.Fatalf("%d tables", len(tables))
	}
	if got := tables[0].Title() + ", " + tables[1].Title(); got != "Emails, Table view" {
		t.Error(got)
	}
	for i, w := range want {
		if !slices.Equal(tables[i].Columns, w.columns) || !slices.EqualFunc(tables[i].Rows, w.rows, slices.Equal) {
			t.Errorf("%q %q", tables[i].Columns, tables[i].Rows)
		}
	}
	if tables, tooLong := newTables(m, make([]byte, maxTabled+1)); !tooLong || tables != nil {
		t.Error("a table of too much")
	}
	if tables, _ := newTables(m, []byte("{")); len(tables) != 0 {
		t.Error("a table of nothing")
	}
}
