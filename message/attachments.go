package message

import (
	"bytes"
	"cmp"
	"crypto/md5"  //nolint:gosec // an identifier that threat feeds use, not a safeguard
	"crypto/sha1" //nolint:gosec // likewise
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"sync"
)

// Attachments lists every leaf that is not part of the body texts and each
// nested message, behind it what is attached inside it, in document order. The
// digests are computed at the first call, in one pass that keeps no content.
func (m *Message) Attachments() []Attachment {
	if m.listed {
		return m.files
	}
	m.listed = true
	listInline(m)
	var ends []*Part
	for _, p := range m.parts {
		if p.body() {
			continue
		}
		a, flaws := p.attachment()
		m.files = append(m.files, a)
		if p.Message != nil {
			m.files = append(m.files, p.Message.Attachments()...)
		}
		if flaws.joined {
			ends = append(ends, p.untilPadding())
		}
	}
	for _, p := range ends {
		a, _ := p.attachment()
		m.parts, m.files = append(m.parts, p), append(m.files, a)
	}
	return m.files
}

// untilPadding is a file as programs see it that stop at the first padding of
// its base64 text: the digest that is known may be that one's.
func (p *Part) untilPadding() *Part {
	q := *p
	q.Path, q.Message = "alt0."+p.Path, nil
	end := max(0, bytes.IndexByte(p.raw, '='))
	for end < len(p.raw) && base64Value[p.raw[end]] >= base64Pad {
		end++
	}
	q.raw = p.raw[:end:end]
	return &q
}

// attachment describes a leaf. The digests take one pass.
func (p *Part) attachment() (Attachment, decodeFlaws) {
	a := Attachment{Filename: cmp.Or(p.Filename, kindNames()[p.MediaType]), ContentType: p.MediaType, Inline: p.Inline(), ContentID: p.ContentID, Part: p.Path}
	if !p.mayDigest() {
		return a, p.stream(func(b []byte) { a.Size += int64(len(b)) })
	}
	var start []byte
	hm, h1, h2 := md5.New(), sha1.New(), sha256.New() //nolint:gosec // see the imports
	flaws := p.stream(func(b []byte) {
		if a.Size += int64(len(b)); len(start) < sniffedStart {
			start = append(start, b[:min(len(b), sniffedStart-len(start))]...)
		}
		hm.Write(b)
		h1.Write(b)
		h2.Write(b)
	})
	a.MD5, a.SHA1, a.SHA256 = hex.EncodeToString(hm.Sum(nil)), hex.EncodeToString(h1.Sum(nil)), hex.EncodeToString(h2.Sum(nil))
	if kind := sniff(start); kind != "" && contradicts(p.MediaType, kind) {
		p.mail.found.add(p.at, CodeTypeDiffers, "part %s says %s, its bytes are %s", p.Path, p.MediaType, kind)
	}
	return a, flaws
}

// Digests are those of a file, in lower-case hexadecimal.
func Digests(data []byte) (md5sum, sha1sum, sha256sum string) {
	m, s1, s2 := md5.Sum(data), sha1.Sum(data), sha256.Sum256(data) //nolint:gosec // see the imports
	return hex.EncodeToString(m[:]), hex.EncodeToString(s1[:]), hex.EncodeToString(s2[:])
}

