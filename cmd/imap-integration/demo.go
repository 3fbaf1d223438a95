package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"
)

func (p *program) demoCommand() *cobra.Command {
	return p.personCommand("demo", "Run the main job on an embedded mail server and a local store", cobra.NoArgs, func(context.Context, []string) error {
		return errors.New("demo is not written yet")
	})
}
