//go:build unix

package e2e_test

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.org/imap-integration/mailbox/mailboxtest"
)

// TestInterruptedBar: the bar says what it counts, and Ctrl-C leaves the prompt on a line
// of its own, behind one that says what came of the run.
func TestInterruptedBar(t *testing.T) {
	t.Parallel()
	s := newScene(t, mailboxtest.ScriptOptions{Emails: large(400, 4<<10), Segment: 4 << 10, Pause: 10 * time.Millisecond})
	c, master := beginOnTerminal(t, 100, s.params, []string{"NO_COLOR=1"}, "incoming-mail-daemon")
	late := time.AfterFunc(patience, func() { _ = c.Process.Kill() })
	defer late.Stop()
	var shown bytes.Buffer
	interrupted := false
	for part := make([]byte, 4096); ; {
		n, err := master.Read(part)
		shown.Write(part[:n])
		if bar := regexp.MustCompile(`emails +\d+% .*\(([1-9]\d*)/`); !interrupted && bar.Match(shown.Bytes()) {
			interrupted = true
			_ = c.Process.Signal(syscall.SIGINT)
		}
		if err != nil { // EIO: the program has ended
			break
		}
	}
	_ = c.Wait() // the status says it
	if !interrupted {
		t.Fatalf("there was no bar that says how many emails are done: %q", shown.String())
	}
	lines := screen(shown.String())
	if last := lines[len(lines)-1]; last != "" {
		t.Errorf("the prompt would stand behind %q", last)
	}
	text := strings.Join(lines, "\n")
	if strings.Contains(text, "%") || !strings.Contains(text, "emails found: ") || !strings.Contains(strings.Join(strings.Fields(text), " "), "run it again for the rest.") {
		t.Errorf("exit %d, on the screen:\n%s", c.ProcessState.ExitCode(), text)
	}
}

// screen is what a terminal shows of an output that goes back in its line and erases it, wide enough for all of it.
func screen(out string) (lines []string) {
	var line []rune
	at := 0
	for len(out) > 0 {
		if m := regexp.MustCompile("^\x1b\\[(\\d*)([A-Za-z])").FindStringSubmatch(out); m != nil {
			switch n, _ := strconv.Atoi(m[1]); {
			case m[2] == "K" && n == 2:
				line = nil
			case m[2] == "K" && n == 0:
				line = line[:min(at, len(line))]
			}
			out = out[len(m[0]):]
			continue
		}
		r := []rune(out)[0]
		out = out[len(string(r)):]
		switch r {
		case '\r':
			at = 0
		case '\n':
			lines, line, at = append(lines, strings.TrimRight(string(line), " ")), nil, 0
		default:
			for len(line) <= at {
				line = append(line, ' ')
			}
			line[at] = r
			at++
		}
	}
	return append(lines, strings.TrimRight(string(line), " "))
}
