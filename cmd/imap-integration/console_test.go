package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	integration "example.org/imap-integration"
	"example.org/imap-integration/actions"
	"example.org/imap-integration/console"
	"example.org/imap-integration/mailbox/imapmem"
	"example.org/imap-integration/manifest"
	"example.org/imap-integration/transport/transporttest"
)

// shownConsole runs console and returns its start URL once it listens; stop ends it and returns its error.
func shownConsole(t *testing.T, o consoleOptions) (start *url.URL, stop func() error) {
	t.Helper()
	out := &lockedBuffer{}
	p := &program{stdout: out, stderr: io.Discard, manifest: manifest.New(integration.Files), logs: logOptions{level: "info"}}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- showConsole(ctx, p, o) }()
	for deadline := time.Now().Add(time.Minute); !strings.HasSuffix(out.String(), "\n"); time.Sleep(time.Millisecond) {
		select {
		case err := <-ended:
			t.Fatalf("console ended: %v", err)
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("console names no address: %q", out.String())
		}
	}
	start, err := url.Parse(strings.TrimSpace(out.String()))
	if err != nil {
		t.Fatal(err)
	}
	return start, func() error { cancel(); return <-ended }
}

// TestConsole signs in, tests the settings of a mailbox by the form, and looks at what the run said.
func TestConsole(t *testing.T) {
	folder := t.TempDir()
	conf, certificate, err := imapmem.Certificate()
	if err != nil {
		t.Fatal(err)
	}
	server, err := imapmem.Start(demoUser, demoPassword, conf)
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	o := consoleOptions{serveOptions{store: filepath.Join(folder, "soar.db"), listen: "127.0.0.1:0"}, filepath.Join(folder, "settings.json"), ""}
	settings, err := json.Marshal(map[string]any{
		"imap_server": server.Host, "port": server.Port, "username": demoUser, "password": demoPassword, "ca_certificate": certificate,
		"cloud_soar_api_url": "local:" + o.store,
	})
	if err == nil {
		err = os.WriteFile(o.settings, settings, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	start, stop := shownConsole(t, o)
	base := start.Scheme + "://" + start.Host
	jar, _ := cookiejar.New(nil)
	browser := &http.Client{Jar: jar}
	for _, c := range []struct{ path, method, holds string }{
		{start.RequestURI(), http.MethodGet, "You are signed in"},
		{"/", http.MethodGet, "Emails in the store"},
		{"/settings/test", http.MethodPost, "TEST SAVED SETTINGS"},
	} {
		request, _ := http.NewRequest(c.method, base+c.path, nil)
		answer, err := browser.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if answer.StatusCode != http.StatusOK || !strings.Contains(string(body), c.holds) {
			t.Errorf("%s: %d %s", c.path, answer.StatusCode, body)
		}
	}
	events, err := browser.Get(base + "/runs/1/events") // ends with the run
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(events.Body)
	_ = events.Body.Close()
	if err != nil || !strings.Contains(string(text), `{"name":"cloud_soar","status":"ok"`) || !strings.Contains(string(text), `"ended":true`) {
		t.Errorf("%v %s", err, text)
	}
	if err := stop(); err != nil {
		t.Errorf("ended with %v", err)
	}
}

// TestConsoleRunsAsTheCommandLineDoes holds exit status and sentence of both together.
func TestConsoleRunsAsTheCommandLineDoes(t *testing.T) {
	store := "local:" + filepath.Join(t.TempDir(), "soar.db")
	for name, c := range map[string]struct{ action, params string }{
		"wrong parameters": {"test-settings", `{"imap_server":"a b","port":"x"}`},
		"no such email":    {"get-email", `{"cloud_soar_api_url":"` + store + `","cloud_soar_mail_id":"7"}`},
		"an empty list":    {"list-cloud-soar-emails", `{"cloud_soar_api_url":"` + store + `"}`},
		"no JSON":          {"get-email", `{`},
		"audit":            {"audit", `{}`},
	} {
		var result bytes.Buffer
		p := &program{stderr: io.Discard, manifest: manifest.New(integration.Files), logs: logOptions{level: "info"}}
		status, sentence := runner(p)(context.Background(), console.Call{Command: c.action, Params: strings.NewReader(c.params), Result: &result})
		want := runHere(t, []string{c.action}, c.params, nil)
		if status != want.status || sentence != strings.TrimSpace(want.stderr) {
			t.Errorf("%s: %d %q, the command line says %d %q", name, status, sentence, want.status, want.stderr)
		}
		if c.action != "test-settings" && result.String() != want.stdout { // whose report has times
			t.Errorf("%s: %q, the command line prints %q", name, result.String(), want.stdout)
		}
	}
	if status, sentence := runner(&program{})(context.Background(), console.Call{Command: "rm"}); status != actions.ExitParameters || sentence == "" {
		t.Errorf("no action: %d %q", status, sentence)
	}
}

func TestConsoleFlags(t *testing.T) {
	folder := t.TempDir()
	short, long := filepath.Join(folder, "short"), filepath.Join(folder, "long")
	cert, key, err := transporttest.NewAuthority(t, "CA").WriteLeaf(transporttest.Leaf{}, folder)
	if err == nil {
		err = errors.Join(os.WriteFile(short, []byte("abc\n"), 0o600), os.WriteFile(long, []byte("0123456789abcdef0123\n"), 0o600))
	}
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		o    consoleOptions
		says string
	}{
		"nothing":           {consoleOptions{}, "--store is missing"},
		"open, no TLS":      {consoleOptions{serveOptions: serveOptions{store: "x", listen: "0.0.0.0:0"}, tokenFile: long}, "can be reached from other machines: set --tls-cert"},
		"open, no token":    {consoleOptions{serveOptions: serveOptions{store: "x", listen: "0.0.0.0:0", cert: cert, key: key}}, "set --token-file, too"},
		"a short token":     {consoleOptions{serveOptions: serveOptions{store: "x", listen: "127.0.0.1:0"}, tokenFile: short}, "from 20 to"},
		"no token file":     {consoleOptions{serveOptions: serveOptions{store: "x", listen: "127.0.0.1:0"}, tokenFile: folder + "/none"}, "--token-file cannot be read"},
		"open, TLS, token":  {consoleOptions{serveOptions: serveOptions{store: "x", listen: "0.0.0.0:0", cert: cert, key: key}, tokenFile: long}, ""},
		"loopback, no more": {consoleOptions{serveOptions: serveOptions{store: "x", listen: "127.0.0.1:0"}}, ""},
	} {
		_, _, err := c.o.check()
		var wrong *manifest.ParameterError
		switch {
		case c.says == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.says != "" && (!errors.As(err, &wrong) || !strings.Contains(err.Error(), c.says)):
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestConsoleOverTLS: the names of the certificate are the console's, and no others.
func TestConsoleOverTLS(t *testing.T) {
	folder := t.TempDir()
	authority := transporttest.NewAuthority(t, "CA")
	cert, key, err := authority.WriteLeaf(transporttest.Leaf{}, folder)
	token := filepath.Join(folder, "token")
	if err == nil {
		err = os.WriteFile(token, []byte("0123456789abcdef0123\n"), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	start, stop := shownConsole(t, consoleOptions{serveOptions{store: filepath.Join(folder, "soar.db"), listen: "127.0.0.1:0", cert: cert, key: key}, filepath.Join(folder, "s.json"), token})
	if start.Scheme != "https" || start.Path != "/" || start.RawQuery != "" {
		t.Errorf("the start URL is %s", start)
	}
	jar, _ := cookiejar.New(nil)
	browser := &http.Client{Jar: jar, Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} //nolint:gosec // the certificate is not what is tested
	defer browser.CloseIdleConnections()
	for host, want := range map[string]int{"localhost:" + start.Port(): http.StatusOK, "127.0.0.1:" + start.Port(): http.StatusOK, "evil.example:" + start.Port(): http.StatusForbidden, "localhost:1": http.StatusForbidden} {
		request, _ := http.NewRequest(http.MethodPost, "https://"+start.Host+"/start", strings.NewReader("token=0123456789abcdef0123"))
		request.Host = host
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		answer, err := browser.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if answer.StatusCode != want {
			t.Errorf("Host %s: %d", host, answer.StatusCode)
		}
	}
	if err := stop(); err != nil {
		t.Errorf("ended with %v", err)
	}
}
