package evidence

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
)

// Key signs bundles and heads (Ed25519, RFC 8032).
type Key struct{ private ed25519.PrivateKey }

// ReadKey reads a private key, as openssl genpkey -algorithm ed25519 writes it.
func ReadKey(file string) (*Key, error) {
	parsed, err := readPEM(file, "PRIVATE KEY", x509.ParsePKCS8PrivateKey)
	if err != nil {
		return nil, err
	}
	private, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("the key in %q is not an Ed25519 key; make one with openssl genpkey -algorithm ed25519", file)
	}
	return &Key{private}, nil
}

// ReadPublicKey reads the key of a signer, as openssl pkey -pubout writes it.
func ReadPublicKey(file string) (ed25519.PublicKey, error) {
	parsed, err := readPEM(file, "PUBLIC KEY", x509.ParsePKIXPublicKey)
	if err != nil {
		return nil, err
	}
	public, ok := parsed.(ed25519.PublicKey)
	if !ok {
		return nil, fmt.Errorf("the key in %q is not an Ed25519 key", file)
	}
	return public, nil
}

func readPEM(file, kind string, parse func([]byte) (any, error)) (any, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("the key cannot be read: %w", err)
	}
	block, _ := pem.Decode(text)
	if block == nil || block.Type != kind {
		return nil, fmt.Errorf("the file %q is not a PEM file with a %s", file, kind)
	}
	parsed, err := parse(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("the key in %q cannot be read: %w", file, err)
	}
	return parsed, nil
}

// Sign returns the signature over data, 64 bytes.
func (k *Key) Sign(data []byte) []byte { return ed25519.Sign(k.private, data) }

// PublicPEM is the key with which others verify.
func (k *Key) PublicPEM() []byte {
	der, err := x509.MarshalPKIXPublicKey(k.private.Public())
	if err != nil { // it cannot fail for an Ed25519 key
		return nil
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

var errSignature = errors.New("the signature does not fit")
