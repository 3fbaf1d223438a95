// Package ledger is what the processes of a fleet agree on, in the database that
// also holds the emails: who works on which mailbox, how far each mailbox has
// come, and what is still to be handed over. Whose turn it is, is a lease: a row
// with an end, by the database's clock, and an epoch that each new holder raises.
// A process may be stopped for a minute and go on believing in its turn; so every
// change that a holder makes names its epoch and the version of the checkpoint
// that it began with, and is refused when either is another one now. Emails,
// checkpoint and outbox change in one transaction. What is lost with a crash of
// the database is at most the end of a pass, which is then done again.
package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"example.org/imap-integration/soar/postgres"
)

// DefaultLease is how long a turn lasts without renewal. Renewal is due each third of it.
const DefaultLease = 30 * time.Second

// ErrLostTurn says that another process holds the mailbox now.
var ErrLostTurn = errors.New("another process has taken this mailbox over; nothing of this batch was changed")

// ErrOutdated says that a newer program upgraded the tables: this one must not write there any more.
var ErrOutdated = errors.New("a newer version of this program has upgraded the tables of the database; this node takes no more mailboxes and ends: start the new version here too")

// Ledger is a fleet's state. Its methods may be called at the same time.
type Ledger struct {
	store  *postgres.Store
	node   string
	lease  time.Duration
	places map[string]string // of the mailboxes that were registered
}

// Open brings the tables up in the store's database. node names this process; two
// processes of one name are one another's past.
func Open(ctx context.Context, store *postgres.Store, node string, lease time.Duration) (*Ledger, error) {
	if err := store.Upgrade(ctx, part, steps); err != nil {
		return nil, err
	}
	return &Ledger{store: store, node: node, lease: lease}, nil
}

// Mailbox is a mailbox as the fleet's configuration has it.
type Mailbox struct {
	Name   string
	Place  string        // what tells it from others: server, user, folders
	Server string        // host and port, for the limit of connections
	Period time.Duration // from the start of a pass to the next one
}

// Register makes the rows of mailboxes that are new, and the node's own. A name whose
// mailbox is another one than it was belongs to whoever registers last: Claim gives
// no turn at it to others, so that two configurations do not share one checkpoint.
func (l *Ledger) Register(ctx context.Context, version string, mailboxes []Mailbox) error {
	names, servers, periods, places := make([]string, len(mailboxes)), make([]string, len(mailboxes)), make([]time.Duration, len(mailboxes)), make([]string, len(mailboxes))
	l.places = map[string]string{}
	for i, m := range mailboxes {
		names[i], servers[i], periods[i], places[i] = m.Name, m.Server, m.Period, postgres.Held(m.Place)
		l.places[m.Name] = places[i]
	}
	return l.store.Change(ctx, "change", func(tx pgx.Tx) error {
		b := &pgx.Batch{}
		b.Queue(`INSERT INTO mailboxes (name, server, period, place) SELECT * FROM unnest($1::text[], $2::text[], $3::interval[], $4::text[]) ORDER BY 1
			ON CONFLICT (name) DO UPDATE SET server = excluded.server, period = excluded.period, place = excluded.place
			WHERE (mailboxes.server, mailboxes.period, mailboxes.place) IS DISTINCT FROM (excluded.server, excluded.period, excluded.place)`, names, servers, periods, places)
		b.Queue(`INSERT INTO nodes (name, started_at, seen_at, version) VALUES ($1, clock_timestamp(), clock_timestamp(), $2)
			ON CONFLICT (name) DO UPDATE SET started_at = excluded.started_at, seen_at = excluded.seen_at, version = excluded.version`, l.node, version)
		return tx.SendBatch(ctx, b).Close()
	})
}

// Claim asks for turns.
type Claim struct {
	Names     []string       // of the mailboxes that this process can work on
	Most      int            // turns
	PerServer int            // connections to one server, of all processes together
	Limits    map[string]int // likewise, for the servers that have a limit of their own
}

// claimLock serialises claims, so that the count of connections is right.
const claimLock = 0x494d4149_00000002

// due is when somebody may take a mailbox: when its lease ends, or when its next pass is
// due. No lease is that long, and no pause (see steps of the retries of a node): such
// a time was noted before the database's clock was set back, or with a longer period.
const due = `CASE WHEN coalesce(m.lease_until, m.next_due) > clock_timestamp() + greatest(m.period, interval '15 minutes') + interval '1 second'
	THEN to_timestamp(0) ELSE coalesce(m.lease_until, m.next_due) END`

