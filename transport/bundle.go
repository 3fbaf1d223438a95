package transport

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"os"
	"runtime"
)

// bundles are the files in which crypto/x509 looks for the system's authorities
// on Linux, in its order; the first that can be read counts, so that none is
// read here that the library would pass by. A test compares the two lists.
var bundles = []string{
	"/etc/ssl/certs/ca-certificates.crt",
	"/etc/pki/tls/certs/ca-bundle.crt",
	"/etc/ssl/ca-bundle.pem",
	"/etc/pki/tls/cacert.pem",
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
	"/etc/ssl/cert.pem",
}

// systemBundle reads the file of the system's authorities, as far as they are in
// one. Elsewhere than on Linux there is none, or the system verifies itself.
func systemBundle() []byte {
	if runtime.GOOS != "linux" {
		return nil
	}
	files := bundles
	if file := os.Getenv("SSL_CERT_FILE"); file != "" {
		files = []string{file}
	}
	for _, file := range files {
		if data, err := os.ReadFile(file); err == nil {
			return data
		}
	}
	return nil
}

// issuersOf picks from a bundle the authorities that may have signed one of
// these certificates: whose bytes contain the name of an issuer. The others are
// not parsed, which is what a bundle costs. nil where none is left.
func issuersOf(certs []*x509.Certificate, bundle []byte) *x509.CertPool {
	var pool *x509.CertPool
	for {
		var block *pem.Block
		if block, bundle = pem.Decode(bundle); block == nil {
			return pool
		}
		if block.Type != "CERTIFICATE" || len(block.Headers) > 0 || !namesIssuer(block.Bytes, certs) {
			continue // the first two as x509.CertPool.AppendCertsFromPEM has them
		}
		if c, err := x509.ParseCertificate(block.Bytes); err == nil {
			if pool == nil {
				pool = x509.NewCertPool()
			}
			pool.AddCert(c)
		}
	}
}

func namesIssuer(der []byte, certs []*x509.Certificate) bool {
	for _, c := range certs {
		if bytes.Contains(der, c.RawIssuer) {
			return true
		}
	}
	return false
}
