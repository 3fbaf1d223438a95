package foreigntest

import (
	"net/http"
	"strconv"
)

// tickets answers for the API desk.
type tickets struct{ *Server }

func desk(s *Server, mux *http.ServeMux) {
	d := tickets{s}
	mux.HandleFunc("GET"+base+"ticket-forms", func(w http.ResponseWriter, _ *http.Request) { reply(w, 200, map[string]any{"Forms": []any{}}) })
	mux.HandleFunc("POST"+base+"tickets/{ticket}/remarks", d.write)
	mux.HandleFunc("GET"+base+"tickets/{ticket}/remarks", d.list)
}

// write keeps a remark as often as it is sent.
func (d tickets) write(w http.ResponseWriter, r *http.Request) {
	doc, ticket := d.body(r), r.PathValue("ticket")
	if ticket == "404" {
		reply(w, 404, map[string]any{"Fault": "no such ticket"})
		return
	}
	title, _ := dig(doc, "Remark.Headline").(string)
	at, _ := dig(doc, "Remark.WrittenAt").(float64)
	if title == "" || at < 1e9 {
		reply(w, 422, map[string]any{"Fault": "a remark has a headline, and a time in seconds"})
		return
	}
	d.remarks[ticket] = append(d.remarks[ticket], doc)
	reply(w, 200, map[string]any{"Result": map[string]any{"RemarkId": "R" + strconv.Itoa(len(d.remarks[ticket]))}})
}

// list answers all remarks of a ticket, newest first.
func (d tickets) list(w http.ResponseWriter, r *http.Request) {
	all := []any{}
	for _, doc := range d.remarks[r.PathValue("ticket")] {
		all = append([]any{doc}, all...)
	}
	reply(w, 200, map[string]any{"Items": all, "More": false})
}
