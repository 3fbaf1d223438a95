package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/spf13/cobra"

	"example.org/imap-integration/manifest"
	"example.org/imap-integration/quote"
	"example.org/imap-integration/soar/local"
)

const storeHelp = `Look after a local store (local:PATH), while other runs work with it. docs/operations.md
says when. A store in PostgreSQL is backed up with the tools of PostgreSQL (pg_dump).`

// storeCommand groups what keeps a local store in good order.
func storeCommand(p *program) *cobra.Command {
	c := &cobra.Command{
		Use: "store", Short: "Back up, check and prune a local store", Long: storeHelp, Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(storeBackupCommand(p), storeCheckCommand(p), storePruneCommand(p))
	return c
}

// storePart is a command on the store that --store names; reads: it changes nothing there.
func storePart(p *program, use, short string, args cobra.PositionalArgs, reads *bool, body func(ctx context.Context, s *local.Store, args []string) error) *cobra.Command {
	path := ""
	c := p.personCommand(use, short, args, func(ctx context.Context, args []string) (err error) {
		closeLog, err := p.logs.open(p.stderr)
		defer closeLog()
		if err != nil {
			return &manifest.ParameterError{Command: "store", Problems: []string{err.Error()}}
		}
		if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) { // opening it for a change would make one
			return fmt.Errorf("there is no store %q", path)
		}
		s, err := local.Open(ctx, path, local.Options{ReadOnly: *reads, Log: p.logs.logger(), Program: version})
		if err != nil {
			return err
		}
		defer func() {
			if closeErr := s.Close(); err == nil {
				err = closeErr
			}
		}()
		return body(ctx, s, args)
	})
	c.PreRunE = func(*cobra.Command, []string) error {
		if path == "" {
			return errors.New("--store is missing: name the file of the store, what stands behind local: in the settings")
		}
		return nil
	}
	c.Flags().StringVar(&path, "store", "", "file of the store (required)")
	p.logFlags(c)
	return c
}

func storeBackupCommand(p *program) *cobra.Command {
	always := true
	return storePart(p, "backup FILE", "Copy the store to a new file, as it is at one moment", oneArgument, &always, func(ctx context.Context, s *local.Store, args []string) error {
		report, err := local.Backup(ctx, s, args[0])
		if err != nil {
			return err
		}
		return p.report(ctx, report, fmt.Sprintf("backed up %d emails to %s (%d bytes); its ledger ends at %d %s", report.Emails, report.Backup, report.Bytes, report.Entries, report.Link))
	})
}

func storeCheckCommand(p *program) *cobra.Command {
	always := true
	return storePart(p, "check", "Check the file, every email in it and its ledger; nothing is changed", cobra.NoArgs, &always, func(ctx context.Context, s *local.Store, _ []string) error {
		report, err := local.Inspect(ctx, s)
		if err != nil {
			return err
		}
		sentence := fmt.Sprintf("%d emails, %d of them as the ledger says that they came; it ends at %d %s", report.Emails, report.Proved, report.Entries, report.Link)
		if err := p.report(ctx, report, sentence); err != nil {
			return err
		}
		if n := len(report.Problems); n > 0 {
			return fmt.Errorf("the store %q is not sound: %s%s; docs/operations.md says what to do", report.Store, report.Problems[0], more(n-1))
		}
		return nil
	})
}

func storePruneCommand(p *program) *cobra.Command {
	before, dry, date := "", false, time.Time{}
	c := storePart(p, "prune --before DATE", "Remove emails that were saved before a date, but for those that an incident or triage event has", cobra.NoArgs, &dry, func(ctx context.Context, s *local.Store, _ []string) error {
		report, err := local.Prune(ctx, s, date, dry)
		if report == nil {
			return err
		}
		verb := "removed"
		if dry {
			verb = "would remove"
		}
		sentence := fmt.Sprintf("%s %d emails (%d bytes) saved before %s; kept of that age: %d in incidents or triage events, %d not handed over yet",
			verb, report.Pruned, report.Bytes, report.Before, report.Linked, report.Waiting)
		if !report.Complete {
			sentence += "; it was interrupted: run it again for the rest"
		}
		return errors.Join(err, p.report(context.WithoutCancel(ctx), report, sentence))
	})
	named := c.PreRunE
	c.PreRunE = func(c *cobra.Command, args []string) (err error) {
		if err := named(c, args); err != nil {
			return err
		}
		date, err = pruneDate(before, time.Now())
		return err
	}
	c.Flags().StringVar(&before, "before", "", "a date (00:00 UTC) or a time in RFC 3339, not in the future (required)")
	c.Flags().BoolVar(&dry, "dry-run", false, "say what would be removed, and remove nothing")
	return c
}

// pruneDate reads --before. One in the future is a slip that would empty the store.
func pruneDate(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, errors.New("--before is missing: give a date such as 2026-08-31")
	}
	date, err := time.Parse(time.DateOnly, text)
	if err != nil {
		date, err = time.Parse(time.RFC3339, text)
	}
	switch {
	case err != nil:
		return date, fmt.Errorf("--before must be a date such as 2026-08-31 or a time in RFC 3339, not %s", quote.Text(text, quote.Name))
	case date.After(now):
		return date, fmt.Errorf("--before %s is in the future", text)
	}
	return date, nil
}
