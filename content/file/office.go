package file

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"path"
	"strings"

	"example.org/imap-integration/content/file/archive"
	"example.org/imap-integration/message"
	"example.org/imap-integration/quote"
)

// addText adds a text that is not blank.
func addText(c *Content, where, text string) {
	if strings.TrimSpace(text) != "" {
		c.Texts = append(c.Texts, Text{Where: where, Body: text})
	}
}

// readOffice reads OOXML (ECMA-376) and OpenDocument: the texts of all of their
// XML, the targets in relationships, attributes and fields. Pictures and
// embedded files are its members.
func readOffice(ctx context.Context, c *Content, in Input, b *Budget) {
	unpacked := archive.Read(ctx, "zip", in.Name, in.Data, in.Passwords, b)
	c.Problems = unpacked.Problems
	left := maxXML
	for _, m := range unpacked.Members {
		lower := strings.ToLower(m.Name)
		for _, p := range m.Problems {
			c.Add(p.Code, "%s in the document: %s", quote.Text(m.Name, quote.Name), p.Detail)
		}
		switch ext := path.Ext(lower); {
		case !m.Read:
		case ext == ".rels":
			readRelationships(c, cutXML(c, m, &left))
		case ext == ".xml" && strings.HasPrefix(lower, "meta-inf/"), lower == "[content_types].xml":
			if bytes.Contains(m.Data, []byte("encryption-data")) {
				c.Add(message.CodeFileEncrypted, "the document is encrypted; its text was not read")
				return
			}
		case ext == ".xml", ext == ".rdf", ext == ".xhtml":
			readOfficeXML(c, cutXML(c, m, &left))
		case lower == "mimetype":
		default:
			c.Members = append(c.Members, m)
		}
	}
}

// cutXML takes of a file what may still be read of its document.
func cutXML(c *Content, m Member, left *int) Member {
	if len(m.Data) > *left {
		c.Add(message.CodeLimitFile, "%s in the document: of %d bytes the first %d were read", quote.Text(m.Name, quote.Name), len(m.Data), *left)
		m.Data = m.Data[:*left]
	}
	*left -= len(m.Data)
	return m
}

// What is read of a document.
const (
	maxTokens = 1 << 19  // tags, and texts between them, of one file in it
	maxXML    = 12 << 20 // bytes
)

// xmlTokens calls f with each token. Damage ends it and is a problem.
func xmlTokens(c *Content, m Member, f func(xml.Token)) {
	d := xml.NewDecoder(&tagLimit{Reader: bytes.NewReader(m.Data)})
	d.Strict = false
	d.CharsetReader = func(label string, r io.Reader) (io.Reader, error) {
		raw, err := io.ReadAll(r)
		text, _ := message.DecodeCharset(raw, label)
		return strings.NewReader(text), err
	}
	for n := 0; ; n++ {
		t, err := d.Token()
		if n >= maxTokens {
			c.Add(message.CodeLimitFile, "%s in the document was not read to its end: more than %d elements", quote.Text(m.Name, quote.Name), maxTokens)
			return
		}
		if err != nil {
			if errors.Is(err, errTag) {
				c.Add(message.CodeLimitFile, "%s in the document has a tag of more than a megabyte", quote.Text(m.Name, quote.Name))
			} else if !errors.Is(err, io.EOF) {
				c.Add(message.CodeFileDamaged, "%s in the document cannot be read to its end: %s", quote.Text(m.Name, quote.Name), quote.Line(err.Error(), quote.Sentence))
			}
			return
		}
		f(t)
	}
}

// tagLimit ends a document with a tag of more than a megabyte: the decoder takes a tag
// as a whole, and twenty times its size for the attributes.
type tagLimit struct {
	*bytes.Reader
	length int // of the tag so far; 0 outside of one
}

var errTag = errors.New("a tag of more than a megabyte")

