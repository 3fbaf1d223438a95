package actions

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	integration "example.org/imap-integration"
	"example.org/imap-integration/manifest"
	"example.org/imap-integration/message"
	"example.org/imap-integration/secret"
	"example.org/imap-integration/soar"
	"example.org/imap-integration/soar/foreigntest"
	"example.org/imap-integration/soar/local"
	"example.org/imap-integration/soar/postgres"
	"example.org/imap-integration/soar/postgres/postgrestest"
)

// filesMail has two files, a nested email without a name, and a file inside it.
const filesMail = "Subject: files\r\nFrom: alice@example.org\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n" +
	"--m\r\n\r\nsee files\r\n" +
	"--m\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=\"../Report.pdf\"\r\n\r\n%PDF-1\r\n" +
	"--m\r\nContent-Type: text/csv\r\nContent-Disposition: attachment; filename=t.csv\r\n\r\na;b\r\n" +
	"--m\r\nContent-Type: message/rfc822\r\n\r\n" +
	"Subject: The phish\r\nContent-Type: application/zip\r\nContent-Disposition: attachment; filename=lure.zip\r\n\r\nPK\r\n" +
	"--m--\r\n"

// mailsOnBoth are the drafts that both stores of a mailStores hold, ids 1 to 5.
func emailsOnBoth() []*soar.Draft {
	refused := draftOf("Subject: refused\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=r.pdf\r\n\r\nx\r\n", 4)
	refused.Raw, refused.Problems = nil, []message.Problem{{Code: "content_refused", Detail: "no"}}
	large := draftOf("Subject: large\r\n\r\n", 5)
	large.Raw, large.SHA256, large.Attachments, large.Size = nil, "", nil, 90<<20
	large.Problems = []message.Problem{{Code: "too_large", Detail: "90 MiB"}}
	return []*soar.Draft{
		draftOf(filesMail, 1), draftOf("Subject: plain\r\nFrom: Bob <bob@two.example>\r\n\r\nhello\r\n", 2),
		draftOf("Subject: Plain again\r\nFrom: bob@two.example\r\n\r\nhello\r\n", 3), refused, large,
	}
}

func draftOf(raw string, uid message.UID) *soar.Draft {
	m := message.Parse([]byte(raw), message.DefaultLimits())
	sum := sha256.Sum256([]byte("soc@example.com\x00" + raw))
	first := func(name string) string { return strings.Join(m.Header.Values(name), "") }
	d := &soar.Draft{Raw: []byte(raw)}
	d.SourceKey = hex.EncodeToString(sum[:])
	d.Mail = soar.Mail{
		MailboxAccount: "soc@example.com", Folder: "INBOX", UIDValidity: 9, UID: uid, Subject: first("Subject"), From: first("From"),
		ReceivedAt: fmt.Sprintf("2026-09-0%dT12:00:00Z", uid), Attachments: m.Attachments(), Size: int64(len(raw)), SHA256: digest([]byte(raw)),
	}
	d.Normalize()
	return d
}

