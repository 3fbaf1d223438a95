package filters_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"example.org/imap-integration/filters"
	"example.org/imap-integration/message"
)

func keeps(t *testing.T, s filters.Spec, raw string) bool {
	t.Helper()
	f, err := filters.Compile(s)
	if err != nil {
		t.Fatal(err)
	}
	m := message.Parse([]byte(raw), message.DefaultLimits())
	return f.MatchHeader(m) == "" && f.MatchBody(m) == ""
}

// TestAddressLookAlikes: a value with an @ is the whole address, a domain is the whole domain.
func TestAddressLookAlikes(t *testing.T) {
	for _, c := range []struct {
		value, from string
		want        bool
	}{
		{"ceo@corp.com", "ceo@corp.com", true},
		{"ceo@corp.com", "CEO@Corp.com", true},
		{"ceo@corp.com", `"ceo@corp.com" <x@evil.io>`, false},
		{"ceo@corp.com", "ceo@corp.com.evil.io", false},
		{"ceo@corp.com", "xceo@corp.com", false},
		{"ceo@corp.com", "ceo+x@corp.com", false},
		{"corp.com", "ceo@corp.com", true},
		{"corp.com", "ceo@corp.com.evil.io", false},
		{"corp.com", "ceo@xcorp.com", false},
	} {
		mail := "From: " + c.from + "\r\nSubject: x\r\n\r\ny\r\n"
		if got := keeps(t, filters.Spec{From: []string{c.value}}, mail); got != c.want {
			t.Errorf("from %q, mail from %s: %v", c.value, c.from, got)
		}
		if got := keeps(t, filters.Spec{NotFrom: []string{c.value}}, mail); got == c.want {
			t.Errorf("not_from %q, mail from %s: %v", c.value, c.from, got)
		}
	}
}

// TestHeaderOccurrences: any field of the name decides, folded, repeated or empty.
func TestHeaderOccurrences(t *testing.T) {
	foo := filters.Spec{HeaderField: []string{"x-foo"}, Header: []string{"bar baz"}}
	exists := filters.Spec{HeaderField: []string{"X-Foo"}}
	for _, c := range []struct {
		header        string
		value, exists bool
	}{
		{"X-Foo: a bar baz b\r\n", true, true},
		{"X-Foo: bar\r\n\tbaz\r\n", true, true},
		{"X-Foo: \r\nX-Foo: other\r\nX-FOO: =?utf-8?q?BAR_BAZ?=\r\n", true, true},
		{"X-Foo:\r\n", false, true},
		{"X-Foobar: bar baz\r\n", false, false},
		{"Subject: X-Foo: bar baz\r\n", false, false},
	} {
		mail := c.header + "From: a@b.example\r\n\r\nX-Foo: bar baz\r\n"
		if got := keeps(t, foo, mail); got != c.value {
			t.Errorf("%q holds the value: %v", c.header, got)
		}
		if got := keeps(t, exists, mail); got != c.exists {
			t.Errorf("%q has the header: %v", c.header, got)
		}
	}
}

// TestBodyIsTheDecodedText, whatever it is wrapped in, and however large it is.
func TestBodyIsTheDecodedText(t *testing.T) {
	spec := filters.Spec{TextBody: []string{"überweisung heute"}}
	large := strings.Repeat("line of text\r\n", 3<<20/14)
	for name, mail := range map[string]string{
		"plain":        "Content-Type: text/plain; charset=utf-8\r\n\r\nÜBERWEISUNG\r\nheute",
		"base64":       "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.StdEncoding.EncodeToString([]byte("x Überweisung heute")),
		"latin1":       "Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=DCberwei=\r\nsung heute",
		"HTML only":    "Content-Type: text/html; charset=utf-8\r\n\r\n<p>Über<b>weisung</b>&nbsp;heute</p>",
		"3 MB":         "Content-Type: text/plain; charset=utf-8\r\n\r\n" + large + "Überweisung heute",
		"2 MB, base64": "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.StdEncoding.EncodeToString([]byte(large[:2<<20]+"Überweisung heute")),
	} {
		if !keeps(t, spec, "Subject: x\r\n"+mail) {
			t.Errorf("%s: the text is not found", name)
		}
	}
	if keeps(t, spec, "Content-Type: text/html\r\n\r\n<p title='überweisung heute'>x</p>") {
		t.Error("an attribute is no text")
	}
}

// TestBodyOfTheLargestEmailLong finds what stands at the end of 25 MB.
func TestBodyOfTheLargestEmailLong(t *testing.T) {
	text := "Subject: x\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + strings.Repeat("line of text\r\n", 25<<20/14)
	if spec := (filters.Spec{TextBody: []string{"überweisung heute"}}); !keeps(t, spec, text+"Überweisung heute") {
		t.Error("the text is not found")
	}
}

// TestManyValues: 10,000 values, doubles, a byte order mark, invalid UTF-8 and a value of 1 MB; the one that is there is found.
func TestManyValues(t *testing.T) {
	values := []string{"\ufeffbom", "\xff\xfe", strings.Repeat("long", 1<<18), "", " "}
	for range 5_000 {
		values = append(values, "no such words", "neither these")
	}
	if keeps(t, filters.Spec{Subject: values}, "Subject: payroll today\r\n\r\nx\r\n") {
		t.Error("a mail that has none of the values is kept")
	}
	if !keeps(t, filters.Spec{Subject: append(values, "Payroll")}, "Subject: payroll today\r\n\r\nx\r\n") {
		t.Error("a mail that has the last of 10,000 values is left out")
	}
}
