package console

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"example.org/imap-integration/actions"
	"example.org/imap-integration/manifest"
	"example.org/imap-integration/quote"
	"example.org/imap-integration/soar"
	"example.org/imap-integration/soar/local"
)

// Store is what the screens read of a local store.
type Store interface {
	Emails
	Cases
}

// Emails are the records of a store and their content.
type Emails interface {
	Search(ctx context.Context, q soar.Query) (soar.Page, error)
	Get(ctx context.Context, id soar.ID) (soar.Record, error)
	EML(ctx context.Context, id soar.ID, limit int64) ([]byte, error)
}

// Cases are what emails were added to.
type Cases interface {
	Incidents(ctx context.Context, size, number int) ([]local.Case, error)
	IncidentEmails(ctx context.Context, incident int64) ([]soar.Record, error)
	IncidentFiles(ctx context.Context, incident int64) ([]soar.IncidentFile, error)
	TriageEvents(ctx context.Context, size, number int) ([]local.Case, error)
	TriageEmails(ctx context.Context, triage int64) ([]soar.Record, error)
}

// Runner runs an action as the command line does, and returns its exit status and,
// where that is not 0, the sentence of standard error.
type Runner func(ctx context.Context, c Call) (status int, sentence string)

// Call is one run of an action.
type Call struct {
	Command  string
	Params   io.Reader // a JSON object, as on standard input
	Result   io.Writer // gets what goes to standard output; where it fails nothing is acknowledged
	Step     func(actions.Step)
	Progress func(done, total int)
}

// Config says what a console shows and to whom.
type Config struct {
	Manifest  manifest.Manifest
	Version   string
	Store     Store
	StorePath string
	Settings  string // path of the settings file; it need not exist yet
	Run       Runner
	Entry     Entry
	Log       *slog.Logger
	Now       func() time.Time
}

// Console is the handler of all requests.
type Console struct {
	desk    *desk
	guard   *guard
	handler http.Handler
}

// New makes a console. What it runs ends when ctx does.
func New(ctx context.Context, c Config) (*Console, error) {
	views, err := newViews()
	if err != nil {
		return nil, fmt.Errorf("the console's pages are broken: %w", err)
	}
	d := &desk{Config: c, ctx: ctx, views: views, settings: newSettingsFile(c.Settings), runs: newRuns(ctx, c.Run, c.Now)}
	g := newGuard(c.Entry)
	return &Console{desk: d, guard: g, handler: g.protect(d.handlers(), d.refused)}, nil
}

// Start is the path and query that let one browser in, once.
func (v *Console) Start() string { return v.guard.start() }

// ServeHTTP answers a request.
func (v *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := v.desk.Now()
	out := &recorder{ResponseWriter: w}
	pagePolicy(out.Header())
	limitRequest(out, r)
	v.handler.ServeHTTP(out, r)
	v.desk.Log.Info("request", "method", r.Method, "path", quote.Line(r.URL.Path, quote.Sentence), "status", out.status, "took", v.desk.Now().Sub(began))
}
