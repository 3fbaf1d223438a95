package fleet

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"example.org/imap-integration/fleet/ledger"
	"example.org/imap-integration/manifest"
	"example.org/imap-integration/soar/postgres"
	"example.org/imap-integration/transport"
)

// Values are the parameters of an action; see [manifest.Decode].
type Values = *manifest.Values

// openLedger opens the database of a configuration. A password in a file is read now.
func openLedger(ctx context.Context, c *Config, log *slog.Logger, connections int, readOnly bool) (*postgres.Store, *ledger.Ledger, error) {
	url, password, ca, err := c.address()
	if err != nil {
		return nil, nil, &ConfigError{err}
	}
	trust, err := transport.NewTrust(ca)
	if err != nil {
		return nil, nil, &ConfigError{err}
	}
	if err := postgres.CheckURL(url.Reveal()); err != nil {
		return nil, nil, &ConfigError{fmt.Errorf("database %w", err)}
	}
	store, err := postgres.Open(ctx, postgres.Config{
		URL: url, Password: password, Renewed: c.password, Secure: trust.Secure, Connections: connections, ReadOnly: readOnly, Abandoned: c.lease / 2, Log: log, Program: c.Program,
	})
	if err != nil {
		return nil, nil, err
	}
	book, err := ledger.Open(ctx, store, c.Node, c.lease)
	if err != nil {
		return nil, nil, errors.Join(err, store.Close())
	}
	return store, book, nil
}
