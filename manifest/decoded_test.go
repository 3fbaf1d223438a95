package manifest_test

import (
	"encoding/json"
	"flag"
	"os"
	"reflect"
	"testing"

	integration "example.org/imap-integration"
	"example.org/imap-integration/manifest"
)

var update = flag.Bool("update", false, "write decoded/ anew")

// TestDecoded holds that the JSON which a run reads says what the YAML says.
func TestDecoded(t *testing.T) {
	m := manifest.New(integration.Files)
	commands, err := m.Commands()
	if err != nil {
		t.Fatal(err)
	}
	both(t, "integration", m.Integration, m.WithDecoded(os.DirFS("..")).Integration)
	for _, c := range commands {
		both(t, c, func() (*manifest.Action, error) { return m.Action(c) }, func() (*manifest.Action, error) { return m.WithDecoded(os.DirFS("..")).Action(c) })
	}
	if files, err := os.ReadDir("../decoded"); err != nil || len(files) != len(commands)+1 {
		t.Errorf("%d files, %v; %d are due (go test ./manifest -update)", len(files), err, len(commands)+1)
	}
}

// both compares a file in both of its forms.
func both[T any](t *testing.T, name string, fromYAML, fromJSON func() (*T, error)) {
	t.Helper()
	want, err := fromYAML()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		text, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile("../decoded/"+name+".json", append(text, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := fromJSON()
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%s: the JSON says something else than the YAML, %v (go test ./manifest -update)", name, err)
	}
}
