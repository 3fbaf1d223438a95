package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	integration "example.org/imap-integration"
	"example.org/imap-integration/actions"
	"example.org/imap-integration/manifest"
	"example.org/imap-integration/terminal"
)

var manFolder = flag.String("man", "", "write the man pages into this folder, as make dist does")

// TestManPages makes the man pages, one for each command, and lets mandoc judge
// them. It is a test and no command because cobra's generator brings a Markdown
// reader along, which has no business in the program.
func TestManPages(t *testing.T) {
	folder := *manFolder
	if folder == "" {
		folder = t.TempDir()
	}
	p := &program{stdout: io.Discard, stderr: io.Discard, getenv: func(string) string { return "" }, manifest: manifest.New(integration.Files)}
	root := p.root()
	for _, a := range actions.All {
		explainParameters(t, p, root, a)
	}
	date := time.Unix(0, 0)
	if seconds, err := strconv.ParseInt(os.Getenv("SOURCE_DATE_EPOCH"), 10, 64); err == nil {
		date = time.Unix(seconds, 0)
	}
	date = date.UTC()
	root.DisableAutoGenTag = true
	header := &doc.GenManHeader{Section: "1", Date: &date, Source: "imap-integration " + version, Manual: "IMAP integration for Cloud SOAR"}
	if err := doc.GenManTreeFromOpts(root, doc.GenManTreeOptions{Header: header, Path: folder, CommandSeparator: "-"}); err != nil {
		t.Fatal(err)
	}
	straighten(t, folder, date)
	for _, a := range actions.All {
		page, err := os.ReadFile(filepath.Join(folder, "imap-integration-"+a.Name+".1"))
		if err != nil {
			t.Error(err)
		}
		if !strings.Contains(string(page), a.Does) || !strings.Contains(string(page), "Parameters") {
			t.Errorf("the page of %s does not say what it does and takes", a.Name)
		}
	}
	judgePages(t, folder)
}

// explainParameters puts the parameters of an action into the text of its page.
func explainParameters(t *testing.T, p *program, root *cobra.Command, a actions.Action) {
	t.Helper()
	c, _, err := root.Find([]string{a.Name})
	if err != nil {
		t.Fatal(err)
	}
	fields, err := p.manifest.Parameters(a.Name)
	if err != nil {
		t.Fatal(err)
	}
	const indent = "    "
	text := &strings.Builder{}
	page := &terminal.Page{Writer: text, Width: 72}
	printFields(page, "of this action", "required", fields, func(f manifest.Field) bool { return f.OfAction() })
	printFields(page, "of the resource that it uses", actions.Required(a.Name), fields, func(f manifest.Field) bool { return !f.OfAction() && actions.Uses(a.Name, f.ID) })
	c.Long = fmt.Sprintf("%s (in Cloud SOAR: %s)\n\nParameters come as a JSON object on standard input, else from environment variables of the same names, else from the defaults.\n%s",
		a.Does, a.Title, indent+strings.ReplaceAll(text.String(), "\n", "\n"+indent))
}

// straighten mends what cobra's generator writes and no reader of man pages likes: a
// date without a day, and flags explained behind tabs in place of tagged paragraphs.
func straighten(t *testing.T, folder string, date time.Time) {
	t.Helper()
	pages, err := filepath.Glob(filepath.Join(folder, "*.1"))
	if err != nil || len(pages) < len(actions.All) {
		t.Fatalf("%d pages in %s, %v", len(pages), folder, err)
	}
	flag := regexp.MustCompile(`(?m)(?:^\.PP\n|(\.SH OPTIONS.*\n))(.+)\n\t`)
	for _, name := range pages {
		page, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		page = flag.ReplaceAll(page, []byte("${1}.TP\n$2\n"))
		page = bytes.Replace(page, []byte(date.Format("Jan 2006")), []byte(date.Format(time.DateOnly)), 1)
		if err := os.WriteFile(name, page, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// judgePages wants nothing to complain of from mandoc.
func judgePages(t *testing.T, folder string) {
	t.Helper()
	if _, err := exec.LookPath("mandoc"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("mandoc is missing, and in CI nothing may be skipped")
		}
		t.Skip("no mandoc here (Debian: apt-get install mandoc): the pages were made and not judged")
	}
	pages, err := filepath.Glob(filepath.Join(folder, "*.1"))
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("mandoc", append([]string{"-T", "lint", "-W", "warning"}, pages...)...).CombinedOutput()
	if err != nil {
		t.Errorf("mandoc: %v\n%s", err, out)
	}
}
