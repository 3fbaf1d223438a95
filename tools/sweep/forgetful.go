package main

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"example.org/imap-integration/soar"
)

// forgetful is a Cloud SOAR that ignores Idempotency-Key: each repeated save
// makes a second record. It can be searched. Only the daemon's two routes are there.
type forgetful struct {
	mu      sync.Mutex
	records []soar.Record
	server  *http.Server
	url     string
}

func newForgetful() (*forgetful, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	f := &forgetful{url: "http://" + l.Addr().String()}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /incmansuite_ng/api/v3/emails/{$}", f.create)
	mux.HandleFunc("POST /incmansuite_ng/api/v3/emails/search/{$}", f.search)
	f.server = &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	go f.server.Serve(l)
	return f, nil
}

func (f *forgetful) close() { f.server.Close() }

// keys counts the records of each source key.
func (f *forgetful) keys() map[string]int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := map[string]int{}
	for _, r := range f.records {
		n[r.SourceKey]++
	}
	return n
}

func (f *forgetful) create(w http.ResponseWriter, r *http.Request) {
	parts, err := r.MultipartReader()
	if err != nil {
		http.Error(w, "no multipart", http.StatusBadRequest)
		return
	}
	var m soar.Metadata
	whole := false // a request cut by the kill must not count
	for {
		part, err := parts.NextPart()
		if err == io.EOF {
			whole = true
			break
		}
		if err != nil {
			break
		}
		if part.FormName() == "metadata" {
			err = json.NewDecoder(part).Decode(&m)
		} else {
			_, err = io.Copy(io.Discard, part)
		}
		if err != nil {
			break
		}
	}
	if !whole || m.SourceKey == "" {
		http.Error(w, "cut", http.StatusBadRequest)
		return
	}
	f.mu.Lock()
	id := soar.NumberID(int64(len(f.records) + 1))
	f.records = append(f.records, soar.Record{ID: id, Metadata: m, CreatedAt: "2026-01-01T00:00:00Z"})
	f.mu.Unlock()
	answer(w, http.StatusCreated, map[string]any{"id": id})
}

func (f *forgetful) search(w http.ResponseWriter, r *http.Request) {
	var q struct {
		Filter struct {
			MailboxAccount string `json:"mailbox_account"`
			Folder         string `json:"folder"`
			SourceKey      string `json:"source_key"`
			ReceivedAfter  string `json:"received_after"`
			ReceivedBefore string `json:"received_before"`
		} `json:"filter"`
		PageSize   int `json:"page_size"`
		PageNumber int `json:"page_number"`
	}
	if json.NewDecoder(r.Body).Decode(&q) != nil {
		http.Error(w, "no JSON", http.StatusBadRequest)
		return
	}
	f.mu.Lock()
	var found []soar.Record
	for i := len(f.records) - 1; i >= 0; i-- {
		rec := f.records[i]
		if (q.Filter.MailboxAccount == "" || rec.MailboxAccount == q.Filter.MailboxAccount) && (q.Filter.Folder == "" || rec.Folder == q.Filter.Folder) &&
			(q.Filter.SourceKey == "" || rec.SourceKey == q.Filter.SourceKey) &&
			(q.Filter.ReceivedAfter == "" || strings.Compare(rec.ReceivedAt, q.Filter.ReceivedAfter) >= 0) &&
			(q.Filter.ReceivedBefore == "" || strings.Compare(rec.ReceivedAt, q.Filter.ReceivedBefore) <= 0) {
			found = append(found, rec)
		}
	}
	f.mu.Unlock()
	size, number := min(max(q.PageSize, 1), 100), max(q.PageNumber, 1)
	from := min((number-1)*size, len(found))
	page := found[from:min(from+size, len(found))]
	if page == nil {
		page = []soar.Record{}
	}
	answer(w, http.StatusOK, map[string]any{"results": page, "total": len(found)})
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v)
}
