package local

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"example.org/imap-integration/secret"
	"example.org/imap-integration/soar"
	"example.org/imap-integration/soar/storetest"
)

// api is a store with its server.
type api struct {
	*httptest.Server
	store *Store
	keys  Keys
}

func newAPI(t *testing.T, o HandlerOptions) api {
	t.Helper()
	return serveStore(t, newStore(t), o)
}

func serveStore(t *testing.T, s *Store, o HandlerOptions) api {
	t.Helper()
	keys, made, err := s.Keys(context.Background(), false)
	if err != nil || !made {
		t.Fatalf("keys: %v, %v", made, err)
	}
	h, err := NewHandler(context.Background(), s, o)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(specified(t, h))
	t.Cleanup(server.Close)
	return api{server, s, keys}
}

// specified holds every answer to a request that openapi.yaml knows against it.
func specified(t *testing.T, h http.Handler) http.Handler {
	doc, err := openapi3.NewLoader().LoadFromData(soar.OpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	router, err := legacy.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked := r.Clone(r.Context())
		asked.URL.Scheme, asked.URL.Host = "", ""
		route, place, err := router.FindRoute(asked)
		if err != nil {
			h.ServeHTTP(w, r)
			return
		}
		answer := httptest.NewRecorder()
		h.ServeHTTP(answer, r)
		if err := validate(asked, route, place, answer); err != nil {
			t.Errorf("%s %s: %v", r.Method, r.URL.Path, err)
		}
		for name, values := range answer.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes())
	})
}

func validate(r *http.Request, route *routers.Route, place map[string]string, answer *httptest.ResponseRecorder) error {
	return openapi3filter.ValidateResponse(r.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, Route: route, PathParams: place},
		Status:                 answer.Code, Header: answer.Header(), Body: io.NopCloser(bytes.NewReader(answer.Body.Bytes())),
		Options: &openapi3filter.Options{IncludeResponseStatus: true},
	})
}

// clients are the REST client with both kinds of credentials.
func (a api) clients(t *testing.T) map[string]*soar.Client {
	t.Helper()
	all := map[string]*soar.Client{}
	for name, c := range map[string]soar.Config{
		"basic":  {AccessID: a.keys.AccessID, AccessKey: secret.New(a.keys.AccessKey)},
		"bearer": {JWT: secret.New(a.keys.JWT)},
	} {
		c.URL = a.URL
		client, err := soar.New(c)
		if err != nil {
			t.Fatal(err)
		}
		all[name] = client
	}
	return all
}

// TestStoreOverHTTP holds the client and the server together to what every store does.
func TestStoreOverHTTP(t *testing.T) {
	for _, name := range []string{"basic", "bearer"} {
		t.Run(name, func(t *testing.T) {
			storetest.Run(t, func(t *testing.T) storetest.Store { return newAPI(t, HandlerOptions{}).clients(t)[name] })
		})
	}
}

func TestAPIEmailsAreNotPending(t *testing.T) {
	a := newAPI(t, HandlerOptions{})
	if _, err := a.clients(t)["basic"].Save(context.Background(), []*soar.Draft{draft(1, "a")}); err != nil {
		t.Fatal(err)
	}
	if got, err := a.store.Pending(context.Background(), account, inbox); err != nil || len(got) != 0 {
		t.Errorf("pending: %v, %v", got, err)
	}
}

