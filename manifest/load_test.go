package manifest_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.org/imap-integration/manifest"
)

func TestParametersKeepTheOrderOfTheFiles(t *testing.T) {
	fields, err := manifest.New(files()).Parameters("get")
	if err != nil {
		t.Fatal(err)
	}
	var ids, own []string
	for _, f := range fields {
		ids = append(ids, f.ID)
		if f.OfAction() {
			own = append(own, f.ID)
		}
	}
	want := []string{"host", "port", "security", "password", "trust", "subject", "mail_id", "text", "proxy_url", "no_proxy"}
	if diff := cmp.Diff(want, ids); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"mail_id", "text"}, own); diff != "" {
		t.Error(diff)
	}
}

func TestParametersOfACommandWithoutFile(t *testing.T) {
	fields, err := manifest.New(files()).Parameters("test-settings")
	if err != nil || len(fields) != 8 {
		t.Errorf("got %d fields, %v; want the resource's 6, proxy_url and no_proxy", len(fields), err)
	}
	if _, err := manifest.New(files()).Action("test-settings"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want fs.ErrNotExist", err)
	}
}

func TestStrict(t *testing.T) {
	for name, c := range map[string]struct{ file, from, to, want string }{
		"unknown key":             {"integration.yaml", "docker_repo_tag:", "docker_repo:", "docker_repo"},
		"unknown key of a field":  {"integration.yaml", "validator: host", "validated: host", "validated"},
		"unknown key of an entry": {"actions/get.yaml", "    observables:", "    observable:", "observable"},
		"key twice":               {"integration.yaml", `version: "1.0"`, "version: \"1.0\"\nversion: \"1.1\"", "version"},
		"field twice":             {"integration.yaml", "    port:", "    host:", "host"},
		"no YAML":                 {"actions/get.yaml", "fields:", "fields: [", "actions/get.yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			f := files()
			f[c.file].Data = []byte(strings.Replace(string(f[c.file].Data), c.from, c.to, 1))
			_, err := manifest.New(f).Parameters("get")
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want one line that names %q", err, c.want)
			}
		})
	}
}

func TestExport(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "folder")
	if err := manifest.New(files()).Export(dir); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"integration.yaml": resourceYAML, "get.yaml": actionYAML} {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || string(got) != want {
			t.Errorf("%s: %v, %d bytes, want %d", name, err, len(got), len(want))
		}
	}
}

// FuzzManifest: no file makes the reader or the check panic, and what Check
// passes can be read.
func FuzzManifest(f *testing.F) {
	f.Add([]byte(resourceYAML), []byte(actionYAML))
	f.Add([]byte("a: &a [*a]"), []byte("fields: {}"))
	f.Fuzz(func(t *testing.T, resource, action []byte) {
		m := files()
		m["integration.yaml"].Data, m["actions/get.yaml"].Data = resource, action
		if err := manifest.New(m).Check(); err != nil {
			return
		}
		if _, err := manifest.New(m).Parameters("get"); err != nil {
			t.Errorf("checked, but: %v", err)
		}
	})
}
