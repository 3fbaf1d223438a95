package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"example.org/imap-integration/message"
	"example.org/imap-integration/soar/packing"
	"example.org/imap-integration/soar/postgres"
)

// placeKey stands for the source_key of an email whose content is not known: where it is.
func placeKey(mailbox string, object []byte) string {
	var at struct {
		Folder      string      `json:"folder"`
		UIDValidity uint32      `json:"uid_validity"`
		UID         message.UID `json:"uid"`
	}
	_ = json.Unmarshal(object, &at) // our own encoding
	return fmt.Sprintf("%s/%s/%d/%d", mailbox, at.Folder, at.UIDValidity, at.UID)
}

// Message is something to be handed over to a sink.
type Message struct {
	ID       int64
	Key      string // the email's source_key: the same message comes again under the same key
	Mailbox  string
	Body     []byte // the daemon's object, JSON
	Attempts int    // this one included
	Age      time.Duration
}

// take lends messages. A loan is void when its node is not heard of any more, and when this
// node asks again: it works on one loan of a sink at a time, so that whatever else
// stands under its name is of its past, or of an answer that did not come.
const take = `WITH dead AS (
		SELECT DISTINCT lent_to FROM deliveries d WHERE sink = $1 AND lent_to IS NOT NULL
		AND NOT EXISTS (SELECT FROM nodes WHERE name = d.lent_to AND seen_at > clock_timestamp() - $5::interval)
	), due AS (
		SELECT message_id FROM deliveries WHERE sink = $1 AND NOT dead
		AND (next_try <= clock_timestamp() OR lent_to = $4 OR lent_to IN (SELECT lent_to FROM dead)
			OR next_try > clock_timestamp() + interval '2 hours') -- no pause is that long: the clock was set back
		ORDER BY message_id LIMIT $2 FOR UPDATE SKIP LOCKED
	), lent AS (
		UPDATE deliveries d SET next_try = clock_timestamp() + $3::interval, attempts = attempts + 1, lent_to = $4 FROM due
		WHERE d.sink = $1 AND d.message_id = due.message_id RETURNING d.message_id, d.attempts
	)
	SELECT m.id, m.key, m.mailbox, m.body, m.packed, l.attempts,
		extract(epoch FROM clock_timestamp() - m.created_at)::float8 FROM lent l JOIN messages m ON m.id = l.message_id ORDER BY m.id`

// Take lends messages of a sink for a time, oldest first, to one caller of this node at once. A message
// that was neither Delivered nor Failed until then, or whose node died, is lent again.
func (l *Ledger) Take(ctx context.Context, sink string, most int, lend time.Duration) (list []Message, err error) {
	err = l.store.Do(ctx, "take messages from", func(ctx context.Context, pool *pgxpool.Pool) error {
		rows, err := pool.Query(ctx, take, sink, most, lend, l.node, l.lease)
		if err != nil {
			return err
		}
		var m Message
		var stored []byte
		var packed bool
		var age float64
		_, err = pgx.ForEachRow(rows, []any{&m.ID, &m.Key, &m.Mailbox, &stored, &packed, &m.Attempts, &age}, func() error {
			m.Age = seconds(age)
			if m.Body, err = packing.Unpack(stored, packed, maxMessage); err != nil {
				return err
			}
			list = append(list, m)
			return nil
		})
		return err
	})
	return list, err
}

// maxMessage bounds an unpacked message, bytes. Headers and bodies of an object are cut far below.
const maxMessage = 256 << 20

// Delivered takes messages off a sink's list, and tells the ledger that their emails
// were handed over. The last sink takes the message itself along.
func (l *Ledger) Delivered(ctx context.Context, sink string, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	return l.store.Change(ctx, "change", func(tx pgx.Tx) error {
		var keys []string
		b := &pgx.Batch{}
		b.Queue(`SELECT FROM messages WHERE id = ANY($1) ORDER BY id FOR UPDATE`, ids) // two sinks that end at once wait for each other
		b.Queue(`WITH taken AS (DELETE FROM deliveries WHERE sink = $1 AND message_id = ANY($2) RETURNING message_id)
			SELECT key FROM messages JOIN taken ON id = message_id`, sink, ids).Query(func(rows pgx.Rows) (err error) {
			keys, err = pgx.CollectRows(rows, pgx.RowTo[string])
			return err
		})
		b.Queue(`DELETE FROM messages m WHERE id = ANY($1) AND NOT EXISTS (SELECT FROM deliveries d WHERE d.message_id = m.id)`, ids)
		if err := tx.SendBatch(ctx, b).Close(); err != nil {
			return err
		}
		return l.store.NoteHandedOver(ctx, tx, keys, "to the sink "+sink)
	})
}

// Failed notes why a message was not taken, and when it is tried again; dead
// messages wait for Replay.
func (l *Ledger) Failed(ctx context.Context, sink string, id int64, why string, again time.Duration, dead bool) error {
	return l.store.Do(ctx, "change", func(ctx context.Context, pool *pgxpool.Pool) error {
		_, err := pool.Exec(ctx, `UPDATE deliveries SET next_try = clock_timestamp() + $3::interval, last_error = $4, dead = $5, lent_to = NULL
			WHERE sink = $1 AND message_id = $2`, sink, id, again, postgres.Held(why), dead)
		return err
	})
}

// Replay makes the dead messages of a sink due again, and says how many they are.
func (l *Ledger) Replay(ctx context.Context, sink string) (n int64, err error) {
	err = l.store.Do(ctx, "change", func(ctx context.Context, pool *pgxpool.Pool) error {
		tag, err := pool.Exec(ctx, `UPDATE deliveries SET dead = false, attempts = 0, lent_to = NULL, next_try = clock_timestamp() WHERE sink = $1 AND dead`, sink)
		n = tag.RowsAffected()
		return err
	})
	return n, err
}

// Backlog is what waits for a sink.
type Backlog struct {
	Sink     string
	Messages int64
	Bytes    int64
	Oldest   time.Duration // age of the oldest message
	Dead     int64         // not counted above
	Error    string        // of the message that was tried last
}

// Backlogs returns what waits, for sinks with anything.
func (l *Ledger) Backlogs(ctx context.Context) (list []Backlog, err error) {
	err = l.store.Do(ctx, "read", func(ctx context.Context, pool *pgxpool.Pool) error {
		rows, err := pool.Query(ctx, `SELECT sink, count(*) FILTER (WHERE NOT dead), coalesce(sum(size) FILTER (WHERE NOT dead), 0)::bigint,
				coalesce(extract(epoch FROM clock_timestamp() - min(created_at) FILTER (WHERE NOT dead)), 0)::float8,
				count(*) FILTER (WHERE dead), coalesce(max(last_error) FILTER (WHERE last_error <> ''), '')
			FROM deliveries GROUP BY sink ORDER BY sink`)
		if err != nil {
			return err
		}
		var one Backlog
		var seconds float64
		_, err = pgx.ForEachRow(rows, []any{&one.Sink, &one.Messages, &one.Bytes, &seconds, &one.Dead, &one.Error}, func() error {
			one.Oldest = time.Duration(seconds * float64(time.Second))
			list = append(list, one)
			return nil
		})
		return err
	})
	return list, err
}
