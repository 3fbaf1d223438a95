package local

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"example.org/imap-integration/soar"
)

const wirePage = 100 // results of a page, at most

// isSourceKey reports whether a text is a source_key: hex SHA-256.
func isSourceKey(text string) bool {
	return len(text) == 64 && strings.Trim(text, "0123456789abcdef") == ""
}

// list is one page of a list.
type list struct {
	Results any `json:"results"`
	Total   int `json:"total"`
}

// made is the answer to what creates something.
type made struct {
	ID      soar.ID `json:"id"`
	Existed bool    `json:"existed,omitempty"`
}

func answerMade(w http.ResponseWriter, id soar.ID, existed bool) error {
	status := http.StatusCreated
	if existed {
		status = http.StatusOK
	}
	return answer(w, status, made{id, existed})
}

func (v *server) create(w http.ResponseWriter, r *http.Request) error {
	var m soar.Metadata
	content, err := v.multipart(r, "eml", &m)
	if err != nil {
		return err
	}
	defer content.close()
	key := r.Header.Get("Idempotency-Key")
	switch {
	case !isSourceKey(key):
		return bad(http.StatusBadRequest, "bad.request", "the header Idempotency-Key must be a source_key: 64 hexadecimal digits")
	case m.SourceKey != key:
		return bad(http.StatusBadRequest, "bad.request", "source_key differs from the header Idempotency-Key")
	case content.given && m.SHA256 != "" && m.SHA256 != content.digest():
		return bad(http.StatusBadRequest, "bad.request", "sha256 is not that of the part eml")
	}
	saved, err := v.store.receive(r.Context(), &m, content)
	if err != nil {
		return err
	}
	return answerMade(w, saved.ID, saved.Existed)
}

// wireQuery is the body of a search. Pointers tell absent from empty.
type wireQuery struct {
	Filter struct {
		MailboxAccount string `json:"mailbox_account"`
		Folder         string `json:"folder"`
		SourceKey      string `json:"source_key"`
		MessageID      string `json:"message_id"`
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

func (v *server) search(w http.ResponseWriter, r *http.Request) error {
	var body wireQuery
	if err := decodeJSON(r, &body); err != nil {
		return err
	}
	if body.Sort != "" && body.Sort != "-id" {
		return bad(http.StatusBadRequest, "bad.request", "sort can be -id only")
	}
	f := body.Filter
	q := soar.Query{
		MailboxAccount: f.MailboxAccount, Folder: f.Folder, SourceKey: f.SourceKey, MessageID: f.MessageID,
		From: f.From, Subject: f.Subject, Discarded: f.Discarded,
		PageSize: wireSize(body.PageSize), PageNumber: body.PageNumber,
	}
	for _, bound := range []struct {
		name, text string
		to         *time.Time
	}{{"received_after", f.ReceivedAfter, &q.ReceivedAfter}, {"received_before", f.ReceivedBefore, &q.ReceivedBefore}} {
		if err := parseTime(bound.name, bound.text, bound.to); err != nil {
			return err
		}
	}
	page, err := v.store.Search(r.Context(), q)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, list{page.Records, page.Total})
}

// wireSize is the size of a page on the wire.
func wireSize(asked int) int {
	if asked <= 0 || asked > wirePage {
		return wirePage
	}
	return asked
}

// parseTime reads RFC 3339, or a date, which means 00:00 UTC.
func parseTime(name, text string, to *time.Time) error {
	if text == "" {
		return nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			*to = t
			return nil
		}
	}
	return bad(http.StatusBadRequest, "bad.request", "%s must be a time in RFC 3339 or a date, not %.40q", name, text)
}

func (v *server) get(w http.ResponseWriter, r *http.Request) error {
	id, err := number(r, "id")
	if err != nil {
		return err
	}
	record, err := v.store.Get(r.Context(), soar.NumberID(id))
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, record)
}

func (v *server) eml(w http.ResponseWriter, r *http.Request) error {
	id, err := number(r, "id")
	if err != nil {
		return err
	}
	size, err := v.store.contentSize(r.Context(), id)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "message/rfc822")
	w.Header().Set("Content-Length", strconv.FormatInt(size, 10))
	w.WriteHeader(http.StatusOK)
	for n, sent := 0, int64(0); sent < size; n++ {
		chunk, err := v.store.chunk(r.Context(), id, n)
		if err != nil {
			return err
		}
		if _, err := w.Write(chunk); err != nil {
			return err
		}
		sent += int64(len(chunk))
	}
	return nil
}

