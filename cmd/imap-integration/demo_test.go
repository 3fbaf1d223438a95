package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"
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
		"cloud_soar  ok", "6 mails are unread", "keeps 5 of them", "saves 5 mails", "FW: Is this invoice real?",
		"The second run finds 0 new mails", "Rechnung 2026-1187.eml", "Invoice_2026-1187.pdf.js", "now holds 1 mail",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the demo does not say %q:\n%s", want, out)
		}
	}
}

func TestDemoJSON(t *testing.T) {
	var mails []struct{ Status, Subject string }
	if err := json.Unmarshal([]byte(runDemo(t, "--json")), &mails); err != nil {
		t.Fatal(err)
	}
	if len(mails) != 5 || mails[0].Status != "saved" || !strings.Contains(mails[0].Subject, "expires today") {
		t.Errorf("mails: %+v", mails)
	}
}

func TestDemoKeep(t *testing.T) {
	out := &lockedBuffer{}
	p := &program{stdout: out}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- p.demo(ctx, false, true) }()
	for deadline := time.Now().Add(30 * time.Second); !strings.Contains(out.String(), "Ctrl-C"); time.Sleep(5 * time.Millisecond) {
		select {
		case err := <-ended:
			t.Fatalf("ended: %v", err)
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("demo --keep says %q", out.String())
		}
	}
	_, rest, _ := strings.Cut(out.String(), "settings are in ")
	file, _, _ := strings.Cut(rest, ":\n")
	params, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer params.Close()
	var result, errs bytes.Buffer
	if status := run([]string{"list-cloud-soar-emails"}, params, &result, &errs, func(string) string { return "" }); status != 0 || !strings.Contains(result.String(), `"count":5`) {
		t.Errorf("by hand: exit %d, %.200s %s", status, result.String(), errs.String())
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("ended with %v", err)
	}
}
