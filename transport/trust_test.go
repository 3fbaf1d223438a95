package transport_test

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/fips140"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"example.org/imap-integration/mailbox"
	"example.org/imap-integration/mailbox/mailboxtest"
	"example.org/imap-integration/secret"
	"example.org/imap-integration/transport"
	"example.org/imap-integration/transport/transporttest"
)

// The system's authorities of this process, for the library and for the package alike.
var inBundle, inFolder *transporttest.Authority

func TestMain(m *testing.M) { os.Exit(withAuthorities(m)) }

// withAuthorities runs the tests on a system that has one authority in its
// bundle, among others, and one in its folder only.
func withAuthorities(m *testing.M) int {
	dir, err := os.MkdirTemp("", "authorities")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	var t testing.T // only to fail with
	inBundle, inFolder = transporttest.NewAuthority(&t, "Bundle CA"), transporttest.NewAuthority(&t, "Folder CA")
	bundle := "# authorities\n" + transporttest.NewAuthority(&t, "Another CA").PEM + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" +
		inBundle.PEM + transporttest.NewAuthority(&t, "Bundle CA").PEM
	folder := filepath.Join(dir, "certs")
	err = errors.Join(
		os.WriteFile(filepath.Join(dir, "bundle.pem"), []byte(bundle), 0o600), os.Mkdir(folder, 0o700),
		os.WriteFile(filepath.Join(folder, "folder.pem"), []byte(inFolder.PEM), 0o600),
		os.Setenv("SSL_CERT_FILE", filepath.Join(dir, "bundle.pem")), os.Setenv("SSL_CERT_DIR", folder),
	)
	if err != nil {
		panic(err)
	}
	return m.Run()
}

// verdict is a server's certificate and what is to be said of it.
type verdict struct {
	name string
	cert tls.Certificate
	host string // "": localhost
	ca   string // ca_certificate
	want error  // its type; for x509.CertificateInvalidError its reason too
}

