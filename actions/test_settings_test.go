package actions_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	integration "example.org/imap-integration"
	"example.org/imap-integration/actions"
	"example.org/imap-integration/mailbox/mailboxtest"
	"example.org/imap-integration/manifest"
	"example.org/imap-integration/terminal"
)

// settingsRun is what a run of test-settings left behind.
type settingsRun struct {
	exit   int
	stderr string // the sentence; "" on success
	stdout string
	log    string
	report settingsReport
}

// settingsReport is the report as contract.md has it.
type settingsReport struct {
	Status string
	Steps  []struct {
		Name, Status, Detail string
		Milliseconds         int64
	}
	Server struct {
		Greeting, Provider string
		Capabilities       []string
		TLS                struct {
			Version string
			Trusted bool
			Chain   []struct {
				Subject, Issuer string
				Names           []string
				DaysLeft        int `json:"days_left"`
			}
		}
		Token struct {
			Endpoint       string
			Audience       []string
			User           string
			Expires        string
			RefreshRotated bool `json:"refresh_token_rotated"`
		}
	}
	Mailbox                       struct{ Messages, Unseen, UIDValidity, UIDNext uint32 }
	Candidates, Counted, Matching int
	Filters                       []struct {
		Field          string
		Matching, Kept int
	}
	Samples []string
}

func (r settingsReport) step(name string) (status, detail string) {
	for _, s := range r.Steps {
		if s.Name == name {
			return s.Status, s.Detail
		}
	}
	return "", ""
}

// testSettings runs the action as the program does.
func testSettings(t *testing.T, params map[string]any) settingsRun {
	t.Helper()
	run, err := runSettings(t.Context(), params, false)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

func runSettings(ctx context.Context, params map[string]any, table bool) (settingsRun, error) {
	input, err := json.Marshal(params)
	if err != nil {
		return settingsRun{}, err
	}
	fields, err := manifest.New(integration.Files).Parameters("test-settings")
	if err != nil {
		return settingsRun{}, err
	}
	v := manifest.Decode("test-settings", fields, manifest.Input{Stdin: bytes.NewReader(input)})
	var out, log bytes.Buffer
	env := &actions.Env{
		Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})), Now: time.Now,
		Progress: func(int, int) {}, Deliver: func(write func(io.Writer) error) error { return write(&out) },
	}
	if table {
		env.Show = func(write func(*terminal.Page) error) error { return write(&terminal.Page{Writer: &out, Width: 100}) }
	}
	action := actions.All[slices.IndexFunc(actions.All, func(a actions.Action) bool { return a.Name == "test-settings" })]
	result, err := action.Run(ctx, env, v)
	run := settingsRun{exit: actions.ExitStatus(err, ctx.Err() != nil)}
	if err != nil {
		run.stderr = actions.Sentence(err)
	}
	if result != nil {
		if err := env.Deliver(actions.JSON(result)); err != nil {
			return run, err
		}
	}
	run.stdout, run.log = out.String(), log.String()
	if !table {
		err = json.Unmarshal(out.Bytes(), &run.report)
		return run, err
	}
	return run, nil
}

// dovecotSettings are the parameters that reach this mailbox by TLS.
func dovecotSettings(t *testing.T, d *mailboxtest.Dovecot, u mailboxtest.User) map[string]any {
	return map[string]any{
		"imap_server": d.Host, "port": d.TLS, "username": u.Name, "password": u.Password, "ca_certificate": d.Authority.PEM,
		"timeout": 10, "cloud_soar_api_url": "local:" + filepath.Join(t.TempDir(), "soar.db"),
	}
}

func with(params map[string]any, more map[string]any) map[string]any {
	all := maps.Clone(params)
	maps.Copy(all, more)
	maps.DeleteFunc(all, func(_ string, v any) bool { return v == nil })
	return all
}

func mailOf(from, subject, body string) []byte {
	return []byte("From: " + from + "\r\nTo: soc@corp.example\r\nSubject: " + subject + "\r\nMessage-ID: <" + subject + "@example>\r\n\r\n" + body + "\r\n")
}

