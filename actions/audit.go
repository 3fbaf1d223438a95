package actions

import (
	"context"
	"fmt"

	"example.org/imap-integration/ingest"
	"example.org/imap-integration/mailbox"
	"example.org/imap-integration/manifest"
)

// Audit is a command for people beside the platform's actions: it takes the
// resource's parameters and holds the whole folder against the store.
var Audit = Action{Name: "audit", Title: "Audit", Does: "Compare a whole folder with the store: what is missing, doubled or left out, and why", Run: audit}

func audit(ctx context.Context, env *Env, v *manifest.Values) (any, error) {
	d, err := daemonParameters(env, v)
	if err != nil {
		return nil, err
	}
	d.mailbox.ReadOnly = true
	store, err := resource(env, v).storeToRead()(ctx)
	if err != nil {
		return nil, err
	}
	defer store.Close()
	folder, err := mailbox.Dial(ctx, d.mailbox)
	if err != nil {
		return nil, err
	}
	defer folder.Close()
	report, err := ingest.RunAudit(ctx, d.options, folder, store)
	if err != nil {
		return nil, err
	}
	if !report.Sound(env.Strict) {
		return report, fmt.Errorf("folder %q and the store differ: %d emails are missing and %d are there more than once; standard output names them", report.Folder, len(report.Missing), len(report.Doubled))
	}
	return report, nil
}
