package message

import (
	"bytes"
	"cmp"
	"crypto/md5"  //nolint:gosec // an identifier that threat feeds use, not a safeguard
	"crypto/sha1" //nolint:gosec // likewise
	"crypto/sha256"
	"encoding/hex"
	"strings"
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
	a := Attachment{Filename: cmp.Or(p.Filename, kindNames[p.MediaType]), ContentType: p.MediaType, Inline: p.Inline(), ContentID: p.ContentID, Part: p.Path}
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
var kindNames = map[string]string{
	"text/calendar": "invite.ics", "text/vcard": "contact.vcf", "text/x-vcard": "contact.vcf", "text/directory": "contact.vcf",
	"text/csv": "table.csv", "text/xml": "data.xml", "application/xml": "data.xml", "application/json": "data.json", "application/pdf": "document.pdf", "application/rtf": "document.rtf",
	"text/rtf": "document.rtf", "application/zip": "archive.zip", "application/gzip": "archive.gz", "application/ics": "invite.ics",
	"image/png": "image.png", "image/jpeg": "image.jpg", "image/gif": "image.gif", "image/bmp": "image.bmp", "image/webp": "image.webp", "image/svg+xml": "image.svg", "image/tiff": "image.tiff",
	"message/delivery-status": "delivery-status.txt", "message/disposition-notification": "disposition-notification.txt", "message/feedback-report": "feedback-report.txt",
	"message/global-delivery-status": "delivery-status.txt", "message/global-disposition-notification": "disposition-notification.txt",
	"text/rfc822-headers": "headers.txt", "message/global-headers": "headers.txt", "message/partial": "partial.eml",
	"application/ms-tnef": "winmail.dat", "application/vnd.ms-tnef": "winmail.dat", "application/pkcs7-signature": "smime.p7s", "application/x-pkcs7-signature": "smime.p7s",
	"application/pkcs7-mime": "smime.p7m", "application/x-pkcs7-mime": "smime.p7m", "application/pgp-signature": "signature.asc", "application/pgp-keys": "key.asc",
}

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
