package terminal_test

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"example.org/imap-integration/terminal"
)

func TestWrap(t *testing.T) {
	for _, row := range []struct {
		text  string
		width int
		want  string
	}{
		{"", 10, ""},
		{"one two three", 7, "one two|three"},
		{"one two three", 8, "one two|three"},
		{"one two three", 100, "one two three"},
		{"a https://a.example/very/long b", 10, "a|https://a.example/very/long|b"},
		{"  white \n space\t", 100, "white space"},
		{"荷物が 待って います", 13, "荷物が 待って|います"},
		{"é\u0301x y", 3, "é\u0301x|y"},
		{"a b", -5, "a|b"},
	} {
		if got := strings.Join(terminal.Wrap(row.text, row.width), "|"); got != row.want {
			t.Errorf("Wrap(%q, %d) = %q, want %q", row.text, row.width, got, row.want)
		}
	}
}

func TestFit(t *testing.T) {
	for _, row := range []struct {
		text  string
		width int
		want  string
	}{
		{"fits", 4, "fits"},
		{"does not", 5, "does…"},
		{"荷物が待って", 7, "荷物が…"},
		{"荷物が待って", 6, "荷物…"},
		{"\x1b[31mred and more\x1b[0m", 4, "\x1b[31mred…\x1b[0m"},
		{"x", 0, ""},
	} {
		if got := terminal.Fit(row.text, row.width); got != row.want {
			t.Errorf("Fit(%q, %d) = %q, want %q", row.text, row.width, got, row.want)
		}
	}
}

func TestColours(t *testing.T) {
	for _, row := range []struct {
		mode string
		env  map[string]string
		want bool // into a pipe
	}{
		{terminal.Auto, nil, false},
		{terminal.Always, nil, true},
		{terminal.Always, map[string]string{"NO_COLOR": "1"}, true},
		{terminal.Never, map[string]string{"FORCE_COLOR": "1"}, false},
		{terminal.Auto, map[string]string{"FORCE_COLOR": "1"}, true},
		{terminal.Auto, map[string]string{"FORCE_COLOR": "0"}, false},
		{terminal.Auto, map[string]string{"FORCE_COLOR": "1", "NO_COLOR": "1"}, false},
	} {
		p := terminal.PageOf(io.Discard, row.mode, func(k string) string { return row.env[k] })
		if p.Colour != row.want || p.Width != terminal.UsualWidth {
			t.Errorf("%s, %v: colour %t, width %d", row.mode, row.env, p.Colour, p.Width)
		}
		if coloured := p.Good("ok") != "ok"; coloured != row.want {
			t.Errorf("%s, %v: %q", row.mode, row.env, p.Good("ok"))
		}
	}
}

// emails is a table of emails as the daemon's is.
func emails() *terminal.Table {
	t := &terminal.Table{Columns: []terminal.Column{
		{Title: "ID", Right: true}, {Title: "Subject", Rank: 1, Least: 16}, {Title: "From", Rank: 2, Least: 12}, {Title: "SHA-256", Rank: 9, Least: 12},
	}}
	t.Add("1", "Ihre Sendung wartet: 荷物が待っています", "jane@corp.example", strings.Repeat("d8befc74", 8))
	t.Add("12", "Invoice\x1b[2J\r\nBcc: x\u202e", "x@y.example", "")
	return t
}

