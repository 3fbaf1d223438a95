package actions

import (
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	integration "example.org/imap-integration"
	"example.org/imap-integration/manifest"
	"example.org/imap-integration/soar"
	"example.org/imap-integration/soar/local"
	"example.org/imap-integration/transport/transporttest"
)

// tapped is a tenant with emails in it that notes which operations were called.
type tapped struct {
	params map[string]any
	mu     sync.Mutex
	calls  []string // "METHOD operation", or its path where none has it
	status map[string]int
}

// newTapped answers what status names ("METHOD operation") with that status instead.
func newTapped(t *testing.T, status map[string]int) *tapped {
	t.Helper()
	s, err := local.Open(t.Context(), filepath.Join(t.TempDir(), "soar.db"), local.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if _, err := s.Save(t.Context(), emailsOnBoth()); err != nil {
		t.Fatal(err)
	}
	keys, _, err := s.Keys(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	h, err := local.NewHandler(t.Context(), s, local.HandlerOptions{})
	if err != nil {
		t.Fatal(err)
	}
	tap := &tapped{status: status}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		call := r.Method + " " + operationAt(r)
		tap.mu.Lock()
		tap.calls = append(tap.calls, call)
		tap.mu.Unlock()
		if code := tap.status[call]; code != 0 {
			w.WriteHeader(code)
			return
		}
		h.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	tap.params = map[string]any{
		"cloud_soar_api_url": server.URL, "cloud_soar_requests_per_second": 0, "timeout": 20,
		"access_id": keys.AccessID, "access_key": keys.AccessKey,
	}
	return tap
}

// operationAt is the operation whose path this is: by its method, or any for OPTIONS.
func operationAt(r *http.Request) string {
	routes := soar.DefaultRoutes()
	path, _ := strings.CutPrefix(r.URL.Path, "/api/csoar/v3/")
	for _, number := range []string{"", "[0-9]+"} { // search is no id
		for _, name := range slices.Sorted(maps.Keys(routes)) {
			pattern := regexp.MustCompile(`\{[^}]*\}`).ReplaceAllString(routes[name].Path, number)
			if regexp.MustCompile("^"+pattern+"$").MatchString(path) && (r.Method == routes[name].Method || r.Method == http.MethodOptions) {
				return name
			}
		}
	}
	return r.URL.Path
}

func (tap *tapped) operations() []string {
	tap.mu.Lock()
	defer tap.mu.Unlock()
	var names []string
	for _, call := range tap.calls {
		_, name, _ := strings.Cut(call, " ")
		names = append(names, name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// TestNeededOperations runs each action on saved emails: the table names what it calls.
func TestNeededOperations(t *testing.T) {
	params := func(action string) map[string]any {
		p := map[string]any{"cloud_soar_mail_id": "1"}
		switch action {
		case "list-cloud-soar-emails":
			return nil
		case "list-incident-emails":
			return map[string]any{"incident_id": "7"}
		case "add-email-to-incident", "remove-email-from-incident", "add-email-attachments-to-incident":
			p["incident_id"] = "7"
		case "add-email-to-triage":
			p["triage_id"] = "9"
		case "email-body-regex", "email-header-regex", "email-subject-regex":
			p["regex"] = "a"
		}
		return p
	}
	named := map[string]bool{}
	for _, n := range needed {
		if i := slices.IndexFunc(All, func(a Action) bool { return a.Name == n.action }); i < 0 || All[i].Title != n.title {
			t.Errorf("%s %q is no action", n.action, n.title)
		}
		if named[n.action] = true; n.action == "incoming-mail-daemon" {
			continue // reads a mailbox
		}
		tap := newTapped(t, nil)
		if _, err := runAction(t, n.action, object(t, tap.params, params(n.action))); err != nil {
			t.Errorf("%s: %v", n.action, err)
		}
		want := strings.Fields(n.operations)
		if slices.Sort(want); !slices.Equal(tap.operations(), want) {
			t.Errorf("%s calls %q, the table has %q", n.action, tap.operations(), want)
		}
	}
	for _, a := range All[1:] {
		if !named[a.Name] {
			t.Errorf("%s is not in the table", a.Name)
		}
	}
}

// storeStep is the step cloud_soar of test-settings; the mail server is not there.
func storeStep(t *testing.T, params map[string]any) (status, detail string) {
	t.Helper()
	fields, err := manifest.New(integration.Files).Parameters("test-settings")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]any{"imap_server": "127.0.0.1", "port": transporttest.RefusedPort(t), "connection_security": "none", "username": "u", "password": "p"}
	maps.Copy(all, params)
	v := manifest.Decode("test-settings", fields, manifest.Input{Stdin: strings.NewReader(asJSON(t, all))})
	env := &Env{Log: slog.New(slog.DiscardHandler), Now: time.Now, Progress: func(int, int) {}, Deliver: func(func(io.Writer) error) error { return nil }}
	result, _ := testSettings(t.Context(), env, v) // fails for the mail server
	var report settingsReport
	if err := json.Unmarshal([]byte(asJSON(t, result)), &report); err != nil {
		t.Fatal(err)
	}
	s := report.step(stepCloudSOAR)
	return s.Status, s.Detail
}

// TestSettingsNameActions: test-settings says which actions will work, changes nothing, and asks little.
func TestSettingsNameActions(t *testing.T) {
	for _, c := range []struct {
		name   string
		status map[string]int
		routes string
		want   string // status
		says   []string
	}{
		{"all", nil, "", stepOK, []string{"it holds 5 emails", "every action will work"}},
		{
			"no discard",
			map[string]int{"OPTIONS emails.discard": 404},
			"", stepOK,
			[]string{"will work: Incoming Mail Daemon, List Cloud SOAR Emails, ", "will not work: Discard Email (emails.discard)"},
		},
		{
			"triage refused",
			map[string]int{"OPTIONS triage.emails.add": 403},
			"", stepOK,
			[]string{"may not work: Add Email To Triage (triage.emails.add)"},
		},
		{
			"OPTIONS is not answered anywhere",
			map[string]int{
				"OPTIONS emails.create": 404, "OPTIONS emails.search": 404, "OPTIONS emails.discard": 404, "OPTIONS incidents.emails.add": 404,
				"OPTIONS incidents.attachments.add": 404, "OPTIONS triage.emails.add": 404, "OPTIONS incidents.emails.remove": 404,
			},
			"", stepOK,
			[]string{"will work: List Cloud SOAR Emails, ", "not known: Incoming Mail Daemon (emails.create), Discard Email (emails.discard)"},
		},
		{"no way to save", map[string]int{"OPTIONS emails.create": 404}, "", stepFailed, []string{"has no emails.create", "cloud_soar_email_store", "will work: List Cloud SOAR Emails"}},
		{"declared", nil, `{"operations":{"emails.discard":null}}`, stepOK, []string{"will not work: Discard Email"}},
		{"no content", map[string]int{"GET emails.eml": 500}, "", stepOK, []string{"not known: Email Body Regex (emails.eml)"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			tap := newTapped(t, c.status)
			if c.routes != "" {
				tap.params["cloud_soar_routes"] = c.routes
			}
			status, detail := storeStep(t, tap.params)
			if status != c.want {
				t.Errorf("%s: %s", status, detail)
			}
			for _, words := range c.says {
				if !strings.Contains(detail, words) {
					t.Errorf("%q is not in %q", words, detail)
				}
			}
			if len(tap.calls) > 16 {
				t.Errorf("%d requests", len(tap.calls))
			}
			for _, call := range tap.calls {
				if method, name, _ := strings.Cut(call, " "); method != http.MethodGet && method != http.MethodOptions && name != "emails.search" {
					t.Errorf("%s may change something", call)
				}
			}
		})
	}
}

// TestSettingsNameNotes: with a store of one's own, incidents get notes.
func TestSettingsNameNotes(t *testing.T) {
	p := newPublicTenant(t)
	status, detail := storeStep(t, p.settings(t, emailsOnBoth()))
	if status != stepOK || !strings.Contains(detail, "will work: Add Email To Incident, Add Email Attachments To Incident; will not work: Add Email To Triage") {
		t.Errorf("%s: %s", status, detail)
	}
	if len(p.notes) > 0 {
		t.Errorf("a note was written: %v", p.notes)
	}
}
