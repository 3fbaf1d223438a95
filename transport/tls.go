package transport

import (
	"bytes"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"example.org/imap-integration/secret"
)

// maxCA bounds ca_certificate: the whole of Mozilla's list is a quarter of it.
const maxCA = 1 << 20

// ErrClientKey is wrapped by the error of [ParseClientCertificate] where the key is wrong, not the certificate.
var ErrClientKey = errors.New("client_key")

// ErrCA is wrapped by what [NewTrust] returns for a text without a usable certificate.
var ErrCA = errors.New("ca_certificate")

// ParseCA reads the certificates of a PEM text (RFC 7468). Text around them is
// ignored, and so is how their lines are broken: a text that came through an
// environment variable has often lost its line breaks.
func ParseCA(text string) ([]*x509.Certificate, error) {
	if len(text) > maxCA {
		return nil, fmt.Errorf("%w: the text is longer than 1 MiB; give only the certificate of the authority that signs the server's", ErrCA)
	}
	certs, err := parseCertificates(text)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCA, err)
	}
	return certs, nil
}

func parseCertificates(text string) ([]*x509.Certificate, error) {
	var certs []*x509.Certificate
	rest := strings.ReplaceAll(text, `\n`, "\n")
	for n := 1; ; n++ {
		der, after, found := nextBlock(rest)
		if !found {
			break
		}
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, fmt.Errorf("certificate %d of the text cannot be read; paste the PEM file again, whole", n)
		}
		certs, rest = append(certs, c), after
	}
	if len(certs) == 0 {
		return nil, fmt.Errorf("%s; it needs a PEM text with -----BEGIN CERTIFICATE-----", missing(text))
	}
	return certs, nil
}

// nextBlock cuts the first certificate out of a text. What is not base64 gives
// an empty der, which no certificate is.
func nextBlock(text string) (der []byte, rest string, found bool) {
	return cutBlock(text, "CERTIFICATE")
}

// cutBlock cuts the first block of a kind out of a PEM text.
func cutBlock(text, kind string) (der []byte, rest string, found bool) {
	_, body, found := strings.Cut(text, "-----BEGIN "+kind+"-----")
	if !found {
		return nil, "", false
	}
	body, rest, found = strings.Cut(body, "-----END "+kind+"-----")
	if !found {
		return nil, "", true
	}
	der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(body), ""))
	if err != nil {
		return nil, rest, true
	}
	return der, rest, true
}

// ParseClientCertificate reads a certificate, with those between it and its authority
// behind it, and its private key (PKCS #8, PKCS #1 or SEC 1): PEM texts, as [ParseCA] takes
// them. The errors quote nothing of a key.
func ParseClientCertificate(certificate string, key secret.String) (*tls.Certificate, error) {
	certs, err := parseCertificates(certificate)
	if err != nil {
		return nil, fmt.Errorf("client_certificate: %w", err)
	}
	private, err := parseKey(strings.ReplaceAll(key.Reveal(), `\n`, "\n"))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrClientKey, err)
	}
	if public, ok := certs[0].PublicKey.(interface{ Equal(crypto.PublicKey) bool }); !ok || !public.Equal(private.Public()) {
		return nil, fmt.Errorf("%w: it is the key of another certificate; give the one that client_certificate was made with", ErrClientKey)
	}
	pair := &tls.Certificate{PrivateKey: private, Leaf: certs[0]}
	for _, c := range certs {
		pair.Certificate = append(pair.Certificate, c.Raw)
	}
	return pair, nil
}

// parseKey reads the first private key of a text.
func parseKey(text string) (crypto.Signer, error) {
	if strings.Contains(text, "ENCRYPTED") {
		return nil, errors.New("the key is protected by a passphrase; take that off (openssl pkey -in key.pem -out plain.pem)")
	}
	for kind, parse := range map[string]func([]byte) (any, error){
		"PRIVATE KEY":     x509.ParsePKCS8PrivateKey,
		"RSA PRIVATE KEY": func(der []byte) (any, error) { return x509.ParsePKCS1PrivateKey(der) },
		"EC PRIVATE KEY":  func(der []byte) (any, error) { return x509.ParseECPrivateKey(der) },
	} {
		der, _, found := cutBlock(text, kind)
		if !found {
			continue
		}
		if key, err := parse(der); err == nil {
			if signer, ok := key.(crypto.Signer); ok {
				return signer, nil
			}
		}
		return nil, errors.New("the private key cannot be read; paste its PEM file again, whole")
	}
	return nil, errors.New("the text holds no private key; it needs a PEM text with -----BEGIN PRIVATE KEY-----")
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
