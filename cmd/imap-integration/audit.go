package main

import (
	"github.com/spf13/cobra"

	"example.org/imap-integration/actions"
)

// auditCommand has an action's parameters and exit statuses, but the platform does not know it.
func (p *program) auditCommand() *cobra.Command { return p.actionCommand(actions.Audit) }
