package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Schema is the PostgreSQL schema that holds all tables of this program.
const Schema = "imap_integration"

// storePart is the store's name among the parts that have tables in the schema.
const storePart = "store"

// storeSteps bring the store's tables from version i to version i+1. A step that
// was released is never changed.
var storeSteps = []string{`
CREATE TABLE emails (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  source_key text NOT NULL UNIQUE,
  mailbox_account text NOT NULL,
  folder text NOT NULL,
  uid_validity bigint NOT NULL,
  uid bigint NOT NULL,
  message_id text NOT NULL,
  from_folded text NOT NULL,
  subject_folded text NOT NULL,
  received_at timestamptz,
  created_at timestamptz NOT NULL,
  content_size bigint,
  metadata text NOT NULL,
  body_text bytea NOT NULL,
  body_html bytea NOT NULL,
  packed smallint NOT NULL
);
COMMENT ON COLUMN emails.from_folded IS 'lower case, for searches; U+FFFD stands for NUL here and in the other texts, which PostgreSQL cannot hold';
COMMENT ON COLUMN emails.received_at IS 'NULL: unknown';
COMMENT ON COLUMN emails.content_size IS 'bytes of the raw email; NULL: no content';
COMMENT ON COLUMN emails.metadata IS 'JSON without the two bodies, which stand beside it';
COMMENT ON COLUMN emails.packed IS '1: body_text is an S2 block, 2: body_html is, 3: both';
CREATE INDEX emails_by_uid ON emails (mailbox_account, folder, uid_validity, uid);
CREATE INDEX emails_by_id ON emails (mailbox_account, folder, id);
ALTER TABLE emails ALTER body_text SET STORAGE EXTERNAL, ALTER body_html SET STORAGE EXTERNAL;

CREATE TABLE contents (
  email_id bigint NOT NULL REFERENCES emails,
  piece int NOT NULL,
  raw bytea NOT NULL,
  packed boolean NOT NULL,
  PRIMARY KEY (email_id, piece)
);
COMMENT ON TABLE contents IS 'the raw email in pieces of 1 MiB; a record without content has none';
COMMENT ON COLUMN contents.packed IS 'raw is an S2 block of the piece';
ALTER TABLE contents ALTER raw SET STORAGE EXTERNAL;

CREATE TABLE pending (email_id bigint PRIMARY KEY REFERENCES emails);
COMMENT ON TABLE pending IS 'saved by a run, but not yet in a result that was written';
CREATE TABLE discarded (email_id bigint PRIMARY KEY REFERENCES emails);
CREATE TABLE incident_emails (incident_id bigint NOT NULL, email_id bigint NOT NULL REFERENCES emails, PRIMARY KEY (incident_id, email_id));
CREATE TABLE triage_emails (triage_id bigint NOT NULL, email_id bigint NOT NULL REFERENCES emails, PRIMARY KEY (triage_id, email_id));

CREATE TABLE incident_files (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  incident_id bigint NOT NULL,
  email_id bigint NOT NULL REFERENCES emails,
  part text NOT NULL,
  sha256 text NOT NULL,
  filename text NOT NULL,
  content_type text NOT NULL,
  size bigint NOT NULL,
  UNIQUE (incident_id, email_id, part, sha256)
);
CREATE TABLE file_contents (
  file_id bigint NOT NULL REFERENCES incident_files,
  piece int NOT NULL,
  raw bytea NOT NULL,
  PRIMARY KEY (file_id, piece)
);
`, `
CREATE TABLE ledger (
  number bigint PRIMARY KEY,
  email_id bigint,
  line text NOT NULL,
  link text NOT NULL
);
COMMENT ON TABLE ledger IS 'what became of each email, only ever appended to (docs/evidence.md)';
COMMENT ON COLUMN ledger.email_id IS 'NULL: of no email; the email itself may be gone';
COMMENT ON COLUMN ledger.line IS 'the entry, JSON';
COMMENT ON COLUMN ledger.link IS 'what the next entry names as previous';
CREATE INDEX ledger_by_email ON ledger (email_id);
ALTER TABLE emails ADD COLUMN ledger boolean NOT NULL DEFAULT false;
ALTER TABLE emails ALTER ledger DROP DEFAULT;
COMMENT ON COLUMN emails.ledger IS 'false: saved before there was a ledger; without a default, so that older programs that still run cannot save without an entry';
`}

