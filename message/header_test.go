package message

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// fieldLines are the fields of a header as NAME=VALUE.
func fieldLines(m *Message) (lines []string) {
	for _, f := range m.Header.Fields() {
		lines = append(lines, f.Name+"="+f.Value)
	}
	return lines
}

// TestHeaderBlocks holds where fields begin, go on and end, and where the body starts.
func TestHeaderBlocks(t *testing.T) {
	for name, tt := range map[string]struct {
		mail   string
		fields []string
		body   string
		codes  string // of the problems, in order
	}{
		"one field":                       {"Subject: s\r\n\r\nbody", []string{"Subject=s"}, "body", ""},
		"no body":                         {"Subject: s\r\n", []string{"Subject=s"}, "", ""},
		"no line end":                     {"Subject: s", []string{"Subject=s"}, "", ""},
		"no header":                       {"\r\nbody", nil, "body", ""},
		"nothing":                         {"", nil, "", ""},
		"an empty value":                  {"Subject:\r\nX: y\r\n\r\nbody", []string{"Subject=", "X=y"}, "body", ""},
		"no blank behind the colon":       {"Subject:s\r\n\r\nbody", []string{"Subject=s"}, "body", ""},
		"blanks in front of the colon":    {"Subject : s\r\n\r\nbody", []string{"Subject=s"}, "body", CodeBadHeaderLine},
		"a blank in front of the name":    {" Subject: s\r\n\r\nbody", []string{"Subject=s"}, "body", CodeBadHeaderLine},
		"a folded value":                  {"Subject: one\r\n two\r\n\tthree\r\n\r\nbody", []string{"Subject=one two\tthree"}, "body", ""},
		"a value that starts folded":      {"Subject:\r\n one\r\n\r\nbody", []string{"Subject=one"}, "body", ""},
		"a fold of blanks alone":          {"Subject: one\r\n \r\n two\r\n\r\nbody", []string{"Subject=one  two"}, "body", ""},
		"a colon in the value":            {"Subject: a: b\r\n\r\nbody", []string{"Subject=a: b"}, "body", ""},
		"capitals are kept":               {"SUBJECT: S\r\n\r\nbody", []string{"SUBJECT=S"}, "body", ""},
		"LF":                              {"Subject: s\nX: y\n\nbody", []string{"Subject=s", "X=y"}, "body", ""},
		"LF and CRLF":                     {"Subject: s\nX: y\r\n\nbody", []string{"Subject=s", "X=y"}, "body", ""},
		"CR":                              {"Subject: s\rX: y\r\rbody", []string{"Subject=s", "X=y"}, "body", CodeBareCR},
		"CR CR LF":                        {"Subject: s\r\r\nX: y\r\r\n\r\r\nbody", []string{"Subject=s", "X=y"}, "body", CodeBareCR},
		"a byte order mark":               {"\xEF\xBB\xBFSubject: s\r\n\r\nbody", []string{"Subject=s"}, "body", CodeBOM},
		"an mbox line":                    {"From a@b Sat Nov 28 08:00:00 2026\r\nSubject: s\r\n\r\nbody", []string{"Subject=s"}, "body", CodeEnvelopeLine},
		"an mbox line that is escaped":    {">From a@b Sat Nov 28 08:00:00 2026\r\nSubject: s\r\n\r\nbody", []string{"Subject=s"}, "body", CodeEnvelopeLine},
		"empty lines in front":            {"\r\n\r\nSubject: s\r\n\r\nbody", []string{"Subject=s"}, "body", CodeLeadingBlankLine},
		"an empty line in front of prose": {"\r\nNote: this is a text\r\n", nil, "Note: this is a text", ""},
		"a line that is no field":         {"Subject: s\r\nno field\r\nX: y\r\n\r\nbody", []string{"Subject=s", "X=y"}, "body", CodeBadHeaderLine},
		"a NUL in a name":                 {"Sub\x00ject: s\r\n\r\nbody", []string{"Subject=s"}, "body", CodeBadHeaderLine},
		"a NUL in a value":                {"X: a\x00b\r\n\r\nbody", []string{"X=a\uFFFDb"}, "body", CodeNUL},
		"UTF-8":                           {"Subject: ä\r\n\r\nbody", []string{"Subject=ä"}, "body", ""},
		"eight bits":                      {"Subject: \xE4\r\n\r\nbody", []string{"Subject=ä"}, "body", CodeHeaderCharset},
		"the same field twice":            {"X: 1\r\nx: 2\r\n\r\nbody", []string{"X=1", "x=2"}, "body", ""},
		"Subject twice":                   {"Subject: 1\r\nSubject: 2\r\n\r\nbody", []string{"Subject=1", "Subject=2"}, "body", CodeDuplicateHeader},
		"From twice":                      {"From: a@b.example\r\nFrom: c@d.example\r\n\r\nbody", []string{"From=a@b.example", "From=c@d.example"}, "body", CodeTwoFrom + " " + CodeTwoFromAddresses},
		"two addresses in From":           {"From: a@b.example, c@d.example\r\n\r\nbody", []string{"From=a@b.example, c@d.example"}, "body", CodeTwoFromAddresses},
		"a date that is none":             {"Date: soon\r\n\r\nbody", []string{"Date=soon"}, "body", CodeBadDate},
		"a direction in the subject":      {"Subject: a\u202Eb\r\n\r\nbody", []string{"Subject=a\u202Eb"}, "body", CodeControlCharacters},
		"a line break in a word":          {"Subject: =?utf-8?q?a=0D=0Ab?=\r\n\r\nbody", []string{"Subject=a b"}, "body", ""},
		"a broken word":                   {"Subject: =?utf-8?q?a\r\n\r\nbody", []string{"Subject==?utf-8?q?a"}, "body", CodeBadWord},
		"a domain of two scripts":         {"From: a@pаypal.example\r\n\r\nbody", []string{"From=a@pаypal.example"}, "body", CodeLookalike},
		"an honest domain":                {"From: a@bücher.example\r\n\r\nbody", []string{"From=a@bücher.example"}, "body", ""},
		"a full-width at":                 {"From: ceo\uFF20corp.example <x@evil.example>\r\n\r\nbody", []string{"From=ceo\uFF20corp.example <x@evil.example>"}, "body", CodeLookalike},
		"a name of 16 KiB":                {strings.Repeat("x", maxFieldName) + ": y\r\nSubject: s\r\n\r\nbody", []string{"Subject=s"}, "body", CodeBadHeaderLine},
	} {
		m := Parse([]byte(tt.mail), DefaultLimits())
		if got := fieldLines(m); !slices.Equal(got, tt.fields) {
			t.Errorf("%s: fields %q, want %q", name, got, tt.fields)
		}
		// Behind the first line stands what another reading shows.
		if got, _, _ := strings.Cut(m.BodyText(), "\n"); got != tt.body {
			t.Errorf("%s: body %.100q, want %q", name, m.BodyText(), tt.body)
		}
		var codes []string
		for _, p := range m.Problems {
			if p.Code != CodeReadersDiffer && p.Code != CodeNotCrossChecked {
				codes = append(codes, p.Code)
			}
		}
		if got := strings.Join(slices.Compact(codes), " "); got != tt.codes {
			t.Errorf("%s: problems %q, want %q", name, got, tt.codes)
		}
		if alone := fieldLines(ParseHeader([]byte(tt.mail), DefaultLimits())); !slices.Equal(alone, tt.fields) {
			t.Errorf("%s: the header alone has %q", name, alone)
		}
	}
}

