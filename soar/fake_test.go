package soar_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"example.org/imap-integration/message"
	"example.org/imap-integration/secret"
	"example.org/imap-integration/soar"
)

const (
	accessID  = "suTest"
	accessKey = "canary-key/+=="
	jwt       = "eyJcanary.eyJleHAiOjEwMDB9.sig"
)

// fake is a Cloud SOAR over HTTP with faults on request. It checks each request
// against openapi.yaml.
type fake struct {
	*httptest.Server
	t      *testing.T
	api    routers.Router
	routes map[string]*regexp.Regexp

	mu         sync.Mutex
	forgetful  bool // ignores Idempotency-Key
	ignores    []string
	records    []*held
	links      map[string][]soar.ID // "incident 7" → ids of emails
	files      []*heldFile
	faults     []*fault
	requests   []seen
	unchecked  bool // the requests of this test are not those of openapi.yaml
	now, most  int
	incidents  []string // that exist; nil: all
	nextRecord int64
}

type held struct {
	soar.Record
	raw []byte
}

type heldFile struct {
	soar.IncidentFile
	incident string
	content  []byte
}

// fault takes the place of the next answers of a route.
type fault struct {
	route string
	times int
	// do answers; work does what was asked and returns the right answer.
	do func(w http.ResponseWriter, r *http.Request, work func() (int, any))
}

type seen struct {
	route, key, auth string
	query            string
	search           map[string]any
	at               time.Time
}

func newFake(t *testing.T) *fake {
	t.Helper()
	f := &fake{t: t, links: map[string][]soar.ID{}, routes: map[string]*regexp.Regexp{}, nextRecord: 42}
	for name, r := range soar.DefaultRoutes() {
		path := regexp.MustCompile(`\\\{(\w+)\\\}`).ReplaceAllString(regexp.QuoteMeta(r.Path), `(?P<$1>[^/]+)`)
		f.routes[name] = regexp.MustCompile("^" + r.Method + " /(?:api/csoar|incmansuite_ng/api)/v3/" + path + "$")
	}
	var err error
	if f.api, err = openAPI(); err != nil {
		t.Fatal(err)
	}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

// openAPI is the router of openapi.yaml, made once because that takes a while.
var openAPI = sync.OnceValues(func() (routers.Router, error) {
	doc, err := openapi3.NewLoader().LoadFromData(soar.OpenAPI)
	if err != nil {
		return nil, err
	}
	return legacy.NewRouter(doc) // validates the document, too
})

// fault makes the next answers of a route go wrong.
func (f *fake) fault(route string, times int, do func(http.ResponseWriter, *http.Request, func() (int, any))) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults = append(f.faults, &fault{route, times, do})
}

func (f *fake) count(route string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, s := range f.requests {
		if s.route == route {
			n++
		}
	}
	return n
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	name, place := f.route(r)
	s := seen{route: name, key: r.Header.Get("Idempotency-Key"), auth: r.Header.Get("Authorization"), query: r.URL.RawQuery, at: time.Now()}
	if name == "emails.search" {
		_ = json.Unmarshal(body, &s.search)
	}
	f.mu.Lock()
	f.requests = append(f.requests, s)
	f.now++
	f.most = max(f.most, f.now)
	var bad *fault
	for _, x := range f.faults {
		if x.times > 0 && (x.route == name || x.route == "*") {
			bad = x
			x.times--
			break
		}
	}
	f.mu.Unlock()
	defer func() { f.mu.Lock(); f.now--; f.mu.Unlock() }()
	f.check(r, body)
	work := func() (int, any) {
		f.mu.Lock()
		defer f.mu.Unlock()
		return f.work(name, place, r, body)
	}
	if bad != nil {
		bad.do(w, r, work)
		return
	}
	status, value := work()
	answer(w, status, value)
}

// answer writes JSON, or a raw email.
func answer(w http.ResponseWriter, status int, value any) {
	if raw, ok := value.([]byte); ok {
		w.Header().Set("Content-Type", "message/rfc822")
		_, _ = w.Write(raw)
		return
	}
	if status == http.StatusNoContent {
		w.WriteHeader(status)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value)
}

func (f *fake) route(r *http.Request) (string, map[string]string) {
	for name, re := range f.routes {
		m := re.FindStringSubmatch(r.Method + " " + r.URL.Path)
		if m == nil {
			continue
		}
		place := map[string]string{}
		for i, n := range re.SubexpNames() {
			place[n] = m[i]
		}
		return name, place
	}
	return "", nil
}

