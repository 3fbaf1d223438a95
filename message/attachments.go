package message

import (
	"crypto/md5"  //nolint:gosec // an identifier that threat feeds use, not a safeguard
	"crypto/sha1" //nolint:gosec // likewise
	"crypto/sha256"
	"encoding/hex"
)

// Attachments lists every leaf that is not part of the body texts and each
// nested message, behind it what is attached inside it, in document order. The
// digests are computed at the first call, in one pass that keeps no content.
func (m *Message) Attachments() []Attachment {
	if m.listed {
		return m.files
	}
	m.listed = true
	for _, p := range m.parts {
		if p.body() {
			continue
		}
		m.files = append(m.files, p.attachment())
		if p.Message != nil {
			m.files = append(m.files, p.Message.Attachments()...)
		}
	}
	return m.files
}

func (p *Part) attachment() Attachment {
	a := Attachment{Filename: p.Filename, ContentType: p.MediaType, Inline: p.Inline(), ContentID: p.ContentID, Part: p.Path}
	if p.mayDigest(&a); a.Size > 0 {
		return a
	}
	hm, h1, h2 := md5.New(), sha1.New(), sha256.New() //nolint:gosec // see the imports
	p.stream(func(b []byte) {
		a.Size += int64(len(b))
		hm.Write(b)
		h1.Write(b)
		h2.Write(b)
	})
	a.MD5, a.SHA1, a.SHA256 = hex.EncodeToString(hm.Sum(nil)), hex.EncodeToString(h1.Sum(nil)), hex.EncodeToString(h2.Sum(nil))
	return a
}

// What the digests of one mail may cost: messages nested in each other have
// the innermost content digested at each level.
const (
	digestFactor = 4        // times the size of the mail
	digestSpare  = 64 << 20 // bytes
)

// mayDigest books the content. Beyond the limit it gives the size alone.
func (p *Part) mayDigest(a *Attachment) {
	if *p.mail.digests -= len(p.raw); *p.mail.digests >= 0 || len(p.raw) == 0 {
		return
	}
	p.stream(func(b []byte) { a.Size += int64(len(b)) })
	p.mail.found.add(p.at, codeLimitDigests, "the nested contents are too large together: no digests of part %s", p.Path)
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
