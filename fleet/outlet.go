package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"sync"
	"time"

	"example.org/imap-integration/actions"
	"example.org/imap-integration/fleet/ledger"
	"example.org/imap-integration/secret"
	"example.org/imap-integration/soar"
	"example.org/imap-integration/transport"
	"example.org/imap-integration/webhook"
)

const (
	takeMost  = 16               // messages taken at once; as many come again where a node dies
	lendTime  = 15 * time.Minute // for taken messages, whatever their receiver does; those of a dead node are taken at once
	lookFor   = 2 * time.Second  // how often an idle outlet looks for messages of other nodes
	restMost  = 30 * time.Second // an outlet whose receiver is away rests
	noteAgain = time.Second      // between tries to note what was handed over
	fewTries  = 5                // before a message can be given up for its age
)

// deliver hands one message over.
type deliver func(ctx context.Context, m ledger.Message) error

// errRefused marks what a receiver refuses for good.
var errRefused = errors.New("refused for good")

// outlet sends the messages of one sink.
type outlet struct {
	Sink
	log     *slog.Logger
	deliver deliver
	wake    chan struct{}
}

// outlets makes those of the configuration.
func (n *Node) outlets() (list []*outlet, err error) {
	for _, s := range n.o.Config.Sinks {
		o := &outlet{Sink: s, log: n.o.Log.With("sink", s.Name), wake: make(chan struct{}, 1)}
		var e error
		switch s.Type {
		case "stdout":
			o.deliver = toWriter(n.o.Stdout)
		case "webhook":
			o.deliver, e = toWebhook(s)
		case "cloud_soar":
			o.deliver, e = n.toCloudSOAR(s)
		}
		if e != nil {
			err = errors.Join(err, n.o.Config.at(s.line, fmt.Errorf("sink %s: %w", s.Name, e)))
		}
		list = append(list, o)
	}
	return list, err
}

// toWriter writes JSON lines.
func toWriter(w io.Writer) deliver {
	var mu sync.Mutex
	return func(_ context.Context, m ledger.Message) error {
		mu.Lock()
		defer mu.Unlock()
		// One write, so that a node that dies leaves no line without its end.
		if _, err := w.Write(append(webhook.Message(m.Key, m.Mailbox, m.Body), '\n')); err != nil {
			return fmt.Errorf("cannot write to standard output: %w", err)
		}
		return nil
	}
}

// toWebhook posts; secret and authorities are read anew when their files change.
func toWebhook(s Sink) (deliver, error) {
	f := &fresh[*webhook.Hook]{files: filesOf(map[string]any{"secret_file": s.SecretFile, "ca_file": s.CAFile}), build: func() (*webhook.Hook, error) {
		ca, err := s.authorities()
		if err != nil {
			return nil, err
		}
		trust, err := transport.NewTrust(ca)
		if err != nil {
			return nil, err
		}
		dial, err := transport.Dialer(secret.String{}, trust)
		if err != nil {
			return nil, err
		}
		key, err := readSecret(s.SecretFile)
		if err != nil {
			return nil, fmt.Errorf("secret_file cannot be read (%w)", err)
		}
		return webhook.New(webhook.Config{URL: s.URL, Secret: key, HTTP: transport.HTTPClient(dial, trust)})
	}}
	if _, _, err := f.current(); err != nil {
		return nil, err
	}
	return func(ctx context.Context, m ledger.Message) error {
		h, _, err := f.current()
		if err != nil {
			return err
		}
		return h.Send(ctx, m.Key, webhook.Message(m.Key, m.Mailbox, m.Body))
	}, nil
}

// authorities are those of ca_certificate_file, in PEM; "": the system's alone.
func (s Sink) authorities() (string, error) {
	if s.CAFile == "" {
		return "", nil
	}
	text, err := os.ReadFile(s.CAFile)
	if err != nil {
		return "", fmt.Errorf("ca_certificate_file cannot be read (%w)", err)
	}
	return string(text), nil
}

// toCloudSOAR saves emails over REST. One that is not new may be there: an answer was
// lost, another program saved it before, or a dead letter was replayed.
func (n *Node) toCloudSOAR(s Sink) (deliver, error) {
	files := filesOf(s.Parameters)
	if s.CAFile != "" {
		files = append(files, s.CAFile)
	}
	f := &fresh[actions.Client]{files: files, build: func() (actions.Client, error) { return n.client(s) }}
	if _, _, err := f.current(); err != nil {
		return nil, err
	}
	return func(ctx context.Context, m ledger.Message) error {
		client, _, err := f.current()
		if err != nil {
			return err
		}
		if _, there, err := client.ByKey(ctx, m.Key); err != nil || there {
			return err
		}
		record, found, err := n.store.ByKey(ctx, m.Key)
		if err != nil || !found { // an email without content has no record, and is nothing to save
			return err
		}
		d := &soar.Draft{Metadata: record.Metadata}
		if d.Raw, err = n.store.EML(ctx, record.ID, 0); err != nil && !errors.Is(err, soar.ErrNoContent) {
			return err
		}
		saved, err := client.Save(ctx, []*soar.Draft{d})
		if err == nil && saved[0].Refused != "" {
			err = fmt.Errorf("%w: %s", errRefused, saved[0].Refused)
		}
		return err
	}, nil
}

