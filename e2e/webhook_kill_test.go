//go:build unix

package e2e_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"example.org/imap-integration/mailbox/mailboxtest"
)

// killer is a webhook's receiver, and a watch on a mail server that marks emails, of
// which one is killed at one point.
type killer struct {
	*scene
	t *testing.T

	mu     sync.Mutex
	points int            // passed so far
	fatal  int            // the point at which the watch is killed; 0: none
	watch  *process       // nil: not started yet
	posted map[uint32]int // UID → how often the receiver answered 200
	keys   map[string]bool
}

// at is a point. It kills the watch where that is the one.
func (k *killer) at() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.points++; k.points == k.fatal {
		_ = k.watch.Process.Kill()
		<-k.watch.ended
	}
}

func (k *killer) receive(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	k.at()
	var m struct {
		Email struct{ UID uint32 }
	}
	if err := json.Unmarshal(body, &m); err != nil {
		k.t.Error(err)
	}
	k.mu.Lock()
	k.posted[m.Email.UID]++
	k.keys[r.Header.Get("Webhook-Id")] = true
	k.mu.Unlock()
	_ = http.NewResponseController(w).Flush() // 200
	k.at()
}

func newKiller(t *testing.T, fatal int) *killer {
	t.Helper()
	k := &killer{t: t, fatal: fatal, posted: map[uint32]int{}, keys: map[string]bool{}}
	receiver := httptest.NewServer(http.HandlerFunc(k.receive))
	t.Cleanup(receiver.Close)
	k.scene = newScene(t, mailboxtest.ScriptOptions{Emails: numbered(1, 3), Hook: func(c *mailboxtest.ScriptConn, cmd mailboxtest.Command) bool {
		if cmd.Name != "UID STORE" {
			return false
		}
		k.at()
		c.Answer(cmd)
		k.at()
		return true
	}})
	secret := filepath.Join(k.dir, "secret")
	if err := os.WriteFile(secret, []byte("Canary-kill-sweep-secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	k.log = []string{"--watch", "--webhook", receiver.URL, "--webhook-secret-file", secret}
	return k
}

// run starts a watch and waits until all is marked, or it was killed.
func (k *killer) run() {
	k.t.Helper()
	k.mu.Lock()
	k.watch = k.command(k.t, "incoming-mail-daemon").begin(k.t)
	k.mu.Unlock()
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		unread := 0
		for _, m := range k.server.Emails() {
			k.mu.Lock()
			if m.HasFlag(`\Seen`) && k.posted[m.UID] == 0 {
				k.t.Errorf("UID %d is marked and was never posted", m.UID)
			}
			k.mu.Unlock()
			if !m.HasFlag(`\Seen`) {
				unread++
			}
		}
		select {
		case <-k.watch.ended:
			return
		default:
		}
		if unread == 0 {
			break
		}
		if time.Now().After(deadline) {
			k.t.Fatalf("%d emails are unread: %s", unread, k.watch.stderr.String())
		}
	}
	_ = k.watch.Process.Signal(syscall.SIGTERM)
	k.watch.status(k.t)
}

// TestWatchWebhookKills: a watch with a webhook is killed at each point of its hand-over:
// when the receiver has read an email, when it has answered, when the server is asked to mark
// emails, and when it has. Whatever is marked was posted; the next watch posts the rest, and each
// email is stored once, under one key.
func TestWatchWebhookKills(t *testing.T) {
	t.Parallel()
	whole := newKiller(t, 0)
	whole.run()
	if whole.points < 8 {
		t.Fatalf("a whole run has %d points", whole.points)
	}
	for fatal := 1; fatal <= whole.points; fatal++ {
		t.Run(fmt.Sprint(fatal), func(t *testing.T) {
			t.Parallel()
			k := newKiller(t, fatal)
			k.run()
			k.run()
			k.ledger(t, k.server.Emails())
			k.mu.Lock()
			defer k.mu.Unlock()
			if len(k.keys) != 3 || len(k.posted) != 3 {
				t.Errorf("posted: %v under %d keys", k.posted, len(k.keys))
			}
		})
	}
}
