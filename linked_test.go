package integration_test

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestLinked holds what the program is made of to testdata/linked.txt: every
// module of others and every package of ours. What stands there without need is a
// burden, and a hostile server for tests has no business in the program. A line
// that is added needs its reason in ARCHITECTURE.md.
func TestLinked(t *testing.T) {
	list := exec.Command("go", "list", "-deps", "-f", "{{if .Module}}{{if .Module.Main}}{{.ImportPath}}{{else}}{{.Module.Path}}{{end}}{{end}}", "./cmd/imap-integration")
	list.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	linked := strings.Fields(string(out))
	slices.Sort(linked)
	linked = slices.Compact(linked)
	text, err := os.ReadFile("testdata/linked.txt")
	if err != nil {
		t.Fatal(err)
	}
	known := strings.Fields(string(text))
	for _, l := range linked {
		if !slices.Contains(known, l) {
			t.Errorf("%s is linked into the program and not in testdata/linked.txt", l)
		}
	}
	for _, k := range known {
		if !slices.Contains(linked, k) {
			t.Errorf("%s is in testdata/linked.txt and not linked any more", k)
		}
	}
	if !slices.IsSorted(known) {
		t.Error("testdata/linked.txt is not sorted")
	}
}
