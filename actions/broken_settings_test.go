package actions_test

import (
	"bufio"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"example.org/imap-integration/mailbox/mailboxtest"
	"example.org/imap-integration/transport/transporttest"
)

// imapScript is an IMAP server that says what a test wants.
type imapScript struct {
	tls      *tls.Config       // nil: in clear
	greeting string            // "": an ordinary one
	answers  map[string]string // command → answer, with %s for the tag; "" hangs up
	caps     string

	mu  sync.Mutex
	got strings.Builder
}

// listen serves until the test ends and returns the port.
func (s *imapScript) listen(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	if s.tls != nil {
		l = tls.NewListener(l, s.tls)
	}
	if s.caps == "" {
		s.caps = "IMAP4rev1 SASL-IR AUTH=PLAIN AUTH=XOAUTH2"
	}
	if s.greeting == "" {
		s.greeting = "* OK [CAPABILITY " + s.caps + "] ready"
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go s.talk(c)
		}
	}()
	return port
}

func (s *imapScript) talk(c net.Conn) {
	defer c.Close()
	fmt.Fprint(c, s.greeting+"\r\n")
	lines := bufio.NewScanner(c)
	for lines.Scan() {
		line := lines.Text()
		s.mu.Lock()
		s.got.WriteString(line + "\n")
		s.mu.Unlock()
		tag, command, _ := strings.Cut(line, " ")
		name, _, _ := strings.Cut(strings.ToUpper(command), " ")
		answer, known := s.answers[name]
		switch {
		case known && answer == "":
			return
		case known:
			fmt.Fprint(c, strings.ReplaceAll(answer, "%s", tag)+"\r\n")
		case name == "CAPABILITY":
			fmt.Fprintf(c, "* CAPABILITY %s\r\n%s OK done\r\n", s.caps, tag)
		default:
			fmt.Fprintf(c, "%s OK done\r\n", tag)
		}
	}
}

// heard is all that clients sent.
func (s *imapScript) heard() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.got.String()
}

// canaries are a secret in every field that holds one.
func canaries() map[string]any {
	return map[string]any{
		"password": "Canary-password/+ 1", "oauth2_client_secret": "Canary-client-secret/+1", "oauth2_refresh_token": "Canary-refresh/+1",
		"oauth2_access_token": "Canary-access/+1", "access_id": "id", "access_key": "Canary-access-key/+1", "jwt_token": "Canary-jwt/+1",
	}
}

// canaryForms are the ways in which a canary could show.
func canaryForms(params map[string]any) []string {
	forms := []string{"Canary", url.QueryEscape("Canary-"), base64.StdEncoding.EncodeToString([]byte("Canary")), "Q2FuYXJ5", "NhbmFyeS"}
	for _, v := range params {
		if text, ok := v.(string); ok && strings.Contains(text, "Canary") {
			forms = append(forms, base64.StdEncoding.EncodeToString([]byte(text)), url.QueryEscape(text))
		}
	}
	return forms
}

// brokenSettings is one wrong configuration and the sentence that it must give.
type brokenSettings struct {
	name   string
	params map[string]any
	exit   int
	step   string   // the one that fails
	says   []string // cause and next step
	silent *imapScript
}

// world is what the broken configurations run into.
type world struct {
	t  *testing.T
	ca *transporttest.Authority
	d  *mailboxtest.Dovecot
	u  mailboxtest.User
}

// base reaches the Dovecot, with a canary in every secret.
func (w world) base(more map[string]any) map[string]any {
	return with(with(dovecotSettings(w.t, w.d, w.u), canaries()), with(map[string]any{"password": w.u.Password, "timeout": 5}, more))
}

// at reaches a server on loopback.
func (w world) at(port int, more map[string]any) map[string]any {
	return w.base(with(map[string]any{"imap_server": "127.0.0.1", "port": port, "ca_certificate": w.ca.PEM, "timeout": 1}, more))
}

// leaf reaches a server with this certificate.
func (w world) leaf(l transporttest.Leaf, more map[string]any) map[string]any {
	s := &imapScript{tls: &tls.Config{Certificates: []tls.Certificate{w.ca.Issue(w.t, l)}}}
	return w.at(s.listen(w.t), with(map[string]any{"imap_server": "localhost"}, more))
}

