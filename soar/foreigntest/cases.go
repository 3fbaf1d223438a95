package foreigntest

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

const prefix = "MSG-"

// caseDesk answers for the API cases.
type caseDesk struct{ *Server }

func cases(s *Server, mux *http.ServeMux) {
	d := caseDesk{s}
	for route, h := range map[string]http.HandlerFunc{
		"PUT mailItems": d.store, "POST mailItems/query": d.query, "GET mailItems/{ref}": d.get, "GET mailItems/{ref}/original": d.original,
		"PATCH mailItems/{ref}": d.update, "POST cases/{case}/links": d.addLink, "GET cases/{case}/links": d.listLinks,
		"POST cases/{case}/unlink": d.removeLink, "POST cases/{case}/files": d.addFile, "GET cases/{case}/files": d.listFiles, "POST inbox": d.inbox,
	} {
		method, path, _ := strings.Cut(route, " ")
		mux.HandleFunc(method+base+path, func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("X-Api-Version") != "7" {
				s.tb.Errorf("%s: X-Api-Version %q", r.URL, r.Header.Get("X-Api-Version"))
			}
			h(w, r)
		})
	}
}

func (d caseDesk) store(w http.ResponseWriter, r *http.Request) {
	doc := d.body(r)
	if doc == nil {
		return
	}
	if n := d.known("fingerprint", doc["fingerprint"]); n > 0 {
		reply(w, 409, map[string]any{"data": map[string]any{"ref": ref(n)}})
		return
	}
	var raw []byte
	if text, ok := dig(doc, "content.original").(string); ok {
		raw, _ = base64.StdEncoding.DecodeString(text)
	}
	if at, ok := doc["received"]; ok && at != nil {
		if _, isNumber := at.(float64); !isNumber {
			d.tb.Errorf("received is %v, want milliseconds", at)
		}
	}
	reply(w, 201, map[string]any{"data": map[string]any{"ref": ref(d.add(doc, raw))}})
}

func (d caseDesk) query(w http.ResponseWriter, r *http.Request) {
	doc := d.body(r)
	conditions, _ := dig(doc, "where.all").([]any)
	var all []int
	for n, e := range d.emails {
		if !slices.ContainsFunc(conditions, func(c any) bool { return !holds(e.Doc, c.(map[string]any)) }) {
			all = append(all, n+1)
		}
	}
	d.page(w, r, all, d.item)
}

func (d caseDesk) get(w http.ResponseWriter, r *http.Request) {
	if n, ok := d.mail(w, number(r.PathValue("ref"))); ok {
		reply(w, 200, map[string]any{"data": d.item(n)})
	}
}

func (d caseDesk) original(w http.ResponseWriter, r *http.Request) {
	n, ok := d.mail(w, number(r.PathValue("ref")))
	switch {
	case ok && d.emails[n-1].Raw == nil:
		w.WriteHeader(404)
	case ok:
		reply(w, 200, map[string]any{"data": map[string]any{"original": base64.StdEncoding.EncodeToString(d.emails[n-1].Raw)}})
	}
}

func (d caseDesk) update(w http.ResponseWriter, r *http.Request) {
	if n, ok := d.mail(w, number(r.PathValue("ref"))); ok {
		d.emails[n-1].Doc["state"] = d.body(r)["state"]
		w.WriteHeader(204)
	}
}

func (d caseDesk) addLink(w http.ResponseWriter, r *http.Request) {
	if n, ok := d.mail(w, number(d.body(r)["mail"])); ok && d.link(r.PathValue("case"), n) {
		w.WriteHeader(409)
	} else if ok {
		w.WriteHeader(204)
	}
}

func (d caseDesk) listLinks(w http.ResponseWriter, r *http.Request) {
	d.page(w, r, slices.Clone(d.links[r.PathValue("case")]), d.item)
}

func (d caseDesk) removeLink(w http.ResponseWriter, r *http.Request) {
	if n, ok := d.mail(w, number(d.body(r)["mail"])); ok && !d.unlink(r.PathValue("case"), n) {
		w.WriteHeader(410)
	}
}

func (d caseDesk) addFile(w http.ResponseWriter, r *http.Request) {
	doc := d.body(r)
	content, err := base64.StdEncoding.DecodeString(fmt.Sprint(doc["original"]))
	if err != nil {
		d.tb.Errorf("%v", err)
	}
	delete(doc, "original")
	for i, have := range d.files {
		if have["digest"] == doc["digest"] && have["mail"] == doc["mail"] && have["part"] == doc["part"] {
			reply(w, 200, map[string]any{"data": map[string]any{"ref": i + 1, "known": true}})
			return
		}
	}
	doc["bytes"], doc["ref"] = len(content), len(d.files)+1
	d.files = append(d.files, doc)
	reply(w, 200, map[string]any{"data": map[string]any{"ref": len(d.files), "known": false}})
}

func (d caseDesk) listFiles(w http.ResponseWriter, r *http.Request) {
	all := []int{}
	for i := range d.files {
		all = append(all, i+1)
	}
	d.page(w, r, all, func(n int) map[string]any { return d.files[n-1] })
}

func (d caseDesk) inbox(w http.ResponseWriter, r *http.Request) {
	doc := d.body(r)
	if n, ok := d.mail(w, number(doc["mail"])); ok {
		reply(w, 200, map[string]any{"data": map[string]any{"known": d.link(fmt.Sprint("triage ", doc["event"]), n)}})
	}
}

func (d caseDesk) item(n int) map[string]any {
	return d.show(n, map[string]any{"ref": ref(n), "stored": 1_790_000_000_000 + n})
}

func (d caseDesk) page(w http.ResponseWriter, r *http.Request, all []int, show func(int) map[string]any) {
	docs, count := []any{}, len(all)
	for _, n := range newestFirst(all, atoi(r.FormValue("skip")), atoi(r.FormValue("limit"))) {
		docs = append(docs, show(n))
	}
	reply(w, 200, map[string]any{"data": docs, "meta": map[string]any{"count": count}})
}

func ref(n int) string        { return prefix + strconv.Itoa(n) }
func number(v any) string     { s, _ := v.(string); return strings.TrimPrefix(s, prefix) }
func value(v any) (f float64) { f, _ = v.(float64); return f }

// holds decides one condition.
func holds(doc, condition map[string]any) bool {
	have, want := dig(doc, condition["field"].(string)), condition["value"]
	switch condition["op"] {
	case "has":
		return strings.Contains(strings.ToLower(fmt.Sprint(have)), strings.ToLower(fmt.Sprint(want)))
	case "ge":
		return value(have) >= value(want)
	case "le":
		return value(have) <= value(want)
	}
	if want == false {
		return have != true
	}
	return have == want
}