func verdicts(t *testing.T) []verdict {
	corp, unknown := transporttest.NewAuthority(t, "Corp Root CA"), transporttest.NewAuthority(t, "Unknown CA")
	past, future := time.Now().Add(-48*time.Hour), time.Now().Add(48*time.Hour)
	invalid := func(why x509.InvalidReason) error { return x509.CertificateInvalidError{Reason: why} }
	var list []verdict
	// What a chain says of itself, under each kind of root, in each setting in which the root is trusted.
	for _, root := range []struct {
		name string
		*transporttest.Authority
		ca string
	}{
		{"the user's", corp, corp.PEM},
		{"the bundle's", inBundle, ""},
		{"the bundle's, ca_certificate set", inBundle, corp.PEM},
		{"the folder's", inFolder, ""},
		{"the folder's, ca_certificate set", inFolder, corp.PEM},
	} {
		issue := func(name string, a *transporttest.Authority, l transporttest.Leaf, host string, want error) {
			list = append(list, verdict{root.name + ": " + name, a.Issue(t, l), host, root.ca, want})
		}
		middle := root.Under(t, "Middle CA", transporttest.Limits{})
		issue("good", root.Authority, transporttest.Leaf{}, "", nil)
		issue("good, in other letters and with a dot", root.Authority, transporttest.Leaf{}, "LocalHost.", nil)
		issue("good for an address", root.Authority, transporttest.Leaf{}, "127.0.0.1", nil)
		issue("good for an IPv6 address", root.Authority, transporttest.Leaf{}, "::1", nil)
		issue("good for one below", root.Authority, transporttest.Leaf{Names: []string{"*.corp.example"}}, "mail.corp.example", nil)
		issue("good, over an intermediate", middle, transporttest.Leaf{}, "", nil)
		issue("good, over two intermediates", middle.Under(t, "Lower CA", transporttest.Limits{}), transporttest.Leaf{}, "", nil)
		issue("good, within its constraint", root.Under(t, "Constrained CA", transporttest.Limits{Domain: "corp.example"}), transporttest.Leaf{Names: []string{"mail.corp.example"}}, "mail.corp.example", nil)
		issue("outside its constraint", root.Under(t, "Constrained CA", transporttest.Limits{Domain: "corp.example"}), transporttest.Leaf{}, "", invalid(x509.CANotAuthorizedForThisName))
		issue("an intermediate for clients", root.Under(t, "Client CA", transporttest.Limits{Usage: x509.ExtKeyUsageClientAuth}), transporttest.Leaf{}, "", invalid(x509.IncompatibleUsage))
		issue("the intermediate is missing", middle, transporttest.Leaf{Alone: true}, "", x509.UnknownAuthorityError{})
		issue("for clients", root.Authority, transporttest.Leaf{Usage: x509.ExtKeyUsageClientAuth}, "", invalid(x509.IncompatibleUsage))
		issue("expired", root.Authority, transporttest.Leaf{NotBefore: past.Add(-time.Hour), NotAfter: past}, "", invalid(x509.Expired))
		issue("not yet valid", root.Authority, transporttest.Leaf{NotBefore: future}, "", invalid(x509.Expired))
		issue("another name", root.Authority, transporttest.Leaf{Names: []string{"mail.corp.example"}}, "", x509.HostnameError{})
		issue("another address", root.Authority, transporttest.Leaf{Addresses: []string{"192.0.2.1"}}, "127.0.0.1", x509.HostnameError{})
		issue("another IPv6 address", root.Authority, transporttest.Leaf{}, "::2", x509.HostnameError{})
		issue("an address as a name", root.Authority, transporttest.Leaf{Names: []string{"127.0.0.1"}}, "127.0.0.1", x509.HostnameError{})
		issue("no names", root.Authority, transporttest.Leaf{NoNames: true}, "", x509.HostnameError{})
	}
	self := corp.Issue(t, transporttest.Leaf{SelfSigned: true})
	middle := unknown.Under(t, "Middle CA", transporttest.Limits{})
	return append(list,
		verdict{"unknown", unknown.Issue(t, transporttest.Leaf{}), "", "", x509.UnknownAuthorityError{}},
		verdict{"unknown, ca_certificate set", unknown.Issue(t, transporttest.Leaf{}), "", corp.PEM, x509.UnknownAuthorityError{}},
		verdict{"the user's, not given", corp.Issue(t, transporttest.Leaf{}), "", "", x509.UnknownAuthorityError{}},
		verdict{"self-signed", self, "", corp.PEM, x509.UnknownAuthorityError{}},
		verdict{"self-signed, trusted", self, "", pemOf(self), nil},
		verdict{"self-signed, trusted, another name", self, "mail.corp.example", pemOf(self), x509.HostnameError{}},
		verdict{"one that has the bundle's name", transporttest.NewAuthority(t, "Bundle CA").Issue(t, transporttest.Leaf{}), "", "", x509.UnknownAuthorityError{}},
		verdict{"one that has the user's name", transporttest.NewAuthority(t, "Corp Root CA").Issue(t, transporttest.Leaf{}), "", corp.PEM, x509.UnknownAuthorityError{}},
		verdict{"two that have the bundle's name", inBundle.Issue(t, transporttest.Leaf{}), "", transporttest.NewAuthority(t, "Bundle CA").PEM, nil},
		verdict{"an intermediate is trusted", middle.Issue(t, transporttest.Leaf{Alone: true}), "", middle.PEM, nil},
		verdict{"a chain that ends nowhere", middle.Issue(t, transporttest.Leaf{}), "", "", x509.UnknownAuthorityError{}},
	)
}

func pemOf(c tls.Certificate) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate[0]}))
}

// TestVerdicts holds every way to connect against crypto/tls's own verification
// with all authorities: same verdict, same error; and nothing is sent to a
// server whose certificate is refused.
func TestVerdicts(t *testing.T) {
	for _, v := range verdicts(t) {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			v.host = cmp.Or(v.host, "localhost")
			trust := trusting(t, v.ca)
			oracle := v.plain(t)
			if !v.expected(oracle) {
				t.Fatalf("crypto/tls says %v, not %T", oracle, v.want)
			}
			for way, connect := range map[string]func(*testing.T, verdict, *transport.Trust) (error, bool){
				"bare": bare, "HTTP": overHTTP, "IMAP": overIMAP, "STARTTLS": overSTARTTLS,
			} {
				err, sent := connect(t, v, trust)
				if !same(err, oracle) {
					t.Errorf("%s: %v, and crypto/tls says %v", way, err, oracle)
				}
				if sent != (oracle == nil) {
					t.Errorf("%s: something was sent: %v, after %v", way, sent, err)
				}
			}
		})
	}
}

