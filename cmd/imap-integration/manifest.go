package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"example.org/imap-integration/manifest"
	"example.org/imap-integration/quote"
)

func manifestCommand(p *program) *cobra.Command {
	c := &cobra.Command{
		Use: "manifest", Short: "Check and export the platform's YAML files", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(
		p.personCommand("check [DIR]", "Check the files in this program, or those in DIR", cobra.MaximumNArgs(1),
			func(_ context.Context, args []string) error { return manifestCheck(p, args) }),
		p.personCommand("export DIR", "Write the files to upload into DIR", oneArgument, func(_ context.Context, args []string) error {
			if err := p.manifest.Export(args[0]); err != nil {
				return err
			}
			_, err := fmt.Fprintf(p.stdout, "wrote integration.yaml and one file for each action into %s\n", args[0])
			return err
		}),
	)
	return c
}

// checkFolder names what a folder of manifest files lacks.
func checkFolder(dir string) error {
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no folder %s; imap-integration manifest export %s makes it", quote.Text(dir, quote.Sentence), quote.Text(dir, quote.Sentence))
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("%s is not a folder; name the one that holds integration.yaml", quote.Text(dir, quote.Sentence))
	}
	if _, err := os.Stat(filepath.Join(dir, "integration.yaml")); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the folder %s has no integration.yaml; imap-integration manifest export writes one", quote.Text(dir, quote.Sentence))
	}
	if commands, err := manifest.New(os.DirFS(dir)).Commands(); err == nil && len(commands) == 0 {
		return fmt.Errorf("the folder %s has no action files, beside integration.yaml or in a folder actions; imap-integration manifest export writes them", quote.Text(dir, quote.Sentence))
	}
	return nil
}

func manifestCheck(p *program, args []string) error {
	m := p.manifest
	if len(args) > 0 {
		if err := checkFolder(args[0]); err != nil {
			return err
		}
		m = manifest.New(os.DirFS(args[0]))
	}
	if err := m.Check(); err != nil {
		return err
	}
	commands, err := m.Commands()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.stdout, "integration.yaml and %d action files are right\n", len(commands))
	return err
}