// kindNames are the names of files that come without one, by their type: an analyst asks for
// files by name. A nested message is named after its subject by those who save it.
var kindNames = sync.OnceValue(func() map[string]string {
	names := map[string]string{}
	for name, types := range map[string]string{
		"invite.ics":                   "text/calendar application/ics",
		"contact.vcf":                  "text/vcard text/x-vcard text/directory",
		"table.csv":                    "text/csv",
		"data.xml":                     "text/xml application/xml",
		"data.json":                    "application/json",
		"document.pdf":                 "application/pdf",
		"document.rtf":                 "application/rtf text/rtf",
		"archive.zip":                  "application/zip",
		"archive.gz":                   "application/gzip",
		"image.png":                    "image/png",
		"image.jpg":                    "image/jpeg",
		"image.gif":                    "image/gif",
		"image.bmp":                    "image/bmp",
		"image.webp":                   "image/webp",
		"image.svg":                    "image/svg+xml",
		"image.tiff":                   "image/tiff",
		"delivery-status.txt":          "message/delivery-status message/global-delivery-status",
		"disposition-notification.txt": "message/disposition-notification message/global-disposition-notification",
		"feedback-report.txt":          "message/feedback-report",
		"headers.txt":                  "text/rfc822-headers message/global-headers",
		"partial.eml":                  "message/partial",
		"winmail.dat":                  "application/ms-tnef application/vnd.ms-tnef",
		"smime.p7s":                    "application/pkcs7-signature application/x-pkcs7-signature",
		"smime.p7m":                    "application/pkcs7-mime application/x-pkcs7-mime",
		"signature.asc":                "application/pgp-signature",
		"key.asc":                      "application/pgp-keys",
	} {
		for t := range strings.FieldsSeq(types) {
			names[t] = name
		}
	}
	return names
})

// What the digests of one email may cost: messages nested in each other have
// the innermost content digested at each level.
const (
	digestFactor = 4        // times the size of the email
	digestSpare  = 64 << 20 // bytes
)

// mayDigest books the content against the limit.
func (p *Part) mayDigest() bool {
	if *p.mail.digests -= len(p.raw); *p.mail.digests >= 0 || len(p.raw) == 0 {
		return true
	}
	p.mail.found.add(p.at, CodeLimitDigests, "the nested contents are too large together: no digests of part %s", p.Path)
	return false
}

// Content returns the decoded bytes of the leaf at this part path, nested
// messages included; false when there is none. Do not write to the slice.
func (m *Message) Content(part string) ([]byte, bool) {
	var found *Part
	m.deep(func(p *Part) bool {
		if p.Path == part {
			found = p
		}
		return found == nil
	})
	if found == nil {
		return nil, false
	}
	return found.Decoded(), true
}

// sniffedStart is how much of a file's start is looked at, bytes.
const sniffedStart = 16

// signatures are the starts of files that a type can be told by.
var signatures = []struct{ start, kind string }{
	{"MZ", "application/vnd.microsoft.portable-executable"},
	{"\x7FELF", "application/x-elf"},
	{"%PDF-", "application/pdf"},
	{"\x89PNG\r\n", "image/png"},
	{"\xFF\xD8\xFF", "image/jpeg"},
	{"GIF8", "image/gif"},
	{"PK\x03\x04", "application/zip"},
	{"Rar!\x1A\x07", "application/vnd.rar"},
	{"7z\xBC\xAF\x27\x1C", "application/x-7z-compressed"},
	{"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "application/x-ole-storage"},
	{"{\\rtf", "application/rtf"},
}

// sniff is the kind that the start of a file tells, "" for none.
func sniff(start []byte) string {
	for _, s := range signatures {
		if bytes.HasPrefix(start, []byte(s.start)) {
			return s.kind
		}
	}
	return ""
}

// contradicts reports whether a declared type cannot be of the kind found. Types
// that say nothing of the kind, and kinds that are containers of the type, pass.
func contradicts(declared, kind string) bool {
	program := strings.HasSuffix(kind, "executable") || strings.HasSuffix(kind, "elf")
	switch {
	case declared == kind:
		return false
	case strings.HasPrefix(declared, "image/"):
		return !strings.HasPrefix(kind, "image/")
	case strings.HasPrefix(declared, "text/"):
		// A text may well start with MZ, or be RTF, which is text.
		return kind != "application/rtf" && kind != signatures[0].kind
	case strings.HasPrefix(declared, "audio/"), strings.HasPrefix(declared, "video/"), declared == "application/pdf":
		return true
	case strings.Contains(declared, "officedocument"), strings.Contains(declared, "opendocument"), declared == "application/zip", declared == "application/msword", declared == "application/rtf":
		return program || kind == "application/pdf"
	}
	return false
}
