package mailbox_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"example.org/imap-integration/mailbox"
	"example.org/imap-integration/mailbox/imapmem"
	"example.org/imap-integration/mailbox/mailboxtest"
	"example.org/imap-integration/secret"
	"example.org/imap-integration/transport"
	"example.org/imap-integration/transport/transporttest"
)

// listener speaks with one client at a time and records what it says.
type listener struct {
	net.Listener
	mu   sync.Mutex
	said bytes.Buffer
}

func listen(t *testing.T, talk func(net.Conn)) *listener {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	rec := &listener{Listener: l}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				talk(recorded{c, rec})
			}()
		}
	}()
	return rec
}

func (l *listener) heard() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.said.String()
}

func (l *listener) config(t *testing.T, security mailbox.Security) mailbox.Config {
	c := baseConfig(t, "127.0.0.1", l.Addr().(*net.TCPAddr).Port, "soc@corp.example", "Canary-pass")
	c.Security, c.Timeout = security, time.Second
	return c
}

type recorded struct {
	net.Conn
	l *listener
}

func (r recorded) Read(p []byte) (int, error) {
	n, err := r.Conn.Read(p)
	r.l.mu.Lock()
	defer r.l.mu.Unlock()
	r.l.said.Write(p[:n])
	return n, err
}

// replies answers each line with the next text, TAG replaced by its tag, then keeps silent.
func replies(greeting string, answers ...string) func(net.Conn) {
	return func(c net.Conn) {
		fmt.Fprint(c, greeting)
		buf := make([]byte, 4096)
		for _, a := range answers {
			n, err := c.Read(buf)
			if err != nil {
				return
			}
			tag, _, _ := strings.Cut(string(buf[:n]), " ")
			fmt.Fprint(c, strings.ReplaceAll(a, "TAG", tag))
		}
		_, _ = io.Copy(io.Discard, c)
	}
}

const withStartTLS = "* OK [CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN SASL-IR] hi\r\n"

// TestBeforeTheLogin are servers to which no byte of a credential may go.
func TestBeforeTheLogin(t *testing.T) {
	var all sync.WaitGroup // as in TestBroken
	defer all.Wait()
	for _, c := range []struct {
		name     string
		security mailbox.Security
		talk     func(net.Conn)
		stage    string
		kind     mailbox.Kind
	}{
		{"no STARTTLS", mailbox.STARTTLS, replies("* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] hi\r\n"), "tls", mailbox.NoStartTLS},
		{"no STARTTLS when asked", mailbox.STARTTLS, replies("* OK hi\r\n", "* CAPABILITY IMAP4rev1\r\nTAG OK done\r\n"), "tls", mailbox.NoStartTLS},
		{"STARTTLS NO", mailbox.STARTTLS, replies(withStartTLS, "TAG NO not today\r\n"), "tls", mailbox.NoStartTLS},
		{"STARTTLS BAD", mailbox.STARTTLS, replies(withStartTLS, "TAG BAD what\r\n"), "tls", mailbox.NoStartTLS},
		{"STARTTLS BYE", mailbox.STARTTLS, replies(withStartTLS, "* BYE going\r\n"), "tls", mailbox.NoStartTLS},
		{"STARTTLS silence", mailbox.STARTTLS, replies(withStartTLS, "TAG OK go\r\n"), "tls", mailbox.Timeout},
		{"PREAUTH in clear", mailbox.STARTTLS, replies("* PREAUTH [CAPABILITY IMAP4rev1 STARTTLS] hi\r\n"), "tls", mailbox.Preauth},
		{"injected", mailbox.STARTTLS, replies(withStartTLS, "TAG OK go\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n* OK injected\r\n"), "tls", mailbox.NoStartTLS},
		{"PREAUTH", mailbox.Clear, replies("* PREAUTH [CAPABILITY IMAP4rev1] hi\r\n"), "login", mailbox.Preauth},
		{"LOGINDISABLED", mailbox.Clear, replies("* OK [CAPABILITY IMAP4rev1 LOGINDISABLED AUTH=GSSAPI] hi\r\n"), "login", mailbox.AuthDisabled},
		{"plain under TLS", mailbox.SSLTLS, replies("* OK hi\r\n"), "tls", mailbox.Failed},
		{"silence under TLS", mailbox.SSLTLS, replies(""), "tls", mailbox.Timeout},
		{"silence in clear", mailbox.Clear, replies(""), "login", mailbox.Timeout},
		{"silence under STARTTLS", mailbox.STARTTLS, replies(""), "tls", mailbox.Timeout},
		{"BYE", mailbox.Clear, replies("* BYE too many connections\r\n"), "login", mailbox.ServerRefused},
		{"not IMAP", mailbox.Clear, replies("220 smtp.example ESMTP\r\n"), "login", mailbox.Protocol},
		{"drip", mailbox.Clear, func(c net.Conn) { perform(&scriptConn{Conn: c}, "drip") }, "login", mailbox.Timeout},
	} {
		all.Go(func() {
			t.Run(c.name, func(t *testing.T) {
				l := listen(t, c.talk)
				start := time.Now()
				_, err := mailbox.Dial(t.Context(), l.config(t, c.security))
				e, _ := err.(*mailbox.Error)
				if e == nil || e.Kind != c.kind || e.Stage != c.stage {
					t.Errorf("%v", err)
				}
				if took := time.Since(start); took > 20*time.Second {
					t.Errorf("took %s", took)
				}
				for _, bad := range []string{"Canary", "LOGIN", "AUTHENTICATE", "soc@corp", "U2", "AHNvY0"} {
					if strings.Contains(strings.ReplaceAll(l.heard(), "LOGINDISABLED", ""), bad) && c.stage != "tls" {
						t.Errorf("the server heard %q", bad)
					}
				}
				if text := err.Error(); !strings.Contains(text, "127.0.0.1:") || !strings.Contains(text, "; ") {
					t.Errorf("sentence without address or next step: %s", text)
				}
			})
		})
	}
}

