package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"example.org/imap-integration/manifest"
	"example.org/imap-integration/terminal"
)

// mostRows is how many rows of a result are laid out; nobody reads more of them on a terminal.
const mostRows = 1000

// view shows a person the result of an action as its manifest's table view does in
// Cloud SOAR. The document is read as it is written and only the cells are kept, so
// that a result of any size takes no memory.
type view struct {
	cells  []viewCell
	tables []*viewTable
	single []string // values outside of lists, "Label: value"
}

// viewCell is one cell of the table view: the list that its rows come from, and
// where in an element its value is.
type viewCell struct {
	title, list string
	path        []string
}

// viewTable is the rows of one list.
type viewTable struct {
	list string
	terminal.Table
	cells []viewCell
	more  int // rows that are not laid out
}

// newView reads the paths of a table view: "count", "[].from", "emails.[].from".
func newView(columns []manifest.Cell) *view {
	v := &view{}
	for _, c := range columns {
		list, path, inList := strings.Cut("."+c.Value, ".[].")
		if !inList {
			list, path = "", c.Value
		}
		cell := viewCell{c.DisplayName, "", strings.Split(path, ".")}
		if inList {
			cell.list = list + ".[]"
			v.table(cell.list).add(cell)
		}
		v.cells = append(v.cells, cell)
	}
	return v
}

func (v *view) table(list string) *viewTable {
	for _, t := range v.tables {
		if t.list == list {
			return t
		}
	}
	t := &viewTable{list: list}
	v.tables = append(v.tables, t)
	return t
}

func (t *viewTable) add(c viewCell) {
	t.cells = append(t.cells, c)
	look := terminal.Column{Rank: 3}
	if n := len(c.path); n > 0 && looks[c.path[n-1]] != nil {
		look = *looks[c.path[n-1]]
	}
	look.Title = c.title
	t.Columns = append(t.Columns, look)
}

// looks is how the columns of results are laid out, by key. The ranks say what an
// analyst misses least where there is no room.
var looks = map[string]*terminal.Column{
	"subject":            {Rank: 1, Least: 24},
	"filename":           {Rank: 1, Least: 20},
	"defanged":           {Rank: 1, Least: 24},
	"path":               {Rank: 1},
	"cloud_soar_mail_id": {Right: true},
	"status":             {Paint: paintWord},
	"spf":                {Rank: 3, Paint: paintWord},
	"dkim":               {Rank: 3, Paint: paintWord},
	"dmarc":              {Rank: 3, Paint: paintWord},
	"from":               {Rank: 2, Least: 18},
	"received_at":        {Rank: 3, Least: 16},
	"attachment_names":   {Rank: 4, Least: 14},
	"to":                 {Rank: 5, Least: 14},
	"content_type":       {Rank: 5, Least: 12},
	"size":               {Rank: 3, Right: true},
	"sha256":             {Rank: 7, Least: 12},
	"attachment_id":      {Rank: 6, Right: true},
	"message_id":         {Rank: 8, Least: 16},
}

// paintWord gives a verdict its colour.
func paintWord(p *terminal.Page, cell string) string {
	switch strings.TrimSpace(cell) {
	case "ok", "saved", "pass":
		return p.Good(cell)
	case "failed", "fail":
		return p.Bad(cell)
	case "existed", "softfail", "temperror", "permerror":
		return p.Warning(cell)
	default:
		return cell
	}
}

// show reads the document that write writes and lays it out.
func (v *view) show(p *terminal.Page, write func(io.Writer) error) error {
	r, w := io.Pipe()
	written := make(chan error, 1)
	go func() {
		err := write(w)
		w.CloseWithError(err)
		written <- err
	}()
	err := v.read(json.NewDecoder(r))
	r.CloseWithError(err) // ends the writer, where it still writes
	if writeErr := <-written; writeErr != nil && !errors.Is(writeErr, io.ErrClosedPipe) {
		return writeErr
	}
	if err != nil {
		return err
	}
	return v.write(p)
}

// read takes the cells out of the document: element by element of an array, an object as one.
func (v *view) read(d *json.Decoder) error {
	d.UseNumber()
	if !v.whole() {
		var document any
		if err := d.Decode(&document); err != nil {
			return err
		}
		v.take(document)
		return nil
	}
	if _, err := d.Token(); err != nil {
		return err
	}
	for d.More() {
		var element any
		if err := d.Decode(&element); err != nil {
			return err
		}
		v.table(wholeDocument).row(element)
	}
	_, err := d.Token()
	return err
}

// wholeDocument is the list of "[].from".
const wholeDocument = ".[]"

// whole reports whether the document is the list itself, as that of the daemon is.
func (v *view) whole() bool {
	return slices.ContainsFunc(v.cells, func(c viewCell) bool { return c.list == wholeDocument })
}

func (v *view) take(document any) {
	for _, t := range v.tables {
		path := strings.Split(strings.TrimSuffix(strings.TrimPrefix(t.list, "."), ".[]"), ".")
		list, _ := at(document, path).([]any)
		for _, element := range list {
			t.row(element)
		}
	}
	for _, c := range v.cells {
		if c.list != "" {
			continue
		}
		switch value := at(document, c.path).(type) {
		case nil:
		case []any: // texts: a column of its own
			t := v.table(c.title)
			t.add(viewCell{title: c.title})
			for _, element := range value {
				t.row(element)
			}
		default:
			v.single = append(v.single, c.title+": "+cellText(value))
		}
	}
}

func (t *viewTable) row(element any) {
	if t.Len() >= mostRows {
		t.more++
		return
	}
	var cells []string
	for _, c := range t.cells {
		cells = append(cells, cellText(at(element, c.path)))
	}
	t.Add(cells...)
}

// at is the value at a path of keys; nil where there is none.
func at(v any, path []string) any {
	for _, key := range path {
		object, _ := v.(map[string]any)
		v = object[key]
	}
	return v
}

// cellText writes a value as a person reads it.
func cellText(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case bool:
		if v {
			return "yes"
		}
		return "no"
	case string:
		if t, err := time.Parse(time.RFC3339, v); err == nil {
			return t.UTC().Format("2006-01-02 15:04")
		}
		return v
	case []any:
		var texts []string
		for _, element := range v {
			texts = append(texts, cellText(element))
		}
		return strings.Join(texts, ", ")
	default:
		return fmt.Sprint(v)
	}
}

func (v *view) write(p *terminal.Page) error {
	for _, line := range v.single {
		if err := p.Paragraph(0, line); err != nil {
			return err
		}
	}
	above := len(v.single) > 0
	for _, t := range v.tables {
		if t.Len() == 0 {
			continue
		}
		if above {
			if _, err := io.WriteString(p, "\n"); err != nil {
				return err
			}
		}
		above = true
		if err := t.write(p); err != nil {
			return err
		}
	}
	if above || v.whole() { // the daemon says itself why there is nothing
		return nil
	}
	return p.Paragraph(0, "None.")
}

func (t *viewTable) write(p *terminal.Page) error {
	if err := t.Write(p); err != nil || t.more == 0 {
		return err
	}
	return p.Paragraph(0, fmt.Sprintf("… and %d more; --json shows all.", t.more))
}