// ledgerVersion is the version of the store's tables that brought the ledger.
const ledgerVersion = 2

// What PostgreSQL says of a schema or a table that is not there.
const (
	undefinedTable  = "42P01"
	undefinedSchema = "3F000"
)

// version reads which version the tables of a part have; 0: they are not there.
func (d *Database) version(ctx context.Context, q queryer, part string) (version int, err error) {
	err = q.QueryRow(ctx, `SELECT version FROM versions WHERE part = $1`, part).Scan(&version)
	var refused *pgconn.PgError
	if errors.Is(err, pgx.ErrNoRows) || errors.As(err, &refused) && (refused.Code == undefinedTable || refused.Code == undefinedSchema) {
		return 0, nil
	}
	return version, err
}

// queryer is a connection, a pool or a transaction.
type queryer interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// Upgrade brings the tables of a part to the version that this program knows, in
// one transaction that no other program's upgrade runs beside. A newer version is
// refused: this program would write what the newer one does not expect.
func (d *Database) Upgrade(ctx context.Context, part string, steps []string) error {
	ctx, cancel := d.Bounded(ctx)
	defer cancel()
	d.knows.Parts, d.knows.Versions = append(d.knows.Parts, part), append(d.knows.Versions, len(steps))
	version, err := d.version(ctx, d.pool, part)
	if err != nil {
		return d.Explain("open", err)
	}
	switch {
	case version > len(steps):
		return d.newer(part, version, len(steps))
	case version == len(steps) || d.config.ReadOnly:
		if part == storePart {
			d.tables = version
		}
		return nil
	}
	return d.Change(ctx, "upgrade", func(tx pgx.Tx) error { return d.upgrade(ctx, tx, part, steps) })
}

// newer is the error of tables that a newer program made.
func (d *Database) newer(part string, version, knows int) error {
	return fmt.Errorf("cannot open %s: its tables of the %s have version %d and this program knows versions up to %d; use a newer imap-integration",
		d.name, part, version, knows)
}

// Versions are the versions of the tables that a program knows, of each part.
type Versions struct {
	Parts    []string
	Versions []int
}

// Knows are those of the parts that were brought up. Tables may become newer while a
// program runs, by another one.
func (d *Database) Knows() Versions { return d.knows }

// upgradeLock is the advisory lock of upgrades: "IMAI" and a number.
const upgradeLock = 0x494d4149_00000001

func (d *Database) upgrade(ctx context.Context, tx pgx.Tx, part string, steps []string) error {
	if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, int64(upgradeLock)); err != nil {
		return err
	}
	var there bool
	if err := tx.QueryRow(ctx, `SELECT to_regnamespace($1) IS NOT NULL`, Schema).Scan(&there); err != nil {
		return err
	}
	if !there {
		if _, err := tx.Exec(ctx, `CREATE SCHEMA `+Schema); err != nil {
			return err
		}
	}
	if _, err := tx.Exec(ctx, `CREATE TABLE IF NOT EXISTS versions (part text PRIMARY KEY, version int NOT NULL)`); err != nil {
		return err
	}
	version, err := d.version(ctx, tx, part) // another program may have been faster
	if err != nil {
		return err
	}
	if part == storePart {
		d.tables = len(steps)
	}
	if version > len(steps) {
		return d.newer(part, version, len(steps))
	}
	if version == len(steps) {
		return nil
	}
	for _, step := range steps[version:] {
		if _, err := tx.Conn().PgConn().Exec(ctx, step).ReadAll(); err != nil {
			return err
		}
	}
	_, err = tx.Exec(ctx, `INSERT INTO versions (part, version) VALUES ($1, $2) ON CONFLICT (part) DO UPDATE SET version = excluded.version`, part, len(steps))
	if err == nil && part == storePart && version < ledgerVersion {
		err = beginLedger(ctx, tx, d.config)
	}
	if err == nil {
		d.config.Log.Info("made or upgraded the tables", "part", part, "was", version, "is", len(steps))
	}
	return err
}
