// Package terminal lays out what a person reads: paragraphs, tables and a few
// colours, as wide as the page is.
//
// A terminal counts columns, not bytes: a Chinese character takes two, an accent
// none, an escape sequence none. What does not fit is wrapped by the terminal in
// the middle of a word, and a table falls apart. So everything here is measured in
// columns (Unicode's East Asian Width), text is broken at spaces, and a table gives
// up its least telling columns first and says which. Foreign text must not move the
// cursor or change the colours: cells go through package quote.
//
// Programs never get any of this: what is piped is JSON.
package terminal

import (
	"io"
	"os"
	"strings"

	"github.com/clipperhouse/displaywidth"
	"golang.org/x/term"
)

// UsualWidth is the width of a page that is not a terminal, in columns.
const UsualWidth = 80

// Page is where a person reads.
type Page struct {
	io.Writer
	Width  int // columns, at least 1
	Colour bool
}

// Colour modes: what --color takes.
const (
	Auto   = "auto"
	Always = "always"
	Never  = "never"
)

// PageOf is the page that a stream is. mode is one of the colour modes; with
// [Auto], there are colours where the stream is a terminal that has them, NO_COLOR
// is not set (no-color.org) and TERM is not dumb, or where FORCE_COLOR is set.
func PageOf(stream io.Writer, mode string, getenv func(string) string) *Page {
	p := &Page{Writer: stream, Width: UsualWidth}
	if f, ok := stream.(*os.File); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
			p.Width = width
		}
	}
	switch force := getenv("FORCE_COLOR"); {
	case mode == Always:
		p.Colour = true
	case mode == Never || getenv("NO_COLOR") != "":
	case force != "":
		p.Colour = force != "0" && force != "false"
	default:
		p.Colour = Is(stream) && getenv("TERM") != "dumb"
	}
	return p
}

// Is reports whether a stream is a terminal.
func Is(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// The colours are those of the terminal's own palette, so that they can be read on
// light and on dark (ECMA-48, section 8.3.117).
const (
	bold   = "1"
	faint  = "2"
	red    = "31"
	green  = "32"
	yellow = "33"
)

func (p *Page) paint(style, text string) string {
	if !p.Colour || text == "" {
		return text
	}
	return "\x1b[" + style + "m" + text + "\x1b[0m"
}

// Good, Bad, Warning, Heading and Faint give a text its colour.
func (p *Page) Good(text string) string    { return p.paint(green, text) }
func (p *Page) Bad(text string) string     { return p.paint(red, text) }
func (p *Page) Warning(text string) string { return p.paint(yellow, text) }
func (p *Page) Heading(text string) string { return p.paint(bold, text) }
func (p *Page) Faint(text string) string   { return p.paint(faint, text) }

// Paragraph writes a text, broken at spaces, each line after this many spaces.
func (p *Page) Paragraph(indent int, text string) error {
	for _, line := range Wrap(text, p.Width-indent) {
		if _, err := io.WriteString(p, strings.Repeat(" ", indent)+line+"\n"); err != nil {
			return err
		}
	}
	return nil
}

// Wrap breaks a text at spaces into lines of at most width columns; a word that is
// longer has a line of its own. There is always one line.
func Wrap(text string, width int) []string {
	var lines []string
	line, columns := "", 0
	for _, word := range strings.Fields(text) {
		w := Columns(word)
		if line != "" && columns+1+w > width {
			lines, line, columns = append(lines, line), "", 0
		}
		if line != "" {
			line, columns = line+" ", columns+1
		}
		line, columns = line+word, columns+w
	}
	return append(lines, line)
}

// escapes lets escape sequences of ours count for nothing.
var escapes = displaywidth.Options{ControlSequences: true}

// Columns is how wide a text is.
func Columns(text string) int { return escapes.String(text) }

// Fit cuts a text to at most width columns, with an ellipsis where something is left out.
func Fit(text string, width int) string {
	if width < 1 {
		return ""
	}
	return escapes.TruncateString(text, width, "…")
}
