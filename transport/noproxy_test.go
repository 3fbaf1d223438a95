package transport_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"

	"example.org/imap-integration/transport"
)

func TestExceptions(t *testing.T) {
	for _, c := range []struct {
		values string
		direct []string
		behind []string
	}{
		{"", nil, []string{"mail.corp.example:993", "127.0.0.1:993"}},
		{"mail.corp.example", []string{"mail.corp.example:993", "MAIL.corp.example:143", "a.mail.corp.example:993"}, []string{"corp.example:993", "othermail.corp.example:993"}},
		{".corp.example", []string{"mail.corp.example:993", "a.b.corp.example:993"}, []string{"corp.example:993", "notcorp.example:993"}},
		{"*.corp.example", []string{"mail.corp.example:993"}, []string{"corp.example:993"}},
		{"mail.corp.example:993", []string{"mail.corp.example:993"}, []string{"mail.corp.example:143"}},
		{"10.0.0.0/8,192.0.2.7,fd00::/8", []string{"10.1.2.3:993", "192.0.2.7:443", "[fd00::1]:993"}, []string{"192.0.2.8:443", "11.0.0.1:993", "[fe80::1]:993"}},
		{"x.example", []string{"127.0.0.1:993", "[::1]:993", "localhost:993"}, []string{"y.example:443"}},
		{"*", []string{"anything.example:1"}, nil},
	} {
		var values []string
		if c.values != "" {
			values = strings.Split(c.values, ",")
		}
		e, err := transport.NewExceptions(values)
		if err != nil {
			t.Fatalf("%s: %v", c.values, err)
		}
		for _, addr := range c.direct {
			if !e.Direct(addr) {
				t.Errorf("%q: %s goes to the proxy", c.values, addr)
			}
		}
		for _, addr := range c.behind {
			if e.Direct(addr) {
				t.Errorf("%q: %s does not go to the proxy", c.values, addr)
			}
		}
	}
	for _, bad := range []string{"http://mail.corp.example", "10.0.0.0/33", "/", "a b", "soc@corp.example"} {
		if _, err := transport.NewExceptions([]string{"ok.example", bad}); err == nil || !strings.Contains(err.Error(), bad) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// TestAround dials both ways: one server is an exception, the other is not.
func TestAround(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	proxied := errors.New("to the proxy")
	dial := func(context.Context, string, string) (net.Conn, error) { return nil, proxied }
	e, err := transport.NewExceptions([]string{"127.0.0.0/8"})
	if err != nil {
		t.Fatal(err)
	}
	conn, err := e.Around(dial)(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
	if _, err := e.Around(dial)(t.Context(), "tcp", "mail.example:993"); !errors.Is(err, proxied) {
		t.Errorf("another server: %v", err)
	}
	if _, err := (transport.Exceptions{}).Around(dial)(t.Context(), "tcp", l.Addr().String()); !errors.Is(err, proxied) {
		t.Errorf("without exceptions: %v", err)
	}
}
