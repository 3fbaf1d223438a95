package transport

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

// maxCA bounds ca_certificate: the whole of Mozilla's list is a quarter of it.
const maxCA = 1 << 20

// ErrCA is wrapped by what [NewTrust] returns for a text without a usable certificate.
var ErrCA = errors.New("ca_certificate")

// ParseCA reads the certificates of a PEM text (RFC 7468). Text around them is
// ignored, and so is how their lines are broken: a text that came through an
// environment variable has often lost its line breaks.
func ParseCA(text string) ([]*x509.Certificate, error) {
	if len(text) > maxCA {
		return nil, fmt.Errorf("%w: the text is longer than 1 MiB; give only the certificate of the authority that signs the server's", ErrCA)
	}
	var certs []*x509.Certificate
	rest := strings.ReplaceAll(text, `\n`, "\n")
	for n := 1; ; n++ {
		der, after, found := nextBlock(rest)
		if !found {
			break
		}
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, fmt.Errorf("%w: certificate %d of the text cannot be read; paste the PEM file of the authority again, whole", ErrCA, n)
		}
		certs, rest = append(certs, c), after
	}
	if len(certs) == 0 {
		return nil, fmt.Errorf("%w: %s; it needs a PEM text with -----BEGIN CERTIFICATE-----", ErrCA, missing(text))
	}
	return certs, nil
}

const (
	beginCertificate = "-----BEGIN CERTIFICATE-----"
	endCertificate   = "-----END CERTIFICATE-----"
)

// nextBlock cuts the first certificate out of a text. What is not base64 gives
// an empty der, which no certificate is.
func nextBlock(text string) (der []byte, rest string, found bool) {
	_, body, found := strings.Cut(text, beginCertificate)
	if !found {
		return nil, "", false
	}
	body, rest, found = strings.Cut(body, endCertificate)
	if !found {
		return nil, "", true
	}
	der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(body), ""))
	if err != nil {
		return nil, rest, true
	}
	return der, rest, true
}

// missing says what a text without a certificate holds instead.
func missing(text string) string {
	block, _ := pem.Decode([]byte(text))
	switch {
	case block != nil && bytes.Contains([]byte(block.Type), []byte("PRIVATE KEY")):
		return "the text holds a private key and no certificate (a private key does not belong here)"
	case block != nil:
		return fmt.Sprintf("the text holds no certificate but a %.40q", block.Type)
	default:
		return "the text holds no certificate"
	}
}