// check holds a request against openapi.yaml.
func (f *fake) check(r *http.Request, body []byte) {
	if f.unchecked {
		return
	}
	r = r.Clone(context.Background())
	r.URL.Host, r.URL.Scheme = "", ""
	r.Body = io.NopCloser(bytes.NewReader(body))
	route, place, err := f.api.FindRoute(r)
	if err != nil {
		f.t.Errorf("%s %s is not in openapi.yaml: %v", r.Method, r.URL.Path, err)
		return
	}
	err = openapi3filter.ValidateRequest(r.Context(), &openapi3filter.RequestValidationInput{
		Request: r, PathParams: place, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
	})
	if err != nil {
		f.t.Errorf("%s %s: %v", r.Method, r.URL.Path, err)
	}
}

func said(code, message string) any {
	return map[string]any{"id": "E1", "errors": []any{map[string]any{"code": code, "message": message}}}
}

func (f *fake) find(id string) *held {
	for _, r := range f.records {
		if string(r.ID) == id {
			return r
		}
	}
	return nil
}

func (f *fake) work(name string, place map[string]string, r *http.Request, body []byte) (int, any) {
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte(accessID+":"+accessKey))
	if a := r.Header.Get("Authorization"); a != basic && a != "Bearer "+jwt {
		return 401, said("unauthorized", "the credentials are wrong")
	}
	if n := place["incident_id"]; n != "" && f.incidents != nil && !slices.Contains(f.incidents, n) {
		return 404, said("notfound", "no such incident")
	}
	switch name {
	case "emails.create":
		return f.create(r, body)
	case "emails.search":
		return f.search(body)
	case "emails.get", "emails.eml", "emails.discard":
		return f.mail(name, f.find(place["id"]))
	case "incidents.emails.add":
		return f.link("incident "+place["incident_id"], body)
	case "triage.emails.add":
		return f.link("triage "+place["triage_id"], body)
	case "incidents.emails.list":
		var list []any
		for _, id := range f.links["incident "+place["incident_id"]] {
			list = append(list, f.find(string(id)).Record)
		}
		return 200, page(list, r.URL.Query().Get("page_size"), r.URL.Query().Get("page_number"))
	case "incidents.emails.remove":
		key, id := "incident "+place["incident_id"], f.find(place["id"])
		if id == nil || !slices.Contains(f.links[key], id.ID) {
			return 404, said("notfound", "not in this incident")
		}
		f.links[key] = slices.DeleteFunc(f.links[key], func(n soar.ID) bool { return n == id.ID })
		return 204, nil
	case "incidents.attachments.add":
		return f.addFile(place["incident_id"], r, body)
	case "incidents.attachments.list":
		var list []any
		for _, a := range f.files {
			if a.incident == place["incident_id"] {
				list = append(list, a.IncidentFile)
			}
		}
		return 200, page(list, r.URL.Query().Get("page_size"), r.URL.Query().Get("page_number"))
	}
	return 404, said("notfound", "no such route")
}

func (f *fake) mail(name string, r *held) (int, any) {
	switch {
	case r == nil:
		return 404, said("notfound", "no such mail")
	case name == "emails.eml" && r.raw == nil:
		return 404, said("notfound", "no content")
	case name == "emails.eml":
		return 200, r.raw
	case name == "emails.discard":
		r.Discarded = true
	}
	return 200, r.Record
}

// parts reads a multipart body.
func (f *fake) parts(r *http.Request, body []byte) map[string][]byte {
	_, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		f.t.Error(err)
	}
	parts := map[string][]byte{}
	for m := multipart.NewReader(bytes.NewReader(body), params["boundary"]); ; {
		p, err := m.NextRawPart()
		if err != nil {
			return parts
		}
		parts[p.FormName()], _ = io.ReadAll(p)
	}
}

func (f *fake) create(r *http.Request, body []byte) (int, any) {
	parts := f.parts(r, body)
	var m soar.Metadata
	if err := json.Unmarshal(parts["metadata"], &m); err != nil {
		return 400, said("bad.request", err.Error())
	}
	if !f.forgetful {
		for _, have := range f.records {
			if have.SourceKey == r.Header.Get("Idempotency-Key") {
				return 200, map[string]any{"id": have.ID, "existed": true}
			}
		}
	}
	return 201, map[string]any{"id": f.put(m, parts["eml"]).ID}
}

