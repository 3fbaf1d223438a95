package outlook

import (
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"example.org/imap-integration/message"
)

func TestRTFContent(t *testing.T) {
	for _, tc := range []struct {
		name, rtf, want string
		html            bool
		problem         bool
	}{
		{"text", `{\rtf1\ansi\fromtext hello\par world}`, "hello\r\nworld", false, false},
		{"no marker", `{\rtf1\ansi{\fonttbl{\f0\fswiss Arial;}}{\colortbl\red0;}{\*\generator X;}{\info{\author Me}}hi\tab there}`, "hi\tthere", false, false},
		{"escapes", `{\rtf1\ansi \{\\\}\~x\_\lquote a\rquote\emdash}`, "{\\}\u00A0x\u2011‘a’—", false, false},
		{"hexadecimal", `{\rtf1\ansi\ansicpg1252 Gr\'fc\'dfe}`, "Grüße", false, false},
		{"font with a charset", `{\rtf1\ansi{\fonttbl{\f0 A;}{\f1\fcharset204 B;}}\f1\'cf\'f0\f0\'fc}`, "Прü", false, false},
		{"double-byte", `{\rtf1\ansi\ansicpg932 \'93\'fa\'96{\b\'7b}}`, "日本", false, false},
		{"unicode", `{\rtf1\ansi\uc1 \u8364?\u-10179?\u-9059?x}`, "€\U0001F49Dx", false, false},
		{"a high half alone", `{\rtf1\ansi\uc1 a\u-10179?b}`, "a\uFFFDb", false, true},
		{"a high half at the end", `{\rtf1\ansi a\u-10179?}`, "a\uFFFD", false, true},
		{"a high half before a line end", `{\rtf1\ansi a\u-10179?\par b}`, "a\uFFFD\r\nb", false, true},
		{"two high halves, then a pair", `{\rtf1\ansi \u-10179?\u-10179?\u-9059?}`, "\uFFFD\U0001F49D", false, true},
		{"a high half before another character", `{\rtf1\ansi \u-10179?\u8364?}`, "\uFFFD€", false, true},
		{"a low half alone", `{\rtf1\ansi a\u-9059?b}`, "a\uFFFDb", false, true},
		{"a half that is hidden", `{\rtf1\ansi a{\*\generator \u-10179?}b}`, "ab", false, false},
		{"unicode with two stand-ins", `{\rtf1\ansi\uc2 \u8364??x{\uc0\u8364 y}}`, "€x€y", false, false},
		{"binary", "{\\rtf1\\ansi a\\bin3 }}}b}", "ab", false, false},
		{"HTML", `{\rtf1\ansi\ansicpg1252\fromhtml1 \deff0{\fonttbl{\f0 A;}}{\*\htmltag19 <html>}{\*\htmltag84 <a href="http://x/?a=1&amp;b=2">}\htmlrtf {\field{\*\fldinst{HYPERLINK "http://x"}}{\fldrslt\htmlrtf0 click\htmlrtf }\htmlrtf0 }{\*\htmltag92 </a>}\htmlrtf\par\htmlrtf0 {\*\mhtmltag84 <a href="cid:1">}{\*\htmltag27 </html>}}`, `<html><a href="http://x/?a=1&amp;b=2">click</a></html>`, true, false},
		{"HTML with line breaks and escapes", `{\rtf1\ansi\fromhtml1{\*\htmltag241 <style>\par p \{\}\par </style>}\'e4\par}`, "<style>\r\np {}\r\n</style>ä\r\n", true, false},
		{"charset error", `{\rtf1\ansi\ansicpg932 \'ff\'ff}`, "\uFFFD\uFFFD", false, true},
		{"not RTF", `hello`, "", false, true},
		{"empty", ``, "", false, false},
		{"more ends than starts", `{\rtf1\ansi a}}}b`, "ab", false, false},
		{"cut in a word", `{\rtf1\ansi a\`, "a", false, false},
		{"cut in a hexadecimal", `{\rtf1\ansi a\'f`, "af", false, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, html, problem := rtfContent([]byte(tc.rtf))
			if got != tc.want || html != tc.html || (problem != nil) != tc.problem {
				t.Errorf("%q, HTML %t, problem %v; want %q", got, html, problem, tc.want)
			}
		})
	}
}

func TestRTFDepth(t *testing.T) {
	start := time.Now()
	got, _, _ := rtfContent([]byte(`{\rtf1\ansi ` + strings.Repeat("{", 5<<20) + "x" + strings.Repeat("}", 5<<20) + "y}"))
	if got != "xy" || time.Since(start) > 20*time.Second {
		t.Errorf("%q after %v", got, time.Since(start))
	}
}

// TestLZFu has the two examples of [MS-OXRTFCP], sections 3.1 and 3.2.
func TestLZFu(t *testing.T) {
	for _, tc := range []struct{ packed, want string }{
		{
			"\x2d\x00\x00\x00\x2b\x00\x00\x00\x4c\x5a\x46\x75\xf1\xc5\xc7\xa7\x03\x00\x0a\x00\x72\x63\x70\x67\x31\x32\x35\x42\x32\x0a\xf3\x20\x68\x65\x6c\x09\x00\x20\x62\x77\x05\xb0\x6c\x64\x7d\x0a\x80\x0f\xa0",
			"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n",
		},
		{
			"\x1a\x00\x00\x00\x1c\x00\x00\x00\x4c\x5a\x46\x75\xe2\xd4\x4b\x51\x41\x00\x04\x20\x57\x58\x59\x5a\x0d\x6e\x7d\x01\x0e\xb0",
			"{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}",
		},
	} {
		got, problem := decompressRTF([]byte(tc.packed))
		if string(got) != tc.want || problem != nil {
			t.Errorf("%q, %v; want %q", got, problem, tc.want)
		}
	}
}

func TestLZFuDamaged(t *testing.T) {
	whole := compressRTF(`{\rtf1\ansi hello world}`)
	change := func(at int, v uint32) []byte {
		b := append([]byte(nil), whole...)
		binary.LittleEndian.PutUint32(b[at:], v)
		return b
	}
	for _, tc := range []struct {
		name, problem string
		data          []byte
	}{
		{"no header", message.CodeOutlookTruncated, whole[:15]},
		{"unpacked size 2^32-1", message.CodeOutlookTruncated, change(4, 0xFFFFFFFF)},
		{"checksum", message.CodeOutlookChecksum, change(12, 1)},
		{"unknown kind", message.CodeOutlookDamaged, change(8, 1)},
		{"cut", message.CodeOutlookChecksum, whole[:30]},
		{"stored, cut", message.CodeOutlookTruncated, append(change(8, 0x414C454D)[:16], "{"...)},
	} {
		_, problem := decompressRTF(tc.data)
		if problem == nil || problem.Code != tc.problem {
			t.Errorf("%s: %v, want %s", tc.name, problem, tc.problem)
		}
	}
	// A packed size of 2^32-1 is more than there is: what there is counts.
	if got, problem := decompressRTF(change(0, 0xFFFFFFFF)); problem != nil || !strings.HasSuffix(string(got), "world}") {
		t.Errorf("%q, %v", got, problem)
	}
	// The smallest input that unpacks to the most.
	if out := unLZFu([]byte(strings.Repeat("\xFF"+strings.Repeat("\x00\x1F", 8), 1<<16)), rtfSizeLimit); len(out) > 9<<20 {
		t.Errorf("%d bytes", len(out))
	}
}
