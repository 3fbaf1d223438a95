package transport_test

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"example.org/imap-integration/secret"
	"example.org/imap-integration/transport"
	"example.org/imap-integration/transport/transporttest"
)

func within(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// secure is how a connection is secured: by a Trust, or not at all.
type secure func(ctx context.Context, conn net.Conn, host string) (*tls.Conn, error)

// handshake connects to host:port and returns the session.
func handshake(t *testing.T, secure secure, host, port string) (tls.ConnectionState, error) {
	t.Helper()
	c, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", port))
	if err != nil {
		return tls.ConnectionState{}, err
	}
	defer c.Close()
	s, err := secure(within(t, 10*time.Second), c, host)
	if err != nil {
		return tls.ConnectionState{}, err
	}
	return s.ConnectionState(), nil
}

// unverified is allow_untrusted_certificates.
func unverified(ctx context.Context, conn net.Conn, host string) (*tls.Conn, error) {
	return new(transport.Trust).SecureWith(transport.Options{Unverified: true})(ctx, conn, host)
}

// trusting is the trust in the system's authorities and these.
func trusting(t *testing.T, caPEM string) *transport.Trust {
	t.Helper()
	trust, err := transport.NewTrust(caPEM)
	if err != nil {
		t.Fatal(err)
	}
	return trust
}

func TestCertificates(t *testing.T) {
	ca := transporttest.NewAuthority(t, "Corp Root CA")
	past, future := time.Now().Add(-48*time.Hour), time.Now().Add(48*time.Hour)
	for name, c := range map[string]struct {
		leaf transporttest.Leaf
		host string
		ca   string
		kind transport.Kind
		says []string
	}{
		"private root, trusted":      {ca: ca.PEM, kind: transport.Unknown},
		"private root, not trusted":  {kind: transport.UnknownAuthority, says: []string{`"Corp Root CA"`, "ca_certificate"}},
		"self-signed":                {leaf: transporttest.Leaf{SelfSigned: true}, ca: ca.PEM, kind: transport.SelfSigned, says: []string{"signed by itself", "ca_certificate"}},
		"wrong name":                 {leaf: transporttest.Leaf{Names: []string{"imap.example.com", "mail.example.com"}}, ca: ca.PEM, kind: transport.WrongName, says: []string{`"localhost"`, "imap.example.com, mail.example.com", "use one of these names"}},
		"many names":                 {leaf: transporttest.Leaf{Names: strings.Fields("a.test b.test c.test d.test e.test f.test g.test")}, ca: ca.PEM, kind: transport.WrongName, says: []string{"e.test and 2 more"}},
		"expired":                    {leaf: transporttest.Leaf{NotBefore: past.Add(-time.Hour), NotAfter: past}, ca: ca.PEM, kind: transport.Expired, says: []string{past.UTC().Format(time.DateOnly), "renew"}},
		"not yet valid":              {leaf: transporttest.Leaf{NotBefore: future}, ca: ca.PEM, kind: transport.NotYetValid, says: []string{future.UTC().Format(time.DateOnly), "clock"}},
		"common name only":           {leaf: transporttest.Leaf{NoNames: true}, ca: ca.PEM, kind: transport.NoNames, says: []string{"subject alternative name", `"localhost"`}},
		"another address":            {leaf: transporttest.Leaf{Addresses: []string{"192.0.2.1"}}, host: "127.0.0.1", ca: ca.PEM, kind: transport.WrongAddress, says: []string{"127.0.0.1", "192.0.2.1"}},
		"address, names only":        {leaf: transporttest.Leaf{Names: []string{"localhost"}}, host: "127.0.0.1", ca: ca.PEM, kind: transport.WrongAddress, says: []string{"localhost"}},
		"address, listed":            {host: "127.0.0.1", ca: ca.PEM, kind: transport.Unknown},
		"hostile name in a sentence": {leaf: transporttest.Leaf{CommonName: "x\x1b[31m\r\nFAKE", NoNames: true}, ca: ca.PEM, kind: transport.NoNames, says: []string{`x\x1b[31m\r\nFAKE`}},
	} {
		t.Run(name, func(t *testing.T) {
			if c.host == "" {
				c.host = "localhost"
			}
			port := transporttest.Serve(t, ca.Issue(t, c.leaf), nil, "* OK hello\r\n")
			_, err := handshake(t, trusting(t, c.ca).Secure, c.host, port)
			kind, text := explain(err, time.Now())
			if err == nil {
				kind, text = transport.Unknown, ""
			}
			if kind != c.kind || (err == nil) != (c.kind == transport.Unknown) {
				t.Fatalf("kind %q, want %q: %v", kind, c.kind, err)
			}
			for _, s := range c.says {
				if !strings.Contains(text, s) {
					t.Errorf("%q is not in %q", s, text)
				}
			}
			if kind != transport.Unknown && !strings.Contains(text, "certificate") {
				t.Errorf("no word of a certificate: %q", text)
			}
			if _, err := handshake(t, unverified, c.host, port); err != nil {
				t.Errorf("untrusted certificates allowed, and yet: %v", err)
			}
		})
	}
}

func TestOldTLS(t *testing.T) {
	ca := transporttest.NewAuthority(t, "CA")
	port := transporttest.Serve(t, ca.Issue(t, transporttest.Leaf{}), &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, "")
	_, err := handshake(t, trusting(t, ca.PEM).Secure, "localhost", port)
	if kind, text := explain(err, time.Now()); kind != transport.OldTLS || !strings.Contains(text, "1.2") {
		t.Errorf("%q %q from %v", kind, text, err)
	}
}

func TestNotTLS(t *testing.T) {
	l := listen(t, func(c net.Conn) { _, _ = c.Write([]byte("* OK IMAP4rev1 ready\r\n")); _, _ = io.Copy(io.Discard, c) })
	_, err := handshake(t, trusting(t, "").Secure, "localhost", l)
	if kind, text := explain(err, time.Now()); kind != transport.NotTLS || !strings.Contains(text, "check the port") {
		t.Errorf("%q %q from %v", kind, text, err)
	}
}

// listen serves connections on loopback until the test ends.
func listen(t *testing.T, serve func(net.Conn)) (port string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { defer c.Close(); serve(c) }()
		}
	}()
	_, port, _ = net.SplitHostPort(l.Addr().String())
	return port
}

