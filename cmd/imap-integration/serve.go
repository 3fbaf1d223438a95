package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"
)

func (p *program) serveCommand() *cobra.Command {
	return p.personCommand("serve", "Serve a local Cloud SOAR mail API over a local store", cobra.NoArgs, func(context.Context, []string) error {
		return errors.New("serve is not written yet")
	})
}