// plain is what crypto/tls says, with the system's authorities and the user's in one pool.
func (v verdict) plain(t *testing.T) error {
	pool, err := x509.SystemCertPool()
	if err != nil {
		t.Fatal(err)
	}
	pool.AppendCertsFromPEM([]byte(v.ca))
	server := record(t, v.cert)
	conn := server.dial(t)
	defer conn.Close()
	return tls.Client(conn, &tls.Config{RootCAs: pool, ServerName: v.host}).HandshakeContext(within(t, 10*time.Second))
}

// expected reports whether an error is of the kind that the table wants.
func (v verdict) expected(err error) bool {
	if v.want == nil || err == nil {
		return v.want == nil && err == nil
	}
	var refused *tls.CertificateVerificationError
	var invalid, want x509.CertificateInvalidError
	if !errors.As(err, &refused) || reflect.TypeOf(refused.Err) != reflect.TypeOf(v.want) {
		return false
	}
	return !errors.As(v.want, &want) || errors.As(err, &invalid) && invalid.Reason == want.Reason
}

var clock = regexp.MustCompile(`current time \S+`)

// same compares what is inside of two errors of a handshake, and the sentences for it.
func same(a, b error) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	var x, y *tls.CertificateVerificationError
	if !errors.As(a, &x) || !errors.As(b, &y) || len(x.UnverifiedCertificates) != len(y.UnverifiedCertificates) {
		return false
	}
	text := func(err error) string {
		kind, text := explain(err, time.Now())
		return string(kind) + text + clock.ReplaceAllString(err.Error(), "")
	}
	return reflect.TypeOf(x.Err) == reflect.TypeOf(y.Err) && text(x) == text(y)
}

// recorder is an HTTP server under TLS that keeps what clients send.
type recorder struct {
	addr string
	wg   sync.WaitGroup
	mu   sync.Mutex
	got  bytes.Buffer
}

func record(t *testing.T, cert tls.Certificate) *recorder {
	t.Helper()
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{cert}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	r := &recorder{addr: l.Addr().String()}
	r.wg.Go(func() { // one connection
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		_ = c.SetDeadline(time.Now().Add(20 * time.Second))
		if _, err := http.ReadRequest(bufio.NewReader(io.TeeReader(c, r))); err == nil {
			_, _ = io.WriteString(c, "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
		}
	})
	return r
}

func (r *recorder) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.got.Write(p)
}

// heard reports whether the client sent something; the connection has to be closed.
func (r *recorder) heard() bool {
	r.wg.Wait()
	return r.got.Len() > 0
}

func (r *recorder) dial(t *testing.T) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", r.addr)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

func bare(t *testing.T, v verdict, trust *transport.Trust) (error, bool) {
	server := record(t, v.cert)
	conn := server.dial(t)
	secured, err := trust.Secure(within(t, 10*time.Second), conn, v.host)
	if err == nil {
		_, _ = io.WriteString(secured, "GET / HTTP/1.0\r\n\r\n")
		_, _ = io.Copy(io.Discard, secured)
	}
	_ = conn.Close()
	return err, server.heard()
}

