package message

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
	"unsafe"
)

func seedEmails(f *testing.F) {
	files, _ := filepath.Glob("../testdata/mail/*.eml")
	broken, _ := filepath.Glob("../testdata/mail/broken/*.eml")
	for _, file := range append(files, broken...) {
		raw, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Add([]byte("From: a\rTo: b\r\rbody"))
	f.Add([]byte(nestedMultiparts(5, true)))
	f.Add([]byte(base64Nest(3)))
}

// FuzzParse holds what must be true of any bytes: no panic, the raw bytes
// unchanged, all strings valid UTF-8, each leaf inside the email and told apart
// by its path, the limits held.
func FuzzParse(f *testing.F) {
	seedEmails(f)
	limits := DefaultLimits()
	limits.Parts, limits.Depth, limits.Headers = 40, 10, 50
	f.Fuzz(func(t *testing.T, raw []byte) {
		before := sha256.Sum256(raw)
		m := Parse(raw, limits)
		checkStrings(t, m)
		checkLeaves(t, m, limits)
		for s := range m.Searchable() {
			checkUTF8(t, "searchable", s)
		}
		for l := range m.TextLeaves(true) {
			checkUTF8(t, "text leaf", l.Text)
		}
		if sha256.Sum256(raw) != before {
			t.Error("the raw bytes changed")
		}
	})
}

func checkUTF8(t *testing.T, what, s string) {
	t.Helper()
	if !utf8.ValidString(s) {
		t.Errorf("%s is no UTF-8: %q", what, s)
	}
}

func checkStrings(t *testing.T, m *Message) {
	t.Helper()
	checkUTF8(t, "body_text", m.BodyText())
	checkUTF8(t, "body_html", m.BodyHTML())
	for _, f := range m.Header.Fields() {
		checkUTF8(t, "name", f.Name)
		checkUTF8(t, "value", f.Value)
		if strings.ContainsAny(f.Value, "\r\n") {
			t.Errorf("a value has line breaks: %q", f.Value)
		}
	}
	for _, a := range m.Attachments() {
		checkUTF8(t, "attachment", a.Filename+a.ContentType+a.ContentID+a.Part)
	}
	for _, p := range m.Problems {
		checkUTF8(t, "problem", p.Detail)
		if strings.ContainsAny(p.Detail, "\r\n") || len(p.Detail) > 2000 {
			t.Errorf("a detail is not one short line: %q", p.Detail)
		}
	}
	for _, id := range m.Header.IDs("Message-ID") {
		checkUTF8(t, "id", id)
	}
}

func checkLeaves(t *testing.T, m *Message, limits Limits) {
	t.Helper()
	paths := map[string]bool{}
	leaves := 0
	m.deep(func(p *Part) bool {
		if paths[p.Path] || p.Path == "" {
			t.Errorf("the path %q is not unique", p.Path)
		}
		paths[p.Path] = true
		if p.mail.Raw != nil && !p.decoded && p.encoding == encodingIdentity && !strings.HasPrefix(p.Path, "alt") && !within(p.raw, m, p) {
			t.Errorf("part %s does not lie in the mail", p.Path)
		}
		if !strings.HasPrefix(p.Path, "alt") {
			leaves++
		}
		return true
	})
	if leaves > limits.Parts+limits.Depth+1 {
		t.Errorf("%d leaves", leaves)
	}
	for _, a := range m.Attachments() {
		b, ok := m.Content(a.Part)
		sum := sha256.Sum256(b)
		if !ok || int64(len(b)) != a.Size || hex.EncodeToString(sum[:]) != a.SHA256 {
			t.Errorf("the attachment %+v has the content %v %d bytes", a, ok, len(b))
		}
	}
}

// within reports whether b is a part of the email's raw bytes, or of the decoded
// bytes of a multipart or message that was encoded.
func within(b []byte, m *Message, p *Part) bool {
	if len(b) == 0 || bytes.Contains(m.Raw, b) {
		return true
	}
	outer, inner := unsafe.SliceData(p.mail.Raw), unsafe.SliceData(b)
	start, at := uintptr(unsafe.Pointer(outer)), uintptr(unsafe.Pointer(inner))
	return at >= start && at+uintptr(len(b)) <= start+uintptr(len(p.mail.Raw)) || hasCode(m, CodeEncodedComposite)
}

// FuzzHeader holds that a header value decodes to one line of UTF-8, that
// decoding plain ASCII changes nothing, and that parameters are UTF-8.
func FuzzHeader(f *testing.F) {
	for _, s := range []string{"=?utf-8?q?a?=", "=?utf-8?B?w6Q=?= =?utf-8?B?w6Q=?=", "=?x?", "text/plain; charset=\"a\\\"b\"; name*0*=utf-8''%C3; name*1*=%A4", "a; b*=x'y'z; b=c", "=?utf-7?q?+AAo-?=", "(c) inline; filename=\"x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v, _ := decodeWords(unfold(s), 100)
		checkUTF8(t, "value", v)
		if strings.ContainsAny(v, "\r\n") {
			t.Errorf("line breaks in %q", v)
		}
		if !strings.Contains(s, "=?") && isASCII([]byte(s)) && v != unfold(s) {
			t.Errorf("%q became %q", s, v)
		}
		m := parseMedia(s, DefaultLimits())
		for k, v := range m.params {
			checkUTF8(t, "parameter", v)
			if k == "" {
				t.Error("a parameter without name")
			}
		}
		name := SafeFilename(v)
		if name == "" || len(name) > maxFilename || strings.ContainsAny(name, "/\\\x00\r\n:") || name[0] == '.' || SafeFilename(name) != name {
			t.Errorf("the file name %q became %q", v, name)
		}
	})
}