// client is Cloud SOAR as the sink's parameters name it.
func (n *Node) client(s Sink) (actions.Client, error) {
	ca, err := s.authorities()
	if err != nil {
		return nil, err
	}
	parameters := maps.Clone(s.Parameters)
	if ca != "" {
		parameters["ca_certificate"] = ca
	}
	text, err := json.Marshal(parameters)
	if err != nil {
		return nil, err
	}
	values, err := n.o.Decode("list-cloud-soar-emails", text)
	if err != nil {
		return nil, err
	}
	log := slog.New(&redacting{n.o.Log.Handler(), values.Redact}).With("sink", s.Name)
	return actions.NewClient(context.Background(), &actions.Env{Log: log, Now: time.Now, Progress: func(int, int) {}}, values)
}

// run hands over until ctx ends.
func (o *outlet) run(ctx context.Context, book *ledger.Ledger) {
	failures := 0
	for ctx.Err() == nil {
		messages, err := book.Take(ctx, o.Name, takeMost, lendTime)
		if err != nil && ctx.Err() == nil {
			o.log.Error("the outbox could not be read; it is tried again", "error", err.Error())
		}
		if len(messages) > 0 {
			if o.round(ctx, book, messages) {
				failures = 0
				continue
			}
			failures++
			every(ctx, min(restMost, webhook.Pause(failures, nil)))
			continue
		}
		select {
		case <-ctx.Done():
		case <-o.wake:
		case <-time.After(lookFor):
		}
	}
}

// round hands over messages, several at once. false: the receiver took none of them.
func (o *outlet) round(ctx context.Context, book *ledger.Ledger, messages []ledger.Message) bool {
	slots := make(chan struct{}, o.Concurrent)
	var mu sync.Mutex
	var done []int64
	answered := false
	var sending sync.WaitGroup
	for _, m := range messages {
		slots <- struct{}{}
		sending.Go(func() {
			defer func() { <-slots }()
			err := o.try(ctx, m)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				done = append(done, m.ID)
				answered = true
				return
			}
			answered = o.failed(ctx, book, m, err) || answered
		})
	}
	sending.Wait()
	o.note(ctx, book, done)
	return answered
}

// note takes messages off the list. While the database is away it tries again, as what
// is not noted comes again, under the same keys; at the end of ctx it tries once.
func (o *outlet) note(ctx context.Context, book *ledger.Ledger, done []int64) {
	for tries := 1; ; tries++ {
		err := book.Delivered(context.WithoutCancel(ctx), o.Name, done)
		if err == nil {
			return
		}
		if !every(ctx, noteAgain) {
			o.log.Error("what was handed over could not be noted; it comes again", "messages", len(done), "error", err.Error())
			return
		}
		if tries == 1 {
			o.log.Warn("what was handed over could not be noted yet", "messages", len(done), "error", err.Error())
		}
	}
}

// try delivers. A panic costs this message a try, not the node its life.
func (o *outlet) try(ctx context.Context, m ledger.Message) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the program itself failed (%v); please report this", p)
		}
	}()
	return o.deliver(ctx, m)
}

// failed notes a failure, and reports whether it concerns this message alone.
func (o *outlet) failed(ctx context.Context, book *ledger.Ledger, m ledger.Message, why error) bool {
	final := webhook.Final(why) || errors.Is(why, errRefused)
	dead := final || m.Attempts >= fewTries && m.Age > o.deadAfter
	pause := webhook.Pause(m.Attempts, why)
	if ctx.Err() != nil {
		pause, dead = 0, false
	}
	if dead {
		o.log.Error("an email cannot be handed over; it waits for fleet replay", "key", m.Key, "mailbox", m.Mailbox, "attempts", m.Attempts, "error", why.Error())
	} else if ctx.Err() == nil {
		o.log.Warn("an email could not be handed over yet", "key", m.Key, "mailbox", m.Mailbox, "attempts", m.Attempts, "again_in", pause.String(), "error", why.Error())
	}
	if err := book.Failed(context.WithoutCancel(ctx), o.Name, m.ID, why.Error(), pause, dead); err != nil {
		o.log.Error("a failure could not be noted", "error", err.Error())
	}
	return final
}

// watchBacklogs holds mailboxes back whose sinks cannot keep up. A sink is free
// again at half of its limits, so that it does not flutter.
func (n *Node) watchBacklogs(ctx context.Context) {
	if len(n.sinks) == 0 {
		return
	}
	for every(ctx, backlogLook) {
		backlogs, err := n.book.Backlogs(ctx)
		if err != nil {
			continue // what is held back stays so
		}
		over := map[string]string{}
		n.mu.Lock()
		for _, s := range n.sinks {
			for _, b := range backlogs {
				if b.Sink == s.Name {
					over[s.Name] = s.exceeds(b, n.over[s.Name] != "")
				}
			}
			if (over[s.Name] == "") != (n.over[s.Name] == "") {
				s.log.Warn("the backlog of a sink changed what is read", "held_back", over[s.Name] != "", "why", over[s.Name])
			}
		}
		n.over = over
		n.mu.Unlock()
	}
}

func (o *outlet) exceeds(b ledger.Backlog, already bool) string {
	bytes, age := o.backlogBytes, o.backlogAge
	if already {
		bytes, age = bytes/2, age/2
	}
	switch {
	case b.Bytes > bytes:
		return fmt.Sprintf("%d bytes wait, more than %d", b.Bytes, bytes)
	case b.Messages > 0 && b.Oldest > age:
		return fmt.Sprintf("the oldest email has waited for %s, longer than %s", b.Oldest.Round(time.Second), age)
	}
	return ""
}
