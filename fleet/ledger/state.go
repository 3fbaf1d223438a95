package ledger

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// State is what the fleet knows of a mailbox.
type State struct {
	Name       string        `json:"mailbox"`
	Server     string        `json:"server"`
	Holder     string        `json:"holder"` // "": nobody works on it now
	Polled     *time.Time    `json:"polled_at"`
	Place      string        `json:"-"` // see Mailbox
	Age        time.Duration `json:"-"` // since the last whole pass began to look, by the database's clock; negative: there was none
	Due        time.Duration `json:"-"` // until the next pass
	Failures   int           `json:"failures"`
	Error      string        `json:"last_error"`
	Saved      int64         `json:"saved"`
	Existed    int64         `json:"existed"`
	Failed     int64         `json:"failed"`
	LeftOut    int64         `json:"left_out"`
	Reconnects int64         `json:"reconnects"`
	Throttled  int64         `json:"throttled"`

	CertificateUntil *time.Time `json:"certificate_until"`
	TokenUntil       *time.Time `json:"token_until"`
}

// States returns all mailboxes by name. Whoever asks gets the same answer.
func (l *Ledger) States(ctx context.Context) (list []State, err error) {
	err = l.store.Do(ctx, "read", func(ctx context.Context, pool *pgxpool.Pool) error {
		rows, err := pool.Query(ctx, `SELECT name, server, CASE WHEN lease_until > clock_timestamp() THEN coalesce(holder, '') ELSE '' END, polled_at,
				coalesce(extract(epoch FROM clock_timestamp() - covered_until), -1)::float8, extract(epoch FROM next_due - clock_timestamp())::float8,
				failures, last_error, saved, existed, failed, left_out, reconnects, throttled, certificate_until, token_until, place
			FROM mailboxes ORDER BY name`)
		if err != nil {
			return err
		}
		var s State
		var age, due float64
		_, err = pgx.ForEachRow(rows, []any{
			&s.Name, &s.Server, &s.Holder, &s.Polled, &age, &due, &s.Failures, &s.Error,
			&s.Saved, &s.Existed, &s.Failed, &s.LeftOut, &s.Reconnects, &s.Throttled, &s.CertificateUntil, &s.TokenUntil, &s.Place,
		}, func() error {
			s.Age, s.Due = seconds(age), seconds(due)
			list = append(list, s)
			return nil
		})
		return err
	})
	return list, err
}

func seconds(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }

// Node is a process of the fleet.
type Node struct {
	Name    string        `json:"node"`
	Started time.Time     `json:"started_at"`
	Silence time.Duration `json:"-"` // since it was heard of last
	Version string        `json:"version"`
}

// Nodes returns the processes that did not end in good order, by name.
func (l *Ledger) Nodes(ctx context.Context) (list []Node, err error) {
	err = l.store.Do(ctx, "read", func(ctx context.Context, pool *pgxpool.Pool) error {
		rows, err := pool.Query(ctx, `SELECT name, started_at, extract(epoch FROM clock_timestamp() - seen_at)::float8, version FROM nodes ORDER BY name`)
		if err != nil {
			return err
		}
		var n Node
		var silence float64
		_, err = pgx.ForEachRow(rows, []any{&n.Name, &n.Started, &silence, &n.Version}, func() error {
			n.Silence = seconds(silence)
			list = append(list, n)
			return nil
		})
		return err
	})
	return list, err
}
