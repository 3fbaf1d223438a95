//go:build unix

package e2e_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	judge "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"example.org/imap-integration/mailbox/mailboxtest"
)

// TestWatchWebhook: a watch posts each email to the webhook before it is
// acknowledged; while the receiver is away nothing is marked, and nothing is lost. A secret
// that changes while it runs is used from then on.
func TestWatchWebhook(t *testing.T) {
	t.Parallel()
	const canary, second = "whsec_Q2FuYXJ5LXdlYmhvb2stc2VjcmV0LTAx", "whsec_Q2FuYXJ5LXdlYmhvb2stc2VjcmV0LTAy"
	verifier, err := judge.NewWebhook(canary)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	away, keys, refused := true, map[string]bool{}, 0
	rotating, unsigned := false, 0 // the receiver has a new secret already; messages under the old one
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		if err := verifier.Verify(body, r.Header); err != nil {
			if !rotating {
				t.Errorf("the judge says: %v", err)
			}
			unsigned++
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if away {
			refused++
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		keys[r.Header.Get("Webhook-Id")] = true
	}))
	t.Cleanup(receiver.Close)
	s := newScene(t, mailboxtest.ScriptOptions{Emails: numbered(1, 4)})
	secret := filepath.Join(s.dir, "secret")
	if err := os.WriteFile(secret, []byte(canary+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.log = []string{"--watch", "--webhook", receiver.URL, "--webhook-secret-file", secret}
	p := s.command(t, "incoming-mail-daemon").begin(t)
	wait := func(what string, holds func() bool) {
		t.Helper()
		for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
			mu.Lock()
			held := holds()
			mu.Unlock()
			if held {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("not within %s: %s", patience, what)
			}
		}
	}
	wait("a try", func() bool { return refused > 0 })
	seen := func() (n int) {
		for _, m := range s.server.Emails() {
			if m.HasFlag(`\Seen`) {
				n++
			}
		}
		return n
	}
	if n := seen(); n > 0 {
		t.Errorf("%d emails are marked before the webhook had them", n)
	}
	mu.Lock()
	away, rotating = false, true
	if verifier, err = judge.NewWebhook(second); err != nil {
		t.Fatal(err)
	}
	mu.Unlock()
	wait("a message under the old secret", func() bool { return unsigned > 0 })
	if err := os.WriteFile(secret, []byte(second), 0o600); err != nil {
		t.Fatal(err)
	}
	wait("all emails", func() bool { return len(keys) == 4 })
	wait("all marked", func() bool { return seen() == 4 })
	_ = p.Process.Signal(syscall.SIGTERM)
	if status := p.status(t); status != 0 || p.stderr.Len() > 0 || !strings.Contains(p.stdout.String(), "cloud_soar_mail_id") {
		t.Errorf("status %d, %s", status, p.stderr.String())
	}
}
