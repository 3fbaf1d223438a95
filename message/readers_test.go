package message

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// readersCase is an email that programs are known to read wrongly, and what is
// right of it; fields without a value are not compared.
type readersCase struct {
	Name     string
	Email    []string // its lines; CRLF parts them
	Bytes    bool     // each character is a byte
	From, To string   // the addresses, "NAME <ADDRESS>" joined by ", "
	Subject  string
	Text     *string
	Files    map[string]string // all attachments: content, each character a byte where it is not ASCII
	Problems []string          // codes that have to be there; none at all where it is empty
}

// TestReaders holds the reader to testdata/readers.json: senders, header lines
// that are none, ends, charsets, and files in uuencode, yEnc and BinHex. To add an
// email, add a line with what is right of it, judged by another program or by hand.
func TestReaders(t *testing.T) {
	data, err := os.ReadFile("../testdata/readers.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []readersCase
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	right := 0
	for _, c := range cases {
		if t.Run(c.Name, func(t *testing.T) { c.check(t) }) {
			right++
		}
	}
	t.Logf("%d of %d emails of the readers' kinds are read right", right, len(cases)) // make contents prints it
}

func (c readersCase) check(t *testing.T) {
	raw := []byte(strings.Join(c.Email, "\r\n"))
	if c.Bytes {
		raw = latin1(string(raw))
	}
	m := Parse(raw, DefaultLimits())
	equal := func(what string, got, want any) {
		t.Helper()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	equal("From", addressLine(m, "From"), c.From)
	if c.To != "" {
		equal("To", addressLine(m, "To"), c.To)
	}
	if c.Subject != "" {
		equal("Subject", strings.Join(m.Header.Values("Subject"), "|"), c.Subject)
	}
	if c.Text != nil {
		equal("text", m.BodyText(), *c.Text)
	}
	if c.Files != nil {
		want, got := map[string]string{}, map[string]string{}
		for name, content := range c.Files {
			want[name] = string(latin1(content))
		}
		for _, a := range m.Attachments() {
			content, _ := m.Content(a.Part)
			got[a.Filename] = string(content)
		}
		equal("files", got, want)
	}
	codes := map[string]bool{}
	for _, p := range m.Problems {
		codes[p.Code] = true
	}
	for _, code := range c.Problems {
		if !codes[code] {
			t.Errorf("no problem %s: %v", code, m.Problems)
		}
	}
	if len(c.Problems) == 0 && len(codes) > 0 {
		t.Errorf("problems: %v", m.Problems)
	}
}

func addressLine(m *Message, field string) string {
	var list []string
	for _, a := range m.Addresses(field) {
		list = append(list, fmt.Sprintf("%s <%s>", a.Name, a.Addr))
	}
	return strings.Join(list, ", ")
}

// latin1 makes each character a byte.
func latin1(s string) []byte {
	var out []byte
	for _, r := range s {
		out = append(out, byte(r))
	}
	return out
}
