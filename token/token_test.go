package token_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"example.org/imap-integration/secret"
	"example.org/imap-integration/token"
	"example.org/imap-integration/token/jwt"
)

// endpoint is a token endpoint of the test's own, which records what it is asked.
type endpoint struct {
	*httptest.Server
	mu    sync.Mutex
	asked []url.Values
}

func newEndpoint(t *testing.T, answer func(w http.ResponseWriter, form url.Values, n int)) *endpoint {
	t.Helper()
	e := &endpoint{}
	e.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		form := r.PostForm
		if id, password, ok := r.BasicAuth(); ok {
			form.Set("basic", id+" "+password)
		}
		e.mu.Lock()
		e.asked = append(e.asked, form)
		n := len(e.asked)
		e.mu.Unlock()
		answer(w, form, n)
	}))
	t.Cleanup(e.Close)
	return e
}

func (e *endpoint) requests() []url.Values {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]url.Values(nil), e.asked...)
}

func document(w http.ResponseWriter, status int, doc map[string]any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(doc)
}

// clock is a clock that a test moves.
type clock struct{ now time.Time }

func (c *clock) time() time.Time { return c.now }

const (
	canarySecret  = "Canary-client-secret/+1"
	canaryRefresh = "Canary-refresh-token.1"
	canaryAccess  = "Canary-access-token-1"
)

