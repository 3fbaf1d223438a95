package transport

import "crypto/x509"

// Bundles are the places of the system's authorities.
var Bundles = bundles

// Counted makes a trust count how often it reads the system's bundle and its whole pool.
func Counted(t *Trust) (bundle, whole *int) {
	bundle, whole = new(int), new(int)
	t.bundle = counted(t.bundle, bundle)
	t.whole = counted(t.whole, whole)
	return bundle, whole
}

func counted[T []byte | *x509.CertPool](f func() T, n *int) func() T {
	return func() T { *n++; return f() }
}
