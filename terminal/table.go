package terminal

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"example.org/imap-integration/quote"
)

// Column is one column of a table.
type Column struct {
	Title string
	Right bool // its cells end in one line, as figures do
	Wrap  bool // what does not fit goes on in the next line instead of being cut
	// Rank orders the columns by how telling they are: those of the highest rank give way first,
	// from 6 on before any other gives anything.
	Rank  int
	Least int // columns below which it is rather left out than cut; 0: leastWidth
	// Paint gives a cell its colour; nil: none.
	Paint func(p *Page, cell string) string
}

const (
	between    = 2 // columns between two columns of a table
	leastWidth = 8
	givesAll   = 6       // columns of this rank or a higher one give all they can before others give anything
	mostCell   = 4 << 10 // bytes of a cell that are looked at
)

// Table is rows under columns.
type Table struct {
	Columns []Column
	Indent  int // spaces before each line
	rows    [][]string
}

// Add adds a row, a cell for each column. Cells may be foreign text.
func (t *Table) Add(cells ...string) {
	row := make([]string, len(t.Columns))
	for i := range row {
		if i < len(cells) {
			row[i] = quote.Line(cells[i], mostCell)
		}
	}
	t.rows = append(t.rows, row)
}

// Len is how many rows there are.
func (t *Table) Len() int { return len(t.rows) }

// Write writes the table, no line wider than the page. Columns for which there is
// no room are left out and named below.
func (t *Table) Write(p *Page) error {
	widths := t.fit(p.Width - t.Indent)
	titled := slices.ContainsFunc(t.Columns, func(c Column) bool { return c.Title != "" })
	if titled {
		var titles []string
		for _, c := range t.Columns {
			titles = append(titles, c.Title)
		}
		plain := func(_ *Page, cell string) string { return p.Heading(cell) }
		if err := t.line(p, widths, titles, func(int) func(*Page, string) string { return plain }); err != nil {
			return err
		}
	}
	for _, row := range t.rows {
		if err := t.row(p, widths, row); err != nil {
			return err
		}
	}
	var left []string
	for i, w := range widths {
		if w == 0 && t.Columns[i].Title != "" && t.natural(i) > Columns(t.Columns[i].Title) {
			left = append(left, t.Columns[i].Title)
		}
	}
	if len(left) == 0 {
		return nil
	}
	return p.Paragraph(t.Indent, fmt.Sprintf("(no room for %s: a wider terminal shows more, --json shows all)", strings.Join(left, ", ")))
}

// row writes a row, in several lines where a cell is wrapped.
func (t *Table) row(p *Page, widths []int, row []string) error {
	wrapped := make([][]string, len(row))
	lines := 1
	for i, cell := range row {
		wrapped[i] = []string{cell}
		if t.Columns[i].Wrap && widths[i] > 0 {
			wrapped[i] = Wrap(cell, widths[i])
		}
		lines = max(lines, len(wrapped[i]))
	}
	for n := range lines {
		cells := make([]string, len(row))
		for i := range row {
			if n < len(wrapped[i]) {
				cells[i] = wrapped[i][n]
			}
		}
		if err := t.line(p, widths, cells, func(i int) func(*Page, string) string { return t.Columns[i].Paint }); err != nil {
			return err
		}
	}
	return nil
}

func (t *Table) line(p *Page, widths []int, cells []string, paint func(int) func(*Page, string) string) error {
	var b strings.Builder
	b.WriteString(strings.Repeat(" ", t.Indent))
	gap := ""
	for i, cell := range cells {
		if widths[i] == 0 {
			continue
		}
		text := Fit(cell, widths[i])
		pad := strings.Repeat(" ", max(0, widths[i]-Columns(text)))
		if f := paint(i); f != nil {
			text = f(p, text)
		}
		if t.Columns[i].Right {
			text, pad = pad+text, ""
		}
		b.WriteString(gap + text)
		gap = pad + strings.Repeat(" ", between)
	}
	_, err := io.WriteString(p, strings.TrimRight(b.String(), " ")+"\n")
	return err
}

// natural is the width of a column that cuts nothing.
func (t *Table) natural(i int) int {
	w := Columns(t.Columns[i].Title)
	for _, row := range t.rows {
		w = max(w, Columns(row[i]))
	}
	return w
}

// fit returns the width of each column, 0 for one that is left out.
func (t *Table) fit(width int) []int {
	natural, shown := make([]int, len(t.Columns)), make([]bool, len(t.Columns))
	var order []int // those that give way first, first
	for i := range t.Columns {
		natural[i], shown[i] = t.natural(i), true
		order = append(order, i)
	}
	slices.SortStableFunc(order, func(a, b int) int {
		if d := t.Columns[b].Rank - t.Columns[a].Rank; d != 0 {
			return d
		}
		return b - a
	})
	for left := 0; ; left++ {
		widths, over := t.shrink(natural, shown, order, width)
		if over <= 0 || left >= len(order)-1 {
			return t.grow(widths, natural, order, -over)
		}
		shown[order[left]] = false
	}
}

// shrink cuts the columns that are shown, in this order, each to twice its least
// width, and then to that width.
func (t *Table) shrink(natural []int, shown []bool, order []int, width int) (widths []int, over int) {
	widths = make([]int, len(natural))
	over = -width - between
	for i, w := range natural {
		if shown[i] {
			widths[i] = w
			over += w + between
		}
	}
	for _, share := range []int{2, 1} { // each gives what it can spare before one gives all
		for _, i := range order {
			least := t.Columns[i].Least
			if least == 0 {
				least = leastWidth
			}
			if t.Columns[i].Rank < givesAll {
				least *= share
			}
			if give := min(over, widths[i]-least); shown[i] && give > 0 {
				widths[i] -= give
				over -= give
			}
		}
	}
	return widths, over
}

// grow gives room that is left, after a column was left out, to the most telling ones.
func (t *Table) grow(widths, natural, order []int, room int) []int {
	for _, i := range slices.Backward(order) {
		if take := min(room, natural[i]-widths[i]); widths[i] > 0 && take > 0 {
			widths[i] += take
			room -= take
		}
	}
	return widths
}