// provider reaches a scripted server under a provider's name, through a proxy that knows it.
func (w world) provider(host string, s *imapScript, more map[string]any) map[string]any {
	s.tls = &tls.Config{Certificates: []tls.Certificate{w.ca.Issue(w.t, transporttest.Leaf{Names: []string{host}})}}
	p := transporttest.NewProxy(w.t, transporttest.Options{User: "soc", Password: "Canary-proxy", Names: map[string]string{host: fmt.Sprint(s.listen(w.t))}})
	return w.at(993, with(map[string]any{"imap_server": host, "proxy_url": "http://soc:Canary-proxy@" + p.Addr, "timeout": 5}, more))
}

// proxied goes through a proxy of this kind.
func (w world) proxied(o transporttest.Options, more map[string]any) map[string]any {
	scheme := "http"
	if o.SOCKS {
		scheme = "socks5"
	}
	return w.at(993, with(map[string]any{"imap_server": "imap.corp.example", "proxy_url": scheme + "://soc:Canary-proxy@" + transporttest.NewProxy(w.t, o).Addr}, more))
}

// tokens makes the login one with a token endpoint that answers so.
func (w world) tokens(status int, doc map[string]any, more map[string]any) map[string]any {
	e := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "application/json")
		if status/100 == 3 {
			rw.Header().Set("Location", "/login")
		}
		rw.WriteHeader(status)
		_ = json.NewEncoder(rw).Encode(doc)
	}))
	w.t.Cleanup(e.Close)
	s := &imapScript{}
	return w.at(s.listen(w.t), with(map[string]any{
		"connection_security": "none", "auth_method": "oauth2_refresh_token", "oauth2_client_id": "app", "oauth2_token_url": e.URL, "timeout": 5,
	}, more))
}

// soar is a Cloud SOAR that answers so.
func (w world) soar(status int, body string, more map[string]any) map[string]any {
	e := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		if status/100 == 3 {
			rw.Header().Set("Location", "https://elsewhere.example/")
		}
		rw.WriteHeader(status)
		_, _ = io.WriteString(rw, body)
	}))
	w.t.Cleanup(e.Close)
	return w.base(with(map[string]any{"cloud_soar_api_url": e.URL}, more))
}

// jwt is a token with these claims, signed by nobody.
func jwt(claims map[string]any) string {
	payload, _ := json.Marshal(claims)
	return "eyJhbGciOiJSUzI1NiJ9." + base64.RawURLEncoding.EncodeToString(payload) + ".Q2FuYXJ5LXNpZ25hdHVyZQ"
}

// TestBrokenSettings runs configurations as people get them wrong. Each sentence
// names the cause and the next step, on standard error and in its step; and no
// secret is in any output or log.
func TestBrokenSettings(t *testing.T) {
	d := mailboxtest.StartOAuthDovecot(t)
	w := world{t: t, ca: transporttest.NewAuthority(t, "Corp Root CA"), d: d, u: d.NewUser()}
	for _, c := range w.all() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			start := time.Now()
			r := testSettings(t, c.params)
			if d := time.Since(start); d > 25*time.Second {
				t.Errorf("it took %v", d)
			}
			status, detail := r.report.step(c.step)
			if r.exit != c.exit || status != "failed" || r.report.Status != "failed" {
				t.Fatalf("exit %d, step %s is %s %q: %s\n%s", r.exit, c.step, status, detail, r.stderr, r.stdout)
			}
			for _, s := range c.says {
				if !strings.Contains(r.stderr, s) || !strings.Contains(detail, s) {
					t.Errorf("%q is not in %q (step: %q)", s, r.stderr, detail)
				}
			}
			if strings.Contains(r.stderr, "\n") || r.stderr == "" {
				t.Errorf("standard error is no line: %q", r.stderr)
			}
			for where, text := range map[string]string{"stdout": r.stdout, "stderr": r.stderr, "log": r.log} {
				for _, form := range canaryForms(c.params) {
					if strings.Contains(text, form) {
						t.Errorf("a secret (%q) is in %s: %s", form, where, text)
					}
				}
			}
			if c.exit == 1 && c.step != "cloud_soar" && c.step != "folder" {
				c.daemon(t)
			}
			if c.silent != nil && strings.Contains(c.silent.heard(), "Canary") {
				t.Errorf("credentials were sent: %s", c.silent.heard())
			}
		})
	}
}

