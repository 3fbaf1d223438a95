package message

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestLineEnds holds that LF and CR emails read like those with CRLF.
func TestLineEnds(t *testing.T) {
	files, _ := filepath.Glob("../testdata/mail/*.eml")
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(raw, []byte("\r\r")) || strings.Contains(file, "binary") {
			continue
		}
		lf := bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n"))
		want := outline(Parse(bytes.ReplaceAll(lf, []byte("\n"), []byte("\r\n")), DefaultLimits()))
		for name, end := range map[string]string{"LF": "\n", "CR": "\r"} {
			got := outline(Parse(bytes.ReplaceAll(lf, []byte("\n"), []byte(end)), DefaultLimits()))
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s with %s:\n%s", filepath.Base(file), name, diff)
			}
		}
	}
}

// outline is what does not depend on line ends.
func outline(m *Message) any {
	v := viewOf(m)
	v.Problems = nil
	for i := range v.Attachments {
		a := &v.Attachments[i]
		a.Size, a.MD5, a.SHA1, a.SHA256 = 0, "", "", ""
	}
	return v
}

func nestedMail(t *testing.T) *Message {
	t.Helper()
	raw, err := os.ReadFile("../testdata/mail/nested-multipart.eml")
	if err != nil {
		t.Fatal(err)
	}
	return Parse(raw, DefaultLimits())
}