// mailStores are parameters for each kind of store, with the same emails in it.
func mailStores(t *testing.T) map[string]map[string]any {
	t.Helper()
	stores := map[string]map[string]any{}
	for _, kind := range []string{"local", "basic", "bearer"} {
		path := filepath.Join(t.TempDir(), "soar.db")
		s, err := local.Open(t.Context(), path, local.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Save(t.Context(), emailsOnBoth()); err != nil {
			t.Fatal(err)
		}
		if kind == "local" {
			stores[kind] = map[string]any{"cloud_soar_api_url": "local:" + path}
			_ = s.Close()
			continue
		}
		stores[kind] = served(t, s, kind)
	}
	if postgrestest.Installed() {
		stores["postgres"] = inDatabase(t, emailsOnBoth())
	}
	for _, api := range foreigntest.APIs() {
		if api.Emails && api.Files {
			stores[api.Name] = onForeign(t, api)
		}
	}
	return stores
}

// onForeign is an API of somebody else's making, reached by its profile.
func onForeign(t *testing.T, api foreigntest.API) map[string]any {
	t.Helper()
	routes, p, err := soar.ParseProfile(api.Profile)
	if err != nil {
		t.Fatal(err)
	}
	f := foreigntest.Start(t, api)
	c, err := soar.New(soar.Config{URL: f.URL, AccessID: foreigntest.AccessID, AccessKey: secret.New(foreigntest.AccessKey), Routes: routes, Profile: p})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Save(t.Context(), emailsOnBoth()); err != nil {
		t.Fatal(err)
	}
	return f.Settings()
}

// inDatabase is a store in PostgreSQL.
func inDatabase(t *testing.T, drafts []*soar.Draft) map[string]any {
	t.Helper()
	server := postgrestest.Start(t)
	url := server.URL(server.Database(t))
	s, err := postgres.Open(t.Context(), postgres.Config{URL: secret.New(url)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Save(t.Context(), drafts); err != nil {
		t.Fatal(err)
	}
	return map[string]any{"cloud_soar_api_url": url}
}

// served is a store behind the API, without a limit on requests.
func served(t *testing.T, s *local.Store, kind string) map[string]any {
	keys, _, err := s.Keys(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	h, err := local.NewHandler(t.Context(), s, local.HandlerOptions{})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(h)
	t.Cleanup(func() { server.Close(); _ = s.Close() })
	p := map[string]any{"cloud_soar_api_url": server.URL, "cloud_soar_requests_per_second": 0, "timeout": 20}
	if kind == "bearer" {
		p["jwt_token"] = keys.JWT
	} else {
		p["access_id"], p["access_key"] = keys.AccessID, keys.AccessKey
	}
	return p
}

// step is one run of an action and what comes out on every store.
type step struct {
	action string
	params map[string]any
	want   string // JSON of what pick keeps; or words of the error
	pick   func(map[string]any) any
	fails  bool
}

// steps are run in this order on each store; JSON and environment give the same.
var steps = []step{
	{"list-cloud-soar-emails", nil, `[["5","4","3","2","1"],5,5]`, listed, false},
	{"list-cloud-soar-emails", map[string]any{"page_size": 2, "page_number": "2"}, `[["3","2"],2,5]`, listed, false},
	{"list-cloud-soar-emails", map[string]any{"search_subject": "PLAIN", "search_from": "bob@"}, `[["3","2"],2,2]`, listed, false},
	{"list-cloud-soar-emails", map[string]any{"received_after": "2026-09-02", "received_before": "2026-09-03T14:00:00+02:00"}, `[["3","2"],2,2]`, listed, false},
	{"list-cloud-soar-emails", map[string]any{"search_folder": "Archive"}, `[[],0,0]`, listed, false},
	{"list-cloud-soar-emails", map[string]any{"from": "nobody", "folder": "Archive"}, `[["5","4","3","2","1"],5,5]`, listed, false},
	{"get-email", map[string]any{"cloud_soar_mail_id": "2, 1"}, `[["2","1"],2,null]`, listed, false},
	{"get-email", map[string]any{"cloud_soar_mail_id": []any{1, "77"}}, "77", nil, true},
	{"list-email-attachments", map[string]any{"cloud_soar_mail_id": []any{1, "2"}}, `[["1","../Report.pdf","2"],["1","t.csv","3"],["1","","4"],["1","lure.zip","4.1"]]`, files, false},
	{"list-email-attachments", map[string]any{"cloud_soar_mail_id": 4}, `[["4","r.pdf","1"]]`, files, false},
	{"add-email-to-incident", map[string]any{"cloud_soar_mail_id": "1,77", "incident_id": 7}, "77", nil, true},
	{"list-incident-emails", map[string]any{"incident_id": 7}, `[[],0,null]`, listed, false},
	{"add-email-to-incident", map[string]any{"cloud_soar_mail_id": "1", "incident_id": 7}, `{"incident_id":"7","results":[{"added":true,"cloud_soar_mail_id":"1"}]}`, whole, false},
	{"add-email-to-incident", map[string]any{"cloud_soar_mail_id": "1,3", "incident_id": "7"}, `{"incident_id":"7","results":[{"added":false,"cloud_soar_mail_id":"1"},{"added":true,"cloud_soar_mail_id":"3"}]}`, whole, false},
	{"list-incident-emails", map[string]any{"incident_id": 7}, `[["3","1"],2,null]`, listed, false},
	{"remove-email-from-incident", map[string]any{"cloud_soar_mail_id": "1,2", "incident_id": 7}, `{"incident_id":"7","results":[{"cloud_soar_mail_id":"1","removed":true},{"cloud_soar_mail_id":"2","removed":false}]}`, whole, false},
	{"list-incident-emails", map[string]any{"incident_id": 7}, `[["3"],1,null]`, listed, false},
	{"add-email-to-triage", map[string]any{"cloud_soar_mail_id": "2", "triage_id": 9}, `{"results":[{"added":true,"cloud_soar_mail_id":"2"}],"triage_id":"9"}`, whole, false},
	{"add-email-to-triage", map[string]any{"cloud_soar_mail_id": "2", "triage_id": 9}, `{"results":[{"added":false,"cloud_soar_mail_id":"2"}],"triage_id":"9"}`, whole, false},
	{"discard-email", map[string]any{"cloud_soar_mail_id": "5,77"}, "77", nil, true},
	{"discard-email", map[string]any{"cloud_soar_mail_id": "5"}, `{"results":[{"changed":true,"cloud_soar_mail_id":"5","discarded":true}]}`, whole, false},
	{"discard-email", map[string]any{"cloud_soar_mail_id": "5"}, `{"results":[{"changed":false,"cloud_soar_mail_id":"5","discarded":true}]}`, whole, false},
	{"list-cloud-soar-emails", map[string]any{"page_size": 3}, `[["4","3","2"],3,4]`, listed, false},
	{"list-cloud-soar-emails", map[string]any{"page_size": 3, "page_number": 2}, `[["1"],1,4]`, listed, false},
	{"list-cloud-soar-emails", map[string]any{"include_discarded": "yes"}, `[["5","4","3","2","1"],5,5]`, listed, false},
	{"add-email-attachments-to-incident", map[string]any{"cloud_soar_mail_id": "1,4", "incident_id": 8}, "mail 4", nil, true},
	{"add-email-attachments-to-incident", map[string]any{"cloud_soar_mail_id": "5", "incident_id": 8}, `[]`, addedRows, false},
	{"add-email-attachments-to-incident", map[string]any{"cloud_soar_mail_id": 1, "incident_id": 8, "content_types": "message/*, Text/CSV"}, `[["t.csv","3",true],["The phish.eml","4",true]]`, addedRows, false},
	{"add-email-attachments-to-incident", map[string]any{"cloud_soar_mail_id": 1, "incident_id": 8, "filenames": "LURE.zip, t.csv"}, `[["t.csv","3",false],["lure.zip","4.1",true]]`, addedRows, false},
	{"add-email-attachments-to-incident", map[string]any{"cloud_soar_mail_id": 1, "incident_id": 8, "max_attachment_size": 1}, `[["../Report.pdf","2",true],["t.csv","3",false],["The phish.eml","4",false],["lure.zip","4.1",false]]`, addedRows, false},
	{"add-email-attachments-to-incident", map[string]any{"cloud_soar_mail_id": "4", "incident_id": 8, "filenames": "other.pdf"}, `[[],["other.pdf"]]`, addedAndNot, false},
	{"add-email-attachments-to-incident", map[string]any{"cloud_soar_mail_id": "1", "incident_id": 8, "filenames": "*.CSV, macro.docm", "content_types": "text/*, image/png"}, `[[["t.csv","3",false]],["macro.docm","image/png"]]`, addedAndNot, false},
	{"add-email-attachments-to-incident", map[string]any{"cloud_soar_mail_id": "1, 5", "incident_id": 8, "filenames": "*report*"}, `[[["../Report.pdf","2",false]],[]]`, addedAndNot, false},
}

func whole(out map[string]any) any { return out }

func listed(out map[string]any) any {
	return []any{column(out["emails"], "cloud_soar_mail_id"), out["count"], out["total"]}
}

func files(out map[string]any) any     { return rows(out, "cloud_soar_mail_id", "filename", "part") }
func addedRows(out map[string]any) any { return rows(out, "filename", "part", "added") }

func addedAndNot(out map[string]any) any { return []any{addedRows(out), out["unmatched"]} }

func column(list any, key string) []any {
	values := []any{}
	for _, o := range list.([]any) {
		values = append(values, o.(map[string]any)[key])
	}
	return values
}

func rows(out map[string]any, keys ...string) any {
	list := []any{}
	for _, o := range out["attachments"].([]any) {
		row := []any{}
		for _, k := range keys {
			row = append(row, o.(map[string]any)[k])
		}
		list = append(list, row)
	}
	return list
}

// TestMailActions: the same results on every store.
func TestMailActions(t *testing.T) {
	for kind, store := range mailStores(t) {
		t.Run(kind, func(t *testing.T) { runSteps(t, store, nil) })
	}
	for _, api := range foreigntest.APIs() {
		if api.Emails && !api.Files {
			t.Run(api.Name, func(t *testing.T) {
				runSteps(t, onForeign(t, api), map[string]string{
					"add-email-to-triage": "has no triage.emails.add", "add-email-attachments-to-incident": "has no incidents.attachments.list",
				})
			})
		}
	}
}

// runSteps runs them all; lacks has the actions that a store cannot have, with what they say.
func runSteps(t *testing.T, store map[string]any, lacks map[string]string) {
	t.Helper()
	for i, s := range steps {
		out, err := runMailAction(t, s.action, store, s.params)
		what := fmt.Sprintf("step %d, %s %v", i, s.action, s.params)
		if words, lacking := lacks[s.action]; lacking && !s.fails {
			s.fails, s.want = true, words
		}
		if s.fails {
			if err == nil || !strings.Contains(err.Error(), s.want) || out != nil {
				t.Errorf("%s: %v, %v, want an error with %q", what, out, err, s.want)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", what, err)
			continue
		}
		if got := asJSON(t, s.pick(out)); got != s.want {
			t.Errorf("%s:\n%s\nwant\n%s", what, got, s.want)
		}
	}
}

// runMailAction returns the result as its reader sees it.
func runMailAction(t *testing.T, action string, store, params map[string]any) (map[string]any, error) {
	t.Helper()
	v, err := runAction(t, action, object(t, store, params))
	if err != nil || v == nil {
		return nil, err
	}
	var out map[string]any
	if err := json.Unmarshal([]byte(asJSON(t, v)), &out); err != nil {
		t.Fatal(err)
	}
	return out, nil
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestMailRecords: the keys of the contract, and the same record from every store.
func TestMailRecords(t *testing.T) {
	var first map[string]any
	for kind, store := range mailStores(t) {
		out, err := runMailAction(t, "get-email", store, map[string]any{"cloud_soar_mail_id": "1,2,4", "include_eml": true})
		if err != nil {
			t.Fatal(err)
		}
		emls := column(out["emails"], "eml")
		for i, want := range []string{filesMail, string(emailsOnBoth()[1].Raw), ""} {
			if got, _ := base64.StdEncoding.DecodeString(emls[i].(string)); string(got) != want {
				t.Errorf("%s: the raw mail %d is %q", kind, i, got)
			}
		}
		record := out["emails"].([]any)[0].(map[string]any)
		if record["created_at"] == "" {
			t.Errorf("%s: no created_at", kind)
		}
		delete(record, "created_at")
		if first == nil {
			first = record
		}
		if !reflect.DeepEqual(record, first) {
			t.Errorf("%s: %v, want %v", kind, record, first)
		}
		want := []string{"eml", "cloud_soar_mail_id", "source_key", "discarded"}
		for k := range asMap(t, soar.Mail{}) {
			want = append(want, k)
		}
		if got := slices.Sorted(maps.Keys(record)); !slices.Equal(got, slices.Sorted(slices.Values(want))) {
			t.Errorf("keys %q, want %q", got, want)
		}
	}
}

func asMap(t *testing.T, v any) map[string]any {
	var m map[string]any
	if err := json.Unmarshal([]byte(asJSON(t, v)), &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// TestMailActionsRefuse: what is wrong is found before anybody is contacted.
func TestMailActionsRefuse(t *testing.T) {
	contacted := 0
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { contacted++ }))
	defer server.Close()
	store := map[string]any{"cloud_soar_api_url": server.URL}
	for _, tc := range []struct {
		action string
		params map[string]any
		words  []string
	}{
		{"get-email", nil, []string{"cloud_soar_mail_id"}},
		{"get-email", map[string]any{"cloud_soar_mail_id": "1/../../incidents"}, []string{"cloud_soar_mail_id", "1/../../incidents"}},
		{"get-email", map[string]any{"cloud_soar_mail_id": []any{-1}}, []string{"cloud_soar_mail_id"}},
		{"get-email", map[string]any{"cloud_soar_mail_id": " , "}, []string{"cloud_soar_mail_id"}},
		{"add-email-to-incident", nil, []string{"cloud_soar_mail_id", "incident_id"}},
		{"add-email-to-incident", map[string]any{"cloud_soar_mail_id": 1, "incident_id": 0}, []string{"incident_id"}},
		{"add-email-to-triage", map[string]any{"cloud_soar_mail_id": 1, "triage_id": "x"}, []string{"triage_id"}},
		{"list-cloud-soar-emails", map[string]any{"received_after": "yesterday"}, []string{"received_after", "yesterday"}},
		{"list-cloud-soar-emails", map[string]any{"received_after": "2026-09-02", "received_before": "2026-09-01"}, []string{"received_before"}},
		{"list-cloud-soar-emails", map[string]any{"page_size": 1001, "page_number": 0}, []string{"page_size", "page_number"}},
		{"add-email-attachments-to-incident", map[string]any{"cloud_soar_mail_id": 1, "incident_id": 1, "content_types": "pdf", "max_attachment_size": 0}, []string{"content_types", "max_attachment_size"}},
	} {
		_, err := runMailAction(t, tc.action, store, tc.params)
		var wrong *manifest.ParameterError
		if !errors.As(err, &wrong) {
			t.Errorf("%s %v: %v", tc.action, tc.params, err)
			continue
		}
		for _, w := range tc.words {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s %v: %q lacks %q", tc.action, tc.params, err, w)
			}
		}
	}
	if contacted > 0 {
		t.Errorf("%d requests", contacted)
	}
}

// TestAttachmentsTakenUp: an upload that broke off is gone on with, and nothing is sent twice.
func TestAttachmentsTakenUp(t *testing.T) {
	s, err := local.Open(t.Context(), filepath.Join(t.TempDir(), "soar.db"), local.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Save(t.Context(), emailsOnBoth()); err != nil {
		t.Fatal(err)
	}
	real := served(t, s, "basic")
	uploads, refuse := 0, true
	target := real["cloud_soar_api_url"].(string)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/attachments/") {
			if uploads++; refuse && uploads > 2 {
				http.Error(w, `{"id":"1","errors":[{"code":"forbidden","message":"no"}]}`, http.StatusForbidden)
				return
			}
		}
		forward(w, r, target)
	}))
	defer front.Close()
	real["cloud_soar_api_url"] = front.URL
	params := map[string]any{"cloud_soar_mail_id": 1, "incident_id": 8}
	if _, err := runMailAction(t, "add-email-attachments-to-incident", real, params); err == nil || !strings.Contains(err.Error(), "403") {
		t.Errorf("the broken run: %v", err)
	}
	refuse, uploads = false, 0
	out, err := runMailAction(t, "add-email-attachments-to-incident", real, params)
	if err != nil {
		t.Fatal(err)
	}
	if got := asJSON(t, addedRows(out)); got != `[["../Report.pdf","2",false],["t.csv","3",false],["The phish.eml","4",true],["lure.zip","4.1",true]]` || uploads != 2 {
		t.Errorf("%d uploads, %s", uploads, got)
	}
	have, err := s.IncidentFiles(context.Background(), 8)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range have {
		names = append(names, f.Filename)
	}
	if want := []string{"lure.zip", "The phish.eml", "t.csv", "Report.pdf"}; !slices.Equal(names, want) {
		t.Errorf("names in the incident %q, want %q", names, want)
	}
}

// forward is a small reverse proxy.
func forward(w http.ResponseWriter, r *http.Request, target string) {
	r = r.Clone(r.Context())
	r.RequestURI = ""
	u, _ := r.URL.Parse(target + r.URL.RequestURI())
	r.URL = u
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer resp.Body.Close()
	maps.Copy(w.Header(), resp.Header)
	w.WriteHeader(resp.StatusCode)
	_, _ = io.Copy(w, resp.Body)
}

// TestMailActionPaths: every key that comes out has an output path.
func TestMailActionPaths(t *testing.T) {
	m := manifest.New(integration.Files)
	for _, store := range mailStores(t) {
		for _, s := range []step{
			{action: "list-cloud-soar-emails"},
			{action: "get-email", params: map[string]any{"cloud_soar_mail_id": 1, "include_eml": true}},
			{action: "list-email-attachments", params: map[string]any{"cloud_soar_mail_id": 1}},
			{action: "add-email-to-incident", params: map[string]any{"cloud_soar_mail_id": 1, "incident_id": 7}},
			{action: "list-incident-emails", params: map[string]any{"incident_id": 7}},
			{action: "add-email-attachments-to-incident", params: map[string]any{"cloud_soar_mail_id": 1, "incident_id": 7}},
			{action: "add-email-to-triage", params: map[string]any{"cloud_soar_mail_id": 1, "triage_id": 7}},
			{action: "remove-email-from-incident", params: map[string]any{"cloud_soar_mail_id": 1, "incident_id": 7}},
			{action: "discard-email", params: map[string]any{"cloud_soar_mail_id": 1}},
		} {
			file, err := m.Action(s.action)
			if err != nil {
				t.Fatal(err)
			}
			var paths []string
			for _, o := range file.Output {
				paths = append(paths, o.Path)
			}
			out, err := runMailAction(t, s.action, store, s.params)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range pathsOf("", out) {
				if !slices.Contains(paths, p) && !strings.Contains(p, ".headers.") {
					t.Errorf("%s puts out %s, which has no output path", s.action, p)
				}
			}
		}
	}
}

// pathsOf lists the paths of a JSON value in the platform's language.
func pathsOf(prefix string, v any) []string {
	var paths []string
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			p := strings.TrimPrefix(prefix+"."+k, ".")
			paths = append(append(paths, p), pathsOf(p, x)...)
		}
	case []any:
		for _, x := range v {
			paths = append(paths, pathsOf(prefix+".[]", x)...)
		}
	}
	return paths
}

