package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"example.org/imap-integration/actions"
	"example.org/imap-integration/fleet"
	"example.org/imap-integration/manifest"
)

const fleetHelp = `Read many mailboxes, with any number of these processes on any number of machines.
They agree over one PostgreSQL database, which also holds the emails: each mailbox is
read by one process at a time, and another one takes over within a minute where that
one dies. fleet.yaml names the database, the mailboxes and where emails are handed
over; docs/fleet.md describes it. It works until SIGTERM.`

// fleetOptions are the flags of fleet and its commands.
type fleetOptions struct{ config, metrics string }

func fleetCommand(p *program) *cobra.Command {
	var o fleetOptions
	c := fleetPart(p, &o, "fleet", "Read many mailboxes with several processes, on PostgreSQL", cobra.NoArgs, func(ctx context.Context, f fleet.Options, _ []string) error {
		f.Metrics = o.metrics
		node, err := fleet.Open(ctx, f)
		if err != nil {
			return err
		}
		p.hangUp.lasts(p.stdout, p.stderr)
		return node.Run(ctx)
	})
	c.Long = fleetHelp
	c.Flags().StringVar(&o.metrics, "metrics", "", "address for /metrics, /livez and /readyz, such as 127.0.0.1:9464")
	c.AddCommand(
		fleetPart(p, &o, "check", "Check fleet.yaml and the files that it names; nothing is contacted", cobra.NoArgs, func(_ context.Context, f fleet.Options, _ []string) error {
			return fleet.Check(f)
		}),
		fleetPart(p, &o, "status", "Print what the fleet knows of all nodes, mailboxes and sinks, as JSON", cobra.NoArgs, func(ctx context.Context, f fleet.Options, _ []string) error {
			status, err := fleet.ReadStatus(ctx, f.Config, f.Log)
			if err != nil {
				return err
			}
			return p.deliver(ctx, actions.JSON(status))
		}),
		fleetPart(p, &o, "replay SINK", "Hand over again what a sink refused for good", oneArgument, func(ctx context.Context, f fleet.Options, args []string) error {
			n, err := fleet.Replay(ctx, f.Config, args[0], f.Log)
			if err != nil {
				return err
			}
			return p.deliver(ctx, actions.JSON(map[string]any{"sink": args[0], "replayed": n}))
		}),
	)
	return c
}

// fleetPart is a command that begins with reading fleet.yaml.
func fleetPart(p *program, o *fleetOptions, use, short string, args cobra.PositionalArgs, body func(ctx context.Context, f fleet.Options, args []string) error) *cobra.Command {
	c := p.personCommand(use, short, args, func(ctx context.Context, args []string) error {
		closeLog, err := p.logs.open(p.stderr)
		defer closeLog()
		if err != nil {
			return &manifest.ParameterError{Command: "fleet", Problems: []string{err.Error()}}
		}
		f, err := fleetConfig(p, o.config)
		if err != nil {
			return wrongFleet(err)
		}
		return wrongFleet(body(ctx, f, args))
	})
	c.Flags().StringVar(&o.config, "config", "", "fleet.yaml (required)")
	p.logFlags(c)
	return c
}

// wrongFleet makes what is wrong with fleet.yaml an error of parameters.
func wrongFleet(err error) error {
	if wrong, ok := errors.AsType[*fleet.ConfigError](err); ok {
		return &manifest.ParameterError{Command: "fleet", Problems: []string{wrong.Error()}}
	}
	return err
}

func fleetConfig(p *program, path string) (fleet.Options, error) {
	if path == "" {
		return fleet.Options{}, &manifest.ParameterError{Command: "fleet", Problems: []string{"--config is missing: name the file fleet.yaml"}}
	}
	c, err := fleet.Load(path)
	if err != nil {
		return fleet.Options{}, &manifest.ParameterError{Command: "fleet", Problems: []string{err.Error()}}
	}
	c.Program = version
	fields := map[string][]manifest.Field{}
	for _, command := range []string{"incoming-mail-daemon", "list-cloud-soar-emails"} {
		if fields[command], err = p.manifest.Parameters(command); err != nil {
			return fleet.Options{}, err
		}
	}
	return fleet.Options{
		Config: c, Log: p.logs.logger(), Stdout: p.stdout, Version: version,
		Decode: func(command string, parameters []byte) (*manifest.Values, error) {
			known, ok := fields[command]
			if !ok {
				return nil, fmt.Errorf("no parameters of %s are known here", command)
			}
			return manifest.Decode(command, known, manifest.Input{Stdin: bytes.NewReader(parameters)}), nil
		},
	}, nil
}