func config(m token.Method, tokenURL string, log io.Writer) token.Config {
	return token.Config{
		Method: m, ClientID: "app-1", ClientSecret: secret.New(canarySecret), RefreshToken: secret.New(canaryRefresh),
		TokenURL: tokenURL, Host: "imap.example.com", Timeout: 5 * time.Second,
		Log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
}

func newSource(t *testing.T, c token.Config) *token.Source {
	t.Helper()
	s, err := token.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// leaks reports a canary, or a form of one, in a text.
func leaks(text string) bool {
	for _, c := range []string{canarySecret, canaryRefresh, canaryAccess} {
		for _, form := range []string{c, url.QueryEscape(c), base64.StdEncoding.EncodeToString([]byte(c))} {
			if strings.Contains(text, form) {
				return true
			}
		}
	}
	return strings.Contains(text, "Canary")
}

func TestClientCredentials(t *testing.T) {
	e := newEndpoint(t, func(w http.ResponseWriter, _ url.Values, n int) {
		document(w, 200, map[string]any{"access_token": fmt.Sprint(canaryAccess, n), "token_type": "Bearer", "expires_in": 3600})
	})
	var log bytes.Buffer
	c := config(token.ClientCredentials, e.URL, &log)
	now := clock{time.Now()}
	c.Scope, c.Now = "https://outlook.office365.com/.default", now.time
	s := newSource(t, c)
	get := func(renew bool) string {
		v, err := s.Token(t.Context(), renew)
		if err != nil {
			t.Fatal(err)
		}
		return v.Reveal()
	}
	if a, b := get(false), get(false); a != canaryAccess+"1" || b != a {
		t.Errorf("not cached: %q, %q", a, b)
	}
	if a := get(true); a != canaryAccess+"2" {
		t.Errorf("not renewed: %q", a)
	}
	now.now = now.now.Add(time.Hour)
	if a := get(false); a != canaryAccess+"3" {
		t.Errorf("used beyond its time: %q", a)
	}
	want := url.Values{"grant_type": {"client_credentials"}, "client_id": {"app-1"}, "client_secret": {canarySecret}, "scope": {"https://outlook.office365.com/.default"}}
	if got := e.requests()[0]; got.Encode() != want.Encode() {
		t.Errorf("asked with %v, want %v", got, want)
	}
	if leaks(log.String()) || !strings.Contains(log.String(), "access token fetched") {
		t.Errorf("log: %s", log.String())
	}
}

func TestRefreshWithRotation(t *testing.T) {
	e := newEndpoint(t, func(w http.ResponseWriter, form url.Values, n int) {
		document(w, 200, map[string]any{
			"access_token": fmt.Sprint("a", n), "expires_in": 3600,
			"refresh_token": fmt.Sprint(canaryRefresh, "-rotated-", n), "refresh_token_expires_in": 86400,
		})
	})
	var log bytes.Buffer
	s := newSource(t, config(token.RefreshToken, e.URL, &log))
	if _, rotated := s.Rotated(); rotated {
		t.Error("rotated before anything was asked")
	}
	for range 2 {
		if _, err := s.Token(t.Context(), true); err != nil {
			t.Fatal(err)
		}
	}
	asked := e.requests()
	if asked[0].Get("refresh_token") != canaryRefresh || asked[1].Get("refresh_token") != canaryRefresh+"-rotated-1" || asked[0].Get("grant_type") != "refresh_token" {
		t.Errorf("asked with %v", asked)
	}
	if v, rotated := s.Rotated(); !rotated || v.Reveal() != canaryRefresh+"-rotated-2" {
		t.Errorf("rotated %v", rotated)
	}
	if ends, ok := s.RefreshExpires(); !ok || time.Until(ends) > 25*time.Hour || time.Until(ends) < 23*time.Hour {
		t.Errorf("refresh token ends %v, %v", ends, ok)
	}
	if leaks(log.String()) || !strings.Contains(log.String(), "replaced the refresh token") {
		t.Errorf("log: %s", log.String())
	}
}

// TestRotatedFile holds that a rotated token outlives the process, that a new
// one in the settings wins, and that the file is for its owner alone.
func TestRotatedFile(t *testing.T) {
	e := newEndpoint(t, func(w http.ResponseWriter, form url.Values, n int) {
		document(w, 200, map[string]any{"access_token": "a", "refresh_token": form.Get("refresh_token") + "+"})
	})
	path := filepath.Join(t.TempDir(), "refresh.json")
	var log bytes.Buffer
	run := func(refresh string) {
		c := config(token.RefreshToken, e.URL, &log)
		c.RefreshToken, c.RotatedFile = secret.New(refresh), path
		if _, err := newSource(t, c).Token(t.Context(), false); err != nil {
			t.Fatal(err)
		}
	}
	run(canaryRefresh)
	run(canaryRefresh)
	run("another")
	run(canaryRefresh) // the file goes with "another": the settings count again
	want := []string{canaryRefresh, canaryRefresh + "+", "another", canaryRefresh}
	for i, form := range e.requests() {
		if got := form.Get("refresh_token"); got != want[i] {
			t.Errorf("run %d used %q, want %q", i, got, want[i])
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	left, _ := os.ReadDir(filepath.Dir(path))
	if len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
	if leaks(log.String()) {
		t.Errorf("log: %s", log.String())
	}
}

func TestRotatedFileIsNotTrusted(t *testing.T) {
	e := newEndpoint(t, func(w http.ResponseWriter, form url.Values, n int) {
		document(w, 200, map[string]any{"access_token": "a"})
	})
	dir := t.TempDir()
	for name, prepare := range map[string]func(path string) error{
		"open to others": func(p string) error { return os.WriteFile(p, []byte(`{"refresh_token":"x"}`), 0o644) },
		"a link":         func(p string) error { return os.Symlink("/etc/passwd", p) },
		"a folder":       func(p string) error { return os.Mkdir(p, 0o700) },
		"junk":           func(p string) error { return os.WriteFile(p, []byte("Canary junk"), 0o600) },
		"huge":           func(p string) error { return os.WriteFile(p, make([]byte, 1<<20), 0o600) },
	} {
		path := filepath.Join(dir, strings.ReplaceAll(name, " ", "-"))
		if err := prepare(path); err != nil {
			t.Fatal(err)
		}
		var log bytes.Buffer
		c := config(token.RefreshToken, e.URL, &log)
		c.RotatedFile = path
		if _, err := newSource(t, c).Token(t.Context(), false); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !strings.Contains(log.String(), "is not used") || leaks(log.String()) {
			t.Errorf("%s: log %s", name, log.String())
		}
	}
	for _, form := range e.requests() {
		if form.Get("refresh_token") != canaryRefresh {
			t.Errorf("used %q", form.Get("refresh_token"))
		}
	}
}

// oneKey is made once: RSA keys take long.
var oneKey = sync.OnceValues(func() ([]byte, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	return x509.MarshalPKCS8PrivateKey(key)
})

// serviceKey is a key file as the Google Cloud console gives one.
func serviceKey(t *testing.T, tokenURI string) secret.String {
	t.Helper()
	der, err := oneKey()
	if err != nil {
		t.Fatal(err)
	}
	file, err := json.Marshal(map[string]string{
		"type": "service_account", "client_email": "soar@project.iam.gserviceaccount.com", "private_key_id": "k1",
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), "token_uri": tokenURI,
	})
	if err != nil {
		t.Fatal(err)
	}
	return secret.New(string(file))
}

func TestGoogleServiceAccount(t *testing.T) {
	e := newEndpoint(t, func(w http.ResponseWriter, form url.Values, n int) {
		document(w, 200, map[string]any{"access_token": "ya29.x", "expires_in": 3599, "token_type": "Bearer"})
	})
	c := config(token.GoogleServiceKey, "", io.Discard)
	c.GoogleKey, c.Subject = serviceKey(t, e.URL), "soc@corp.example"
	v, err := newSource(t, c).Token(t.Context(), false)
	if err != nil || v.Reveal() != "ya29.x" {
		t.Fatalf("%q, %v", v.Reveal(), err)
	}
	form := e.requests()[0]
	payload, _ := base64.RawURLEncoding.DecodeString(strings.Split(form.Get("assertion"), ".")[1])
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	for k, want := range map[string]string{"iss": "soar@project.iam.gserviceaccount.com", "sub": "soc@corp.example", "scope": "https://mail.google.com/", "aud": e.URL} {
		if claims[k] != want {
			t.Errorf("%s is %v, want %v", k, claims[k], want)
		}
	}
}

func TestAccessToken(t *testing.T) {
	c := config(token.AccessToken, "", io.Discard)
	c.AccessToken = secret.New(canaryAccess)
	s := newSource(t, c)
	if v, err := s.Token(t.Context(), false); err != nil || v.Reveal() != canaryAccess {
		t.Errorf("%v, %v", v, err)
	}
	_, err := s.Token(t.Context(), true)
	var e *token.Error
	if !errors.As(err, &e) || e.Kind != token.NotRenewable || !strings.Contains(err.Error(), "oauth2_access_token") || leaks(err.Error()) {
		t.Errorf("%v", err)
	}
}

// TestFailures is every way in which a token endpoint can fail: its sentence
// names the cause and the next step, and none holds a secret.
func TestFailures(t *testing.T) {
	refuse := func(status int, code, description string) func(http.ResponseWriter, url.Values, int) {
		return func(w http.ResponseWriter, _ url.Values, _ int) {
			document(w, status, map[string]any{"error": code, "error_description": description})
		}
	}
	for name, c := range map[string]struct {
		method token.Method
		answer func(w http.ResponseWriter, form url.Values, n int)
		kind   token.Kind
		says   []string
	}{
		"refresh token expired":  {token.RefreshToken, refuse(400, "invalid_grant", "Token has been expired or revoked."), token.Refused, []string{"invalid_grant", "expired or revoked", "sign in again"}},
		"wrong client secret":    {token.ClientCredentials, refuse(401, "invalid_client", "AADSTS7000215: Invalid client secret provided."), token.Refused, []string{"AADSTS7000215", "Value, not its Secret ID"}},
		"client secret expired":  {token.ClientCredentials, refuse(401, "invalid_client", "AADSTS7000222: The provided client secret keys are expired."), token.Refused, []string{"has expired", "make a new one"}},
		"unknown application":    {token.ClientCredentials, refuse(400, "unauthorized_client", "AADSTS700016: Application not found"), token.Refused, []string{"oauth2_client_id", "oauth2_tenant"}},
		"unknown tenant":         {token.ClientCredentials, refuse(400, "invalid_request", "AADSTS90002: Tenant 'x' not found."), token.Refused, []string{"oauth2_tenant"}},
		"no consent":             {token.RefreshToken, refuse(400, "invalid_grant", "AADSTS65001: The user or administrator has not consented"), token.Refused, []string{"admin consent"}},
		"bad scope":              {token.ClientCredentials, refuse(400, "invalid_scope", ""), token.Refused, []string{"oauth2_scope"}},
		"conditional access":     {token.RefreshToken, refuse(400, "invalid_grant", "AADSTS53003: Access has been blocked"), token.Refused, []string{"conditional access"}},
		"delegation missing":     {token.GoogleServiceKey, refuse(401, "unauthorized_client", "Client is unauthorized to retrieve access tokens using this method"), token.Refused, []string{"Domain-wide delegation", "https://mail.google.com/"}},
		"no such Workspace user": {token.GoogleServiceKey, refuse(400, "invalid_grant", "Invalid email or User ID"), token.Refused, []string{"mailbox_account"}},
		"no word":                {token.ClientCredentials, func(w http.ResponseWriter, _ url.Values, _ int) { w.WriteHeader(403) }, token.Refused, []string{"HTTP status 403"}},
		"error with status 200":  {token.RefreshToken, refuse(200, "invalid_grant", "x"), token.Refused, []string{"invalid_grant"}},
		"busy":                   {token.RefreshToken, refuse(503, "temporarily_unavailable", ""), token.Busy, []string{"later"}},
		"too many requests":      {token.RefreshToken, func(w http.ResponseWriter, _ url.Values, _ int) { w.WriteHeader(429) }, token.Busy, []string{"429", "later"}},
		"a redirect": {token.RefreshToken, func(w http.ResponseWriter, _ url.Values, _ int) {
			w.Header().Set("Location", "/login")
			w.WriteHeader(302)
		}, token.Redirected, []string{"redirect (302)", "oauth2_token_url"}},
		"a redirect, 307": {token.GoogleServiceKey, func(w http.ResponseWriter, _ url.Values, _ int) {
			w.Header().Set("Location", "/login")
			w.WriteHeader(307)
		}, token.Redirected, []string{"redirect (307)"}},
		"a login page": {token.RefreshToken, func(w http.ResponseWriter, _ url.Values, _ int) {
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprint(w, "<html>sign in</html>")
		}, token.BadAnswer, []string{"no access token", "oauth2_token_url"}},
		"no token in it": {token.ClientCredentials, func(w http.ResponseWriter, _ url.Values, _ int) { document(w, 200, map[string]any{"id_token": "x"}) }, token.BadAnswer, []string{"no access token"}},
		"a token with a line break": {token.ClientCredentials, func(w http.ResponseWriter, _ url.Values, _ int) {
			document(w, 200, map[string]any{"access_token": "x\r\nA1 LOGOUT"})
		}, token.BadAnswer, []string{"no access token"}},
		"a token of 1 MB": {token.ClientCredentials, func(w http.ResponseWriter, _ url.Values, _ int) {
			document(w, 200, map[string]any{"access_token": strings.Repeat("x", 200<<10)})
		}, token.BadAnswer, []string{"no access token"}},
		"50 MB":                 {token.RefreshToken, func(w http.ResponseWriter, _ url.Values, _ int) { flood(w, 50<<20) }, token.TooLarge, []string{"256 KiB"}},
		"50 MB to a key":        {token.GoogleServiceKey, func(w http.ResponseWriter, _ url.Values, _ int) { flood(w, 50<<20) }, token.TooLarge, []string{"256 KiB"}},
		"the connection breaks": {token.RefreshToken, func(w http.ResponseWriter, _ url.Values, _ int) { panic(http.ErrAbortHandler) }, token.Unreachable, []string{"closed the connection"}},
		"it echoes what it got": {token.RefreshToken, func(w http.ResponseWriter, f url.Values, _ int) {
			document(w, 400, map[string]any{"error": f.Get("client_secret"), "error_description": f.Encode() + canaryRefresh})
		}, token.Refused, []string{"[secret]"}},
		"hostile words": {token.RefreshToken, refuse(400, "x\x1b[31m\r\nFAKE", strings.Repeat("long ", 200)+"\u202e"), token.Refused, []string{`x\x1b[31m FAKE`}},
		"errors of another type": {token.RefreshToken, func(w http.ResponseWriter, _ url.Values, _ int) {
			document(w, 400, map[string]any{"error": map[string]any{"code": 1}})
		}, token.Refused, []string{"HTTP status 400"}},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEndpoint(t, c.answer)
			var log bytes.Buffer
			conf := config(c.method, e.URL, &log)
			if c.method == token.GoogleServiceKey {
				conf.GoogleKey, conf.Subject = serviceKey(t, e.URL), "soc@corp.example"
			}
			s := newSource(t, conf)
			_, err := s.Token(t.Context(), false)
			var te *token.Error
			if !errors.As(err, &te) || te.Kind != c.kind {
				t.Fatalf("kind %+v, want %v", te, c.kind)
			}
			text := err.Error()
			for _, w := range c.says {
				if !strings.Contains(text, w) {
					t.Errorf("%q is not in %q", w, text)
				}
			}
			if leaks(text+log.String()) || len(text) > 900 || strings.ContainsAny(text, "\r\n\x1b") {
				t.Errorf("%q", text)
			}
			if c.kind == token.Refused {
				for range 3 {
					if _, again := s.Token(t.Context(), true); again == nil {
						t.Error("a refusal turned into a token")
					}
				}
				if n := len(e.requests()); n != 1 {
					t.Errorf("%d requests in a run whose first was refused, want 1", n)
				}
			}
		})
	}
}

func flood(w http.ResponseWriter, n int) {
	w.Header().Set("Content-Type", "application/json")
	block := bytes.Repeat([]byte(" "), 64<<10)
	for ; n > 0; n -= len(block) {
		if _, err := w.Write(block); err != nil {
			return
		}
	}
}

func TestSlowEndpoint(t *testing.T) {
	e := newEndpoint(t, func(w http.ResponseWriter, _ url.Values, _ int) { // 10 bytes a second
		for range 20 {
			if _, err := w.Write([]byte(" ")); err != nil {
				return
			}
			w.(http.Flusher).Flush()
			time.Sleep(100 * time.Millisecond)
		}
	})
	for _, m := range []token.Method{token.RefreshToken, token.GoogleServiceKey} {
		c := config(m, e.URL, io.Discard)
		c.GoogleKey, c.Subject, c.Timeout = serviceKey(t, e.URL), "x", 300*time.Millisecond
		s := newSource(t, c)
		start := time.Now()
		_, err := s.Token(t.Context(), false)
		var te *token.Error
		if !errors.As(err, &te) || te.Kind != token.Unreachable || !strings.Contains(err.Error(), "in time") {
			t.Errorf("%s: %v", m, err)
		}
		if d := time.Since(start); d > 20*time.Second {
			t.Errorf("%s: took %v", m, d)
		}
		c.Timeout = time.Minute
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		if _, err := newSource(t, c).Token(ctx, false); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: the context's end gives %v", m, err)
		}
		cancel()
	}
}

