package actions_test

import (
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"example.org/imap-integration/mailbox/mailboxtest"
	"example.org/imap-integration/transport/transporttest"
)

// secureServer is an https server with a certificate of this authority.
func secureServer(t *testing.T, ca *transporttest.Authority, answer http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(answer)
	s.TLS = &tls.Config{Certificates: []tls.Certificate{ca.Issue(t, transporttest.Leaf{})}}
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

// TestEverythingThroughTheProxy holds that the mail server, the token endpoint and
// Cloud SOAR are all reached through proxy_url and by no other way, whatever
// the environment says, and that the proxy sees no credential but its own.
func TestEverythingThroughTheProxy(t *testing.T) {
	for _, v := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"} {
		t.Setenv(v, "http://127.0.0.1:1")
	}
	t.Setenv("NO_PROXY", "localhost,127.0.0.1")
	d := mailboxtest.StartOAuthDovecot(t)
	u := d.NewUser()
	ca := transporttest.NewAuthority(t, "CA")
	cert := ca.Issue(t, transporttest.Leaf{})
	access := d.Token(u, nil)
	tokens := secureServer(t, ca, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"access_token":%q,"expires_in":3600}`, access)
	})
	soar := secureServer(t, ca, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"results":[],"total":0}`)
	})
	for name, o := range map[string]transporttest.Options{
		"http": {}, "https": {TLS: &cert}, "socks5": {SOCKS: true},
	} {
		t.Run(name, func(t *testing.T) {
			o.User, o.Password = "soc", "Canary-proxy:1"
			p := transporttest.NewProxy(t, o)
			proxy := url.URL{Scheme: name, User: url.UserPassword(o.User, o.Password), Host: p.Addr}
			r := testSettings(t, with(dovecotSettings(t, d, u), map[string]any{
				"password": nil, "auth_method": "oauth2_client_credentials", "oauth2_client_id": "app", "oauth2_client_secret": "Canary-client-secret",
				"oauth2_token_url":   "https://" + strings.Replace(tokens.Listener.Addr().String(), "127.0.0.1", "localhost", 1) + "/token",
				"cloud_soar_api_url": "https://" + strings.Replace(soar.Listener.Addr().String(), "127.0.0.1", "localhost", 1),
				"access_id":          "id", "access_key": "Canary-access-key", "ca_certificate": ca.PEM + d.Authority.PEM, "proxy_url": proxy.String(),
			}))
			if r.exit != 0 {
				t.Fatalf("exit %d: %s", r.exit, r.stderr)
			}
			var asked []string
			for _, target := range p.Targets() {
				asked = append(asked, strings.TrimPrefix(target, "CONNECT "))
			}
			slices.Sort(asked)
			want := []string{fmt.Sprintf("localhost:%d", d.TLS)}
			for _, s := range []*httptest.Server{tokens, soar} {
				want = append(want, strings.Replace(s.Listener.Addr().String(), "127.0.0.1", "localhost", 1))
			}
			slices.Sort(want)
			if !slices.Equal(asked, want) {
				t.Errorf("the proxy was asked for %q, want %q", asked, want)
			}
			for _, secret := range []string{"Canary", access, base64.StdEncoding.EncodeToString([]byte("id:Canary-access-key"))} {
				if strings.Contains(p.Passed(), secret) {
					t.Errorf("%q went through the proxy in clear", secret)
				}
				if strings.Contains(r.stdout+r.log, secret) {
					t.Errorf("%q is in the output", secret)
				}
			}
		})
	}
}

// TestExceptionsOfTheProxy has a mail server inside, which no_proxy names, and a
// Cloud SOAR outside, which only the proxy knows.
func TestExceptionsOfTheProxy(t *testing.T) {
	const outside = "api.us2.example"
	d := mailboxtest.StartDovecot(t)
	ca := transporttest.NewAuthority(t, "CA")
	soar := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"results":[],"total":0}`)
	}))
	soar.TLS = &tls.Config{Certificates: []tls.Certificate{ca.Issue(t, transporttest.Leaf{Names: []string{outside}})}}
	soar.StartTLS()
	t.Cleanup(soar.Close)
	p := transporttest.NewProxy(t, transporttest.Options{Names: map[string]string{outside: strings.TrimPrefix(soar.Listener.Addr().String(), "127.0.0.1:")}})
	settings := with(dovecotSettings(t, d, d.NewUser()), map[string]any{
		"cloud_soar_api_url": "https://" + outside, "access_id": "id", "access_key": "Canary-access-key",
		"ca_certificate": ca.PEM + d.Authority.PEM, "proxy_url": "http://" + p.Addr, "no_proxy": []string{".corp.example", "127.0.0.0/8"},
	})
	if r := testSettings(t, settings); r.exit != 0 {
		t.Fatalf("exit %d: %s", r.exit, r.stderr)
	}
	if asked := p.Targets(); len(asked) == 0 || slices.ContainsFunc(asked, func(target string) bool { return !strings.Contains(target, outside) }) {
		t.Errorf("the proxy was asked for %q", asked)
	}
	if r := testSettings(t, with(settings, map[string]any{"no_proxy": "http://x"})); r.exit != 2 || !strings.Contains(r.stderr, `no_proxy: "http://x"`) {
		t.Errorf("exit %d: %s", r.exit, r.stderr)
	}
}
