//go:build linux

package e2e_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"

	"example.org/imap-integration/content/file/filetest"
	"example.org/imap-integration/mailbox/mailboxtest"
)

// mostMemory is what the program may take for a bomb, in KiB: 256 MiB are promised
// (docs/problems.md), and what a machine adds to it is no fault.
const mostMemory = 320 << 10

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
	var mails []mailboxtest.ScriptMail
	wanted := map[string]string{}
	for _, b := range filetest.Bombs() {
		if !b.Full && !strings.HasSuffix(b.Name, ".pdf") {
			mails = append(mails, mailboxtest.ScriptMail{UID: uint32(len(mails) + 1), Raw: carrying(b.Name, b.Data)})
			wanted[b.Name] = b.Code
		}
	}
	s := newScene(t, mailboxtest.ScriptOptions{Mails: mails})
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
		if want := wanted[o.Subject]; want != "" && !slices.Contains(codes, want) && !slices.Contains(parsed, want) {
			t.Errorf("%s: problems %v, %s is missing", o.Subject, codes, want)
		}
	}
	s.settle(t)
}

// TestBombsLong starts the program for each bomb, and holds what memory it takes.
func TestBombsLong(t *testing.T) {
	for _, b := range filetest.Bombs() {
		if !b.Full || len(b.Data) > 30<<20 { // more than an email may have is no bomb
			continue
		}
		input, err := json.Marshal(map[string]string{"eml": base64.StdEncoding.EncodeToString(carrying(b.Name, b.Data))})
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		c := exec.Command(binary, "analyze-eml-msg")
		c.Stdin, c.Stdout = bytes.NewReader(input), &out
		if err := c.Run(); err != nil {
			t.Errorf("%s: %v", b.Name, err)
			continue
		}
		used, ok := c.ProcessState.SysUsage().(*syscall.Rusage)
		if !ok {
			t.Fatal("this system tells no use of memory")
		}
		t.Logf("%-32s %6.2f s of processor time, %4d MiB", b.Name, (c.ProcessState.UserTime() + c.ProcessState.SystemTime()).Seconds(), used.Maxrss>>10)
		var own syscall.Rusage // a process begins with the peak of the one that started it
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &own); err != nil {
			t.Fatal(err)
		}
		if used.Maxrss > max(mostMemory, own.Maxrss) {
			t.Errorf("%s takes %d MiB", b.Name, used.Maxrss>>10)
		}
		if !json.Valid(out.Bytes()) || b.Code != "" && !strings.Contains(out.String(), b.Code) {
			t.Errorf("%s: %s is missing in %.300s", b.Name, b.Code, out.String())
		}
	}
}
