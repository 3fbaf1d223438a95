package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"
)

func (p *program) auditCommand() *cobra.Command {
	return p.personCommand("audit", "Compare a whole folder with the store", cobra.NoArgs, func(context.Context, []string) error {
		return errors.New("audit is not written yet")
	})
}
