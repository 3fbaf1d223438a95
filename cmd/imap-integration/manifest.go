package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"example.org/imap-integration/manifest"
)

func manifestCommand(p *program) *cobra.Command {
	c := &cobra.Command{
		Use: "manifest", Short: "Check and export the platform's YAML files", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(
		p.personCommand("check [DIR]", "Check the files in this program, or those in DIR", cobra.MaximumNArgs(1),
			func(_ context.Context, args []string) error { return manifestCheck(p, args) }),
		p.personCommand("export DIR", "Write the files to upload into DIR", cobra.ExactArgs(1), func(_ context.Context, args []string) error {
			if err := p.manifest.Export(args[0]); err != nil {
				return err
			}
			_, err := fmt.Fprintf(p.stdout, "wrote integration.yaml and one file for each action into %s\n", args[0])
			return err
		}),
	)
	return c
}

func manifestCheck(p *program, args []string) error {
	m := p.manifest
	if len(args) > 0 {
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