// TestTokenResponses are responses of real identity servers that RFC 6749, section 5.1, does not have.
func TestTokenResponses(t *testing.T) {
	for name, c := range map[string]struct {
		kind, text string
		lasts      bool // it says for how long
	}{
		"as the RFC has it":                   {"application/json", `{"access_token":"a","token_type":"Bearer","expires_in":3600}`, true},
		"a lifetime with a fraction":          {"application/json", `{"access_token":"a","expires_in":3599.999,"token_type":"bearer"}`, true},
		"a lifetime in quotes":                {"application/json", `{"access_token":"a","expires_in":"3600.0"}`, true},
		"a lifetime with an exponent":         {"application/json", `{"access_token":"a","expires_in":3.6e3}`, true},
		"a lifetime of null":                  {"application/json", `{"access_token":"a","expires_in":null}`, false},
		"a lifetime that is empty":            {"application/json", `{"access_token":"a","expires_in":""}`, false},
		"a lifetime that is none":             {"application/json", `{"access_token":"a","expires_in":"never"}`, false},
		"a byte order mark":                   {"application/json; charset=utf-8", "\xef\xbb\xbf" + `{"access_token":"a","expires_in":3600}`, true},
		"white space around":                  {"application/json", "\r\n\t{\"access_token\":\"a\",\"expires_in\":3600}\n\n", true},
		"a form, as GitHub's":                 {"application/x-www-form-urlencoded; charset=utf-8", "access_token=a&scope=mail&token_type=bearer", false},
		"a form with a lifetime":              {"application/x-www-form-urlencoded", "access_token=a&expires_in=3600", true},
		"a form as text/plain, as an old one": {"text/plain", "access_token=a&expires=5183999", false},
		"JSON as text/html":                   {"text/html", `{"access_token":"a","expires_in":3600}`, true},
	} {
		for _, method := range []token.Method{token.ClientCredentials, token.GoogleServiceKey} {
			e := newEndpoint(t, func(w http.ResponseWriter, _ url.Values, _ int) {
				w.Header()["Content-Type"] = []string{c.kind}
				_, _ = io.WriteString(w, c.text)
			})
			conf := config(method, e.URL, io.Discard)
			later := time.Duration(0)
			conf.Now = func() time.Time { return time.Now().Add(later) } // the library has no other clock
			if method == token.GoogleServiceKey {
				conf.GoogleKey, conf.Subject = serviceKey(t, e.URL), "soc@corp.example"
			}
			s := newSource(t, conf)
			v, err := s.Token(t.Context(), false)
			if err != nil || v.Reveal() != "a" {
				t.Errorf("%s, %s: %v", name, method, err)
			}
			later = 30 * time.Minute // nothing but the end of its lifetime has another one fetched
			_, _ = s.Token(t.Context(), false)
			half := len(e.requests())
			later = 24 * time.Hour
			_, _ = s.Token(t.Context(), false)
			if renewed := len(e.requests()) == 2; half != 1 || renewed != c.lasts {
				t.Errorf("%s, %s: %d requests after half an hour, %d after a day", name, method, half, len(e.requests()))
			}
		}
	}
}

