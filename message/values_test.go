package message

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParseDate(t *testing.T) {
	tests := map[string]string{ // "" = cannot be read
		"Mon, 23 Nov 2026 10:00:00 +0200":                 "2026-11-23T10:00:00+02:00",
		"23 Nov 2026 10:00 GMT":                           "2026-11-23T10:00:00Z",
		"Mon, 23 Nov 26 10:00:00 EST":                     "2026-11-23T10:00:00-05:00",
		"Mon, 23 Nov 99 10:00:00 UT":                      "1999-11-23T10:00:00Z",
		"Mon, 23 Nov 126 10:00:00 Z":                      "2026-11-23T10:00:00Z",
		"Mon, 23 Nov 2026 10:00:00 (a comment) +0200 (b)": "2026-11-23T10:00:00+02:00",
		"Mon , 23\tNov 2026 10:00:00 -0000":               "2026-11-23T10:00:00Z",
		"Mon Nov 23 10:00:00 2026":                        "2026-11-23T10:00:00Z",
		"Mon Nov 23 10:00:00 CET 2026":                    "2026-11-23T10:00:00+01:00",
		"2026-11-23T10:00:00Z":                            "2026-11-23T10:00:00Z",
		"2026-11-23T10:00:00.123+05:30":                   "2026-11-23T10:00:00+05:30",
		"2026-11-23 10:00:00 +0000":                       "2026-11-23T10:00:00Z",
		"23-Nov-2026 10:00:00 +0100":                      "2026-11-23T10:00:00+01:00",
		"Monday, 23 November 2026 10:00:00":               "2026-11-23T10:00:00Z",
		"Mon, 23 Nov 2026 10:00:60 +0000":                 "2026-11-23T10:00:59Z",
		"Mon, 23 Nov 2026 1:02:03 PM":                     "2026-11-23T13:02:03Z",
		"Mon, 23 Nov 2026 10:00:00 GMT+0100":              "2026-11-23T10:00:00+01:00",
		"Mon, 23 Nov 2026 10:00:00 XYZ":                   "2026-11-23T10:00:00Z",
		"the day before yesterday":                        "",
		"Mon, 31 Feb 2026 10:00:00 +0000":                 "",
		"Mon, 23 Nov 2026 25:00:00 +0000":                 "",
		"Mon, 23 Nov 2026 10:00:00 +2400":                 "",
		"Mon, 23 Nov 0026 10:00:00 +0000":                 "",
		"Mon, 23 Nov 99999 10:00:00 +0000":                "",
		"23 Nov":                                          "",
		"":                                                "",
		"Mon, 23 Nov 2026 10:00:00 +0200 (" + strings.Repeat("Central European Time ", 500) + ")": "2026-11-23T10:00:00+02:00",
		strings.Repeat("(a (nested) one)\r\n ", 50) + "23 Nov 2026 10:00:00 +0200 (b":             "2026-11-23T10:00:00+02:00",
		strings.Repeat("9", 300): "",
	}
	for s, want := range tests {
		d, ok := ParseDate(s)
		got := ""
		if ok {
			got = d.Format(time.RFC3339)
		}
		if got != want {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
	}
}

func TestParameters(t *testing.T) {
	tests := []struct{ raw, token, name, want string }{
		{`text/plain; charset=utf-8`, "text/plain", "charset", "utf-8"},
		{`TEXT/Plain; CharSet="UTF-8"`, "text/plain", "charset", "UTF-8"},
		{`text/plain; charset=us-ascii (Plain text)`, "text/plain", "charset", "us-ascii"},
		{`text/plain (c); charset=x`, "text/plain", "charset", "x"},
		{`text/html charset=utf-8`, "text/html", "charset", "utf-8"},
		{`charset=utf-8`, "", "charset", "utf-8"},
		{`a/b; name="a;b=\"c\".txt"`, "a/b", "name", `a;b="c".txt`},
		{`a/b; name="C:\x\y.exe"`, "a/b", "name", `C:\x\y.exe`},
		{`a/b; name=two words.txt; x=y`, "a/b", "name", "two words.txt"},
		{`a/b; name=a_(1).pdf`, "a/b", "name", "a_(1).pdf"},
		{`a/b; name="unclosed.txt`, "a/b", "name", "unclosed.txt"},
		{`a/b; flag; name=x`, "a/b", "name", "x"},
		{`a/b;;; name = x ;`, "a/b", "name", "x"},
		{`a/b; name*=utf-8''%E2%82%AC.txt`, "a/b", "name", "€.txt"},
		{`a/b; name*=iso-8859-1'de'f%FCr.txt`, "a/b", "name", "für.txt"},
		{`a/b; name*0*=utf-8''%E2%82; name*1*=%AC; name*2=".txt"`, "a/b", "name", "€.txt"},
		{`a/b; name*1=b; name*0=a; name*3=d`, "a/b", "name", "abd"},
		{`a/b; name=plain; name*=utf-8''ext`, "a/b", "name", "ext"},
		{`a/b; name="=?utf-8?B?w6Q=?= =?utf-8?B?w7Y=?=.txt"`, "a/b", "name", "äö.txt"},
		{`a/b; name==?utf-8?Q?=C3=A4.txt?=`, "a/b", "name", "ä.txt"},
		{`a/b; name="=?utf-8?Q?a=0D=0Ab?="`, "a/b", "name", "a b"},
		{"a/b;\r\n name=\"folded\r\n name.txt\"", "a/b", "name", "folded name.txt"},
		{"a/b; name=\"\xe4.txt\"", "a/b", "name", "ä.txt"},
		{`a/b; name=%2e%2e%2fx`, "a/b", "name", "%2e%2e%2fx"},
	}
	for _, tt := range tests {
		m := parseMedia(tt.raw, DefaultLimits())
		if m.token != tt.token || m.params[tt.name] != tt.want {
			t.Errorf("%s: %q %q, want %q %q", tt.raw, m.token, m.params[tt.name], tt.token, tt.want)
		}
	}
}

func TestEncodedWords(t *testing.T) {
	tests := map[string]string{
		"plain":                                  "plain",
		"=?utf-8?Q?a?= =?utf-8?Q?b?=":            "ab",
		"=?utf-8?Q?a?= x =?utf-8?Q?b?=":          "a x b",
		"=?utf-8?Q?a?==?utf-8?Q?b?=":             "ab",
		"x=?utf-8?q?_a_?=y":                      "x a y",
		"=?utf-8?Q?two words?=":                  "two words",
		"=?utf-8?B?w6Q?=":                        "ä",
		"=?utf-8?Q?=C3?= =?utf-8?Q?=A4?=":        "ä",
		"=?utf-8?B?w6==?= =?UTF-8?Q?=A4?=":       "ä",
		"=?iso-8859-1*de?Q?f=FCr?=":              "für",
		"=?ISO-2022-JP?B?GyRCRnxLXBsoQg==?=":     "日本",
		"=?utf-8?Q?Really=3F??=":                 "Really??",
		"=?x-none?Q?kept?=":                      "kept",
		"=?utf-8?X?bad?=":                        "=?utf-8?X?bad?=",
		"=?utf-8?Q?open":                         "=?utf-8?Q?open",
		"=?utf-8?Q?open =?utf-8?Q?ok?=":          "=?utf-8?Q?open ok",
		"=? =?= =??= =????=":                     "=? =?= =??= =????=",
		"=?utf-8?Q?a=0D=0ABcc:_x?=":              "a Bcc: x",
		"=?utf-7?Q?+AOQ-?=":                      "ä",
		"=?unknown-8bit?Q?=E4?= =?default?Q?x?=": "äx",
		"caf\xe9":                                "café",
		"café":                                   "café",
	}
	for s, want := range tests {
		if got, _ := decodeWords(s, 100); got != want {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
	}
}

func TestCharsets(t *testing.T) {
	tests := []struct {
		label, bytes, want string
		verdict            charsetVerdict
	}{
		{"utf-8", "ä", "ä", charsetGood},
		{"UTF8", "ä", "ä", charsetGood},
		{`"utf-8"`, "ä", "ä", charsetGood},
		{"cp65001", "ä", "ä", charsetGood},
		{"utf-8", "a\xff", "a\ufffd", charsetBad},
		{"iso-8859-1", "\x80\xe4", "€ä", charsetGood},
		{"latin1", "\xe4", "ä", charsetGood},
		{"cp1251", "\xcf", "П", charsetGood},
		{"windows-874", "\xa1", "ก", charsetGood},
		{"tis-620", "\xa1", "ก", charsetGood},
		{"koi8-u", "\xa4", "є", charsetGood},
		{"cp437", "\x84", "ä", charsetGood},
		{"cp850", "\x84", "ä", charsetGood},
		{"macintosh", "\x8a", "ä", charsetGood},
		{"cp949", "\xb0\xa1", "가", charsetGood},
		{"gb18030", "\xd6\xd0", "中", charsetGood},
		{"hz-gb-2312", "~{VP~}", "中", charsetGood},
		{"euc-jp", "\xc6\xfc", "日", charsetGood},
		{"iso-2022-jp", "\x1b$BF|\x1b(B", "日", charsetGood},
		{"utf-16", "\xfe\xff\x00a", "a", charsetGood},
		{"utf-16le", "a\x00", "a", charsetGood},
		{"utf-7", "Hi Mom -+Jjo--!", "Hi Mom -☺-!", charsetGood},
		{"utf-7", "+ZeVnLIqe-", "日本語", charsetGood},
		{"unicode-1-1-utf-7", "a+-b", "a+b", charsetGood},
		{"utf-7", "+2D0-", "\ufffd", charsetBad},
		{"us-ascii", "ä", "ä", charsetAbsent},
		{"us-ascii", "\xe4", "ä", charsetAbsent},
		{"", "\xe4", "ä", charsetAbsent},
		{"unknown-8bit", "\xe4", "ä", charsetAbsent},
		{"x-no-such", "abc", "abc", charsetUnknown},
		{"x-no-such", "\xe4", "ä", charsetUnknown},
	}
	for _, tt := range tests {
		if got, v := decodeCharset([]byte(tt.bytes), tt.label); got != tt.want || v != tt.verdict {
			t.Errorf("%s %q: %q %d, want %q %d", tt.label, tt.bytes, got, v, tt.want, tt.verdict)
		}
	}
}

func TestTransferEncodings(t *testing.T) {
	tests := []struct {
		encoding, raw, want string
		flaws               decodeFlaws
	}{
		{"base64", "SGVs\r\nbG8=\r\n", "Hello", decodeFlaws{}},
		{"BASE64 ", "S\r\nGVs\r\nbG\n8\n", "Hello", decodeFlaws{cut: true}},
		{"base64 (c)", "SGV*s!bG8=", "Hello", decodeFlaws{junk: true}},
		{"base64", "SGVsbG8=SGVsbG8=", "HelloHello", decodeFlaws{joined: true}},
		{"base64", "SGVsbG8gV29ybGQ=\r\n====\r\n", "Hello World", decodeFlaws{}},
		{"base64", "SGVsb", "Hel", decodeFlaws{cut: true}},
		{"base64", "=", "", decodeFlaws{junk: true}},
		{"base64", " S G V s ", "Hel", decodeFlaws{}},
		{"quoted-printable", "a=3Db=\r\nc \t\r\nd=e4", "a=bc\r\nd\xe4", decodeFlaws{}},
		{"quoted-printable", "100=% =", "100=% ", decodeFlaws{junk: true}},
		{"Quoted-Printable", "=C3=A4\n= \nx", "ä\nx", decodeFlaws{}},
		{"7bit", "a=3D", "a=3D", decodeFlaws{}},
		{"x-uuencode", "junk\nbegin 644 a b\n+2&5L;&\\@5V]R;&0 \n`\nend\nmore", "Hello World", decodeFlaws{}},
		{"x-uuencode", "begin 644 a\n%2&5L;&\\\n", "Hello", decodeFlaws{cut: true}},
	}
	for _, tt := range tests {
		e, _ := parseTransferEncoding(tt.encoding)
		got, flaws := e.decode([]byte(tt.raw))
		if string(got) != tt.want || flaws != tt.flaws {
			t.Errorf("%s %q: %q %+v, want %q %+v", tt.encoding, tt.raw, got, flaws, tt.want, tt.flaws)
		}
	}
}

// TestStreamsInPieces holds that a content longer than a piece is decoded as one.
func TestStreamsInPieces(t *testing.T) {
	want := strings.Repeat("0123456789abcdefghijklmnopqrstuvwxyz", 5000)
	for _, junk := range []string{"", "*"} {
		raw := strings.Repeat("MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3BxcnN0dXZ3eHl6"+junk+"\r\n", 5000)
		if got, flaws := encodingBase64.decode([]byte(raw)); string(got) != want || flaws.junk != (junk != "") {
			t.Errorf("base64 with %q between: %d bytes, want %d, %+v", junk, len(got), len(want), flaws)
		}
	}
	if got, _ := encodingQP.decode([]byte(strings.ReplaceAll(want, "a", "=61=\r\n"))); string(got) != want {
		t.Errorf("quoted-printable: %d bytes, want %d", len(got), len(want))
	}
}

func TestHTMLText(t *testing.T) {
	tests := map[string]string{
		"pay<b>roll</b> &uuml;bersicht": "payroll übersicht",
		"<p>one</p><p>two</p>":          "one\ntwo",
		"a<br>b<br/>c":                  "a\nb\nc",
		"a&nbsp;b":                      "a\u00a0b",
		"  a \r\n\t b  ":                "a b",
		"<head><title>t</title><style>s{}</style></head>x":           "x",
		"a<script>if (a<b) hidden()</script>b":                       "ab",
		"<!-- c -->a<!--[if mso]>m<![endif]-->b":                     "ab",
		"<noscript>shown <b>too</b></noscript>":                      "shown too",
		"<table><tr><td>1</td><td>2</td></tr><tr><td>3</td></table>": "1 2\n3",
		"<pre>a  b\n  c</pre>d":                                      "a  b\n  c\nd",
		"<textarea>in <b>it</textarea>":                              "in <b>it",
		"5 < 6 &amp;&amp; 7 > 6":                                     "5 < 6 && 7 > 6",
		"<p style='display:none'>kept</p>":                           "kept",
		"<a href=\"x":                                                "",
		"<ul><li>a<li>b</ul>":                                        "a\nb",
		"":                                                           "",
	}
	for markup, want := range tests {
		if got := HTMLText(markup); got != want {
			t.Errorf("%s: %q, want %q", markup, got, want)
		}
	}
}

func TestSafeFilename(t *testing.T) {
	tests := map[string]string{
		"report.pdf":                       "report.pdf",
		"../../etc/cron.d/x":               "x",
		"/etc/passwd":                      "passwd",
		`C:\x`:                             "x",
		`..\x`:                             "x",
		"%2e%2e/":                          "unnamed",
		"a%2fb":                            "a_2fb",
		"~/x":                              "x",
		"-rf":                              "rf",
		".":                                "unnamed",
		"..":                               "unnamed",
		"":                                 "unnamed",
		".bashrc":                          "bashrc",
		"a\x00b\r\nc":                      "abc",
		"invoice\u202efdp.exe":             "invoicefdp.exe",
		"CON":                              "_CON",
		"con.txt":                          "_con.txt",
		"LPT1 .txt":                        "_LPT1 .txt",
		"COM10":                            "COM10",
		"a:b":                              "a_b",
		"trailing. . ":                     "trailing",
		"$(x)`y`.sh":                       "_(x)_y_.sh",
		"u\u0308.txt":                      "ü.txt",
		"a\xffb":                           "a_b",
		strings.Repeat("a", 4096) + ".pdf": strings.Repeat("a", 196) + ".pdf",
	}
	for name, want := range tests {
		if got := SafeFilename(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

func TestFilenameSet(t *testing.T) {
	var s FilenameSet
	var got []string
	for _, name := range []string{"a.pdf", "a.pdf", "A.PDF", "", "", "u\u0308", "Ü", "a (2).pdf"} {
		got = append(got, s.Unique(name))
	}
	want := []string{"a.pdf", "a (2).pdf", "A (3).PDF", "unnamed", "unnamed (2)", "ü", "Ü (2)", "a (2) (2).pdf"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