// daemon holds that the daemon fails with these settings too, and shows no secret.
func (c brokenSettings) daemon(t *testing.T) {
	t.Helper()
	_, exit, text := runDaemon(t, c.params, "")
	if exit != 1 {
		t.Errorf("the daemon's exit status is %d: %s", exit, text)
	}
	for _, form := range canaryForms(c.params) {
		if strings.Contains(text, form) {
			t.Errorf("a secret (%q) is in the daemon's output: %s", form, text)
		}
	}
}

func (w world) all() []brokenSettings {
	var all []brokenSettings
	for _, some := range [][]brokenSettings{w.brokenParameters(), w.brokenConnections(), w.brokenTLS(), w.brokenStartTLS(), w.brokenProxies(), w.brokenLogins(), w.brokenTokens(), w.brokenRest()} {
		all = append(all, some...)
	}
	return all
}

func (w world) brokenParameters() []brokenSettings {
	wrong := func(name string, more map[string]any, says ...string) brokenSettings {
		return brokenSettings{name: name, params: w.base(more), exit: 2, step: "parameters", says: says}
	}
	return []brokenSettings{
		{name: "nothing given", params: map[string]any{}, exit: 2, step: "parameters", says: []string{"imap_server is missing", "username is missing", "cloud_soar_api_url is missing"}},
		wrong("a port in words", map[string]any{"port": "imaps"}, "port must be a whole number"),
		wrong("in clear to a remote server", map[string]any{"imap_server": "imap.corp.example", "connection_security": "none"}, "connection_security", "choose ssl_tls or starttls"),
		wrong("no certificate in ca_certificate", map[string]any{"ca_certificate": "Corp Root CA"}, "ca_certificate", "-----BEGIN CERTIFICATE-----"),
		wrong("a private key in ca_certificate", map[string]any{"ca_certificate": "-----BEGIN PRIVATE KEY-----\nQ2FuYXJ5LWtleQ==\n-----END PRIVATE KEY-----"}, "ca_certificate", "private key"),
		wrong("a proxy of no known kind", map[string]any{"proxy_url": "ftp://u:Canary@proxy:21"}, "proxy_url", "http://, https:// or socks5://"),
		wrong("client credentials with nothing", map[string]any{"imap_server": "Outlook.office365.com", "auth_method": "oauth2_client_credentials", "oauth2_client_secret": ""}, "oauth2_client_id", "oauth2_client_secret", "oauth2_tenant"),
		wrong("client credentials at Google", map[string]any{"imap_server": "Imap.gmail.com", "auth_method": "oauth2_client_credentials", "oauth2_client_id": "x"}, "auth_method", "google_service_account"),
		wrong("an access token with a line break", map[string]any{"auth_method": "oauth2_access_token", "oauth2_access_token": "Canary\nCanary"}, "oauth2_access_token", "paste the token alone"),
		wrong("a token URL in clear", map[string]any{"auth_method": "oauth2_refresh_token", "oauth2_client_id": "x", "oauth2_token_url": "http://login.corp.example/token"}, "oauth2_token_url", "https://"),
		wrong("an unknown provider without a URL", map[string]any{"auth_method": "oauth2_refresh_token", "oauth2_client_id": "x", "imap_server": "imap.corp.example"}, "oauth2_token_url", "is not known here"),
		wrong("a service account key that is none", map[string]any{"auth_method": "google_service_account", "google_service_account_key": "Canary"}, "google_service_account_key", "key file"),
		wrong("a password missing", map[string]any{"password": ""}, "password is missing"),
		wrong("Cloud SOAR in clear", map[string]any{"cloud_soar_api_url": "http://api.corp.example"}, "cloud_soar_api_url"),
	}
}

