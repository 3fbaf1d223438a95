package recording_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.org/imap-integration/secret"
	"example.org/imap-integration/soar"
	"example.org/imap-integration/soar/local"
	"example.org/imap-integration/soar/recording"
)

// tenant serves an empty store; its client's exchanges go to w, where that is not nil.
func tenant(t *testing.T) (url string, cfg soar.Config) {
	t.Helper()
	s, err := local.Open(t.Context(), filepath.Join(t.TempDir(), "soar.db"), local.Options{})
	if err != nil {
		t.Fatal(err)
	}
	keys, _, err := s.Keys(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	h, err := local.NewHandler(t.Context(), s, local.HandlerOptions{})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(h)
	t.Cleanup(func() { server.Close(); _ = s.Close() })
	return server.URL, soar.Config{URL: server.URL, AccessID: keys.AccessID, AccessKey: secret.New(keys.AccessKey), Timeout: 5 * time.Second}
}

func client(t *testing.T, cfg soar.Config, r *recording.Recorder) *soar.Client {
	t.Helper()
	if r != nil {
		cfg.HTTP = &http.Client{Transport: r.Around(&http.Transport{}, soar.Paths())}
	}
	c, err := soar.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// saving is what the daemon and the email actions write; it returns what came of it.
func saving(t *testing.T, c *soar.Client) string {
	t.Helper()
	var said []any
	note := func(values ...any) { said = append(said, values...) }
	for _, round := range []string{"first", "again"} {
		for uid := range 3 {
			raw := []byte(fmt.Sprintf("Subject: canary %d\r\nFrom: canary@canary.example\r\n\r\ncanary body", uid))
			d := &soar.Draft{Raw: raw}
			d.SourceKey, d.Subject, d.MailboxAccount, d.Folder = sum(fmt.Sprint("key ", uid)), "canary", "canary@canary.example", "Canary"
			saved, err := c.Save(t.Context(), []*soar.Draft{d})
			note(round, saved, err)
			r, found, err := c.ByKey(t.Context(), d.SourceKey)
			note(r.ID, found, err)
		}
	}
	known, err := c.Known(t.Context(), soar.Candidates{MailboxAccount: "canary@canary.example", Folder: "Canary", UIDValidity: 1})
	note(known, err)
	file := soar.File{Filename: "canary.pdf", ContentType: "canary/canary", SHA256: sum("canary bytes"), EmailID: "1", Part: "2"}
	for range 2 {
		id, existed, err := c.AddFile(t.Context(), 7, file, []byte("canary bytes"))
		note(id, existed, err)
	}
	return fmt.Sprintf("%+v", said)
}

func sum(text string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(text))) }

// TestSaving: what is written replays to the same result, and none of its words is kept.
func TestSaving(t *testing.T) {
	_, cfg := tenant(t)
	var text bytes.Buffer
	r := recording.NewRecorder(&text, "1.2.3", nil)
	want := saving(t, client(t, cfg, r))
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"canary", sum("key 1"), sum("canary bytes"), cfg.AccessID, cfg.AccessKey.Reveal(), strings.TrimPrefix(cfg.URL, "http://")} {
		if strings.Contains(strings.ToLower(text.String()), strings.ToLower(word)) {
			t.Errorf("%q is in the recording:\n%.3000s", word, text.String())
		}
	}
	p, err := recording.NewPlayer(&text)
	if err != nil || p.Program != "1.2.3" {
		t.Fatalf("%+v, %v", p, err)
	}
	server := httptest.NewServer(p)
	defer server.Close()
	cfg.URL = server.URL
	if got := saving(t, client(t, cfg, nil)); got != want {
		t.Errorf("replayed to\n%s\nwant\n%s", got, want)
	}
}

// failing is a file on a full disk.
type failing struct{ left int }

func (f *failing) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, errors.New("no space left on device")
	}
	return len(p), nil
}

