package actions

import (
	"context"
	"fmt"

	"example.org/imap-integration/ingest"
	"example.org/imap-integration/manifest"
)

// Audit is a command for people beside the platform's actions: it takes the
// resource's parameters and holds the whole folder against the store.
var Audit = Action{Name: "audit", Title: "Audit", Does: "Compare a whole folder with the store: what is missing, doubled or left out, and why", Run: audit}

func audit(ctx context.Context, env *Env, v *manifest.Values) (any, error) {
	if env.Evidence.Ledger {
		return auditLedger(ctx, env, v)
	}
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
	f, err := d.folders.dial(ctx, d.mailbox)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if len(f.unknown) > 0 {
		return nil, notMeant(f.unknown)
	}
	reports, err := auditFolders(ctx, d, f, store)
	if err != nil {
		return nil, err
	}
	if d.folders.single() {
		return reports[0], unsound(reports, env.Strict)
	}
	return map[string]any{"folders": reports}, unsound(reports, env.Strict)
}

func auditFolders(ctx context.Context, d *daemon, f *folders, store ingest.Searcher) (reports []*ingest.Audit, err error) {
	open := f.opener()
	for _, name := range f.names {
		folder, err := open(ctx, name)
		if err != nil {
			return nil, err
		}
		o := d.options
		o.Folder = name
		report, err := ingest.RunAudit(ctx, o, folder, store)
		if err != nil {
			return nil, err
		}
		reports = append(reports, report)
	}
	return reports, nil
}

// unsound is the error of the first folder that differs from the store.
func unsound(reports []*ingest.Audit, strict bool) error {
	for _, r := range reports {
		if !r.Sound(strict) {
			return fmt.Errorf("folder %q and the store differ: %d emails are missing and %d are there more than once; standard output names them", r.Folder, len(r.Missing), len(r.Doubled))
		}
	}
	return nil
}
