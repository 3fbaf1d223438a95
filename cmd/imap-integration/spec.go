package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"example.org/imap-integration/actions"
	"example.org/imap-integration/soar"
	"example.org/imap-integration/soar/apispec"
	"example.org/imap-integration/terminal"
)

// checkSpec compares the document that a tenant gives of its API with what the
// integration needs, and writes a profile to start from. Nobody is contacted.
func checkSpec(ctx context.Context, p *program, document, profile string) error {
	text, err := readDocument(document)
	if err != nil {
		return err
	}
	calls := map[string]string{}
	for _, routes := range []soar.Routes{soar.DefaultRoutes(), soar.NoteRoutes()} {
		for name, route := range routes {
			calls[name] = route.String()
		}
	}
	report, err := apispec.Check(text, calls)
	if err != nil {
		return fmt.Errorf("cannot use %s: %w", document, err)
	}
	if profile != "" {
		if err := writeProfile(profile, report); err != nil {
			return err
		}
	}
	show := actions.JSON(report)
	if p.forPerson() {
		show = func(w io.Writer) error { return specTable(p.page(w), report) }
	}
	if err := p.deliver(ctx, show); err != nil {
		return err
	}
	if missing := len(report.Operations) - report.Matched; missing > 0 {
		advice := "add them to the profile by hand where they exist"
		if !report.Saves {
			advice += "; without a way to save emails, keep them in cloud_soar_email_store, for which the operations on notes are enough"
		}
		return fmt.Errorf("%d of %d operations have no match in %s; standard output names them and what is nearest; %s", missing, len(report.Operations), document, advice)
	}
	return nil
}

// readDocument reads a file up to the limit of a document, and one byte more.
func readDocument(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read the API description: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, apispec.MaxSize+1))
	if err != nil {
		return nil, fmt.Errorf("cannot read the API description: %w", err)
	}
	return text, nil
}

// writeProfile writes a new file; one that is there is somebody's work.
func writeProfile(path string, report *apispec.Report) error {
	text, err := json.MarshalIndent(report.Profile, "", "  ")
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("cannot write the profile: %w; give the name of a new file", err)
	}
	_, err = f.Write(append(text, '\n'))
	return errors.Join(err, f.Close())
}

func specTable(p *terminal.Page, report *apispec.Report) error {
	t := terminal.Table{Columns: []terminal.Column{
		{Title: "Operation", Least: 20},
		{Title: "Verdict", Paint: func(p *terminal.Page, cell string) string {
			if strings.TrimSpace(cell) == apispec.Missing {
				return p.Warning(cell)
			}
			return p.Good(cell)
		}},
		{Title: "Found", Rank: 2, Least: 16},
		{Title: "Nearest others", Wrap: true, Rank: 1, Least: 20},
	}}
	for _, f := range report.Operations {
		t.Add(f.Operation, f.Verdict, f.Found, strings.Join(f.Near, ", "))
	}
	return t.Write(p)
}
