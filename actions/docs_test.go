package actions_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.org/imap-integration/actions"
)

// TestExamplesInDocs holds that every settings example in docs/ has right parameters.
func TestExamplesInDocs(t *testing.T) {
	interrupted, cancel := context.WithCancel(t.Context())
	cancel()
	for _, page := range []string{"microsoft-365.md", "gmail.md", "yahoo.md", "sign-in.md"} {
		text, err := os.ReadFile(filepath.Join("..", "docs", page))
		if err != nil {
			t.Fatal(err)
		}
		blocks := strings.Split(string(text), "```json\n")
		if len(blocks) < 2 {
			t.Errorf("%s has no example", page)
		}
		for _, block := range blocks[1:] {
			example, _, _ := strings.Cut(block, "```")
			var params map[string]any
			if err := json.Unmarshal([]byte(example), &params); err != nil {
				t.Errorf("%s: %v in %s", page, err, example)
				continue
			}
			if _, ok := params["google_service_account_key"]; ok {
				params["google_service_account_key"] = serviceAccountKey(t)
			}
			r, err := runSettings(interrupted, params, false) // nothing is contacted
			if err != nil || r.exit != actions.ExitInterrupted {
				t.Errorf("%s: exit %d, %v: %s\n%s", page, r.exit, err, r.stderr, example)
			}
		}
	}
}
