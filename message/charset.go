package message

import (
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
)

// charsetAliases are labels in real email beside those of Python's codecs, as labelKey spells
// them, by the charset that is meant: often a superset of what the label's standard says.
var charsetAliases = map[string]string{
	"armscii-8":        "armscii8",
	"big5":             "bigfive cnbig5 windows950",
	"euc-jp":           "cp51932 eucjpms eucjpopen eucjpwin",
	"euc-kr":           "5601 cp51949 ksc56011989 mscp949 windows949",
	"euc-tw":           "cns11643 cp51950 euctw",
	"gb18030":          "cp54936",
	"gbk":              "cngb windows936",
	"georgian-academy": "georgianacademy",
	"georgian-ps":      "geostd8 georgianps",
	"ibm858":           "ibm00858 cp00858 ccsid00858 cspc858multilingual",
	"ibm1140":          "ibm01140 cp01140 ccsid01140",
	"iso-2022-cn":      "csiso2022cn iso2022cn iso2022cnext",
	"iso-2022-jp":      "cp50220 cp50220raw cp50221 cp50222 csiso2022jp2 iso2022jpms jis jisms",
	"iso-8859-15":      "iso8859151998",
	"iso-8859-2":       "88592 cp912 ibm912",
	"iso-8859-4":       "88594 cp914 ibm914",
	"iso-8859-5":       "88595 cp915 ibm915",
	"iso-8859-6":       "88596 cp1089 ibm1089 iso88596e iso88596i",
	"iso-8859-7":       "88597 cp813 ibm813",
	"iso-8859-8":       "88598 cp916 ibm916 iso88598e iso88598i",
	"koi8-r":           "koi koi8",
	"koi8-u":           "koi8ru",
	"macintosh":        "mac",
	"mik":              "mik bulgarianmik",
	"shift_jis":        "cswindows31j sjismac sjismobile sjisopen sjiswin windows31j windows932 xmsshiftjis",
	"tcvn":             "tcvn tcvn5712 tcvn57121 viettcvn5712",
	"us-ascii":         "ascii7bit ansix34",
	"utf-16":           "csunicode iso10646ucs2 ucs2 unicode",
	"utf-32":           "iso10646ucs4 ucs4",
	"utf-7":            "xunicode20utf7",
	"utf-8":            "iso10646utf8 utf8mac utf8mb4 utf8mobile xutf8j",
	"viscii":           "csviscii viscii viscii111",
	"windows-1250":     "cp5346 msee",
	"windows-1251":     "cp5347 mscyrl",
	"windows-1252":     "88591 ansi ansix31101983 cp5348 iso88591windows31latin1 msansi western xansi",
	"windows-1253":     "cp5349 msgreek",
	"windows-1254":     "88599 cp920 cp5350 ibm920 msturk",
	"windows-1255":     "cp5351 mshebr",
	"windows-1256":     "cp5352 msarab",
	"windows-1257":     "cp5353 winbaltrim",
	"windows-874":      "cp1162 dos874 ibm874 thai8 tis62025330 windows874",
	"x-mac-cyrillic":   "cp10007 macuk macukrainian msmaccyrillic",
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
	switch label {
	case "utf-8", "us-ascii", "windows-1252", "": // nearly all
		return label
	case "iso-8859-1":
		return "windows-1252"
	}
	names := charsetNames()
	key := labelKey(label)
	if name, ok := names[key]; ok {
		return name
	}
	if rest, ok := strings.CutPrefix(label, "x-"); ok {
		if name, ok := names[labelKey(rest)]; ok {
			return name
		}
	}
	return label
}

// labelKey is a label without what only spelling changes: EUC_KR and euc-kr are one.
func labelKey(label string) string {
	return strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' || '0' <= r && r <= '9' {
			return r
		}
		return -1
	}, label)
}

// charsetNames is the charset by the key of each label.
var charsetNames = sync.OnceValue(func() map[string]string {
	names := make(map[string]string, 512)
	for _, table := range []map[string]string{pythonLabels, charsetAliases} { // the second wins
		for name, labels := range table {
			for key := range strings.FieldsSeq(labels) {
				names[key] = name
			}
		}
	}
	return names
})

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
	case strings.HasPrefix(label, "utf-16"):
		return decodeUTF16(b, label)
	case strings.HasPrefix(label, "utf-32"):
		return decodeUTF32(b, label)
	case isASCII(b) && !statefulCharset(label):
		if !knownCharset(label) {
			return string(b), charsetUnknown
		}
		return string(b), charsetGood
	case ebcdic(label) && !ebcdicText(b, label):
		s, _ := decodeUndeclared(b)
		return s, charsetBad
	}
	out, verdict := transformed(nil, b, label)
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

