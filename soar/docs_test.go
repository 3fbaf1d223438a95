package soar_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"example.org/imap-integration/soar/profile"
)

// TestDocsNameEveryOperation holds the table that says of each operation what is known,
// what is assumed and what shows that it works.
func TestDocsNameEveryOperation(t *testing.T) {
	text, err := os.ReadFile("../docs/cloud-soar-api.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "## Operation by operation")
	table, _, _ = strings.Cut(table, "\n## ")
	var named []string
	for line := range strings.SplitSeq(table, "\n") {
		if cells := strings.Split(line, " | "); strings.HasPrefix(line, "| `") {
			named = append(named, strings.Trim(cells[0], "| `"))
			if len(cells) != 4 || cells[1] == "–" && cells[2] == "–" || len(cells[3]) < 20 {
				t.Errorf("the line does not say what is known or assumed, and what shows that it works: %s", line)
			}
		}
	}
	if want := slices.Concat(profile.Emails(), profile.Notes()); !slices.Equal(named, want) {
		t.Errorf("the table has %v,\nthe profile %v", named, want)
	}
}
