package console

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"

	"example.org/imap-integration/secret"
)

// everywhere is a path of each kind of page.
var everywhere = []string{
	"/", "/settings", "/actions", "/actions/get-email", "/runs/1", "/runs/1/events", "/runs/1/result.json", "/emails", "/emails/1", "/emails/1/html", "/emails/1/raw",
	"/emails/1/file?part=2", "/completeness", "/incidents", "/incidents/1", "/triage/1", "/nothing",
}

func TestNobodyWithoutTheCookie(t *testing.T) {
	s := newSite(t)
	for _, path := range everywhere {
		if status, body := s.get(path); status != http.StatusForbidden || strings.Contains(body, s.storePath()) {
			t.Errorf("%s without a cookie: %d", path, status)
		}
	}
	for _, path := range []string{"/settings", "/settings/test", "/settings/export", "/actions/get-email", "/runs/1/stop", "/completeness"} {
		if status, _ := s.post(path, url.Values{}); status != http.StatusForbidden {
			t.Errorf("POST %s without a cookie: %d", path, status)
		}
	}
	cookies := s.jar(&http.Cookie{Name: s.console.guard.cookieName(), Value: "guessed"})
	if status, _ := cookies.get("/"); status != http.StatusForbidden {
		t.Errorf("with a wrong cookie: %d", status)
	}
}

// jar is the same site for another browser.
func (s *site) jar(cookies ...*http.Cookie) *site {
	other := *s
	jar, _ := cookiejar.New(nil)
	at, _ := url.Parse(s.base)
	jar.SetCookies(at, cookies)
	client := *s.client
	client.Jar = jar
	other.client = &client
	return &other
}

func TestStartURLCountsOnce(t *testing.T) {
	s := newSite(t)
	start := s.console.Start()
	if status, _ := s.get("/start?token=guessed"); status != http.StatusForbidden {
		t.Errorf("a wrong token: %d", status)
	}
	s.signIn()
	if status, _ := s.get("/"); status != http.StatusOK {
		t.Errorf("with the cookie: %d", status)
	}
	if status, _ := s.jar().get(start); status != http.StatusForbidden {
		t.Errorf("the start URL a second time: %d", status)
	}
	if status, _ := s.get("/start?token="); status != http.StatusForbidden {
		t.Errorf("an empty token after the start URL was used: %d", status)
	}
}

func TestCookieIsStrict(t *testing.T) {
	s := newSite(t)
	answer, err := s.client.Get(s.base + s.console.Start())
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	c := answer.Cookies()
	if len(c) != 1 || !c[0].HttpOnly || c[0].SameSite != http.SameSiteStrictMode || c[0].Path != "/" || c[0].Domain != "" {
		t.Errorf("the cookie is %+v", c)
	}
	secure := newGuard(Entry{Secure: true})
	if name := secure.cookieName(); !strings.HasPrefix(name, "__Host-") {
		t.Errorf("over TLS the cookie is %s", name)
	}
}

func TestAttemptsAreFew(t *testing.T) {
	s := newSite(t)
	var statuses []int
	for range attemptBurst + 1 {
		status, _ := s.get("/start?token=guessed")
		statuses = append(statuses, status)
	}
	if !slices.Contains(statuses, http.StatusTooManyRequests) {
		t.Errorf("%d attempts: %v", len(statuses), statuses)
	}
}

func TestTokenOfAFile(t *testing.T) {
	s := newSite(t)
	s.serve(Entry{Token: secret.New("a token that somebody made")})
	if status, body := s.get("/"); status != http.StatusForbidden || !strings.Contains(body, `action="/start"`) {
		t.Errorf("without a cookie: %d", status)
	}
	if status, _ := s.post("/start", url.Values{"token": {"another token, a wrong one"}}); status != http.StatusForbidden {
		t.Errorf("with a wrong token: %d", status)
	}
	for range 2 {
		other := s.jar()
		if status, _ := other.post("/start", url.Values{"token": {"a token that somebody made"}}); status != http.StatusOK {
			t.Errorf("with the token: %d", status)
		}
		if status, _ := other.get("/"); status != http.StatusOK {
			t.Errorf("behind it: %d", status)
		}
	}
}

func TestOtherOrigins(t *testing.T) {
	s := newSite(t).signIn()
	for name, header := range map[string]map[string]string{
		"another site":           {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
		"another port":           {"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1:9"},
		"an old browser":         {"Origin": "https://evil.example"},
		"a sandboxed document":   {"Origin": "null"},
		"an origin that is ours": {"Sec-Fetch-Site": "cross-site", "Origin": s.base},
	} {
		for _, path := range []string{"/settings", "/settings/test", "/settings/export", "/actions/discard-email", "/completeness"} {
			if status, _ := s.do(http.MethodPost, path, url.Values{}, header); status != http.StatusForbidden {
				t.Errorf("%s, POST %s: %d", name, path, status)
			}
		}
	}
}

func TestOtherHosts(t *testing.T) {
	s := newSite(t).signIn()
	port := s.base[strings.LastIndexByte(s.base, ':'):]
	for _, host := range []string{"evil.example", "evil.example" + port, "localhost" + port, "127.0.0.1", "127.0.0.1:1", "127.0.0.1" + port + "."} {
		for _, path := range append([]string{"/start", "/static/console.css"}, everywhere...) {
			if status, _ := s.do(http.MethodGet, path, nil, map[string]string{"Host": host}); status != http.StatusForbidden {
				t.Errorf("Host %s, %s: %d", host, path, status)
			}
		}
	}
}

// TestEveryAnswerHasThePolicy holds the header fields of every page.
func TestEveryAnswerHasThePolicy(t *testing.T) {
	s := newSite(t).signIn()
	s.deliver()
	s.take()
	for _, path := range append([]string{"/static/console.css", "/static/console.js", "/icon.png"}, everywhere...) {
		answer, err := s.client.Get(s.base + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		for name, want := range map[string]string{
			"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "X-Dns-Prefetch-Control": "off",
			"Referrer-Policy": "no-referrer", "Cross-Origin-Resource-Policy": "same-origin",
		} {
			if got := answer.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q", path, name, got)
			}
		}
		policy := answer.Header.Get("Content-Security-Policy")
		for _, part := range []string{"default-src 'none'", "frame-ancestors"} {
			if !strings.Contains(policy, part) {
				t.Errorf("%s: the policy is %s", path, policy)
			}
		}
		if strings.Contains(policy, "unsafe") {
			t.Errorf("%s: the policy is %s", path, policy)
		}
	}
}
