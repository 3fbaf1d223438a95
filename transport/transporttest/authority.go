// Package transporttest is the other side of package transport for tests: a
// throw-away certificate authority, and CONNECT and SOCKS5 proxies on loopback.
package transporttest

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync"
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
	RSA        bool             // an RSA key, which a server without ECDHE needs
	Negative   bool             // the serial number is below 0 (RFC 5280, section 4.1.2.2, forbids it)
}

// NewAuthority makes a root authority.
func NewAuthority(t testing.TB, name string) *Authority {
	t.Helper()
	a, err := MakeAuthority(name)
	fatal(t, err)
	return a
}

// MakeAuthority is [NewAuthority] for programs that are not tests.
func MakeAuthority(name string) (*Authority, error) {
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	c, err := authority(name)
	if err != nil {
		return nil, err
	}
	return signed(c, key, c, key)
}

// Limits are what an authority between a root and servers may sign. The zero value is everything.
type Limits struct {
	Domain string           // names below it only
	Usage  x509.ExtKeyUsage // certificates for it only; zero: for all
}

// Under makes an authority between this one and servers.
func (a *Authority) Under(t testing.TB, name string, l Limits) *Authority {
	t.Helper()
	c, err := authority(name)
	fatal(t, err)
	if l.Domain != "" {
		c.PermittedDNSDomains, c.PermittedDNSDomainsCritical = []string{l.Domain}, true
	}
	if l.Usage != 0 {
		c.ExtKeyUsage = []x509.ExtKeyUsage{l.Usage}
	}
	key, err := newKey()
	fatal(t, err)
	made, err := signed(c, key, a.cert, a.key)
	fatal(t, err)
	made.above = append([][]byte{made.cert.Raw}, a.above...)
	return made
}

func authority(name string) (*x509.Certificate, error) {
	n, err := serial()
	return &x509.Certificate{
		SerialNumber: n, Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-24 * time.Hour), NotAfter: time.Now().Add(90 * 24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}, err
}

func signed(c *x509.Certificate, key *ecdsa.PrivateKey, parent *x509.Certificate, signer *ecdsa.PrivateKey) (*Authority, error) {
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signer)
	if err != nil {
		return nil, err
	}
	c, err = x509.ParseCertificate(der)
	return &Authority{PEM: encodePEM("CERTIFICATE", der), cert: c, key: key}, err
}

// Pool holds the authority alone.
func (a *Authority) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// Secure does a client's handshake that trusts the authority alone, as mailbox.Config wants it.
func (a *Authority) Secure(ctx context.Context, socket net.Conn, host string) (*tls.Conn, error) {
	conn := tls.Client(socket, &tls.Config{RootCAs: a.Pool(), ServerName: host, MinVersion: tls.VersionTLS12})
	return conn, conn.HandshakeContext(ctx)
}

// Issue makes a server's certificate with its key.
func (a *Authority) Issue(t testing.TB, l Leaf) tls.Certificate {
	t.Helper()
	c, err := a.Certificate(l)
	fatal(t, err)
	return c
}

// Certificate is [Authority.Issue] for programs that are not tests.
func (a *Authority) Certificate(l Leaf) (tls.Certificate, error) {
	key, err := l.key()
	if err != nil {
		return tls.Certificate{}, err
	}
	c, err := l.template()
	if err != nil {
		return tls.Certificate{}, err
	}
	parent, signer := a.cert, crypto.Signer(a.key)
	if l.SelfSigned {
		parent, signer = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), signer)
	if err == nil && l.Negative {
		der, err = negate(der, c.SerialNumber, signer)
	}
	chain := [][]byte{der}
	if !l.Alone && !l.SelfSigned {
		chain = append(chain, a.above...)
	}
	return tls.Certificate{Certificate: chain, PrivateKey: key}, err
}

// WriteLeaf makes a certificate and writes its chain, the authority at its end,
// and its key as PEM into cert.pem and key.pem of a folder.
func (a *Authority) WriteLeaf(l Leaf, folder string) (cert, key string, err error) {
	leaf, err := a.Certificate(l)
	if err != nil {
		return "", "", err
	}
	chain := ""
	for _, der := range leaf.Certificate {
		chain += encodePEM("CERTIFICATE", der)
	}
	der, err := x509.MarshalPKCS8PrivateKey(leaf.PrivateKey)
	if err != nil {
		return "", "", err
	}
	cert, key = filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	return cert, key, errors.Join(os.WriteFile(cert, []byte(chain+a.PEM), 0o644), os.WriteFile(key, []byte(encodePEM("PRIVATE KEY", der)), 0o600))
}

func encodePEM(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func (l Leaf) template() (*x509.Certificate, error) {
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
	n, err := serial()
	c := &x509.Certificate{
		SerialNumber: n, Subject: pkix.Name{CommonName: l.CommonName}, DNSNames: l.Names,
		NotBefore: l.NotBefore, NotAfter: l.NotAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{l.Usage},
	}
	for _, a := range l.Addresses {
		c.IPAddresses = append(c.IPAddresses, net.ParseIP(a))
	}
	return c, err
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

// key is a new one, or the one RSA key of all tests, because making one takes a while.
func (l Leaf) key() (crypto.Signer, error) {
	if l.RSA {
		return rsaKey()
	}
	return newKey()
}

var rsaKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// negate gives a certificate the serial number with the sign bit set, and signs it anew:
// the library makes no such certificate.
func negate(der []byte, serial *big.Int, signer crypto.Signer) ([]byte, error) {
	var c struct {
		TBS, Algorithm asn1.RawValue
		Signature      asn1.BitString
	}
	if _, err := asn1.Unmarshal(der, &c); err != nil {
		return nil, err
	}
	at := bytes.Index(c.TBS.FullBytes, serial.Bytes())
	c.TBS.FullBytes[at] |= 0x80
	digest := sha256.Sum256(c.TBS.FullBytes)
	signature, err := signer.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		return nil, err
	}
	c.Signature = asn1.BitString{Bytes: signature, BitLength: 8 * len(signature)}
	return asn1.Marshal(c)
}

func newKey() (*ecdsa.PrivateKey, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) }

// serial is one of eight bytes.
func serial() (*big.Int, error) {
	n, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		return nil, err
	}
	return n.SetBit(n, 62, 1), nil
}

func fatal(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
