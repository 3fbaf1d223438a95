package transport

import (
	"context"
	"crypto/fips140"
	"crypto/tls"
	"crypto/x509"
	"net"
	"strings"
)

// Options are what holds for the mail server alone, besides the authorities that
// are trusted everywhere.
type Options struct {
	// Unverified is allow_untrusted_certificates: the connection is encrypted, and
	// who is at its other end stays unproved.
	Unverified bool
	// Compatible is tls_compatibility: TLS 1.0 and 1.1, RSA key exchange, 3DES, and a
	// certificate that names its server in the common name only.
	Compatible bool
	// Certificate is shown to a server that asks for one; nil: none.
	Certificate *tls.Certificate
}

// SecureWith is [Trust.Secure] with options.
func (t *Trust) SecureWith(o Options) func(ctx context.Context, conn net.Conn, host string) (*tls.Conn, error) {
	return func(ctx context.Context, conn net.Conn, host string) (*tls.Conn, error) {
		conf := t.config(host)
		switch {
		case o.Unverified:
			conf = withOwnVerification(host, func(tls.ConnectionState) error { return nil })
		case o.Compatible && !fips140.Enabled():
			conf = withOwnVerification(host, func(state tls.ConnectionState) error {
				if commonNameOnly(state.PeerCertificates, host) {
					return t.verifyChain(state.PeerCertificates, "")
				}
				return t.verify(state.PeerCertificates, host)
			})
		}
		h := &HandshakeError{Compatible: o.Compatible, Given: o.Certificate != nil}
		conf.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			h.Asked = true
			if o.Certificate != nil {
				return o.Certificate, nil
			}
			return &tls.Certificate{}, nil // none: the server decides
		}
		if o.Compatible {
			conf.MinVersion, conf.CipherSuites = tls.VersionTLS10, compatibleSuites()
		}
		secured, err := handshake(ctx, conn, conf)
		if err == nil {
			return secured, nil
		}
		h.Err = err
		return nil, h
	}
}

// HandshakeError is a handshake with the mail server that failed, with what [Explain]
// has to know to name the cause: an alert alone says little.
type HandshakeError struct {
	Err        error
	Asked      bool // the server asked for a client certificate
	Given      bool // and there is one
	Compatible bool // old TLS was offered
}

func (e *HandshakeError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *HandshakeError) Unwrap() error { return e.Err }

// compatibleSuites are those that Go offers by itself, and those without
// forward secrecy. RC4 is not among them (RFC 7465).
func compatibleSuites() []uint16 {
	var list []uint16
	for _, s := range tls.CipherSuites() {
		list = append(list, s.ID)
	}
	for _, s := range tls.InsecureCipherSuites() {
		if !strings.Contains(s.Name, "RC4") {
			list = append(list, s.ID)
		}
	}
	return list
}

// commonNameOnly reports whether a certificate has no name but its common name, and
// that is the host's.
func commonNameOnly(certs []*x509.Certificate, host string) bool {
	if len(certs) == 0 {
		return false
	}
	c := certs[0]
	return len(c.DNSNames)+len(c.IPAddresses)+len(c.EmailAddresses)+len(c.URIs) == 0 && strings.EqualFold(c.Subject.CommonName, strings.TrimSuffix(host, "."))
}
