package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"example.org/imap-integration/actions"
	"example.org/imap-integration/manifest"
)

// helpWidth is the width of the meanings, in characters.
const helpWidth = 96

// actionHelp prints what an action does and all of its parameters, from the manifest.
func (p *program) actionHelp(c *cobra.Command, a actions.Action) error {
	fields, err := p.manifest.Parameters(a.Name)
	if err != nil {
		return err
	}
	w := &errWriter{w: p.stdout}
	fmt.Fprintf(w, "%s (in Cloud SOAR: %s)\n\nUsage:\n  imap-integration %s < params.json\n\nFlags:\n%s\n", a.Does, a.Title, a.Name, c.LocalFlags().FlagUsages())
	fmt.Fprintf(w, "Parameters: a JSON object on standard input, else environment variables of the same names, else the defaults.\n")
	own := func(f manifest.Field) bool { return f.OfAction() }
	printFields(w, "of this action", fields, own)
	printFields(w, "of the resource, as far as the action uses them", fields, func(f manifest.Field) bool { return !own(f) })
	return w.err
}

// errWriter remembers the first error, so that a long text can be written without looking at each.
type errWriter struct {
	w   io.Writer
	err error
}

func (e *errWriter) Write(b []byte) (int, error) {
	if e.err != nil {
		return len(b), nil
	}
	_, e.err = e.w.Write(b)
	return len(b), nil
}

func printFields(w io.Writer, title string, fields []manifest.Field, want func(manifest.Field) bool) {
	printed := false
	for _, f := range fields {
		if !want(f) {
			continue
		}
		if !printed {
			fmt.Fprintf(w, "\nParameters %s:\n", title)
			printed = true
		}
		fmt.Fprintf(w, "  %s (%s)\n", f.ID, strings.Join(traits(f), ", "))
		for _, line := range wrap(f.Label+". "+f.Hint, helpWidth) {
			fmt.Fprintf(w, "      %s\n", line)
		}
	}
}

// traits are a field's type, whether it is required, its default and, of a short list, its keys.
func traits(f manifest.Field) []string {
	t := []string{f.Type}
	if f.Required != nil && *f.Required {
		t = append(t, "required")
	}
	if f.Default != "" {
		t = append(t, "default "+f.Default)
	}
	const short = 8 // the header names are offers, any other may be given
	if keys := f.Values.Keys(); len(keys) > 0 {
		if len(keys) > short {
			keys = append(keys[:short:short], "…")
		}
		t = append(t, strings.Join(keys, " | "))
	}
	return t
}

// wrap breaks a text at blanks.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines, line = append(lines, line), ""
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	return append(lines, line)
}