// own are the mailboxes of these names that are the ones which this node means.
const own = `mailboxes m JOIN unnest($1::text[], $2::text[]) AS o (name, place) USING (name, place)`

// claim gives the mailboxes that are due longest to this node, as many as each
// server may still have connections. A lease that ran out is due at once. It gives none
// where a newer program has upgraded the tables; Renew says so.
const claim = `WITH busy AS (
		SELECT server, count(*) AS n FROM mailboxes m WHERE lease_until IS NOT NULL AND ` + due + ` > clock_timestamp() GROUP BY server
	), ranked AS (
		SELECT m.name, ` + due + ` AS since, coalesce(($7::jsonb ->> m.server)::int, $6) AS most,
			row_number() OVER (PARTITION BY m.server ORDER BY ` + due + `, m.name) + coalesce(b.n, 0) AS rank
		FROM ` + own + ` LEFT JOIN busy b USING (server)
		WHERE ` + due + ` <= clock_timestamp()
		AND NOT EXISTS (SELECT FROM versions JOIN unnest($8::text[], $9::int[]) AS k (part, knows) USING (part) WHERE version > knows)
	), chosen AS (
		SELECT name FROM ranked WHERE rank <= most ORDER BY since, name LIMIT $4
	), locked AS MATERIALIZED (
		SELECT name FROM mailboxes m WHERE name IN (SELECT name FROM chosen) AND ` + due + ` <= clock_timestamp()
		FOR UPDATE SKIP LOCKED
	)
	UPDATE mailboxes m SET holder = $3, epoch = epoch + 1, lease_until = clock_timestamp() + $5::interval,
		next_due = clock_timestamp() + period, tried_at = clock_timestamp()
	FROM locked WHERE m.name = locked.name
	RETURNING m.name, m.epoch, m.checkpoint, m.version, m.failures`

// Claim gives this process turns. Their number may be smaller than asked for. The
// transaction is one message to the server, so that a process that is stopped
// never holds the lock.
func (l *Ledger) Claim(ctx context.Context, c Claim) (turns []*Turn, err error) {
	limits := c.Limits
	if limits == nil {
		limits = map[string]int{}
	}
	err = l.store.Do(ctx, "claim mailboxes in", func(ctx context.Context, pool *pgxpool.Pool) error {
		b := &pgx.Batch{}
		b.Queue(`SELECT pg_advisory_xact_lock($1)`, int64(claimLock))
		b.Queue(claim, c.Names, l.placesOf(c.Names), l.node, c.Most, l.lease, c.PerServer, limits, l.store.Knows().Parts, l.store.Knows().Versions).Query(func(rows pgx.Rows) error {
			t := Turn{ledger: l}
			_, err := pgx.ForEachRow(rows, []any{&t.Name, &t.epoch, &t.Checkpoint, &t.version, &t.Failures}, func() error {
				one := t
				turns = append(turns, &one)
				return nil
			})
			return err
		})
		return pool.SendBatch(ctx, b).Close()
	})
	return turns, err
}

// placesOf are the places of names.
func (l *Ledger) placesOf(names []string) []string {
	places := make([]string, len(names))
	for i, name := range names {
		places[i] = l.places[name]
	}
	return places
}

// NextDue is how long it is until one of the mailboxes is due, at most limit.
func (l *Ledger) NextDue(ctx context.Context, names []string, limit time.Duration) (wait time.Duration, err error) {
	err = l.store.Do(ctx, "read", func(ctx context.Context, pool *pgxpool.Pool) error {
		var seconds *float64
		if err := pool.QueryRow(ctx, `SELECT extract(epoch FROM min(`+due+`) - clock_timestamp())::float8 FROM `+own,
			names, l.placesOf(names)).Scan(&seconds); err != nil {
			return err
		}
		wait = limit
		if seconds != nil {
			wait = min(limit, max(0, time.Duration(*seconds*float64(time.Second))))
		}
		return nil
	})
	return wait, err
}

// noWait lets the commit of a transaction not wait for the disk.
const noWait = `SELECT set_config('synchronous_commit', 'off', true)`

