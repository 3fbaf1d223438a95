package fleet

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"example.org/imap-integration/actions"
	"example.org/imap-integration/manifest"
)

// box is a mailbox of this node: its settings, read anew when one of its secrets changes.
type box struct {
	Mailbox
	parameters []byte // JSON
	files      []string
	decode     decoder
	log        *slog.Logger

	mu    sync.Mutex
	stamp string // of the files when pass was made
	pass  *actions.Pass
	tame  func(string) string // takes the secrets out of a text
}

// decoder reads parameters of an action; cmd has the manifest.
type decoder func(command string, parameters []byte) (*manifest.Values, error)

// newBox reads a mailbox's settings.
func newBox(m Mailbox, parameters []byte, decode decoder, log *slog.Logger) (*box, error) {
	b := &box{Mailbox: m, parameters: parameters, decode: decode, log: log}
	var all map[string]any
	if err := json.Unmarshal(parameters, &all); err != nil {
		return nil, err
	}
	for id, value := range all {
		if path, ok := value.(string); ok && strings.HasSuffix(id, "_file") {
			b.files = append(b.files, path)
		}
	}
	_, err := b.current()
	return b, err
}

// current is the pass with the secrets as they are now.
func (b *box) current() (*actions.Pass, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	stamp := stampOf(b.files)
	if b.pass != nil && stamp == b.stamp {
		return b.pass, nil
	}
	values, err := b.decode("incoming-mail-daemon", b.parameters)
	if err != nil {
		return nil, err
	}
	b.tame = values.Redact
	env := &actions.Env{
		Log: slog.New(&redacting{b.log.Handler(), values.Redact}).With("mailbox", b.Name), Now: time.Now, Progress: func(int, int) {},
	}
	pass, err := actions.NewPass(env, values)
	if err != nil {
		return nil, fmt.Errorf("mailbox %s: %w", b.Name, err)
	}
	if b.pass != nil {
		env.Log.Info("a secret's file changed; the settings were read again")
	}
	b.pass, b.stamp = pass, stamp
	return pass, nil
}

// redact takes the mailbox's secrets out of a text, which may quote a server.
func (b *box) redact(text string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.tame == nil {
		return text
	}
	return b.tame(text)
}

// stampOf changes with the content of files, as far as the file system tells.
func stampOf(files []string) string {
	var stamp bytes.Buffer
	for _, path := range files {
		info, err := os.Stat(path)
		if err != nil {
			fmt.Fprintf(&stamp, "%s?;", path)
			continue
		}
		fmt.Fprintf(&stamp, "%s %d %d;", path, info.Size(), info.ModTime().UnixNano())
	}
	return stamp.String()
}

// redacting is a log without the secrets of one mailbox.
type redacting struct {
	slog.Handler
	tame func(string) string
}

// Handle passes a record on.
func (r *redacting) Handle(ctx context.Context, record slog.Record) error {
	clean := slog.NewRecord(record.Time, record.Level, record.Message, record.PC)
	record.Attrs(func(a slog.Attr) bool {
		clean.AddAttrs(r.clean(a))
		return true
	})
	return r.Handler.Handle(ctx, clean)
}

func (r *redacting) clean(a slog.Attr) slog.Attr {
	if k := a.Value.Kind(); k == slog.KindString || k == slog.KindAny {
		return slog.String(a.Key, r.tame(a.Value.String()))
	}
	return a
}

// WithAttrs keeps the secrets out of what is added.
func (r *redacting) WithAttrs(attrs []slog.Attr) slog.Handler {
	clean := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		clean[i] = r.clean(a)
	}
	return &redacting{r.Handler.WithAttrs(clean), r.tame}
}

// WithGroup passes it on.
func (r *redacting) WithGroup(name string) slog.Handler {
	return &redacting{r.Handler.WithGroup(name), r.tame}
}

// errTwice is two names for one mailbox: they would take each other's emails.
var errTwice = errors.New("mean the same user and folders of the same server")

// boxes reads all mailboxes of a configuration; the error names all that is wrong.
func (c *Config) boxes(database string, decode decoder, log *slog.Logger) (map[string]*box, []string, error) {
	all, servers := map[string]*box{}, []string{}
	places := map[string]string{}
	var problems []error
	for _, m := range c.Mailboxes {
		parameters, err := c.parameters(m, database)
		if err != nil {
			problems = append(problems, fmt.Errorf("mailbox %s: %w", m.Name, err))
			continue
		}
		b, err := newBox(m, parameters, decode, log)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		if other, ok := places[b.pass.Place()]; ok {
			problems = append(problems, fmt.Errorf("mailboxes %s and %s %w", other, m.Name, errTwice))
		}
		places[b.pass.Place()] = m.Name
		all[m.Name], servers = b, append(servers, b.pass.Server())
	}
	return all, servers, errors.Join(problems...)
}
