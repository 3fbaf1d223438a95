package message

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// charsetVerdict tells how far a decoded text can be trusted.
type charsetVerdict int

const (
	charsetGood    charsetVerdict = iota
	charsetUnknown                // the label is not known; ASCII is readable
	charsetBad                    // bytes that the declared charset does not have
	charsetAbsent                 // 8-bit bytes without a declaration
	charsetOrder                  // UTF-16 without a byte order mark: the order was guessed
)

// charsetAliases are labels in real mail that the indexes of x/text do not
// know, or know in a narrower sense than the mails that use them.
var charsetAliases = map[string]string{
	"cp932": "shift_jis", "ms932": "shift_jis", "windows-31j": "shift_jis", "x-sjis": "shift_jis", "sjis": "shift_jis",
	"cp949": "euc-kr", "uhc": "euc-kr", "ks_c_5601": "euc-kr", "ks_c_5601-1987": "euc-kr", "ksc5601": "euc-kr", "5601": "euc-kr",
	"cp936": "gbk", "gb2312": "gbk", "gb_2312-80": "gbk", "gb2312-80": "gbk", "x-gbk": "gbk", "euc-cn": "gbk", "cn-gb": "gbk",
	"cp950": "big5", "x-big5": "big5", "big5hkscs": "big5", "big5-hkscs": "big5", "cn-big5": "big5",
	"cp65001": "utf-8", "utf-8-sig": "utf-8", "utf8mb4": "utf-8", "utf_8": "utf-8", "utf": "utf-8", "utf8": "utf-8", "x-utf_8j": "utf-8", "unicode": "utf-16",
	"cp50220": "iso-2022-jp", "cp50221": "iso-2022-jp", "cp50222": "iso-2022-jp", "jis": "iso-2022-jp", "iso-2022-jp-2": "iso-2022-jp", "iso-2022-jp-ms": "iso-2022-jp",
	"cp51932": "euc-jp", "ujis": "euc-jp", "x-euc-jp": "euc-jp", "cp51949": "euc-kr", "cp54936": "gb18030",
	"ascii": "us-ascii", "646": "us-ascii", "iso646-us": "us-ascii", "us": "us-ascii", "ansi_x3.4-1968": "us-ascii", "iso-ir-6": "us-ascii", "iso_646.irv:1991": "us-ascii",
	"latin1": "windows-1252", "latin-1": "windows-1252", "iso-8859-1": "windows-1252", "iso8859-1": "windows-1252", "iso8859_1": "windows-1252", "8859-1": "windows-1252", "iso-8859-1-windows-3.1-latin-1": "windows-1252", "ansi": "windows-1252", "x-ansi": "windows-1252", "ansi_x3.110-1983": "windows-1252", "western": "windows-1252",
	"latin2": "iso-8859-2", "latin-2": "iso-8859-2", "latin5": "windows-1254", "latin-5": "windows-1254", "iso-8859-9": "windows-1254", "latin9": "iso-8859-15", "latin-9": "iso-8859-15",
	"iso-8859-11": "windows-874", "tis-620": "windows-874", "iso-8859-8-i": "iso-8859-8", "iso-8859-8-e": "iso-8859-8", "iso-8859-6-i": "iso-8859-6", "iso-8859-6-e": "iso-8859-6",
	"x-mac-roman": "macintosh", "mac": "macintosh", "macroman": "macintosh", "x-mac-cyrillic": "x-mac-cyrillic", "koi8": "koi8-r", "koi": "koi8-r", "koi8-ru": "koi8-u",
	"ucs-2": "utf-16", "ucs2": "utf-16", "iso-10646-ucs-2": "utf-16", "csunicode": "utf-16", "utf16": "utf-16", "utf_16": "utf-16", "x-utf-16": "utf-16", "unicode-1-1-utf-7": "utf-7", "utf7": "utf-7", "x-utf-7": "utf-7", "x-unicode-2-0-utf-7": "utf-7",
}

// undeclared are labels that say nothing: the text is UTF-8 where it is valid, else windows-1252.
var undeclared = map[string]bool{
	"": true, "unknown-8bit": true, "default_charset": true, "default": true, "unknown": true, "x-unknown": true, "_charset": true, "binary": true, "8bit": true, "x-user-defined": true, "user-defined": true,
}

// cleanLabel is a charset label as the tables know it.
func cleanLabel(label string) string {
	label = strings.ToLower(strings.Trim(label, " \t\r\n\"'"))
	label = strings.TrimPrefix(label, "charset=")
	if i := strings.IndexByte(label, '*'); i > 0 { // RFC 2231, section 5: language
		label = label[:i]
	}
	if rest, ok := strings.CutPrefix(label, "cp-"); ok {
		label = "cp" + rest
	}
	if strings.HasPrefix(label, "cp125") && len(label) == 6 {
		label = "windows-125" + label[5:]
	}
	if alias, ok := charsetAliases[label]; ok {
		return alias
	}
	return label
}

