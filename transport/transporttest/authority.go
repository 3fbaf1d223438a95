// Package transporttest is the other side of package transport for tests: a
// throw-away certificate authority, and CONNECT and SOCKS5 proxies on loopback.
package transporttest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"testing"
	"time"
)

// Authority is a certificate authority that lives as long as a test.
type Authority struct {
	PEM   string // its certificate
	cert  *x509.Certificate
	key   *ecdsa.PrivateKey
	above [][]byte // what a server sends behind its own certificate; none of a root
}

// Leaf says what is special about a server's certificate. The zero value is a
// good one for localhost, 127.0.0.1 and ::1.
type Leaf struct {
	Names      []string // DNS names; nil: localhost
	Addresses  []string // IP addresses; nil with nil Names: 127.0.0.1 and ::1
	NoNames    bool     // common name only
	SelfSigned bool
	Alone      bool             // sent without the authorities between it and the root
	Usage      x509.ExtKeyUsage // what it is for; zero: servers
	NotBefore  time.Time        // zero: an hour ago
	NotAfter   time.Time        // zero: in 60 days
	CommonName string           // "": localhost
}

// NewAuthority makes a root authority.
func NewAuthority(t testing.TB, name string) *Authority {
	t.Helper()
	key, c := newKey(t), authority(t, name)
	return signed(t, c, key, c, key)
}

// Limits are what an authority between a root and servers may sign. The zero value is everything.
type Limits struct {
	Domain string           // names below it only
	Usage  x509.ExtKeyUsage // certificates for it only; zero: for all
}

// Under makes an authority between this one and servers.
func (a *Authority) Under(t testing.TB, name string, l Limits) *Authority {
	t.Helper()
	c := authority(t, name)
	if l.Domain != "" {
		c.PermittedDNSDomains, c.PermittedDNSDomainsCritical = []string{l.Domain}, true
	}
	if l.Usage != 0 {
		c.ExtKeyUsage = []x509.ExtKeyUsage{l.Usage}
	}
	made := signed(t, c, newKey(t), a.cert, a.key)
	made.above = append([][]byte{made.cert.Raw}, a.above...)
	return made
}

func authority(t testing.TB, name string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: serial(t), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-24 * time.Hour), NotAfter: time.Now().Add(90 * 24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
}

func signed(t testing.TB, c *x509.Certificate, key *ecdsa.PrivateKey, parent *x509.Certificate, signer *ecdsa.PrivateKey) *Authority {
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signer)
	fatal(t, err)
	c, err = x509.ParseCertificate(der)
	fatal(t, err)
	return &Authority{PEM: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), cert: c, key: key}
}

// Issue makes a server's certificate with its key.
func (a *Authority) Issue(t testing.TB, l Leaf) tls.Certificate {
	t.Helper()
	key := newKey(t)
	c := l.template(t)
	parent, signer := a.cert, a.key
	if l.SelfSigned {
		parent, signer = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signer)
	fatal(t, err)
	chain := [][]byte{der}
	if !l.Alone && !l.SelfSigned {
		chain = append(chain, a.above...)
	}
	return tls.Certificate{Certificate: chain, PrivateKey: key}
}

func (l Leaf) template(t testing.TB) *x509.Certificate {
	if l.CommonName == "" {
		l.CommonName = "localhost"
	}
	if l.Names == nil && l.Addresses == nil && !l.NoNames {
		l.Names, l.Addresses = []string{"localhost"}, []string{"127.0.0.1", "::1"}
	}
	if l.NotBefore.IsZero() {
		l.NotBefore = time.Now().Add(-time.Hour)
	}
	if l.NotAfter.IsZero() {
		l.NotAfter = time.Now().Add(60*24*time.Hour + time.Minute)
	}
	if l.Usage == 0 {
		l.Usage = x509.ExtKeyUsageServerAuth
	}
	c := &x509.Certificate{
		SerialNumber: serial(t), Subject: pkix.Name{CommonName: l.CommonName}, DNSNames: l.Names,
		NotBefore: l.NotBefore, NotAfter: l.NotAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{l.Usage},
	}
	for _, a := range l.Addresses {
		c.IPAddresses = append(c.IPAddresses, net.ParseIP(a))
	}
	return c
}

// Serve accepts TLS connections on loopback with this certificate until the
// test ends, writes greeting to each and reads until it closes. conf may be nil.
func Serve(t testing.TB, cert tls.Certificate, conf *tls.Config, greeting string) (port string) {
	t.Helper()
	if conf == nil {
		conf = &tls.Config{}
	}
	conf.Certificates = []tls.Certificate{cert}
	l, err := tls.Listen("tcp", "127.0.0.1:0", conf)
	fatal(t, err)
	go accept(l, func(c net.Conn) {
		if _, err := c.Write([]byte(greeting)); err == nil {
			_, _ = c.Read(make([]byte, 1))
		}
	})
	t.Cleanup(func() { _ = l.Close() })
	return portOf(l)
}

func portOf(l net.Listener) string {
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// accept serves each connection in a goroutine until the listener is closed.
func accept(l net.Listener, serve func(net.Conn)) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer func() { _ = c.Close() }()
			serve(c)
		}()
	}
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	fatal(t, err)
	return key
}

func serial(t testing.TB) *big.Int {
	n, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	fatal(t, err)
	return n
}

func fatal(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
