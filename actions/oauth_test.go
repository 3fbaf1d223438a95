package actions_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	integration "example.org/imap-integration"
	"example.org/imap-integration/actions"
	"example.org/imap-integration/mailbox/mailboxtest"
	"example.org/imap-integration/manifest"
)

// tokenEndpoint hands out these tokens in turn, and a new refresh token with each.
type tokenEndpoint struct {
	*httptest.Server
	mu    sync.Mutex
	asked []string // the refresh tokens it was asked with
}

func newTokenEndpoint(t *testing.T, tokens ...string) *tokenEndpoint {
	e := &tokenEndpoint{}
	e.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		e.mu.Lock()
		defer e.mu.Unlock()
		n := len(e.asked)
		e.asked = append(e.asked, r.PostForm.Get("refresh_token"))
		w.Header().Set("Content-Type", "application/json")
		if n >= len(tokens) {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"error":"invalid_grant","error_description":"asked too often"}`)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"access_token": tokens[n], "expires_in": 3600, "refresh_token": fmt.Sprintf("Canary-rotated-%d", n+1)})
	}))
	t.Cleanup(e.Close)
	return e
}

// requests are the refresh tokens that it was asked with.
func (e *tokenEndpoint) requests() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.asked)
}

// runDaemon is one poll; it returns the number of emails, the exit status and all that was written.
func runDaemon(t *testing.T, params map[string]any, refreshTokenFile string) (emails, exit int, text string) {
	t.Helper()
	input, err := json.Marshal(params)
	if err != nil {
		t.Fatal(err)
	}
	fields, err := manifest.New(integration.Files).Parameters("incoming-mail-daemon")
	if err != nil {
		t.Fatal(err)
	}
	var out, log bytes.Buffer
	env := &actions.Env{
		Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})), Now: time.Now,
		Progress: func(int, int) {}, Deliver: func(write func(io.Writer) error) error { return write(&out) }, RefreshTokenFile: refreshTokenFile,
	}
	action := actions.All[slices.IndexFunc(actions.All, func(a actions.Action) bool { return a.Name == "incoming-mail-daemon" })]
	v := manifest.Decode("incoming-mail-daemon", fields, manifest.Input{Stdin: bytes.NewReader(input)})
	_, err = action.Run(t.Context(), env, v)
	var objects []map[string]any
	if out.Len() > 0 {
		if err := json.Unmarshal(out.Bytes(), &objects); err != nil {
			t.Fatal(err)
		}
	}
	text = out.String() + v.Redact(log.String()) // the program redacts what it logs and complains of
	if err != nil {
		text += v.Redact(actions.Sentence(err))
	}
	return len(objects), actions.ExitStatus(err, false), text
}

// TestDaemonRenewsToken holds that a token which the server refuses is renewed
// once and no more, by either mechanism, and that the newest refresh token is kept.
func TestDaemonRenewsToken(t *testing.T) {
	d := mailboxtest.StartOAuthDovecot(t)
	over := map[string]any{"exp": time.Now().Add(-time.Hour).Unix()}
	for name, c := range map[string]struct {
		tokens func(u mailboxtest.User) []string
		exit   int
		asked  int
		says   string
	}{
		"good at once": {func(u mailboxtest.User) []string { return []string{d.Token(u, nil)} }, 0, 1, ""},
		"the second":   {func(u mailboxtest.User) []string { return []string{d.Token(u, over), d.Token(u, nil)} }, 0, 2, ""},
		"none is good": {func(u mailboxtest.User) []string {
			return []string{d.Token(u, over), d.Token(u, over), d.Token(u, nil)}
		}, 1, 2, "cannot log in to"},
		"no second token": {func(u mailboxtest.User) []string { return []string{d.Token(u, over)} }, 1, 2, "sign in again"},
		"none at all":     {func(u mailboxtest.User) []string { return nil }, 1, 1, "invalid_grant"},
	} {
		t.Run(name, func(t *testing.T) {
			u := d.NewUser()
			d.Deliver(u, mailOf("alice@example.org", "hello", "body"), mailboxtest.Delivery{})
			e := newTokenEndpoint(t, c.tokens(u)...)
			params := with(dovecotSettings(t, d, u), map[string]any{
				"password": nil, "auth_method": "oauth2_refresh_token", "oauth2_client_id": "app", "oauth2_token_url": e.URL, "oauth2_refresh_token": "Canary-first",
			})
			file := filepath.Join(t.TempDir(), "refresh-token")
			emails, exit, text := runDaemon(t, params, file)
			if exit != c.exit || (emails == 1) != (c.exit == 0) || !strings.Contains(text, c.says) {
				t.Fatalf("exit %d, %d emails: %s", exit, emails, text)
			}
			if asked := e.requests(); len(asked) != c.asked || asked[0] != "Canary-first" {
				t.Errorf("asked with %q, want %d requests", asked, c.asked)
			}
			if strings.Contains(text, "Canary") || strings.Contains(text, "eyJ") {
				t.Errorf("a token is in the output: %s", text)
			}
			if c.exit != 0 {
				return
			}
			kept, err := os.ReadFile(file)
			if want := fmt.Sprintf("Canary-rotated-%d", c.asked); err != nil || !strings.Contains(string(kept), want) {
				t.Errorf("%s is not kept: %v", want, err)
			}
		})
	}
}
