package integration_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// markdownLink is the target of a link or a picture.
var markdownLink = regexp.MustCompile(`\]\(([^)\s]+)\)`)

// TestDocuments holds that every link of a document leads to a file that is there, and
// that the index names every document.
func TestDocuments(t *testing.T) {
	pages, err := filepath.Glob("docs/*.md")
	if err != nil || len(pages) < 10 {
		t.Fatalf("%d documents, %v", len(pages), err)
	}
	listed := map[string]bool{"docs/README.md": true}
	for _, page := range append(pages, "README.md", "SECURITY.md", "CHANGELOG.md", "CONTRIBUTING.md", "ARCHITECTURE.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range markdownLink.FindAllStringSubmatch(string(text), -1) {
			target, _, _ := strings.Cut(m[1], "#")
			if target == "" || strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
				continue
			}
			target = filepath.Join(filepath.Dir(page), target)
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s links to %s, which is not there", page, m[1])
			}
			if page == "docs/README.md" {
				listed[target] = true
			}
		}
	}
	for _, page := range pages {
		if !listed[page] {
			t.Errorf("docs/README.md does not name %s", page)
		}
	}
}
