package mailboxtest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// Authority is a throw-away certificate authority.
type Authority struct {
	PEM  string // its certificate, for the parameter ca_certificate
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// LeafKind says what is wrong with a server certificate.
type LeafKind int

// The kinds of leaf that a client must tell apart. All but WrongName and NoSAN
// are made out to localhost, 127.0.0.1 and ::1.
const (
	Good        LeafKind = iota
	Expired              // ended a day ago
	NotYetValid          // begins in a day
	WrongName            // made out to other.example
	NoSAN                // localhost stands in the common name only (RFC 9525, section 2 wants a SAN)
	SelfSigned           // signed by itself, not by the authority
)

// String names the kind in test output.
func (k LeafKind) String() string {
	names := [...]string{"good", "expired", "not yet valid", "wrong name", "no SAN", "self-signed"}
	if int(k) < len(names) {
		return names[k]
	}
	return fmt.Sprintf("LeafKind(%d)", int(k))
}

// NewAuthority makes a certificate authority that is valid for a month.
func NewAuthority() (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template, err := certificate("Mailboxtest CA", -30*24*time.Hour, 30*24*time.Hour)
	if err != nil {
		return nil, err
	}
	template.IsCA, template.BasicConstraintsValid = true, true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &Authority{PEM: encodePEM("CERTIFICATE", der), cert: cert, key: key}, nil
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

// Leaf makes a server certificate of this kind, with the authority behind it.
func (a *Authority) Leaf(kind LeafKind) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template, err := leafTemplate(kind)
	if err != nil {
		return tls.Certificate{}, err
	}
	parent, signer := a.cert, a.key
	if kind == SelfSigned {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		return tls.Certificate{}, err
	}
	chain := [][]byte{der}
	if kind != SelfSigned {
		chain = append(chain, a.cert.Raw)
	}
	return tls.Certificate{Certificate: chain, PrivateKey: key}, nil
}

// ServerTLS is a server's configuration with a leaf of this kind.
func (a *Authority) ServerTLS(kind LeafKind) (*tls.Config, error) {
	leaf, err := a.Leaf(kind)
	if err != nil {
		return nil, err
	}
	return &tls.Config{Certificates: []tls.Certificate{leaf}, MinVersion: tls.VersionTLS12}, nil
}

func leafTemplate(kind LeafKind) (*x509.Certificate, error) {
	from, to := -24*time.Hour, 30*24*time.Hour
	switch kind {
	case Expired:
		from, to = -48*time.Hour, -24*time.Hour
	case NotYetValid:
		from = 24 * time.Hour
	}
	c, err := certificate("localhost", from, to)
	if err != nil {
		return nil, err
	}
	c.KeyUsage = x509.KeyUsageDigitalSignature
	c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	switch kind {
	case NoSAN:
	case WrongName:
		c.Subject.CommonName, c.DNSNames = "other.example", []string{"other.example"}
	default:
		c.DNSNames = []string{"localhost"}
		c.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	}
	return c, nil
}

func certificate(name string, from, to time.Duration) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    now.Add(from),
		NotAfter:     now.Add(to),
	}, nil
}

// WriteLeaf makes a certificate of this kind and writes its chain and its key
// as PEM into cert.pem and key.pem of a folder.
func (a *Authority) WriteLeaf(kind LeafKind, folder string) (cert, key string, err error) {
	leaf, err := a.Leaf(kind)
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
	return cert, key, errors.Join(os.WriteFile(cert, []byte(chain), 0o644), os.WriteFile(key, []byte(encodePEM("PRIVATE KEY", der)), 0o600))
}

func encodePEM(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}
