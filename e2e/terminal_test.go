//go:build unix

package e2e_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/creack/pty"

	"example.org/imap-integration/mailbox/mailboxtest"
	"example.org/imap-integration/terminal"
)

// onTerminal runs the program on a pseudo-terminal of that many columns, as a
// person does: both outputs are the terminal, the parameters come from a file.
func onTerminal(t *testing.T, columns int, params map[string]any, environment []string, args ...string) (shown string, status int) {
	t.Helper()
	c, master := beginOnTerminal(t, columns, params, environment, args...)
	var out bytes.Buffer
	if _, err := io.Copy(&out, master); err != nil && !errors.Is(err, syscall.EIO) { // EIO: the program has ended
		t.Fatal(err)
	}
	_ = c.Wait() // the status says it
	return strings.ReplaceAll(out.String(), "\r\n", "\n"), c.ProcessState.ExitCode()
}

// beginOnTerminal starts it; what it shows is read from the terminal.
func beginOnTerminal(t *testing.T, columns int, params map[string]any, environment []string, args ...string) (*exec.Cmd, *os.File) {
	t.Helper()
	input, err := json.Marshal(params)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "params.json")
	if err := os.WriteFile(file, input, 0o600); err != nil {
		t.Fatal(err)
	}
	stdin, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	master, slave, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = master.Close() })
	defer slave.Close()
	if err := pty.Setsize(master, &pty.Winsize{Rows: 40, Cols: uint16(columns)}); err != nil {
		t.Fatal(err)
	}
	c := exec.Command(binary, args...)
	c.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "TMPDIR=" + t.TempDir(), "TERM=xterm"}, environment...)
	c.Stdin, c.Stdout, c.Stderr = stdin, slave, slave
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	return c, master
}

// escape is what gives a text its colour.
var escape = regexp.MustCompile("\x1b\\[[0-9;]*m")

// fits holds every line to the width of the terminal.
func fits(t *testing.T, what, shown string, columns int) {
	t.Helper()
	for line := range strings.Lines(escape.ReplaceAllString(shown, "")) {
		line = strings.TrimRight(line, "\n")
		if n := terminal.Columns(line); n > columns {
			t.Errorf("%s: %d columns on a terminal of %d: %s", what, n, columns, line)
		}
		if strings.TrimRight(line, " ") != line {
			t.Errorf("%s: spaces at the end of %q", what, line)
		}
	}
}

// newcomers are emails that break a table that is not careful.
func newcomers() []mailboxtest.ScriptMail {
	var emails []mailboxtest.ScriptMail
	for i, subject := range []string{
		"Ihre Sendung wartet: =?UTF-8?B?6I2354mp44GM5b6F44Gj44Gm44GE44G+44GZ?= and is 120 characters long, so that it fits on a wide terminal only",
		"=?UTF-8?Q?=1B[2J=1B[31mred=07?=", "=?UTF-8?Q?right=E2=80=AEleft?=", "newsletter", "short", "",
	} {
		raw := "From: =?UTF-8?Q?=1B[5m?= <a.very.long.local.part.of.an.address@subdomain.of.a.long.domain.example>\r\nTo: soc@corp.example\r\nSubject: " + subject +
			"\r\nMessage-ID: <" + strings.Repeat("x", 50) + string(rune('a'+i)) + "@corp.example>\r\nDate: Mon, 2 Mar 2026 10:00:00 +0000\r\n\r\nhttps://login.corp.example/" + strings.Repeat("y", 80) + "\r\n"
		emails = append(emails, mailboxtest.ScriptMail{UID: uint32(i + 1), Raw: []byte(raw), Date: "02-Mar-2026 10:00:00 +0000"})
	}
	return emails
}

