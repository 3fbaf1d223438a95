package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"example.org/imap-integration/quote"
	"example.org/imap-integration/soar"
)

// The two bases of the API and the credentials that go with each.
const (
	basicBase  = "/api/csoar/v3/"
	bearerBase = "/incmansuite_ng/api/v3/"
)

const (
	maxJSON       = 1 << 20          // bytes of a search or a link
	maxMetadata   = 4 << 20          // bytes of a record, as clients take it
	defaultMax    = 256 << 20        // bytes of a raw email or a file; mail servers stop well below
	pieceDeadline = 30 * time.Second // for each piece of a body to come or go; slower is a dead peer
	logPath       = 200              // bytes of a request's path in the log
)

// HandlerOptions are for NewHandler; the zero value is usable.
type HandlerOptions struct {
	MaxContent int64        // bytes of a raw email or a file; 0: 256 MiB. A larger one is answered with 413
	Log        *slog.Logger // one line a request, without headers and bodies; nil: none
}

// server is the API over a store.
type server struct {
	store    *Store
	digests  map[string]string
	options  HandlerOptions
	failures atomic.Int64 // numbers the error answers, to be found in the log
}

// apiError is an answer in the platform's form.
type apiError struct {
	status        int
	code, message string
}

func (e *apiError) Error() string { return e.message }

func bad(status int, code, format string, args ...any) error {
	return &apiError{status, code, fmt.Sprintf(format, args...)}
}

// endpoint answers one request, or returns why it cannot.
type endpoint func(w http.ResponseWriter, r *http.Request) error

// NewHandler serves the API of Cloud SOAR over the store, whose Keys must have
// been made, and GET /healthz.
func NewHandler(ctx context.Context, s *Store, o HandlerOptions) (http.Handler, error) {
	digests, err := s.digests(ctx)
	if err != nil {
		return nil, err
	}
	if o.MaxContent == 0 {
		o.MaxContent = defaultMax
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	v := &server{store: s, digests: digests, options: o}
	mux := http.NewServeMux()
	mux.Handle("GET /healthz", v.serve(v.health))
	mux.Handle("/", v.serve(noPath))
	for _, base := range []string{basicBase, bearerBase} {
		v.mount(mux, base)
	}
	return mux, nil
}

// mount adds the routes below one base.
func (v *server) mount(mux *http.ServeMux, base string) {
	mux.Handle(base, v.serve(v.authenticated(base, unknown(mux))))
	endpoints := v.endpoints()
	for name, route := range soar.DefaultRoutes() {
		mux.Handle(route.Method+" "+base+route.Path+"{$}", v.serve(v.authenticated(base, endpoints[name])))
	}
}

// endpoints are the routes of cloud-soar-api.md by name.
func (v *server) endpoints() map[string]endpoint {
	return map[string]endpoint{
		"emails.create":              v.create,
		"emails.search":              v.search,
		"emails.get":                 v.get,
		"emails.eml":                 v.eml,
		"emails.discard":             v.discard,
		"incidents.emails.add":       v.addToIncident,
		"incidents.emails.list":      v.incidentEmails,
		"incidents.emails.remove":    v.removeFromIncident,
		"incidents.attachments.add":  v.addFile,
		"incidents.attachments.list": v.incidentFiles,
		"triage.emails.add":          v.addToTriage,
	}
}

// serve turns an endpoint into a handler: deadlines, errors, the log.
func (v *server) serve(e endpoint) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started := v.store.options.Now()
		out := &recorder{ResponseWriter: w, control: http.NewResponseController(w)}
		r.Body = &patient{body: http.MaxBytesReader(out, r.Body, v.options.MaxContent+maxMetadata+maxJSON), control: out.control}
		err := v.try(e, out, r)
		defer func() {
			v.options.Log.Info("request", "method", r.Method, "path", quote.Line(r.URL.Path, logPath), "status", out.status,
				"bytes", out.bytes, "took", v.store.options.Now().Sub(started), "error", errorText(err))
		}()
		if err != nil {
			v.fail(out, err)
		}
	})
}

// try runs an endpoint; a panic costs this request only.
func (v *server) try(e endpoint, w http.ResponseWriter, r *http.Request) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("the server failed: %v", fault)
		}
	}()
	return e(w, r)
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// fail writes an error in the platform's form. After the first byte of an
// answer only the connection's end can tell of one.
func (v *server) fail(w *recorder, err error) {
	if w.status != 0 {
		panic(http.ErrAbortHandler)
	}
	e := asAPI(err)
	if e.status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	id := fmt.Sprintf("ERR-%d", v.failures.Add(1))
	_ = answer(w, e.status, map[string]any{"id": id, "errors": []any{map[string]string{"code": e.code, "message": e.message}}})
}

