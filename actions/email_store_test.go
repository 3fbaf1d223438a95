package actions

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"example.org/imap-integration/soar"
	"example.org/imap-integration/soar/foreigntest"
	"example.org/imap-integration/soar/local"
	"example.org/imap-integration/soar/postgres/postgrestest"
)

// publicTenant is a Cloud SOAR of which only the public endpoints exist.
type publicTenant struct {
	*httptest.Server
	mu     sync.Mutex
	notes  map[string][]map[string]any // by incident
	silent bool                        // it does not list notes
	lose   int                         // answers to the next writes that are lost
}

func newPublicTenant(t *testing.T) *publicTenant {
	p := &publicTenant{notes: map[string][]map[string]any{}}
	mux := http.NewServeMux()
	const base = "/api/csoar/v3/"
	mux.HandleFunc("GET "+base+"incident_templates/{$}", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `[]`) })
	mux.HandleFunc("POST "+base+"incidents/{id}/notes/{$}", p.write)
	mux.HandleFunc("GET "+base+"incidents/{id}/notes/{$}", func(w http.ResponseWriter, r *http.Request) {
		if p.silent {
			http.Error(w, `{}`, http.StatusMethodNotAllowed)
			return
		}
		_ = json.NewEncoder(w).Encode(p.of(r.PathValue("id")))
	})
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)
	return p
}

func (p *publicTenant) of(incident string) []map[string]any {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]map[string]any{}, p.notes[incident]...)
}

func (p *publicTenant) write(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	incident := r.PathValue("id")
	if incident == "404" {
		http.Error(w, `{"errors":[{"message":"no such incident"}]}`, http.StatusNotFound)
		return
	}
	var note map[string]any
	if err := json.NewDecoder(r.Body).Decode(&note); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	p.notes[incident] = append(p.notes[incident], note)
	if p.lose > 0 {
		p.lose--
		conn, _, _ := w.(http.Hijacker).Hijack()
		_ = conn.Close()
		return
	}
	w.WriteHeader(http.StatusCreated)
	_ = json.NewEncoder(w).Encode(map[string]any{"id": len(p.notes[incident])})
}

// settings reach the tenant, with emails in a store of one's own.
func (p *publicTenant) settings(t *testing.T, drafts []*soar.Draft) map[string]any {
	params := map[string]any{"cloud_soar_api_url": p.URL, "access_id": "su1", "access_key": "k", "cloud_soar_requests_per_second": 0, "timeout": 20}
	maps.Copy(params, ownStore(t, drafts, "local"))
	return params
}