func (w world) brokenConnections() []brokenSettings {
	closed := &imapScript{}
	silent, err := net.Listen("tcp", "127.0.0.1:0") // nobody accepts: the kernel connects, and nothing comes
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = silent.Close() })
	closed.greeting = "* BYE too many connections"
	return []brokenSettings{
		{name: "a name that does not exist", params: w.at(993, map[string]any{"imap_server": "imap.invalid", "timeout": 5}), exit: 1, step: "dns", says: []string{"imap.invalid", "DNS"}},
		{name: "nothing listens", params: w.at(transporttest.RefusedPort(w.t), nil), exit: 1, step: "connect", says: []string{"connection refused", "check imap_server and port"}},
		{name: "silence under ssl_tls", params: w.at(silent.Addr().(*net.TCPAddr).Port, nil), exit: 1, step: "tls", says: []string{"in time", "check port and connection_security"}},
		{name: "silence in clear", params: w.at(silent.Addr().(*net.TCPAddr).Port, map[string]any{"connection_security": "none"}), exit: 1, step: "login", says: []string{"in time", "a server for SSL/TLS says nothing in clear"}},
		{name: "a server that says BYE", params: w.at(closed.listen(w.t), map[string]any{"connection_security": "none"}), exit: 1, step: "login", says: []string{"too many connections"}},
	}
}

func (w world) brokenTLS() []brokenSettings {
	day := 24 * time.Hour
	refused := func(name string, params map[string]any, says ...string) brokenSettings {
		return brokenSettings{name: name, params: params, exit: 1, step: "tls", says: append(says, "cannot secure the connection to")}
	}
	old := &imapScript{tls: &tls.Config{Certificates: []tls.Certificate{w.ca.Issue(w.t, transporttest.Leaf{})}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}}
	plain := &imapScript{}
	return []brokenSettings{
		refused("a self-signed certificate", w.leaf(transporttest.Leaf{SelfSigned: true}, nil), "signed by itself", "ca_certificate"),
		refused("an unknown authority", w.leaf(transporttest.Leaf{}, map[string]any{"ca_certificate": ""}), `"Corp Root CA"`, "ca_certificate"),
		refused("a certificate for another name", w.leaf(transporttest.Leaf{Names: []string{"mail.corp.example"}}, nil), "not for the name \"localhost\" but for mail.corp.example", "use one of these names"),
		refused("a certificate for another address", w.leaf(transporttest.Leaf{Names: []string{"mail.corp.example"}}, map[string]any{"imap_server": "127.0.0.1"}), "not for the address 127.0.0.1", "use one of these names"),
		refused("an expired certificate", w.leaf(transporttest.Leaf{NotBefore: time.Now().Add(-9 * day), NotAfter: time.Now().Add(-2 * day)}, nil), "certificate \"localhost\" expired on", "renew it"),
		refused("a certificate of tomorrow", w.leaf(transporttest.Leaf{NotBefore: time.Now().Add(2 * day)}, nil), "not valid before", "clock"),
		refused("a common name only", w.leaf(transporttest.Leaf{NoNames: true}, nil), "no subject alternative name", "issue one that lists \"localhost\""),
		refused("TLS 1.1 only", w.at(old.listen(w.t), map[string]any{"imap_server": "localhost"}), "below 1.2", "enable TLS 1.2"),
		{name: "in clear where TLS is expected", params: w.at(plain.listen(w.t), nil), exit: 1, step: "tls", says: []string{"does not speak TLS", "993 is for SSL/TLS, 143 for STARTTLS"}, silent: plain},
	}
}

func (w world) brokenStartTLS() []brokenSettings {
	const caps = "IMAP4rev1 STARTTLS AUTH=PLAIN"
	without := &imapScript{caps: "IMAP4rev1 AUTH=PLAIN"}
	refuses := &imapScript{caps: caps, answers: map[string]string{"STARTTLS": "%s NO no TLS today"}}
	bad := &imapScript{caps: caps, answers: map[string]string{"STARTTLS": "%s BAD what"}}
	bye := &imapScript{caps: caps, answers: map[string]string{"STARTTLS": ""}}
	preauth := &imapScript{greeting: "* PREAUTH [CAPABILITY IMAP4rev1 STARTTLS] welcome"}
	injects := &imapScript{caps: caps, answers: map[string]string{"STARTTLS": "%s OK begin TLS\r\n* CAPABILITY IMAP4rev1\r\nA2 OK done"}}
	secure := &imapScript{tls: &tls.Config{Certificates: []tls.Certificate{w.ca.Issue(w.t, transporttest.Leaf{})}}, greeting: "* PREAUTH welcome"}
	var list []brokenSettings
	for name, c := range map[string]struct {
		s    *imapScript
		says []string
	}{
		"starttls not offered":        {without, []string{"does not offer STARTTLS", "set connection_security to ssl_tls"}},
		"starttls refused":            {refuses, []string{"no TLS today", "set connection_security to ssl_tls"}},
		"starttls not understood":     {bad, []string{"STARTTLS", "set connection_security to ssl_tls"}},
		"hung up at starttls":         {bye, []string{"STARTTLS", "set connection_security to ssl_tls"}},
		"preauth under starttls":      {preauth, []string{"logged in already", "no credentials were sent"}},
		"data injected behind the OK": {injects, []string{"data came in clear", "no credentials were sent"}},
	} {
		list = append(list, brokenSettings{name: name, params: w.at(c.s.listen(w.t), map[string]any{"connection_security": "starttls", "timeout": 3}), exit: 1, step: "tls", says: c.says, silent: c.s})
	}
	return append(list,
		brokenSettings{name: "starttls on a port for SSL/TLS", params: w.at(w.d.TLS, map[string]any{"connection_security": "starttls"}), exit: 1, step: "tls", says: []string{"connection_security"}},
		brokenSettings{name: "preauth under ssl_tls", params: w.at(secure.listen(w.t), map[string]any{"imap_server": "localhost"}), exit: 1, step: "login", says: []string{"logged in already", "no credentials were sent"}, silent: secure},
	)
}