func TestCertificates(t *testing.T) {
	t.Parallel()
	authority := transporttest.NewAuthority(t, "CA")
	day := 24 * time.Hour
	for want, leaf := range map[transport.Kind]transporttest.Leaf{
		transport.Expired:     {NotBefore: time.Now().Add(-2 * day), NotAfter: time.Now().Add(-day)},
		transport.NotYetValid: {NotBefore: time.Now().Add(day)},
		transport.WrongName:   {Names: []string{"other.example"}},
		transport.NoNames:     {NoNames: true},
		transport.SelfSigned:  {SelfSigned: true},
		transport.Unknown:     {},
	} {
		conf := &tls.Config{Certificates: []tls.Certificate{authority.Issue(t, leaf)}}
		m, err := imapmem.Start("soc", "secret", conf)
		if err != nil {
			t.Fatal(err)
		}
		c := baseConfig(t, "localhost", m.Port, "soc", "secret")
		var stages []string
		c.Stage = func(name string, _ time.Duration, _ string, err error) {
			stages = append(stages, fmt.Sprintf("%s %v", name, err == nil))
		}
		c.Secure = authority.Secure
		f, err := mailbox.Dial(t.Context(), c)
		if transport.Explain(err, time.Now()).Kind != want {
			t.Errorf("%q: %v", want, err)
		}
		wantStages := []string{"dns true", "connect true", "tls false"}
		if err == nil {
			_ = f.Close()
			wantStages = []string{"dns true", "connect true", "tls true", "login true", "folder true"}
		}
		if !slices.Equal(stages, wantStages) {
			t.Errorf("%q: stages %v", want, stages)
		}
		_ = m.Close()
	}
}