func (v *server) discard(w http.ResponseWriter, r *http.Request) error {
	id, err := number(r, "id")
	if err != nil {
		return err
	}
	record, err := v.store.Discard(r.Context(), soar.NumberID(id))
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, record)
}

// wireLink is the body of a link to an incident or a triage event, and its answer.
type wireLink struct {
	EmailID int64 `json:"email_id"`
}

func (v *server) addToIncident(w http.ResponseWriter, r *http.Request) error {
	return v.link(w, r, "incident_id", v.store.AddToIncident)
}

func (v *server) addToTriage(w http.ResponseWriter, r *http.Request) error {
	return v.link(w, r, "triage_id", v.store.AddToTriage)
}

// link answers 201 for what is new and 200 for what was there.
func (v *server) link(w http.ResponseWriter, r *http.Request, place string, add func(ctx context.Context, to int64, id soar.ID) (bool, error)) error {
	to, err := number(r, place)
	if err != nil {
		return err
	}
	var body wireLink
	if err := decodeJSON(r, &body); err != nil {
		return err
	}
	added, err := add(r.Context(), to, soar.NumberID(body.EmailID))
	if err != nil {
		return err
	}
	status := http.StatusOK
	if added {
		status = http.StatusCreated
	}
	return answer(w, status, body)
}

func (v *server) incidentEmails(w http.ResponseWriter, r *http.Request) error {
	incident, page, err := incidentList(r)
	if err != nil {
		return err
	}
	records, err := v.store.incidentEmails(r.Context(), incident, page)
	if err != nil {
		return err
	}
	total, err := v.store.count(r.Context(), `SELECT count(*) FROM incident_mails WHERE incident_id = ?`, incident)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, list{records, total})
}

func (v *server) removeFromIncident(w http.ResponseWriter, r *http.Request) error {
	incident, err := number(r, "incident_id")
	if err != nil {
		return err
	}
	id, err := number(r, "id")
	if err != nil {
		return err
	}
	removed, err := v.store.RemoveFromIncident(r.Context(), incident, soar.NumberID(id))
	if err != nil {
		return err
	}
	if !removed {
		return bad(http.StatusNotFound, "notfound", "the email %d is not in the incident %d", id, incident)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (v *server) addFile(w http.ResponseWriter, r *http.Request) error {
	incident, err := number(r, "incident_id")
	if err != nil {
		return err
	}
	var f soar.File
	content, err := v.multipart(r, "file", &f)
	if err != nil {
		return err
	}
	defer content.close()
	switch {
	case !content.given:
		return bad(http.StatusBadRequest, "bad.request", "the part file is missing")
	case f.SHA256 != content.digest():
		return bad(http.StatusBadRequest, "bad.request", "sha256 is not that of the part file")
	}
	id, existed, err := v.store.addFile(r.Context(), incident, f, content.size, content.chunks)
	if err != nil {
		return err
	}
	return answerMade(w, id, existed)
}

func (v *server) incidentFiles(w http.ResponseWriter, r *http.Request) error {
	incident, page, err := incidentList(r)
	if err != nil {
		return err
	}
	files, err := v.store.files(r.Context(), incident, page)
	if err != nil {
		return err
	}
	total, err := v.store.count(r.Context(), `SELECT count(*) FROM incident_files WHERE incident_id = ?`, incident)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, list{files, total})
}

// incidentList reads what a GET of an incident's list asks for.
func incidentList(r *http.Request) (incident int64, page window, err error) {
	if incident, err = number(r, "incident_id"); err != nil {
		return 0, page, err
	}
	var size, n int
	for _, p := range []struct {
		name string
		to   *int
	}{{"page_size", &size}, {"page_number", &n}} {
		text := r.URL.Query().Get(p.name)
		if text == "" {
			continue
		}
		if *p.to, err = strconv.Atoi(text); err != nil || *p.to < 1 {
			return 0, page, bad(http.StatusBadRequest, "bad.request", "%s must be a positive number, not %.40q", p.name, text)
		}
	}
	return incident, windowOf(wireSize(size), n), nil
}