func (w world) brokenProxies() []brokenSettings {
	refused := func(name string, params map[string]any, says ...string) brokenSettings {
		return brokenSettings{name: name, params: params, exit: 1, step: "connect", says: says}
	}
	nothing := transporttest.RefusedAddr(w.t)
	return []brokenSettings{
		refused("no proxy there", w.at(993, map[string]any{"proxy_url": "http://soc:Canary-proxy@" + nothing}), "the proxy http://"+nothing+" cannot be reached", "check proxy_url"),
		refused("no proxy there, and no login for it", w.at(993, map[string]any{"proxy_url": "http://" + nothing}), "the proxy http://"+nothing+" cannot be reached", "check proxy_url"),
		refused("a proxy that wants a login", w.proxied(transporttest.Options{User: "soc", Password: "another"}, nil), "407", "check the user name and the password in proxy_url"),
		refused("a proxy that refuses", w.proxied(transporttest.Options{Mode: transporttest.Refuse}, nil), "refused to connect to imap.corp.example:993", "allow this host and port on the proxy"),
		refused("nothing behind the proxy", w.proxied(transporttest.Options{Mode: transporttest.Fail}, nil), "what is behind it does not", "the proxy's own way to it"),
		refused("a proxy that hangs", w.proxied(transporttest.Options{Mode: transporttest.Hang}, nil), "did not answer in time", "proxy_url"),
		refused("a proxy that is a mail server", w.proxied(transporttest.Options{Mode: transporttest.Babble}, nil), "no such proxy", "scheme and the port in proxy_url"),
		refused("SOCKS with a wrong login", w.proxied(transporttest.Options{SOCKS: true, User: "soc", Password: "another"}, nil), "user name or password refused", "proxy_url"),
		refused("nothing behind SOCKS", w.proxied(transporttest.Options{SOCKS: true, Mode: transporttest.Fail}, nil), "what is behind it does not", "connection refused"),
		refused("SOCKS to an HTTP proxy", w.at(993, map[string]any{"proxy_url": "socks5://soc:Canary-proxy@" + transporttest.NewProxy(w.t, transporttest.Options{Mode: transporttest.Babble}).Addr}), "not SOCKS version 5", "proxy_url"),
	}
}

