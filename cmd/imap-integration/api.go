package main

import (
	"github.com/spf13/cobra"

	"example.org/imap-integration/actions"
)

// apiCommand groups what a person asks about the API of a tenant. Its commands
// have the resource's parameters and an action's exit statuses.
func apiCommand(p *program) *cobra.Command {
	c := &cobra.Command{
		Use: "api", Short: "Check which operations of the Cloud SOAR API a tenant has", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	check := p.actionCommand(actions.APICheck)
	check.GroupID = "" // the group is one of the root's
	c.AddCommand(check)
	return c
}