func TestParseCA(t *testing.T) {
	a, b := transporttest.NewAuthority(t, "A").PEM, transporttest.NewAuthority(t, "B").PEM
	for name, text := range map[string]string{
		"one":                a,
		"text around":        "Subject: A\n" + a + "\ntrailing",
		"CRLF":               strings.ReplaceAll(a, "\n", "\r\n"),
		"line breaks lost":   strings.ReplaceAll(a, "\n", " "),
		"line breaks quoted": strings.ReplaceAll(a, "\n", `\n`),
		"indented":           strings.ReplaceAll(a, "\n", "\n    "),
		"two":                a + b,
	} {
		certs, err := transport.ParseCA(text)
		if want := strings.Count(text, "BEGIN"); err != nil || len(certs) != want {
			t.Errorf("%s: %d certificates, want %d: %v", name, len(certs), want, err)
		}
	}
	for name, c := range map[string]struct{ text, says string }{
		"no PEM":         {"this is no certificate", "no certificate"},
		"empty block":    {"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", "cannot be read"},
		"cut off":        {a[:len(a)/2], "cannot be read"},
		"second broken":  {a + strings.Replace(b, "M", "*", 3), "certificate 2"},
		"a key":          {"-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n-----END PRIVATE KEY-----\n", "private key"},
		"something else": {"-----BEGIN PGP MESSAGE-----\nAAAA\n-----END PGP MESSAGE-----\n", "PGP MESSAGE"},
		"huge":           {strings.Repeat(a, 5000), "1 MiB"},
	} {
		_, err := transport.NewTrust(c.text)
		if !errors.Is(err, transport.ErrCA) || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "ca_certificate") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := transport.NewTrust(" \n"); err != nil {
		t.Errorf("blank: %v", err)
	}
}

