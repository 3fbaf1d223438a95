package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"example.org/imap-integration/actions"
	"example.org/imap-integration/terminal"
)

func runDemo(t *testing.T, args ...string) string {
	t.Helper()
	t.Setenv("TMPDIR", t.TempDir())
	var out, errs bytes.Buffer
	status := run(append([]string{"demo"}, args...), strings.NewReader(""), &out, &errs, func(string) string { return "" })
	if status != 0 || errs.Len() > 0 {
		t.Fatalf("demo: exit %d, %s", status, errs.String())
	}
	if left, err := os.ReadDir(os.Getenv("TMPDIR")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	return out.String()
}

func TestDemo(t *testing.T) {
	out := runDemo(t)
	for _, want := range []string{
		"cloud_soar  ok", "6 emails are unread", "keeps 5 of them", "saves 5 emails", "FW: Is this invoice real?",
		"The second run finds 0 new emails", "Rechnung 2026-1187.eml", "Invoice_2026-1187.pdf.js", "now holds 1 email",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the demo does not say %q:\n%s", want, out)
		}
	}
}

func TestDemoJSON(t *testing.T) {
	var emails []struct{ Status, Subject string }
	if err := json.Unmarshal([]byte(runDemo(t, "--json")), &emails); err != nil {
		t.Fatal(err)
	}
	if len(emails) != 5 || emails[0].Status != "saved" || !strings.Contains(emails[0].Subject, "expires today") {
		t.Errorf("emails: %+v", emails)
	}
}

// printedCommand is a line to paste: fields, action and the file of the settings.
var printedCommand = regexp.MustCompile(`(?m)^  ((?:\w+=\w+ )*)"[^"]+" (\S+) < "([^"]+)"$`)

// runPrinted runs a command of demo --keep as a shell would.
func runPrinted(t *testing.T, fields, action, file string) {
	t.Helper()
	params, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	environment := map[string]string{}
	for _, field := range strings.Fields(fields) {
		name, value, _ := strings.Cut(field, "=")
		environment[name] = value
	}
	var result, errs bytes.Buffer
	status := run([]string{action}, bytes.NewReader(params), &result, &errs, func(name string) string { return environment[name] })
	if status != 0 || errs.Len() > 0 || !json.Valid(result.Bytes()) {
		t.Errorf("%s%s: exit %d, %.200s %s", fields, action, status, result.String(), errs.String())
	}
}

func TestDemoKeep(t *testing.T) {
	out := &lockedBuffer{}
	p := &program{stdout: out, getenv: func(string) string { return "" }}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- demonstrate(ctx, p, false, true) }()
	for deadline := time.Now().Add(30 * time.Second); !strings.Contains(out.String(), "email-body-regex"); time.Sleep(5 * time.Millisecond) {
		select {
		case err := <-ended:
			t.Fatalf("ended: %v", err)
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("demo --keep says %q", out.String())
		}
	}
	printed := printedCommand.FindAllStringSubmatch(out.String(), -1)
	if len(printed) != len(demoNext) {
		t.Errorf("%d commands in %s", len(printed), out.String())
	}
	for _, command := range printed {
		runPrinted(t, command[1], command[2], command[3])
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("ended with %v", err)
	}
}

// TestDemoFitsTheTerminal draws the tour at three widths.
func TestDemoFitsTheTerminal(t *testing.T) {
	for _, width := range []int{80, 120, 200} {
		var out bytes.Buffer
		d := &demo{page: &terminal.Page{Writer: &out, Width: width}, folder: t.TempDir()}
		server, err := d.startServer()
		if err != nil {
			t.Fatal(err)
		}
		err = d.tour(context.Background())
		if err := errors.Join(err, server.Close()); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(out.String()) {
			if n := terminal.Columns(strings.TrimRight(line, "\n")); n > width {
				t.Errorf("%d columns at %d: %s", n, width, line)
			}
		}
	}
}

// TestHelpShowsWhatAnActionUses: the mailbox is nothing to an action on saved emails.
func TestHelpShowsWhatAnActionUses(t *testing.T) {
	short, all := runHere(t, []string{"discard-email", "--help"}, "", nil), runHere(t, []string{"discard-email", "--help-all"}, "", nil)
	for _, field := range []string{"imap_server (", "not_subject (", "oauth2_tenant ("} {
		if strings.Contains(short.stdout, field) || !strings.Contains(all.stdout, field) {
			t.Errorf("%s: --help must not show it, --help-all must", field)
		}
	}
	for _, field := range []string{"cloud_soar_mail_id (", "jwt_token ("} {
		if !strings.Contains(short.stdout, field) {
			t.Errorf("--help does not show %s", field)
		}
	}
	if daemon := runHere(t, []string{"incoming-mail-daemon", "--help"}, "", nil); !strings.Contains(daemon.stdout, "not_subject (") {
		t.Error("the daemon's help lacks its filters")
	}
}

// TestABrokenFilterStopsNoActionOnSavedEmails: neither that nor a wrong port is its business.
func TestABrokenFilterStopsNoActionOnSavedEmails(t *testing.T) {
	params := `{"cloud_soar_api_url":"local:` + filepath.ToSlash(t.TempDir()) + `/soar.db","subject":" , ","port":"x","cloud_soar_mail_id":"1"}`
	if got := runHere(t, []string{"discard-email"}, params, nil); got.status != actions.ExitFailed {
		t.Errorf("exit status %d, want %d for the unknown email: %s", got.status, actions.ExitFailed, got.stderr)
	}
	if got := runHere(t, []string{"incoming-mail-daemon"}, params, nil); got.status != actions.ExitParameters {
		t.Errorf("the daemon takes a broken filter: %d, %s", got.status, got.stderr)
	}
}

// TestCheckTakesWhatExportWrites: the files as they are uploaded can be checked where they are.
func TestCheckTakesWhatExportWrites(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "upload")
	for _, args := range [][]string{{"manifest", "export", folder}, {"manifest", "check", folder}} {
		if got := runHere(t, args, "", nil); got.status != 0 || got.stderr != "" || !strings.Contains(got.stdout, "integration.yaml and ") {
			t.Errorf("%q: exit %d, %q, %q", args, got.status, got.stdout, got.stderr)
		}
	}
}