// put stores a record by hand.
func (f *fake) put(m soar.Metadata, raw []byte) *held {
	r := &held{soar.Record{ID: soar.NumberID(f.nextRecord), Metadata: m, CreatedAt: "2026-11-24T08:00:00Z"}, raw}
	r.Normalize()
	f.nextRecord++
	f.records = append(f.records, r)
	return r
}

func (f *fake) link(key string, body []byte) (int, any) {
	var in struct {
		ID soar.ID `json:"email_id"`
	}
	_ = json.Unmarshal(body, &in)
	if f.find(string(in.ID)) == nil {
		return 404, said("notfound", "no such mail")
	}
	if slices.Contains(f.links[key], in.ID) {
		return 200, map[string]any{"email_id": in.ID}
	}
	f.links[key] = append(f.links[key], in.ID)
	return 201, map[string]any{"email_id": in.ID}
}

func (f *fake) addFile(incident string, r *http.Request, body []byte) (int, any) {
	parts := f.parts(r, body)
	var m soar.File
	_ = json.Unmarshal(parts["metadata"], &m)
	for _, a := range f.files {
		if a.incident == incident && !f.forgetful && a.SHA256 == m.SHA256 && a.EmailID == m.EmailID && a.Part == m.Part {
			return 200, map[string]any{"id": a.ID, "existed": true}
		}
	}
	a := &heldFile{soar.IncidentFile{ID: soar.NumberID(int64(len(f.files) + 7)), File: m, Size: int64(len(parts["file"]))}, incident, parts["file"]}
	f.files = append(f.files, a)
	return 201, map[string]any{"id": a.ID}
}

func (f *fake) search(body []byte) (int, any) {
	var q struct {
		Filter struct {
			MailboxAccount string `json:"mailbox_account"`
			Folder         string `json:"folder"`
			SourceKey      string `json:"source_key"`
			From           string `json:"from"`
			Subject        string `json:"subject"`
			ReceivedAfter  string `json:"received_after"`
			ReceivedBefore string `json:"received_before"`
			Discarded      *bool  `json:"discarded"`
		} `json:"filter"`
		Sort       string `json:"sort"`
		PageSize   int    `json:"page_size"`
		PageNumber int    `json:"page_number"`
	}
	if err := json.Unmarshal(body, &q); err != nil {
		return 400, said("bad.request", err.Error())
	}
	var list []any
	for _, r := range f.records {
		x := q.Filter
		match := (x.MailboxAccount == "" || x.MailboxAccount == r.MailboxAccount) && (x.Folder == "" || x.Folder == r.Folder) &&
			(x.SourceKey == "" || x.SourceKey == r.SourceKey) && strings.Contains(strings.ToLower(r.From), strings.ToLower(x.From)) &&
			strings.Contains(strings.ToLower(r.Subject), strings.ToLower(x.Subject)) &&
			(x.ReceivedAfter == "" || r.ReceivedAt >= x.ReceivedAfter) && (x.ReceivedBefore == "" || r.ReceivedAt <= x.ReceivedBefore)
		wanted := x.Discarded == nil || *x.Discarded == r.Discarded || slices.Contains(f.ignores, "discarded")
		if slices.Contains(f.ignores, "filter") || match && wanted {
			list = append(list, r.Record)
		}
	}
	if q.Sort == "-id" && !slices.Contains(f.ignores, "sort") {
		slices.Reverse(list)
	}
	return 200, page(list, strconv.Itoa(q.PageSize), strconv.Itoa(q.PageNumber))
}

func page(list []any, size, number string) any {
	s, _ := strconv.Atoi(size)
	n, _ := strconv.Atoi(number)
	s = min(s, 100)
	from, to := min((n-1)*s, len(list)), min(n*s, len(list))
	return map[string]any{"results": append([]any{}, list[from:to]...), "total": len(list)}
}

// Faults.

// status answers with this status; done does the work first.
func status(code int, done bool, header ...string) func(http.ResponseWriter, *http.Request, func() (int, any)) {
	return func(w http.ResponseWriter, _ *http.Request, work func() (int, any)) {
		if done {
			work()
		}
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		answer(w, code, said("fault", "a fault on request"))
	}
}

// reset breaks the connection with an RST; done does the work first.
func reset(done bool) func(http.ResponseWriter, *http.Request, func() (int, any)) {
	return func(w http.ResponseWriter, _ *http.Request, work func() (int, any)) {
		if done {
			work()
		}
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			panic(err)
		}
		_ = conn.(*net.TCPConn).SetLinger(0)
		_ = conn.Close()
	}
}

