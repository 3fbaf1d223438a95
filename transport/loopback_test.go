package transport_test

import (
	"testing"

	"example.org/imap-integration/transport"
)

// TestLoopback: a password may go in clear to this machine, and to no name that only looks like it.
func TestLoopback(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "LocalHost.": true, "127.0.0.1": true, "127.9.9.9": true, "::1": true, "[::1]": true, "::ffff:127.0.0.1": true,
		"127.0.0.1.example.com": false, "localhost.example.com": false, "10.0.0.1": false, "0.0.0.0": false, "127.1": false, "": false,
	} {
		if got := transport.Loopback(host); got != want {
			t.Errorf("Loopback(%q) = %v", host, got)
		}
	}
}