// FuzzAddresses holds that no address is empty of both name and addr-spec, that
// all are UTF-8 on one line, within the limit, and that a plain one is found.
func FuzzAddresses(f *testing.F) {
	for _, s := range []string{`"Doe, Jane" <jane@x.example>`, "a: b@c, d@e;, f@g", "<@a,@b:c@d>", `"unclosed <a@b>`, "a (c(o)mment) @ b . c", "Doe, Jane <j@x>", "=?utf-8?q?a=40b?=", "<a@b", "a@[1.2.3.4], [x", "x <>"} {
		f.Add(s)
	}
	limits := DefaultLimits()
	limits.Addresses = 20
	f.Fuzz(func(t *testing.T, s string) {
		list, _ := parseAddresses(s, limits)
		if len(list) > limits.Addresses {
			t.Errorf("%d addresses", len(list))
		}
		for _, a := range list {
			checkUTF8(t, "address", a.Name+a.Addr)
			if a.Name == "" && a.Addr == "" || strings.ContainsAny(a.Name+a.Addr, "\r\n") {
				t.Errorf("address %q", a)
			}
		}
		last, _ := parseAddresses("x@y.example,"+s, limits)
		if len(last) == 0 || last[0].Addr != "x@y.example" {
			t.Errorf("an address in front of %q became %q", s, last)
		}
	})
}

// FuzzDate holds that what is read can be written and read again.
func FuzzDate(f *testing.F) {
	for _, s := range []string{"Mon, 23 Nov 2026 10:00:00 +0200", "23 Nov 26 10:00 EST", "Mon Nov 23 10:00:00 2026", "2026-11-23T10:00:00Z", "Mon, 23 Nov 2026 10:00:00 (x) +2400"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, ok := ParseDate(s)
		if !ok {
			if !d.IsZero() {
				t.Errorf("%q is no date and gives %v", s, d)
			}
			return
		}
		again, ok := ParseDate(d.Format(time.RFC1123Z))
		if !ok || !again.Equal(d) {
			t.Errorf("%q gave %v, written and read again %v", s, d, again)
		}
	})
}
