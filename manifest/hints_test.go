package manifest_test

import (
	"slices"
	"strings"
	"testing"

	"example.org/imap-integration/manifest"
)

// TestNamesInUpperCase: a shell's habit of writing variables in upper case is named, and nothing of their value.
func TestNamesInUpperCase(t *testing.T) {
	v := decode(t, manifest.Input{Getenv: func(name string) string {
		return map[string]string{"HOST": "Canary"}[name]
	}})
	v.Require("host")
	if err := v.Err(); err == nil || !strings.Contains(err.Error(), "host is missing: the environment has HOST, but names are in lower case here") || strings.Contains(err.Error(), "Canary") {
		t.Errorf("got %v", err)
	}
}

// TestLabelsForKeys: what the form shows is not what it sends.
func TestLabelsForKeys(t *testing.T) {
	v := decode(t, stdin(`{"security":"On"}`))
	v.Key("security")
	if err := v.Err(); err == nil || !strings.Contains(err.Error(), `security must be on; "On" is its label in Cloud SOAR`) {
		t.Errorf("got %v", err)
	}
}

// TestListsAsJSONText: the environment holds texts only, so a list may stand in one as JSON.
func TestListsAsJSONText(t *testing.T) {
	for text, want := range map[string][]string{
		`["ip","url"]`:      {"ip", "url"},
		`["a, b"]`:          {"a, b"},
		`[EXTERNAL]`:        {"[EXTERNAL]"},
		`[EXTERNAL], "a,b"`: {"[EXTERNAL]", "a,b"},
		`[1]`:               {"[1]"},
	} {
		v := decode(t, manifest.Input{Getenv: func(name string) string { return map[string]string{"subject": text}[name] }})
		if got := v.List("subject"); !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}
