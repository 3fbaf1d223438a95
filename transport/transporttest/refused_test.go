//go:build unix

package transporttest_test

import (
	"errors"
	"net"
	"syscall"
	"testing"

	"example.org/imap-integration/transport/transporttest"
)

func TestRefusedPort(t *testing.T) {
	addr := transporttest.RefusedAddr(t)
	for range 3 {
		if _, err := net.Dial("tcp", addr); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Fatal(err)
		}
		if l, err := net.Listen("tcp", addr); err == nil {
			_ = l.Close()
			t.Fatal("another could listen there")
		}
	}
}
