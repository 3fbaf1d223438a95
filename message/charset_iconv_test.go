package message

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"
	"unicode/utf8"
)

// iconv asks the C library what a text is, the judge of charsets that Python does not have.
func iconv(t *testing.T, charset string, in []byte) string {
	t.Helper()
	if _, err := exec.LookPath("iconv"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("iconv is not installed: it is part of libc-bin")
		}
		t.Skip("iconv is not installed")
	}
	c := exec.Command("iconv", "-f", charset, "-t", "UTF-8")
	c.Stdin = bytes.NewReader(in)
	out, err := c.Output()
	switch {
	case err != nil && os.Getenv("CI") == "true":
		t.Fatalf("iconv -f %s: %v", charset, err)
	case err != nil:
		t.Skipf("this iconv does not know %s: %v", charset, err)
	}
	return string(out)
}

// TestCNSPlanes holds every character of CNS 11643 that is read to iconv, as EUC-TW and as ISO-2022-CN.
func TestCNSPlanes(t *testing.T) {
	var euc, iso bytes.Buffer
	iso.WriteString("\x1B$)G\x1B$*H")
	number := 0
	for plane, rows := range cnsTable() {
		for row, cells := range rows {
			for cell, r := range cells {
				if r == utf8.RuneError {
					continue
				}
				number++
				pair := []byte{byte(0xA1 + row), byte(0xA1 + cell)}
				if plane == 0 {
					euc.Write(pair)
					iso.Write([]byte{0x0E, pair[0] & 0x7F, pair[1] & 0x7F, 0x0F})
				} else {
					euc.Write(append([]byte{0x8E, 0xA2}, pair...))
					iso.Write([]byte{0x1B, 'N', pair[0] & 0x7F, pair[1] & 0x7F})
				}
			}
		}
	}
	if number != 5867+7650 { // what iconv has in the two planes
		t.Errorf("%d characters", number)
	}
	for charset, in := range map[string][]byte{"EUC-TW": euc.Bytes(), "ISO-2022-CN": iso.Bytes()} {
		want := iconv(t, charset, in)
		got, ok := DecodeCharset(in, charset)
		if !ok || got != want {
			for i, r := range []rune(got) {
				if w := []rune(want); i >= len(w) || w[i] != r {
					t.Errorf("%s: character %d is %q", charset, i, r)
					break
				}
			}
			t.Errorf("%s: good %v, %d characters, iconv reads %d", charset, ok, utf8.RuneCountInString(got), utf8.RuneCountInString(want))
		}
	}
}

