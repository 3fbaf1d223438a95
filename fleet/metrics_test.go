package fleet_test

import (
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"example.org/imap-integration/fleet"
	"example.org/imap-integration/mailbox/mailboxtest"
)

// scripted adds a mailbox on a scripted server of its own.
func (w *world) scripted(name, settings string, o mailboxtest.ScriptOptions) *mailboxtest.Script {
	w.t.Helper()
	if o.UIDValidity == 0 {
		o.UIDValidity = 7
	}
	s := mailboxtest.NewScript(w.t, o)
	w.more += fmt.Sprintf("  - {name: %s, sinks: [], imap_server: %s, port: %d, connection_security: none, username: %s@corp.example, %s}\n", name, s.Host, s.Port, name, settings)
	return s
}

// scriptEmails are emails with these subjects.
func scriptEmails(subjects ...string) (emails []mailboxtest.ScriptMail) {
	for i, subject := range subjects {
		emails = append(emails, mailboxtest.ScriptMail{UID: uint32(i + 1), Raw: []byte("From: a@news.example\r\nSubject: " + subject + "\r\nMessage-ID: <" + subject + "@news.example>\r\n\r\nText.\r\n")})
	}
	return emails
}

// TestMetricsNameTheCause: each thing that can befall a mailbox moves its own metric, and no other mailbox's.
func TestMetricsNameTheCause(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1) // m0, on Dovecot with TLS
	w.metrics = "127.0.0.1:0"
	const password = "password: Canary-scripted-password"
	filtered := w.scripted("filtered", password+", not_subject: advertisement", mailboxtest.ScriptOptions{Emails: scriptEmails("one", "advertisement", "two")})
	w.scripted("throttled", password, mailboxtest.ScriptOptions{Hook: func(c *mailboxtest.ScriptConn, cmd mailboxtest.Command) bool {
		if cmd.Name != "AUTHENTICATE" && cmd.Name != "LOGIN" {
			return false
		}
		c.Say("%s NO Request is throttled. Suggested Backoff Time: 300000 milliseconds\r\n", cmd.Tag)
		return true
	}})
	var cut atomic.Bool
	w.scripted("severed", password, mailboxtest.ScriptOptions{Emails: scriptEmails("one"), Hook: func(c *mailboxtest.ScriptConn, cmd mailboxtest.Command) bool {
		if cmd.Name != "UID FETCH" || cut.Swap(true) {
			return false
		}
		c.Say("* 1 FETCH (UID 1 BODY[] {100}\r\nFrom: a@news")
		c.Reset()
		return true
	}})
	tokens := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(rw).Encode(map[string]any{"access_token": "Canary-access", "expires_in": 3600, "refresh_token": "Canary-refresh-2", "refresh_token_expires_in": 86400})
	}))
	t.Cleanup(tokens.Close)
	w.scripted("tokens", "auth_method: oauth2_refresh_token, oauth2_client_id: app, oauth2_refresh_token: Canary-refresh, oauth2_token_url: "+tokens.URL, mailboxtest.ScriptOptions{
		Capabilities: "IMAP4rev1 SASL-IR AUTH=XOAUTH2", Emails: scriptEmails("one"),
		Hook: func(c *mailboxtest.ScriptConn, cmd mailboxtest.Command) bool {
			_, sent, _ := strings.Cut(cmd.Args, " ")
			if text, err := base64.StdEncoding.DecodeString(sent); cmd.Name != "AUTHENTICATE" || err != nil || !strings.Contains(string(text), "Bearer Canary-access") {
				return false
			}
			c.OK(cmd)
			return true
		},
	})
	w.start("one")
	url := w.address()
	var values map[string]map[string]float64
	read := func() map[string]map[string]float64 {
		values = map[string]map[string]float64{}
		for name, f := range scrape(t, url) {
			short := strings.TrimPrefix(name, "imap_integration_mailbox_")
			values[short] = map[string]float64{}
			for _, m := range f.GetMetric() {
				if len(m.GetLabel()) == 1 {
					values[short][m.GetLabel()[0].GetValue()] = m.GetGauge().GetValue() + m.GetCounter().GetValue()
				}
			}
		}
		return values
	}
	w.eventually("every mailbox has its cause", func() bool {
		v := read()
		return v["saved_total"]["filtered"] == 2 && v["saved_total"]["severed"] == 1 && v["saved_total"]["tokens"] == 1 && v["throttled_total"]["throttled"] > 0 && len(v["last_poll_timestamp_seconds"]) == 4
	})
	conn, err := tls.Dial("tcp", fmt.Sprintf("localhost:%d", w.dovecot.TLS), w.dovecot.ClientTLS())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	only := func(metric, mailbox string) {
		t.Helper()
		for name, value := range values[metric] {
			if (value > 0) != (name == mailbox) {
				t.Errorf("%s of %s is %v", metric, name, value)
			}
		}
		if len(values[metric]) == 0 {
			t.Errorf("there is no %s", metric)
		}
	}
	only("left_out_total", "filtered")
	only("reconnects_total", "severed")
	only("throttled_total", "throttled")
	only("failed_passes", "throttled")
	only("overdue", "throttled")
	only("certificate_expiry_timestamp_seconds", "m0")
	only("token_expiry_timestamp_seconds", "tokens")
	only("existed_total", "")
	only("failed_total", "")
	if got := values["certificate_expiry_timestamp_seconds"]["m0"]; got != float64(conn.ConnectionState().PeerCertificates[0].NotAfter.Unix()) {
		t.Errorf("the certificate ends %v", got)
	}
	if ends := time.Unix(int64(values["token_expiry_timestamp_seconds"]["tokens"]), 0); time.Until(ends) > 24*time.Hour || time.Until(ends) < 23*time.Hour {
		t.Errorf("the token ends %s", ends)
	}
	w.accountsForAll(5, "throttled")
	filtered.Change(func(o *mailboxtest.ScriptOptions) { o.Emails[0].Flags = nil }) // somebody marks it unread
	w.eventually("an email that is there", func() bool { return read()["existed_total"]["filtered"] == 1 })
	only("existed_total", "filtered")
	if values["saved_total"]["filtered"] != 2 {
		t.Errorf("saved: %v", values["saved_total"]["filtered"])
	}
}

