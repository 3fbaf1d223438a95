package console

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"

	"example.org/imap-integration/actions"
	"example.org/imap-integration/manifest"
	"example.org/imap-integration/quote"
	"example.org/imap-integration/soar"
)

// desk is what all screens share.
type desk struct {
	Config
	ctx      context.Context // ends with the program: runs and streams end then
	views    *views
	settings *settingsFile
	runs     *runs
}

// endpoint answers a request, or says why it cannot.
type endpoint func(w http.ResponseWriter, r *http.Request) error

// handlers are the screens and what they answer.
func (d *desk) handlers() *http.ServeMux {
	mux := http.NewServeMux()
	for pattern, e := range d.endpoints() {
		mux.Handle(pattern, d.serve(e))
	}
	return mux
}

func (d *desk) endpoints() map[string]endpoint {
	overview, resource, actions, runs := overviewScreen{d}, resourceScreen{d}, actionScreen{d}, runScreen{d}
	emails, email, cases, completeness := emailsScreen{d}, emailScreen{d, newReports()}, caseScreen{d}, completenessScreen{d}
	return map[string]endpoint{
		"GET /{$}":                   overview.show,
		"GET /settings":              resource.show,
		"POST /settings":             resource.save,
		"POST /settings/test":        resource.test,
		"POST /settings/export":      resource.export,
		"GET /actions":               actions.list,
		"GET /actions/{name}":        actions.show,
		"POST /actions/{name}":       actions.run,
		"GET /runs/{id}":             runs.show,
		"GET /runs/{id}/events":      runs.watch,
		"GET /runs/{id}/result.json": runs.download,
		"POST /runs/{id}/stop":       runs.stop,
		"GET /emails":                emails.list,
		"GET /emails/{id}":           email.show,
		"GET /emails/{id}/{tab}":     email.show,
		"GET /emails/{id}/html":      email.document,
		"GET /emails/{id}/raw":       email.download,
		"GET /emails/{id}/file":      email.downloadFile,
		"GET /completeness":          completeness.show,
		"POST /completeness":         completeness.run,
		"GET /incidents":             cases.list,
		"GET /incidents/{id}":        cases.incident,
		"GET /triage/{id}":           cases.triage,
		"GET /static/{file}":         d.static,
		"GET /icon.png":              d.icon,
		"/":                          noPage,
	}
}

// serve makes an endpoint a handler: an error and a panic become a page with a sentence.
func (d *desk) serve(e endpoint) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := d.try(e, w, r); err != nil {
			d.fail(w, r, err)
		}
	})
}

func (d *desk) try(e endpoint, w http.ResponseWriter, r *http.Request) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			d.Log.Error("panic", "fault", fmt.Sprint(fault), "stack", string(debug.Stack()))
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
func (d *desk) fail(w http.ResponseWriter, r *http.Request, err error) {
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
		d.Log.Error("failed", "path", quote.Line(r.URL.Path, quote.Sentence), "error", err.Error())
	}
	d.render(w, status, "error", page{Title: http.StatusText(status)}, actions.Sentence(err))
}

// refused shows why somebody does not get in, or that somebody did.
func (d *desk) refused(w http.ResponseWriter, status int, sentence string, form bool) {
	title := "Not signed in"
	if status == http.StatusOK {
		title = "Signed in"
	}
	d.render(w, status, "refused", page{Title: title, Bare: true}, struct {
		Sentence      string
		Form, Entered bool
	}{sentence, form, status == http.StatusOK})
}

// start starts an action and goes to the page that shows the run.
func (d *desk) start(w http.ResponseWriter, r *http.Request, command, title string, fields map[string]any, given []givenField) error {
	members, err := d.settings.read()
	if err != nil {
		return err
	}
	for id, value := range fields {
		members[id] = value
	}
	params, err := json.Marshal(members)
	if err != nil {
		return err
	}
	started := &run{Command: command, Title: title, Given: given, again: again(fields)}
	if err := d.runs.start(started, params); err != nil {
		return err
	}
	http.Redirect(w, r, fmt.Sprintf("/runs/%d", started.ID), http.StatusSeeOther)
	return nil
}

// problemsOf is what is wrong with settings, in the words that the command line has for it. Nothing is contacted.
func (d *desk) problemsOf(members map[string]any) ([]string, error) {
	fields, err := d.Manifest.Parameters(settingsCommand)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(members)
	if err != nil {
		return nil, err
	}
	values := manifest.Decode(settingsCommand, fields, manifest.Input{Stdin: bytes.NewReader(text)})
	err = actions.CheckSettings(&actions.Env{Log: d.Log, Now: d.Now}, values)
	var wrong *manifest.ParameterError
	switch {
	case errors.As(err, &wrong):
		return wrong.Problems, nil
	case err != nil:
		return []string{values.Redact(actions.Sentence(err))}, nil
	}
	return nil, nil
}