// transformed decodes a charset with a table, into the memory of buf where that is
// large enough; nil where there is none, or b is not of it.
func transformed(buf, b []byte, label string) ([]byte, charsetVerdict) {
	// An eighth is room for the letters of western texts.
	out := slices.Grow(buf[:0], len(b)+len(b)/8+64)
	var bad bool
	switch {
	case strings.HasPrefix(label, "iso-2022-"):
		return decodeISO2022(b, label)
	case label == "johab":
		out, bad = appendJohab(out, b)
	case label == "euc-tw":
		out, bad = appendEUCTW(out, b)
	case label == "euc-jis-2004":
		out, bad = appendEUCJIS2004(out, b)
	case label == "shift-jis-2004":
		out, bad = appendShiftJIS2004(out, b)
	case byteTable(label) != "":
		out, bad = appendSingleByte(out, b, byteTable(label))
	default:
		enc := lookUpCharset(label)
		if enc == nil {
			return nil, charsetUnknown
		}
		out, bad = appendDecoded(out, enc, b)
	}
	if bad {
		return out, charsetBad
	}
	return out, charsetGood
}

// byteTable is the table of a single-byte charset that golang.org/x/text does not have.
func byteTable(label string) string {
	if table := singleByte[label]; table != "" {
		return table
	}
	return iconvTables[label]
}

// appendSingleByte reads a charset of one byte a character, by its table of 128 or 256.
func appendSingleByte(out, b []byte, table string) (_ []byte, bad bool) {
	var runes [256]rune
	at := 256 - utf8.RuneCountInString(table)
	for i := range at {
		runes[i] = rune(i)
	}
	for _, r := range table {
		runes[at] = r
		at++
	}
	for _, c := range b {
		bad = bad || runes[c] == utf8.RuneError
		out = utf8.AppendRune(out, runes[c])
	}
	return out, bad
}

// knownCharset reports whether there is a decoder for a label.
func knownCharset(label string) bool {
	switch label {
	case "johab", "euc-tw", "euc-jis-2004", "shift-jis-2004":
		return true
	}
	return strings.HasPrefix(label, "iso-2022-") || byteTable(label) != "" || lookUpCharset(label) != nil
}

func lookUpCharset(label string) encoding.Encoding {
	switch label {
	case "windows-1252", "us-ascii":
		return charmap.Windows1252
	case "ibm858":
		return charmap.CodePage858
	case "ibm1140":
		return charmap.CodePage1140
	case "replacement": // to browsers one U+FFFD; there is ASCII to read
		return nil
	}
	if enc, err := ianaindex.MIME.Encoding(label); err == nil && enc != nil {
		return enc
	}
	if enc, err := htmlindex.Get(label); err == nil && enc != encoding.Replacement {
		return enc
	}
	if enc, err := ianaindex.MIME.Encoding("cs" + label); err == nil {
		return enc
	}
	return nil
}

// statefulCharset tells of charsets in which ASCII bytes may mean something else.
func statefulCharset(label string) bool {
	return strings.HasPrefix(label, "iso-2022") || strings.HasPrefix(label, "utf-16") || strings.HasPrefix(label, "utf-32") || strings.HasPrefix(label, "hz") || ebcdic(label)
}

// ebcdic tells of charsets in which no letter is where ASCII has it.
func ebcdic(label string) bool {
	switch label {
	case "ibm037", "ibm1047", "ibm1140", "cp273", "cp424", "cp500", "cp875", "cp1026":
		return true
	}
	return strings.HasPrefix(label, "ebcdic")
}

// ebcdicText reports whether a text can be EBCDIC, whose letters and digits are
// bytes of 0x81 and above: a label alone may not make ASCII unreadable. Hebrew
// letters are below; what tells their text is the space, 0x40, and nothing where EBCDIC has no character.
func ebcdicText(b []byte, label string) bool {
	high, letters, spaces, none := 0, 0, 0, 0
	for _, c := range b {
		switch {
		case c >= utf8.RuneSelf:
			high++
		case c >= ' ' && c < '@', c >= 'p' && c < 'z' && c != 'q':
			letters, none = letters+1, none+1
		case c == '@':
			spaces++
		case c|0x20 >= 'a' && c|0x20 <= 'z':
			letters++
		}
	}
	return high > letters || label == "cp424" && spaces > 0 && none == 0 || label == "cp875" && greekCapitals(b)
}

// tabled reports whether a charset is decoded by transformed alone.
func tabled(label string) bool {
	return label != "utf-7" && label != "utf-8" && label != "us-ascii" && !strings.HasPrefix(label, "utf-16") && !strings.HasPrefix(label, "utf-32") && !ebcdic(label)
}

// decodeText is decodeCharset with every line end made LF; most texts, which
// are UTF-8 or ASCII, are copied once.
func decodeText(b []byte, label string) (string, charsetVerdict) {
	clean := cleanLabel(label)
	if clean == "utf-8" && utf8.Valid(b) || clean != "utf-7" && !statefulCharset(clean) && isASCII(b) && (undeclared[clean] || knownCharset(clean)) {
		return newlines(b), charsetGood
	}
	if tabled(clean) && !undeclared[clean] {
		buf := borrow()
		defer decodeBuffers.Put(buf)
		if out, verdict := transformed(*buf, b, clean); out != nil {
			keep(buf, out)
			return newlines(out), verdict
		}
	}
	s, verdict := decodeCharset(b, label)
	if strings.IndexByte(s, '\r') >= 0 {
		s = newlines([]byte(s))
	}
	return s, verdict
}