// TestRecordingFails: the run goes on, and the recorder knows.
func TestRecordingFails(t *testing.T) {
	for name, c := range map[string]struct {
		w    io.Writer
		says string
	}{"full disk": {&failing{600}, "no space"}, "from the start": {&failing{0}, "no space"}} {
		_, cfg := tenant(t)
		r := recording.NewRecorder(c.w, "1", nil)
		recorded := saving(t, client(t, cfg, r))
		_, plain := tenant(t)
		if want := saving(t, client(t, plain, nil)); recorded != want {
			t.Errorf("%s: %s, want %s", name, recorded, want)
		}
		if err := r.Close(); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestLargeBodies: what is larger than a recording keeps is named by its size.
func TestLargeBodies(t *testing.T) {
	_, cfg := tenant(t)
	var text bytes.Buffer
	r := recording.NewRecorder(&text, "1", nil)
	c := client(t, cfg, r)
	d := &soar.Draft{Raw: append([]byte("Subject: x\r\n\r\n"), bytes.Repeat([]byte("canary\r\n"), 1<<20)...)}
	d.SourceKey = sum("k")
	if _, err := c.Save(t.Context(), []*soar.Draft{d}); err != nil {
		t.Fatal(err)
	}
	raw, err := c.EML(t.Context(), "1", 0)
	if err != nil || !bytes.Equal(raw, d.Raw) {
		t.Fatalf("%d bytes, %v", len(raw), err)
	}
	if text.Len() > 8<<10 || strings.Count(text.String(), `"omitted":"larger than 4 MiB"`) != 2 {
		t.Errorf("%d bytes: %.2000s", text.Len(), text.String())
	}
}

func TestNewPlayerRefuses(t *testing.T) {
	first := `{"recording":1,"program":"1"}` + "\n"
	for text, says := range map[string]string{
		"":             "no exchange",
		"{}\n":         "first line",
		first:          "no exchange",
		first + "{}\n": "line 2",
		first + `{"n":1,"request":{"method":"GET","path":""},"response":{"status":7}}`: "line 2",
		first + strings.Repeat("x", 17<<20):                                            "cannot be read",
	} {
		if _, err := recording.NewPlayer(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%.60q: %v, want %q", text, err, says)
		}
	}
}

// FuzzScrub: whatever a server says, no word of it is kept but those that are known.
func FuzzScrub(f *testing.F) {
	f.Add(`{"subject":"q"}`, "application/json", 200)
	f.Add("Content-Type: multipart/mixed; boundary=q\r\n\r\n--q\r\nContent-Type: q/x\r\n\r\nq", "message/rfc822", 200)
	f.Add("<p>q@q.example</p>", "text/html", 500)
	f.Add("Q-Name: q\r\n q\r\nContent-Disposition: attachment; filename=\"q\"; q=1\r\n\r\n", "application/octet-stream", 200)
	f.Fuzz(func(t *testing.T, body, contentType string, status int) {
		if status < 200 || status > 599 {
			return
		}
		body = strings.ReplaceAll(body, "q", "Zq9Zq9Zq9") // a word that cannot be another's
		var text bytes.Buffer
		r := recording.NewRecorder(&text, "1", nil)
		c := http.Client{Transport: r.Around(answers{status, contentType, body}, nil)}
		resp, err := c.Get("http://127.0.0.1/api/csoar/v3/emails/1/")
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(strings.TrimSpace(text.String()), "\n") {
			if strings.Contains(withoutFieldNames(line), "Zq9Zq9Zq9") {
				t.Errorf("kept: %s", line)
			}
		}
		if _, err := recording.NewPlayer(&text); err != nil {
			t.Error(err)
		}
	})
}

// withoutFieldNames takes out what stands in front of a colon: names of fields are kept.
func withoutFieldNames(line string) string {
	var kept strings.Builder
	for _, part := range strings.SplitAfter(strings.ReplaceAll(line, `\n`, ","), ",") {
		if i := strings.LastIndexByte(part, ':'); i >= 0 {
			part = part[i:]
		}
		kept.WriteString(part)
	}
	return kept.String()
}

// answers is a transport that always gives the same answer.
type answers struct {
	status            int
	contentType, body string
}

func (a answers) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: a.status, Header: http.Header{"Content-Type": {a.contentType}}, Body: io.NopCloser(strings.NewReader(a.body))}, nil
}
