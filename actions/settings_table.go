package actions

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"unicode/utf8"
)

// Columns in front of the details of a step, and the fewest that details are broken at.
const (
	stepColumns = 32
	leastDetail = 30
)

// table writes the report for a person, on a terminal of that many columns.
func (r *settingsReport) table(w io.Writer, width int) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, s := range r.Steps {
		for i, line := range breakLines(s.Detail, max(leastDetail, width-stepColumns)) {
			if i == 0 {
				fmt.Fprintf(t, "%s\t%s\t%6d ms\t%s\n", s.Name, s.Status, s.Milliseconds, line)
			} else {
				fmt.Fprintf(t, "\t\t\t%s\n", line)
			}
		}
	}
	if len(r.Filters) > 0 {
		fmt.Fprintf(t, "\nfilter\tkeeps alone\tleft\t\n")
		for _, f := range r.Filters {
			fmt.Fprintf(t, "%s\t%s\t%s\t\n", f.Field, number(f.Matching), number(f.Kept))
		}
	}
	for i, s := range r.Samples {
		if i == 0 {
			fmt.Fprint(t, "\nwould come, for example:\n")
		}
		fmt.Fprintf(t, "  %s\n", s)
	}
	verdict := "All is well: the settings work."
	if r.Status != stepOK {
		verdict = "The settings do not work yet."
	}
	fmt.Fprintf(t, "\n%s\n", verdict)
	return t.Flush() // it remembers the first error of the writes
}

// breakLines breaks a text at blanks; there is always one line.
func breakLines(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}
