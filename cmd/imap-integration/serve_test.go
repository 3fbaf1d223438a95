package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"example.org/imap-integration/transport/transporttest"
)

// lockedBuffer is standard output that a test reads while the program writes.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// served runs serve and returns its output as a map once it listens; stop ends it and returns its error.
func served(t *testing.T, o serveOptions) (printed map[string]string, stop func() error) {
	t.Helper()
	out := &lockedBuffer{}
	p := &program{stdout: out, stderr: io.Discard}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, p, o) }()
	for deadline := time.Now().Add(10 * time.Second); !strings.Contains(out.String(), "listen="); time.Sleep(time.Millisecond) {
		select {
		case err := <-ended:
			t.Fatalf("serve ended: %v", err)
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("serve does not listen: %q", out.String())
		}
	}
	printed = map[string]string{}
	for _, line := range strings.Split(strings.TrimSpace(out.String()), "\n") {
		name, value, _ := strings.Cut(line, "=")
		printed[name] = value
	}
	return printed, func() error { cancel(); return <-ended }
}

func TestServe(t *testing.T) {
	o := serveOptions{store: filepath.Join(t.TempDir(), "soar.db"), listen: "127.0.0.1:0"}
	first, stop := served(t, o)
	for _, name := range []string{"access_id", "access_key", "jwt_token"} {
		if first[name] == "" {
			t.Errorf("%s is not printed at the first start", name)
		}
	}
	answer, err := http.Get("http://" + first["listen"] + "/healthz")
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Errorf("healthz: %v, %v", answer, err)
	}
	_ = answer.Body.Close()
	if err := stop(); err != nil {
		t.Errorf("ended with %v", err)
	}

	second, stop := served(t, o)
	if len(second) != 1 {
		t.Errorf("the second start prints %v", second)
	}
	r, err := http.NewRequest("GET", "http://"+second["listen"]+"/api/csoar/v3/incidents/1/emails/", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth(first["access_id"], first["access_key"])
	if answer, err = http.DefaultClient.Do(r); err != nil || answer.StatusCode != http.StatusOK {
		t.Errorf("the credentials of the first start: %v, %v", answer, err)
	}
	_ = answer.Body.Close()
	if err := stop(); err != nil {
		t.Errorf("ended with %v", err)
	}
}

func TestServeOverTLS(t *testing.T) {
	authority := transporttest.NewAuthority(t, "CA")
	cert, key, err := authority.WriteLeaf(transporttest.Leaf{}, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	// With a certificate it may listen on all addresses.
	printed, stop := served(t, serveOptions{store: filepath.Join(t.TempDir(), "soar.db"), listen: "0.0.0.0:0", cert: cert, key: key})
	_, port, err := net.SplitHostPort(printed["listen"])
	if err != nil {
		t.Fatal(err)
	}
	params, err := json.Marshal(map[string]any{
		"cloud_soar_api_url": "https://localhost:" + port, "ca_certificate": authority.PEM, "jwt_token": printed["jwt_token"], "incident_id": 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	status := run([]string{"list-incident-emails"}, bytes.NewReader(params), &out, &errs, func(string) string { return "" })
	if status != 0 || !strings.Contains(out.String(), `"count":0`) {
		t.Errorf("over https: exit %d, %s %s", status, out.String(), errs.String())
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

func TestServeRefuses(t *testing.T) {
	dir := t.TempDir()
	bad := filepath.Join(dir, "bad.pem")
	if err := os.WriteFile(bad, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args   []string
		status int
		want   string
	}{
		{nil, 2, "--store"},
		{[]string{"--store", "x", "--listen", "nonsense"}, 2, "--listen"},
		{[]string{"--store", "x", "--listen", "0.0.0.0:0"}, 2, "--tls-cert"},
		{[]string{"--store", "x", "--listen", ":0"}, 2, "--tls-cert"},
		{[]string{"--store", "x", "--tls-cert", bad}, 2, "belong together"},
		{[]string{"--store", "x", "--tls-cert", bad, "--tls-key", bad}, 2, "cannot be read"},
		{[]string{"--store", filepath.Join(dir, "none", "x"), "--listen", "127.0.0.1:0"}, 1, "does not exist"},
		{[]string{"--store", filepath.Join(dir, "y"), "--listen", "127.0.0.1:0", "--log-level", "loud"}, 2, "--log-level"},
	} {
		var out, errs bytes.Buffer
		status := run(append([]string{"serve"}, c.args...), strings.NewReader(""), &out, &errs, func(string) string { return "" })
		if status != c.status || !strings.Contains(errs.String(), c.want) || strings.Count(errs.String(), "\n") != 1 || out.Len() > 0 {
			t.Errorf("%v: %d %q %q, want %d and %q", c.args, status, out.String(), errs.String(), c.status, c.want)
		}
	}
}
