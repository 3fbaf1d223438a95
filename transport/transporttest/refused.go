//go:build unix

package transporttest

import (
	"fmt"
	"syscall"
	"testing"
)

// RefusedPort is a TCP port on 127.0.0.1 that refuses connections until the test ends. A
// socket holds it and never listens, so nobody else can get it in the meantime, as can happen
// to the port of a listener that was closed.
func RefusedPort(t testing.TB) int {
	t.Helper()
	socket, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	fatal(t, err)
	t.Cleanup(func() { _ = syscall.Close(socket) })
	syscall.CloseOnExec(socket)
	fatal(t, syscall.Bind(socket, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	bound, err := syscall.Getsockname(socket)
	fatal(t, err)
	return bound.(*syscall.SockaddrInet4).Port
}

// RefusedAddr is 127.0.0.1 with a [RefusedPort].
func RefusedAddr(t testing.TB) string {
	t.Helper()
	return fmt.Sprintf("127.0.0.1:%d", RefusedPort(t))
}
