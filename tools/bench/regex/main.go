// Command regex compares the built program with python3, whole processes in turn:
// all 25 presets of the vendor on one email body of 100 KB. It checks that both
// find the same, and prints medians and their ratio.
//
//	go run ./tools/bench/regex
package main

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"example.org/imap-integration/indicators"
)

//go:embed peer.py
var peer string

const (
	bodySize = 100 << 10
	rounds   = 15
	vendor   = 25 // the vendor's presets are the first of all
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench/regex:", err)
		os.Exit(1)
	}
}

func run() error {
	dir, err := os.MkdirTemp("", "bench-regex")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	contestants, err := prepare(dir)
	if err != nil {
		return err
	}
	for range rounds {
		for _, c := range contestants {
			if err := c.run(); err != nil {
				return err
			}
		}
	}
	return report(contestants)
}

// contestant is one program with its input.
type contestant struct {
	name     string
	command  []string
	input    []byte
	matches  []string
	walls    []time.Duration
	cpuTimes []time.Duration
}

func prepare(dir string) ([]*contestant, error) {
	binary := filepath.Join(dir, "imap-integration")
	build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", binary, "./cmd/imap-integration")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("cannot build the program: %w: %s", err, out)
	}
	script := filepath.Join(dir, "peer.py")
	if err := os.WriteFile(script, []byte(peer), 0o600); err != nil {
		return nil, err
	}
	text, err := body()
	if err != nil {
		return nil, err
	}
	names := indicators.PresetNames()[:vendor]
	var table [][2]any
	for _, name := range names {
		preset, _ := indicators.FindPreset(name)
		table = append(table, [2]any{preset.Pattern, preset.Group})
	}
	ours := map[string]any{"text": text, "preset": names, "mask": false, "max_matches": 100_000, "regex_timeout_ms": 60_000}
	theirs := map[string]any{"text": text, "patterns": table}
	return []*contestant{
		{name: "imap-integration email-body-regex", command: []string{binary, "email-body-regex"}, input: encoded(ours)},
		{name: "python3, the same patterns", command: []string{"python3", script}, input: encoded(theirs)},
	}, nil
}

func encoded(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // maps of strings and numbers
	}
	return data
}

// body makes a text like that of a long thread: prose, with the page of samples in it now and then.
func body() (string, error) {
	page, err := os.ReadFile("testdata/patterns/page.txt")
	if err != nil {
		return "", err
	}
	const prose = "Hello all, please find below what we know so far; the numbers of last week (4,711 of 12,000) still have to be confirmed " +
		"by the team before Monday 9:30. Kind regards, on behalf of the department\n> On 5 May somebody wrote: could you have a look?\n"
	var b strings.Builder
	for b.Len() < bodySize {
		b.WriteString(strings.Repeat(prose, 60))
		b.Write(page)
	}
	return strings.ToValidUTF8(b.String()[:bodySize], ""), nil
}

func (c *contestant) run() error {
	cmd := exec.Command(c.command[0], c.command[1:]...)
	cmd.Stdin = bytes.NewReader(c.input)
	cmd.Stderr = os.Stderr
	start := time.Now()
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("%s: %w", c.name, err)
	}
	c.walls = append(c.walls, time.Since(start))
	c.cpuTimes = append(c.cpuTimes, cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime())
	var result struct{ Matches []string }
	if err := json.Unmarshal(out, &result); err != nil {
		return fmt.Errorf("%s: %w", c.name, err)
	}
	c.matches = result.Matches
	return nil
}

func report(contestants []*contestant) error {
	ours, theirs := contestants[0], contestants[1]
	fmt.Printf("%d presets on %d bytes, %d rounds in turn, process start included; medians\n\n", vendor, bodySize, rounds)
	fmt.Printf("| %-34s | %9s | %9s | %7s |\n|---|---|---|---|\n", "what", "wall, ms", "CPU, ms", "matches")
	for _, c := range contestants {
		fmt.Printf("| %-34s | %9.1f | %9.1f | %7d |\n", c.name, milliseconds(c.walls), milliseconds(c.cpuTimes), len(c.matches))
	}
	fmt.Printf("\npython3 takes %.1f times the wall time and %.1f times the CPU time\n",
		milliseconds(theirs.walls)/milliseconds(ours.walls), milliseconds(theirs.cpuTimes)/milliseconds(ours.cpuTimes))
	if !slices.Equal(ours.matches, theirs.matches) {
		return fmt.Errorf("the two do not find the same")
	}
	return nil
}

// milliseconds is the median.
func milliseconds(times []time.Duration) float64 {
	sorted := slices.Sorted(slices.Values(times))
	return float64(sorted[len(sorted)/2].Microseconds()) / 1000
}
