package actions

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	integration "example.org/imap-integration"
	"example.org/imap-integration/manifest"
	"example.org/imap-integration/message"
	"example.org/imap-integration/soar"
	"example.org/imap-integration/soar/local"
	"example.org/imap-integration/soar/recording"
)

// canaryMail says canary in each place where a word can stand.
const canaryMail = "From: \"Canary Name\" <canary@canary.example>\r\nTo: canary-to@canary.example\r\nSubject: Canary subject\r\n" +
	"X-Canary-Field: canary\r\nMessage-ID: <canary-id@canary.example>\r\nDate: Tue, 01 Sep 2026 10:00:00 +0000\r\nMIME-Version: 1.0\r\n" +
	"Content-Type: multipart/mixed; boundary=\"=_canary-boundary\"; canary=canary\r\n\r\ncanary preamble\r\n" +
	"--=_canary-boundary\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nThe canary body, canary@canary.example.\r\n" +
	"--=_canary-boundary\r\nContent-Type: application/pdf; name=\"canary file.pdf\"\r\nContent-Transfer-Encoding: base64\r\n" +
	"Content-Disposition: attachment; filename*=utf-8''canary%20file.pdf\r\n\r\nY2FuYXJ5IGNhbmFyeSBjYW5hcnk=\r\n" +
	"--=_canary-boundary\r\nContent-Type: message/rfc822\r\n\r\nSubject: canary inside\r\n\tcanary folded\r\nFrom: canary@canary.example\r\n\r\ncanary inner body\r\n" +
	"--=_canary-boundary\r\nContent-Type: canary/canary\r\nContent-Disposition: attachment\r\n\r\ncanary\r\n--=_canary-boundary--\r\ncanary epilogue\r\n"

func canaryDrafts() []*soar.Draft {
	var drafts []*soar.Draft
	for uid := range message.UID(3) {
		raw := []byte(strings.ReplaceAll(canaryMail, "Canary subject", fmt.Sprintf("Canary subject %d", uid)))
		m := message.Parse(raw, message.DefaultLimits())
		d := &soar.Draft{Raw: raw, Metadata: soar.Metadata{Mail: soar.Describe(m), SourceKey: fmt.Sprintf("canary-key-%d", uid)}}
		d.MailboxAccount, d.Folder, d.UIDValidity, d.UID, d.ReceivedAt = "canary@canary.example", "Canary", 9, uid+1, "2026-09-01T12:00:00Z"
		d.Size, d.SHA256 = int64(len(raw)), digest(raw)
		drafts = append(drafts, d)
	}
	return drafts
}

// runRecorded runs an action; w gets its recording.
func runRecorded(t *testing.T, name string, params map[string]any, w io.Writer) (result any, err error) {
	t.Helper()
	fields, err := manifest.New(integration.Files).Parameters(name)
	if err != nil {
		t.Fatal(err)
	}
	v := manifest.Decode(name, fields, manifest.Input{Stdin: strings.NewReader(asJSON(t, params))})
	var out bytes.Buffer
	env := &Env{
		Log: slog.New(slog.DiscardHandler), Now: time.Now, Progress: func(int, int) {},
		Deliver: func(write func(io.Writer) error) error { return write(&out) },
	}
	if w != nil {
		r := recording.NewRecorder(w, "1.2.3", v.Redact)
		env.Record = r.Around
		defer func() {
			if err := r.Close(); err != nil {
				t.Errorf("the recording: %v", err)
			}
		}()
	}
	all := append(slices.Clone(All), APICheck)
	action := all[slices.IndexFunc(all, func(a Action) bool { return a.Name == name })]
	value, err := action.Run(t.Context(), env, v)
	if out.Len() > 0 {
		value = json.RawMessage(out.Bytes())
	}
	if unread := json.Unmarshal([]byte(asJSON(t, value)), &result); unread != nil {
		t.Fatal(unread)
	}
	return result, err
}

// replayed serves a recording.
func replayed(t *testing.T, text []byte) string {
	t.Helper()
	p, err := recording.NewPlayer(bytes.NewReader(text))
	if err != nil {
		t.Fatalf("%v in\n%.2000s", err, text)
	}
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	return server.URL
}

// shape is a result without its texts: ids, numbers, names of fields and order stay.
func shape(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for key, value := range v {
			switch {
			case key == "headers" || key == "address":
			case key == "problems": // of an email whose words are masked there are others
			default:
				out[key] = shape(value)
			}
		}
		return out
	case []any:
		out := []any{}
		for _, value := range v {
			out = append(out, shape(value))
		}
		return out
	case string:
		if strings.Trim(v, "0123456789.") == "" {
			return v
		}
		return "text"
	}
	return v
}

// holdsNoCanary looks for what must not stand in a recording.
func holdsNoCanary(t *testing.T, text []byte, params map[string]any) {
	t.Helper()
	forbidden := []string{"canary", base64.StdEncoding.EncodeToString([]byte("canary"))[:6], "y2fuyxj5"}
	for _, key := range []string{"access_id", "access_key", "jwt_token"} {
		if secret, _ := params[key].(string); secret != "" {
			forbidden = append(forbidden, strings.ToLower(secret))
		}
	}
	address, _ := params["cloud_soar_api_url"].(string)
	forbidden = append(forbidden, strings.TrimPrefix(address, "http://"))
	for _, word := range forbidden {
		if i := bytes.Index(bytes.ToLower(text), []byte(strings.ToLower(word))); i >= 0 {
			t.Errorf("%q stands in the recording: …%s…", word, text[max(i-120, 0):min(i+120, len(text))])
		}
	}
}

