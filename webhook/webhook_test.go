package webhook_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	judge "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"example.org/imap-integration/secret"
	"example.org/imap-integration/transport/transporttest"
	"example.org/imap-integration/webhook"
)

const canary = "whsec_Q2FuYXJ5LXdlYmhvb2stc2VjcmV0LTAx"

func hook(t *testing.T, address string) *webhook.Hook {
	t.Helper()
	h, err := webhook.New(webhook.Config{URL: address, Secret: secret.New(canary), HTTP: &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// TestSignature: the specification's own library accepts what is sent, and nothing that was changed.
func TestSignature(t *testing.T) {
	verifier, err := judge.NewWebhook(canary)
	if err != nil {
		t.Fatal(err)
	}
	object := []byte(`{"subject":"<名> \u0000","checkpoint":""}`)
	var got []byte
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got, _ = io.ReadAll(r.Body)
		if err := verifier.Verify(got, r.Header); err != nil {
			t.Errorf("the judge says: %v", err)
		}
		if r.Header.Get("Webhook-Id") != "key1" {
			t.Errorf("id: %q", r.Header.Get("Webhook-Id"))
		}
		if verifier.Verify(append(slices.Clone(got), ' '), r.Header) == nil {
			t.Error("a changed body is accepted")
		}
		r.Header.Set("Webhook-Id", "key2")
		if verifier.Verify(got, r.Header) == nil {
			t.Error("another id is accepted")
		}
	}))
	defer server.Close()
	if err := hook(t, server.URL).Send(t.Context(), "key1", webhook.Message("key1", `so"c`, object)); err != nil {
		t.Fatal(err)
	}
	var message struct {
		Type, Key, Mailbox string
		Email              json.RawMessage
	}
	if err := json.Unmarshal(got, &message); err != nil || message.Key != "key1" || message.Mailbox != `so"c` || string(message.Email) != string(object) {
		t.Errorf("message: %s %v", got, err)
	}
}

// TestAnswers: which answers are final, and what they ask for.
func TestAnswers(t *testing.T) {
	var status int
	var after string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if after != "" {
			w.Header().Set("Retry-After", after)
		}
		w.Header().Set("Location", "http://127.0.0.1:1/")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, strings.Repeat("x", 200_000))
	}))
	defer server.Close()
	h := hook(t, server.URL)
	for _, c := range []struct {
		status int
		after  string
		final  bool
		pause  time.Duration
	}{
		{400, "", true, time.Second},
		{413, "", true, time.Second},
		{422, "", true, time.Second},
		{401, "", false, time.Second},
		{404, "", false, time.Second},
		{307, "", false, time.Second},
		{429, "17", false, 17 * time.Second},
		{503, "999999999", false, time.Hour},
		{503, "-1", false, time.Second},
	} {
		status, after = c.status, c.after
		err := h.Send(t.Context(), "k", nil)
		if err == nil || webhook.Final(err) != c.final || webhook.Pause(1, err) != c.pause || strings.Contains(err.Error(), "xxx") {
			t.Errorf("%d: final %t, pause %s, %v", c.status, webhook.Final(err), webhook.Pause(1, err), err)
		}
	}
}

func TestPause(t *testing.T) {
	for try, want := range map[int]time.Duration{1: time.Second, 2: 2 * time.Second, 5: 16 * time.Second, 30: 5 * time.Minute, 1 << 40: 5 * time.Minute} {
		if got := webhook.Pause(try, errors.New("x")); got != want {
			t.Errorf("after %d tries: %s", try, got)
		}
	}
}

// TestSendAll goes on behind a message that is refused for good, and ends with its context.
func TestSendAll(t *testing.T) {
	var came []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		came = append(came, r.Header.Get("Webhook-Id"))
		switch r.Header.Get("Webhook-Id") {
		case "bad":
			w.WriteHeader(http.StatusBadRequest)
		case "later":
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer server.Close()
	h, quiet := hook(t, server.URL), slog.New(slog.DiscardHandler)
	if err := h.SendAll(t.Context(), quiet, []webhook.Keyed{{Key: "a"}, {Key: "bad"}, {Key: "b"}}); err != nil || !slices.Equal(came, []string{"a", "bad", "b"}) {
		t.Errorf("came %v, %v", came, err)
	}
	ctx, cancel := context.WithTimeoutCause(t.Context(), 100*time.Millisecond, errors.New("the end"))
	defer cancel()
	if err := h.SendAll(ctx, quiet, []webhook.Keyed{{Key: "later"}, {Key: "never"}}); err == nil || slices.Contains(came, "never") {
		t.Errorf("came %v, %v", came, err)
	}
}

// TestSettings: what is wrong is said without the secret.
func TestSettings(t *testing.T) {
	for _, c := range []struct{ url, secret, wants string }{
		{"http://siem.example.com/", canary, "https://"},
		{"https://user:Canary@siem.example.com/", canary, "user name"},
		{"siem.example.com", canary, "cannot be read"},
		{"https://siem.example.com/", "Canary", "16"},
		{"https://siem.example.com/", "whsec_Canary!", "base64"},
		{"https://siem.example.com/", "", "0 bytes"},
	} {
		_, err := webhook.New(webhook.Config{URL: c.url, Secret: secret.New(c.secret)})
		if err == nil || !strings.Contains(err.Error(), c.wants) || strings.Contains(err.Error(), "Canary") {
			t.Errorf("%s: %v", c.url, err)
		}
	}
	err := hook(t, "http://"+transporttest.RefusedAddr(t)).Send(t.Context(), "k", nil)
	if err == nil || webhook.Final(err) || !strings.Contains(err.Error(), "refused") {
		t.Errorf("nobody listens: %v", err)
	}
}
