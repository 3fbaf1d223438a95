package actions

import (
	"fmt"
	"strings"

	"example.org/imap-integration/quote"
	"example.org/imap-integration/terminal"
)

// table writes the report for a person.
func (r *settingsReport) table(p *terminal.Page) error {
	steps := terminal.Table{Columns: []terminal.Column{
		{Least: 10},
		{Least: 7, Paint: paintStep},
		{Right: true, Rank: 2},
		{Wrap: true, Rank: 1, Least: 30},
	}}
	for _, s := range r.Steps {
		steps.Add(s.Name, s.Status, number(int(s.Milliseconds))+" ms", s.Detail)
	}
	if err := steps.Write(p); err != nil {
		return err
	}
	if err := r.filterTable(p); err != nil {
		return err
	}
	var b strings.Builder
	if len(r.Samples) > 0 {
		fmt.Fprintf(&b, "\n%s\n", p.Heading("The first that would come:"))
	}
	for _, s := range r.Samples {
		fmt.Fprintf(&b, "  %s\n", terminal.Fit(quote.Line(s, sampleLimit), p.Width-2))
	}
	verdict := p.Good("All is well: the settings work.")
	if r.Status != stepOK {
		verdict = p.Bad("The settings do not work yet.")
	}
	_, err := fmt.Fprintf(p, "%s\n%s\n", b.String(), verdict)
	return err
}

// filterTable is how the filters narrow.
func (r *settingsReport) filterTable(p *terminal.Page) error {
	if len(r.Filters) == 0 {
		return nil
	}
	t := terminal.Table{Columns: []terminal.Column{{Title: "Filter", Least: 12}, {Title: "Keeps alone", Right: true}, {Title: "Left after it", Right: true}}}
	for _, f := range r.Filters {
		t.Add(f.Field, number(f.Matching), number(f.Kept))
	}
	if _, err := fmt.Fprintln(p); err != nil {
		return err
	}
	return t.Write(p)
}

// paintStep gives the state of a step its colour.
func paintStep(p *terminal.Page, cell string) string {
	switch strings.TrimSpace(cell) {
	case stepOK:
		return p.Good(cell)
	case stepFailed:
		return p.Bad(cell)
	default:
		return p.Warning(cell)
	}
}
