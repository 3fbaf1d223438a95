package transport

import (
	"context"
	"crypto/fips140"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"iter"
	"net"
	"strings"
	"sync"
)

// Trust says which servers are believed: those with a certificate of one of the
// system's authorities or of those in ca_certificate. It parses the system's
// only where a chain cannot be verified without them, because that costs more
// than all the rest of a run with nothing to do. It may be used by several
// connections at once.
type Trust struct {
	given  *x509.CertPool        // of ca_certificate; nil for none
	bundle func() []byte         // the system's authorities, not parsed; empty where only x509 knows them
	whole  func() *x509.CertPool // the system's and those given; nil stands for the system's
}

// NewTrust returns the trust in the system's authorities and those in caPEM ("" = none besides).
func NewTrust(caPEM string) (*Trust, error) {
	var certs []*x509.Certificate
	if strings.TrimSpace(caPEM) != "" {
		var err error
		if certs, err = ParseCA(caPEM); err != nil {
			return nil, err
		}
	}
	return newTrust(certs), nil
}

func newTrust(given []*x509.Certificate) *Trust {
	t := &Trust{bundle: sync.OnceValue(systemBundle), whole: func() *x509.CertPool { return nil }}
	if len(given) > 0 {
		t.given = x509.NewCertPool()
		add(t.given, given)
		t.whole = sync.OnceValue(func() *x509.CertPool { return systemAnd(given) })
	}
	return t
}

func systemAnd(given []*x509.Certificate) *x509.CertPool {
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool() // a machine without authorities of its own still has those given here
	}
	add(pool, given)
	return pool
}

func add(pool *x509.CertPool, certs []*x509.Certificate) {
	for _, c := range certs {
		pool.AddCert(c)
	}
}

// Secure does the client's handshake: TLS 1.2 at least (RFC 9325, section
// 3.1.1), with a certificate for host, a name or an address. Nothing of the
// caller's is sent before the certificate is verified. Where it fails the
// connection is the caller's to close; the errors are those of crypto/tls.
func (t *Trust) Secure(ctx context.Context, conn net.Conn, host string) (*tls.Conn, error) {
	return handshake(ctx, conn, t.config(host))
}

func handshake(ctx context.Context, conn net.Conn, conf *tls.Config) (*tls.Conn, error) {
	secured := tls.Client(conn, conf)
	if err := secured.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	return secured, nil
}

func (t *Trust) config(host string) *tls.Config {
	if fips140.Enabled() { // there crypto/tls judges the keys of a chain too, with rules that only it has
		return &tls.Config{MinVersion: tls.VersionTLS12, ServerName: host, RootCAs: t.whole()}
	}
	return withOwnVerification(host, func(state tls.ConnectionState) error { return t.verify(state.PeerCertificates, host) })
}

// withOwnVerification makes the one kind of configuration with which crypto/tls
// does not verify certificates itself, because it would want a pool that is
// whole before the handshake. verify does it instead: crypto/tls calls it where
// its own verification would have been, before anything of the
// caller's is sent, on every handshake (VerifyPeerCertificate would
// not run for a resumed session), and its error ends the handshake. No such
// configuration leaves this package.
func withOwnVerification(host string, verify func(tls.ConnectionState) error) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12, ServerName: host,
		InsecureSkipVerify: true, VerifyConnection: verify,
	}
}

var errUnnamed = errors.New("tls: a server without a name or without a certificate cannot be verified")

// verify does what crypto/tls does with all authorities in RootCAs, and its
// error is theirs. The smaller pools before them are subsets, which can only
// trust less: a chain ends in one root, so a chain that is good with some of
// the roots is good with all of them.
func (t *Trust) verify(certs []*x509.Certificate, host string) error {
	if host == "" || len(certs) == 0 { // x509 would take an empty name for none to be checked
		return errUnnamed
	}
	return t.verifyChain(certs, host)
}

// verifyChain looks for a chain to an authority; the name is verified where it is not "".
func (t *Trust) verifyChain(certs []*x509.Certificate, host string) error {
	opts := x509.VerifyOptions{DNSName: host, Intermediates: x509.NewCertPool()}
	add(opts.Intermediates, certs[1:])
	var err error
	for opts.Roots = range t.pools(certs) {
		if _, err = certs[0].Verify(opts); err == nil {
			return nil
		}
	}
	if _, unknown := errors.AsType[x509.UnknownAuthorityError](err); unknown && t.given == nil && noAuthorities() {
		err = noAuthoritiesError{err}
	}
	return &tls.CertificateVerificationError{UnverifiedCertificates: certs, Err: err}
}

// noAuthoritiesError is an unknown authority on a machine that knows none at all: an image
// without the package ca-certificates, say.
type noAuthoritiesError struct{ error }

func (e noAuthoritiesError) Unwrap() error { return e.error }

func noAuthorities() bool {
	pool, err := x509.SystemCertPool()
	return err != nil || pool.Equal(x509.NewCertPool())
}

// pools yields what may hold the root of a chain: the cheapest first, everything last.
func (t *Trust) pools(certs []*x509.Certificate) iter.Seq[*x509.CertPool] {
	return func(yield func(*x509.CertPool) bool) {
		if t.given != nil && !yield(t.given) {
			return
		}
		if likely := issuersOf(certs, t.bundle()); likely != nil && !yield(likely) {
			return
		}
		yield(t.whole())
	}
}
