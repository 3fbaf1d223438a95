package file_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"example.org/imap-integration/content/file"
	"example.org/imap-integration/content/file/filetest"
)

// TestPDFAsPoppler holds that the words of each page are those of pdftotext, in
// each form that MuPDF writes a file in.
func TestPDFAsPoppler(t *testing.T) {
	if raceDetector {
		t.Skip("too slow with the race detector; make unit runs it without")
	}
	pdftotext, mutool := tool(t, "pdftotext", "poppler-utils"), tool(t, "mutool", "mupdf-tools")
	dir := t.TempDir()
	sources := [][]string{{"Your invoice is due"}, {"First page", "Second page here"}, {"Pay at http://shown.example/x now"}}
	forms := []string{"", "-d", "-z", "-gggg", "-gg", "-ggg -z", "-l", "-a", "-s", "-c", "-D"}
	for i, texts := range sources {
		for _, form := range forms {
			t.Run(fmt.Sprintf("%d %s", i, form), func(t *testing.T) {
				if err := os.WriteFile(filepath.Join(dir, "in.pdf"), filetest.PDF(texts, "http://target.example/"), 0o600); err != nil {
					t.Fatal(err)
				}
				if out, err := exec.Command(mutool, append(append([]string{"clean"}, strings.Fields(form)...), filepath.Join(dir, "in.pdf"), filepath.Join(dir, "out.pdf"))...).CombinedOutput(); err != nil {
					t.Skipf("this version of mutool has no %s: %s", form, out)
				}
				data, err := os.ReadFile(filepath.Join(dir, "out.pdf"))
				if err != nil {
					t.Fatal(err)
				}
				want := strings.Fields(string(run(t, dir, pdftotext, "out.pdf", "-")))
				c := read(t, "out.pdf", data)
				var all string
				for _, text := range c.Texts {
					all += text.Body + "\n"
				}
				if got := strings.Fields(all); !slices.Equal(got, want) || len(c.Problems) > 0 {
					t.Errorf("%q, problems %v; pdftotext reads %q", got, c.Problems, want)
				}
				for n := range texts {
					if !slices.ContainsFunc(c.Links, func(l file.Link) bool {
						return l.URL == fmt.Sprint("http://target.example/", n) && l.Where == "annotation" && l.Clickable
					}) {
						t.Errorf("the annotation of page %d is missing: %v", n+1, c.Links)
					}
				}
			})
		}
	}
}
