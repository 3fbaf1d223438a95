// Command rows runs the tests that prove what the program withstands, fault by
// fault, and prints a table of them. testdata/rows.json is the list.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
)

const (
	listFile = "testdata/rows.json"
	begin    = "<!-- rows: begin -->\n" // marks of the table in a document
	end      = "<!-- rows: end -->\n"
)

// row is one fault, with the tests that provoke it or the reason why there is none.
type row struct {
	ID    string   `json:"id"`
	What  string   `json:"what"`
	Tests []string `json:"tests,omitempty"` // "folder TestName" or "folder TestName/name of a subtest"
	Why   string   `json:"why,omitempty"`   // why it does not apply
}

// verdicts are the results of the tests of one package: "pass", "fail" or "skip" by the name of the test.
type verdicts map[string]string

func main() {
	write := flag.String("write", "", "put the table into this document, between its marks, instead of printing it")
	verbose := flag.Bool("v", false, "show the output of tests that fail")
	flag.Parse()
	if err := run(*write, *verbose, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "rows:", err)
		os.Exit(1)
	}
}

func run(write string, verbose bool, stdout, stderr io.Writer) error {
	text, err := os.ReadFile(listFile)
	if err != nil {
		return err
	}
	var rows []row
	if err := json.Unmarshal(text, &rows); err != nil {
		return fmt.Errorf("%s: %w", listFile, err)
	}
	found := map[string]verdicts{}
	for _, folder := range folders(rows) {
		fmt.Fprintf(stderr, "%s …\n", folder)
		var shown io.Writer = io.Discard
		if verbose {
			shown = stderr
		}
		if found[folder], err = runTests(folder, topLevel(rows, folder), shown); err != nil {
			return err
		}
	}
	doc, failed := table(rows, found)
	if write == "" {
		_, err = io.WriteString(stdout, doc)
	} else {
		err = splice(write, doc)
	}
	if err == nil && failed > 0 {
		err = fmt.Errorf("%d rows are not proved", failed)
	}
	return err
}

// folders are those of all tests, in order.
func folders(rows []row) []string {
	var all []string
	for _, r := range rows {
		for _, t := range r.Tests {
			folder, _, _ := strings.Cut(t, " ")
			all = append(all, folder)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// topLevel are the test functions of a folder.
func topLevel(rows []row, folder string) []string {
	var names []string
	for _, r := range rows {
		for _, t := range r.Tests {
			if name, ok := strings.CutPrefix(t, folder+" "); ok {
				name, _, _ = strings.Cut(name, "/")
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// runTests runs these test functions of a folder. That one fails is a verdict, not an error.
func runTests(folder string, names []string, stderr io.Writer) (verdicts, error) {
	cmd := exec.Command("go", "test", "-json", "-count=1", "-timeout", "5m", "-run", "^("+strings.Join(names, "|")+")$", "./"+folder)
	out, err := cmd.Output()
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		return nil, err
	}
	v := verdicts{}
	for events := json.NewDecoder(bytes.NewReader(out)); ; {
		var e struct{ Action, Test, Output string }
		if err := events.Decode(&e); errors.Is(err, io.EOF) {
			return v, nil
		} else if err != nil {
			return nil, fmt.Errorf("go test -json ./%s: %w", folder, err)
		}
		switch e.Action {
		case "pass", "fail", "skip":
			v[e.Test] = e.Action
		case "output":
			fmt.Fprint(stderr, e.Output)
		}
	}
}

// of returns what became of a test and all of its subtests that begin with this name.
func (v verdicts) of(name string) string {
	name = strings.ReplaceAll(name, " ", "_")
	verdict := "not run"
	for test, is := range v {
		if test != name && !strings.HasPrefix(test, name+"/") && !strings.HasPrefix(test, name+"#") {
			continue
		}
		switch {
		case is == "fail":
			return "fail"
		case is == "pass" || verdict == "not run":
			verdict = is
		}
	}
	return verdict
}

// table is the list in Markdown, and how many rows have a test that did not pass.
func table(rows []row, found map[string]verdicts) (doc string, failed int) {
	var b strings.Builder
	b.WriteString("| row | what | tests | |\n|---|---|---|---|\n")
	proved, without := 0, 0
	for _, r := range rows {
		if len(r.Tests) == 0 {
			without++
			fmt.Fprintf(&b, "| %s | %s | %s | n/a |\n", r.ID, r.What, r.Why)
			continue
		}
		verdict, tests := "pass", []string{}
		for _, t := range r.Tests {
			folder, name, _ := strings.Cut(t, " ")
			tests = append(tests, "`"+path.Base(folder)+"."+name+"`")
			if is := found[folder].of(name); is != "pass" {
				verdict = is
			}
		}
		if verdict == "pass" {
			proved++
		} else {
			failed++
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", r.ID, r.What, strings.Join(tests, ", "), verdict)
	}
	fmt.Fprintf(&b, "\n%d rows: %d pass, %d do not, %d do not apply.\n", len(rows), proved, failed, without)
	return b.String(), failed
}

// splice replaces what stands between the marks of a document.
func splice(file, table string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(text), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		return fmt.Errorf("%s has no marks for the table", file)
	}
	return os.WriteFile(file, []byte(before+begin+table+end+after), 0o644)
}