func TestNothingThere(t *testing.T) {
	c := baseConfig(t, "127.0.0.1", transporttest.RefusedPort(t), "user", "password")
	if _, err := mailbox.Dial(t.Context(), c); transport.Explain(err, time.Now()).Kind != transport.ConnRefused || !strings.Contains(err.Error(), "nothing listens there (connection refused); check imap_server and port") {
		t.Errorf("%v", err)
	}
	c.Host = "no-such-host.invalid"
	_, err := mailbox.Dial(t.Context(), c)
	if e, _ := err.(*mailbox.Error); e == nil || e.Stage != "dns" {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := mailbox.Dial(ctx, c); err == nil {
		t.Error("dialled under a context that has ended")
	}
}

func TestDovecotLogins(t *testing.T) {
	t.Parallel()
	d := sharedDovecot(t)
	odd := d.OddUser()
	for name, c := range map[string]struct {
		port     int
		security mailbox.Security
	}{"TLS": {d.TLS, mailbox.SSLTLS}, "STARTTLS": {d.Plain, mailbox.STARTTLS}, "clear": {d.Plain, mailbox.Clear}} {
		conf := baseConfig(t, d.Host, c.port, odd.Name, odd.Password)
		conf.Security, conf.Secure = c.security, d.Authority.Secure
		f, err := mailbox.Dial(t.Context(), conf)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if s := f.Status(); (s.Greeting == "") != (c.security == mailbox.STARTTLS) || !slices.Contains(s.Capabilities, "IDLE") {
			t.Errorf("%s: %+v", name, s)
		}
		search(t, f, mailbox.Criteria{Unseen: true})
		_ = f.Close()
	}
	conf := baseConfig(t, d.Host, d.TLS, odd.Name, "a\x00b")
	conf.Secure = d.Authority.Secure
	if _, err := mailbox.Dial(t.Context(), conf); err == nil || !strings.Contains(err.Error(), "NUL") {
		t.Errorf("a password with NUL: %v", err)
	}
	conf.Login.Password = secret.New(odd.Password)
	conf.Port, conf.Security, conf.Timeout = d.TLS, mailbox.STARTTLS, time.Second
	if _, err := mailbox.Dial(t.Context(), conf); err == nil || !strings.Contains(err.Error(), "ssl_tls") && !strings.Contains(err.Error(), "SSL/TLS") {
		t.Errorf("STARTTLS on a TLS port: %v", err)
	}
}

// TestLoginCommand is a server without SASL-IR: LOGIN, with a literal for what cannot be quoted.
func TestLoginCommand(t *testing.T) {
	s := startScript(t, 1, nil)
	s.greeting = "* OK [CAPABILITY IMAP4rev1] hi"
	s.hook = func(c *scriptConn, tag, command string) bool {
		if strings.HasPrefix(command, "LOGIN") && strings.HasSuffix(command, "}") {
			c.say("+ go\r\n")
			return true
		}
		if strings.HasPrefix(tag, `p"`) {
			c.say("T1 OK in\r\n")
			return true
		}
		return false
	}
	c := s.config(t)
	c.Login.Password = secret.New(`p"\ä x`)
	f := dial(t, c)
	defer f.Close()
	if got := s.seenCommands(); !strings.HasPrefix(got, `LOGIN "soc" {`) {
		t.Errorf("%q", got)
	}
}

func TestOAuthDovecot(t *testing.T) {
	t.Parallel()
	d := mailboxtest.StartOAuthDovecot(t)
	u := d.NewUser()
	d.Deliver(u, mail(1, 200), mailboxtest.Delivery{})
	conf := baseConfig(t, d.Host, d.TLS, u.Name, "")
	conf.Secure = d.Authority.Secure
	expired := d.Token(u, map[string]any{"exp": time.Now().Add(-time.Hour).Unix()})
	for name, c := range map[string]struct {
		first, second string
		kind          mailbox.Kind
	}{
		"good":            {d.Token(u, nil), "", ""},
		"renewed":         {expired, d.Token(u, nil), ""},
		"expired":         {expired, expired, mailbox.AuthFailed},
		"another's":       {d.Token(d.OddUser(), nil), d.Token(d.OddUser(), nil), mailbox.AuthFailed},
		"another program": {d.Token(u, map[string]any{"aud": "x"}), d.Token(u, map[string]any{"aud": "x"}), mailbox.AuthFailed},
	} {
		n := 0
		conf.Login.Token = func(_ context.Context, renew bool) (secret.String, error) {
			n++
			if renew {
				return secret.New(c.second), nil
			}
			return secret.New(c.first), nil
		}
		f, err := mailbox.Dial(t.Context(), conf)
		if kind(err) != c.kind || n > 2 {
			t.Errorf("%s: %v after %d tokens", name, err, n)
		}
		if err == nil {
			if got := fetch(t, f, search(t, f, mailbox.Criteria{})); len(got) != 1 {
				t.Errorf("%s: %d emails", name, len(got))
			}
			_ = f.Close()
		} else if strings.Contains(err.Error(), c.first) {
			t.Errorf("%s: the token is in the error", name)
		}
	}
}

// TestDovecotClientCertificate logs in with the certificate alone (SASL EXTERNAL).
func TestDovecotClientCertificate(t *testing.T) {
	t.Parallel()
	d := mailboxtest.StartDovecotWith(t, `
auth_mechanisms = plain external
auth_ssl_username_from_cert = yes
ssl_ca = <DIR/cert.pem
ssl_require_crl = no
ssl_verify_client_cert = yes
ssl_cert_username_field = commonName
passdb {
  driver = static
  args = nopassword=y
  mechanisms = external
}
`)
	u := d.NewUser()
	d.Deliver(u, mail(1, 200), mailboxtest.Delivery{})
	show := func(a *transporttest.Authority, name string) mailbox.Config {
		pair := a.Issue(t, transporttest.Leaf{CommonName: name, Names: []string{}, Usage: x509.ExtKeyUsageClientAuth})
		trust, err := transport.NewTrust(d.Authority.PEM)
		if err != nil {
			t.Fatal(err)
		}
		c := baseConfig(t, d.Host, d.TLS, u.Name, "")
		c.Login.External, c.Secure = true, trust.SecureWith(transport.Options{Certificate: &pair})
		return c
	}
	f := dial(t, show(d.Authority, u.Name))
	if got := fetch(t, f, search(t, f, mailbox.Criteria{})); len(got) != 1 {
		t.Errorf("%d emails", len(got))
	}
	_ = f.Close()
	if _, err := mailbox.Dial(t.Context(), show(transporttest.NewAuthority(t, "Other CA"), u.Name)); err == nil {
		t.Error("a certificate of another company opens the mailbox")
	}
	if _, err := mailbox.Dial(t.Context(), show(d.Authority, "nobody\x00@corp.example")); kind(err) != mailbox.AuthFailed {
		t.Error(err)
	}
}
