package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"example.org/imap-integration/mailbox/imapmem"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"imap-integration": main})
}

// TestScripts runs testdata/script/*.txtar. Each script has a mail server in
// memory with one unread mail, and in its folder params.json (this server into
// the store soar.db) and silent.json (a server that never says a word).
// Commands of their own:
//
//	exits STATUS COMMAND…   runs the command and wants this exit status
//	mail SUBJECT            puts another unread mail into INBOX
//	later NAME              sets a variable to a time, in whole seconds, behind all that was done so far
//	lines FILE N            wants N lines in a file
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                "../../testdata/script",
		Setup:              setUpScript,
		Cmds:               map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "mail": anotherMail, "lines": lines, "later": later},
		Condition:          condition,
		RequireUniqueNames: true,
	})
}

const scriptPassword = "Canary-password-1"

func setUpScript(env *testscript.Env) error {
	server, err := imapmem.Start("soc@corp.example", scriptPassword, nil)
	if err != nil {
		return err
	}
	env.Defer(func() { _ = server.Close() })
	env.Values["server"] = server
	if err := appendMail(server, "Invoice 7"); err != nil {
		return err
	}
	silent, err := net.Listen("tcp", "127.0.0.1:0") // the kernel accepts; nobody answers
	if err != nil {
		return err
	}
	env.Defer(func() { _ = silent.Close() })
	env.Setenv("PORT", strconv.Itoa(server.Port))
	env.Setenv("PASSWORD", scriptPassword)
	for name, port := range map[string]int{"params.json": server.Port, "silent.json": silent.Addr().(*net.TCPAddr).Port} {
		if err := writeParams(filepath.Join(env.WorkDir, name), port); err != nil {
			return err
		}
	}
	return nil
}

func writeParams(file string, port int) error {
	data, err := json.Marshal(map[string]any{
		"imap_server": "127.0.0.1", "port": port, "connection_security": "none", "timeout": 20,
		"username": "soc@corp.example", "password": scriptPassword, "cloud_soar_api_url": "local:soar.db",
	})
	if err != nil {
		return err
	}
	return os.WriteFile(file, data, 0o600)
}

func appendMail(server *imapmem.Server, subject string) error {
	raw := fmt.Sprintf("From: Alice <alice@example.org>\r\nTo: soc@corp.example\r\nSubject: %s\r\nMessage-ID: <%d@corp.example>\r\n\r\nBody-Canary-1\r\n",
		subject, len(subject))
	_, err := server.Append("INBOX", []byte(raw), time.Date(2026, 11, 24, 7, 0, 0, 0, time.UTC))
	return err
}

// condition is [devfull]: there is a device that is always full.
func condition(name string) (bool, error) {
	if name != "devfull" {
		return false, fmt.Errorf("unknown condition %q", name)
	}
	_, err := os.Stat("/dev/full")
	return err == nil, nil
}

func anotherMail(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(appendMail(ts.Value("server").(*imapmem.Server), strings.Join(args, " ")))
}

func exits(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec(args[1], args[2:]...)
	status := 0
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		status, err = failed.ExitCode(), nil
	}
	ts.Check(err)
	if want := args[0]; strconv.Itoa(status) != want {
		ts.Fatalf("exit status %d, want %s", status, want)
	}
}

func lines(ts *testscript.TestScript, _ bool, args []string) {
	text := ts.ReadFile(args[0])
	if n := strings.Count(text, "\n"); strconv.Itoa(n) != args[1] || !strings.HasSuffix(text, "\n") {
		ts.Fatalf("%s has %d lines, want %s: %q", args[0], n, args[1], text)
	}
}

func later(ts *testscript.TestScript, _ bool, args []string) {
	next := time.Now().Truncate(time.Second).Add(time.Second)
	time.Sleep(time.Until(next))
	ts.Setenv(args[0], next.UTC().Format(time.RFC3339))
}
