package message

import (
	"bytes"
	"math"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// HTMLText returns the text of an HTML document as a reader sees it: scripts,
// styles, comments and the title left out, entities decoded, spaces folded
// (U+00A0 aside), block elements on lines of their own. Hidden text is kept. It
// takes one pass whatever the nesting.
func HTMLText(markup string) string { return htmlText(markup, math.MaxInt) }

// htmlText is HTMLText, left off once the text is longer than most bytes.
func htmlText(markup string, most int) string {
	buf := borrow()
	defer decodeBuffers.Put(buf)
	w := textWriter{out: (*buf)[:0]}
	defer func() { keep(buf, w.out) }()
	z := html.NewTokenizer(strings.NewReader(markup))
	for {
		if len(w.out) > most {
			if text := bytes.Trim(w.out, " \n"); len(text) > most {
				return string(text)
			}
		}
		switch z.Next() {
		case html.ErrorToken:
			return string(bytes.Trim(w.out, " \n"))
		case html.TextToken:
			w.text(z.Text())
		case html.StartTagToken, html.SelfClosingTagToken:
			w.start(z, element(z))
		case html.EndTagToken:
			w.end(element(z))
		}
	}
}

// element is that of the tag that z stands at, 0 for one that HTML does not have.
// TagName of the tokenizer would allocate twice for each tag.
func element(z *html.Tokenizer) atom.Atom {
	var lower [longestElement]byte
	name := bytes.TrimPrefix(z.Raw()[1:], []byte("/"))
	n := 0
	for ; n < len(name) && !htmlBlank[name[n]] && name[n] != '/' && name[n] != '>'; n++ {
		if n == len(lower) {
			return 0
		}
		lower[n] = name[n]
		if 'A' <= name[n] && name[n] <= 'Z' {
			lower[n] += 'a' - 'A'
		}
	}
	return atom.Lookup(lower[:n])
}

// longestElement is longer than the name of any element, bytes.
const longestElement = 32

type textWriter struct {
	out   []byte
	skip  atom.Atom // the raw-text element whose content is not shown
	pre   int
	blank bool // a space waits for the next word
	last  byte // the last byte written
}

func (w *textWriter) start(z *html.Tokenizer, tag atom.Atom) {
	switch tag {
	case atom.Script, atom.Style, atom.Title:
		w.skip = tag
	case atom.Noscript, atom.Noframes, atom.Noembed, atom.Iframe:
		z.NextIsNotRawText() // no mail program runs scripts or frames: this is what it shows
	case atom.Pre, atom.Listing, atom.Xmp, atom.Plaintext:
		w.newline()
		w.pre++
	case atom.Br:
		w.blank = false
		w.write("\n")
	case atom.Td, atom.Th:
		w.blank = true
	default:
		if block(tag) {
			w.newline()
		}
	}
}

func (w *textWriter) end(tag atom.Atom) {
	switch tag {
	case w.skip:
		w.skip = 0
	case atom.Pre, atom.Listing, atom.Xmp:
		w.newline()
		w.pre = max(0, w.pre-1)
	default:
		if block(tag) {
			w.newline()
		}
	}
}

// block reports whether an element starts and ends a line.
func block(tag atom.Atom) bool {
	switch tag {
	case atom.Address, atom.Article, atom.Aside, atom.Blockquote, atom.Body, atom.Center, atom.Dd, atom.Details,
		atom.Div, atom.Dl, atom.Dt, atom.Fieldset, atom.Figcaption, atom.Figure, atom.Footer, atom.Form,
		atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Head, atom.Header, atom.Hr, atom.Html,
		atom.Li, atom.Main, atom.Nav, atom.Ol, atom.Option, atom.P, atom.Section, atom.Summary, atom.Table,
		atom.Tbody, atom.Textarea, atom.Tfoot, atom.Thead, atom.Tr, atom.Ul, atom.Caption, atom.Legend:
		return true
	}
	return false
}

func (w *textWriter) newline() {
	w.blank = false
	if w.last != '\n' && w.last != 0 {
		w.write("\n")
	}
}

func (w *textWriter) write(s string) {
	w.out = append(w.out, s...)
	w.last = s[len(s)-1]
}

func (w *textWriter) text(b []byte) {
	if w.skip != 0 || len(b) == 0 {
		return
	}
	if w.pre > 0 {
		w.write(strings.ToValidUTF8(string(b), "\uFFFD"))
		return
	}
	for i := 0; i < len(b); {
		if htmlBlank[b[i]] {
			w.blank = true
			i++
			continue
		}
		start := i
		// Words with one space between them are written in one piece.
		for i < len(b) && (!htmlBlank[b[i]] || b[i] == ' ' && i+1 < len(b) && !htmlBlank[b[i+1]]) {
			i++
		}
		if w.blank && w.last != '\n' && w.last != 0 {
			w.out = append(w.out, ' ')
		}
		w.out = append(w.out, b[start:i]...)
		w.blank, w.last = false, b[i-1]
	}
}

// htmlBlank is the white space that HTML folds; U+00A0 is text.
var htmlBlank = [256]bool{' ': true, '\t': true, '\r': true, '\n': true, '\f': true}
