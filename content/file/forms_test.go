package file_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"example.org/imap-integration/content/file"
	"example.org/imap-integration/message"
)

// TestForms reads every file of testdata/forms and holds what testdata/forms.txt
// says of it. To add a form, put a file there and a line into the table.
func TestForms(t *testing.T) {
	table, err := os.ReadFile("testdata/forms.txt")
	if err != nil {
		t.Fatal(err)
	}
	listed, right := map[string]bool{}, 0
	for line := range strings.Lines(string(table)) {
		fields := strings.Split(strings.TrimRight(line, "\n"), "\t")
		if strings.HasPrefix(line, "#") || len(fields) < 2 {
			continue
		}
		listed[fields[0]] = true
		passed := t.Run(fields[0], func(t *testing.T) {
			name := strings.TrimSuffix(fields[0], " ")
			data, err := os.ReadFile(filepath.Join("testdata", "forms", name))
			if err != nil {
				t.Fatal(err)
			}
			var passwords []file.Password
			for _, f := range fields[2:] {
				if password, ok := strings.CutPrefix(f, "with:"); ok {
					passwords = []file.Password{{Text: "wrong", From: "subject"}, {Text: password, From: "text"}}
				}
			}
			if raceDetector && fields[1] == "pdf" {
				t.Skip("too slow with the race detector; make unit runs it without")
			}
			c := read(t, name, data, passwords...)
			if c.Format != fields[1] {
				t.Errorf("the format is %q, want %q", c.Format, fields[1])
			}
			mayFail := false
			for _, want := range fields[2:] {
				mayFail = mayFail || strings.HasPrefix(want, "problem:")
				if !holds(c, want) {
					t.Errorf("%s is missing in %+v", want, c)
				}
			}
			if !mayFail && len(c.Problems) > 0 {
				t.Errorf("problems %v", c.Problems)
			}
		})
		if passed {
			right++
		}
	}
	files, err := os.ReadDir("testdata/forms")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !listed[f.Name()] {
			t.Errorf("testdata/forms/%s has no line in the table", f.Name())
		}
	}
	t.Logf("forms of content: %d of %d files are read right", right, len(listed))
}

// holds reports whether a content has what a column of the table says.
func holds(c file.Content, want string) bool {
	kind, value, _ := strings.Cut(want, ":")
	switch kind {
	case "link":
		return slices.ContainsFunc(c.Links, func(l file.Link) bool { return l.URL == value })
	case "text", "markup":
		return slices.ContainsFunc(c.Texts, func(x file.Text) bool { return x.HTML == (kind == "markup") && strings.Contains(x.Body, value) })
	case "with":
		return slices.ContainsFunc(c.Members, func(m file.Member) bool { return m.OpenedWith == "text" && m.Password == value })
	case "sum":
		name, sum, _ := strings.Cut(value, "=")
		return slices.ContainsFunc(c.Members, func(m file.Member) bool {
			md5, _, _ := message.Digests(m.Data)
			return filepath.ToSlash(m.Name) == name && m.Read && strings.HasPrefix(md5, sum)
		})
	case "member":
		return slices.ContainsFunc(c.Members, func(m file.Member) bool { return m.Name == value && m.Read })
	case "problem":
		of := func(list []file.Problem) bool {
			return slices.ContainsFunc(list, func(p file.Problem) bool { return p.Code == value })
		}
		return of(c.Problems) || slices.ContainsFunc(c.Members, func(m file.Member) bool { return of(m.Problems) })
	}
	return false
}
