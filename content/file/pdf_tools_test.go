package file_test

import (
	"fmt"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"example.org/imap-integration/content/file"
)

// pdfLinks are what the tools make link annotations of: to add one, add it to a list.
var pdfLinks = [][]string{
	{"http://x.example/"},
	{"https://a.example/path?q=1&r=two%20words#part", "mailto:ann@example.org?subject=Pay"},
	{"https://a.example/(in)(parentheses)", "http://user@a.example:8080/~x;y=1,2", "ftp://files.example/a.exe", "https://xn--pypal-4ve.example/login"},
}

// pdfMakers make a file out.pdf of links, with the text "link" and its number for each.
var pdfMakers = map[string]func(t *testing.T, dir string, links []string){
	"groff": func(t *testing.T, dir string, links []string) {
		source := ".TL\nA letter\n"
		for i, link := range links {
			source += fmt.Sprintf(".PP\nSee\n.pdfhref W -D %s -- link%d\n", link, i)
		}
		made(t, dir, "in.ms", source)
		run(t, dir, "sh", "-c", tool(t, "groff", "groff")+" -Tpdf -ms -mpdfmark in.ms > out.pdf")
	},
	"ghostscript 1.3": ghostscript("1.3"), "ghostscript 1.5": ghostscript("1.5"), "ghostscript 2.0": ghostscript("2.0"),
	"rsvg-convert": func(t *testing.T, dir string, links []string) {
		source := `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="400" height="400">`
		for i, link := range links {
			source += fmt.Sprintf(`<a xlink:href="%s"><text x="20" y="%d">link%d</text></a>`, html.EscapeString(link), 40+40*i, i)
		}
		made(t, dir, "in.svg", source+"</svg>")
		run(t, dir, tool(t, "rsvg-convert", "librsvg2-bin"), "-f", "pdf", "-o", "out.pdf", "in.svg")
	},
	"chromium": func(t *testing.T, dir string, links []string) {
		source := "<!DOCTYPE html><title>A letter</title>"
		for i, link := range links {
			source += fmt.Sprintf(`<p>See <a href="%s">link%d</a></p>`, html.EscapeString(link), i)
		}
		made(t, dir, "in.html", source)
		browser := "chromium-headless-shell"
		if _, err := exec.LookPath(browser); err != nil {
			browser = tool(t, "chromium", "chromium-headless-shell")
		}
		run(t, dir, browser, "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir="+filepath.Join(dir, "profile"), "--no-pdf-header-footer", "--print-to-pdf="+filepath.Join(dir, "out.pdf"), "file://"+filepath.Join(dir, "in.html"))
	},
}

func ghostscript(level string) func(t *testing.T, dir string, links []string) {
	return func(t *testing.T, dir string, links []string) {
		source := "%!PS\n/Helvetica findfont 12 scalefont setfont\n"
		for i, link := range links {
			escaped := strings.NewReplacer(`\`, `\\`, "(", `\(`, ")", `\)`).Replace(link)
			source += fmt.Sprintf("72 %d moveto (See link%d) show\n[/Rect [72 %d 200 %d] /Action <</Subtype /URI /URI (%s)>> /Subtype /Link /ANN pdfmark\n", 700-30*i, i, 698-30*i, 712-30*i, escaped)
			if i == 1 {
				source += "showpage\n"
			}
		}
		made(t, dir, "in.ps", source+"showpage\n")
		run(t, dir, tool(t, "gs", "ghostscript"), "-q", "-dNOPAUSE", "-dBATCH", "-sDEVICE=pdfwrite", "-dCompatibilityLevel="+level, "-sOutputFile=out.pdf", "in.ps")
	}
}

func made(t *testing.T, dir, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestPDFLinksOfToolsLong holds that the link annotations and the words of files that many
// programs made are those that poppler's pdfinfo and pdftotext see.
func TestPDFLinksOfToolsLong(t *testing.T) {
	if raceDetector {
		t.Skip("too slow with the race detector; make test-long runs it without")
	}
	qpdf := tool(t, "qpdf", "qpdf")
	files := 0
	for maker, makes := range pdfMakers {
		for i, links := range pdfLinks {
			dir := t.TempDir()
			makes(t, dir, links)
			for form, args := range map[string]string{"": "", "object streams": "--object-streams=generate", "plain": "--qdf", "linearized": "--linearize"} {
				if form != "" && i != len(pdfLinks)-1 {
					continue
				}
				files++
				t.Run(fmt.Sprintf("%s %d %s", maker, i, form), func(t *testing.T) {
					name := "out.pdf"
					if form != "" {
						name = form + ".pdf"
						run(t, dir, qpdf, "--warning-exit-0", args, "out.pdf", name)
					}
					asPoppler(t, dir, name, links)
				})
			}
		}
	}
	if files < 30 {
		t.Errorf("only %d files", files)
	}
}

func asPoppler(t *testing.T, dir, name string, links []string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	var judged []string
	for _, line := range strings.Split(string(run(t, dir, tool(t, "pdfinfo", "poppler-utils"), "-url", name)), "\n") {
		if fields := strings.Fields(line); len(fields) >= 3 && fields[1] == "Annotation" {
			judged = append(judged, strings.Join(fields[2:], " "))
		}
	}
	c := read(t, name, data)
	var got []string
	for _, l := range c.Links {
		if l.Where == "annotation" {
			got = append(got, l.URL)
		}
	}
	for _, list := range []*[]string{&judged, &got} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	if !slices.Equal(got, judged) || len(got) != len(links) || len(c.Problems) > 0 {
		t.Errorf("annotations %q, problems %v; pdfinfo sees %q of %q", got, c.Problems, judged, links)
	}
	words := strings.Fields(string(run(t, dir, tool(t, "pdftotext", "poppler-utils"), name, "-")))
	if read := strings.Fields(textOf(c)); !slices.Equal(read, words) || len(words) == 0 {
		t.Errorf("words %q; pdftotext sees %q", read, words)
	}
}

func textOf(c file.Content) (all string) {
	for _, text := range c.Texts {
		all += text.Body + "\n"
	}
	return all
}

// TestPDFAttachedAsPoppler holds that the files in notes on pages are those that pdfdetach takes out.
func TestPDFAttachedAsPoppler(t *testing.T) {
	if raceDetector {
		t.Skip("too slow with the race detector; make unit runs it without")
	}
	pdfdetach := tool(t, "pdfdetach", "poppler-utils")
	forms, err := filepath.Glob("testdata/forms/pdf-attached*.pdf")
	if err != nil || len(forms) == 0 {
		t.Fatal(err)
	}
	for _, form := range forms {
		data, err := os.ReadFile(form)
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		made(t, dir, "in.pdf", string(data))
		run(t, dir, pdfdetach, "-saveall", "-o", dir, "in.pdf")
		c := read(t, form, data)
		if len(c.Members) != 1 {
			t.Errorf("%s: members %+v, want one", form, c.Members)
			continue
		}
		judged, err := os.ReadFile(filepath.Join(dir, c.Members[0].Name))
		if err != nil || !slices.Equal(judged, c.Members[0].Data) {
			t.Errorf("%s: %q, pdfdetach takes out %q (%v)", form, c.Members[0].Data, judged, err)
		}
	}
}
