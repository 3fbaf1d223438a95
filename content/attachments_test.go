package content_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"example.org/imap-integration/content"
	"example.org/imap-integration/message"
)

// listed renders what is attached: part, name and size.
func listed(t *testing.T, raw []byte) (m *message.Message, list []message.Attachment, parts []string) {
	t.Helper()
	m = message.Parse(raw, message.DefaultLimits())
	list, _ = content.Attachments(m, message.DefaultLimits())
	for _, a := range list {
		parts = append(parts, strings.TrimSpace(a.Part+" "+a.Filename))
	}
	return m, list, parts
}

// TestAttachmentPaths holds what is listed behind each container, under which paths, and
// that each path leads to the bytes that were digested.
func TestAttachmentPaths(t *testing.T) {
	inner := carrier("application/pdf", named("inner.pdf"), true, []byte("%PDF inner"))
	deeper := carrier("application/octet-stream", named("inner.eml"), true, inner)
	box := "From a Mon Mar  2 10:00:00 2026\r\n" + string(inner) + "\r\n\r\nFrom b Mon Mar  2 10:00:01 2026\r\n" + phish
	for name, c := range map[string]struct {
		raw  []byte
		want []string
	}{
		"one file":            {carrier("application/pdf", named("a.pdf"), true, []byte("%PDF")), []string{"2 a.pdf"}},
		"message/rfc822":      {carrier("message/rfc822", "", true, inner), []string{"2", "2.2 inner.pdf"}},
		"an email as a file":  {carrier("application/octet-stream", named("m.eml"), true, inner), []string{"2 m.eml", "2!2 inner.pdf"}},
		"one in the other":    {carrier("application/octet-stream", named("m.eml"), true, deeper), []string{"2 m.eml", "2!2 inner.eml", "2!2!2 inner.pdf"}},
		"a mailbox file":      {carrier("application/octet-stream", named("box"), true, []byte(box)), []string{"2 box", "2!1!2 inner.pdf"}},
		"a ZIP stays one":     {carrier("application/zip", named("a.zip"), true, zipOf(t, member{"m.eml", inner})), []string{"2 a.zip"}},
		"an email with none":  {[]byte(phish), nil},
		"an Outlook message":  {carrier("application/octet-stream", named("r.msg"), true, sampleFile(t, "eml-in-msg.msg")), []string{"2 r.msg"}},
		"under another type":  {carrier("image/png", named("logo.png"), true, inner), []string{"2 logo.png", "2!2 inner.pdf"}},
		"text that is a file": {carrier("text/plain", named("n.txt"), true, inner), []string{"2 n.txt", "2!2 inner.pdf"}},
	} {
		m, list, parts := listed(t, c.raw)
		if len(parts) < len(c.want) || !slices.Equal(parts[:len(c.want)], c.want) || name != "an Outlook message" && len(parts) != len(c.want) {
			t.Errorf("%s: %q, want %q", name, parts, c.want)
		}
		for _, a := range list {
			data, ok := content.Bytes(m, a.Part)
			if a.SHA256 == "" {
				continue // a message that another one embeds
			}
			if _, _, sum := message.Digests(data); !ok || sum != a.SHA256 || int64(len(data)) != a.Size {
				t.Errorf("%s: the path %s leads to %d bytes, %v; listed are %d", name, a.Part, len(data), ok, a.Size)
			}
		}
	}
}

// TestNoBytes holds that paths that are none lead to nothing.
func TestNoBytes(t *testing.T) {
	m := message.Parse(carrier("application/octet-stream", named("m.eml"), true, []byte(phish)), message.DefaultLimits())
	for _, part := range []string{"", "9", "2!", "2!9", "2!1!1", "3!1", "!", "2!a.zip!b"} {
		if data, ok := content.Bytes(m, part); ok && part != "" {
			t.Errorf("%q leads to %q", part, data)
		}
	}
	if data, ok := content.Bytes(m, "2"); !ok || !bytes.Contains(data, []byte("golden parcel")) {
		t.Errorf("the file itself: %q, %v", data, ok)
	}
}
