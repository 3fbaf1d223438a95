package transport_test

import (
	"bufio"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"example.org/imap-integration/secret"
	"example.org/imap-integration/transport"
	"example.org/imap-integration/transport/transporttest"
)

// TestMailServers are TLS servers as they stand in old machine rooms: what is said by
// default, and what tls_compatibility and the other settings for the mail server change.
func TestMailServers(t *testing.T) {
	ca := transporttest.NewAuthority(t, "Corp Root CA")
	rsaOnly := &tls.Config{CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_GCM_SHA256}, MaxVersion: tls.VersionTLS12}
	old := &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10, CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA, tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA}}
	rc4 := &tls.Config{CipherSuites: []uint16{tls.TLS_RSA_WITH_RC4_128_SHA}, MaxVersion: tls.VersionTLS12}
	for name, c := range map[string]struct {
		server *tls.Config
		leaf   transporttest.Leaf
		kind   transport.Kind // by default; "": it works
		says   string
		compat transport.Kind // with tls_compatibility
		also   string
		never  bool // also allow_untrusted_certificates does not help
	}{
		"as today":               {},
		"RSA key exchange only":  {server: rsaOnly, leaf: transporttest.Leaf{RSA: true}, kind: transport.OldKeyExchange, says: "no key exchange that is still safe", never: true},
		"TLS 1.0 with AES":       {server: old, leaf: transporttest.Leaf{RSA: true}, kind: transport.OldTLS, says: "or set tls_compatibility", never: true},
		"RC4 only":               {server: rc4, leaf: transporttest.Leaf{RSA: true}, kind: transport.OldKeyExchange, says: "still safe", compat: transport.OldKeyExchange, also: "no cipher suite in common, RSA key exchange included", never: true},
		"a negative serial":      {leaf: transporttest.Leaf{Negative: true}},
		"a common name only":     {leaf: transporttest.Leaf{NoNames: true}, kind: transport.NoNames, says: "no subject alternative name"},
		"another common name":    {leaf: transporttest.Leaf{NoNames: true, CommonName: "mail"}, kind: transport.NoNames, says: "no subject alternative name", compat: transport.NoNames},
		"a certificate for none": {leaf: transporttest.Leaf{SelfSigned: true, NoNames: true}, kind: transport.NoNames, says: "no subject", compat: transport.SelfSigned, also: "ca_certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			port := transporttest.Serve(t, ca.Issue(t, c.leaf), c.server, "")
			trust := trusting(t, ca.PEM)
			for o, want := range map[transport.Options]struct {
				kind transport.Kind
				says string
			}{
				{}:                 {c.kind, c.says},
				{Compatible: true}: {c.compat, c.also},
			} {
				_, err := handshake(t, trust.SecureWith(o), "localhost", port)
				kind, text := explain(err, time.Now())
				if (err == nil) != (want.kind == "") || kind != want.kind || !strings.Contains(text, want.says) {
					t.Errorf("%+v: %q %s from %v", o, kind, text, err)
				}
			}
			for _, compatible := range []bool{false, true} {
				_, err := handshake(t, trust.SecureWith(transport.Options{Unverified: true, Compatible: compatible}), "localhost", port)
				if allowed := !c.never || compatible && c.compat == ""; (err == nil) != allowed {
					t.Errorf("untrusted certificates allowed, compatible %v: %v", compatible, err)
				}
			}
		})
	}
}

// TestClientCertificate is a server that wants to know who connects.
func TestClientCertificate(t *testing.T) {
	ca, other := transporttest.NewAuthority(t, "Corp Root CA"), transporttest.NewAuthority(t, "Other CA")
	client := transporttest.Leaf{CommonName: "soc@corp.example", Usage: x509.ExtKeyUsageClientAuth, Names: []string{}}
	good, wrong := ca.Issue(t, client), other.Issue(t, client)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		conf := &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: ca.Pool(), MaxVersion: version}
		port := transporttest.Serve(t, ca.Issue(t, transporttest.Leaf{}), conf, "* OK hello\r\n")
		for name, c := range map[string]struct {
			show *tls.Certificate
			says string
		}{
			"none":               {nil, "the server wants a client certificate"},
			"a good one":         {&good, ""},
			"of another company": {&wrong, "the server refuses client_certificate"},
		} {
			dial, _ := transport.Dialer(secret.String{}, nil)
			socket, err := dial(within(t, 10*time.Second), "tcp", "127.0.0.1:"+port)
			if err != nil {
				t.Fatal(err)
			}
			conn, err := trusting(t, ca.PEM).SecureWith(transport.Options{Certificate: c.show})(within(t, 10*time.Second), socket, "localhost")
			if err == nil { // under TLS 1.3 the server says it behind the handshake
				_, err = conn.Read(make([]byte, 1))
			}
			_, text := explain(err, time.Now())
			if (err == nil) != (c.says == "") || !strings.Contains(text, c.says) {
				t.Errorf("%s, %s: %v, %s", tls.VersionName(version), name, err, text)
			}
			_ = socket.Close()
		}
	}
}

