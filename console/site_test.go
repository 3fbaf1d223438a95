package console

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
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
	"example.org/imap-integration/mailbox/imapmem"
	"example.org/imap-integration/manifest"
	"example.org/imap-integration/soar/local"
)

const (
	account  = "soc@corp.example"
	password = "s3cret of the mailbox"
)

// site is a console over a new store and a mail server of its own, served on a port of its own.
type site struct {
	t       *testing.T
	console *Console
	base    string // http://127.0.0.1:PORT
	mail    *imapmem.Server
	store   *local.Store
	folder  string
	client  *http.Client // signed in; follows no redirect
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{t: t, folder: t.TempDir()}
	conf, certificate, err := imapmem.Certificate()
	if err == nil {
		s.mail, err = imapmem.Start(account, password, conf)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.mail.Close() })
	s.store, err = local.Open(context.Background(), s.storePath(), local.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.store.Close() })
	s.save(map[string]any{
		"imap_server": s.mail.Host, "port": s.mail.Port, "username": account, "password": password,
		"ca_certificate": certificate, "cloud_soar_api_url": "local:" + s.storePath(),
	})
	s.serve(Entry{})
	return s
}

func (s *site) storePath() string    { return filepath.Join(s.folder, "soar.db") }
func (s *site) settingsPath() string { return filepath.Join(s.folder, "settings.json") }

func (s *site) save(settings map[string]any) {
	s.t.Helper()
	text, err := json.Marshal(settings)
	if err == nil {
		err = os.WriteFile(s.settingsPath(), text, 0o600)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// serve starts the console and signs the client in.
func (s *site) serve(e Entry) {
	s.t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	address := listener.Addr().String()
	e.Host = func(host string) bool { return host == address }
	ctx, stop := context.WithCancel(context.Background())
	s.console, err = New(ctx, Config{
		Manifest: manifest.New(integration.Files), Version: "test", Store: s.store, StorePath: s.storePath(), Settings: s.settingsPath(),
		Run: runAction, Entry: e, Log: slog.New(slog.DiscardHandler), Now: time.Now,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	server := &http.Server{Handler: s.console, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(listener) }()
	s.t.Cleanup(func() { stop(); _ = server.Close() })
	s.base = "http://" + address
	jar, _ := cookiejar.New(nil)
	s.client = &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// signIn uses the start URL.
func (s *site) signIn() *site {
	s.t.Helper()
	if status, body := s.get(s.console.Start()); status != http.StatusOK {
		s.t.Fatalf("the start URL: %d %s", status, body)
	}
	return s
}

func (s *site) get(path string) (int, string) { return s.do(http.MethodGet, path, nil, nil) }

func (s *site) post(path string, form url.Values) (int, string) {
	return s.do(http.MethodPost, path, form, map[string]string{"Sec-Fetch-Site": "same-origin"})
}

func (s *site) do(method, path string, form url.Values, header map[string]string) (int, string) {
	s.t.Helper()
	r, err := http.NewRequest(method, s.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		s.t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for name, value := range header {
		if name == "Host" {
			r.Host = value
		}
		r.Header.Set(name, value)
	}
	answer, err := s.client.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	if to := answer.Header.Get("Location"); to != "" {
		return answer.StatusCode, to
	}
	return answer.StatusCode, string(body)
}

// run posts a form and waits for the run that it starts.
func (s *site) run(path string, form url.Values) *run {
	s.t.Helper()
	status, to := s.post(path, form)
	if status != http.StatusSeeOther {
		s.t.Fatalf("%s: %d %s", path, status, to)
	}
	var id int
	if _, err := fmt.Sscanf(to, "/runs/%d", &id); err != nil {
		s.t.Fatalf("%s leads to %s", path, to)
	}
	for _, r := range s.console.desk.runs.latest("") {
		if r.ID == id {
			wait(s.t, r)
			return r
		}
	}
	s.t.Fatalf("there is no run %d", id)
	return nil
}

func wait(t *testing.T, r *run) state {
	t.Helper()
	late := time.After(2 * time.Minute)
	for {
		now, changed := r.now()
		if now.Ended {
			return now
		}
		select {
		case <-changed:
		case <-late:
			t.Fatal("the run does not end")
		}
	}
}

// deliver puts emails into the mailbox: those of the demo, or the files given.
func (s *site) deliver(files ...string) {
	s.t.Helper()
	if len(files) == 0 {
		files, _ = fs.Glob(os.DirFS("../cmd/imap-integration/testdata/demo"), "*.eml")
		for i, name := range files {
			files[i] = "../cmd/imap-integration/testdata/demo/" + name
		}
	}
	for i, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			s.t.Fatal(err)
		}
		s.append(raw, i)
	}
}

func (s *site) append(raw []byte, i int) {
	s.t.Helper()
	raw = bytes.ReplaceAll(bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n"))
	if _, err := s.mail.Append("INBOX", raw, time.Date(2026, 11, 23, 10, 0, i, 0, time.UTC)); err != nil {
		s.t.Fatal(err)
	}
}

// take runs the daemon for good.
func (s *site) take() {
	s.t.Helper()
	r := s.run("/actions/incoming-mail-daemon", url.Values{})
	if now, _ := r.now(); now.Status != actions.ExitDone {
		s.t.Fatal(now.Sentence)
	}
}

// runAction is the run function of the command line with what a test needs of it:
// decoding, the action, its sentence. cmd/imap-integration tests the real one.
func runAction(ctx context.Context, c Call) (int, string) {
	m := manifest.New(integration.Files)
	fields, err := m.Parameters(c.Command)
	if err != nil {
		return actions.ExitFailed, err.Error()
	}
	v := manifest.Decode(c.Command, fields, manifest.Input{Stdin: c.Params})
	env := &actions.Env{
		Log: slog.New(slog.DiscardHandler), Now: time.Now, Step: c.Step, Progress: c.Progress,
		Deliver: func(write func(io.Writer) error) error { return write(c.Result) },
	}
	for _, a := range append([]actions.Action{actions.Audit}, actions.All...) {
		if a.Name != c.Command {
			continue
		}
		result, err := a.Run(ctx, env, v)
		if result != nil {
			err = errors.Join(err, env.Deliver(actions.JSON(result)))
		}
		if err == nil {
			return actions.ExitDone, ""
		}
		return actions.ExitStatus(err, ctx.Err() != nil), v.Redact(actions.Sentence(err))
	}
	return actions.ExitFailed, "there is no such action"
}