// late does the work and answers only when the client has gone.
func late(w http.ResponseWriter, r *http.Request, work func() (int, any)) {
	code, value := work()
	select {
	case <-r.Context().Done():
	case <-time.After(20 * time.Second):
	}
	answer(w, code, value)
}

// text answers with this body.
func text(code int, contentType, body string) func(http.ResponseWriter, *http.Request, func() (int, any)) {
	return func(w http.ResponseWriter, _ *http.Request, _ func() (int, any)) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	}
}

// cut answers with the first half of the right answer.
func cut(w http.ResponseWriter, _ *http.Request, work func() (int, any)) {
	rec := httptest.NewRecorder()
	code, value := work()
	answer(rec, code, value)
	w.Header().Set("Content-Type", rec.Header().Get("Content-Type"))
	w.Header().Set("Content-Length", strconv.Itoa(rec.Body.Len()))
	w.WriteHeader(code)
	_, _ = w.Write(rec.Body.Bytes()[:rec.Body.Len()/2])
	panic(http.ErrAbortHandler)
}

// rig is a client of a fake, with a clock that only sleeping moves.
type rig struct {
	*soar.Client
	f     *fake
	log   *bytes.Buffer
	mu    sync.Mutex
	time  time.Time
	slept []time.Duration
}

func newRig(t *testing.T, change ...func(*soar.Config)) *rig {
	t.Helper()
	f := newFake(t)
	r := &rig{f: f, log: &bytes.Buffer{}, time: time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)}
	cfg := soar.Config{
		URL: f.URL, AccessID: accessID, AccessKey: secret.New(accessKey), Timeout: 2 * time.Second,
		Log:    slog.New(slog.NewTextHandler(&lockedWriter{w: r.log}, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Now:    func() time.Time { r.mu.Lock(); defer r.mu.Unlock(); return r.time },
		Jitter: func(limit time.Duration) time.Duration { return limit / 2 },
		Sleep: func(_ context.Context, d time.Duration) error {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.time, r.slept = r.time.Add(d), append(r.slept, d)
			return nil
		},
	}
	for _, c := range change {
		c(&cfg)
	}
	var err error
	if r.Client, err = soar.New(cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = r.Close()
		noSecrets(t, r.log.String())
	})
	return r
}

type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

// noSecrets fails when a text holds a credential in any form.
func noSecrets(t *testing.T, text string) {
	t.Helper()
	for _, s := range []string{accessKey, jwt, base64.StdEncoding.EncodeToString([]byte(accessID + ":" + accessKey))} {
		if strings.Contains(text, s) {
			t.Errorf("a credential is in %q", text)
		}
	}
}

// draft is an email with a content of its own.
func draft(n int) *soar.Draft {
	raw := fmt.Appendf(nil, "Subject: mail %d\r\n\r\nbody\r\n", n)
	sum := sha256.Sum256(append([]byte("soc@example.com\x00"), raw...))
	return &soar.Draft{Raw: raw, Metadata: soar.Metadata{SourceKey: hex.EncodeToString(sum[:]), Mail: soar.Mail{
		MailboxAccount: "soc@example.com", Folder: "INBOX", UIDValidity: 9, UID: message.UID(n), Subject: fmt.Sprintf("mail %d", n),
		From: "bob@example.com", ReceivedAt: time.Date(2026, 9, 1, 0, 0, n, 0, time.UTC).Format(time.RFC3339),
		Size: int64(len(raw)), Headers: soar.Headers{{Name: "Subject", Values: []string{"mail"}}},
	}}}
}

// wants fails unless the error's sentence holds these words and no credential.
func wants(t *testing.T, err error, words ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error; want one with %q", words)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%q lacks %q", err, w)
		}
	}
	noSecrets(t, fmt.Sprintf("%v %+v %#v", err, err, err))
}

func same[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// ledger fails unless the store holds each of these emails exactly once, byte for byte.
func (f *fake) ledger(drafts ...*soar.Draft) {
	f.t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	same(f.t, "records", len(f.records), len(drafts))
	for _, d := range drafts {
		n := 0
		for _, r := range f.records {
			if r.SourceKey == d.SourceKey && bytes.Equal(r.raw, d.Raw) {
				n++
			}
		}
		same(f.t, "records of "+d.Subject, n, 1)
	}
}