func TestTable(t *testing.T) {
	for _, row := range []struct {
		width int
		want  string
	}{
		{140, "" +
			"ID  Subject                                  From               SHA-256\n" +
			" 1  Ihre Sendung wartet: 荷物が待っています  jane@corp.example  d8befc74d8befc74d8befc74d8befc74d8befc74d8befc74d8befc74d8befc74\n" +
			"12  Invoice\\x1b[2J Bcc: x\\u202e              x@y.example\n"},
		{80, "" +
			"ID  Subject                                  From               SHA-256\n" +
			" 1  Ihre Sendung wartet: 荷物が待っています  jane@corp.example  d8befc74d8befc7…\n" +
			"12  Invoice\\x1b[2J Bcc: x\\u202e              x@y.example\n"},
		{60, "" +
			"ID  Subject                       From          SHA-256\n" +
			" 1  Ihre Sendung wartet: 荷物が…  jane@corp.e…  d8befc74d8b…\n" +
			"12  Invoice\\x1b[2J Bcc: x\\u202e   x@y.example\n"},
		{40, "" +
			"ID  Subject                 From\n" +
			" 1  Ihre Sendung wartet: …  jane@corp.e…\n" +
			"12  Invoice\\x1b[2J Bcc: x…  x@y.example\n" +
			"(no room for SHA-256: a wider terminal\nshows more, --json shows all)\n"},
	} {
		var b bytes.Buffer
		if err := emails().Write(&terminal.Page{Writer: &b, Width: row.width}); err != nil {
			t.Fatal(err)
		}
		if b.String() != row.want {
			t.Errorf("%d columns:\n%s\nwant\n%s", row.width, b.String(), row.want)
		}
	}
}

// TestEveryWidth: no line is wider than the page, from the width of a phone on, and the most telling column stays.
func TestEveryWidth(t *testing.T) {
	for width := 30; width <= 200; width++ {
		for _, colour := range []bool{false, true} {
			table := emails()
			table.Columns[1].Paint = (*terminal.Page).Bad
			table.Indent = 2
			var b bytes.Buffer
			if err := table.Write(&terminal.Page{Writer: &b, Width: width, Colour: colour}); err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(b.String()) {
				if n := terminal.Columns(strings.TrimRight(line, "\n")); n > width {
					t.Errorf("%d columns: %q has %d", width, line, n)
				}
			}
			if !strings.Contains(b.String(), "Ihre Sendung") {
				t.Errorf("%d columns: the subject is gone:\n%s", width, b.String())
			}
			if strings.Contains(b.String(), "\x1b[") != colour || strings.Contains(b.String(), "\x1b[2J") {
				t.Errorf("%d columns: escape sequences %q", width, b.String())
			}
		}
	}
}

func TestWrappedColumn(t *testing.T) {
	table := terminal.Table{Columns: []terminal.Column{{}, {Paint: (*terminal.Page).Good}, {Wrap: true, Rank: 1}}}
	table.Add("login", "ok", "Dovecot 2.3 takes the password and offers IDLE")
	table.Add("folder", "ok", "")
	var b bytes.Buffer
	if err := table.Write(&terminal.Page{Writer: &b, Width: 32}); err != nil {
		t.Fatal(err)
	}
	want := "login   ok  Dovecot 2.3 takes\n            the password and\n            offers IDLE\nfolder  ok\n"
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestAPageThatIsGone(t *testing.T) {
	p := &terminal.Page{Writer: broken{}, Width: 80}
	if err := emails().Write(p); err == nil {
		t.Error("a table that cannot be written is no error")
	}
	if err := p.Paragraph(2, "text"); err == nil {
		t.Error("a paragraph that cannot be written is no error")
	}
}

// FuzzTable: whatever the cells hold, each row is one line of the page's width, without an escape sequence.
func FuzzTable(f *testing.F) {
	f.Add("1", "Subject\x1b[31m", 40)
	f.Add("\u202e荷物", "\xff\n\t", 30)
	f.Fuzz(func(t *testing.T, a, b string, width int) {
		if width < 30 || width > 500 {
			return
		}
		table := terminal.Table{Columns: []terminal.Column{{Title: "A"}, {Title: "B", Rank: 1}}}
		table.Add(a, b)
		var out bytes.Buffer
		if err := table.Write(&terminal.Page{Writer: &out, Width: width}); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
		if len(lines) != 2 || !utf8.ValidString(out.String()) || strings.ContainsAny(out.String(), "\x1b\r\x07") {
			t.Fatalf("%q", out.String())
		}
		for _, line := range lines {
			if n := terminal.Columns(line); n > width {
				t.Fatalf("%d columns in %d: %q", n, width, line)
			}
		}
	})
}
