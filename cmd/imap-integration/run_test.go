package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	integration "example.org/imap-integration"
	"example.org/imap-integration/actions"
	"example.org/imap-integration/manifest"
)

// runAction runs an action of the test's own, with the parameters of test-settings.
func runAction(t *testing.T, ctx context.Context, stdout io.Writer, logFile string, run func(context.Context, *actions.Env, *manifest.Values) (any, error)) outcome {
	t.Helper()
	var stderr bytes.Buffer
	p := &program{
		stdin: strings.NewReader(`{"password":"Canary secret+1"}`), stdout: stdout, stderr: &stderr, getenv: func(string) string { return "" },
		manifest: manifest.New(integration.Files), logs: logOptions{file: logFile, level: "debug"},
	}
	p.action(ctx, actions.Action{Name: "test-settings", Run: run})
	return outcome{status: p.status, stderr: stderr.String()}
}

func TestAPanicIsOneSentence(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	got := runAction(t, context.Background(), io.Discard, log, func(context.Context, *actions.Env, *manifest.Values) (any, error) {
		panic("boom\nboom")
	})
	if got.status != actions.ExitFailed || strings.Count(got.stderr, "\n") != 1 || !strings.Contains(got.stderr, "the program itself failed (boom boom)") {
		t.Errorf("%d, %q", got.status, got.stderr)
	}
	if text, err := os.ReadFile(log); err != nil || !strings.Contains(string(text), "run_test.go") {
		t.Errorf("the log does not say where: %v, %q", err, text)
	}
}

func TestAResultIsPrintedBesideAnError(t *testing.T) {
	var stdout bytes.Buffer
	got := runAction(t, context.Background(), &stdout, "", func(context.Context, *actions.Env, *manifest.Values) (any, error) {
		return map[string]string{"status": "failed"}, errors.New("it failed")
	})
	if got.status != actions.ExitFailed || got.stderr != "it failed\n" || stdout.String() != "{\"status\":\"failed\"}\n" {
		t.Errorf("%d, %q, %q", got.status, got.stderr, stdout.String())
	}
}

func TestSecretsAreTakenOutOfForeignText(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	got := runAction(t, context.Background(), io.Discard, log, func(_ context.Context, env *actions.Env, _ *manifest.Values) (any, error) {
		err := errors.New("NO you sent Canary secret+1, Q2FuYXJ5IHNlY3JldCsx and Canary+secret%2B1")
		env.Log.Debug("answer", "text", "Canary secret+1", "error", err, "value", struct{ Password string }{"Canary secret+1"})
		return nil, err
	})
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	for _, form := range []string{"Canary", "Q2FuYXJ5"} {
		if strings.Contains(got.stderr+string(text), form) {
			t.Errorf("a secret came through:\n%s%s", got.stderr, text)
		}
	}
	if got.stderr != "NO you sent [secret], [secret] and [secret]\n" {
		t.Errorf("%q", got.stderr)
	}
}

func TestForeignTextIsOneBoundedLineOfTheLog(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	runAction(t, context.Background(), io.Discard, log, func(_ context.Context, env *actions.Env, _ *manifest.Values) (any, error) {
		env.Log.Info("mail", "subject", "x\n2026-11-24 ERROR fake \x1b[31m"+strings.Repeat("y", 1<<20))
		return nil, nil
	})
	text, err := os.ReadFile(log)
	if err != nil || strings.Contains(string(text), "\nx") || strings.ContainsRune(string(text), '\x1b') || len(text) > 3*attributeLimit {
		t.Errorf("%v, %d bytes", err, len(text))
	}
	if info, err := os.Stat(log); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, mode %v, want 0600", err, info.Mode())
	}
}

// brokenWriter takes some bytes and fails.
type brokenWriter struct{ left int }

func (w *brokenWriter) Write(b []byte) (int, error) {
	if w.left -= len(b); w.left < 0 {
		return 0, fmt.Errorf("no space left")
	}
	return len(b), nil
}

func TestAResultThatIsCutIsNoSuccess(t *testing.T) {
	delivered := errors.New("not called")
	got := runAction(t, context.Background(), &brokenWriter{left: 100_000}, "", func(_ context.Context, env *actions.Env, _ *manifest.Values) (any, error) {
		delivered = env.Deliver(actions.JSON(strings.Repeat("x", 200_000)))
		return nil, delivered
	})
	if !errors.Is(delivered, actions.ErrNotWritten) || got.status != actions.ExitFailed {
		t.Errorf("%v, %+v", delivered, got)
	}
}

func TestInterruptedBeforeAnythingWasDone(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	got := runAction(t, ctx, io.Discard, "", func(ctx context.Context, _ *actions.Env, _ *manifest.Values) (any, error) {
		cancel()
		return nil, errors.New("use of closed network connection")
	})
	if got.status != actions.ExitInterrupted || got.stderr != actions.Interrupted+"\n" {
		t.Errorf("%+v", got)
	}
}

func TestInterruptedWithAResult(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	var stdout bytes.Buffer
	got := runAction(t, ctx, &stdout, "", func(ctx context.Context, env *actions.Env, _ *manifest.Values) (any, error) {
		cancel()
		return []string{}, nil
	})
	if got.status != actions.ExitDone || got.stderr != "" || stdout.String() != "[]\n" {
		t.Errorf("%+v, %q", got, stdout.String())
	}
}

func TestWithinWaitsNoLongerThanGrace(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	release := make(chan struct{})
	defer close(release)
	began := time.Now()
	_, err := within(ctx, 50*time.Millisecond, func() (int, error) { <-release; return 1, nil })
	if !errors.Is(err, errOverdue) || time.Since(began) < 50*time.Millisecond {
		t.Errorf("%v after %v", err, time.Since(began))
	}
	if n, err := within(ctx, time.Minute, func() (int, error) { return 2, nil }); n != 2 || err != nil {
		t.Errorf("%d, %v: what ends in time is returned", n, err)
	}
}