func TestChain(t *testing.T) {
	ca := transporttest.NewAuthority(t, "Corp Root CA")
	now := time.Now()
	port := transporttest.Serve(t, ca.Issue(t, transporttest.Leaf{NotAfter: now.Add(12*24*time.Hour + time.Hour)}), nil, "")
	state, err := handshake(t, trusting(t, ca.PEM).Secure, "localhost", port)
	if err != nil {
		t.Fatal(err)
	}
	words := transport.Chain(&state, true, now)
	for _, s := range []string{"TLS 1.3", `"localhost"`, "127.0.0.1", `issued by "Corp Root CA"`, "12 days left", "renew"} {
		if !strings.Contains(words, s) {
			t.Errorf("%q is not in %q", s, words)
		}
	}
	d := transport.Describe(&state, true, now)
	if !d.Trusted || len(d.Chain) != 1 || d.Chain[0].DaysLeft != 12 || d.Chain[0].Issuer != "Corp Root CA" {
		t.Errorf("%+v", d)
	}
	if state, err = handshake(t, unverified, "localhost", port); err != nil {
		t.Fatal(err)
	}
	if w := transport.Chain(&state, false, now.Add(20*24*time.Hour)); !strings.Contains(w, "NOT VERIFIED") || !strings.Contains(w, "expired 7 days ago") {
		t.Errorf("unverified and expired: %q", w)
	}
}

const canary = "Canary-p@ss:w/rd"

// proxyURL is a proxy_url with credentials.
func proxyURL(scheme, user, password, addr string) secret.String {
	u := url.URL{Scheme: scheme, Host: addr}
	if user != "" {
		u.User = url.UserPassword(user, password)
	}
	return secret.New(u.String())
}

// TestProxies goes through real proxies to a server that speaks first.
func TestProxies(t *testing.T) {
	const greeting = "* OK ready\r\n"
	server := listen(t, func(c net.Conn) { _, _ = c.Write([]byte(greeting)); _, _ = io.Copy(c, c) })
	ca := transporttest.NewAuthority(t, "CA")
	cert := ca.Issue(t, transporttest.Leaf{})
	trust := trusting(t, ca.PEM)
	for name, c := range map[string]struct {
		scheme  string
		options transporttest.Options
		user    string
	}{
		"connect":             {scheme: "http"},
		"connect with login":  {scheme: "http", options: transporttest.Options{User: "soc", Password: canary}, user: "soc"},
		"https":               {scheme: "https", options: transporttest.Options{TLS: &cert}},
		"https with login":    {scheme: "https", options: transporttest.Options{TLS: &cert, User: "soc", Password: canary}, user: "soc"},
		"socks5":              {scheme: "socks5", options: transporttest.Options{SOCKS: true}},
		"socks5 with login":   {scheme: "socks5", options: transporttest.Options{SOCKS: true, User: "soc", Password: canary}, user: "soc"},
		"socks5 unused login": {scheme: "SOCKS5", options: transporttest.Options{SOCKS: true}, user: "soc"},
	} {
		t.Run(name, func(t *testing.T) {
			c.options.Names = map[string]string{"imap.internal.example": server}
			p := transporttest.NewProxy(t, c.options)
			dial, err := transport.Dialer(proxyURL(c.scheme, c.user, canary, p.Addr), trust)
			if err != nil {
				t.Fatal(err)
			}
			conn, err := dial(within(t, 10*time.Second), "tcp", "imap.internal.example:993")
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			time.Sleep(100 * time.Millisecond) // nothing of the dial's deadline may be left behind
			got := make([]byte, len(greeting)+4)
			_, _ = conn.Write([]byte("ping"))
			if _, err := io.ReadFull(conn, got); err != nil || string(got) != greeting+"ping" {
				t.Errorf("%q, %v", got, err)
			}
			if targets := p.Targets(); len(targets) != 1 || !strings.HasSuffix(targets[0], "imap.internal.example:993") {
				t.Errorf("the proxy was asked for %q", targets)
			}
			if strings.Contains(p.Passed(), "Canary") || strings.Contains(p.Passed(), base64.StdEncoding.EncodeToString([]byte("soc:"+canary))) {
				t.Errorf("a credential of the proxy went through it: %q", p.Passed())
			}
		})
	}
}

