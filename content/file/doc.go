// Package file reads the single files that an email carries: what text, which links
// and which further files are in one.
//
// An attacker chooses the form: the link stands in a QR code in a picture in a
// document, behind an .url file in a ZIP, in a calendar entry, in the annotation of
// a PDF page. What is read is decided by the bytes; the sender's name and type help
// only where bytes say nothing. A file can be damaged, encrypted, of a form that is
// not read, or too much: each of these is a problem with its reason, never silence,
// and a library that panics harms no other file. The walk over an email and its
// members is not here; HTML is handed over as markup, for the package links.
//
// A reader must not panic, must end soon after its context, and must stay within
// the budget that all files of an email share. The figures are in held.NewBudget.
package file

import (
	"context"
	"fmt"

	"example.org/imap-integration/content/file/archive"
	"example.org/imap-integration/content/file/held"
	"example.org/imap-integration/content/file/pdf"
	"example.org/imap-integration/content/file/qr"
	"example.org/imap-integration/message"
	"example.org/imap-integration/quote"
)

// The words of a file's content.
type (
	Content  = held.Content
	Text     = held.Text
	Link     = held.Link
	Member   = held.Member
	Problem  = held.Problem
	Password = held.Password
	Words    = held.Words
	Budget   = held.Budget
)

// MaxWords bounds the texts of one email that are searched for passwords, bytes.
const MaxWords = held.MaxWords

// NewBudget returns what the files of one email may cost.
func NewBudget() *Budget { return held.NewBudget() }

// MaxDepth is how many archives in each other are opened.
const MaxDepth = 3

// Input is one file.
type Input struct {
	Name, MediaType string // as the sender gives them; may be empty
	Data            []byte
	Passwords       []Password // candidates for what is encrypted, in the order of trying
	Check           bool       // not what is in it is asked for, but whether it can be read
}

// textReaders read what has no budget of its own: linear in the file's length.
var textReaders = map[string]func(c *Content, data []byte){
	"html": readMarkup, "svg": readMarkup, "mhtml": readMHTML, "ics": readProperties, "vcard": readProperties,
	"url": readURLFile, "webloc": readWebloc, "lnk": readShortcut, "rtf": readRTF, "text": readText,
}

// Read reads a file. It never panics and never fails: what was not read is in the
// problems. Where the format is "", nothing was read and nothing is said.
func Read(ctx context.Context, in Input, b *Budget) (c Content) {
	format := Sniff(in.Name, in.MediaType, in.Data)
	c.Format = format
	defer func() {
		if p := recover(); p != nil {
			c.Add(message.CodeFileDamaged, "the file makes its reader fail: %s", quote.Line(fmt.Sprint(p), quote.Sentence))
		}
	}()
	if archive.Formats(format) {
		return archive.Read(ctx, format, in.Name, in.Data, in.Passwords, b)
	}
	if isForeign(format) {
		readForeign(&c, in)
		return c
	}
	if in.Check {
		check(ctx, &c, in, b)
		return c
	}
	if read := textReaders[format]; read != nil {
		readTexts(&c, in.Data, b, read)
		if format == "text" && IsScript(in.Name) && b.Bytes >= int64(len(in.Data)) {
			readTexts(&c, in.Data, b, addScript)
		}
		return c
	}
	switch {
	case office[format]:
		readOffice(ctx, &c, in, b)
	case format == "pdf":
		pdf.Read(ctx, &c, in.Data, in.Passwords, b)
	case pictures[format]:
		qr.Read(ctx, &c, in.Data, b)
	case format == "ole":
		readCompound(&c, in.Data)
	case format == "pgp":
		c.Add(message.CodeFileEncrypted, "encrypted with PGP; it was not read")
	}
	if !office[format] {
		appended(ctx, &c, in, b)
	}
	return c
}

// readTexts bounds the text that a file gives.
func readTexts(c *Content, data []byte, b *Budget, read func(*Content, []byte)) {
	limit := min(int64(8<<20), b.Bytes)
	if int64(len(data)) > limit {
		c.Add(message.CodeLimitFile, "of %d bytes the first %d were read", len(data), limit)
		data = data[:limit]
	}
	b.Bytes -= int64(len(data))
	read(c, data)
	for i, m := range c.Members {
		if b.Members <= 0 || m.Size > b.Bytes {
			c.Add(message.CodeLimitArchive, "of %d files within the text the first %d were read", len(c.Members), i)
			c.Members = c.Members[:i]
			break
		}
		b.Members--
		b.Bytes -= m.Size
	}
}
