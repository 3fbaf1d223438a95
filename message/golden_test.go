package message

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// view is a parsed email as the golden files show it.
type view struct {
	MessageID   []string            `json:"message_id"`
	Date        string              `json:"date"`
	Subject     []string            `json:"subject"`
	Addresses   map[string][]string `json:"addresses"`
	Headers     []string            `json:"headers"`
	BodyText    string              `json:"body_text"`
	BodyHTML    string              `json:"body_html"`
	Attachments []Attachment        `json:"attachments"`
	Searchable  []string            `json:"searchable"`
	Problems    []Problem           `json:"problems"`
}

func viewOf(m *Message) view {
	v := view{MessageID: m.Header.IDs("Message-ID"), Subject: m.Header.Values("Subject"), Addresses: map[string][]string{}}
	for _, d := range m.Header.Values("Date") {
		if t, ok := ParseDate(d); ok {
			v.Date = t.Format(time.RFC3339)
		}
	}
	for _, name := range []string{"From", "Sender", "Reply-To", "To", "Cc", "Bcc"} {
		for _, a := range m.Addresses(name) {
			v.Addresses[name] = append(v.Addresses[name], fmt.Sprintf("%s <%s>", a.Name, a.Addr))
		}
	}
	for _, f := range m.Header.Fields() {
		v.Headers = append(v.Headers, f.Name+": "+f.Value)
	}
	v.BodyText, v.BodyHTML, v.Attachments = m.BodyText(), m.BodyHTML(), m.Attachments()
	for s := range m.Searchable() {
		v.Searchable = append(v.Searchable, s)
	}
	v.Problems = m.Problems
	return v
}

// TestGolden compares the view of each email in testdata with its .json. Emails in
// testdata/mail are sound: they have no problems.
func TestGolden(t *testing.T) {
	files, _ := filepath.Glob("../testdata/mail/*.eml")
	broken, _ := filepath.Glob("../testdata/mail/broken/*.eml")
	if len(files)+len(broken) < 60 {
		t.Errorf("%d emails in testdata, want at least 60", len(files)+len(broken))
	}
	for _, file := range append(files, broken...) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			v := viewOf(Parse(raw, DefaultLimits()))
			if sound := !strings.Contains(file, "broken"); sound != (len(v.Problems) == 0) {
				t.Errorf("problems of a mail in %s: %v", filepath.Dir(file), v.Problems)
			}
			compareGolden(t, strings.TrimSuffix(file, ".eml")+".json", v)
		})
	}
}

func compareGolden(t *testing.T, file string, v any) {
	t.Helper()
	var got bytes.Buffer
	e := json.NewEncoder(&got)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("differs from %s (-want +got):\n%s", file, diff)
	}
}
