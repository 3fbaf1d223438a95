package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"example.org/imap-integration/actions"
	"example.org/imap-integration/manifest"
)

// actionHelp prints what an action does and all of its parameters, from the manifest.
func actionHelp(p *program, c *cobra.Command, a actions.Action) error {
	fields, err := p.manifest.Parameters(a.Name)
	if err != nil {
		return err
	}
	w := &errWriter{w: p.stdout}
	width := columns(p.stdout)
	fmt.Fprintf(w, "%s (in Cloud SOAR: %s)\n\nUsage:\n  %s < params.json\n\nFlags:\n%s\n", a.Does, a.Title, c.CommandPath(), c.LocalFlags().FlagUsagesWrapped(width))
	for _, line := range wrap("Parameters: a JSON object on standard input, else environment variables of the same names, else the defaults. A secret may be in a file: password_file names it, and so on.", width) {
		fmt.Fprintln(w, line)
	}
	own := func(f manifest.Field) bool { return f.OfAction() }
	used := func(f manifest.Field) bool { return !own(f) && actions.Uses(a.Name, f.ID) }
	unused := func(f manifest.Field) bool { return !own(f) && !actions.Uses(a.Name, f.ID) }
	printFields(w, width, "of this action", fields, own)
	printFields(w, width, "of the resource that it uses", fields, used)
	switch {
	case p.helpAll:
		printFields(w, width, "of the resource that it takes and does not use", fields, unused)
	case slices.ContainsFunc(fields, unused):
		var ids []string
		for _, f := range fields {
			if unused(f) {
				ids = append(ids, f.ID)
			}
		}
		fmt.Fprintln(w)
		for _, line := range wrap("Other fields of the resource may be given ("+strings.Join(ids, ", ")+"); --help-all explains them.", width) {
			fmt.Fprintln(w, line)
		}
	}
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

func printFields(w io.Writer, width int, title string, fields []manifest.Field, want func(manifest.Field) bool) {
	printed := false
	for _, f := range fields {
		if !want(f) {
			continue
		}
		if !printed {
			fmt.Fprintf(w, "\nParameters %s:\n", title)
			printed = true
		}
		for i, line := range wrap(fmt.Sprintf("%s (%s)", f.ID, strings.Join(traits(f), ", ")), width-8) {
			fmt.Fprintf(w, "%s%s\n", strings.Repeat(" ", 2+6*min(i, 1)), line)
		}
		for _, line := range wrap(f.Label+". "+f.Hint, width-6) {
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
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width {
			lines, line = append(lines, line), ""
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	return append(lines, line)
}