// Renew prolongs turns and shows that the node is alive. It returns those that
// are this process's no longer, or ErrOutdated.
func (l *Ledger) Renew(ctx context.Context, turns []*Turn) (lost []*Turn, err error) {
	names, epochs := make([]string, len(turns)), make([]int64, len(turns))
	for i, t := range turns {
		names[i], epochs[i] = t.Name, t.epoch
	}
	held := map[string]bool{}
	outdated := false
	err = l.store.Do(ctx, "renew turns in", func(ctx context.Context, pool *pgxpool.Pool) error {
		b := &pgx.Batch{}
		b.Queue(noWait) // a renewal that is lost with the database comes again
		b.Queue(`UPDATE nodes SET seen_at = clock_timestamp() WHERE name = $1`, l.node)
		b.Queue(`UPDATE mailboxes m SET lease_until = clock_timestamp() + $4::interval FROM unnest($2::text[], $3::bigint[]) AS u (name, epoch)
			WHERE m.name = u.name AND m.epoch = u.epoch AND m.holder = $1 RETURNING m.name`, l.node, names, epochs, l.lease).Query(func(rows pgx.Rows) error {
			var name string
			_, err := pgx.ForEachRow(rows, []any{&name}, func() error { held[name] = true; return nil })
			return err
		})
		b.Queue(`SELECT EXISTS (SELECT FROM versions JOIN unnest($1::text[], $2::int[]) AS k (part, knows) USING (part) WHERE version > knows)`,
			l.store.Knows().Parts, l.store.Knows().Versions).QueryRow(func(row pgx.Row) error { return row.Scan(&outdated) })
		return pool.SendBatch(ctx, b).Close()
	})
	if err == nil && outdated {
		err = ErrOutdated
	}
	if err != nil {
		return nil, err
	}
	for _, t := range turns {
		if !held[t.Name] {
			lost = append(lost, t)
		}
	}
	return lost, nil
}

// End is how a pass ended.
type End struct {
	Turn                                                   *Turn
	Whole                                                  bool          // it saw all of the mailbox, and all is saved
	Looked                                                 time.Duration // where Whole: since it began to look
	Error                                                  string        // why not; "": nothing failed
	Retry                                                  time.Duration // after a failure; 0: when the mailbox is due anyway
	Saved, Existed, Failed, LeftOut, Reconnects, Throttled int
	CertificateUntil, TokenUntil                           time.Time // zero: not known
}

// Finish gives turns back, and notes what came of them. It waits for no disk: an
// end that is lost is a pass that is done again. due is how long it is until the first
// of these mailboxes is due again, at most limit.
func (l *Ledger) Finish(ctx context.Context, ends []End, limit time.Duration) (due time.Duration, err error) {
	due = limit
	if len(ends) == 0 {
		return due, nil
	}
	err = l.store.Do(ctx, "end turns in", func(ctx context.Context, pool *pgxpool.Pool) error {
		b := &pgx.Batch{}
		b.Queue(noWait)
		for _, e := range ends {
			var retry *time.Duration
			if e.Retry > 0 {
				retry = &e.Retry
			}
			b.Queue(`UPDATE mailboxes SET holder = NULL, lease_until = NULL,
					next_due = CASE WHEN $3::interval IS NULL THEN next_due ELSE clock_timestamp() + $3::interval END,
					polled_at = CASE WHEN $4 THEN clock_timestamp() ELSE polled_at END,
					covered_until = CASE WHEN $4 THEN clock_timestamp() - $14::interval ELSE covered_until END,
					failures = CASE WHEN $5 = '' THEN 0 ELSE failures + 1 END, last_error = $5,
					saved = saved + $6, existed = existed + $7, failed = failed + $8, left_out = left_out + $9,
					reconnects = reconnects + $10, throttled = throttled + $11,
					certificate_until = coalesce($12, certificate_until), token_until = coalesce($13, token_until)
				WHERE name = $1 AND epoch = $2 RETURNING extract(epoch FROM next_due - clock_timestamp())::float8`, e.Turn.Name, e.Turn.epoch, retry, e.Whole, postgres.Held(e.Error),
				e.Saved, e.Existed, e.Failed, e.LeftOut, e.Reconnects, e.Throttled, known(e.CertificateUntil), known(e.TokenUntil), e.Looked).Query(func(rows pgx.Rows) error {
				var wait float64
				_, err := pgx.ForEachRow(rows, []any{&wait}, func() error { due = min(due, max(0, seconds(wait))); return nil })
				return err
			})
		}
		return pool.SendBatch(ctx, b).Close()
	})
	return due, err
}

func known(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// Leave takes the node off the list: it ended in good order.
func (l *Ledger) Leave(ctx context.Context) error {
	return l.store.Do(ctx, "change", func(ctx context.Context, pool *pgxpool.Pool) error {
		_, err := pool.Exec(ctx, `DELETE FROM nodes WHERE name = $1`, l.node)
		return err
	})
}

// refused wraps ErrLostTurn with the mailbox's name.
func refused(name string) error { return fmt.Errorf("mailbox %s: %w", name, ErrLostTurn) }
