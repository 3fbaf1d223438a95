package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"example.org/imap-integration/actions"
	"example.org/imap-integration/manifest"
	"example.org/imap-integration/terminal"
)

// actionHelp prints what an action does and its parameters, from the manifest.
func actionHelp(p *program, c *cobra.Command, a actions.Action) error {
	fields, err := p.manifest.Parameters(a.Name)
	if err != nil {
		return err
	}
	w := &errWriter{w: p.stdout}
	page := p.page(w)
	_ = page.Paragraph(0, fmt.Sprintf("%s (in Cloud SOAR: %s)", a.Does, a.Title)) // w remembers the error
	fmt.Fprintf(w, "\n%s\n  %s < params.json\n", page.Heading("Usage:"), c.CommandPath())
	printFlags(page, c)
	fmt.Fprintln(w)
	_ = page.Paragraph(0, "Parameters: a JSON object on standard input, else environment variables of the same names, else the defaults. A secret may be in a file: password_file names it, and so on.")
	own := func(f manifest.Field) bool { return f.OfAction() }
	used := func(f manifest.Field) bool { return !own(f) && actions.Uses(a.Name, f.ID) }
	unused := func(f manifest.Field) bool { return !own(f) && !actions.Uses(a.Name, f.ID) }
	printFields(page, "of this action", "required", fields, own)
	printFields(page, "of the resource that it uses", actions.Required(a.Name), fields, used)
	switch {
	case p.helpAll:
		printFields(page, "of the resource that it takes and does not use", "", fields, unused)
	case slices.ContainsFunc(fields, unused):
		var ids []string
		for _, f := range fields {
			if unused(f) {
				ids = append(ids, f.ID)
			}
		}
		fmt.Fprintln(w)
		_ = page.Paragraph(0, "Other fields of the resource may be given ("+strings.Join(ids, ", ")+"); --help-all explains them.")
	}
	return w.err
}

// commandHelp prints what a command for people does, its subcommands and its flags.
func commandHelp(p *program, c *cobra.Command) error {
	w := &errWriter{w: p.stdout}
	page := p.page(w)
	text := c.Long
	if text == "" {
		text = c.Short
	}
	for block := range strings.SplitSeq(text, "\n\n") {
		if strings.HasPrefix(block, " ") { // a table or an example
			fmt.Fprintln(w, block)
		} else {
			_ = page.Paragraph(0, block)
		}
		fmt.Fprintln(w)
	}
	if c.Runnable() || c.HasSubCommands() {
		fmt.Fprintf(w, "%s\n  %s\n", page.Heading("Usage:"), useLine(c))
	}
	for _, g := range append(c.Groups(), &cobra.Group{Title: "Commands:"}) {
		t := terminal.Table{Indent: 2, Columns: []terminal.Column{{Least: 16}, {Wrap: true, Rank: 1, Least: 20}}}
		for _, sub := range c.Commands() {
			if sub.GroupID == g.ID && sub.IsAvailableCommand() {
				t.Add(sub.Name(), sub.Short)
			}
		}
		if t.Len() > 0 {
			fmt.Fprintf(w, "\n%s\n", page.Heading(g.Title))
			_ = t.Write(page)
		}
	}
	printFlags(page, c)
	return w.err
}

func useLine(c *cobra.Command) string {
	if c.HasSubCommands() {
		return c.CommandPath() + " COMMAND"
	}
	return c.UseLine()
}

// printFlags prints the flags of a command, those that every command has last.
func printFlags(page *terminal.Page, c *cobra.Command) {
	if flags := c.Flags().FlagUsagesWrapped(page.Width); flags != "" {
		fmt.Fprintf(page, "\n%s\n%s", page.Heading("Flags:"), flags)
	}
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

func printFields(page *terminal.Page, title, required string, fields []manifest.Field, want func(manifest.Field) bool) {
	printed := false
	for _, f := range fields {
		if !want(f) {
			continue
		}
		if !printed {
			fmt.Fprintf(page, "\n%s\n", page.Heading("Parameters "+title+":"))
			printed = true
		}
		for i, line := range terminal.Wrap(fmt.Sprintf("%s (%s)", f.ID, strings.Join(traits(f, required), ", ")), page.Width-8) {
			fmt.Fprintf(page, "%s%s\n", strings.Repeat(" ", 2+6*min(i, 1)), line)
		}
		_ = page.Paragraph(6, f.Label+". "+f.Hint) // the page remembers the error
	}
}

// traits are a field's type, how it is required where it is, its default and, of a short list, its keys.
func traits(f manifest.Field, required string) []string {
	t := []string{f.Type}
	if f.Required != nil && *f.Required && required != "" {
		t = append(t, required)
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
