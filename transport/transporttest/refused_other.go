//go:build !unix

package transporttest

import "testing"

// RefusedPort needs sockets as Unix has them; elsewhere the test is skipped.
func RefusedPort(t testing.TB) int {
	t.Helper()
	t.Skip("this system has no port that is held and refuses")
	return 0
}

// RefusedAddr needs a [RefusedPort].
func RefusedAddr(t testing.TB) string {
	t.Helper()
	RefusedPort(t)
	return ""
}