func TestSettingsOnDovecot(t *testing.T) {
	d := mailboxtest.StartDovecot(t)
	u := d.NewUser()
	for i := range 30 {
		from, subject := "alice@example.org", fmt.Sprintf("Invoice %02d", i)
		if i%3 == 0 {
			from = "bob@evil.example"
		}
		if i%5 == 0 {
			subject = fmt.Sprintf("=?utf-8?q?Gr=C3=BC=C3=9Fe_%02d?=", i)
		}
		d.Deliver(u, mailOf(from, subject, fmt.Sprintf("Number %d", i)), mailboxtest.Delivery{Seen: i >= 28})
	}
	base := dovecotSettings(t, d, u)
	seen := d.Seen(u)

	t.Run("all is well", func(t *testing.T) {
		r := testSettings(t, base)
		if r.exit != 0 || r.stderr != "" || r.report.Status != "ok" {
			t.Fatalf("exit %d, %q: %s", r.exit, r.stderr, r.stdout)
		}
		if r.report.Candidates != 28 || r.report.Counted != 28 || r.report.Matching != 28 || r.report.Mailbox.Messages != 30 || r.report.Mailbox.Unseen != 28 {
			t.Errorf("%s", r.stdout)
		}
		if want := []string{"Grüße 00", "Invoice 01", "Invoice 02"}; !slices.Equal(r.report.Samples, want) {
			t.Errorf("samples %q, want %q", r.report.Samples, want)
		}
		if _, tls := r.report.step("tls"); !strings.Contains(tls, `issued by "Mailboxtest CA"`) || !strings.Contains(tls, "days left") || !r.report.Server.TLS.Trusted {
			t.Errorf("tls: %q", tls)
		}
		if r.report.Server.Greeting == "" || r.report.Server.Provider != "dovecot" || len(r.report.Server.Capabilities) == 0 {
			t.Errorf("server: %+v", r.report.Server)
		}
	})
	t.Run("every key is there", func(t *testing.T) {
		for _, params := range []map[string]any{base, {}} {
			var got map[string]any
			if err := json.Unmarshal([]byte(testSettings(t, params).stdout), &got); err != nil {
				t.Fatal(err)
			}
			for _, key := range strings.Fields("status steps server mailbox candidates counted matching filters samples") {
				if v, ok := got[key]; !ok || v == nil {
					t.Errorf("%s is %v", key, v)
				}
			}
			var names []string
			for _, s := range got["steps"].([]any) {
				names = append(names, s.(map[string]any)["name"].(string))
			}
			if want := "parameters dns connect tls login folder filters cloud_soar"; strings.Join(names, " ") != want {
				t.Errorf("steps %v", names)
			}
		}
	})
	t.Run("filters, alone and in turn", func(t *testing.T) {
		for name, c := range map[string]struct {
			filters map[string]any
			want    string
			matches int
		}{
			"header filters":   {map[string]any{"from": "example.org", "subject": "invoice", "not_subject": "13, 14"}, "from 18 18, subject 22 14, not_subject 26 12", 12},
			"with the content": {map[string]any{"from": "example.org", "text_body": "number 1"}, "from 18 18, text_body 11 8", 8},
			"a header pair":    {map[string]any{"header": "BOB", "header_field": "From"}, "header 10 10", 10},
			"a header alone":   {map[string]any{"header_field": "X-None"}, "header_field 0 0", 0},
			"nothing left":     {map[string]any{"subject": "payroll"}, "subject 0 0", 0},
		} {
			r := testSettings(t, with(base, c.filters))
			var got []string
			for _, f := range r.report.Filters {
				got = append(got, fmt.Sprintf("%s %d %d", f.Field, f.Matching, f.Kept))
			}
			if strings.Join(got, ", ") != c.want || r.report.Matching != c.matches || r.report.Counted != 28 || r.exit != 0 {
				t.Errorf("%s: %v, matching %d, %s", name, got, r.report.Matching, r.stderr)
			}
			if want := min(3, c.matches); len(r.report.Samples) != want {
				t.Errorf("%s: samples %q", name, r.report.Samples)
			}
		}
	})
	t.Run("from_latest on a new store", func(t *testing.T) {
		r := testSettings(t, with(base, map[string]any{"email_fetch_type": "from_latest"}))
		if r.exit != 0 || r.report.Candidates != 28 {
			t.Errorf("%s", r.stdout)
		}
	})
	t.Run("starttls reports nothing unproved", func(t *testing.T) {
		r := testSettings(t, with(base, map[string]any{"port": d.Plain, "connection_security": "starttls"}))
		if r.exit != 0 || r.report.Server.Greeting != "" {
			t.Errorf("exit %d, greeting %q, %s", r.exit, r.report.Server.Greeting, r.stderr)
		}
	})
	t.Run("none on loopback", func(t *testing.T) {
		r := testSettings(t, with(base, map[string]any{"imap_server": "127.0.0.1", "port": d.Plain, "connection_security": "none"}))
		if status, detail := r.report.step("tls"); r.exit != 0 || status != "skipped" || detail != "connection_security is none" {
			t.Errorf("exit %d, tls %s %q, %s", r.exit, status, detail, r.stderr)
		}
	})
	t.Run("untrusted on request", func(t *testing.T) {
		r := testSettings(t, with(base, map[string]any{"ca_certificate": nil, "allow_untrusted_certificates": true}))
		if _, tls := r.report.step("tls"); r.exit != 0 || !strings.Contains(tls, "NOT VERIFIED") || r.report.Server.TLS.Trusted {
			t.Errorf("exit %d, tls %q", r.exit, tls)
		}
	})
	t.Run("a table for a person", func(t *testing.T) {
		r, err := runSettings(t.Context(), with(base, map[string]any{"subject": "invoice"}), true)
		if err != nil || r.exit != 0 {
			t.Fatalf("%v, %s", err, r.stderr)
		}
		for _, s := range []string{"parameters", "cloud_soar", "28 emails are due; subject leaves 22", "Keeps alone", "Invoice 01", "All is well"} {
			if !strings.Contains(r.stdout, s) {
				t.Errorf("%q is not in\n%s", s, r.stdout)
			}
		}
	})
	t.Run("interrupted", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		r, err := runSettings(ctx, base, false)
		if err != nil || r.exit != actions.ExitInterrupted || r.report.Status != "failed" {
			t.Errorf("%v, exit %d, %q", err, r.exit, r.stderr)
		}
	})

	if now := d.Seen(u); !slices.Equal(now, seen) {
		t.Errorf("flags changed: %v, were %v", now, seen)
	}
	if _, err := os.Stat(strings.TrimPrefix(base["cloud_soar_api_url"].(string), "local:")); err == nil {
		t.Error("the store was made")
	}
}