// asAPI finds the status for an error of the store or of a request's body.
func asAPI(err error) *apiError {
	var api *apiError
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &api):
		return api
	case errors.As(err, &large):
		return &apiError{http.StatusRequestEntityTooLarge, "too.large", fmt.Sprintf("the request is larger than %d bytes", large.Limit)}
	case errors.Is(err, soar.ErrNotFound), errors.Is(err, soar.ErrNoContent):
		return &apiError{http.StatusNotFound, "notfound", err.Error()}
	case errors.Is(err, soar.ErrBusy):
		return &apiError{http.StatusServiceUnavailable, "busy", err.Error()}
	}
	return &apiError{http.StatusInternalServerError, "internal", err.Error()}
}

func answer(w http.ResponseWriter, status int, value any) error {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(value)
}

func noPath(http.ResponseWriter, *http.Request) error {
	return bad(http.StatusNotFound, "notfound", "there is no such path")
}

// unknown tells a wrong method from a wrong path: the mux is asked whether it
// knows the path by another method. The answer lists the methods (RFC 9110, section 15.5.6).
func unknown(mux *http.ServeMux) endpoint {
	return func(w http.ResponseWriter, r *http.Request) error {
		var allowed []string
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete} {
			other := r.Clone(r.Context())
			other.Method = method
			if _, pattern := mux.Handler(other); strings.HasPrefix(pattern, method) {
				allowed = append(allowed, method)
			}
		}
		if len(allowed) > 0 {
			w.Header().Set("Allow", strings.Join(allowed, ", "))
			return bad(http.StatusMethodNotAllowed, "method", "the path does not know the method %.20q", r.Method)
		}
		return noPath(w, r)
	}
}

// authenticated lets a request through whose credentials are those of the base.
func (v *server) authenticated(base string, e endpoint) endpoint {
	return func(w http.ResponseWriter, r *http.Request) error {
		ok, challenge := false, ""
		if base == basicBase {
			id, key, has := r.BasicAuth()
			ok, challenge = has && matches(id+":"+key, v.digests[accessName]), `Basic realm="imap-integration"`
		} else {
			token, has := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
			ok, challenge = has && matches(token, v.digests[jwtName]), "Bearer"
		}
		if !ok {
			w.Header().Set("WWW-Authenticate", challenge)
			return bad(http.StatusUnauthorized, "unauthorized", "the credentials are wrong; serve printed them at its first start, and serve --new-keys makes others")
		}
		return e(w, r)
	}
}

// health tells whether the store can be read.
func (v *server) health(w http.ResponseWriter, r *http.Request) error {
	if _, err := v.store.count(r.Context(), `SELECT count(*) FROM credentials`); err != nil {
		return err
	}
	return answer(w, http.StatusOK, map[string]string{"status": "ok"})
}

// recorder remembers the status, and gives each piece of an answer its time.
type recorder struct {
	http.ResponseWriter
	control *http.ResponseController
	status  int
	bytes   int64
}

func (w *recorder) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	_ = w.control.SetWriteDeadline(time.Now().Add(pieceDeadline)) // where it is not supported, there is no peer
	n, err := w.ResponseWriter.Write(p)
	w.bytes += int64(n)
	return n, err
}

// patient gives each piece of a request's body its time.
type patient struct {
	body    io.ReadCloser
	control *http.ResponseController
}

func (p *patient) Read(b []byte) (int, error) {
	_ = p.control.SetReadDeadline(time.Now().Add(pieceDeadline)) // as above
	n, err := p.body.Read(b)
	if err != nil { // net/http watches the connection while the request is worked on: that read has no deadline
		_ = p.control.SetReadDeadline(time.Time{})
	}
	return n, err
}

func (p *patient) Close() error { return p.body.Close() }

// number reads a positive number of the path. Whatever else stands there is nothing's id.
func number(r *http.Request, name string) (int64, error) {
	n, err := strconv.ParseInt(r.PathValue(name), 10, 64)
	if err != nil || n <= 0 {
		return 0, bad(http.StatusNotFound, "notfound", "%.40q is no %s", r.PathValue(name), name)
	}
	return n, nil
}

// decodeJSON reads a request's body that is one JSON document.
func decodeJSON(r *http.Request, into any) error {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return bad(http.StatusUnsupportedMediaType, "media.type", "the body must be application/json")
	}
	return decode(r.Body, maxJSON, into)
}

func decode(body io.Reader, limit int64, into any) error {
	text, err := io.ReadAll(io.LimitReader(body, limit+1))
	switch {
	case err != nil:
		return unreadable(err)
	case int64(len(text)) > limit:
		return bad(http.StatusRequestEntityTooLarge, "too.large", "the JSON document is larger than %d bytes", limit)
	}
	if err := json.Unmarshal(text, into); err != nil {
		return bad(http.StatusBadRequest, "bad.request", "the JSON document cannot be read: %v", err)
	}
	return nil
}

// unreadable is a body that broke off, unless it was too large.
func unreadable(err error) error {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return err
	}
	return bad(http.StatusBadRequest, "bad.request", "the body cannot be read: %v", err)
}