// TestErrorsOfTokenEndpoints are refusals in other dresses.
func TestErrorsOfTokenEndpoints(t *testing.T) {
	for name, c := range map[string]struct {
		status     int
		kind, text string
		says       string
	}{
		"a form, with status 200 as GitHub's": {200, "application/x-www-form-urlencoded", "error=bad_verification_code&error_description=The+code+is+incorrect.", "bad_verification_code: The code is incorrect."},
		"a byte order mark":                   {400, "application/json", "\xef\xbb\xbf" + `{"error":"invalid_grant","error_description":"gone"}`, "invalid_grant: gone"},
		"a page":                              {503, "text/html", "<html>error=busy&amp;</html>", "HTTP status 503"},
	} {
		e := newEndpoint(t, func(w http.ResponseWriter, _ url.Values, _ int) {
			w.Header().Set("Content-Type", c.kind)
			w.WriteHeader(c.status)
			_, _ = io.WriteString(w, c.text)
		})
		_, err := newSource(t, config(token.ClientCredentials, e.URL, io.Discard)).Token(t.Context(), false)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAnswerWithAnyContentType(t *testing.T) {
	for _, kind := range []string{"", "text/plain", "text/html; charset=utf-8", "application/x-www-form-urlencoded"} {
		e := newEndpoint(t, func(w http.ResponseWriter, _ url.Values, _ int) {
			w.Header()["Content-Type"] = []string{kind}
			fmt.Fprint(w, `{"access_token":"a","expires_in":"3600","token_type":"bearer"}`)
		})
		if v, err := newSource(t, config(token.ClientCredentials, e.URL, io.Discard)).Token(t.Context(), false); err != nil || v.Reveal() != "a" {
			t.Errorf("%q: %v", kind, err)
		}
	}
}

func TestRecoversFromRefusal(t *testing.T) {
	e := newEndpoint(t, func(w http.ResponseWriter, _ url.Values, n int) {
		if n == 1 {
			document(w, 400, map[string]any{"error": "invalid_grant"})
			return
		}
		document(w, 200, map[string]any{"access_token": "a"})
	})
	c := config(token.RefreshToken, e.URL, io.Discard)
	now := clock{time.Now()}
	c.Now = now.time
	s := newSource(t, c)
	if _, err := s.Token(t.Context(), false); err == nil {
		t.Fatal("not refused")
	}
	now.now = now.now.Add(6 * time.Minute) // a watch that goes on, and an administrator who mended it
	if _, err := s.Token(t.Context(), false); err != nil {
		t.Error(err)
	}
}

func TestNewNamesEveryField(t *testing.T) {
	key := serviceKey(t, "")
	for name, c := range map[string]struct {
		conf   token.Config
		fields []string
	}{
		"access token missing":        {token.Config{Method: token.AccessToken}, []string{"oauth2_access_token"}},
		"access token with a break":   {token.Config{Method: token.AccessToken, AccessToken: secret.New("Canary\n")}, []string{"oauth2_access_token"}},
		"access token far too long":   {token.Config{Method: token.AccessToken, AccessToken: secret.New(strings.Repeat("Canary", 1e4))}, []string{"oauth2_access_token"}},
		"client credentials, nothing": {token.Config{Method: token.ClientCredentials, Host: "Outlook.office365.com"}, []string{"oauth2_client_id", "oauth2_client_secret", "oauth2_tenant"}},
		"refresh, nothing":            {token.Config{Method: token.RefreshToken, Host: "imap.corp.example"}, []string{"oauth2_client_id", "oauth2_refresh_token", "oauth2_token_url"}},
		"refresh at Google":           {token.Config{Method: token.RefreshToken, Host: "Imap.gmail.com", ClientID: "x"}, []string{"oauth2_refresh_token"}},
		"bad tenant":                  {token.Config{Method: token.ClientCredentials, Host: "outlook.office365.com", ClientID: "x", ClientSecret: secret.New("y"), Tenant: "a/../b?"}, []string{"oauth2_tenant"}},
		"plain token URL":             {token.Config{Method: token.ClientCredentials, ClientID: "x", ClientSecret: secret.New("y"), TokenURL: "http://login.example.com/token"}, []string{"oauth2_token_url"}},
		"token URL with a user":       {token.Config{Method: token.ClientCredentials, ClientID: "x", ClientSecret: secret.New("y"), TokenURL: "https://u:Canary@login.example.com/token"}, []string{"oauth2_token_url"}},
		"look-alike loopback":         {token.Config{Method: token.ClientCredentials, ClientID: "x", ClientSecret: secret.New("y"), TokenURL: "http://127.0.0.1.example.com/token"}, []string{"oauth2_token_url"}},
		"client credentials, Google":  {token.Config{Method: token.ClientCredentials, Host: "imap.gmail.com", ClientID: "x", ClientSecret: secret.New("y")}, []string{"auth_method"}},
		"service account, nothing":    {token.Config{Method: token.GoogleServiceKey}, []string{"google_service_account_key", "mailbox_account"}},
		"service account, no JSON":    {token.Config{Method: token.GoogleServiceKey, Subject: "x", GoogleKey: secret.New("Canary")}, []string{"google_service_account_key"}},
		"service account, OAuth file": {token.Config{Method: token.GoogleServiceKey, Subject: "x", GoogleKey: secret.New(`{"installed":{"client_secret":"Canary"}}`)}, []string{"google_service_account_key"}},
		"service account, cut key":    {token.Config{Method: token.GoogleServiceKey, Subject: "x", GoogleKey: secret.New(`{"type":"service_account","client_email":"a@b","private_key":"-----BEGIN PRIVATE KEY-----\nCanary"}`)}, []string{"google_service_account_key"}},
		"service account, evil URI":   {token.Config{Method: token.GoogleServiceKey, Subject: "x", GoogleKey: secret.New(strings.Replace(key.Reveal(), `"token_uri":""`, `"token_uri":"http://evil.example"`, 1))}, []string{"google_service_account_key"}},
		"another method":              {token.Config{Method: "kerberos"}, []string{"auth_method"}},
	} {
		_, err := token.New(c.conf)
		if err == nil || strings.Contains(err.Error(), "Canary") {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var got []string
		for _, one := range err.(interface{ Unwrap() []error }).Unwrap() {
			var f *token.FieldError
			if errors.As(one, &f) {
				got = append(got, f.Field)
			}
		}
		if strings.Join(got, " ") != strings.Join(c.fields, " ") {
			t.Errorf("%s: %v, want %v", name, got, c.fields)
		}
	}
}

// TestKnownProviders holds that the three servers of the vendor's guide need no
// URL and no scope, whatever the case of the name.
func TestKnownProviders(t *testing.T) {
	for _, c := range []struct {
		host, tenant string
		method       token.Method
		provider     string
		endpoint     string
	}{
		{"Outlook.office365.com", "corp.example", token.ClientCredentials, "microsoft365", "https://login.microsoftonline.com"},
		{"outlook.office365.com.", "", token.RefreshToken, "microsoft365", "https://login.microsoftonline.com"},
		{"outlook.office365.us", "x", token.ClientCredentials, "microsoft365", "https://login.microsoftonline.us"},
		{"Imap.gmail.com", "", token.RefreshToken, "google", "https://oauth2.googleapis.com"},
		{"Imap.mail.yahoo.com", "", token.RefreshToken, "yahoo", "https://api.login.yahoo.com"},
		{"imap.aol.com", "", token.RefreshToken, "aol", "https://api.login.aol.com"},
	} {
		conf := config(c.method, "", io.Discard)
		conf.Host, conf.Tenant = c.host, c.tenant
		s := newSource(t, conf)
		if s.Provider() != c.provider || s.Endpoint() != c.endpoint {
			t.Errorf("%s: %s, %s", c.host, s.Provider(), s.Endpoint())
		}
	}
}

// TestProviderRequests holds what is sent to each known provider, through a
// client that leads every host to the test's endpoint.
func TestProviderRequests(t *testing.T) {
	e := newEndpoint(t, func(w http.ResponseWriter, form url.Values, n int) {
		document(w, 200, map[string]any{"access_token": "a"})
	})
	var paths []string
	client := &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		paths = append(paths, r.URL.String())
		r = r.Clone(r.Context())
		r.URL, _ = url.Parse(e.URL)
		return http.DefaultTransport.RoundTrip(r)
	})}
	for _, c := range []struct {
		host   string
		method token.Method
		url    string
		scope  string
		basic  bool
	}{
		{"outlook.office365.com", token.ClientCredentials, "https://login.microsoftonline.com/T/oauth2/v2.0/token", "https://outlook.office365.com/.default", false},
		{"outlook.office365.com", token.RefreshToken, "https://login.microsoftonline.com/T/oauth2/v2.0/token", "https://outlook.office.com/IMAP.AccessAsUser.All offline_access", false},
		{"imap.gmail.com", token.RefreshToken, "https://oauth2.googleapis.com/token", "", false},
		{"imap.mail.yahoo.com", token.RefreshToken, "https://api.login.yahoo.com/oauth2/get_token", "", true},
	} {
		conf := config(c.method, "", io.Discard)
		conf.Host, conf.Tenant, conf.HTTP = c.host, "T", client
		if _, err := newSource(t, conf).Token(t.Context(), false); err != nil {
			t.Fatal(err)
		}
		form := e.requests()[len(e.requests())-1]
		if got := paths[len(paths)-1]; got != c.url || form.Get("scope") != c.scope || (form.Get("basic") != "") != c.basic || (form.Get("client_secret") == "") != c.basic {
			t.Errorf("%s %s: %s %v", c.host, c.method, got, form)
		}
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// jwtOf makes an unsigned JWT with these claims.
func jwtOf(claims map[string]any) secret.String {
	payload, _ := json.Marshal(claims)
	return secret.New("eyJhbGciOiJSUzI1NiJ9." + base64.RawURLEncoding.EncodeToString(payload) + ".c2ln")
}

func TestClaims(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	microsoft := func(m token.Method) *token.Source {
		c := config(m, "", io.Discard)
		c.Host, c.Tenant, c.Now = "outlook.office365.com", "T", func() time.Time { return now }
		return newSource(t, c)
	}
	app, user := microsoft(token.ClientCredentials), microsoft(token.RefreshToken)
	for name, c := range map[string]struct {
		source *token.Source
		claims map[string]any
		words  []string
		advice []string // one for each sentence
	}{
		"good application": {app, map[string]any{"aud": "https://outlook.office365.com", "roles": []string{"IMAP.AccessAsApp"}, "tid": "T-1", "appid": "A-1", "exp": now.Unix() + 3600}, []string{"audience https://outlook.office365.com", "roles IMAP.AccessAsApp", "tenant T-1", "application A-1", "in 60 minutes"}, nil},
		"good user":        {user, map[string]any{"aud": "https://outlook.office.com/", "scp": "IMAP.AccessAsUser.All offline_access", "upn": "soc@corp.example", "exp": now.Unix() + 86400*3}, []string{"scopes IMAP.AccessAsUser.All, offline_access", "user soc@corp.example", "in 3 days"}, nil},
		"for Graph":        {app, map[string]any{"aud": []string{"https://graph.microsoft.com"}, "roles": []string{"Mail.Read"}}, nil, []string{"oauth2_scope to https://outlook.office365.com/.default", "IMAP.AccessAsApp"}},
		"no role":          {app, map[string]any{"aud": "00000002-0000-0ff1-ce00-000000000000"}, nil, []string{"IMAP.AccessAsApp"}},
		"no scope":         {user, map[string]any{"aud": "https://outlook.office.com", "scp": "Mail.Read"}, nil, []string{"IMAP.AccessAsUser.All"}},
		"expired":          {user, map[string]any{"aud": "https://outlook.office.com", "scp": "IMAP.AccessAsUser.All", "exp": now.Unix() - 600}, []string{"expired at 2026-11-24T11:50:00Z (10 minutes ago)"}, []string{"expired"}},
		"of tomorrow":      {user, map[string]any{"aud": "https://outlook.office.com", "scp": "IMAP.AccessAsUser.All", "nbf": now.Unix() + 600}, nil, []string{"clock"}},
		"odd types":        {app, map[string]any{"aud": 5, "roles": "IMAP.AccessAsApp", "exp": "soon", "tid": []int{1}}, nil, nil},
		"hostile":          {app, map[string]any{"aud": "x\x1b[31m\n" + strings.Repeat("y", 1000), "roles": []string{"IMAP.AccessAsApp"}}, []string{`x\x1b[31m`}, []string{"outlook.office365.com"}},
	} {
		claims, ok := jwt.Parse(jwtOf(c.claims))
		if !ok {
			t.Errorf("%s: no claims", name)
			continue
		}
		words := claims.Words(now)
		for _, w := range c.words {
			if !strings.Contains(words, w) {
				t.Errorf("%s: %q is not in %q", name, w, words)
			}
		}
		if strings.ContainsAny(words, "\n\x1b") || len(words) > 1000 {
			t.Errorf("%s: %q", name, words)
		}
		says := c.source.Advise(claims)
		if len(says) != len(c.advice) {
			t.Errorf("%s: %q, want %d sentences", name, says, len(c.advice))
			continue
		}
		for i := range says {
			if !strings.Contains(says[i], c.advice[i]) {
				t.Errorf("%s: %q is not in %q", name, c.advice[i], says[i])
			}
		}
	}
	for _, opaque := range []string{"", "ya29.a0Af", "a.b.c", "..", "a." + strings.Repeat("A", 1<<20) + ".c", "a.bnVsbA.c"} {
		if _, ok := jwt.Parse(secret.New(opaque)); ok {
			t.Errorf("%.20q has claims", opaque)
		}
	}
}
