package apispec

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// endpoint is one method of one path.
type endpoint struct {
	method, path string
	op           *operation
	about        set // by its path
	said         set // by what it says of itself
	asks         set // by its parameters and the fields of its body
	places       []string
}

func (e *endpoint) call() string { return e.method + " " + e.path }

// endpoints lists the methods of a document, in the order of their paths.
func endpoints(doc *document) (list []*endpoint) {
	known := concepts()
	for _, path := range slices.Sorted(maps.Keys(doc.paths)) {
		operations := doc.paths[path]
		for _, method := range slices.Sorted(maps.Keys(operations)) {
			e := &endpoint{method: method, path: below(path), op: operations[method], about: set{}, said: set{}, asks: set{}}
			for _, part := range strings.Split(below(path), "/") {
				if name, isPlace := strings.CutPrefix(part, "{"); isPlace {
					e.places = append(e.places, strings.TrimSuffix(name, "}"))
					continue
				}
				e.about.add(known, part)
			}
			e.said.add(known, e.op.id, e.op.summary)
			for _, p := range e.op.parameters {
				e.asks.add(known, p.name)
			}
			for _, f := range fieldsOf(e.op.body) {
				e.asks.add(known, f.path)
			}
			list = append(list, e)
		}
	}
	return list
}

// want says what an endpoint must be like to be an operation of ours.
type want struct {
	operation string
	methods   []string // best first
	about     []string // concepts that its path, words or parameters have
	never     []string // concepts that its path does not have
	ids       int      // placeholders of its path, where it has no parameters for them
	better    string   // a concept that makes it more likely
}

// wants is in the order in which operations choose: those that ask for more first.
var wants = []want{
	{"emails.eml", []string{"GET"}, []string{"email", "raw"}, []string{"incident", "triage", "file"}, 1, "raw"},
	{"emails.discard", []string{"POST", "PATCH", "PUT", "DELETE"}, []string{"email", "discard"}, []string{"incident", "triage", "raw"}, 1, "discard"},
	{"incidents.attachments.add", []string{"POST", "PUT"}, []string{"incident", "file"}, []string{"triage", "remove", "search"}, 1, "file"},
	{"incidents.attachments.list", []string{"GET"}, []string{"incident", "file"}, []string{"triage", "raw"}, 1, "file"},
	{"incidents.emails.remove", []string{"DELETE", "POST", "PATCH"}, []string{"incident", "remove"}, []string{"file", "triage"}, 2, "remove"},
	{"incidents.emails.add", []string{"POST", "PUT"}, []string{"incident", "email"}, []string{"file", "triage", "remove", "search"}, 1, "link"},
	{"incidents.emails.list", []string{"GET"}, []string{"incident", "email"}, []string{"file", "triage", "remove"}, 1, "link"},
	{"triage.emails.add", []string{"POST", "PUT"}, []string{"triage", "email"}, []string{"incident", "file", "remove", "search"}, 1, "email"},
	{"emails.search", []string{"POST", "GET"}, []string{"email", "search"}, []string{"incident", "triage", "file", "raw"}, 0, "search"},
	{"emails.create", []string{"POST", "PUT"}, []string{"email"}, []string{"incident", "triage", "file", "search", "raw", "discard", "remove"}, 0, "email"},
	{"emails.get", []string{"GET"}, []string{"email"}, []string{"incident", "triage", "file", "search", "raw", "discard", "remove"}, 1, "email"},
	{"incidents.notes.add", []string{"POST", "PUT"}, []string{"incident", "note"}, []string{"email", "file", "triage", "remove", "search", "template"}, 1, "note"},
	{"incidents.notes.list", []string{"GET"}, []string{"incident", "note"}, []string{"email", "file", "triage", "remove", "template"}, 1, "note"},
	{"incidents.templates.list", []string{"GET"}, []string{"incident", "template"}, []string{"email", "file", "triage", "note", "remove"}, 0, "template"},
}

// score is how well an endpoint fits, below 1 where it does not.
func (w want) score(e *endpoint) int {
	at := slices.Index(w.methods, e.method)
	if at < 0 || len(e.places) > max(w.ids, 1) || w.ids == 0 && len(e.places) > 0 {
		return 0
	}
	for _, c := range w.never {
		if e.about[c] {
			return 0
		}
	}
	if e.about["note"] && w.better != "note" { // whose text may be called a message
		return 0
	}
	n := 10 - at
	for _, c := range w.about {
		switch {
		case e.about[c]:
			n += 10
		case e.said[c]:
			n += 6
		case e.asks[c]:
			n += 4
		case c == "remove" && e.method == "DELETE":
			n += 6
		case c == "search" && e.method == "GET" && len(e.places) == 0:
			n += 2
		default:
			n -= 12
		}
	}
	if e.about[w.better] {
		n += 3
	}
	if w.ids > 0 && len(e.places) == 0 && !e.asks["incident"] && !e.asks["triage"] && !e.asks["email"] {
		return 0
	}
	return n
}

const enough = 20 // of a score

// candidate is an endpoint with its score for an operation.
type candidate struct {
	*endpoint
	score int
}

// match gives each operation its endpoint, nil where none is like it, and the
// nearest others. An endpoint is one operation's.
func match(list []*endpoint) (chosen map[string]*endpoint, near map[string][]candidate) {
	chosen, near = map[string]*endpoint{}, map[string][]candidate{}
	taken := map[*endpoint]bool{}
	for _, w := range wants {
		var all []candidate
		for _, e := range list {
			if n := w.score(e); n > 0 && !taken[e] {
				all = append(all, candidate{e, n})
			}
		}
		slices.SortStableFunc(all, func(a, b candidate) int { return cmp.Compare(b.score, a.score) })
		if len(all) > 0 && all[0].score >= enough {
			chosen[w.operation] = all[0].endpoint
			taken[all[0].endpoint] = true
			all = all[1:]
		}
		near[w.operation] = all[:min(len(all), 3)]
	}
	return chosen, near
}