func overHTTP(t *testing.T, v verdict, trust *transport.Trust) (error, bool) {
	server := record(t, v.cert)
	dial := func(context.Context, string, string) (net.Conn, error) { return net.Dial("tcp", server.addr) }
	client := transport.HTTPClient(dial, trust)
	req, err := http.NewRequestWithContext(within(t, 10*time.Second), http.MethodGet, "https://"+net.JoinHostPort(v.host, "443"), http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth("soc", canary)
	resp, err := client.Do(req)
	if err == nil {
		_ = resp.Body.Close()
	}
	client.CloseIdleConnections()
	return err, server.heard()
}

func overIMAP(t *testing.T, v verdict, trust *transport.Trust) (error, bool) {
	return dialIMAP(t, v, trust, mailbox.SSLTLS, mailboxtest.ScriptOptions{TLS: &tls.Config{Certificates: []tls.Certificate{v.cert}}})
}

func overSTARTTLS(t *testing.T, v verdict, trust *transport.Trust) (error, bool) {
	return dialIMAP(t, v, trust, mailbox.STARTTLS, mailboxtest.ScriptOptions{
		StartTLS: &tls.Config{Certificates: []tls.Certificate{v.cert}}, Capabilities: "IMAP4rev1 STARTTLS AUTH=PLAIN",
	})
}

func dialIMAP(t *testing.T, v verdict, trust *transport.Trust, security mailbox.Security, o mailboxtest.ScriptOptions) (error, bool) {
	script := mailboxtest.NewScript(t, o)
	f, err := mailbox.Dial(within(t, 10*time.Second), mailbox.Config{
		Host: v.host, Port: 993, Security: security, Secure: trust.Secure, Folder: "INBOX", Timeout: 10 * time.Second,
		Login: mailbox.Login{Username: "soc", Password: secret.New(canary)},
		Dial: func(context.Context, string, string) (net.Conn, error) {
			return net.Dial("tcp", net.JoinHostPort(script.Host, strconv.Itoa(script.Port)))
		},
	})
	if err == nil {
		_ = f.Close()
	}
	script.Close()
	sent := slices.DeleteFunc(strings.Split(string(script.Received()), "\r\n"), func(line string) bool {
		return line == "" || strings.HasPrefix(line, "S1 CAPABILITY") || strings.HasPrefix(line, "S2 STARTTLS") // before the handshake
	})
	return err, len(sent) > 0
}

// TestSystemIsReadWhenNeeded holds what is read of the system's authorities, and when.
func TestSystemIsReadWhenNeeded(t *testing.T) {
	if fips140.Enabled() {
		t.Skip("crypto/tls verifies in this mode, with all of them")
	}
	corp, unknown := transporttest.NewAuthority(t, "Corp Root CA"), transporttest.NewAuthority(t, "Unknown CA")
	for name, c := range map[string]struct {
		from          *transporttest.Authority
		ca            string
		bundle, whole int
	}{
		"the user's":                       {from: corp, ca: corp.PEM},
		"the bundle's":                     {from: inBundle, bundle: 1},
		"the bundle's, ca_certificate set": {from: inBundle, ca: corp.PEM, bundle: 1},
		"the folder's":                     {from: inFolder, bundle: 1, whole: 1},
		"unknown":                          {from: unknown, ca: corp.PEM, bundle: 1, whole: 1},
	} {
		trust := trusting(t, c.ca)
		bundle, whole := transport.Counted(trust)
		port := transporttest.Serve(t, c.from.Issue(t, transporttest.Leaf{}), nil, "")
		if _, err := handshake(t, trust.Secure, "localhost", port); (err == nil) == (c.from == unknown) {
			t.Errorf("%s: %v", name, err)
		}
		if *bundle != c.bundle || *whole != c.whole {
			t.Errorf("%s: the bundle was read %d times, the whole pool %d times", name, *bundle, *whole)
		}
	}
}

// TestNotTLSOverHTTP holds the error that tells an http server from a broken one.
func TestNotTLSOverHTTP(t *testing.T) {
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	trust := trusting(t, "")
	dial, err := transport.Dialer(secret.String{}, trust)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(within(t, 10*time.Second), http.MethodGet, strings.Replace(plain.URL, "http:", "https:", 1), http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if resp, err := transport.HTTPClient(dial, trust).Do(req); !errors.Is(err, http.ErrSchemeMismatch) {
		t.Errorf("%v, %v", resp, err)
	}
}

// TestNoName holds that a missing name is not taken for one that needs no check.
func TestNoName(t *testing.T) {
	ca := transporttest.NewAuthority(t, "CA")
	port := transporttest.Serve(t, ca.Issue(t, transporttest.Leaf{}), nil, "")
	if _, err := handshake(t, trusting(t, ca.PEM).Secure, "", port); err == nil {
		t.Error("a server is trusted without a name")
	}
}

// TestBundles compares the places of the authorities with those of this Go.
func TestBundles(t *testing.T) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Skip("there is no go here")
	}
	source, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(root)), "src/crypto/x509/root_linux.go"))
	if err != nil {
		t.Skip("the library's source is not here")
	}
	_, list, _ := strings.Cut(string(source), "var certFiles = []string{")
	list, _, _ = strings.Cut(list, "\n}")
	var files []string
	for _, m := range regexp.MustCompile(`"([^"]+)"`).FindAllStringSubmatch(list, -1) {
		files = append(files, m[1])
	}
	if !slices.Equal(files, transport.Bundles) {
		t.Errorf("crypto/x509 looks at %q; correct the list to its order", fmt.Sprint(files))
	}
}
