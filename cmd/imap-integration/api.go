package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"example.org/imap-integration/actions"
)

// apiCommand groups what a person asks about the API of a tenant. Its commands
// have the resource's parameters and an action's exit statuses.
func apiCommand(p *program) *cobra.Command {
	c := &cobra.Command{
		Use: "api", Short: "Check which operations of the Cloud SOAR API a tenant has, and replay what was recorded", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	check := p.actionCommand(actions.APICheck)
	check.GroupID = "" // the group is one of the root's
	var document, profile string
	check.Flags().StringVar(&document, "spec", "", "compare with this OpenAPI document (2 or 3, JSON or YAML) of the tenant, and contact nobody")
	check.Flags().StringVar(&profile, "write", "", "with --spec: write a profile for cloud_soar_routes to this new file")
	ask := check.RunE
	check.RunE = func(c *cobra.Command, args []string) error {
		if document == "" {
			if profile != "" {
				return errors.New("--write needs --spec, the document that the profile is made from")
			}
			return ask(c, args)
		}
		p.guarded(func(ctx context.Context) error { return checkSpec(ctx, p, document, profile) })(c.Context())
		return nil
	}
	c.AddCommand(check, replayCommand(p))
	return c
}