// TestSettingsWithTokens logs in by OAUTHBEARER and XOAUTH2 on a Dovecot that checks tokens by itself.
func TestSettingsWithTokens(t *testing.T) {
	d := mailboxtest.StartOAuthDovecot(t)
	u, other := d.NewUser(), d.NewUser()
	for name, c := range map[string]struct {
		claims map[string]any
		user   string
		exit   int
		says   []string
	}{
		"good":           {nil, u.Name, 0, []string{"audience " + mailboxtest.OAuthAudience, "in 59 minutes"}},
		"expired":        {map[string]any{"exp": time.Now().Add(-time.Hour).Unix()}, u.Name, 1, []string{"the access token expired", "get a new one"}},
		"wrong audience": {map[string]any{"aud": "https://graph.example"}, u.Name, 1, []string{"audience https://graph.example", "check the token's audience"}},
		"wrong user":     {map[string]any{"email": other.Name}, u.Name, 1, []string{"user " + other.Name, "username is the user it was given for"}},
	} {
		t.Run(name, func(t *testing.T) {
			token := d.Token(u, c.claims)
			r := testSettings(t, with(dovecotSettings(t, d, u), map[string]any{
				"password": nil, "auth_method": "oauth2_access_token", "oauth2_access_token": token, "username": c.user,
			}))
			status, login := r.report.step("login")
			if r.exit != c.exit || (status == "ok") != (c.exit == 0) {
				t.Fatalf("exit %d, login %s %q, %q", r.exit, status, login, d.Log())
			}
			for _, s := range c.says {
				if !strings.Contains(login, s) {
					t.Errorf("%q is not in %q", s, login)
				}
			}
			for where, text := range map[string]string{"stdout": r.stdout, "stderr": r.stderr, "log": r.log} {
				if strings.Contains(text, token) || strings.Contains(text, strings.Split(token, ".")[2]) {
					t.Errorf("the token is in %s", where)
				}
			}
		})
	}
}
