package fleet_test

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"example.org/imap-integration/fleet"
	"example.org/imap-integration/soar/local"
	"example.org/imap-integration/transport/transporttest"
)

// tenant is Cloud SOAR over REST, on a store of its own, with faults. It counts what
// it was asked to make: its store would hide what comes twice.
type tenant struct {
	*httptest.Server
	jwt string

	mu    sync.Mutex
	mode  string         // "": it works
	made  map[string]int // source_key → emails that were made
	tried int            // requests to make one
}

// How a tenant fails.
const (
	away    = "away"    // 503
	lost    = "lost"    // it makes an email, nobody hears of it, and then it is away
	refuses = "refuses" // 422 to every email
)

func newTenant(t *testing.T, authority *transporttest.Authority) *tenant {
	t.Helper()
	store, err := local.Open(t.Context(), filepath.Join(t.TempDir(), "tenant.db"), local.Options{})
	if err != nil {
		t.Fatal(err)
	}
	keys, _, err := store.Keys(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	works, err := local.NewHandler(t.Context(), store, local.HandlerOptions{})
	if err != nil {
		t.Fatal(err)
	}
	x := &tenant{jwt: keys.JWT, made: map[string]int{}}
	x.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { x.serve(works, w, r) }))
	x.TLS = &tls.Config{Certificates: []tls.Certificate{authority.Issue(t, transporttest.Leaf{})}, MinVersion: tls.VersionTLS12}
	x.StartTLS()
	t.Cleanup(func() { x.Close(); _ = store.Close() })
	return x
}

var keyInBody = regexp.MustCompile(`"source_key":\s*"([0-9a-f]{64})"`)

func (x *tenant) serve(works http.Handler, w http.ResponseWriter, r *http.Request) {
	makes := r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/emails/")
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	x.mu.Lock()
	mode := x.mode
	if makes {
		x.tried++
	}
	x.mu.Unlock()
	switch {
	case mode == away, mode == lost && !makes && x.anything():
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	case mode == refuses && makes:
		w.WriteHeader(http.StatusUnprocessableEntity)
		return
	}
	answer := httptest.NewRecorder()
	works.ServeHTTP(answer, r)
	if key := keyInBody.FindSubmatch(body); makes && key != nil && answer.Code/100 == 2 {
		x.mu.Lock()
		x.made[string(key[1])]++
		x.mu.Unlock()
	}
	if mode == lost && makes {
		panic(http.ErrAbortHandler)
	}
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

func (x *tenant) anything() bool {
	n, _, _ := x.emails()
	return n > 0
}

func (x *tenant) become(mode string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.mode, x.tried = mode, 0
}

// emails is how many it made, and how often it made one again.
func (x *tenant) emails() (different, again, tried int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, n := range x.made {
		again += n - 1
	}
	return len(x.made), again, x.tried
}

// TestCloudSOARSink: each email is made once in the tenant, whether answers are lost, the
// tenant is away, refuses one for good until a person replays it, or its credentials
// change. Only the mailbox that feeds it is held back meanwhile.
func TestCloudSOARSink(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	x := newTenant(t, w.dovecot.Authority)
	jwt := w.file("jwt", x.jwt)
	w.sinks = fmt.Sprintf("  - {name: tenant, type: cloud_soar, cloud_soar_api_url: %q, jwt_token_file: %s, ca_certificate_file: %s/ca.pem, timeout: 5, cloud_soar_requests_per_second: 0, backlog_age: 3s}\n", x.URL, jwt, w.dir)
	w.only = map[int]string{0: "[tenant]", 1: "[out]"}
	has := func(want int) func() bool {
		return func() bool {
			n, _, _ := x.emails()
			return n == want && w.sql(`SELECT count(*) FROM deliveries`) == "0"
		}
	}
	x.become(lost)
	w.deliver(0, "first")
	w.start("one")
	w.eventually("an email is made, and nobody hears of it", func() bool { n, _, _ := x.emails(); return n == 1 })
	x.become(away)
	w.eventually("the sink holds back", func() bool { return strings.Contains(w.log.String(), "held_back=true") })
	w.eventually("no pass from before is under way", func() bool { return w.sql(`SELECT count(*) FROM mailboxes WHERE holder IS NOT NULL`) == "0" })
	w.deliver(0, "held")
	w.deliver(1, "goes on")
	w.eventually("the other mailbox is read", func() bool { return w.sql(`SELECT count(*) FROM emails WHERE subject_folded = 'goes on'`) == "1" })
	if n := w.sql(`SELECT count(*) FROM emails WHERE subject_folded = 'held'`); n != "0" {
		t.Error("a mailbox that is held back is read")
	}
	x.become("")
	w.eventually("both emails in the tenant", has(2))
	x.become(refuses)
	w.deliver(0, "refused")
	w.eventually("a dead letter", func() bool { return w.sql(`SELECT count(*) FROM deliveries WHERE dead`) == "1" })
	if why := w.sql(`SELECT last_error FROM deliveries`); !strings.Contains(why, "422") || strings.Contains(why, x.jwt) {
		t.Errorf("why: %s", why)
	}
	x.become("")
	if n, err := fleet.Replay(t.Context(), w.options("replay").Config, "tenant", slog.New(slog.DiscardHandler)); err != nil || n != 1 {
		t.Errorf("replayed %d, %v", n, err)
	}
	w.eventually("the dead letter in the tenant", has(3))
	w.file("jwt", x.jwt[:len(x.jwt)-6]+"AAAAAA")
	w.deliver(0, "while the credentials are wrong")
	w.eventually("a sentence", func() bool { return strings.Contains(w.sql(`SELECT last_error FROM deliveries`), "jwt_token") })
	w.file("jwt", x.jwt)
	w.eventually("the email behind the right credentials", has(4))
	if _, again, _ := x.emails(); again > 0 {
		t.Errorf("%d emails were made more than once", again)
	}
	if log := w.log.String(); strings.Contains(log, x.jwt) {
		t.Error("the log shows a secret")
	}
}
