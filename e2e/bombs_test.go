//go:build linux

package e2e_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.org/imap-integration/content/file/filetest"
	"example.org/imap-integration/mailbox/mailboxtest"
)

// mostMemory is what the program may take for a bomb, in MiB: 256 are promised
// (docs/problems.md), and what a machine adds to it is no fault.
const mostMemory = 256 + 64

// carrying is an email with a file.
func carrying(name string, data []byte) []byte {
	var lines strings.Builder
	text := base64.StdEncoding.EncodeToString(data)
	for ; len(text) > 76; text = text[76:] {
		lines.WriteString(text[:76] + "\r\n")
	}
	return fmt.Appendf(nil, "From: a@one.example\r\nTo: soc@corp.example\r\nSubject: %s\r\nMessage-ID: <%x@one.example>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"+
		"--b\r\nContent-Type: text/plain\r\n\r\nThe password is 1234.\r\n--b\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=%q\r\n"+
		"Content-Transfer-Encoding: base64\r\n\r\n%s\r\n--b--\r\n", name, name, name, lines.String()+text)
}

// parsed are problems that only the reading of a whole document tells, not the look that the record takes.
var parsed = []string{"file_damaged", "limit_file"}

// TestBombsAreSavedLong: emails with files that harm a careless reader are saved whole
// and handed over once, and what is wrong with each is named in its object.
func TestBombsAreSavedLong(t *testing.T) {
	t.Parallel()
	var emails []mailboxtest.ScriptMail
	wanted := map[string]filetest.Bomb{}
	for _, b := range filetest.Bombs() {
		if !b.Full {
			emails = append(emails, mailboxtest.ScriptMail{UID: uint32(len(emails) + 1), Raw: carrying(b.Name, b.Data)})
			wanted[b.Name] = b
		}
	}
	s := newScene(t, mailboxtest.ScriptOptions{Emails: emails})
	p := s.command(t, "incoming-mail-daemon").begin(t)
	s.take(t, p)
	var objects []struct {
		Subject  string
		Problems []struct{ Code, Detail string }
	}
	if err := json.Unmarshal(p.stdout.Bytes(), &objects); err != nil {
		t.Fatal(err)
	}
	for _, o := range objects {
		var codes []string
		for _, p := range o.Problems {
			codes = append(codes, p.Code)
		}
		if want := wanted[o.Subject]; !want.Named(codes) && !slices.Contains(parsed, want.Code) {
			t.Errorf("%s: problems %v, %s is missing", o.Subject, codes, want.Code)
		}
	}
	s.settle(t)
}

// measuring makes this test binary a small process that starts a program and says what it took.
const measuring = "E2E_MEASURE"

// measure runs the program of the arguments in place of the tests, if it is asked to.
// The peak of a process begins with that of the one that started it, so the tests,
// which hold the bombs themselves, cannot tell it.
func measure() bool {
	path := os.Getenv(measuring)
	if path == "" {
		return false
	}
	c := exec.Command(os.Args[1], os.Args[2:]...)
	c.Env = slices.DeleteFunc(os.Environ(), func(s string) bool { return strings.HasPrefix(s, measuring+"=") })
	c.Stdin, c.Stdout, c.Stderr = os.Stdin, os.Stdout, os.Stderr
	failed := c.Run()
	var used syscall.Rusage
	err := errors.Join(failed, syscall.Getrusage(syscall.RUSAGE_CHILDREN, &used))
	text := fmt.Sprintln(time.Duration(used.Utime.Nano()+used.Stime.Nano()).Milliseconds(), used.Maxrss>>10)
	if err = errors.Join(err, os.WriteFile(path, []byte(text), 0o600)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return true
}

// measured runs the program, and tells its milliseconds of processor time and its MiB of memory at the peak.
func measured(t *testing.T, input []byte, args ...string) (out []byte, worked, peak int) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "used")
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	c := exec.CommandContext(ctx, self, append([]string{binary}, args...)...)
	var stdout, stderr bytes.Buffer
	c.Stdin, c.Stdout, c.Stderr, c.Env = bytes.NewReader(input), &stdout, &stderr, append(os.Environ(), measuring+"="+path)
	if err := c.Run(); err != nil {
		t.Fatalf("%v: %s", err, stderr.Bytes())
	}
	used, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Sscan(string(used), &worked, &peak); err != nil || peak == 0 {
		t.Fatalf("what the program took cannot be told: %q", used)
	}
	return stdout.Bytes(), worked, peak
}

// TestBombsLong starts the program for each bomb, prints what it took (make bombs),
// and holds the memory. Processor time depends on the machine: it is held by what
// content/file counts.
func TestBombsLong(t *testing.T) {
	for _, b := range filetest.Bombs() {
		if len(b.Data) > 30<<20 { // more than an email may have is no bomb
			continue
		}
		t.Run(b.Name, func(t *testing.T) {
			input, err := json.Marshal(map[string]string{"eml": base64.StdEncoding.EncodeToString(carrying(b.Name, b.Data))})
			if err != nil {
				t.Fatal(err)
			}
			out, worked, peak := measured(t, input, "analyze-eml-msg")
			t.Logf("| %-32s | %8d | %5.2f s | %3d MiB |", b.Name, len(b.Data), float64(worked)/1000, peak)
			if peak > mostMemory {
				t.Errorf("%s takes %d MiB", b.Name, peak)
			}
			var result struct {
				Messages []struct {
					Problems []struct{ Code string }
				}
			}
			if err := json.Unmarshal(out, &result); err != nil {
				t.Fatalf("%v: %.300s", err, out)
			}
			var codes []string
			for _, m := range result.Messages {
				for _, p := range m.Problems {
					codes = append(codes, p.Code)
				}
			}
			if !b.Named(codes) {
				t.Errorf("problems %v, %s is missing", codes, b.Code)
			}
		})
	}
}