// TestAliveWhileTheDatabaseIsSilent: a database that says nothing does not keep a node
// from saying that it is alive, or its service manager would end it.
func TestAliveWhileTheDatabaseIsSilent(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	relay := w.behindRelay()
	w.metrics = "127.0.0.1:0"
	w.deliver(0, "a")
	w.start("one")
	w.complete(1)
	url := w.address()
	relay.Mute()
	asked, answered := make(chan struct{}), make(chan string, 1)
	go func() {
		close(asked)
		_, body := get(t, url+"/readyz")
		answered <- body
	}()
	<-asked
	for range 3 {
		if status, _ := get(t, url+"/livez"); status != http.StatusOK {
			t.Errorf("livez: %d", status)
		}
	}
	select {
	case body := <-answered: // it may have had an answer of a moment ago
		if !strings.Contains(body, `"ready":true`) {
			t.Errorf("readyz: %s", body)
		}
	default:
	}
	w.eventually("the metric of the database", func() bool {
		_, text := get(t, url+"/metrics")
		return strings.Contains(text, "imap_integration_database_up 0\n")
	})
	if status, body := get(t, url+"/readyz"); status != http.StatusServiceUnavailable || !strings.Contains(body, `"database":"cannot read the database`) {
		t.Errorf("readyz: %d %s", status, body)
	}
	relay.Speak()
	w.deliver(0, "b")
	w.complete(2)
	w.eventually("the metric of the database", func() bool {
		_, text := get(t, url+"/metrics")
		return strings.Contains(text, "imap_integration_database_up 1\n")
	})
}

// accountsForAll: a node that never worked says of every email of every mailbox what
// became of it, in one state each, and which mailbox could not be read; fleet status names all of them.
func (w *world) accountsForAll(mailboxes int, unreadable string) {
	w.t.Helper()
	reports, sound, err := fleet.Audit(w.t.Context(), w.options("a node that never worked"), true)
	if err != nil || sound || len(reports) != mailboxes {
		w.t.Errorf("audit: %d mailboxes, sound %t, %v", len(reports), sound, err)
	}
	for _, r := range reports {
		if (r.Error != "") != (r.Mailbox == unreadable) || strings.Contains(r.Error, "Canary") {
			w.t.Errorf("%s: %s", r.Mailbox, r.Error)
		}
		for _, a := range r.Folders {
			states := a.InStore + a.Pruned + len(a.Missing) + len(a.SecondCopies) + len(a.Vanished) + len(a.LeftOut)
			if states != a.Messages || len(a.Missing) > 0 {
				w.t.Errorf("%s: %d emails, %d in one state: %+v", r.Mailbox, a.Messages, states, a)
			}
		}
	}
	status, err := fleet.ReadStatus(w.t.Context(), w.options("a node that never worked").Config, slog.New(slog.DiscardHandler))
	if err != nil || len(status.Mailboxes) != mailboxes {
		w.t.Errorf("status: %+v, %v", status, err)
	}
}
