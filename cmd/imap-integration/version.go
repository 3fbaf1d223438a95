package main

import (
	"context"
	"fmt"
	"runtime"

	"github.com/spf13/cobra"
)

// version is set by the Makefile (-ldflags -X).
var version = "development"

func versionCommand(p *program) *cobra.Command {
	return p.personCommand("version", "Print the version", cobra.NoArgs, func(context.Context, []string) error {
		_, err := fmt.Fprintf(p.stdout, "imap-integration %s (%s, %s/%s)\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
		return err
	})
}