func (w world) brokenLogins() []brokenSettings {
	refused := func(name string, params map[string]any, says ...string) brokenSettings {
		return brokenSettings{name: name, params: params, exit: 1, step: "login", says: append(says, "cannot log in to")}
	}
	no := func(text string) map[string]string {
		return map[string]string{"AUTHENTICATE": "%s NO " + text, "LOGIN": "%s NO " + text}
	}
	disabled := &imapScript{caps: "IMAP4rev1 LOGINDISABLED"}
	noToken := &imapScript{caps: "IMAP4rev1 AUTH=PLAIN"}
	echo := &imapScript{answers: map[string]string{"AUTHENTICATE": "%s NO [AUTHENTICATIONFAILED] not Canary-password/+ 1"}}
	exchange := map[string]any{"auth_method": "oauth2_access_token", "oauth2_tenant": "T"}
	list := []brokenSettings{
		refused("a wrong password", w.base(map[string]any{"password": "Canary-wrong"}), "AUTHENTICATIONFAILED", "check username and password"),
		refused("a server that echoes the password", w.at(echo.listen(w.t), map[string]any{"connection_security": "none", "password": "Canary-password/+ 1"}), "[secret]", "check username and password"),
		refused("an app password wanted", w.provider("imap.gmail.com", &imapScript{answers: no("[ALERT] Application-specific password required: https://support.google.com/accounts/answer/185833 (Failure)")}, nil), "Application-specific password", "make one in the account's security settings"),
		refused("IMAP disabled at Gmail", w.provider("imap.gmail.com", &imapScript{answers: no("[ALERT] Your account is not enabled for IMAP use. Please visit your Gmail settings page (Failure)")}, nil), "IMAP is disabled for this mailbox", "enable it"),
		refused("Gmail wants a browser", w.provider("imap.gmail.com", &imapScript{answers: no("[WEBALERT https://accounts.google.com/signin/continue] Web login required.")}, nil), "with a web browser"),
		refused("a password at Microsoft 365", w.provider("outlook.office365.com", &imapScript{answers: no("LOGIN failed.")}, nil), "no longer accepts passwords", "auth_method"),
		refused("a password at Yahoo", w.provider("imap.mail.yahoo.com", &imapScript{answers: no("[AUTHENTICATIONFAILED] LOGIN Invalid credentials")}, nil), "app password"),
		{
			name: "no mailbox behind the login, said later", exit: 1, step: "folder", says: []string{"cannot open the folder", "the mailbox cannot be opened", "Add-MailboxPermission"},
			params: w.provider("outlook.office365.com", &imapScript{answers: map[string]string{"EXAMINE": "%s BAD User is authenticated but not connected."}},
				with(exchange, map[string]any{"oauth2_access_token": jwt(map[string]any{"aud": "https://outlook.office365.com", "roles": []string{"IMAP.AccessAsApp"}})})),
		},
		refused("a service account's own address at Gmail", w.provider("imap.gmail.com", &imapScript{answers: no("Lookup failed q17-v6mb80211309wru")},
			map[string]any{"auth_method": "oauth2_access_token", "oauth2_access_token": "ya29.Canary"}), "Lookup failed", "check username and mailbox_account"),
		refused("no mailbox behind the login", w.provider("outlook.office365.com", &imapScript{answers: map[string]string{"AUTHENTICATE": "%s BAD User is authenticated but not connected."}},
			with(exchange, map[string]any{"oauth2_access_token": jwt(map[string]any{"aud": "https://outlook.office365.com", "roles": []string{"IMAP.AccessAsApp"}})})), "the mailbox cannot be opened", "New-ServicePrincipal", "Get-CASMailbox"),
		refused("a token for Graph", w.provider("outlook.office365.com", &imapScript{answers: no("AUTHENTICATE failed.")},
			with(exchange, map[string]any{"oauth2_access_token": jwt(map[string]any{"aud": "https://graph.microsoft.com", "roles": []string{"Mail.Read"}})})), "is for https://graph.microsoft.com", "should be for https://outlook.office365.com", "IMAP.AccessAsApp"),
		refused("a service principal that is not registered", w.provider("outlook.office365.com", &imapScript{answers: no("AUTHENTICATE failed.")},
			with(exchange, map[string]any{"oauth2_access_token": jwt(map[string]any{"aud": "https://outlook.office365.com", "roles": []string{"IMAP.AccessAsApp"}})})), "roles IMAP.AccessAsApp", "service principal is registered", "Add-MailboxPermission"),
		refused("an expired token", w.base(map[string]any{"auth_method": "oauth2_access_token", "oauth2_access_token": w.d.Token(w.u, map[string]any{"exp": 1})}), "the access token expired at", "get a new one"),
		refused("a token of another user", w.base(map[string]any{"auth_method": "oauth2_access_token", "oauth2_access_token": w.d.Token(w.d.NewUser(), nil)}), "user user", "username is the user it was given for"),
	}
	for name, s := range map[string]*imapScript{"logins disabled": disabled, "no way for a token": noToken} {
		params := map[string]any{"connection_security": "none"}
		if s == noToken {
			params["auth_method"] = "oauth2_access_token"
		}
		list = append(list, brokenSettings{name: name, params: w.at(s.listen(w.t), params), exit: 1, step: "login", says: []string{"the server offers", "no credentials were sent"}, silent: s})
	}
	return list
}