func TestProxyFaults(t *testing.T) {
	ca := transporttest.NewAuthority(t, "Proxy CA")
	cert := ca.Issue(t, transporttest.Leaf{})
	trust := trusting(t, "") // the https proxy's authority is not trusted
	closed := transporttest.RefusedAddr(t)
	for name, c := range map[string]struct {
		scheme  string
		options transporttest.Options
		addr    string
		fault   transport.Fault
		says    []string
	}{
		"connect refuses":          {"http", transporttest.Options{Mode: transporttest.Refuse}, "", transport.Refused, []string{"refused to connect to mail.example:993", "403 Forbidden"}},
		"connect wants a login":    {"http", transporttest.Options{User: "other", Password: "x"}, "", transport.Credentials, []string{"407", "proxy_url"}},
		"behind connect":           {"http", transporttest.Options{Mode: transporttest.Fail}, "", transport.Behind, []string{"behind it", "502"}},
		"connect hangs":            {"http", transporttest.Options{Mode: transporttest.Hang}, "", transport.Silent, []string{"did not answer in time"}},
		"connect floods":           {"http", transporttest.Options{Mode: transporttest.Flood}, "", transport.Garbled, []string{"no such proxy"}},
		"a mail server":            {"http", transporttest.Options{Mode: transporttest.Babble}, "", transport.Garbled, []string{"no such proxy", "scheme and the port"}},
		"nothing there":            {"http", transporttest.Options{}, closed, transport.Unreachable, []string{"cannot be reached", "connection refused", "proxy_url"}},
		"socks refuses":            {"socks5", transporttest.Options{SOCKS: true, Mode: transporttest.Refuse}, "", transport.Refused, []string{"not allowed"}},
		"socks wants a login":      {"socks5", transporttest.Options{SOCKS: true, User: "other", Password: "x"}, "", transport.Credentials, []string{"user name or password refused"}},
		"behind socks":             {"socks5", transporttest.Options{SOCKS: true, Mode: transporttest.Fail}, "", transport.Behind, []string{"behind it", "connection refused"}},
		"socks hangs":              {"socks5", transporttest.Options{SOCKS: true, Mode: transporttest.Hang}, "", transport.Silent, []string{"did not answer in time"}},
		"no socks":                 {"socks5", transporttest.Options{Mode: transporttest.Babble}, "", transport.Garbled, []string{"not SOCKS version 5"}},
		"no socks there":           {"socks5", transporttest.Options{}, closed, transport.Unreachable, []string{"cannot be reached"}},
		"https not trusted":        {"https", transporttest.Options{TLS: &cert}, "", transport.Unreachable, []string{"cannot be reached"}},
		"https to a plain proxy":   {"https", transporttest.Options{}, "", transport.Unreachable, []string{"cannot be reached"}},
		"https hangs before TLS":   {"https", transporttest.Options{Mode: transporttest.Hang}, "", transport.Silent, []string{"did not answer"}},
		"https refuses":            {"http", transporttest.Options{Mode: transporttest.Refuse}, "", transport.Refused, []string{"403"}},
		"a name that is not DNS's": {"http", transporttest.Options{}, "proxy.invalid:3128", transport.Unreachable, []string{"proxy.invalid"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.addr == "" {
				c.addr = transporttest.NewProxy(t, c.options).Addr
			}
			dial, err := transport.Dialer(proxyURL(c.scheme, "soc", canary, c.addr), trust)
			if err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			conn, err := dial(within(t, 700*time.Millisecond), "tcp", "mail.example:993")
			if err == nil {
				conn.Close()
				t.Fatal("it connected")
			}
			if d := time.Since(start); d > 20*time.Second {
				t.Errorf("it took %v", d)
			}
			var p *transport.ProxyError
			if !errors.As(err, &p) || p.Fault != c.fault {
				t.Fatalf("fault %+v, want %v", err, c.fault)
			}
			kind, text := explain(err, time.Now())
			if kind != transport.Proxy {
				t.Errorf("kind %q", kind)
			}
			for _, s := range c.says {
				if !strings.Contains(err.Error(), s) {
					t.Errorf("%q is not in %q", s, err)
				}
			}
			for _, s := range []string{"Canary", url.QueryEscape(canary), base64.StdEncoding.EncodeToString([]byte("soc:" + canary))} {
				if strings.Contains(err.Error()+text, s) {
					t.Errorf("a credential is in %q", err)
				}
			}
		})
	}
}

