package fleet

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"example.org/imap-integration/actions"
	"example.org/imap-integration/manifest"
)

// box is a mailbox of this node: its settings, read anew when one of its secrets changes.
type box struct {
	Mailbox
	place  string // digest of which mailbox it is; see [actions.Pass.Place]
	server string
	log    *slog.Logger
	pass   fresh[*actions.Pass]
	said   pent
	tame   atomic.Pointer[func(string) string] // takes the secrets out of a text
}

// decoder reads parameters of an action; cmd has the manifest.
type decoder func(command string, parameters []byte) (*manifest.Values, error)

// newBox reads a mailbox's settings.
func newBox(m Mailbox, parameters map[string]any, decode decoder, log *slog.Logger) (*box, error) {
	text, err := json.Marshal(parameters)
	if err != nil {
		return nil, err
	}
	b := &box{Mailbox: m, log: log}
	b.pass = fresh[*actions.Pass]{files: filesOf(parameters), build: func() (*actions.Pass, error) { return b.read(text, decode) }}
	pass, _, err := b.pass.current()
	if err == nil {
		sum := sha256.Sum256([]byte(pass.Place()))
		b.place, b.server = hex.EncodeToString(sum[:8]), pass.Server()
	}
	return b, err
}

// filesOf are the files that parameters name.
func filesOf(parameters map[string]any) (files []string) {
	for _, id := range slices.Sorted(maps.Keys(parameters)) {
		if path, ok := parameters[id].(string); ok && strings.HasSuffix(id, "_file") {
			files = append(files, path)
		}
	}
	return files
}

// read makes the pass of the parameters, secrets of files included.
func (b *box) read(parameters []byte, decode decoder) (*actions.Pass, error) {
	values, err := decode("incoming-mail-daemon", parameters)
	if err != nil {
		return nil, err
	}
	tame := values.Redact
	b.tame.Store(&tame)
	return actions.NewPass(&actions.Env{
		Log: slog.New(&hush{&redacting{b.log.Handler(), tame}, &b.said}).With("mailbox", b.Name), Now: time.Now, Progress: func(int, int) {},
	}, values)
}

// current is the pass with the secrets as they are now.
func (b *box) current() (*actions.Pass, error) {
	pass, renewed, err := b.pass.current()
	if renewed {
		b.log.Info("a secret's file changed; the settings were read again", "mailbox", b.Name)
	}
	return pass, err
}

// redact takes the mailbox's secrets out of a text, which may quote a server.
func (b *box) redact(text string) string {
	if tame := b.tame.Load(); tame != nil {
		return (*tame)(text)
	}
	return text
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
func (c *Config) boxes(decode decoder, log *slog.Logger) (map[string]*box, error) {
	all := map[string]*box{}
	places := map[string]string{}
	url, _, _, err := c.address()
	if err != nil {
		return nil, err
	}
	var problems []error
	for _, m := range c.Mailboxes {
		b, err := newBox(m, c.parameters(m, url.Reveal()), decode, log)
		if err != nil {
			problems = append(problems, c.at(m.line, fmt.Errorf("mailbox %s: %w", m.Name, err)))
			continue
		}
		if other, ok := places[b.place]; ok {
			problems = append(problems, c.at(m.line, fmt.Errorf("mailboxes %s and %s %w", other, m.Name, errTwice)))
		}
		places[b.place] = m.Name
		all[m.Name] = b
	}
	return all, errors.Join(problems...)
}

// unused are the limits that concern no server: they are most likely misspelt.
func unused(limits map[string]int, boxes map[string]*box) (servers []string) {
	used := map[string]bool{}
	for _, b := range boxes {
		used[b.server] = true
	}
	for _, server := range slices.Sorted(maps.Keys(limits)) {
		if !used[server] {
			servers = append(servers, server)
		}
	}
	return servers
}