// decodeCharset decodes bytes of a declared charset to valid UTF-8.
func decodeCharset(b []byte, label string) (string, charsetVerdict) {
	label = cleanLabel(label)
	switch {
	case label == "utf-7":
		return decodeUTF7(b)
	case label == "utf-8":
		return validUTF8(b)
	case label == "us-ascii" || undeclared[label]:
		return decodeUndeclared(b)
	case label == "utf-16":
		return decodeUTF16(b)
	case isASCII(b) && !statefulCharset(label):
		if lookUpCharset(label) == nil {
			return string(b), charsetUnknown
		}
		return string(b), charsetGood
	}
	out, verdict := transformed(b, label)
	if out == nil {
		s, _ := decodeUndeclared(b)
		return s, verdict
	}
	return string(out), verdict
}

// DecodeCharset decodes bytes of a declared charset to valid UTF-8. ok is false
// where b is not in that charset, or the label is not known and b is more than
// ASCII; the text is then a guess.
func DecodeCharset(b []byte, label string) (text string, ok bool) {
	text, verdict := decodeCharset(b, label)
	return text, verdict == charsetGood || verdict == charsetAbsent || verdict == charsetUnknown && isASCII(b)
}

// transformed decodes a charset with a table; nil where there is none, or b is not of it.
func transformed(b []byte, label string) ([]byte, charsetVerdict) {
	enc := lookUpCharset(label)
	if enc == nil {
		return nil, charsetUnknown
	}
	// An eighth is room for the letters of western texts.
	out, _, err := transform.Append(enc.NewDecoder(), make([]byte, 0, len(b)+len(b)/8+64), b)
	if err != nil {
		return nil, charsetBad
	}
	if bytes.Contains(out, []byte("\uFFFD")) {
		return out, charsetBad
	}
	return out, charsetGood
}

func lookUpCharset(label string) encoding.Encoding {
	switch label {
	case "windows-1252", "us-ascii":
		return charmap.Windows1252
	case "utf-16":
		return unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
	}
	if enc, err := ianaindex.MIME.Encoding(label); err == nil && enc != nil {
		return enc
	}
	if enc, err := htmlindex.Get(label); err == nil {
		return enc
	}
	if enc, err := ianaindex.MIME.Encoding("cs" + label); err == nil {
		return enc
	}
	return nil
}

// statefulCharset tells of charsets in which ASCII bytes may mean something else.
func statefulCharset(label string) bool {
	return strings.HasPrefix(label, "iso-2022") || strings.HasPrefix(label, "utf-16") || strings.HasPrefix(label, "utf-32") || strings.HasPrefix(label, "hz") || strings.HasPrefix(label, "ibm") || strings.HasPrefix(label, "ebcdic") || label == "replacement"
}

func validUTF8(b []byte) (string, charsetVerdict) {
	if utf8.Valid(b) {
		return string(b), charsetGood
	}
	return strings.ToValidUTF8(string(b), "\uFFFD"), charsetBad
}

func decodeUndeclared(b []byte) (string, charsetVerdict) {
	switch {
	case isASCII(b):
		return string(b), charsetGood
	case utf8.Valid(b):
		return string(b), charsetAbsent
	}
	return fromWindows1252(b), charsetAbsent
}

func fromWindows1252(b []byte) string {
	out, err := charmap.Windows1252.NewDecoder().Bytes(b)
	if err != nil {
		return strings.ToValidUTF8(string(b), "\uFFFD")
	}
	return string(out)
}

// isASCII looks at eight bytes at a time: it runs over every text.
func isASCII(b []byte) bool {
	for ; len(b) >= 8; b = b[8:] {
		if binary.LittleEndian.Uint64(b)&0x8080808080808080 != 0 {
			return false
		}
	}
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// decodeText is decodeCharset with every line end made LF; most texts, which
// are UTF-8 or ASCII, are copied once.
func decodeText(b []byte, label string) (string, charsetVerdict) {
	clean := cleanLabel(label)
	if clean == "utf-8" && utf8.Valid(b) || clean != "utf-7" && !statefulCharset(clean) && isASCII(b) && (undeclared[clean] || lookUpCharset(clean) != nil) {
		return newlines(b), charsetGood
	}
	if clean != "utf-7" && clean != "utf-16" && clean != "utf-8" && clean != "us-ascii" && !undeclared[clean] {
		if out, verdict := transformed(b, clean); out != nil {
			return newlines(out), verdict
		}
	}
	s, verdict := decodeCharset(b, label)
	if strings.IndexByte(s, '\r') >= 0 {
		s = newlines([]byte(s))
	}
	return s, verdict
}
