package soar_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"example.org/imap-integration/message"
	"example.org/imap-integration/secret"
	"example.org/imap-integration/soar"
	"example.org/imap-integration/soar/foreigntest"
)

// foreignClient reaches an API by a profile alone.
func foreignClient(t *testing.T, url, text string) *soar.Client {
	t.Helper()
	routes, p, err := soar.ParseProfile(text)
	if err != nil || p == nil {
		t.Fatalf("%s: %v", text, err)
	}
	c, err := soar.New(soar.Config{
		URL: url, AccessID: foreigntest.AccessID, AccessKey: secret.New(foreigntest.AccessKey), Timeout: 5 * time.Second, Routes: routes, Profile: p,
		Sleep: func(context.Context, time.Duration) error { return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// onForeignAPIs runs a test on the foreign APIs that keep emails.
func onForeignAPIs(t *testing.T, test func(t *testing.T, f *foreigntest.Server, c *soar.Client)) {
	for _, api := range foreigntest.APIs() {
		if api.Emails {
			t.Run(api.Name, func(t *testing.T) {
				f := foreigntest.Start(t, api)
				test(t, f, foreignClient(t, f.URL, api.Profile))
			})
		}
	}
}

// foreignDraft is one email of an account.
func foreignDraft(n int) *soar.Draft {
	raw := fmt.Appendf(nil, "From: a@example.com\r\nSubject: Grüße %d\r\n\r\n\x00\xff%d\r\n", n, n)
	sum := sha256.Sum256(raw)
	d := &soar.Draft{Raw: raw}
	d.Mail = soar.Mail{
		MailboxAccount: "soc@example.com", Folder: "INBOX", UIDValidity: 9, UID: message.UID(n), From: "a@example.com", FromName: "Ann",
		Subject: fmt.Sprintf("Grüße %d", n), BodyText: strings.Repeat("x", n), ReceivedAt: time.Date(2026, 11, 1, 0, 0, n, 0, time.UTC).Format(time.RFC3339),
		Headers: soar.Headers{{Name: "Subject", Values: []string{fmt.Sprintf("Grüße %d", n)}}}, Size: int64(len(raw)), SHA256: hex.EncodeToString(sum[:]),
	}
	d.SourceKey = hex.EncodeToString(sum[:])
	return d
}

func saveForeign(t *testing.T, c *soar.Client, n int) (soar.Saved, *soar.Draft) {
	t.Helper()
	d := foreignDraft(n)
	saved, err := c.Save(t.Context(), []*soar.Draft{d})
	if err != nil {
		t.Fatal(err)
	}
	return saved[0], d
}

func TestForeignSave(t *testing.T) {
	onForeignAPIs(t, func(t *testing.T, f *foreigntest.Server, c *soar.Client) {
		for n := 1; n <= 3; n++ {
			if s, _ := saveForeign(t, c, n); s.ID != soar.NumberID(int64(n)) || s.Existed {
				t.Errorf("email %d: %+v", n, s)
			}
		}
		if s, _ := saveForeign(t, c, 2); s.ID != "2" || !s.Existed {
			t.Errorf("the second again: %+v", s)
		}
		f.FailWrites(foreigntest.Status(503, ""), foreigntest.LoseAnswer)
		if s, _ := saveForeign(t, c, 4); s.ID != "4" || s.Existed {
			t.Errorf("with a lost answer: %+v", s)
		}
		f.FailWrites(foreigntest.Status(413, ""))
		s, d := saveForeign(t, c, 5)
		if s.ID != "5" || s.Refused != "" || len(d.Problems) != 1 {
			t.Errorf("refused content: %+v, problems %v", s, d.Problems)
		}
		f.FailWrites(foreigntest.Status(413, ""), foreigntest.Status(413, ""))
		if s, _ = saveForeign(t, c, 6); s.Refused == "" {
			t.Errorf("refused for good: %+v", s)
		}
		if len(f.Held()) != 5 {
			t.Errorf("%d emails are held, want 5", len(f.Held()))
		}
	})
}

func TestForeignRead(t *testing.T) {
	onForeignAPIs(t, func(t *testing.T, f *foreigntest.Server, c *soar.Client) {
		for n := 1; n <= 25; n++ {
			saveForeign(t, c, n)
		}
		want := foreignDraft(7)
		r, err := c.Get(t.Context(), "7")
		if err != nil || r.ID != "7" || r.Subject != want.Subject || r.ReceivedAt != want.ReceivedAt || r.SourceKey != want.SourceKey ||
			r.UID != 7 || r.FromName != "Ann" || len(r.Headers) != 1 {
			t.Errorf("Get: %+v, %v", r, err)
		}
		if raw, err := c.EML(t.Context(), "7", 0); err != nil || !bytes.Equal(raw, want.Raw) {
			t.Errorf("EML: %q, %v", raw, err)
		}
		f.Lose(8)
		if _, err := c.EML(t.Context(), "8", 0); !errors.Is(err, soar.ErrNoContent) {
			t.Errorf("EML without content: %v", err)
		}
		if _, err := c.Get(t.Context(), "99"); !errors.Is(err, soar.ErrNotFound) {
			t.Errorf("Get of an unknown id: %v", err)
		}
		if r, ok, err := c.ByKey(t.Context(), want.SourceKey); !ok || err != nil || r.ID != "7" {
			t.Errorf("ByKey: %s, %t, %v", r.ID, ok, err)
		}
		mark, err := c.Newest(t.Context(), "soc@example.com", "INBOX", 9)
		if err != nil || mark.UID != 25 || mark.UIDValidity != 9 {
			t.Errorf("Newest: %+v, %v", mark, err)
		}
		page, err := c.Search(t.Context(), soar.Query{From: "ANN", Folder: "INBOX", PageSize: 10, PageNumber: 2})
		if err != nil || page.Total != 25 || len(page.Records) != 10 || page.Records[0].ID != "15" {
			t.Errorf("Search: %d of %d, %v, %v", len(page.Records), page.Total, ids(page.Records), err)
		}
		page, err = c.Search(t.Context(), soar.Query{
			ReceivedAfter: time.Date(2026, 11, 1, 0, 0, 3, 0, time.UTC), ReceivedBefore: time.Date(2026, 11, 1, 0, 0, 5, 0, time.UTC),
		})
		if err != nil || page.Total != 3 {
			t.Errorf("Search by date: %v of %d, %v", ids(page.Records), page.Total, err)
		}
	})
}

func TestForeignIncidents(t *testing.T) {
	onForeignAPIs(t, func(t *testing.T, f *foreigntest.Server, c *soar.Client) {
		ctx := t.Context()
		for n := 1; n <= 3; n++ {
			saveForeign(t, c, n)
		}
		for _, want := range []bool{true, false} {
			if added, err := c.AddToIncident(ctx, 70, "2"); err != nil || added != want {
				t.Errorf("AddToIncident: %t, %v; want %t", added, err, want)
			}
		}
		if list, err := c.IncidentEmails(ctx, 70); err != nil || len(list) != 1 || list[0].ID != "2" {
			t.Errorf("IncidentMails: %v, %v", ids(list), err)
		}
		for _, want := range []bool{true, false} {
			if removed, err := c.RemoveFromIncident(ctx, 70, "2"); err != nil || removed != want {
				t.Errorf("RemoveFromIncident: %t, %v; want %t", removed, err, want)
			}
		}
		if r, err := c.Discard(ctx, "3"); err != nil || !r.Discarded || r.ID != "3" {
			t.Errorf("Discard: %+v, %v", r, err)
		}
		if r, err := c.Get(ctx, "3"); err != nil || !r.Discarded {
			t.Errorf("the discarded email: %t, %v", r.Discarded, err)
		}
		if !f.Files {
			_, err := c.AddToTriage(ctx, 5, "1")
			if err == nil || !strings.Contains(err.Error(), "has no triage.emails.add") {
				t.Errorf("AddToTriage: %v", err)
			}
			return
		}
		file := soar.File{Filename: "a.pdf", ContentType: "application/pdf", SHA256: strings.Repeat("ab", 32), EmailID: "2", Part: "2"}
		for _, want := range []bool{false, true} {
			if id, existed, err := c.AddFile(ctx, 70, file, []byte("%PDF")); err != nil || id != "1" || existed != want {
				t.Errorf("AddFile: %s, %t, %v; want %t", id, existed, err, want)
			}
			if added, err := c.AddToTriage(ctx, 5, "1"); err != nil || added == want {
				t.Errorf("AddToTriage: %t, %v", added, err)
			}
		}
		list, err := c.IncidentFiles(ctx, 70)
		if err != nil || len(list) != 1 || list[0].File != file || list[0].Size != 4 {
			t.Errorf("IncidentFiles: %+v, %v", list, err)
		}
	})
}

// TestNoEmailAPI holds that what a tenant lacks is said before anything is sent.
func TestNoEmailAPI(t *testing.T) {
	none := `{"operations":{"emails.create":null,"emails.search":null}}`
	c := foreignClient(t, "http://127.0.0.1:1", none)
	_, err := c.Save(t.Context(), []*soar.Draft{foreignDraft(1)})
	if err == nil || !strings.Contains(err.Error(), "cloud_soar_routes says that it has no emails.create") {
		t.Error(err)
	}
	if _, err := c.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "has no emails.search") {
		t.Error(err)
	}
}

// TestNotesAsComments: a tenant whose notes are bare comments, which it does not list,
// gets each of them once, with its marker; where an answer is lost nothing is sent again.
func TestNotesAsComments(t *testing.T) {
	var mu sync.Mutex // a cut answer orders nothing
	var got []string
	var lose atomic.Bool
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/csoar/v3/case/{number}/comment", func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		mu.Lock()
		got = append(got, r.PathValue("number")+" "+string(text))
		mu.Unlock()
		if lose.Load() {
			foreigntest.Cut(w, nil)
			return
		}
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, `{"_id":"~8192","message":"kept"}`)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	notes := soar.NewNotes(foreignClient(t, server.URL, `{"operations":{
		"incidents.notes.add":{"call":"POST case/{incident_id}/comment","request":{"title":"","additional_info":"message","created_on":""}},
		"incidents.notes.list":null,"incidents.templates.list":null}}`))
	if detail, err := notes.Check(t.Context()); err != nil || !strings.Contains(detail, "was not asked") {
		t.Errorf("Check: %q, %v", detail, err)
	}
	sent := func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(got)
	}
	note := soar.Note{Title: "t [1]", HTML: "<p>[1]</p>", Marker: "[1]"}
	written, err := notes.Add(t.Context(), 7, note)
	if got := sent(); err != nil || !written || len(got) != 1 || got[0] != `7 {"message":"\u003cp\u003e[1]\u003c/p\u003e"}` {
		t.Errorf("Add: %t, %v, %q", written, err, got)
	}
	lose.Store(true)
	_, err = notes.Add(t.Context(), 8, note)
	if got := sent(); err == nil || !strings.Contains(err.Error(), "look at incident 8") || len(got) != 2 {
		t.Errorf("a lost answer: %v, %q", err, got)
	}
}

func TestParseProfileMistakes(t *testing.T) {
	for text, want := range map[string]string{
		`{"record":{"fro":"x"}}`:                                                              "record.fro is unknown",
		`{"record":{"from":"subject"}}`:                                                       "has the same name as",
		`{"record":{"from":"a b"}}`:                                                           "is not a path",
		`{"dates":"iso"}`:                                                                     "dates must be rfc3339 or unix",
		`{"ids":"string","id_prefix":"a/b"}`:                                                  "id_prefix",
		`{"headers":{"Authorization":"x"}}`:                                                   "must not set the header",
		`{"headers":{"X-A":"a\r\nb"}}`:                                                        "headers.X-A holds a character",
		`{"operations":{"emails.creat":{}}}`:                                                  "operations.emails.creat is unknown",
		`{"operations":{"emails.get":{"call":"GET mails/"}}}`:                                 "the placeholder {id}",
		`{"operations":{"emails.get":{"call":"GET ../{id}"}}}`:                                "operations.emails.get",
		`{"operations":{"emails.get":{"call":"GO {id}"}}}`:                                    "does not begin with a method",
		`{"operations":{"emails.get":{"body":"json"}}}`:                                       "emails.get.body",
		`{"operations":{"emails.create":{"body":"soap"}}}`:                                    "multipart or json or rfc822",
		`{"operations":{"emails.create":{"request":{"header":"x"}}}}`:                         "request.header is unknown",
		`{"operations":{"emails.create":{"constants":{"header:Cookie":1}}}}`:                  "must not set the header",
		`{"operations":{"emails.create":{"answer":{"results":"x"}}}}`:                         "answer.results is unknown",
		`{"operations":{"emails.create":{"success":[500]}}}`:                                  "status 500",
		`{"operations":{"emails.create":{"existed":[401]}}}`:                                  "status 401",
		`{"operations":{"emails.get":{"clauses":{"at":"x","field":"f","value":"v"}}}}`:        "is for emails.search",
		`{"operations":{"emails.search":{"clauses":{"at":"x"}}}}`:                             "needs at, field and value",
		`{"operations":{"emails.search":{"script":"x"}}}`:                                     "unknown field",
		`{"operations":{"emails.get":{"constants":{"a":["{incident_id}"]}}}}`:                 "emails.get.constants.a names the placeholder",
		`{"operations":{"emails.create":{"answer":{"existed":"header:X-Known"}}}}`:            "answer.existed \"header:X-Known\" is not a path",
		`{"operations":{"emails.create":{"answer":{"id":"header:a b"}}}}`:                     "answer.id",
		`{"operations":{"emails.get":{"answer":{"error":"."}}}}`:                              "answer.error must name a field",
		`{"operations":{}} {}`:                                                                "",
		`{"ids":"number","operations":{"emails.create":{"request":{"*":"x"}}}}`:               `can only be ""`,
		`{"record":{"from":"` + strings.Repeat("a.", 9) + `a"}}`:                              "is not a path",
		`{"operations":{"emails.create":{"request":{"metadata":"a\";x=\"b","content":"a"}}}}`: "is not a path",
	} {
		_, _, err := soar.ParseProfile(text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %q", text, err, want)
		}
	}
}

// TestProfileAnswers holds that an answer without what the profile promises is an error.
func TestProfileAnswers(t *testing.T) {
	for _, body := range []string{``, `{}`, `[]`, `{"data":{}}`, `{"data":{"ref":"MSG-0"}}`, `{"data":{"ref":"OTHER-1"}}`, `{"data":{"ref":"MSG-+1"}}`, `{"data":{"ref":1.5}}`, `<html>`, `{"data":{"ref":"MSG-1"}} x`} {
		f := foreigntest.Start(t, foreigntest.APIs()[0])
		f.FailWrites(foreigntest.Answer("application/json", body))
		c := foreignClient(t, f.URL, f.Profile)
		if saved, err := c.Save(t.Context(), []*soar.Draft{foreignDraft(1)}); err == nil {
			t.Errorf("%s was taken as %+v", body, saved)
		}
	}
}
