package ingest

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"example.org/imap-integration/content"
	"example.org/imap-integration/message"
	"example.org/imap-integration/soar"
)

// describeWhole is [soar.Describe] with what is inside attached containers too.
func describeWhole(m *message.Message, l message.Limits) soar.Mail {
	d := soar.Describe(m)
	if shown := content.Shown(m, l).Mail; shown != m {
		d.SetBodies(shown.BodyTextUpTo(soar.BodyLimit), shown.BodyHTML())
	}
	list, problems := content.ForRecord(m, l)
	if len(list) > len(d.Attachments) {
		d.SetAttachments(list)
	}
	d.Problems = append(slices.Clone(m.Problems), problems...)
	d.Normalize()
	return d
}

// sourceKey is the identity of an email: its account and its bytes.
func sourceKey(account string, raw []byte) string {
	h := sha256.New()
	h.Write([]byte(accountKey(account)))
	h.Write([]byte{0})
	h.Write(raw)
	return hex.EncodeToString(h.Sum(nil))
}