func TestUntrustedProxyIsExplained(t *testing.T) {
	ca := transporttest.NewAuthority(t, "Proxy CA")
	cert := ca.Issue(t, transporttest.Leaf{})
	p := transporttest.NewProxy(t, transporttest.Options{TLS: &cert, User: "soc", Password: canary})
	trust := trusting(t, "") // allow_untrusted_certificates is for the mail server alone
	dial, _ := transport.Dialer(proxyURL("https", "soc", canary, p.Addr), trust)
	_, err := dial(within(t, 5*time.Second), "tcp", "mail.example:993")
	_, text := explain(err, time.Now())
	if !strings.Contains(text, `"Proxy CA"`) || !strings.Contains(text, "the proxy https://127.0.0.1:") {
		t.Errorf("%q from %v", text, err)
	}
	if p.Asked() != "" {
		t.Errorf("something was sent to a proxy that is not trusted: %q", p.Asked())
	}
}

func TestCheckProxy(t *testing.T) {
	for _, good := range []string{"", "http://proxy", "http://proxy:3128/", "HTTPS://u:p@proxy.example:8443", "socks5://[::1]:1080", " http://10.0.0.1:8080 ", "http://u:p%40ss@proxy"} {
		if err := transport.CheckProxy(secret.New(good)); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{
		"ftp://127.0.0.1:1", "proxy.example:3128", "http://", "http://:3128", "http://u:Canary@/", "socks4://proxy", "http://proxy:99999", "http://proxy:0",
		"http://proxy/path", "http://proxy?x=1", "http://u:Canary\x00@proxy", "http://u:Canary%zz@proxy:1", "http://[::1", "http://Canary@proxy:x", "mailto:Canary",
		"socks5://:Canary@proxy", "http://a%3Ab:Canary@proxy", "socks5://" + strings.Repeat("u", 256) + ":Canary@proxy", "http://pro xy",
	} {
		err := transport.CheckProxy(secret.New(bad))
		if err == nil || !strings.HasPrefix(err.Error(), "proxy_url: ") || strings.Contains(err.Error(), "Canary") {
			t.Errorf("%q: %v", bad, err)
		}
		if _, err := transport.Dialer(secret.New(bad), nil); err == nil {
			t.Errorf("%q makes a dialer", bad)
		}
	}
}

func explain(err error, now time.Time) (transport.Kind, string) {
	why := transport.Explain(err, now)
	return why.Kind, why.String()
}

func TestExplainNet(t *testing.T) {
	dial, err := transport.Dialer(secret.String{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, refused := dial(within(t, 5*time.Second), "tcp", transporttest.RefusedAddr(t))
	_, unknown := dial(within(t, 5*time.Second), "tcp", "no-such-host.invalid:993")
	slow := listen(t, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })
	conn, err := dial(within(t, 5*time.Second), "tcp", "localhost:"+slow) // ::1 refuses, 127.0.0.1 answers
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Millisecond))
	_, late := conn.Read(make([]byte, 1))
	for _, c := range []struct {
		err  error
		kind transport.Kind
		says string
	}{
		{refused, transport.ConnRefused, "port"},
		{unknown, "", "no-such-host.invalid"},
		{late, transport.TimedOut, "timeout"},
		{context.DeadlineExceeded, transport.TimedOut, "timeout"},
		{io.ErrUnexpectedEOF, transport.Closed, "closed"},
	} {
		kind, text := explain(c.err, time.Now())
		if c.kind != "" && kind != c.kind || kind == transport.Unknown || !strings.Contains(text, c.says) {
			t.Errorf("%q %q from %v", kind, text, c.err)
		}
	}
	if kind, text := explain(errors.New("something"), time.Now()); kind != transport.Unknown || text != "" {
		t.Errorf("%q %q", kind, text)
	}
	if kind, text := explain(&net.DNSError{Name: "x.example", IsTimeout: true}, time.Now()); kind != transport.NameFailed || !strings.Contains(text, "DNS") {
		t.Errorf("%q %q", kind, text)
	}
	if kind, _ := explain(&net.DNSError{Name: "x.example", IsNotFound: true}, time.Now()); kind != transport.NameNotFound {
		t.Errorf("%q", kind)
	}
}

