package file_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"example.org/imap-integration/content/file"
)

// writePDF makes a file with one page for each text and, where target is not "", a link annotation on it.
func writePDF(texts []string, target string) []byte {
	var b bytes.Buffer
	var offsets []int
	object := func(format string, args ...any) {
		offsets = append(offsets, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n"+format+"\nendobj\n", append([]any{len(offsets)}, args...)...)
	}
	b.WriteString("%PDF-1.5\n")
	var kids []string
	for i := range texts {
		kids = append(kids, fmt.Sprintf("%d 0 R", 4+2*i))
	}
	object("<</Type/Catalog/Pages 2 0 R>>")
	object("<</Type/Pages/Kids[%s]/Count %d>>", strings.Join(kids, " "), len(kids))
	object("<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>")
	for i, text := range texts {
		annotation := ""
		if target != "" {
			annotation = fmt.Sprintf("/Annots[<</Type/Annot/Subtype/Link/Rect[0 0 90 90]/A<</S/URI/URI(%s%d)>>>>]", target, i)
		}
		object("<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]/Resources<</Font<</F 3 0 R>>>>/Contents %d 0 R%s>>", 5+2*i, annotation)
		stream := "BT /F 12 Tf 20 200 Td (" + text + ") Tj ET"
		object("<</Length %d>>\nstream\n%s\nendstream", len(stream), stream)
	}
	start := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(offsets)+1)
	for _, o := range offsets {
		fmt.Fprintf(&b, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(&b, "trailer\n<</Root 1 0 R/Size %d>>\nstartxref\n%d\n%%%%EOF\n", len(offsets)+1, start)
	return b.Bytes()
}

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
				if err := os.WriteFile(filepath.Join(dir, "in.pdf"), writePDF(texts, "http://target.example/"), 0o600); err != nil {
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
