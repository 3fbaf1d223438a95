// Package foreigntest holds three APIs of somebody else's making, for tests of what
// a profile alone can reach. They share nothing with openapi.yaml, nor with each
// other: names, ids, envelopes, pages, filters, dates and statuses differ.
//
//   - cases: camel case, prefixed ids, base64 in JSON, milliseconds, conditions in a
//     list, statuses that mean something;
//   - plain: one script, lists without an envelope or a count, pages from 0, search
//     by GET, hardly a filter, its own limit on a page;
//   - desk: tickets and remarks; it knows no emails, so that they are kept elsewhere.
//
// Each has its profile and its OpenAPI document beside it. What an API is sent it
// keeps as it came, and it can be told to fail at any request.
package foreigntest

import (
	_ "embed" // profiles and documents
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// API is one of the three.
type API struct {
	Name     string
	Profile  string
	Document []byte // OpenAPI
	Emails   bool   // it keeps emails
	Files    bool   // it keeps an incident's files, and what a triage event holds
	mount    func(*Server, *http.ServeMux)
	write    string // METHOD and end of the path of what keeps an email or note
}

var (
	//go:embed cases.json
	casesProfile string
	//go:embed cases-openapi.yaml
	casesDocument []byte
	//go:embed plain.json
	plainProfile string
	//go:embed plain-openapi.json
	plainDocument []byte
	//go:embed desk.json
	deskProfile string
	//go:embed desk-openapi.yaml
	deskDocument []byte
)

// APIs lists the three.
func APIs() []API {
	return []API{
		{"cases", casesProfile, casesDocument, true, true, cases, "PUT mailItems"},
		{"plain", plainProfile, plainDocument, true, false, plain, "POST messages.php"},
		{"desk", deskProfile, deskDocument, false, false, desk, "POST remarks"},
	}
}

// Credentials that the APIs take.
const (
	AccessID  = "foreigner"
	AccessKey = "Canary-foreign-7c1e"
	base      = " /api/csoar/v3/"
)

// Email is one that an API keeps.
type Email struct {
	Doc map[string]any // as it came
	Raw []byte         // nil without content
}

// TB is what a server needs of a test.
type TB interface {
	Helper()
	Errorf(format string, args ...any)
	Cleanup(f func())
}

// Server is an API while it runs.
type Server struct {
	*httptest.Server
	API

	tb        TB
	mux       *http.ServeMux
	mu        sync.Mutex
	requests  int
	fault     func(n int, r *http.Request) Fault
	forgetful bool
	emails    []Email          // by number, from 1
	links     map[string][]int // case or triage event → numbers
	files     []map[string]any
	remarks   map[string][]map[string]any // by ticket
}

// Start serves an API until the test ends.
func Start(tb TB, api API) *Server {
	tb.Helper()
	s := &Server{API: api, tb: tb, mux: http.NewServeMux(), links: map[string][]int{}, remarks: map[string][]map[string]any{}}
	api.mount(s, s.mux)
	s.Server = httptest.NewServer(s)
	tb.Cleanup(s.Close)
	return s
}

// Settings are the parameters with which an action reaches the API.
func (s *Server) Settings() map[string]any {
	return map[string]any{
		"cloud_soar_api_url": s.URL, "access_id": AccessID, "access_key": AccessKey, "cloud_soar_routes": s.Profile,
		"cloud_soar_requests_per_second": 0, "timeout": 20,
	}
}

// ServeHTTP answers one request, or lets a fault do so.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.requests++
	var fault Fault
	if s.fault != nil {
		fault = s.fault(s.requests, r)
	}
	s.mu.Unlock()
	if fault != nil {
		fault(w, func() { s.work(httptest.NewRecorder(), r) })
		return
	}
	s.work(w, r)
}

func (s *Server) work(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if id, key, _ := r.BasicAuth(); id != AccessID || key != AccessKey {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	s.mux.ServeHTTP(w, r)
}

// Forget makes the API keep an email as often as it is sent.
func (s *Server) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forgetful = true
}

// Requests is how many there were.
func (s *Server) Requests() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests
}

// Held are the emails that the API keeps, in the order in which they came.
func (s *Server) Held() []Email {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.emails)
}

// Lose takes the content of an email away.
func (s *Server) Lose(number int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.emails[number-1].Raw = nil
}

// Changes counts what the API keeps besides emails: files, links and remarks.
func (s *Server) Changes() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.files)
	for _, l := range s.links {
		n += len(l)
	}
	for _, l := range s.remarks {
		n += len(l)
	}
	return n
}

// Remarks are those of a ticket, oldest first.
func (s *Server) Remarks(ticket string) []map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.remarks[ticket])
}

func (s *Server) add(doc map[string]any, raw []byte) int {
	s.emails = append(s.emails, Email{doc, raw})
	return len(s.emails)
}

// known finds the number of the email with a key; 0 for none.
func (s *Server) known(field string, key any) int {
	if s.forgetful {
		return 0
	}
	return 1 + slices.IndexFunc(s.emails, func(e Email) bool { return e.Doc[field] == key })
}

// mail finds an email by the text of its number, or answers 404.
func (s *Server) mail(w http.ResponseWriter, text string) (int, bool) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > len(s.emails) {
		w.WriteHeader(http.StatusNotFound)
		return 0, false
	}
	return n, true
}

// show is an email with more fields.
func (s *Server) show(n int, more map[string]any) map[string]any {
	for k, v := range s.emails[n-1].Doc {
		more[k] = v
	}
	return more
}

func (s *Server) link(place string, n int) (existed bool) {
	existed = slices.Contains(s.links[place], n)
	if !existed {
		s.links[place] = append(s.links[place], n)
	}
	return existed
}

func (s *Server) unlink(place string, n int) (existed bool) {
	before := len(s.links[place])
	s.links[place] = slices.DeleteFunc(s.links[place], func(have int) bool { return have == n })
	return len(s.links[place]) < before
}

// newestFirst picks a window of numbers, largest first.
func newestFirst(all []int, skip, limit int) []int {
	slices.Sort(all)
	slices.Reverse(all)
	all = all[min(skip, len(all)):]
	return all[:min(limit, len(all))]
}

func reply(w http.ResponseWriter, status int, doc any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(doc)
}

// body reads a document; one that a killed program left half is nothing.
func (s *Server) body(r *http.Request) map[string]any {
	var doc map[string]any
	if err := json.NewDecoder(r.Body).Decode(&doc); err != nil && !strings.Contains(err.Error(), "EOF") {
		s.tb.Errorf("%s %s: %v", r.Method, r.URL, err)
	}
	return doc
}

func dig(doc map[string]any, path string) any {
	var v any = doc
	for name := range strings.SplitSeq(path, ".") {
		object, _ := v.(map[string]any)
		v = object[name]
	}
	return v
}

func atoi(text string) int { n, _ := strconv.Atoi(text); return n }
