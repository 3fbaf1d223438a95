package file

import (
	"context"

	"example.org/imap-integration/content/file/archive"
	"example.org/imap-integration/content/file/pdf"
	"example.org/imap-integration/content/file/qr"
	"example.org/imap-integration/message"
)

// check says what reading a file would not read, as far as that is told without
// drawing pages, decoding pictures and parsing documents: the record of each email
// that is ingested asks for it. Archives are not here: they are read whole.
func check(ctx context.Context, c *Content, in Input, b *Budget) {
	switch {
	case office[c.Format]:
		if archive.Differences(c, in.Data); len(c.Problems) == 0 && c.Format == "odf" {
			readOffice(ctx, c, in, b)
			c.Texts, c.Links, c.Members = nil, nil, nil
		}
	case c.Format == "pdf":
		pdf.Check(c, in.Data, in.Passwords, b)
	case pictures[c.Format]:
		qr.Check(c, in.Data, b)
	case c.Format == "rtf":
		nameObject(c, in.Data)
	case c.Format == "ole":
		nameCompound(c, in.Data)
	case c.Format == "pgp":
		c.Add(message.CodeFileEncrypted, "encrypted with PGP; it was not read")
	}
}

// MayFail reports whether a file that begins so has to be decoded to tell whether
// it can be read. Texts can, and of a picture the beginning says enough.
func MayFail(name string, start []byte) bool {
	format := sniffBytes(name, start)
	return archive.Formats(format) || office[format] || pictures[format] || format == "pdf" || format == "ole" || format == "rtf" || format == "pgp" || isForeign(format) || mayBeImage(name, start)
}

// CarriesText reports whether files of a format hold text that costs little to read.
func CarriesText(format string) bool {
	return textReaders[format] != nil || office[format] || format == "pdf"
}
