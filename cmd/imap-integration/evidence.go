package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"example.org/imap-integration/actions"
	"example.org/imap-integration/evidence"
)

// evidenceCommand groups what hands emails over so that others can check them.
func evidenceCommand(p *program) *cobra.Command {
	c := &cobra.Command{
		Use: "evidence", Short: "Hand over emails with what proves them, and check what was handed over", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(evidenceExportCommand(p), evidenceVerifyCommand(p))
	return c
}

// evidenceExportCommand is the action export-email-evidence into a folder.
func evidenceExportCommand(p *program) *cobra.Command {
	ids, incident := "", ""
	c := p.actionCommand(actions.ExportEvidence)
	c.GroupID, c.Use, c.Args = "", "export DIR", oneArgument
	c.RunE = func(c *cobra.Command, args []string) error {
		if p.helpAll {
			return c.Help()
		}
		given, getenv := map[string]string{"cloud_soar_mail_id": ids, "incident_id": incident}, p.getenv
		p.getenv = func(name string) string {
			if value := given[name]; value != "" {
				return value
			}
			return getenv(name)
		}
		p.evidence.Folder = args[0]
		p.action(c.Context(), actions.ExportEvidence)
		return nil
	}
	c.Flags().StringVar(&ids, "ids", "", "ids of the emails, separated by commas (cloud_soar_mail_id)")
	c.Flags().StringVar(&incident, "incident", "", "all emails of this incident (incident_id)")
	c.Flags().StringVar(&p.evidence.KeyFile, "key", "", "sign with this Ed25519 key (openssl genpkey -algorithm ed25519)")
	return c
}

func evidenceVerifyCommand(p *program) *cobra.Command {
	keyFile := ""
	c := p.personCommand("verify DIR", "Check a folder that evidence export made", oneArgument, func(_ context.Context, args []string) error {
		return verifyEvidence(p, args[0], keyFile)
	})
	c.Flags().StringVar(&keyFile, "public-key", "", "key of the signer, from its owner; without it the one in the folder counts")
	return c
}

func verifyEvidence(p *program, folder, keyFile string) error {
	var key []byte
	if keyFile != "" {
		public, err := evidence.ReadPublicKey(keyFile)
		if err != nil {
			return err
		}
		key = public
	}
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		return fmt.Errorf("there is no folder %q", folder)
	}
	r := evidence.Verify(os.DirFS(folder), key)
	if len(r.Problems) > 0 {
		const most = 5
		shown := r.Problems[:min(len(r.Problems), most)]
		return errors.New("the evidence is not as it was: " + strings.Join(shown, "; ") + more(len(r.Problems)-len(shown)))
	}
	signed, ledger := "not signed", "without a ledger"
	if r.Signed {
		signed = "signed by the key"
	}
	if r.Head.Count > 0 {
		ledger = fmt.Sprintf("%d entries of the ledger lead to its head, %d %s", r.Entries, r.Head.Count, r.Head.Link)
	}
	_, err := fmt.Fprintf(p.stdout, "all %d files are as they were, %d raw emails among them; %s; %s\n", r.Files, r.Emails, signed, ledger)
	return err
}

func more(n int) string {
	if n <= 0 {
		return ""
	}
	return fmt.Sprintf("; and %d more", n)
}
