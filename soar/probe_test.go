package soar_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"example.org/imap-integration/secret"
	"example.org/imap-integration/soar"
	"example.org/imap-integration/soar/foreigntest"
)

// verdicts of a probe by operation.
func verdicts(t *testing.T, c *soar.Client) map[string]soar.Verdict {
	t.Helper()
	found := map[string]soar.Verdict{}
	for _, f := range c.Probe(t.Context()) {
		if f.Detail == "" {
			t.Errorf("%s: no detail", f.Operation)
		}
		found[f.Operation] = f.Verdict
	}
	if len(found) != len(soar.DefaultRoutes()) {
		t.Errorf("%d operations were probed, want %d", len(found), len(soar.DefaultRoutes()))
	}
	return found
}

// TestProbeForeign holds that a profile that fits is found to fit, and that asking changes nothing.
func TestProbeForeign(t *testing.T) {
	onForeignAPIs(t, func(t *testing.T, f *foreigntest.Server, c *soar.Client) {
		saveForeign(t, c, 1)
		for name, v := range verdicts(t, c) {
			want := v == soar.Fits || v == soar.Known
			if !f.Files && (name == "triage.emails.add" || name == "incidents.attachments.add" || name == "incidents.attachments.list") {
				want = v == soar.Declared
			}
			if !want {
				t.Errorf("%s: %s", name, v)
			}
		}
		if len(f.Held()) != 1 || f.Changes() != 0 {
			t.Errorf("the probe changed something: %d emails, %d other things", len(f.Held()), f.Changes())
		}
	})
}

// TestProbeTenants asks tenants that do not fit.
func TestProbeTenants(t *testing.T) {
	for _, test := range []struct {
		name   string
		tenant http.HandlerFunc
		want   soar.Verdict
	}{
		{"nothing there", http.NotFound, soar.Missing},
		{"refuses", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(401) }, soar.Refused},
		{"a gateway that takes every OPTIONS", func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodOptions {
				w.WriteHeader(500)
			}
		}, soar.Unclear},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := httptest.NewServer(test.tenant)
			t.Cleanup(s.Close)
			c, err := soar.New(soar.Config{URL: s.URL, AccessID: accessID, AccessKey: secret.New(accessKey), Timeout: time.Second})
			if err != nil {
				t.Fatal(err)
			}
			for name, v := range verdicts(t, c) {
				if v != test.want {
					t.Errorf("%s: %s, want %s", name, v, test.want)
				}
			}
		})
	}
}

// TestProbeDiffers tells a list of another form, and a path with other methods.
func TestProbeDiffers(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/csoar/v3/emails/search/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `[]`)
	})
	mux.HandleFunc("PUT /api/csoar/v3/emails/", func(http.ResponseWriter, *http.Request) {})
	f := httptest.NewServer(mux)
	t.Cleanup(f.Close)
	c, err := soar.New(soar.Config{URL: f.URL, AccessID: accessID, AccessKey: secret.New(accessKey), Timeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	got := verdicts(t, c)
	for name, want := range map[string]soar.Verdict{"emails.search": soar.Differs, "emails.create": soar.Differs, "triage.emails.add": soar.Missing} {
		if got[name] != want {
			t.Errorf("%s: %s, want %s", name, got[name], want)
		}
	}
}
