package outlook

import (
	"testing"

	"example.org/imap-integration/message"
)

// TestRTFWords has the control words and symbols of the RTF 1.9.1 that show something, or hide what is
// behind them. To add one, add a line.
func TestRTFWords(t *testing.T) {
	for rtf, want := range map[string]string{
		`a\line b`:                                "a\r\nb",
		`a\par\par b`:                             "a\r\n\r\nb",
		"a\\\nb":                                  "a\r\nb", // a line end behind a backslash is \par
		"a\r\nb":                                  "ab",
		`a\page b\sect c`:                         "a\r\nb\r\nc",
		`a\cell b\cell\row c`:                     "a\tb\t\r\nc",
		`\ldblquote a\rdblquote`:                  "“a”",
		`a\endash b\bullet c`:                     "a–b•c",
		`a\emspace b\enspace c\qmspace d`:         "a b c d",
		`a\b0 b\b c\b1d`:                          "abcd",
		`a\unknown12 b`:                           "ab",
		`a\unknown-12b`:                           "ab",
		`a{\*\unknown hidden}b`:                   "ab",
		`a{\unknown shown}b`:                      "ashownb",
		`a{\stylesheet{\s1 Normal;}}b`:            "ab",
		`a{\header top}{\footerf bottom}b`:        "ab",
		`a{\pict\pngblip 89504e47}b`:              "ab",
		`a{\object{\*\objdata 0102}{\result x}}b`: "ab",
		`{\field{\*\fldinst{HYPERLINK "http://phish.example/"}}{\fldrslt here}}`: "here",
		`a\'`:                         "a",
		`a\'zz b`:                     "azz b",
		`a\u8364`:                     "a€",
		`a\u8364{b}c`:                 "a€bc",
		`\u55357?\u56832?`:            "\U0001F600",
		`\uc0\u8364\u8364 x`:          "€€x",
		`\uc1\u8364\'80x`:             "€x",
		`\uc3\u8364abcd`:              "€d",
		`a\bin99 bcd`:                 "a",
		`a\bin-1 bcd`:                 "abcd",
		`a\bin0 bcd`:                  "abcd",
		`{a{b{c}d}e}f`:                "abcdef",
		`\pc\'81`:                     "ü",
		`\mac\'8a`:                    "ä",
		`\ansicpg1251\'cf\'f0`:        "Пр",
		`\ansicpg1250\'e8{\ul\'ec}`:   "čě",
		`\ansicpg65001\'c3\'a4`:       "ä",
		`\plain\f0\fs20 a\cf1\fs24 b`: "ab",
	} {
		got, html, problem := rtfContent([]byte(`{\rtf1\ansi\ansicpg1252 ` + rtf + `}`))
		if got != want || html || problem != nil {
			t.Errorf("%s: %q, HTML %v, problem %v; want %q", rtf, got, html, problem, want)
		}
	}
}

// TestAttachmentDescribed holds what is said of a file, of an embedded message, and of one that names its type.
func TestAttachmentDescribed(t *testing.T) {
	const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	for name, c := range map[string]struct {
		a      Attachment
		typed  string
		size   int64
		sha256 string
	}{
		"a file":                      {Attachment{ContentType: "text/plain", Data: []byte("abc")}, "text/plain", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
		"an empty file":               {Attachment{ContentType: "image/png"}, "image/png", 0, empty},
		"a message":                   {Attachment{Embedded: &Message{}}, EmbeddedType, 0, ""},
		"a message that names a type": {Attachment{ContentType: "message/rfc822", Embedded: &Message{}}, "message/rfc822", 0, ""},
	} {
		got := c.a.Describe("2.1")
		if got.Part != "2.1" || got.ContentType != c.typed || got.Size != c.size || got.SHA256 != c.sha256 || (got.MD5 == "") != (c.sha256 == "") {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// TestProblemOnce holds that a problem is noted once, and no more of them than anybody reads.
func TestProblemOnce(t *testing.T) {
	var o Message
	for i := range 3 * problemLimit {
		o.problem(message.CodeOutlookDamaged, "entry %d", i/2)
	}
	if len(o.Problems) != problemLimit || o.Problems[0].Detail != "entry 0" || o.Problems[problemLimit-1].Detail != "entry 99" {
		t.Errorf("%d problems, the last %+v", len(o.Problems), o.Problems[len(o.Problems)-1])
	}
}

// TestRescued holds that a panic of a reader is a problem of that message.
func TestRescued(t *testing.T) {
	was := onPanic
	defer func() { onPanic = was }()
	var reason any
	onPanic = func(r any, _ []byte) { reason = r }
	var o Message
	func() {
		defer o.rescue()
		panic("index out of range")
	}()
	if len(o.Problems) != 1 || o.Problems[0].Code != message.CodeOutlookDamaged || reason != "index out of range" {
		t.Errorf("%+v, %v", o.Problems, reason)
	}
}
