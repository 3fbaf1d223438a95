package local

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"example.org/imap-integration/soar"
)

// FuzzRequest sends anything to the routes that take a body: no answer is a
// failure of the server, and nothing is stored unless the answer says so.
func FuzzRequest(f *testing.F) {
	kind, form := form("metadata", `{"source_key":"`+digest("k")+`"}`, "eml", "Subject: x\r\n\r\n")
	const search = basicBase + "emails/search/"
	f.Add(basicBase+"emails/", kind, form.Bytes())
	f.Add(search, "application/json", []byte(`{"filter":{"from":"a","received_after":"2026-01-01","discarded":true},"sort":"-id","page_size":2,"page_number":9}`))
	f.Add(search, "application/json", []byte(`{"page_number":9223372036854775807}`))
	f.Add(basicBase+"incidents/1/emails/", "application/json", []byte(`{"email_id":1}`))
	f.Add(basicBase+"incidents/1/attachments/", kind, form.Bytes())
	f.Add(basicBase+"triage/1/emails/", "application/json", []byte(`{"email_id":1e3}`))
	s, err := Open(context.Background(), f.TempDir()+"/soar.db", Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = s.Close() })
	keys, _, err := s.Keys(context.Background(), true)
	if err != nil {
		f.Fatal(err)
	}
	h, err := NewHandler(context.Background(), s, HandlerOptions{MaxContent: 64 << 10})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, path, kind string, body []byte) {
		r, err := http.NewRequest("POST", "http://127.0.0.1/", bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.URL.Path = path
		r.Header.Set("Content-Type", kind)
		r.Header.Set("Idempotency-Key", digest("k"))
		r.SetBasicAuth(keys.AccessID, keys.AccessKey)
		before := total(t, s)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code >= http.StatusInternalServerError {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		if after := total(t, s); after != before && w.Code != http.StatusCreated {
			t.Errorf("%d mails became %d with the answer %d", before, after, w.Code)
		}
	})
}

func total(t *testing.T, s *Store) int {
	t.Helper()
	page, err := s.Search(context.Background(), soar.Query{PageSize: 1})
	if err != nil {
		t.Fatal(err)
	}
	return page.Total
}
