package actions

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"example.org/imap-integration/analysis"
	"example.org/imap-integration/content"
	"example.org/imap-integration/message"
	"example.org/imap-integration/soar"
)

// formsApart are files whose targets not all see, with the reason. There are none.
var formsApart = map[string]string{}

// TestFormsAgreeLong holds that each target that the analysis finds in a file of any form is seen by the
// filters on text and by the body regex too: shortcuts, documents, PDF annotations, QR codes, members
// of archives. The files are those of content/file/testdata/forms.txt with a target.
func TestFormsAgreeLong(t *testing.T) {
	dir := "../content/file/testdata"
	table, err := os.ReadFile(filepath.Join(dir, "forms.txt"))
	if err != nil {
		t.Fatal(err)
	}
	targets, files := 0, 0
	for line := range strings.Lines(string(table)) {
		name, _, _ := strings.Cut(line, "\t")
		if strings.HasPrefix(line, "#") || !strings.Contains(line, "\tlink:") && !strings.Contains(line, "\tmarkup:") || formsApart[name] != "" {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, "forms", strings.TrimSuffix(name, " ")))
		if err != nil {
			t.Fatal(err)
		}
		files++
		t.Run(name, func(t *testing.T) {
			targets += agreeOn(t, report("hm", "application/octet-stream", name, data))
		})
	}
	if (files < 70 || targets < files) && !t.Failed() {
		t.Errorf("only %d targets of %d files were compared", targets, files)
	}
	t.Logf("%d targets in %d files", targets, files)
}

// agreeOn compares what the analysis finds with what the others see, and returns how many targets there are.
func agreeOn(t *testing.T, raw []byte) (targets int) {
	t.Helper()
	m := message.Parse(raw, message.DefaultLimits())
	filtered := slices.Collect(content.Searchable(m, message.DefaultLimits()))
	var searched, linked []string
	for text := range (bodySource{in: "all", nested: true}).mail(m) {
		searched = append(searched, text.text)
		if text.where == inLink {
			linked = append(linked, text.text)
		}
	}
	a := analysis.New(analysis.Options{Limits: message.DefaultLimits()})
	a.Add(soar.Record{}, raw, analysis.KindEML)
	for _, m := range a.Report().Messages {
		for _, l := range m.Links {
			targets++
			contains := func(text string) bool { return strings.Contains(text, cmp.Or(l.Target, l.URL)) }
			if !slices.ContainsFunc(filtered, contains) {
				t.Errorf("the filters do not see %s %q", l.Source, l.Target)
			}
			if !slices.ContainsFunc(searched, contains) {
				t.Errorf("the body regex does not see %s %q", l.Source, l.Target)
			}
			if l.Source != "text" && !slices.ContainsFunc(linked, contains) {
				t.Errorf("the body regex does not see %s %q among the links", l.Source, l.Target)
			}
		}
	}
	return targets
}
