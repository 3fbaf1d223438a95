// Package held has the words in which the readers of files say what a file holds:
// texts, links, members and problems, and the budget that all files of one email share.
//
// A file that an email carries is the sender's: it may claim sizes that it does not
// have, unpack to a thousand times its bytes, or make a library panic. So nothing
// here is an error that ends the reading. What was read is handed over, and what
// was not is a Problem with its reason; a reader that stops early and says nothing
// is a fault. The budget bounds what all the files of one email cost together.
package held

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"example.org/imap-integration/message"
	"example.org/imap-integration/quote"
)

// Content is what one file holds.
type Content struct {
	Format   string // of Sniff; "" for bytes of no known format, which were not read
	Texts    []Text
	Links    []Link // that are no part of a text: link fields, annotations, QR codes; add them with AddLink
	Full     bool   // no more links are taken
	Members  []Member
	Problems []Problem

	linked int // bytes of Links
}

// Text is a text in a file.
type Text struct {
	Where string // place in the file, as "page 2" or "description"; "" for the whole file
	Body  string // UTF-8, line ends LF
	HTML  bool   // Body is markup
}

// Link is a target in a file.
type Link struct {
	URL       string // as it is written in the file
	Where     string // "qr", "annotation", "relationship" and so on
	Text      string // what a person sees in its place; "" where that is not known
	Clickable bool   // a person follows it by a click; otherwise the program does so by itself, or a camera
}

// Member is a file in an archive.
type Member struct {
	Name       string // as the archive gives it, never to be used as a path
	Size       int64  // bytes, as unpacked; of what was not unpacked as the archive says, -1 where it does not
	Data       []byte // nil unless Read
	Read       bool   // Data is the whole member
	OpenedWith string // where the password was found; "" for a member without one
	Password   string // the password itself
	Shown      bool   // a picture in what a reader sees: no file of its own unless something is in it
	Drawn      bool   // Data is made here of something else: its digests say nothing
	Problems   []Problem
}

// Problem says what was not read, and why. Its codes are those of docs/problems.md.
type Problem struct{ Code, Detail string }

// Password is a candidate.
type Password struct {
	Text string
	From string // becomes OpenedWith: "archive_passwords", "subject", "text", "filename", "file", "well_known"
}

// Add adds a problem.
func (c *Content) Add(code, format string, args ...any) {
	c.Problems = append(c.Problems, Problem{code, fmt.Sprintf(format, args...)})
}

// Bounds of the links of one file; more are the sender's play, and named.
const (
	maxLinks     = 5000
	maxLinkBytes = 512 << 10 // of their targets together
)

// AddLink adds a link, if there are not too many.
func (c *Content) AddLink(l Link) {
	if c.linked += len(l.URL); len(c.Links) < maxLinks && c.linked <= maxLinkBytes {
		c.Links = append(c.Links, l)
	} else if !c.Full {
		c.Full = true
		c.Add(message.CodeLimitFile, "more than %d links, or %d bytes of targets; the others are not listed", maxLinks, maxLinkBytes)
	}
}

// AddScript adds a script: as it is written, and as that of a page, where links are found behind
// escapes and in joined strings.
func (c *Content) AddScript(body string) {
	c.Texts = append(c.Texts, Text{Where: "script", Body: body}, ScriptPage(body))
}

// ScriptPage is a page that is nothing but this script.
func ScriptPage(body string) Text {
	return Text{Where: "script", Body: "<script>" + strings.ReplaceAll(body, "</", "< /") + "</script>", HTML: true}
}

// Add adds a problem.
func (m *Member) Add(code, format string, args ...any) {
	m.Problems = append(m.Problems, Problem{code, fmt.Sprintf(format, args...)})
}

// Budget is what reading all the files of one email may still cost. It is used by one goroutine.
type Budget struct {
	Bytes   int64         // unpacked
	Members int           // of archives
	Tries   int           // of passwords, as many as a ZIP takes; others count for several, see [Budget.Try]
	Pages   int           // of PDF files
	Pixels  int64         // of pictures, and of each look for QR codes at them
	Work    time.Duration // processor time of PDF files

	Words *Words // passwords to be tried behind those that are given with a file; nil for none
}

// Words gathers passwords once something is encrypted, as most files are not.
type Words struct {
	Gather func() []Password
	Left   *int // bytes of texts that may still be searched for passwords, over all of an email
}

// Bounds of the texts that are searched for passwords, bytes.
const (
	MaxWordText = 64 << 10 // of one text
	MaxWords    = 1 << 20  // of all of an email
)

// Cut is what of a text is searched.
func (w *Words) Cut(text string) string {
	text, _ = quote.Cut(text, min(MaxWordText, *w.Left))
	*w.Left -= len(text)
	return text
}

// Candidates are the passwords to be tried: these, and those of Words.
func (b *Budget) Candidates(first []Password) []Password {
	if b.Words == nil {
		return first
	}
	return slices.Concat(first, b.Words.Gather())
}

// NewBudget returns the budget of one email.
func NewBudget() *Budget {
	return &Budget{Bytes: 64 << 20, Members: 2000, Tries: 3000, Pages: 50, Pixels: 100 << 20, Work: 4 * time.Second}
}
