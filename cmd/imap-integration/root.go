package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"example.org/imap-integration/actions"
	"example.org/imap-integration/quote"
	"example.org/imap-integration/terminal"
)

const exitStatusHelp = `Exit status of every action:

    0    done; standard output holds the result, standard error is empty
    1    failed; standard error says in one line what failed and what to do next
    2    parameters are wrong, all of them named; nothing was contacted
    130  interrupted (SIGINT, SIGTERM) before anything was done`

// root builds the tree of commands. What a command needs is read when it runs.
func (p *program) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "imap-integration",
		Short: "IMAP integration for Sumo Logic Cloud SOAR",
		Long: "IMAP integration for Sumo Logic Cloud SOAR.\n\nAn action takes its parameters as a JSON object on standard input, else from environment\n" +
			"variables of the same names, and prints one JSON document. imap-integration ACTION --help lists them.",
		Version:       version,
		SilenceUsage:  true,
		SilenceErrors: true,

		DisableSuggestions:         true, // they would be lines of their own; see misuse
		SuggestionsMinimumDistance: 2,
	}
	root.SetOut(p.stdout)
	root.SetErr(p.stderr)
	root.AddGroup(&cobra.Group{ID: "action", Title: "Actions:"}, &cobra.Group{ID: "person", Title: "For people:"})
	for _, a := range actions.All {
		root.AddCommand(p.actionCommand(a))
	}
	for _, c := range []*cobra.Command{apiCommand(p), auditCommand(p), consoleCommand(p), demoCommand(p), evidenceCommand(p), fleetCommand(p), manifestCommand(p), serveCommand(p), storeCommand(p), versionCommand(p)} {
		c.GroupID = "person"
		root.AddCommand(c)
	}
	root.AddCommand(&cobra.Command{Use: "exit-status", Short: "Exit statuses and what they mean", Long: exitStatusHelp})
	root.PersistentFlags().StringVar(&p.colour, "color", terminal.Auto, "colours: auto, always or never")
	_ = root.RegisterFlagCompletionFunc("color", cobra.FixedCompletions([]string{terminal.Auto, terminal.Always, terminal.Never}, cobra.ShellCompDirectiveNoFileComp))
	root.PersistentPreRunE = func(*cobra.Command, []string) error {
		if !slices.Contains([]string{terminal.Auto, terminal.Always, terminal.Never}, p.colour) {
			return fmt.Errorf("--color must be auto, always or never, not %s", quote.Text(p.colour, quote.Name))
		}
		return nil
	}
	root.SetHelpFunc(func(c *cobra.Command, _ []string) {
		p.guarded(func(context.Context) error { return seenEnough(commandHelp(p, c)) })(context.Background())
	})
	root.SetHelpCommand(helpCommand(root))
	root.SetCompletionCommandGroupID("person")
	completionCommand(root, p.stdout)
	return root
}

// helpCommand is cobra's, but for a topic that is not known: that is a mistake like any other.
func helpCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use: "help [command]", Short: "Help about any command", GroupID: "person",
		RunE: func(_ *cobra.Command, args []string) error {
			found, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 {
				return fmt.Errorf("unknown help topic %q", strings.Join(args, " "))
			}
			return found.Help()
		},
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) (names []string, _ cobra.ShellCompDirective) {
			if found, _, err := root.Find(args); err == nil {
				for _, c := range found.Commands() {
					if c.IsAvailableCommand() {
						names = append(names, c.Name()+"\t"+c.Short)
					}
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
	}
}

// seenEnough takes a reader of help that went away (| head) for one who has read enough.
func seenEnough(err error) error {
	if errors.Is(err, syscall.EPIPE) {
		return nil
	}
	return err
}

// actionCommand is the subcommand of one action.
func (p *program) actionCommand(a actions.Action) *cobra.Command {
	c := &cobra.Command{
		Use: a.Name, Short: a.Does, GroupID: "action", Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			if p.helpAll {
				return c.Help()
			}
			p.action(c.Context(), a)
			return nil
		},
	}
	p.logFlags(c)
	c.Flags().BoolVar(&p.json, "json", false, "JSON on a terminal too, indented; where it is piped it is JSON anyway")
	c.Flags().StringVar(&p.record, "record", "", "write what is said to Cloud SOAR and what it answers to this new file, for a bug report: placeholders stand for secrets, addresses, subjects, names and contents")
	c.Flags().BoolVar(&p.helpAll, "help-all", false, "help, with the fields that it does not use")
	if a.Name == "incoming-mail-daemon" {
		c.Flags().BoolVar(&p.watch, "watch", false, "go on until interrupted, one JSON array a line for each batch of new emails")
		c.Flags().StringVar(&p.statusFile, "status-file", "", "keep how it is doing in this file, as JSON: last run, counts, last error, oldest waiting")
		c.Flags().StringVar(&p.webhook, "webhook", "", "with --watch: also post each email to this address before it is acknowledged")
		c.Flags().StringVar(&p.webhookSecret, "webhook-secret-file", "", "file with the secret that signs what is posted (Standard Webhooks)")
	}
	if a.Name == "incoming-mail-daemon" || a.Name == "test-settings" {
		c.Flags().StringVar(&p.refreshTokenFile, "refresh-token-file", "", "keep the newest OAuth 2.0 refresh token in this file (mode 0600), where the provider replaces it")
	}
	c.SetHelpFunc(func(c *cobra.Command, _ []string) {
		p.guarded(func(context.Context) error { return seenEnough(actionHelp(p, c, a)) })(context.Background())
	})
	return c
}

// logFlags adds --log-file, --log-level and --log-max-size.
func (p *program) logFlags(c *cobra.Command) {
	c.Flags().StringVar(&p.logs.file, "log-file", "", "append a log to this file; - is standard error")
	c.Flags().StringVar(&p.logs.level, "log-level", "info", "debug, info, warn or error")
	c.Flags().IntVar(&p.logs.maxSize, "log-max-size", 100, "MiB after which the log is put aside under a name with the time; five are kept; 0: never")
	_ = c.RegisterFlagCompletionFunc("log-level", cobra.FixedCompletions([]string{"debug", "info", "warn", "error"}, cobra.ShellCompDirectiveNoFileComp))
}

func noArguments(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%s takes no argument such as %q: parameters come as a JSON object on standard input or from the environment", c.Name(), args[0])
	}
	return nil
}

// oneArgument is for commands whose use names the one argument that they need.
func oneArgument(c *cobra.Command, args []string) error {
	if len(args) == 1 {
		return nil
	}
	_, name, _ := strings.Cut(c.Use, " ")
	return fmt.Errorf("%s takes one argument, %s, and got %d", c.CommandPath(), name, len(args))
}

// personCommand is a command for people.
func (p *program) personCommand(use, short string, args cobra.PositionalArgs, body func(ctx context.Context, args []string) error) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Args: args,
		Run: func(c *cobra.Command, args []string) {
			p.guarded(func(ctx context.Context) error { return body(ctx, args) })(c.Context())
		},
	}
}