// TestRecordEveryAction: the recording of each action holds no word of the emails, and
// replays to the same result.
func TestRecordEveryAction(t *testing.T) {
	path := filepath.Join(t.TempDir(), "soar.db")
	s, err := local.Open(t.Context(), path, local.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Save(t.Context(), canaryDrafts()); err != nil {
		t.Fatal(err)
	}
	tenant := served(t, s, "basic")
	ids := func(more map[string]any) map[string]any {
		p := map[string]any{"cloud_soar_mail_id": "1, 2"}
		maps.Copy(p, more)
		return p
	}
	for _, run := range []struct {
		action string
		params map[string]any
	}{
		{"list-cloud-soar-emails", map[string]any{"search_subject": "canary", "search_folder": "Canary"}},
		{"list-cloud-soar-emails", map[string]any{"page_size": 2, "page_number": 2}},
		{"get-email", ids(nil)},
		{"get-email", ids(map[string]any{"include_eml": true})},
		{"get-email", map[string]any{"cloud_soar_mail_id": "77"}},
		{"list-email-attachments", ids(nil)},
		{"email-header-regex", ids(map[string]any{"regex": "absent-here"})},
		{"email-body-regex", ids(map[string]any{"regex": "absent-here"})},
		{"email-subject-regex", ids(map[string]any{"regex": "(?i)absent"})},
		{"add-email-to-incident", ids(map[string]any{"incident_id": 7})},
		{"list-incident-emails", map[string]any{"incident_id": 7}},
		{"remove-email-from-incident", ids(map[string]any{"incident_id": 7})},
		{"add-email-attachments-to-incident", ids(map[string]any{"incident_id": 8})},
		{"add-email-attachments-to-incident", ids(map[string]any{"incident_id": 8})},
		{"add-email-to-triage", ids(map[string]any{"triage_id": 9})},
		{"discard-email", ids(nil)},
		{"check", nil},
	} {
		params := maps.Clone(tenant)
		maps.Copy(params, run.params)
		var text bytes.Buffer
		want, wantErr := runRecorded(t, run.action, params, &text)
		holdsNoCanary(t, text.Bytes(), params)
		params["cloud_soar_api_url"] = replayed(t, text.Bytes())
		got, gotErr := runRecorded(t, run.action, params, nil)
		if a, b := asJSON(t, shape(got)), asJSON(t, shape(want)); a != b {
			t.Errorf("%s %v replays to\n%.1500s\nwant\n%.1500s\n%.3000s", run.action, run.params, a, b, text.String())
		}
		if (gotErr == nil) != (wantErr == nil) || statusOf(gotErr) != statusOf(wantErr) {
			t.Errorf("%s %v fails with %v, want %v", run.action, run.params, gotErr, wantErr)
		}
	}
}

func statusOf(err error) int {
	if f, ok := errors.AsType[*soar.Failure](err); ok {
		return f.Status
	}
	return 0
}

// TestRecordFailures: what a tenant says in its errors is not kept, and the failure is.
func TestRecordFailures(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "https://canary.example/login?token=canary&to="+r.URL.Path)
			w.Header().Set("Set-Cookie", "session=canary")
			w.WriteHeader(302)
		},
		"refusal": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("X-Request-Id", "canary")
			w.WriteHeader(403)
			fmt.Fprintf(w, `{"errors":[{"code":"canary","message":"the user canary@canary.example has no permission for %s","X-canary":1}],"canary@canary.example":["canary"]}`, r.Header.Get("Authorization"))
		},
		"page": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; canary=canary")
			_, _ = io.WriteString(w, "<html><title>Canary login</title>canary</html>")
		},
		"page of an error": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(405)
			_, _ = io.WriteString(w, "Method Not Allowed: canary@canary.example")
		},
		"broken off": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "500")
			_, _ = io.WriteString(w, `{"id": 1, "subject": "canary`)
		},
		"no answer": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // lost answers are waited for
			server := httptest.NewUnstartedServer(answer)
			server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
			server.Start()
			t.Cleanup(server.Close)
			params := map[string]any{
				"cloud_soar_api_url": server.URL + "/canary/api/csoar/v3", "access_id": "canary-access", "access_key": "canary-key", "timeout": 1,
				"cloud_soar_mail_id": "1", "cloud_soar_requests_per_second": 0,
			}
			var text bytes.Buffer
			_, want := runRecorded(t, "get-email", params, &text)
			holdsNoCanary(t, text.Bytes(), params)
			params["cloud_soar_api_url"] = replayed(t, text.Bytes())
			_, got := runRecorded(t, "get-email", params, nil)
			if want == nil || got == nil || statusOf(got) != statusOf(want) {
				t.Errorf("replayed to %v, want %v\n%s", got, want, text.String())
			}
			if name == "refusal" && !strings.Contains(text.String(), "has no permission for") {
				t.Errorf("the words of the API are gone: %s", text.String())
			}
		})
	}
}