func TestParseClientCertificate(t *testing.T) {
	ca := transporttest.NewAuthority(t, "CA")
	pair := ca.Issue(t, transporttest.Leaf{})
	another := ca.Issue(t, transporttest.Leaf{RSA: true})
	block := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	key := func(c tls.Certificate) string {
		der, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
		if err != nil {
			t.Fatal(err)
		}
		return block("PRIVATE KEY", der)
	}
	cert := block("CERTIFICATE", pair.Certificate[0])
	oneLine := strings.ReplaceAll(key(pair), "\n", " ")
	for name, c := range map[string]struct{ cert, key, says string }{
		"good":                    {cert, key(pair), ""},
		"with its authority":      {cert + ca.PEM, key(pair), ""},
		"without line breaks":     {strings.ReplaceAll(cert, "\n", `\n`), oneLine, ""},
		"PKCS #1":                 {block("CERTIFICATE", another.Certificate[0]), block("RSA PRIVATE KEY", pkcs1(t, another)), ""},
		"the key of another":      {cert, key(another), "client_key: it is the key of another certificate"},
		"no key":                  {cert, cert, "client_key: the text holds no private key"},
		"half a key":              {cert, key(pair)[:60], "client_key: the private key cannot be read"},
		"with a passphrase":       {cert, block("ENCRYPTED PRIVATE KEY", []byte("x")), "take that off"},
		"no certificate":          {key(pair), key(pair), "client_certificate: the text holds a private key and no certificate"},
		"half a certificate":      {cert[:80], key(pair), "client_certificate: certificate 1 of the text cannot be read"},
		"an old kind of password": {cert, "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n", "take that off"},
	} {
		got, err := transport.ParseClientCertificate(c.cert, secret.New(c.key))
		switch {
		case c.says == "" && (err != nil || got.PrivateKey == nil):
			t.Errorf("%s: %v", name, err)
		case c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), key(pair)[40:60])):
			t.Errorf("%s: %v", name, err)
		}
	}
}

func pkcs1(t *testing.T, c tls.Certificate) []byte {
	t.Helper()
	k, ok := c.PrivateKey.(*rsa.PrivateKey)
	if !ok {
		t.Fatal("no RSA key")
	}
	return x509.MarshalPKCS1PrivateKey(k)
}

// TestOpenSSLServers has OpenSSL be the server, whose words on the wire are not Go's.
func TestOpenSSLServers(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil && os.Getenv("CI") != "true" {
		t.Skip("without openssl")
	} else if err != nil {
		t.Fatal(err)
	}
	ca := transporttest.NewAuthority(t, "Corp Root CA")
	dir := t.TempDir()
	cert, key, err := ca.WriteLeaf(transporttest.Leaf{RSA: true}, dir)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		options []string
		kind    transport.Kind
		compat  transport.Kind
	}{
		"today":                 {nil, "", ""},
		"RSA key exchange only": {[]string{"-tls1_2", "-cipher", "kRSA:@SECLEVEL=0"}, transport.OldKeyExchange, ""},
		"DHE only":              {[]string{"-tls1_2", "-cipher", "kDHE:@SECLEVEL=0"}, transport.OldKeyExchange, transport.OldKeyExchange},
		"TLS 1.1":               {[]string{"-tls1_1", "-cipher", "ALL:@SECLEVEL=0"}, transport.OldTLS, ""},
	} {
		for _, compatible := range []bool{false, true} {
			conn := opensslServer(t, openssl, append([]string{"-cert", cert, "-key", key}, c.options...))
			_, err := trusting(t, ca.PEM).SecureWith(transport.Options{Compatible: compatible})(within(t, 30*time.Second), conn, "localhost")
			want := c.kind
			if compatible {
				want = c.compat
			}
			if kind := transport.Explain(err, time.Now()).Kind; kind != want || (err == nil) != (want == "") {
				t.Errorf("%s, compatible %v: %q from %v", name, compatible, kind, err)
			}
		}
	}
}

// opensslServer starts openssl s_server, which takes one connection, and makes that.
func opensslServer(t *testing.T, openssl string, options []string) net.Conn {
	t.Helper()
	cmd := exec.Command(openssl, append([]string{"s_server", "-accept", "127.0.0.1:0", "-naccept", "1"}, options...)...)
	in, err := cmd.StdinPipe() // at whose end it would close the connection
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = in.Close(); _ = cmd.Wait() })
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if addr, found := strings.CutPrefix(lines.Text(), "ACCEPT "); found {
			conn, err := net.Dial("tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = conn.Close() })
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return conn
		}
	}
	t.Fatal("openssl says nothing of where it listens")
	return nil
}