// ownStore keeps emails where the tenant does not.
func ownStore(t *testing.T, drafts []*soar.Draft, kind string) map[string]any {
	t.Helper()
	if kind == "postgres" {
		return map[string]any{"cloud_soar_email_store": inDatabase(t, drafts)["cloud_soar_api_url"]}
	}
	path := filepath.Join(t.TempDir(), "own.db")
	s, err := local.Open(t.Context(), path, local.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Save(t.Context(), drafts); err != nil {
		t.Fatal(err)
	}
	if kind == "serve" {
		of := served(t, s, "basic")
		return map[string]any{"cloud_soar_email_store": of["cloud_soar_api_url"], "email_store_access_id": of["access_id"], "email_store_access_key": of["access_key"]}
	}
	_ = s.Close()
	return map[string]any{"cloud_soar_email_store": "local:" + path}
}

// TestEmailStore: every email action on tenants without emails, but for what they
// cannot have, with every store of one's own.
func TestEmailStore(t *testing.T) {
	lacks := map[string]string{"add-email-to-triage": "no public endpoint for what a triage event holds"}
	for _, kind := range []string{"local", "serve", "postgres"} {
		t.Run(kind, func(t *testing.T) {
			if kind == "postgres" {
				postgrestest.Start(t) // or skip
			}
			p := newPublicTenant(t)
			store := p.settings(t, nil)
			maps.Copy(store, ownStore(t, emailsOnBoth(), kind))
			runSteps(t, store, lacks)
			if n, files := len(p.of("7")), len(p.of("8")); n != 2 || files != 4 {
				t.Errorf("incident 7 has %d notes and incident 8 has %d, want one for each of 2 emails and of 4 files", n, files)
			}
		})
	}
	t.Run("desk", func(t *testing.T) {
		d := foreigntest.Start(t, foreigntest.APIs()[2])
		store := d.Settings()
		maps.Copy(store, ownStore(t, emailsOnBoth(), "local"))
		runSteps(t, store, lacks)
		if n, files := len(d.Remarks("7")), len(d.Remarks("8")); n != 2 || files != 4 {
			t.Errorf("ticket 7 has %d remarks and ticket 8 has %d, want one for each of 2 emails and of 4 files", n, files)
		}
	})
}

// TestNoteOfAHostileEmail: nothing of a stranger's can be clicked, or run.
func TestNoteOfAHostileEmail(t *testing.T) {
	p := newPublicTenant(t)
	raw := "From: \"<img src=x onerror=alert(1)>\" <a@evil.example>\r\nTo: soc@corp.example\r\nSubject: <script>alert(1)</script> hTTps://evil.example/a\r\n" +
		"Authentication-Results: mx.corp.example; spf=fail smtp.mailfrom=evil.example; dmarc=pass\r\nContent-Type: text/plain\r\n\r\nhttps://evil.example/login and 203.0.114.9\r\n"
	store := p.settings(t, []*soar.Draft{draftOf(raw, 1)})
	if _, err := runMailAction(t, "add-email-to-incident", store, map[string]any{"cloud_soar_mail_id": "1", "incident_id": 7}); err != nil {
		t.Fatal(err)
	}
	notes := p.of("7")
	if len(notes) != 1 {
		t.Fatalf("%d notes", len(notes))
	}
	title, body := notes[0]["title"].(string), notes[0]["additional_info"].(string)
	for _, bad := range []string{"<script", "<img", "//evil.example", "evil.example/"} {
		if strings.Contains(body, bad) || strings.Contains(title, bad) && !strings.HasPrefix(bad, "<") {
			t.Errorf("%q stands in\n%s\n%s", bad, title, body)
		}
	}
	for _, want := range []string{"Email id:</b> 1<", "SPF: fail", "DMARC passed", "DKIM was not checked", "hxxps://evil[.]example/login", "&lt;script&gt;"} {
		if !strings.Contains(body, want) {
			t.Errorf("%q is missing in\n%s", want, body)
		}
	}
}

// TestNoteOnce: a note whose answer was lost is not written again.
func TestNoteOnce(t *testing.T) {
	add := map[string]any{"cloud_soar_mail_id": "1", "incident_id": 7}
	p := newPublicTenant(t)
	store := p.settings(t, emailsOnBoth())
	p.lose = 1
	if _, err := runMailAction(t, "add-email-to-incident", store, add); err != nil || len(p.of("7")) != 1 {
		t.Errorf("a lost answer: %d notes, %v", len(p.of("7")), err)
	}
	p = newPublicTenant(t)
	p.silent, p.lose = true, 1
	store = p.settings(t, emailsOnBoth())
	if _, err := runMailAction(t, "add-email-to-incident", store, add); err == nil || !strings.Contains(err.Error(), "look at incident 7") || len(p.of("7")) != 1 {
		t.Errorf("a lost answer where notes are not listed: %d notes, %v", len(p.of("7")), err)
	}
	if _, err := runMailAction(t, "add-email-to-incident", store, map[string]any{"cloud_soar_mail_id": "1", "incident_id": 404}); err == nil || !strings.Contains(err.Error(), "no incident 404") {
		t.Errorf("no such incident: %v", err)
	}
	if out, err := runMailAction(t, "list-incident-emails", store, map[string]any{"incident_id": 404}); err != nil || out["count"] != 0.0 {
		t.Errorf("the store took a link to an incident that is not there: %v, %v", out, err)
	}
}

func TestEmailStoreSettings(t *testing.T) {
	for name, row := range map[string]struct {
		change map[string]any
		want   string
	}{
		"two stores":      {map[string]any{"cloud_soar_api_url": "local:/x", "cloud_soar_email_store": "local:/y"}, "cloud_soar_email_store is for a Cloud SOAR that keeps no emails"},
		"no credentials":  {map[string]any{"cloud_soar_email_store": "https://bridge.example"}, "email_store_access_id is missing"},
		"half of them":    {map[string]any{"cloud_soar_email_store": "https://bridge.example", "email_store_access_id": "su1"}, "email_store_access_key is missing"},
		"in clear":        {map[string]any{"cloud_soar_email_store": "http://bridge.example"}, "https://"},
		"local: no path":  {map[string]any{"cloud_soar_email_store": "local:"}, "cloud_soar_email_store must name a file"},
		"something else":  {map[string]any{"cloud_soar_email_store": "ftp://x"}, "cloud_soar_email_store"},
		"not of a person": {map[string]any{"cloud_soar_email_store": "https://u:p@bridge.example"}, "credentials go into fields of their own"},
	} {
		params := map[string]any{"cloud_soar_api_url": "https://api.us2.sumologic.com", "access_id": "su1", "access_key": "k", "incident_id": 7}
		for k, v := range row.change {
			params[k] = v
		}
		if _, err := runMailAction(t, "list-incident-emails", params, nil); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
