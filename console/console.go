package console

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
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
	Get(ctx context.Context, id int64) (soar.Record, error)
	EML(ctx context.Context, id int64, limit int64) ([]byte, error)
}

// Cases are what emails were added to.
type Cases interface {
	Incidents(ctx context.Context, size, number int) ([]local.Case, error)
	IncidentMails(ctx context.Context, incident int64) ([]soar.Record, error)
	IncidentFiles(ctx context.Context, incident int64) ([]soar.IncidentFile, error)
	TriageEvents(ctx context.Context, size, number int) ([]local.Case, error)
	TriageMails(ctx context.Context, triage int64) ([]soar.Record, error)
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
	Config
	ctx      context.Context // ends with the program: runs and streams end then
	guard    *guard
	views    *views
	settings *settingsFile
	runs     *runs
	reports  *reports
	handler  http.Handler
}

// New makes a console. What it runs ends when ctx does.
func New(ctx context.Context, c Config) (*Console, error) {
	views, err := newViews()
	if err != nil {
		return nil, fmt.Errorf("the console's pages are broken: %w", err)
	}
	v := &Console{Config: c, ctx: ctx, guard: newGuard(c.Entry), views: views, settings: newSettingsFile(c.Settings), runs: newRuns(ctx, c.Run, c.Now)}
	v.reports = newReports()
	v.handler = v.guard.protect(v.routes(), v.refused)
	return v, nil
}

// Start is the path and query that let one browser in, once.
func (v *Console) Start() string { return v.guard.start() }

// ServeHTTP answers a request.
func (v *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := v.Now()
	out := &recorder{ResponseWriter: w}
	pagePolicy(out.Header())
	limitRequest(out, r)
	v.handler.ServeHTTP(out, r)
	v.Log.Info("request", "method", r.Method, "path", quote.Line(r.URL.Path, quote.Sentence), "status", out.status, "took", v.Now().Sub(began))
}

// endpoint answers a request, or says why it cannot.
type endpoint func(w http.ResponseWriter, r *http.Request) error

func (v *Console) routes() *http.ServeMux {
	mux := http.NewServeMux()
	for pattern, e := range map[string]endpoint{
		"GET /{$}":                   v.overview,
		"GET /settings":              v.showSettings,
		"POST /settings":             v.saveSettings,
		"POST /settings/test":        v.testSettings,
		"POST /settings/export":      v.exportSettings,
		"GET /actions":               v.listActions,
		"GET /actions/{name}":        v.showAction,
		"POST /actions/{name}":       v.runAction,
		"GET /runs/{id}":             v.showRun,
		"GET /runs/{id}/events":      v.watchRun,
		"GET /runs/{id}/result.json": v.downloadResult,
		"POST /runs/{id}/stop":       v.stopRun,
		"GET /emails":                v.listEmails,
		"GET /emails/{id}":           v.showEmail,
		"GET /emails/{id}/{tab}":     v.showEmail,
		"GET /emails/{id}/html":      v.emailHTML,
		"GET /emails/{id}/raw":       v.downloadEmail,
		"GET /emails/{id}/file":      v.downloadFile,
		"GET /completeness":          v.showCompleteness,
		"POST /completeness":         v.runAudit,
		"GET /incidents":             v.listCases,
		"GET /incidents/{id}":        v.showIncident,
		"GET /triage/{id}":           v.showTriage,
		"GET /static/{file}":         v.static,
		"GET /icon.png":              v.icon,
		"/":                          noPage,
	} {
		mux.Handle(pattern, v.serve(e))
	}
	return mux
}

// serve makes an endpoint a handler: an error and a panic become a page with a sentence.
func (v *Console) serve(e endpoint) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := v.try(e, w, r); err != nil {
			v.fail(w, r, err)
		}
	})
}

func (v *Console) try(e endpoint, w http.ResponseWriter, r *http.Request) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			v.Log.Error("panic", "fault", fmt.Sprint(fault), "stack", string(debug.Stack()))
			err = fmt.Errorf("the console itself failed (%s); please report this with the output of --log-file", quote.Line(fmt.Sprint(fault), quote.Sentence))
		}
	}()
	return e(w, r)
}

// failure is an error with a status of its own.
type failure struct {
	status int
	says   string
}

func (f *failure) Error() string { return f.says }

func noPage(http.ResponseWriter, *http.Request) error {
	return &failure{http.StatusNotFound, "there is no such page"}
}

// fail shows an error. After the first byte of an answer only the connection's end can tell of one.
func (v *Console) fail(w http.ResponseWriter, r *http.Request, err error) {
	if out, ok := w.(*recorder); ok && out.status != 0 {
		panic(http.ErrAbortHandler)
	}
	status := http.StatusInternalServerError
	var known *failure
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &known):
		status = known.status
	case errors.As(err, &large):
		status, err = http.StatusRequestEntityTooLarge, fmt.Errorf("the form is larger than %d MiB", large.Limit>>20)
	case errors.Is(err, soar.ErrNotFound), errors.Is(err, soar.ErrNoContent):
		status = http.StatusNotFound
	}
	if status == http.StatusInternalServerError {
		v.Log.Error("failed", "path", quote.Line(r.URL.Path, quote.Sentence), "error", err.Error())
	}
	v.show(w, status, "error", page{Title: http.StatusText(status)}, actions.Sentence(err))
}

// refused shows why somebody does not get in.
func (v *Console) refused(w http.ResponseWriter, status int, sentence string, form bool) {
	v.show(w, status, "refused", page{Title: "Not signed in", Bare: true}, struct {
		Sentence string
		Form     bool
	}{sentence, form})
}
