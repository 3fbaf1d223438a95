package soar_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// foreign is an API of somebody else's making: another naming style, other
// envelopes, ids and statuses. What it is sent it keeps as it came.
type foreign struct {
	*httptest.Server
	t      *testing.T
	mu     sync.Mutex
	mails  []map[string]any // by id, from 1
	raws   [][]byte
	links  map[string][]int // case → numbers
	files  []map[string]any
	faults []func(w http.ResponseWriter, work func()) // for the next requests that write an email
}

func newForeign(t *testing.T, mount func(*foreign, *http.ServeMux)) *foreign {
	t.Helper()
	f := &foreign{t: t, links: map[string][]int{}}
	mux := http.NewServeMux()
	mount(f, mux)
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		defer f.mu.Unlock()
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(f.Close)
	return f
}

// faulty lets the next fault, if there is one, stand in for the answer.
func (f *foreign) faulty(work http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if len(f.faults) == 0 {
			work(w, r)
			return
		}
		fault := f.faults[0]
		f.faults = f.faults[1:]
		fault(w, func() { work(httptest.NewRecorder(), r) })
	}
}

// Faults.
func loseAnswer(w http.ResponseWriter, work func()) {
	work()
	conn, _, _ := w.(http.Hijacker).Hijack()
	_ = conn.Close()
}

func tooLarge(w http.ResponseWriter, _ func())    { w.WriteHeader(http.StatusRequestEntityTooLarge) }
func unavailable(w http.ResponseWriter, _ func()) { w.WriteHeader(http.StatusServiceUnavailable) }

func (f *foreign) add(doc map[string]any, raw []byte) int {
	f.mails, f.raws = append(f.mails, doc), append(f.raws, raw)
	return len(f.mails)
}

// mail finds an email by the text of its number, or answers 404.
func (f *foreign) mail(w http.ResponseWriter, text string) (int, bool) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > len(f.mails) {
		w.WriteHeader(http.StatusNotFound)
		return 0, false
	}
	return n, true
}

func (f *foreign) link(place string, n int) (existed bool) {
	existed = slices.Contains(f.links[place], n)
	if !existed {
		f.links[place] = append(f.links[place], n)
	}
	return existed
}

func (f *foreign) unlink(place string, n int) (existed bool) {
	before := len(f.links[place])
	f.links[place] = slices.DeleteFunc(f.links[place], func(have int) bool { return have == n })
	return len(f.links[place]) < before
}

// newestFirst picks a window of the numbers that pass, largest first.
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

