// Command oracle compares how this project and Python's email package
// (policy.default) read the emails of a folder, and reports the fields that
// differ, by class.
//
//	go run ./tools/oracle DIR       every file below DIR but *.json is an email
//	go run ./tools/oracle -v DIR    with both readings of each difference
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"example.org/imap-integration/message"
)

func main() {
	verbose := flag.Bool("v", false, "show both readings of each difference")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "oracle: name the folder with the emails (make oracle DIR=…)")
		os.Exit(2)
	}
	if err := run(flag.Arg(0), *verbose); err != nil {
		fmt.Fprintln(os.Stderr, "oracle:", err)
		os.Exit(1)
	}
}

// fields are what is compared, in the order of the report.
var fields = []string{"from", "to", "subject", "date", "message_id", "leaf_types", "file_names", "digests"}

func run(dir string, verbose bool) error {
	var files []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && filepath.Ext(path) != ".json" { // golden files lie beside the emails
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		return err
	}
	theirs, err := peer(files)
	if err != nil {
		return err
	}
	c := counts{differ: map[string]int{}, refused: map[string]int{}}
	for i, path := range files {
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		c.compare(path, look(raw), theirs[i], verbose)
	}
	c.print(len(files))
	return nil
}

// peer asks Python about all files.
func peer(files []string) ([]map[string]any, error) {
	cmd := exec.Command("python3", "tools/oracle/peer.py")
	cmd.Stdin = strings.NewReader(strings.Join(files, "\n") + "\n")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("python3: %w", err)
	}
	var all []map[string]any
	s := bufio.NewScanner(bytes.NewReader(out))
	s.Buffer(nil, 64<<20)
	for s.Scan() {
		var v any
		if err := json.Unmarshal(s.Bytes(), &v); err != nil {
			return nil, err
		}
		m, _ := v.(map[string]any) // a text: Python could not read the email at all
		all = append(all, m)
	}
	if len(all) != len(files) {
		return nil, fmt.Errorf("python3 answered for %d of %d emails", len(all), len(files))
	}
	return all, s.Err()
}

// look is our reading, in the form of peer.py.
func look(raw []byte) map[string]any {
	m := message.Parse(raw, message.DefaultLimits())
	v := map[string]any{
		"from": addresses(m, "From"), "to": addresses(m, "To"),
		"subject": strings.Join(strings.Fields(first(m.Header.Values("Subject"))), " "),
		"date":    "", "message_id": first(m.Header.IDs("Message-ID")),
	}
	if t, ok := message.ParseDate(first(m.Header.Values("Date"))); ok {
		v["date"] = t.UTC().Format(time.RFC3339)
	}
	types, names, digests := []string{}, []string{}, []string{}
	walk(m, func(p *message.Part) {
		types = append(types, p.MediaType)
		if p.Filename != "" {
			names = append(names, p.Filename)
		}
	})
	for _, a := range m.Attachments() {
		if !strings.HasPrefix(a.ContentType, "text/") && a.ContentType != "message/rfc822" {
			digests = append(digests, a.SHA256)
		}
	}
	slices.Sort(types)
	slices.Sort(names)
	slices.Sort(digests)
	v["leaf_types"], v["file_names"], v["digests"] = types, names, digests
	return v
}

func walk(m *message.Message, f func(p *message.Part)) {
	m.Walk(func(p *message.Part) bool {
		if p.Message != nil {
			walk(p.Message, f)
			return true
		}
		f(p)
		return true
	})
}

func first(v []string) string {
	if len(v) == 0 {
		return ""
	}
	return v[0]
}

func addresses(m *message.Message, name string) []string {
	out := []string{}
	for _, a := range m.Addresses(name) {
		out = append(out, a.Addr)
	}
	return out
}

// counts is how often each field differs.
type counts struct {
	unreadable int            // Python gave up on the whole email
	differ     map[string]int // both read it, and differ
	refused    map[string]int // Python raised an exception on this field
}

func (c *counts) compare(path string, ours, theirs map[string]any, verbose bool) {
	if theirs == nil {
		c.unreadable++
		return
	}
	for _, f := range fields {
		a, _ := json.Marshal(ours[f])
		b, _ := json.Marshal(theirs[f])
		switch text, _ := theirs[f].(string); {
		case bytes.Equal(a, b):
			continue
		case strings.HasPrefix(text, "!"):
			c.refused[f]++
		default:
			c.differ[f]++
		}
		if verbose {
			fmt.Printf("%s: %s\n  ours   %.300s\n  python %.300s\n", path, f, a, b)
		}
	}
}

func (c *counts) print(total int) {
	fmt.Printf("%d emails; Python could not read %d of them\n", total, c.unreadable)
	fmt.Printf("| field | same | differs | Python raises |\n|---|---|---|---|\n")
	for _, f := range fields {
		fmt.Printf("| %s | %d | %d | %d |\n", f, total-c.unreadable-c.differ[f]-c.refused[f], c.differ[f], c.refused[f])
	}
}
