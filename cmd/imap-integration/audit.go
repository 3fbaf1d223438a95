package main

import (
	"github.com/spf13/cobra"

	"example.org/imap-integration/actions"
)

// auditCommand has an action's parameters and exit statuses, but the platform does not know it.
func auditCommand(p *program) *cobra.Command {
	c := p.actionCommand(actions.Audit)
	c.Flags().BoolVar(&p.strict, "strict", false, "fail also for emails that are only not taken yet")
	return c
}