func (f *foreign) body(r *http.Request) map[string]any {
	var doc map[string]any
	if err := json.NewDecoder(r.Body).Decode(&doc); err != nil {
		f.t.Errorf("%s %s: %v", r.Method, r.URL, err)
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

const prefix = "MSG-"

// cases is an API with camel case, prefixed ids, base64, milliseconds, envelopes,
// conditions in a list and statuses that mean something.
func cases(f *foreign, mux *http.ServeMux) {
	const base = " /api/csoar/v3/"
	handle := func(method, path string, h http.HandlerFunc) {
		mux.HandleFunc(method+base+path, func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("X-Api-Version") != "7" {
				f.t.Errorf("%s: X-Api-Version %q", r.URL, r.Header.Get("X-Api-Version"))
			}
			h(w, r)
		})
	}
	show := func(n int) map[string]any {
		doc := map[string]any{"ref": prefix + strconv.Itoa(n), "stored": 1_790_000_000_000 + n}
		for k, v := range f.mails[n-1] {
			doc[k] = v
		}
		return doc
	}
	page := func(w http.ResponseWriter, r *http.Request, all []int, show func(int) map[string]any) {
		docs, count := []any{}, len(all)
		for _, n := range newestFirst(all, atoi(r.FormValue("skip")), atoi(r.FormValue("limit"))) {
			docs = append(docs, show(n))
		}
		reply(w, 200, map[string]any{"data": docs, "meta": map[string]any{"count": count}})
	}
	number := func(v any) string { s, _ := v.(string); return strings.TrimPrefix(s, prefix) }

	handle("PUT", "mailItems", f.faulty(func(w http.ResponseWriter, r *http.Request) {
		doc := f.body(r)
		for n := range f.mails {
			if f.mails[n]["fingerprint"] == doc["fingerprint"] {
				reply(w, 409, map[string]any{"data": map[string]any{"ref": prefix + strconv.Itoa(n+1)}})
				return
			}
		}
		var raw []byte
		if text, ok := dig(doc, "content.original").(string); ok {
			raw, _ = base64.StdEncoding.DecodeString(text)
		}
		if _, ok := doc["received"].(float64); !ok {
			f.t.Errorf("received is %v, want milliseconds", doc["received"])
		}
		n := f.add(doc, raw)
		reply(w, 201, map[string]any{"data": map[string]any{"ref": prefix + strconv.Itoa(n)}})
	}))
	handle("POST", "mailItems/query", func(w http.ResponseWriter, r *http.Request) {
		doc := f.body(r)
		conditions, _ := dig(doc, "where.all").([]any)
		var all []int
		for n := 1; n <= len(f.mails); n++ {
			if !slices.ContainsFunc(conditions, func(c any) bool { return !holds(f.mails[n-1], c.(map[string]any)) }) {
				all = append(all, n)
			}
		}
		page(w, r, all, show)
	})
	handle("GET", "mailItems/{ref}", func(w http.ResponseWriter, r *http.Request) {
		if n, ok := f.mail(w, number(r.PathValue("ref"))); ok {
			reply(w, 200, map[string]any{"data": show(n)})
		}
	})
	handle("GET", "mailItems/{ref}/original", func(w http.ResponseWriter, r *http.Request) {
		n, ok := f.mail(w, number(r.PathValue("ref")))
		switch {
		case ok && f.raws[n-1] == nil:
			w.WriteHeader(404)
		case ok:
			reply(w, 200, map[string]any{"data": map[string]any{"original": base64.StdEncoding.EncodeToString(f.raws[n-1])}})
		}
	})
	handle("PATCH", "mailItems/{ref}", func(w http.ResponseWriter, r *http.Request) {
		if n, ok := f.mail(w, number(r.PathValue("ref"))); ok {
			f.mails[n-1]["state"] = f.body(r)["state"]
			w.WriteHeader(204)
		}
	})
	handle("POST", "cases/{case}/links", func(w http.ResponseWriter, r *http.Request) {
		if n, ok := f.mail(w, number(f.body(r)["mail"])); ok && f.link(r.PathValue("case"), n) {
			w.WriteHeader(409)
		} else if ok {
			w.WriteHeader(204)
		}
	})
	handle("GET", "cases/{case}/links", func(w http.ResponseWriter, r *http.Request) {
		page(w, r, slices.Clone(f.links[r.PathValue("case")]), show)
	})
	handle("POST", "cases/{case}/unlink", func(w http.ResponseWriter, r *http.Request) {
		if n, ok := f.mail(w, number(f.body(r)["mail"])); ok && !f.unlink(r.PathValue("case"), n) {
			w.WriteHeader(410)
		}
	})
	handle("POST", "cases/{case}/files", func(w http.ResponseWriter, r *http.Request) {
		doc := f.body(r)
		content, err := base64.StdEncoding.DecodeString(fmt.Sprint(doc["original"]))
		if err != nil {
			f.t.Error(err)
		}
		delete(doc, "original")
		for i, have := range f.files {
			if have["digest"] == doc["digest"] && have["mail"] == doc["mail"] {
				reply(w, 200, map[string]any{"data": map[string]any{"ref": i + 1, "known": true}})
				return
			}
		}
		doc["bytes"], doc["ref"] = len(content), len(f.files)+1
		f.files = append(f.files, doc)
		reply(w, 200, map[string]any{"data": map[string]any{"ref": len(f.files), "known": false}})
	})
	handle("GET", "cases/{case}/files", func(w http.ResponseWriter, r *http.Request) {
		all := []int{}
		for i := range f.files {
			all = append(all, i+1)
		}
		page(w, r, all, func(n int) map[string]any { return f.files[n-1] })
	})
	handle("POST", "inbox", func(w http.ResponseWriter, r *http.Request) {
		doc := f.body(r)
		if n, ok := f.mail(w, number(doc["mail"])); ok {
			reply(w, 200, map[string]any{"data": map[string]any{"known": f.link(fmt.Sprint("triage ", doc["event"]), n)}})
		}
	})
}

// holds decides one condition of cases.
func holds(doc, condition map[string]any) bool {
	have, want := dig(doc, condition["field"].(string)), condition["value"]
	switch condition["op"] {
	case "has":
		return strings.Contains(fmt.Sprint(have), fmt.Sprint(want))
	case "ge":
		return have.(float64) >= want.(float64)
	case "le":
		return have.(float64) <= want.(float64)
	}
	if want == false {
		return have != true
	}
	return have == want
}

// plainAPI is an API of one script: lists without an envelope or a count, pages
// from 0, search by GET, few filters, numbers as strings.
func plainAPI(f *foreign, mux *http.ServeMux) {
	const base = " /api/csoar/v3/"
	show := func(n int) map[string]any {
		doc := map[string]any{"no": strconv.Itoa(n)}
		for k, v := range f.mails[n-1] {
			doc[k] = v
		}
		return doc
	}
	page := func(w http.ResponseWriter, r *http.Request, all []int) {
		docs, size := []any{}, min(atoi(r.FormValue("per_page")), 8) // its own limit
		for _, n := range newestFirst(all, atoi(r.FormValue("page"))*size, size) {
			docs = append(docs, show(n))
		}
		reply(w, 200, docs)
	}
	mux.HandleFunc("POST"+base+"messages.php", f.faulty(func(w http.ResponseWriter, r *http.Request) {
		var raw []byte
		if file, _, err := r.FormFile("message"); err == nil {
			raw, _ = io.ReadAll(file)
		}
		var doc map[string]any
		if err := json.Unmarshal([]byte(r.FormValue("info")), &doc); err != nil {
			f.t.Errorf("info: %v", err)
		}
		for n := range f.mails {
			if f.mails[n]["key"] == doc["key"] {
				reply(w, 200, map[string]any{"mail": show(n + 1), "duplicate": true})
				return
			}
		}
		reply(w, 200, map[string]any{"mail": show(f.add(doc, raw))})
	}))
	mux.HandleFunc("GET"+base+"messages.php", func(w http.ResponseWriter, r *http.Request) {
		var all []int
		for n, doc := range f.mails {
			if key := r.FormValue("key"); key == "" || doc["key"] == key {
				all = append(all, n+1)
			}
		}
		page(w, r, all)
	})
	mux.HandleFunc("GET"+base+"messages.php/{no}", func(w http.ResponseWriter, r *http.Request) {
		if n, ok := f.mail(w, r.PathValue("no")); ok {
			reply(w, 200, map[string]any{"mail": show(n)})
		}
	})
	mux.HandleFunc("GET"+base+"messages.php/{no}/raw", func(w http.ResponseWriter, r *http.Request) {
		n, ok := f.mail(w, r.PathValue("no"))
		switch {
		case ok && f.raws[n-1] == nil:
			w.WriteHeader(404)
		case ok:
			_, _ = w.Write(f.raws[n-1])
		}
	})
	mux.HandleFunc("POST"+base+"messages.php/{no}/junk", func(w http.ResponseWriter, r *http.Request) {
		if n, ok := f.mail(w, r.PathValue("no")); ok {
			f.mails[n-1]["junk"] = true
			reply(w, 200, map[string]any{"mail": show(n)})
		}
	})
	mux.HandleFunc("POST"+base+"links.php", func(w http.ResponseWriter, r *http.Request) {
		doc := f.body(r)
		if n, ok := f.mail(w, fmt.Sprint(doc["no"])); ok {
			reply(w, 200, map[string]any{"duplicate": f.link(fmt.Sprint(doc["case"]), n)})
		}
	})
	mux.HandleFunc("GET"+base+"links.php", func(w http.ResponseWriter, r *http.Request) {
		page(w, r, slices.Clone(f.links[r.FormValue("case")]))
	})
	mux.HandleFunc("DELETE"+base+"links.php", func(w http.ResponseWriter, r *http.Request) {
		if n, ok := f.mail(w, r.FormValue("no")); ok && !f.unlink(r.FormValue("case"), n) {
			w.WriteHeader(404)
		}
	})
}