// TestHTTPClient holds that the environment decides nothing, that a redirect is
// not followed, and that a plain http target too goes through a tunnel.
func TestHTTPClient(t *testing.T) {
	for _, v := range []string{"HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY"} {
		t.Setenv(v, "http://127.0.0.1:1")
	}
	var followed int
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/other", http.StatusFound) })
	mux.HandleFunc("/other", func(http.ResponseWriter, *http.Request) { followed++ })
	plain := httptest.NewServer(mux)
	defer plain.Close()
	ca := transporttest.NewAuthority(t, "CA")
	secure := httptest.NewUnstartedServer(mux)
	secure.EnableHTTP2 = true
	secure.TLS = &tls.Config{Certificates: []tls.Certificate{ca.Issue(t, transporttest.Leaf{})}}
	secure.StartTLS()
	defer secure.Close()
	trust := trusting(t, ca.PEM)
	p := transporttest.NewProxy(t, transporttest.Options{User: "soc", Password: canary})
	for name, proxy := range map[string]secret.String{"direct": {}, "proxy": proxyURL("http", "soc", canary, p.Addr)} {
		dial, err := transport.Dialer(proxy, trust)
		if err != nil {
			t.Fatal(err)
		}
		client := transport.HTTPClient(dial, trust)
		for _, u := range []string{plain.URL, secure.URL} {
			req, _ := http.NewRequestWithContext(within(t, 10*time.Second), http.MethodGet, u, nil)
			req.Header.Set("Authorization", "Bearer Canary-jwt")
			resp, err := client.Do(req)
			if err != nil {
				t.Fatalf("%s %s: %v", name, u, err)
			}
			_ = resp.Body.Close()
			if resp.StatusCode != http.StatusFound || (u == secure.URL) != (resp.ProtoMajor == 2) {
				t.Errorf("%s %s: %d, HTTP/%d", name, u, resp.StatusCode, resp.ProtoMajor)
			}
		}
		client.CloseIdleConnections()
	}
	if followed != 0 {
		t.Error("a redirect was followed")
	}
	for _, target := range p.Targets() {
		if !strings.HasPrefix(target, "CONNECT ") {
			t.Errorf("the proxy was asked for %q", target)
		}
	}
	if strings.Contains(p.Passed(), "Proxy-Authorization") {
		t.Error("the proxy's credentials went to the server")
	}
}

func FuzzCheckProxy(f *testing.F) {
	for _, s := range []string{"http://u:p@h:1", "socks5://[::1]", "https://%zz", "http://a b", "\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		err := transport.CheckProxy(secret.New(s))
		if err != nil && len(s) > 12 && strings.Contains(err.Error(), s) {
			t.Errorf("the sentence quotes the URL: %q", err)
		}
	})
}

func FuzzParseCA(f *testing.F) {
	f.Add("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
	f.Add("-----BEGIN CERTIFICATE----------END CERTIFICATE-----")
	f.Fuzz(func(t *testing.T, s string) {
		certs, err := transport.ParseCA(s)
		if (err == nil) != (len(certs) > 0) {
			t.Errorf("%d certificates and %v", len(certs), err)
		}
	})
}