// TestValuesOfAnyCase holds that fields are found whatever the case of their name, in order.
func TestValuesOfAnyCase(t *testing.T) {
	m := ParseHeader([]byte("X-a: 1\r\nx-A: 2\r\nX-AB: 3\r\n\r\n"), DefaultLimits())
	for name, want := range map[string]string{"x-a": "[1 2]", "X-A": "[1 2]", "x-ab": "[3]", "x": "[]", "": "[]", "x-abc": "[]"} {
		if got := fmt.Sprint(m.Header.Values(name)); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

// TestLookalikes holds which addresses are made to be taken for others.
func TestLookalikes(t *testing.T) {
	for addr, want := range map[string]bool{
		"a@paypal.example":                     false,
		"a@pаypal.example":                     true, // Cyrillic а
		"a@раураl.example":                     true,
		"a@αpple.example":                      true, // Greek
		"a@xn--pypal-4ve.example":              true, // the first of these in Punycode
		"a@xn--bcher-kva.example":              false,
		"a@bücher.example":                     false,
		"a@почта.example":                      false, // all of one script
		"a@россия.example":                     false,
		"a@сосо.example":                       true, // every letter looks Latin
		"a@例え.example":                         false,
		"a\uFF20b.example":                     true,
		"jörg@paypal.example":                  false, // the local part is no domain
		"a@" + strings.Repeat("а", 2000):       false, // too long to be one
		"a@sub.pаypal.example":                 true,
		"a@παράδειγμα.example":                 false,
		"":                                     false,
		"a@xn--\x00.example":                   false,
		"a@XN--PYPAL-4VE.example":              true,
		"a@xn--80ak6aa92e.com":                 true, // аррӏе
		"a@" + strings.Repeat("b", 70) + ".de": false,
	} {
		if got := lookalike(addr); got != want {
			t.Errorf("%s: %v, want %v", addr, got, want)
		}
	}
}
