package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.org/imap-integration/actions"
)

var update = flag.Bool("update", false, "write the golden files")

// outcome is what a run in this process left behind.
type outcome struct {
	status         int
	stdout, stderr string
}

// runHere runs the program in this process, in a folder of its own.
func runHere(t *testing.T, args []string, stdin string, env map[string]string) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	status := run(args, strings.NewReader(stdin), &stdout, &stderr, func(name string) string { return env[name] })
	return outcome{status, stdout.String(), stderr.String()}
}

// TestInvalidParameters runs every testdata/params/invalid-*.json (or
// invalid-ACTION--*.json) and compares standard error with the .txt beside it.
func TestInvalidParameters(t *testing.T) {
	folder, err := filepath.Abs("../../testdata/params")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(folder, "invalid-*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	t.Chdir(t.TempDir())
	for _, file := range files {
		name := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), "invalid-"), ".json")
		t.Run(name, func(t *testing.T) { checkInvalid(t, name, file) })
	}
	if left, _ := filepath.Glob("*"); len(left) > 0 {
		t.Errorf("wrong parameters touched %q", left)
	}
}

func checkInvalid(t *testing.T, name, file string) {
	action, _, found := strings.Cut(name, "--")
	if !found {
		action = "incoming-mail-daemon"
	}
	input, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	got := runHere(t, []string{action}, string(input), nil)
	if got.status != actions.ExitParameters {
		t.Errorf("exit status %d, want %d", got.status, actions.ExitParameters)
	}
	if hasReport := strings.HasPrefix(got.stdout, "{"); hasReport != (action == "test-settings") {
		t.Errorf("standard output: %q", got.stdout)
	}
	if strings.Contains(got.stdout+got.stderr, "Canary") {
		t.Errorf("a secret is echoed: %q", got.stderr)
	}
	golden := strings.TrimSuffix(file, ".json") + ".txt"
	if *update {
		if err := os.WriteFile(golden, []byte(got.stderr), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want, err := os.ReadFile(golden); err != nil || string(want) != got.stderr {
		t.Errorf("standard error\ngot  %swant %s%v", got.stderr, want, err)
	}
}