// TestMailRecordJSON holds that the fast way writes what encoding/json does of the same fields.
func TestMailRecordJSON(t *testing.T) {
	type slow struct {
		CloudSOARMailID string `json:"cloud_soar_mail_id"`
		soar.Metadata
		CreatedAt string  `json:"created_at"`
		Discarded bool    `json:"discarded"`
		EML       *string `json:"eml,omitempty"`
	}
	eml := "RnJvbTogYQ=="
	for name, r := range map[string]mailRecord{
		"full": {"7", soar.Metadata{Mail: soar.Mail{
			Subject: "a \"<b>\" \u2028 \xff", UID: 9, Headers: soar.Headers{{Name: "X-A", Values: []string{"1", "2"}}},
			Attachments: []message.Attachment{{Filename: "a\\b", Part: "2"}}, Problems: []message.Problem{{Code: "nul", Detail: "d"}},
		}, SourceKey: "ab"}, "2026-03-02T10:00:00Z", true, &eml},
		"a time that the store made up": newMailRecord(soar.Record{ID: "a-b_c", CreatedAt: "today\",\"x\":\"\n"}),
		"empty":                         newMailRecord(soar.Record{}),
	} {
		var got, want bytes.Buffer
		if err := errors.Join(JSON(r)(&got), JSON(slow(r))(&want)); err != nil || got.String() != want.String() {
			t.Errorf("%s: %v\ngot  %swant %s", name, err, got.String(), want.String())
		}
	}
}