// TestOnATerminal walks through the actions as a newcomer does.
func TestOnATerminal(t *testing.T) {
	t.Parallel()
	for _, columns := range []int{80, 120, 200} {
		s := newScene(t, mailboxtest.ScriptOptions{Emails: newcomers()})
		s.params["not_subject"] = "newsletter"
		for _, step := range []struct {
			args   []string
			fields map[string]any
			want   []string
		}{
			{[]string{"test-settings"}, nil, []string{"6 emails are due; not_subject leaves 5", "The first that would come:", "All is well"}},
			{[]string{"incoming-mail-daemon"}, nil, []string{"Subject", "saved", "6 emails found: 5 saved, 1 left out by not_subject.", "--json shows"}},
			{[]string{"incoming-mail-daemon"}, nil, []string{"1 email found: 1 left out by not_subject.", "test-settings shows"}},
			{[]string{"incoming-mail-daemon"}, map[string]any{"email_fetch_type": "from_latest"}, []string{"Nothing new since"}},
			{[]string{"list-cloud-soar-emails"}, nil, []string{"Received", "2026-03-02 10:00"}},
			{[]string{"get-email"}, map[string]any{"cloud_soar_mail_id": "1"}, []string{"Ihre Sendung"}},
			{[]string{"email-body-regex"}, map[string]any{"cloud_soar_mail_id": "1", "preset": "url"}, []string{"Count: 1", "Matches", "Timed out: no"}},
			{[]string{"analyze-eml-msg"}, map[string]any{"cloud_soar_mail_id": "1"}, []string{"Indicator", "hxxps"}},
			{[]string{"add-email-to-incident"}, map[string]any{"cloud_soar_mail_id": "1, 2", "incident_id": 7}, []string{"Incident: 7", "yes"}},
			{[]string{"list-incident-emails"}, map[string]any{"incident_id": 7}, []string{"From"}},
			{[]string{"list-incident-emails"}, map[string]any{"incident_id": 8}, []string{"None."}},
			{[]string{"incoming-mail-daemon", "--help"}, nil, []string{"Usage:", "not_subject"}},
			{[]string{"help"}, nil, []string{"Actions:", "incoming-mail-daemon"}},
			{[]string{"serve", "--help"}, nil, []string{"--tls-cert"}},
			{[]string{"demo"}, nil, []string{"TEST SAVED SETTINGS", "ok"}},
		} {
			params := with(s.params, step.fields)
			shown, status := onTerminal(t, columns, params, []string{"NO_COLOR=1"}, step.args...)
			if status != 0 || strings.Contains(shown, "\x1b") {
				t.Errorf("%v: exit %d\n%q", step.args, status, shown)
			}
			plain := strings.Join(strings.Fields(shown), " ")
			for _, want := range step.want {
				if !strings.Contains(plain, want) {
					t.Errorf("%v on %d columns does not say %q:\n%s", step.args, columns, want, shown)
				}
			}
			fits(t, strings.Join(step.args, " "), shown, columns)
		}
	}
}

func with(params, more map[string]any) map[string]any {
	out := map[string]any{}
	for _, m := range []map[string]any{params, more} {
		for k, v := range m {
			out[k] = v
		}
	}
	return out
}

// TestColours: on a terminal unless somebody says no, and never in what is piped.
func TestColours(t *testing.T) {
	t.Parallel()
	s := newScene(t, mailboxtest.ScriptOptions{Emails: newcomers()})
	for _, row := range []struct {
		environment []string
		args        []string
		want        bool
	}{
		{nil, nil, true},
		{[]string{"NO_COLOR=1"}, nil, false},
		{[]string{"NO_COLOR="}, nil, true},
		{[]string{"TERM=dumb"}, nil, false},
		{[]string{"TERM=dumb", "FORCE_COLOR=1"}, nil, true},
		{[]string{"NO_COLOR=1"}, []string{"--color=always"}, true},
		{[]string{"FORCE_COLOR=1"}, []string{"--color=never"}, false},
		{nil, []string{"--json"}, false},
	} {
		shown, status := onTerminal(t, 100, s.params, row.environment, append([]string{"test-settings"}, row.args...)...)
		if got := escape.MatchString(shown); got != row.want || status != 0 {
			t.Errorf("%v %v: colours %t, exit %d\n%s", row.environment, row.args, got, status, shown)
		}
	}
	piped := exec.Command(binary, "test-settings", "--color=always")
	piped.Env = []string{"FORCE_COLOR=1"}
	input, err := json.Marshal(s.params)
	if err != nil {
		t.Fatal(err)
	}
	piped.Stdin = bytes.NewReader(input)
	out, err := piped.Output()
	if err != nil || escape.Match(out) || bytes.Count(out, []byte("\n")) != 1 || !json.Valid(out) {
		t.Errorf("piped it is one line of JSON: %v\n%s", err, out)
	}
}

// TestJSONOnATerminal is what --json is for: the same document, indented.
func TestJSONOnATerminal(t *testing.T) {
	t.Parallel()
	s := newScene(t, mailboxtest.ScriptOptions{Emails: newcomers()})
	shown, status := onTerminal(t, 80, s.params, nil, "incoming-mail-daemon", "--json")
	var objects []object
	if err := json.Unmarshal([]byte(shown), &objects); err != nil || status != 0 || len(objects) != 6 || !strings.Contains(shown, "\n    \"status\": \"saved\"") {
		t.Errorf("%v, exit %d:\n%s", err, status, shown)
	}
	if shown, status := onTerminal(t, 80, s.params, nil, "incoming-mail-daemon", "--color=sometimes"); status != 2 || !strings.Contains(shown, "auto, always or never") {
		t.Errorf("exit %d: %s", status, shown)
	}
}