func TestWalk(t *testing.T) {
	m := nestedMail(t)
	var got []string
	m.Walk(func(p *Part) bool {
		got = append(got, p.Path+" "+p.MediaType)
		if p.Message != nil {
			p.Message.Walk(func(q *Part) bool {
				got = append(got, q.Path+" "+q.MediaType)
				return q.Path != "2.1"
			})
			got = append(got, p.Message.Header.Values("subject")...)
		}
		return true
	})
	want := []string{"1 text/plain", "2 message/rfc822", "2.1 text/plain", "The reported mail"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestTextLeaves(t *testing.T) {
	m := nestedMail(t)
	for nested, want := range map[bool][]string{false: {"1"}, true: {"1", "2.1"}} {
		var got []string
		for l := range m.TextLeaves(nested) {
			got = append(got, l.Path)
		}
		if !slices.Equal(got, want) {
			t.Errorf("nested %v: %v, want %v", nested, got, want)
		}
	}
	for range m.TextLeaves(true) {
		break // must not go on
	}
}

func TestContent(t *testing.T) {
	m := nestedMail(t)
	inner, ok := m.Content("2")
	if !ok || !bytes.Contains(m.Raw, inner) || !bytes.HasPrefix(inner, []byte("From: ")) {
		t.Errorf("the nested message: %v %.40q", ok, inner)
	}
	if zip, ok := m.Content("2.2"); !ok || !bytes.HasPrefix(zip, []byte("PK")) {
		t.Errorf("the file in it: %v %q", ok, zip)
	}
	for _, path := range []string{"", "3", "2.9", "x"} {
		if _, ok := m.Content(path); ok {
			t.Errorf("there is a part %q", path)
		}
	}
}

func TestParseHeader(t *testing.T) {
	m := ParseHeader([]byte("Subject: =?utf-8?Q?=C3=A4?=\r\n b\r\nX-A: 1\r\nx-a: 2\r\n\r\nnot looked at"), DefaultLimits())
	if got := m.Header.Values("SUBJECT"); !slices.Equal(got, []string{"ä b"}) {
		t.Errorf("Subject %q", got)
	}
	if got := m.Header.Values("X-A"); !slices.Equal(got, []string{"1", "2"}) {
		t.Errorf("X-A %q", got)
	}
	if f := m.Header.Fields()[0]; f.Name != "Subject" || f.Raw != " =?utf-8?Q?=C3=A4?=\r\n b" {
		t.Errorf("the raw field %+v", f)
	}
	if m.BodyText() != "" || len(m.Attachments()) != 0 || len(m.Problems) != 0 {
		t.Errorf("a header has a body: %q %v %v", m.BodyText(), m.Attachments(), m.Problems)
	}
}

// TestAttachmentsKeepNothing holds that listing a large file does not decode it into memory.
func TestAttachmentsKeepNothing(t *testing.T) {
	raw := []byte("Content-Type: application/zip; name=a.zip\r\nContent-Transfer-Encoding: base64\r\n\r\n" + repeat(repeat("QUJD", 19)+"\r\n", 200000))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	files := Parse(raw, DefaultLimits()).Attachments()
	runtime.ReadMemStats(&after)
	if len(files) != 1 || files[0].Size != 200000*57 {
		t.Errorf("files %+v", files)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 1<<20 {
		t.Errorf("allocated %d bytes for a mail of %d", used, len(raw))
	}
}

// TestSmallLimits holds that each limit gives its problem and leaves the rest readable.
func TestSmallLimits(t *testing.T) {
	part := func(n string) string { return "--b\r\nContent-Type: text/plain\r\n\r\ntext " + n + "\r\n" }
	multi := "Subject: s\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + part("1") + part("2") + part("3") + "--b--\r\n"
	tests := []struct {
		code, mail, text string
		change           func(*Limits)
	}{
		{CodeLimitParts, multi, "text 1\ntext 2", func(l *Limits) { l.Parts = 2 }},
		{CodeLimitDepth, multi, "", func(l *Limits) { l.Depth = 0 }},
		{CodeLimitHeaders, "Subject: s\r\nX: 1\r\nX: 2\r\n\r\nx", "x", func(l *Limits) { l.Headers = 2 }},
		{CodeLimitHeaderBlock, "Subject: s\r\nX: 1\r\nX: 2\r\n\r\nx", "x", func(l *Limits) { l.HeaderBlock = 14 }},
		{CodeLimitHeaderLine, "Subject: s\r\nX: 123456\r\n\r\nx", "x", func(l *Limits) { l.HeaderLine = 5 }},
		{CodeLimitAddresses, "Subject: s\r\nTo: a@b,c@d,e@f\r\n\r\nx", "x", func(l *Limits) { l.Addresses = 2 }},
		{CodeLimitParameters, "Subject: s\r\nContent-Type: text/plain; a=b; c=d; e=f\r\n\r\nx", "x", func(l *Limits) { l.Parameters = 2 }},
		{CodeLimitWords, "Subject: s\r\nX: =?utf-8?Q?a?= =?utf-8?Q?b?= =?utf-8?Q?c?=\r\n\r\nx", "x", func(l *Limits) { l.EncodedWords = 2 }},
	}
	for _, tt := range tests {
		limits := DefaultLimits()
		tt.change(&limits)
		m := Parse([]byte(tt.mail), limits)
		if !hasCode(m, tt.code) || m.BodyText() != tt.text || !slices.Equal(m.Header.Values("Subject"), []string{"s"}) {
			t.Errorf("%s: %v, text %q, subject %q", tt.code, m.Problems, m.BodyText(), m.Header.Values("Subject"))
		}
	}
}

// TestProblemsInOrder holds that the list does not depend on what is asked for first.
func TestProblemsInOrder(t *testing.T) {
	raw := []byte("From: a@b.example\r\nFrom: c@d.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" +
		"--b\r\nContent-Type: text/plain; charset=x-no\r\n\r\nx\r\n" +
		"--b\r\nContent-Type: a/b; name=f\r\nContent-Transfer-Encoding: base64\r\n\r\nQ\r\n" +
		"--b\r\nContent-Type: text/html; charset=x-none\r\n\r\nx\r\n--b--\r\n")
	one, two := Parse(raw, DefaultLimits()), Parse(raw, DefaultLimits())
	one.Attachments()
	one.BodyHTML()
	one.BodyText()
	two.BodyText()
	for range two.Searchable() {
		continue
	}
	two.Attachments()
	if diff := cmp.Diff(one.Problems, two.Problems); diff != "" || len(one.Problems) != 5 {
		t.Errorf("%d problems, %s", len(one.Problems), diff)
	}
}

// TestNamesOfKinds holds that a file without a name has one of its type, and that no other file gets a made-up one.
func TestNamesOfKinds(t *testing.T) {
	for fields, want := range map[string]string{
		"Content-Type: text/calendar; method=REQUEST":                        "invite.ics",
		"Content-Type: message/delivery-status":                              "delivery-status.txt",
		"Content-Type: IMAGE/PNG":                                            "image.png",
		"Content-Type: text/html\r\nContent-Disposition: attachment":         "", // the text of an email has no name either
		"Content-Type: application/pkcs7-signature":                          "smime.p7s",
		"Content-Type: application/pdf; name=a.pdf":                          "a.pdf",
		"Content-Type: application/octet-stream":                             "",
		"Content-Type: image/x-odd; charset=koi8-r(0\xD5":                    "", // no name stands there
		"Content-Type: image/x-odd; na(c)me=x.bin":                           "x.bin",
		"Content-Type: image/x-odd; (c) name=\xE4.bin x":                     "ä.bin x",
		"Content-Type: application/x-unheard-of":                             "",
		"Content-Type: message/rfc822":                                       "",
		"Content-Type: image/png\r\nContent-Disposition: inline; filename=x": "x",
	} {
		m := Parse([]byte("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"+fields+"\r\n\r\nX: y\r\n\r\n--b--\r\n"), DefaultLimits())
		files := m.Attachments()
		if len(files) != 1 || files[0].Filename != want {
			t.Errorf("%s: %+v", fields, files)
		}
		for name := range m.Searchable() {
			if name == want && !strings.Contains(fields, want) && !strings.Contains(fields, "name=") {
				t.Errorf("%s: a search finds the made-up name", fields)
			}
		}
	}
}
