package content

import (
	"encoding/binary"
	"strings"
	"testing"
	"unicode/utf16"

	"example.org/imap-integration/message"
)

func wide(text string, order binary.AppendByteOrder, mark bool) string {
	var out []byte
	if mark {
		text = "\uFEFF" + text
	}
	for _, u := range utf16.Encode([]rune(text)) {
		out = order.AppendUint16(out, u)
	}
	return string(out)
}

// TestKindOf holds which files are messages, and of which kind. To add one, add a line.
func TestKindOf(t *testing.T) {
	const mail = "From: a@b.example\r\nTo: c@d.example\r\nSubject: x\r\n\r\nhello\r\n"
	ole := "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1" + strings.Repeat("\x00", 500)
	for _, c := range []struct{ data, name, mediaType, want string }{
		{mail, "", "", KindEML},
		{mail, "photo.png", "image/png", KindEML},
		{mail, "a.msg", "application/vnd.ms-outlook", KindEML},
		{"\xEF\xBB\xBF" + mail, "", "", KindEML},
		{"\r\n\r\n" + mail, "", "", KindEML},
		{strings.ReplaceAll(mail, "\r\n", "\n"), "", "", KindEML},
		{strings.ReplaceAll(mail, "\r\n", "\r"), "", "", KindEML},
		{wide(mail, binary.LittleEndian, true), "a.eml", "", KindEML},
		{wide(mail, binary.BigEndian, true), "", "", KindEML},
		{wide(mail, binary.LittleEndian, false), "", "", KindEML},
		{wide(mail, binary.BigEndian, false), "", "", KindEML},
		{"60\n" + mail + "<?xml?>", "1.emlx", "", KindEML},
		{"60\n" + mail + "<?xml?>", "", "", KindEML},
		{"X-One: 1\r\n\r\nbody", "a.eml", "", KindEML},
		{"X-One: 1\r\n\r\nbody", "", "message/rfc822", KindEML},
		{"X-One: 1\r\n\r\nbody", "a.txt", "", ""},
		{"Received: from x\r\n\tby y\r\nSubject: folded\r\n lines\r\n\r\n", "", "", KindEML},
		{"From: only one field that emails have\r\n\r\n", "", "", ""},
		{"key: value\r\nother: value\r\n", "a.yaml", "", ""},
		{"Subject: x\r\nFrom: y\r\nthis line is none\r\n\r\n", "", "", ""},
		{"From a@b Mon Mar  2 10:00:00 2026\r\n" + mail, "", "", KindMbox},
		{"From a@b Mon Mar  2 10:00:00 2026\r\nno header\r\n", "", "", ""},
		{"From here on it is a text: with a colon\r\n", "a.txt", "", ""},
		{ole, "a.msg", "", KindMSG},
		{ole, "", "application/vnd.ms-outlook", KindMSG},
		{ole, "a.doc", "", ""},
		{ole + "_\x00_\x00p\x00r\x00o\x00p\x00e\x00r\x00t\x00i\x00e\x00s\x00_\x00", "a.doc", "", KindMSG},
		{"\x78\x9f\x3e\x22\x01\x00\x01\x06\x90\x08\x00\x04\x00\x00\x00\x00\x00\x01\x00\x01\x00", "winmail.dat", "", KindTNEF},
		{"plain words, and nothing else", "", "", ""},
		{"", "a.eml", "message/rfc822", ""},
		{"%PDF-1.7", "a.eml", "", ""},
		{"<html>Subject: x</html>", "a.html", "", ""},
	} {
		kind, inner := kindOf(c.name, c.mediaType, []byte(c.data))
		if kind != c.want {
			t.Errorf("%.40q as %q, %q is %q, want %q", c.data, c.name, c.mediaType, kind, c.want)
		}
		if kind != "" && !mayBegin([]byte(c.data)[:min(len(c.data), glance)]) && !strings.HasPrefix(c.data, "X-One") {
			t.Errorf("%.40q is a message, and its beginning is said to be none", c.data)
		}
		if kind == KindEML && c.data != mail && strings.Contains(c.data, "hello") && !strings.Contains(string(inner), "Subject: x") {
			t.Errorf("%.40q gives %.60q", c.data, inner)
		}
	}
}

// TestMbox holds where the messages of a mailbox file begin.
func TestMbox(t *testing.T) {
	const one, two = "From: a@b.example\r\nTo: x@b.example\r\nSubject: one\r\n\r\n>From the start\r\nFrom nobody: not behind an empty line\r\n", "From: c@d.example\r\nTo: x@b.example\r\nSubject: two\r\n\r\nsecond\r\n"
	for name, box := range map[string]string{
		"CR LF": "From a Mon Mar  2 10:00:00 2026\r\n" + one + "\r\nFrom b Mon Mar  2 10:00:01 2026\r\n" + two,
		"LF":    strings.ReplaceAll("From a Mon Mar  2 10:00:00 2026\r\n"+one+"\r\nFrom b Mon Mar  2 10:00:01 2026\r\n"+two, "\r\n", "\n"),
	} {
		all := Open([]byte(box), KindMbox, limits)
		if len(all) != 3 || all[0].Kind != KindMbox || all[1].Path != "1" || all[2].Path != "2" {
			t.Errorf("%s: %d messages", name, len(all))
			continue
		}
		for i, want := range []string{"one", "two"} {
			if got := all[i+1].Mail.Header.Values("Subject"); len(got) != 1 || got[0] != want {
				t.Errorf("%s: subject %q", name, got)
			}
		}
		if body := all[1].Mail.BodyText(); !strings.Contains(body, "not behind an empty line") {
			t.Errorf("%s: %q", name, body)
		}
	}
}

var limits = message.DefaultLimits()