// TestISO2022CN are texts as RFC 1922 has them: simplified and traditional characters in one.
func TestISO2022CN(t *testing.T) {
	for in, want := range map[string]string{
		"\x1B$)A\x0E=;;;\x1B$)GG(_P\x0F":                  "交换交換",
		"\x1B$)A\x0EVPND\x0F ok":                          "中文 ok",
		"\x1B$)G\x0ED#DH\x0F.\r\n\x1B$)G\x0ED#\x0F":       "",
		"\x1B$)G\x1B$*H\x0E\x1BN!!\x0F plain ASCII":       "",
		"\x1B$)A\x0EVP\x0F\r\nno designation \x0EVP\x0F.": "",
	} {
		if want == "" {
			want = iconv(t, "ISO-2022-CN", []byte(in))
		}
		if got, _ := DecodeCharset([]byte(in), "iso-2022-cn"); strings.ReplaceAll(got, "\r\n", "\n") != strings.ReplaceAll(want, "\r\n", "\n") {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// TestSpellings are labels that programs write beside those that Python knows (PHP's, Java's,
// those of Windows and of old Macs), with a text in the charset that is meant, as iconv calls it.
func TestSpellings(t *testing.T) {
	for iconvName, c := range map[string]struct {
		labels string
		in     string
	}{
		"CP932":            {"sjis-win SJIS-open csWindows31J Windows-31J x-ms-shift-jis sjis-mobile", "\x93\xFA\x96\x7B\x87\x40"},
		"EUC-JP-MS":        {"eucJP-win eucJP-ms CP51932 eucJP-open", "\xC6\xFC\xCB\xDC"},
		"ISO-2022-JP":      {"JIS ISO-2022-JP-MS CP50221 cp50220raw JIS-ms", "\x1B$BF|K\\\x1B(B"},
		"BIG5":             {"Big-Five CN-Big5 windows-950", "\xA4\xA4\xA4\xE5"},
		"CP949":            {"windows-949 MSCP949 KS_C_5601-1989 cp51949", "\xB0\xA1\x81\x41"},
		"GB18030":          {"cp54936", "\xD6\xD0\x81\x30\x84\x36"},
		"GBK":              {"windows-936 cn-gb", "\xD6\xD0\xCE\xC4"},
		"EUC-TW":           {"x-euc-tw EUC_TW cns11643", "\xC4\xE3\x8E\xA2\xA1\xA1"},
		"TIS-620":          {"TIS620.2533-0 IBM874 cp1162 windows-874 DOS-874", "\xA1\xD2\xC3"},
		"ISO-8859-2":       {"8859_2 cp912", "\xB1\xE6"},
		"ISO-8859-5":       {"8859_5 cp915 IBM915", "\xBF\xE0\xD8"},
		"ISO-8859-6":       {"8859_6 iso-8859-6-e iso-8859-6-i cp1089", "\xC7\xE4"},
		"ISO-8859-7":       {"8859_7 cp813", "\xE1\xE2"},
		"ISO-8859-8":       {"8859_8 iso-8859-8-i cp916", "\xF9\xEC"},
		"ISO-8859-15":      {"ISO_8859-15:1998", "\xA4\xBD"},
		"CP1250":           {"ms-ee CP5346", "\x9C\xE6"},
		"CP1251":           {"ms-cyrl CP5347", "\xCF\xF0"},
		"CP1252":           {"ms-ansi western ANSI 8859_1", "\x80\xE9"},
		"CP1253":           {"ms-greek CP5349", "\xE1\xE2"},
		"CP1254":           {"ms-turk 8859_9", "\xF0\xFE"},
		"CP1255":           {"ms-hebr CP5351", "\xF9\xEC"},
		"CP1256":           {"ms-arab", "\xC7\xE1"},
		"CP1257":           {"WinBaltRim", "\xE0\xF0"},
		"KOI8-R":           {"koi8 KOI", "\xF0\xD2"},
		"KOI8-U":           {"koi8-ru", "\xA4\xA6"},
		"MAC-CYRILLIC":     {"x-mac-ukrainian mac-uk cp10007", "\x8F\xF0"},
		"CP858":            {"cp00858 IBM00858 CCSID00858 csPC858Multilingual", "\xD5\x82"},
		"VISCII":           {"viscii csVISCII x-viscii viscii1.1-1", "Vi\xAEt"},
		"TCVN":             {"x-viet-tcvn5712 TCVN-5712 tcvn5712-1", "Vi\xD6t"},
		"ARMSCII-8":        {"armscii-8 armscii8 x-armscii-8", "\xB2\xB3"},
		"GEORGIAN-PS":      {"geostd8 georgian-ps", "\xC0\xC1"},
		"GEORGIAN-ACADEMY": {"georgian-academy", "\xC0\xC1"},
		"MIK":              {"mik", "\x80\x81"},
		"UTF-8":            {"ISO-10646/UTF-8 utf8mb4 UTF8-MAC UTF-8-Mobile#DOCOMO x-utf-8j", "\u65E5"},
		"UTF-16LE":         {"unicode ucs-2 csUnicode ISO-10646-UCS-2", "Z\x00\xFC\x00r\x00i\x00c\x00h\x00"},
	} {
		want := iconv(t, iconvName, []byte(c.in))
		for label := range strings.FieldsSeq(c.labels) {
			label, _, _ = strings.Cut(label, "#")
			if got, _ := DecodeCharset([]byte(c.in), label); got != want {
				t.Errorf("charset=%s: %q, iconv reads %q as %s", label, got, want, iconvName)
			}
		}
	}
}

// TestByteTables holds the charsets that only iconv has to it, byte by byte.
func TestByteTables(t *testing.T) {
	names := map[string]string{"tcvn": "TCVN", "viscii": "VISCII", "mik": "MIK", "armscii-8": "ARMSCII-8", "georgian-ps": "GEORGIAN-PS", "georgian-academy": "GEORGIAN-ACADEMY"}
	for label := range iconvTables {
		if names[label] == "" {
			t.Errorf("%s has no test", label)
		}
	}
	for label, name := range names {
		var in []byte
		for c := 0x80; c <= 0xFF; c++ {
			if _, bad := appendSingleByte(nil, []byte{byte(c)}, iconvTables[label]); !bad && (label != "tcvn" || c < 0xB0 || c > 0xB4) {
				in = append(in, byte(c), ' ') // the space keeps what combines apart
			}
		}
		got, _ := DecodeCharset(in, label)
		if want := iconv(t, name, in); got != want {
			t.Errorf("%s: %q, iconv reads %q", label, got, want)
		}
		if len(in) < 2*100 && label != "armscii-8" {
			t.Errorf("%s has %d characters", label, len(in)/2)
		}
	}
}
