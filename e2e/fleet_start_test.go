//go:build unix

package e2e_test

import (
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestStartWithoutFleet: a run that needs neither PostgreSQL nor a fleet makes next to nothing of
// them at its start, as the runtime itself counts (GODEBUG=inittrace=1).
func TestStartWithoutFleet(t *testing.T) {
	t.Parallel()
	c := exec.Command(binary, "version")
	c.Env = append(os.Environ(), "GODEBUG=inittrace=1")
	var trace strings.Builder
	c.Stderr = &trace
	if err := c.Run(); err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`init (\S+) .* (\d+) bytes, \d+ allocs`)
	seen, bytes := 0, 0
	for _, m := range line.FindAllStringSubmatch(trace.String(), -1) {
		seen++
		n, _ := strconv.Atoi(m[2])
		switch {
		case strings.HasPrefix(m[1], "example.org/imap-integration/fleet"), strings.HasPrefix(m[1], "github.com/coreos/"):
			t.Errorf("%s is initialised: %d bytes", m[1], n)
		case strings.HasPrefix(m[1], "github.com/jackc/"), strings.HasSuffix(m[1], "/soar/postgres"):
			bytes += n
		}
	}
	if seen == 0 || bytes > 64<<10 {
		t.Errorf("of %d packages those for PostgreSQL take %d bytes at start", seen, bytes)
	}
}
