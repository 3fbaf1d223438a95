package actions

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	integration "example.org/imap-integration"
	"example.org/imap-integration/manifest"
	"example.org/imap-integration/soar/local"
	"example.org/imap-integration/terminal"
)

// checkAPI runs api check and returns its report, or its table.
func checkAPI(t *testing.T, params map[string]any, table bool) (report map[string]any, shown string, err error) {
	t.Helper()
	fields, err := manifest.New(integration.Files).Parameters(APICheck.Name)
	if err != nil {
		t.Fatal(err)
	}
	v := manifest.Decode(APICheck.Name, fields, manifest.Input{Stdin: strings.NewReader(asJSON(t, params))})
	var out bytes.Buffer
	env := &Env{
		Log: slog.New(slog.DiscardHandler), Now: time.Now, Progress: func(int, int) {},
		Deliver: func(write func(io.Writer) error) error { return write(&out) },
	}
	if table {
		env.Show = func(write func(*terminal.Page) error) error { return write(&terminal.Page{Writer: &out, Width: 200}) }
	}
	result, err := APICheck.Run(t.Context(), env, v)
	if result != nil {
		if unread := json.Unmarshal([]byte(asJSON(t, result)), &report); unread != nil {
			t.Fatal(unread)
		}
	}
	return report, out.String(), err
}

func apiTenant(t *testing.T) map[string]any {
	t.Helper()
	s, err := local.Open(t.Context(), filepath.Join(t.TempDir(), "soar.db"), local.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return served(t, s, "basic")
}

// TestAPICheck asks the local server, on which every operation of the assumed API is.
func TestAPICheck(t *testing.T) {
	tenant := apiTenant(t)
	report, _, err := checkAPI(t, tenant, false)
	if err != nil || report["usable"] != 11.0 {
		t.Errorf("usable: %v, %v", report["usable"], err)
	}
	_, shown, err := checkAPI(t, tenant, true)
	if lines := strings.Count(shown, "\n"); err != nil || lines != 14 || !strings.Contains(shown, "every action will work") || !strings.Contains(shown, "POST emails/search/") {
		t.Errorf("the table has %d lines, %v:\n%s", lines, err, shown)
	}
}

// TestAPICheckDiffers names what the tenant lacks, and fails.
func TestAPICheckDiffers(t *testing.T) {
	tenant := apiTenant(t)
	tenant["cloud_soar_routes"] = `{"operations":{"emails.discard":null,"emails.get":{"call":"GET nowhere/{id}/"},"emails.create":{"call":"PUT emails/"}}}`
	report, _, err := checkAPI(t, tenant, false)
	if err == nil || !strings.Contains(err.Error(), "3 of 11 operations") {
		t.Error(err)
	}
	want := map[string]string{"emails.discard": "declared", "emails.get": "missing", "emails.create": "differs"}
	for _, f := range report["operations"].([]any) {
		finding := f.(map[string]any)
		name := finding["operation"].(string)
		if verdict, odd := want[name]; odd && finding["verdict"] != verdict {
			t.Errorf("%s: %v, want %s", name, finding, verdict)
		}
	}
}

func TestAPICheckRefuses(t *testing.T) {
	_, _, err := checkAPI(t, map[string]any{"cloud_soar_api_url": "local:" + filepath.Join(t.TempDir(), "soar.db")}, false)
	if err == nil || !strings.Contains(err.Error(), "has every operation") {
		t.Error(err)
	}
	tenant := apiTenant(t)
	tenant["cloud_soar_routes"] = `{"dates":"iso"}`
	var wrong *manifest.ParameterError
	if _, _, err = checkAPI(t, tenant, false); !errors.As(err, &wrong) || !strings.Contains(err.Error(), "dates must be") {
		t.Error(err)
	}
}
