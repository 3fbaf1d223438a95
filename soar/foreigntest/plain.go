package foreigntest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
)

const pageOfPlain = 8 // its own limit

// script answers for the API plain.
type script struct{ *Server }

func plain(s *Server, mux *http.ServeMux) {
	p := script{s}
	mux.HandleFunc("POST"+base+"messages.php", p.keep)
	mux.HandleFunc("GET"+base+"messages.php", p.list)
	mux.HandleFunc("GET"+base+"messages.php/{no}", p.get)
	mux.HandleFunc("GET"+base+"messages.php/{no}/raw", p.raw)
	mux.HandleFunc("POST"+base+"messages.php/{no}/junk", p.junk)
	mux.HandleFunc("POST"+base+"links.php", p.addLink)
	mux.HandleFunc("GET"+base+"links.php", p.listLinks)
	mux.HandleFunc("DELETE"+base+"links.php", p.removeLink)
}

func (p script) keep(w http.ResponseWriter, r *http.Request) {
	var raw []byte
	if file, _, err := r.FormFile("message"); err == nil {
		raw, _ = io.ReadAll(file)
	}
	var doc map[string]any
	if err := json.Unmarshal([]byte(r.FormValue("info")), &doc); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if n := p.known("key", doc["key"]); n > 0 {
		reply(w, 200, map[string]any{"mail": p.item(n), "duplicate": true})
		return
	}
	reply(w, 200, map[string]any{"mail": p.item(p.add(doc, raw))})
}

func (p script) list(w http.ResponseWriter, r *http.Request) {
	var all []int
	for n, e := range p.emails {
		if key := r.FormValue("key"); key == "" || e.Doc["key"] == key {
			all = append(all, n+1)
		}
	}
	p.page(w, r, all)
}

func (p script) get(w http.ResponseWriter, r *http.Request) {
	if n, ok := p.mail(w, r.PathValue("no")); ok {
		reply(w, 200, map[string]any{"mail": p.item(n)})
	}
}

func (p script) raw(w http.ResponseWriter, r *http.Request) {
	n, ok := p.mail(w, r.PathValue("no"))
	switch {
	case ok && p.emails[n-1].Raw == nil:
		w.WriteHeader(404)
	case ok:
		w.Header().Set("Content-Type", "application/octet-stream")
		_, _ = w.Write(p.emails[n-1].Raw)
	}
}

func (p script) junk(w http.ResponseWriter, r *http.Request) {
	if n, ok := p.mail(w, r.PathValue("no")); ok {
		p.emails[n-1].Doc["junk"] = true
		reply(w, 200, map[string]any{"mail": p.item(n)})
	}
}

func (p script) addLink(w http.ResponseWriter, r *http.Request) {
	doc := p.body(r)
	if n, ok := p.mail(w, fmt.Sprint(doc["no"])); ok {
		reply(w, 200, map[string]any{"duplicate": p.link(fmt.Sprint(doc["case"]), n)})
	}
}

func (p script) listLinks(w http.ResponseWriter, r *http.Request) {
	p.page(w, r, slices.Clone(p.links[r.FormValue("case")]))
}

func (p script) removeLink(w http.ResponseWriter, r *http.Request) {
	if n, ok := p.mail(w, r.FormValue("no")); ok && !p.unlink(r.FormValue("case"), n) {
		w.WriteHeader(404)
	}
}

func (p script) item(n int) map[string]any {
	return p.show(n, map[string]any{"no": strconv.Itoa(n)})
}

func (p script) page(w http.ResponseWriter, r *http.Request, all []int) {
	docs, size := []any{}, min(atoi(r.FormValue("per_page")), pageOfPlain)
	for _, n := range newestFirst(all, atoi(r.FormValue("page"))*size, size) {
		docs = append(docs, p.item(n))
	}
	reply(w, 200, docs)
}
