package fleet

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"

	"example.org/imap-integration/fleet/ledger"
	"example.org/imap-integration/ingest"
	"example.org/imap-integration/soar/postgres"
)

// Status is what any node answers for all.
type Status struct {
	Nodes     []NodeStatus    `json:"nodes"`
	Mailboxes []MailboxStatus `json:"mailboxes"`
	Sinks     []SinkStatus    `json:"sinks"`
}

// NodeStatus is a process of the fleet.
type NodeStatus struct {
	ledger.Node
	SilentSeconds float64 `json:"silent_seconds"`
	Alive         bool    `json:"alive"` // heard of within the time of a lease
}

// MailboxStatus is a mailbox, whether it is in this configuration or not.
type MailboxStatus struct {
	ledger.State
	AgeSeconds float64 `json:"unsaved_age_seconds"` // since the last whole pass began to look; -1: there was none
	DueSeconds float64 `json:"due_seconds"`
	Configured bool    `json:"configured"`
	Overdue    string  `json:"overdue"` // why; "": it is not
}

// SinkStatus is what waits for a sink.
type SinkStatus struct {
	Sink          string  `json:"sink"`
	Messages      int64   `json:"messages"`
	Bytes         int64   `json:"bytes"`
	OldestSeconds float64 `json:"oldest_seconds"`
	Dead          int64   `json:"dead"`
	Error         string  `json:"last_error"`
	Configured    bool    `json:"configured"` // false: nobody hands over what waits here
}

// ReadStatus asks the database of a configuration. It changes nothing.
func ReadStatus(ctx context.Context, c *Config, log *slog.Logger) (status *Status, err error) {
	store, book, err := openLedger(ctx, c, log, 2, true)
	if err != nil {
		return nil, err
	}
	defer store.Close()
	nodes, err := book.Nodes(ctx)
	states, err2 := book.States(ctx)
	backlogs, err3 := book.Backlogs(ctx)
	if err := errors.Join(err, err2, err3); err != nil {
		return nil, err
	}
	status = &Status{Nodes: []NodeStatus{}, Mailboxes: []MailboxStatus{}, Sinks: []SinkStatus{}}
	for _, n := range nodes {
		status.Nodes = append(status.Nodes, NodeStatus{n, n.Silence.Seconds(), n.Silence < c.lease})
	}
	for _, s := range states {
		m := MailboxStatus{State: s, AgeSeconds: s.Age.Seconds(), DueSeconds: s.Due.Seconds()}
		if i := slices.IndexFunc(c.Mailboxes, func(m Mailbox) bool { return m.Name == s.Name }); i >= 0 {
			m.Configured, m.Overdue = true, overdue(s, c.Mailboxes[i].every)
		}
		status.Mailboxes = append(status.Mailboxes, m)
	}
	status.Sinks = sinkStates(c.Sinks, backlogs)
	return status, nil
}

// sinkStates are the sinks of the configuration, and behind them those that only the outbox knows.
func sinkStates(sinks []Sink, backlogs []ledger.Backlog) []SinkStatus {
	list := []SinkStatus{}
	for _, s := range sinks {
		list = append(list, SinkStatus{Sink: s.Name, Configured: true})
	}
	for _, b := range backlogs {
		i := slices.IndexFunc(list, func(s SinkStatus) bool { return s.Sink == b.Sink })
		if i < 0 {
			i, list = len(list), append(list, SinkStatus{})
		}
		list[i] = SinkStatus{b.Sink, b.Messages, b.Bytes, b.Oldest.Seconds(), b.Dead, b.Error, list[i].Configured}
	}
	return list
}

// Replay makes the dead letters of a sink due again, and says how many they are.
func Replay(ctx context.Context, c *Config, sink string, log *slog.Logger) (int64, error) {
	if !slices.ContainsFunc(c.Sinks, func(s Sink) bool { return s.Name == sink }) {
		return 0, &ConfigError{errors.New("there is no sink " + sink + " in the configuration")}
	}
	store, book, err := openLedger(ctx, c, log, 2, false)
	if err != nil {
		return 0, err
	}
	defer store.Close()
	return book.Replay(ctx, sink)
}

// MailboxAudit is a whole mailbox held against the store.
type MailboxAudit struct {
	Mailbox string          `json:"mailbox"`
	Error   string          `json:"error"` // why it could not be read whole; "": it was
	Folders []*ingest.Audit `json:"folders"`
}

// auditsAtOnce bounds the mailboxes that are read at the same time.
const auditsAtOnce = 4

// Audit holds every email of every mailbox against the store: each UID is in one
// state. sound is false where something is missing, doubled or could not be read.
func Audit(ctx context.Context, o Options, strict bool) (reports []MailboxAudit, sound bool, err error) {
	boxes, err := o.Config.boxes(o.Decode, o.Log)
	if err != nil {
		return nil, false, &ConfigError{err}
	}
	store, _, err := openLedger(ctx, o.Config, o.Log, auditsAtOnce+1, true)
	if err != nil {
		return nil, false, err
	}
	defer store.Close()
	reports = make([]MailboxAudit, len(o.Config.Mailboxes))
	slots := make(chan struct{}, auditsAtOnce)
	var reading sync.WaitGroup
	for i, m := range o.Config.Mailboxes {
		slots <- struct{}{}
		reading.Go(func() {
			defer func() { <-slots }()
			b := boxes[m.Name]
			pass, err := b.current()
			reports[i] = MailboxAudit{Mailbox: m.Name}
			if err == nil {
				reports[i].Folders, err = pass.Audit(ctx, store)
			}
			if err != nil {
				reports[i].Error = b.redact(err.Error())
			}
		})
	}
	reading.Wait()
	sound = true
	for _, r := range reports {
		sound = sound && r.Error == "" && !slices.ContainsFunc(r.Folders, func(a *ingest.Audit) bool { return !a.Sound(strict) })
	}
	return reports, sound, nil
}

// Check reads everything that a configuration names but the database and the servers.
func Check(o Options) error {
	url, _, _, err := o.Config.address()
	if err != nil {
		return &ConfigError{err}
	}
	if err = postgres.CheckURL(url.Reveal()); err != nil {
		err = fmt.Errorf("database %w", err)
	}
	boxes, boxErr := o.Config.boxes(o.Decode, o.Log)
	if boxErr == nil {
		for _, server := range unused(o.Config.Servers, boxes) {
			boxErr = errors.Join(boxErr, fmt.Errorf("%s: servers: %s is the server of no mailbox; check its spelling", o.Config.path, server))
		}
	}
	_, sinkErr := (&Node{o: o}).outlets()
	if err := errors.Join(err, boxErr, sinkErr); err != nil {
		return &ConfigError{err}
	}
	return nil
}
