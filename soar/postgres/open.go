// Package postgres is Cloud SOAR in a PostgreSQL database: a sibling of the store
// in a file for those who run on more than one machine. Many processes may use it
// at once. An email is there once, whatever they do: its key is unique, and all
// emails of a save are there or none. Texts and raw emails are compressed as in
// the file. What can go wrong is the way to the database and the database's disk;
// both end in an error before anything is acknowledged, and an answer to a commit
// that is lost is no harm, because the next save finds the keys. TLS is verified,
// except on this machine. One schema holds all tables; what else keeps tables
// there (the fleet) brings them up with Upgrade and writes with Change.
package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"example.org/imap-integration/evidence"
)

// Database is the connections to a database, for all parts of the program that
// have tables in it. Its methods may be called at the same time.
type Database struct {
	config Config
	pool   *pgxpool.Pool
	name   string // in sentences
	user   string
	tables int      // version of the store's tables; 0: ReadOnly, and they are not there yet
	knows  Versions // of what Upgrade brought up
}

// Store is a Cloud SOAR in a database. Its methods may be called at the same time.
type Store struct {
	*Database

	session func() *evidence.Session // of the emails that Save gets; nil: unknown
}

// Open opens the store, and makes its tables where there are none.
func Open(ctx context.Context, c Config) (*Store, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	conf, err := c.pool()
	if err != nil {
		return nil, err
	}
	d := &Database{config: c, name: nameOf(conf.ConnConfig), user: conf.ConnConfig.User}
	if d.pool, err = pgxpool.NewWithConfig(ctx, conf); err != nil {
		return nil, d.Explain("open", err)
	}
	if err = d.checkEncoding(ctx); err == nil {
		err = d.Upgrade(ctx, storePart, storeSteps)
	}
	if err != nil {
		d.pool.Close()
		return nil, err
	}
	return &Store{Database: d}, nil
}

// checkEncoding refuses databases that cannot hold every text.
func (d *Database) checkEncoding(ctx context.Context) error {
	ctx, cancel := d.Bounded(ctx)
	defer cancel()
	var encoding string
	if err := d.pool.QueryRow(ctx, `SHOW server_encoding`).Scan(&encoding); err != nil {
		return d.Explain("open", err)
	}
	if encoding != "UTF8" {
		return fmt.Errorf("cannot open %s: its encoding is %s; make a database with ENCODING 'UTF8'", d.name, encoding)
	}
	return nil
}

// Close ends all connections.
func (d *Database) Close() error {
	d.pool.Close()
	return nil
}

// Bounded gives a use of the database its time.
func (d *Database) Bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, d.config.Timeout)
}

// Change runs f in one transaction: all of it is there afterwards, or nothing.
// verb is what the sentence of a failure says, "save in" for example. An error of
// f that is not the database's comes back as it is.
func (d *Database) Change(ctx context.Context, verb string, f func(pgx.Tx) error) error {
	ctx, cancel := d.Bounded(ctx)
	defer cancel()
	tx, err := d.pool.Begin(ctx)
	if err != nil {
		return d.Explain(verb, err)
	}
	if err := f(tx); err != nil {
		undo, end := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer end()
		_ = tx.Rollback(undo) // what fails here ends with the connection
		return d.Explain(verb, err)
	}
	if err := tx.Commit(ctx); err != nil {
		return d.Explain(verb, err)
	}
	return nil
}

// Note appends entries to the ledger, as the last act of a transaction, so that they
// are there with what they tell of, or not at all.
func (d *Database) Note(ctx context.Context, tx pgx.Tx, entries []evidence.Entry) error {
	return note(ctx, tx, d.config, entries)
}

// NoteHandedOver is Note for emails that were handed over, named by their source_key.
func (d *Database) NoteHandedOver(ctx context.Context, tx pgx.Tx, keys []string, detail string) error {
	rows, err := tx.Query(ctx, `SELECT id FROM emails WHERE source_key = ANY($1) ORDER BY id`, keys)
	if err != nil {
		return err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return err
	}
	return noteAbout(ctx, tx, d.config, ids, evidence.Entry{Event: evidence.HandedOver, Detail: detail})
}

// Do runs f with the pool within the store's time, for what needs no transaction.
func (d *Database) Do(ctx context.Context, verb string, f func(context.Context, *pgxpool.Pool) error) error {
	ctx, cancel := d.Bounded(ctx)
	defer cancel()
	if err := f(ctx, d.pool); err != nil {
		return d.Explain(verb, err)
	}
	return nil
}

// Begin begins a transaction for those who cannot do all of it at one place; see
// Change. SaveIn and Explain belong to it.
func (d *Database) Begin(ctx context.Context) (pgx.Tx, error) {
	tx, err := d.pool.Begin(ctx)
	return tx, d.Explain("open", err)
}
