//go:build unix

package e2e_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.org/imap-integration/mailbox/mailboxtest"
)

// notRun are the lines of the README's blocks that this test does not run, with the reason.
var notRun = map[string]string{
	"make demo":  "TestOnATerminal and the demo's own test run it",
	"make test":  "this is it",
	"make build": "the program is built already, and stands where make build puts it",
}

// TestReadme runs what the README tells a newcomer to type, in its order, on a mail server of ours.
func TestReadme(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	d := mailboxtest.StartDovecot(t)
	u := d.NewUser()
	d.Append(u, "INBOX", []byte("From: alice@news.example\r\nSubject: A phish for the README\r\n\r\nBody\r\n"), mailboxtest.Delivery{})
	dir := t.TempDir()
	if err := os.Symlink(binary, filepath.Join(dir, "imap-integration")); err != nil {
		t.Fatal(err)
	}
	environment := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, fmt.Sprintf("port=%d", d.TLS), "ca_certificate=" + d.Authority.PEM}
	ours := strings.NewReplacer("imap.example.com", "localhost", "soc@example.com", u.Name, "app password", u.Password)
	blocks := regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	if len(blocks) < 3 {
		t.Fatalf("%d blocks", len(blocks))
	}
	ran := 0
	for _, block := range blocks {
		var script strings.Builder
		for line := range strings.Lines(block[1]) {
			command, _, _ := strings.Cut(line, "  #")
			if _, is := notRun[strings.TrimSpace(command)]; !is {
				script.WriteString(line)
			}
		}
		if strings.TrimSpace(script.String()) == "" {
			continue
		}
		c := exec.Command("sh", "-e", "-c", ours.Replace(script.String()))
		c.Dir, c.Env = dir, environment
		ran++
		if strings.Contains(script.String(), " console ") {
			consoleStarts(t, c)
			continue
		}
		var stderr strings.Builder
		c.Stderr = &stderr
		out, err := c.Output()
		if err != nil || stderr.Len() > 0 {
			t.Fatalf("%v: %s\n%s", err, stderr.String(), out)
		}
		last := out[strings.LastIndexByte(strings.TrimSpace(string(out)), '\n')+1:]
		var objects []object
		if err := json.Unmarshal(last, &objects); err != nil || len(objects) != 1 || objects[0].Subject != "A phish for the README" {
			t.Errorf("the daemon: %s, %v", last, err)
		}
	}
	if ran != 2 {
		t.Errorf("%d blocks were run; what a new one does must be judged here", ran)
	}
	for _, name := range []string{"settings.json", "soar.db"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
}

// consoleStarts runs the console until it says where it is.
func consoleStarts(t *testing.T, c *exec.Cmd) {
	t.Helper()
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // the shell and the program
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.Stderr = c.Stdout
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(patience, func() { _ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL) })
	defer late.Stop()
	var said []string
	for in := bufio.NewScanner(out); in.Scan(); {
		said = append(said, in.Text())
		if strings.Contains(in.Text(), "http://127.0.0.1:8081/") {
			_ = syscall.Kill(-c.Process.Pid, syscall.SIGTERM)
		}
	}
	_ = c.Wait()
	if !strings.Contains(strings.Join(said, "\n"), "http://127.0.0.1:8081/") && !strings.Contains(strings.Join(said, "\n"), "address already in use") {
		t.Errorf("the console said %q", said)
	}
}

// TestReadmeNamesWhatIs: every command that the README and the documents name is there.
func TestReadmeNamesWhatIs(t *testing.T) {
	t.Parallel()
	documents, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]bool{}
	call := regexp.MustCompile("imap-integration ((?:[a-z][a-z-]+ ?)+)")
	for _, path := range append(documents, "../README.md") {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, code := range regexp.MustCompile("`[^`\n]+`|(?m)^    .*$|(?s)```sh\n.*?```").FindAllString(string(text), -1) {
			for _, m := range call.FindAllStringSubmatch(code, -1) {
				named[strings.TrimSpace(m[1])] = true
			}
		}
	}
	if len(named) < 12 {
		t.Errorf("only %d commands", len(named))
	}
	for command := range named {
		words := strings.Fields(strings.TrimPrefix(command, "imap-integration "))
		if len(words) == 0 || words[0] == "imap-integration" {
			continue
		}
		_, errors, status := told(t, "", slices.Concat([]string{"help"}, words)...)
		if status != 0 && len(words) > 1 { // what follows a command may be its argument
			_, errors, status = told(t, "", "help", words[0])
		}
		if status != 0 {
			t.Errorf("imap-integration %s: %s", command, errors)
		}
	}
}