// call sends one request and returns status and body.
func (a api) call(t *testing.T, method, path, kind string, body io.Reader, edit func(*http.Request)) (int, string) {
	t.Helper()
	r, err := http.NewRequest(method, a.URL+path, body)
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth(a.keys.AccessID, a.keys.AccessKey)
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	if edit != nil {
		edit(r)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

// form is a multipart body; names ending in .json go in as they are.
func form(parts ...string) (kind string, body *bytes.Buffer) {
	body = &bytes.Buffer{}
	w := multipart.NewWriter(body)
	for i := 0; i < len(parts); i += 2 {
		p, _ := w.CreateFormField(parts[i])
		_, _ = io.WriteString(p, parts[i+1])
	}
	_ = w.Close()
	return w.FormDataContentType(), body
}

func TestRefusedRequests(t *testing.T) {
	a := newAPI(t, HandlerOptions{MaxContent: 2 << 20})
	key := digest("key")
	metadata := `{"source_key":"` + key + `"}`
	withKey := func(r *http.Request) { r.Header.Set("Idempotency-Key", key) }
	const emails = "/api/csoar/v3/emails/"
	for _, c := range []struct {
		name, method, path, kind, body string
		form                           []string
		edit                           func(*http.Request)
		status                         int
		want                           string
	}{
		{name: "no path", method: "GET", path: "/api/csoar/v3/none/", status: 404, want: "no such path"},
		{name: "no base", method: "GET", path: "/emails/", status: 404, want: "no such path"},
		{name: "method", method: "PUT", path: emails + "1/", status: 405, want: "PUT"},
		{name: "no mail", method: "GET", path: emails + "99/", status: 404, want: "99"},
		{name: "no number", method: "GET", path: emails + "x%0a/", status: 404, want: `x\n`},
		{name: "negative", method: "GET", path: emails + "-1/", status: 404, want: "-1"},
		{name: "no incident", method: "GET", path: "/api/csoar/v3/incidents/0/emails/", status: 404, want: "incident_id"},
		{name: "page", method: "GET", path: "/api/csoar/v3/incidents/1/emails/?page_size=many", status: 400, want: "page_size"},
		{name: "no JSON", method: "POST", path: emails + "search/", kind: "application/json", body: "{", status: 400, want: "JSON"},
		{name: "more than JSON", method: "POST", path: emails + "search/", kind: "application/json", body: "{}{}", status: 400, want: "JSON"},
		{name: "media type", method: "POST", path: emails + "search/", kind: "text/plain", body: "{}", status: 415, want: "application/json"},
		{name: "large JSON", method: "POST", path: emails + "search/", kind: "application/json", body: strings.Repeat(" ", maxJSON+1), status: 413, want: "larger"},
		{name: "sort", method: "POST", path: emails + "search/", kind: "application/json", body: `{"sort":"subject"}`, status: 400, want: "sort"},
		{name: "time", method: "POST", path: emails + "search/", kind: "application/json", body: `{"filter":{"received_after":"yesterday"}}`, status: 400, want: "received_after"},
		{name: "link to no mail", method: "POST", path: "/api/csoar/v3/incidents/1/emails/", kind: "application/json", body: `{"email_id":98}`, status: 404, want: "98"},
		{name: "link with a text", method: "POST", path: "/api/csoar/v3/incidents/1/emails/", kind: "application/json", body: `{"email_id":"1"}`, status: 400, want: "JSON"},
		{name: "no form", method: "POST", path: emails, kind: "application/json", body: "{}", status: 415, want: "multipart/form-data"},
		{name: "no key", method: "POST", path: emails, form: []string{"metadata", metadata}, status: 400, want: "Idempotency-Key"},
		{name: "another key", method: "POST", path: emails, form: []string{"metadata", `{"source_key":"` + digest("x") + `"}`}, edit: withKey, status: 400, want: "source_key"},
		{name: "no metadata", method: "POST", path: emails, form: []string{"eml", "x"}, edit: withKey, status: 400, want: "metadata"},
		{name: "two contents", method: "POST", path: emails, form: []string{"eml", "x", "metadata", metadata, "eml", "y"}, edit: withKey, status: 400, want: "eml"},
		{name: "foreign part", method: "POST", path: emails, form: []string{"metadata", metadata, "evil", "y"}, edit: withKey, status: 400, want: "evil"},
		{name: "wrong digest", method: "POST", path: emails, form: []string{"metadata", `{"source_key":"` + key + `","sha256":"` + key + `"}`, "eml", "y"}, edit: withKey, status: 400, want: "sha256"},
		{name: "large mail", method: "POST", path: emails, form: []string{"metadata", metadata, "eml", strings.Repeat("x", 2<<20+1)}, edit: withKey, status: 413, want: "larger"},
		{name: "very large mail", method: "POST", path: emails, form: []string{"metadata", metadata, "eml", strings.Repeat("x", 9<<20)}, edit: withKey, status: 413, want: "larger"},
		{name: "large metadata", method: "POST", path: emails, form: []string{"metadata", strings.Repeat(" ", maxMetadata+1)}, edit: withKey, status: 413, want: "larger"},
		{name: "no file", method: "POST", path: "/api/csoar/v3/incidents/1/attachments/", form: []string{"metadata", "{}"}, status: 400, want: "file"},
		{name: "file of no mail", method: "POST", path: "/api/csoar/v3/incidents/1/attachments/", form: []string{"metadata", `{"email_id":97,"sha256":"` + digest("y") + `"}`, "file", "y"}, status: 404, want: "97"},
	} {
		kind, body := c.kind, io.Reader(strings.NewReader(c.body))
		if c.form != nil {
			kind, body = form(c.form...)
		}
		status, text := a.call(t, c.method, c.path, kind, body, c.edit)
		var answer struct {
			ID     string
			Errors []struct{ Code, Message string }
		}
		err := json.Unmarshal([]byte(text), &answer)
		if err != nil || status != c.status || answer.ID == "" || len(answer.Errors) != 1 || answer.Errors[0].Code == "" || !strings.Contains(answer.Errors[0].Message, c.want) {
			t.Errorf("%s: %d %.300s, want %d and %q", c.name, status, text, c.status, c.want)
		}
	}
	if page, err := a.store.Search(context.Background(), soar.Query{}); err != nil || page.Total != 0 {
		t.Errorf("stored by refused requests: %d, %v", page.Total, err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(a.store.path), ".upload*")); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

func TestCredentials(t *testing.T) {
	a := newAPI(t, HandlerOptions{})
	basic := func(id, key string) func(*http.Request) {
		return func(r *http.Request) { r.SetBasicAuth(id, key) }
	}
	bearer := func(token string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }
	}
	for _, c := range []struct {
		name, path string
		edit       func(*http.Request)
		status     int
	}{
		{"access key", basicBase, basic(a.keys.AccessID, a.keys.AccessKey), 404},
		{"wrong key", basicBase, basic(a.keys.AccessID, "x"), 401},
		{"wrong id", basicBase, basic("x", a.keys.AccessKey), 401},
		{"none", basicBase, func(r *http.Request) { r.Header.Del("Authorization") }, 401},
		{"token at the access key's base", basicBase, bearer(a.keys.JWT), 401},
		{"token", bearerBase, bearer(a.keys.JWT), 404},
		{"wrong token", bearerBase, bearer(a.keys.JWT[1:]), 401},
		{"access key at the token's base", bearerBase, basic(a.keys.AccessID, a.keys.AccessKey), 401},
	} {
		if status, text := a.call(t, "GET", c.path+"emails/1/", "", nil, c.edit); status != c.status {
			t.Errorf("%s: %d %s", c.name, status, text)
		}
	}
	if status, text := a.call(t, "GET", "/healthz", "", nil, func(r *http.Request) { r.Header.Del("Authorization") }); status != 200 || !strings.Contains(text, "ok") {
		t.Errorf("healthz: %d %s", status, text)
	}
}

func TestKeysAreMadeOnce(t *testing.T) {
	s := newStore(t)
	ctx := context.Background()
	if _, err := NewHandler(ctx, s, HandlerOptions{}); err == nil {
		t.Error("a server without credentials")
	}
	first, made, err := s.Keys(ctx, false)
	if err != nil || !made || len(first.AccessKey) < 40 || strings.Count(first.JWT, ".") != 2 {
		t.Fatalf("keys: %+v, %v, %v", first, made, err)
	}
	if again, made, err := s.Keys(ctx, false); made || err != nil || again != (Keys{}) {
		t.Errorf("again: %+v, %v, %v", again, made, err)
	}
	renewed, made, err := s.Keys(ctx, true)
	if err != nil || !made || renewed.AccessID == first.AccessID || renewed.AccessKey == first.AccessKey || renewed.JWT == first.JWT {
		t.Errorf("renewed: %v, %v", made, err)
	}
	var texts string
	if err := s.read.QueryRowContext(t.Context(), `SELECT group_concat(name || sha256) FROM credentials`).Scan(&texts); err != nil || strings.Contains(texts, renewed.AccessKey) {
		t.Errorf("the store keeps the values: %q, %v", texts, err)
	}
}

func TestLogHoldsNoSecret(t *testing.T) {
	var log bytes.Buffer
	a := newAPI(t, HandlerOptions{Log: slog.New(slog.NewTextHandler(&log, nil))})
	if _, err := a.clients(t)["basic"].Save(context.Background(), []*soar.Draft{draft(1, "the body")}); err != nil {
		t.Fatal(err)
	}
	a.call(t, "GET", "/"+strings.Repeat("p", 5000), "", nil, nil)
	text := log.String()
	for _, no := range []string{a.keys.AccessID, a.keys.AccessKey, a.keys.JWT, "the body", "Authorization", strings.Repeat("p", logPath+1)} {
		if strings.Contains(text, no) {
			t.Errorf("the log holds %.40q", no)
		}
	}
	if !strings.Contains(text, "status=201") || !strings.Contains(text, "status=404") {
		t.Errorf("log: %s", text)
	}
}

func TestBusyStoreIsTriedAgainLater(t *testing.T) {
	path := filepath.Join(t.TempDir(), "soar.db")
	a := serveStore(t, open(t, path, Options{Busy: 20 * time.Millisecond}), HandlerOptions{})
	tx, err := open(t, path, Options{}).write.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	status, text := a.call(t, "POST", basicBase+"incidents/1/emails/", "application/json", strings.NewReader(`{"email_id":1}`), nil)
	if status != http.StatusServiceUnavailable || !strings.Contains(text, "busy") {
		t.Errorf("change: %d %s", status, text)
	}
	if status, text := a.call(t, "GET", basicBase+"incidents/1/emails/", "", nil, nil); status != http.StatusOK {
		t.Errorf("list: %d %s", status, text)
	}
}

func TestBrokenUploadStoresNothing(t *testing.T) {
	a := newAPI(t, HandlerOptions{})
	kind, body := form("metadata", `{"source_key":"`+digest("k")+`"}`, "eml", strings.Repeat("x", 3<<20))
	c, err := net.Dial("tcp", strings.TrimPrefix(a.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequest("POST", a.URL+basicBase+"emails/", bytes.NewReader(body.Bytes()[:body.Len()/2]))
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth(a.keys.AccessID, a.keys.AccessKey)
	r.Header.Set("Content-Type", kind)
	r.Header.Set("Idempotency-Key", digest("k"))
	r.ContentLength = int64(body.Len())
	_ = r.Write(c) // ends with an error: the body is shorter than it says
	_ = c.Close()
	a.Close() // waits for the request to end
	if page, err := a.store.Search(context.Background(), soar.Query{}); err != nil || page.Total != 0 {
		t.Errorf("stored: %d, %v", page.Total, err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(a.store.path), ".upload*")); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}
