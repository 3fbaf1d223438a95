package message_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"example.org/imap-integration/message"
)

// otherReader is what one of five programs shows of an email; tools/oracle/readers.py recorded it.
type otherReader struct {
	Files []struct {
		Name   string
		SHA256 string // its first 16 digits
		Text   bool
	}
	From string
}

// hiddenDigest is that of the file that the emails of testdata/hidden carry.
// asMunpack is how munpack writes what is no good in the name of a file.
var asMunpack = strings.NewReplacer("'", "X", "\"", "X")

const hiddenDigest = "0bda5a409e7c0e13"

// TestHidden: what any of five readers shows of an email that readers take
// differently is shown here too, and the email has a problem that says why. An
// email is added by putting it into testdata/hidden and running tools/oracle/readers.py.
func TestHidden(t *testing.T) {
	text, err := os.ReadFile("../testdata/hidden/readers.json")
	if err != nil {
		t.Fatal(err)
	}
	var recorded map[string]map[string]otherReader
	if err := json.Unmarshal(text, &recorded); err != nil {
		t.Fatal(err)
	}
	emails, err := filepath.Glob("../testdata/hidden/*.eml")
	if err != nil || len(emails) < 120 || len(emails) != len(recorded) {
		t.Fatalf("%d emails, %d of them recorded, %v", len(emails), len(recorded), err)
	}
	silent, hidden := 0, 0
	for _, path := range emails {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(path), ".eml")
		m := message.Parse(raw, message.DefaultLimits())
		missing := notShown(m, recorded[name])
		if len(missing) == 0 {
			continue
		}
		hidden++
		if len(m.Problems) > 0 && namedOnly[name] != "" {
			continue
		}
		if len(m.Problems) == 0 {
			silent++
		}
		t.Errorf("%s: %s; problems: %v", name, strings.Join(missing, "; "), m.Problems)
	}
	t.Logf("%d emails: %d show less here than in another program, %d of them silently", len(emails), hidden, silent)
}

// namedOnly are the emails of which a problem tells, but not all that others show.
var namedOnly = map[string]string{
	"blank-boundary-9": "the boundary is the empty string, so every line of two dashes is a delimiter",
}

// notShown lists what other readers show and this one does not.
func notShown(m *message.Message, others map[string]otherReader) (missing []string) {
	names, digests := []string{}, []string{}
	for _, a := range m.Attachments() {
		names, digests = append(names, a.Filename), append(digests, a.SHA256[:16])
	}
	names = append(names, slices.Collect(m.Searchable())...)
	for _, who := range slices.Sorted(maps.Keys(others)) {
		for _, f := range others[who].Files {
			if f.SHA256 == hiddenDigest && !slices.Contains(digests, hiddenDigest) {
				missing = append(missing, who+" shows the file")
			}
			if strings.Contains(f.Name, "evil") && f.SHA256 == hiddenDigest && !slices.ContainsFunc(names, func(n string) bool { return n == f.Name || who == "munpack" && asMunpack.Replace(n) == f.Name }) {
				missing = append(missing, fmt.Sprintf("%s calls it %q", who, f.Name))
			}
		}
	}
	return slices.Compact(missing)
}

// TestHiddenSenders: a From that programs read differently has a problem, and never an address that is none.
func TestHiddenSenders(t *testing.T) {
	for name, want := range map[string]struct{ from, code string }{
		"from-two":         {"b@y.example", message.CodeBadAddress},
		"from-quoted":      {"real@evil.example", message.CodeBadAddress},
		"from-fullwidth":   {"b@evil.example", message.CodeLookalike},
		"from-fullwidth-2": {"b@evil.example", message.CodeLookalike},
		"from-nul":         {"b@evil.example", message.CodeControlCharacters},
		"from-group":       {"b@evil.example", message.CodeBadAddress},
		"from-angle-two":   {"ceo@corp.example", message.CodeTwoFromAddresses},
		"from-list":        {"ceo@corp.example", message.CodeTwoFromAddresses},
		"from-word-whole":  {"ceo@corp.example", message.CodeBadAddress},
		"from-comment":     {"b@evil.example", ""},
		"from-route":       {"b@evil.example", ""},
	} {
		raw, err := os.ReadFile("../testdata/hidden/" + name + ".eml")
		if err != nil {
			t.Fatal(err)
		}
		m := message.Parse(raw, message.DefaultLimits())
		if got := m.Addresses("From"); len(got) == 0 || got[0].Addr != want.from {
			t.Errorf("%s: %+v, want %s first", name, got, want.from)
		}
		if want.code != "" && !slices.ContainsFunc(m.Problems, func(p message.Problem) bool { return p.Code == want.code }) {
			t.Errorf("%s: %v, want %s", name, m.Problems, want.code)
		}
	}
}