func (w world) brokenTokens() []brokenSettings {
	refused := func(name string, params map[string]any, says ...string) brokenSettings {
		return brokenSettings{name: name, params: params, exit: 1, step: "login", says: append(says, "cannot log in to")}
	}
	app := map[string]any{"auth_method": "oauth2_client_credentials"}
	nothing := "http://" + transporttest.RefusedAddr(w.t)
	return []brokenSettings{
		refused("a refresh token that is over", w.tokens(400, map[string]any{"error": "invalid_grant", "error_description": "Token has been expired or revoked."}, nil), "invalid_grant", "sign in again"),
		refused("a client secret that is over", w.tokens(401, map[string]any{"error": "invalid_client", "error_description": "AADSTS7000222: The provided client secret keys for app 'app' are expired."}, app), "the client secret has expired", "put its Value into oauth2_client_secret"),
		refused("an application that is not there", w.tokens(400, map[string]any{"error": "unauthorized_client", "error_description": "AADSTS700016: Application with identifier 'app' was not found"}, app), "check oauth2_client_id"),
		refused("a token endpoint that redirects", w.tokens(302, nil, nil), "redirect (302)", "check oauth2_token_url"),
		refused("a token endpoint that is none", w.tokens(200, map[string]any{"hello": "world"}, nil), "is no access token", "check oauth2_token_url"),
		refused("a token endpoint that echoes", w.tokens(400, map[string]any{"error": "invalid_client", "error_description": "bad Canary-client-secret/+1 for Canary-refresh%2F%2B1"}, nil), "bad [secret] for [secret]"),
		refused("no token endpoint there", w.tokens(200, nil, map[string]any{"oauth2_token_url": nothing + "/token"}), nothing, "connection refused"),
		refused("a service account without delegation", w.tokens(401, map[string]any{"error": "unauthorized_client", "error_description": "Client is unauthorized to retrieve access tokens"},
			map[string]any{"auth_method": "google_service_account", "google_service_account_key": serviceAccountKey(w.t)}), "Domain-wide delegation", "https://mail.google.com/"),
	}
}

func serviceAccountKey(t *testing.T) string {
	t.Helper()
	key, err := oneKey()
	if err != nil {
		t.Fatal(err)
	}
	file, _ := json.Marshal(map[string]string{
		"type": "service_account", "client_email": "soar@project.iam.gserviceaccount.com",
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})),
	})
	return string(file)
}

// oneKey is made once: RSA keys take long.
var oneKey = sync.OnceValues(func() ([]byte, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	return x509.MarshalPKCS8PrivateKey(key)
})

func (w world) brokenRest() []brokenSettings {
	w.d.CreateFolder(w.u, "Phishing")
	w.d.CreateFolder(w.u, "Reports/2026")
	store := func(name string, params map[string]any, says ...string) brokenSettings {
		return brokenSettings{name: name, params: params, exit: 1, step: "cloud_soar", says: says}
	}
	closed := w.base(map[string]any{"cloud_soar_api_url": "http://" + transporttest.RefusedAddr(w.t)})
	return []brokenSettings{
		{name: "a folder that is misspelt", params: w.base(map[string]any{"folder": "Fishing"}), exit: 1, step: "folder", says: []string{`"Fishing"`, `"Phishing"`}},
		store("a store in a folder that is not there", w.base(map[string]any{"cloud_soar_api_url": "local:" + filepath.Join(w.t.TempDir(), "none", "soar.db")}), "does not exist", "make it"),
		store("Cloud SOAR refuses the key", w.soar(401, `{"id":"x","errors":[{"code":"unauthorized","message":"Credential could not be verified"}]}`, nil), "Credential could not be verified"),
		store("Cloud SOAR forbids", w.soar(403, `{}`, nil), "403"),
		store("Cloud SOAR is a login page", w.soar(200, "<html>Sign in</html>", nil), "cloud_soar_api_url"),
		store("Cloud SOAR is elsewhere", w.soar(301, "", nil), "301"),
		store("no Cloud SOAR there", closed, "connection refused"),
		store("a JWT that is over", w.soar(401, `{}`, map[string]any{"access_id": "", "access_key": "", "jwt_token": jwt(map[string]any{"exp": 1700000000})}), "jwt_token expired on 2023-11-14"),
	}
}
