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

// TestPDFLocksOfQpdf holds that the look of the record tells which encrypted files open, in every
// way in which qpdf encrypts, as qpdf itself says and as PDFium does.
func TestPDFLocksOfQpdf(t *testing.T) {
	qpdf := tool(t, "qpdf", "qpdf")
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "in.pdf"), filetest.PDF([]string{"Your invoice is due"}, ""), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, way := range []string{"40 --", "128 --", "128 --use-aes=y --", "128 --cleartext-metadata --", "128 --force-V4 --", "256 --", "256 --force-R5 --", "256 --cleartext-metadata --", "256 -- --object-streams=generate", "128 -- --object-streams=generate", "128 -- --linearize"} {
		for _, keys := range [][2]string{{"", "boss"}, {"secret", "boss"}, {"secret", "secret"}} {
			t.Run(fmt.Sprintf("%s %q %q", way, keys[0], keys[1]), func(t *testing.T) {
				args := append([]string{"--allow-weak-crypto", "in.pdf", "out.pdf", "--encrypt", keys[0], keys[1]}, strings.Fields(way)...)
				if out, err := exec.CommandContext(t.Context(), "sh", append([]string{"-c", `cd "$0" && exec "$@"`, dir, qpdf}, args...)...).CombinedOutput(); err != nil {
					t.Fatalf("%v: %s", err, out)
				}
				data, err := os.ReadFile(filepath.Join(dir, "out.pdf"))
				if err != nil {
					t.Fatal(err)
				}
				for _, password := range []string{"", "wrong", keys[0], keys[1]} {
					needs := keys[0] != "" && exec.Command(qpdf, "--requires-password", "--password="+password, filepath.Join(dir, "out.pdf")).Run() == nil // 0: another one is needed
					in := file.Input{Name: "a.pdf", Data: data, Check: true, Passwords: []file.Password{{Text: "x"}, {Text: password}}}
					c := file.Read(t.Context(), in, file.NewBudget())
					if named := len(c.Problems) == 1 && c.Problems[0].Code == "file_encrypted"; named != needs || !needs && len(c.Problems) > 0 {
						t.Errorf("with %q: problems %v; qpdf needs another password: %t", password, c.Problems, needs)
					}
				}
				if raceDetector || keys[0] == keys[1] {
					return
				}
				for password, code := range map[string]string{keys[1]: "", "wrong": map[bool]string{true: "file_encrypted"}[keys[0] != ""]} {
					if c := read(t, "a.pdf", data, file.Password{Text: password}); code == "" && (len(c.Problems) > 0 || len(c.Texts) != 1) || code != "" && (len(c.Problems) != 1 || c.Problems[0].Code != code) {
						t.Errorf("PDFium with %q: problems %v, texts %v", password, c.Problems, c.Texts)
					}
				}
			})
		}
	}
}

// TestPDFEnd holds what is said of files whose end is missing, and of those that something was appended to.
func TestPDFEnd(t *testing.T) {
	whole := string(filetest.PDF([]string{"one"}, ""))
	for name, c := range map[string]struct{ data, code string }{
		"whole":                {whole, ""},
		"spaces behind it":     {whole + strings.Repeat("\x00", 5000), ""},
		"a file behind it":     {whole + strings.Repeat("<html>", 1000), ""},
		"cut in the middle":    {whole[:len(whole)/2], "file_damaged"},
		"cut behind a number":  {whole + "\nstartxref\n99999\n" + strings.Repeat(" x", 3000), "file_damaged"},
		"the first part alone": {whole[:200] + "\nstartxref\n0\n%%EOF" + strings.Repeat("\n1 0 obj x endobj", 300), "file_damaged"},
		"no object":            {"%PDF-1.7\nstartxref\n0\n%%EOF", "file_damaged"},
		"nothing":              {"%PDF-1.7\n", "file_damaged"},
		"words about locks":    {strings.Replace(whole, "trailer", "% /Encrypt and /Encrypt 4 is no dictionary\ntrailer", 1), ""},
		"a lock in a comment":  {strings.Replace(whole, "startxref", "% trailer<</Encrypt<</Filter/Standard/R 3/O(a)/U(b)>>>>\nstartxref", 1), ""},
		"a lock in an object":  {strings.Replace(whole, "startxref", "9 0 obj<</Encrypt<</Filter/Standard/R 3/O(a)/U(b)>>>>endobj\nstartxref", 1), ""},
		"a lock in a string":   {strings.Replace(whole, "trailer\n<<", "trailer\n<</X(/Encrypt<</Filter/Adobe.PubSec>>)", 1), ""},
		"a lock and no table":  {strings.Replace(whole, "\nxref", "\n9 0 obj<</Encrypt<</Filter/Standard/R 3/O(a)/U(b)>>>>endobj\nxref", 1), ""},
		"a lock, commented":    {strings.Replace(whole, "\nxref", "\n% trailer<</Encrypt<</Filter/Standard/R 3/O(a)/U(b)>>>>\nxref", 1), ""},
		"a certificate":        {strings.Replace(whole, "trailer\n<<", "trailer\n<</Encrypt<</Filter/Adobe.PubSec/V 4/R 4>>", 1), "file_encrypted"},
		"letters as numbers":   {strings.Replace(whole, "trailer\n<<", "trailer\n<</#45ncr#79pt<</Filter/Adobe.PubSec>>", 1), "file_encrypted"},
		"keys that are cut":    {strings.Replace(whole, "trailer\n<<", "trailer\n<</Encrypt<</Filter/Standard/R 3/O(a)/U(b)>>", 1), "file_encrypted"},
		"keys elsewhere":       {strings.Replace(whole, "trailer\n<<", "trailer\n<</Encrypt 99 0 R", 1), "file_encrypted"},
	} {
		var codes []string
		for _, p := range file.Read(t.Context(), file.Input{Name: "a.pdf", Data: []byte(c.data), Check: true}, file.NewBudget()).Problems {
			codes = append(codes, p.Code)
		}
		if got := strings.Join(codes, " "); got != c.code {
			t.Errorf("%s: %q, want %q", name, got, c.code)
		}
	}
}