func (r *tagLimit) ReadByte() (byte, error) {
	b, err := r.Reader.ReadByte()
	switch {
	case b == '>':
		r.length = 0
	case b == '<' || r.length > 0:
		r.length++
	}
	if r.length > 1<<20 {
		return 0, errTag
	}
	return b, err
}

// readRelationships finds what a document loads or leads to outside of itself.
func readRelationships(c *Content, m Member) {
	xmlTokens(c, m, func(t xml.Token) {
		e, ok := t.(xml.StartElement)
		if !ok || e.Name.Local != "Relationship" || !strings.EqualFold(attribute(e, "TargetMode"), "External") {
			return
		}
		kind := path.Base(attribute(e, "Type"))
		c.AddLink(Link{URL: attribute(e, "Target"), Where: "relationship " + kind, Clickable: kind == "hyperlink"})
	})
}

func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// blocks are the elements after which a new line begins.
var blocks = map[string]bool{"p": true, "h": true, "si": true, "tr": true, "br": true, "row": true, "title": true, "list-item": true}

func readOfficeXML(c *Content, m Member) {
	var text, field strings.Builder
	formula := false
	xmlTokens(c, m, func(t xml.Token) {
		switch t := t.(type) {
		case xml.StartElement:
			formula = t.Name.Local == "f" || t.Name.Local == "instrText"
			officeElement(c, t, &field)
		case xml.EndElement:
			formula = false
			if t.Name.Local == "p" {
				field.WriteByte('\n')
			}
			if blocks[t.Name.Local] {
				text.WriteByte('\n')
			}
		case xml.CharData:
			if formula {
				field.Write(t)
				return
			}
			text.Write(t)
		}
	})
	addText(c, m.Name, text.String())
	addFields(c, field.String())
}

// officeElement finds targets in the attributes of an element.
func officeElement(c *Content, e xml.StartElement, field *strings.Builder) {
	for _, a := range e.Attr {
		switch {
		case a.Name.Local == "href" && !strings.HasPrefix(a.Value, "#") && strings.Contains(a.Value, ":"):
			c.AddLink(Link{URL: a.Value, Where: e.Name.Local, Clickable: e.Name.Local == "a"})
		case e.Name.Local == "Hyperlink" && a.Name.Local == "Address" && strings.Contains(a.Value, ":"): // Visio before
			c.AddLink(Link{URL: a.Value, Where: "hyperlink", Clickable: true})
		case e.Name.Local == "Cell" && a.Name.Local == "N" && a.Value == "Address" && strings.Contains(attribute(e, "V"), ":"): // Visio since 2013
			c.AddLink(Link{URL: attribute(e, "V"), Where: "hyperlink", Clickable: true})
		case e.Name.Local == "ddeLink" && a.Name.Local == "ddeTopic": // what Excel starts
			addText(c, "dde", attribute(e, "ddeService")+" "+a.Value)
		case a.Name.Local == "instr" || a.Name.Local == "formula":
			field.WriteString(a.Value + "\n")
		}
	}
}

// office has the formats that are documents in a ZIP.
var office = map[string]bool{"ooxml": true, "odf": true}

// maxStrings bounds how much of a file is searched for strings, bytes.
const maxStrings = 4 << 20

// readCompound reads what can be read of an OLE file that is no message.
func readCompound(c *Content, data []byte) {
	if nameCompound(c, data) {
		addText(c, "strings", printable(data[:min(len(data), maxStrings)]))
	}
}

// nameCompound names what lies in an OLE file; false where all of it is encrypted.
func nameCompound(c *Content, data []byte) bool {
	name := func(s string) []byte {
		var b []byte
		for i := range len(s) {
			b = append(b, s[i], 0)
		}
		return b
	}
	if bytes.Contains(data, name("EncryptedPackage")) {
		c.Add(message.CodeFileEncrypted, "the Office document is encrypted; it was not read")
		return false
	}
	c.Add(message.CodeFileUnsupported, "a compound file (Office 97 to 2003 or the like): only strings were searched")
	return true
}
