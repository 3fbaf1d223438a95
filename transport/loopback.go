package transport

import (
	"net"
	"strings"
)

// Loopback reports whether a host is this machine: an address of 127.0.0.0/8,
// ::1, or localhost. Any other name could lead anywhere (127.0.0.1.example.com).
func Loopback(host string) bool {
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if ip := net.ParseIP(host); ip != nil {
		return ip.IsLoopback()
	}
	return strings.EqualFold(strings.TrimSuffix(host, "."), "localhost")
}
