package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"example.org/imap-integration/actions"
	"example.org/imap-integration/fleet"
)

// auditCommand has an action's parameters and exit statuses, but the platform does
// not know it. With --all it audits the mailboxes of a fleet.
func auditCommand(p *program) *cobra.Command {
	c := p.actionCommand(actions.Audit)
	c.Flags().BoolVar(&p.strict, "strict", false, "fail also for emails that are only not taken yet")
	var all bool
	var config string
	c.Flags().BoolVar(&all, "all", false, "all mailboxes of a fleet, at most 4 at once; takes --config and no parameters")
	c.Flags().StringVar(&config, "config", "", "with --all: fleet.yaml")
	one := c.RunE
	c.RunE = func(c *cobra.Command, args []string) error {
		if !all {
			return one(c, args)
		}
		p.guarded(func(ctx context.Context) error {
			closeLog, err := p.logs.open(p.stderr)
			defer closeLog()
			if err != nil {
				return err
			}
			f, err := fleetConfig(p, config)
			if err != nil {
				return err
			}
			return wrongFleet(auditAll(ctx, p, f))
		})(c.Context())
		return nil
	}
	c.Flags().BoolVar(&p.evidence.Ledger, "ledger", false, "check the ledger of a local store or a database, and every email in it against the ledger; no mail server is contacted")
	c.Flags().StringVar(&p.evidence.HeadFile, "head", "", "with --ledger: a file with a head that was kept (the output of an earlier audit --ledger, or chain.json of a bundle)")
	return c
}

func auditAll(ctx context.Context, p *program, f fleet.Options) error {
	reports, sound, err := fleet.Audit(ctx, f, p.strict)
	if err != nil {
		return err
	}
	if err := p.deliver(ctx, actions.JSON(map[string]any{"mailboxes": reports})); err != nil {
		return err
	}
	if !sound {
		return errors.New("a mailbox and the store differ, or a mailbox could not be read; standard output names what is missing, doubled or failed")
	}
	return nil
}
