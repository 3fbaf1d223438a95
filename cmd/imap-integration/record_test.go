package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRecordAndReplay: --record writes a file that api replay serves, for the same result.
func TestRecordAndReplay(t *testing.T) {
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"id":7,"subject":"canary","size":12}`)
	}))
	defer api.Close()
	file := filepath.Join(t.TempDir(), "exchange.jsonl")
	get := func(url string, flags ...string) (status int, stdout, stderr string) {
		var out, errs bytes.Buffer
		params := `{"cloud_soar_api_url":"` + url + `","access_id":"canary-id","access_key":"canary-key","cloud_soar_mail_id":"7"}`
		status = run(append([]string{"get-email"}, flags...), strings.NewReader(params), &out, &errs, func(string) string { return "" })
		return status, out.String(), errs.String()
	}
	status, want, stderr := get(api.URL, "--record", file)
	if status != 0 || stderr != "" {
		t.Fatalf("exit status %d, %s", status, stderr)
	}
	text, err := os.ReadFile(file)
	info, _ := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 || bytes.Contains(text, []byte("canary")) || bytes.Count(text, []byte("\n")) != 2 {
		t.Errorf("%v, %v: %s", info, err, text)
	}
	if status, _, stderr := get(api.URL, "--record", file); status != 2 || !strings.Contains(stderr, "name a new one") {
		t.Errorf("a file that is there: exit status %d, %s", status, stderr)
	}

	ctx, stop := context.WithCancel(t.Context())
	printed, stdout := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- replay(ctx, &program{stdout: stdout}, file, "127.0.0.1:0") }()
	line, err := bufio.NewReader(printed).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	url, _ := strings.CutPrefix(strings.TrimSpace(line), "cloud_soar_api_url=")
	status, got, stderr := get(url)
	if want := strings.ReplaceAll(want, "canary", "value-1"); status != 0 || got != want {
		t.Errorf("exit status %d, %s, replayed\n%s\nwant\n%s", status, stderr, got, want)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// TestReplayRefuses: files that are no recordings, and addresses that others reach.
func TestReplayRefuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(file, []byte("{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for listen, says := range map[string]string{"127.0.0.1:0": "is no recording", "0.0.0.0:0": "--listen must be an address of this machine", "": "--listen"} {
		if err := replay(t.Context(), &program{stdout: io.Discard}, file, listen); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v", listen, err)
		}
	}
}
