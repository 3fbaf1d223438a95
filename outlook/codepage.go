package outlook

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"example.org/imap-integration/message"
)

// codePageWestern is what RTF is in when it does not say.
const codePageWestern = 1252

// codePageLabel returns the charset label of a Windows code page, as [message.DecodeCharset] knows it.
func codePageLabel(number int) string {
	switch number {
	case 874:
		return "windows-874"
	case 1200:
		return "utf-16le"
	case 1201:
		return "utf-16be"
	case 1361:
		return "johab"
	case 10000:
		return "macintosh"
	case 10007:
		return "x-mac-cyrillic"
	case 20127:
		return "us-ascii"
	case 20866:
		return "koi8-r"
	case 20936:
		return "gbk"
	case 21866:
		return "koi8-u"
	case 38598:
		return "iso-8859-8"
	case 50225:
		return "euc-kr"
	case 52936:
		return "hz-gb-2312"
	case 65000:
		return "utf-7"
	}
	switch {
	case number >= 1250 && number <= 1258:
		return "windows-" + strconv.Itoa(number)
	case number >= 28591 && number <= 28606:
		return "iso-8859-" + strconv.Itoa(number-28590)
	}
	return "cp" + strconv.Itoa(number)
}

// decodeCodePage makes text in a code page UTF-8; 0 stands for one that is not
// known. ok is false where the text is not in it.
func decodeCodePage(data []byte, number int) (text string, ok bool) {
	label := codePageLabel(number)
	switch {
	case number == 0:
		label = ""
	case number >= 50220 && number <= 50222 && !bytes.Contains(data, []byte("\x1B$")):
		// The strings of a message whose Internet code page is ISO-2022-JP are in Shift JIS.
		label = "cp932"
	}
	return message.DecodeCharset(data, label)
}

// decodePlausible reads a text in the first of some code pages, in order of trust, in which it makes
// sense. ok is false where it makes sense in none, or only in UTF-8, which was not named; number is then the page that was taken.
func decodePlausible(data []byte, numbers []int) (text string, number int, ok bool) {
	isUTF8 := utf8.Valid(data)
	first, known := "", false
	for _, n := range numbers {
		text, ok := decodeCodePage(data, n)
		if ok && (n != asciiPage || isASCII(text)) && plausible(text) && (!isUTF8 || !singleByte(n) || isASCII(text)) {
			return text, n, true
		}
		if !known && (ok || number == 0) {
			first, number, known = text, n, ok
		}
	}
	switch {
	case len(numbers) == 0 || isUTF8:
		text, ok = decodeCodePage(data, 0)
		return text, number, ok && plausible(text) && len(numbers) == 0
	}
	return first, number, false
}

// asciiPage is US-ASCII, in which no text with other characters is.
const asciiPage = 20127

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
}

// singleByte tells of code pages in which any bytes are text: UTF-8 read in one is not noticed otherwise.
func singleByte(number int) bool {
	return number < 932 || number >= 1250 && number <= 1258 || number >= 20866 && number <= 28606
}

// plausible reports whether a text looks like one: no characters that no text has, and of the letters
// beyond ASCII most are in words of one script, and not three Latin ones in a row, as Cyrillic or Greek shows in a Western code page.
func plausible(text string) bool {
	letters, odd := 0, 0
	var w struct{ ascii, latin, other, run, longest int }
	end := func() {
		letters += w.latin + w.other
		if w.other > 0 && w.ascii+w.latin > 0 || w.longest >= 3 {
			odd += w.latin + w.other
		}
		w.ascii, w.latin, w.other, w.run, w.longest = 0, 0, 0, 0, 0
	}
	for _, r := range text {
		switch {
		case r == utf8.RuneError, r >= 0x80 && r < 0xA0, r >= 0xE000 && r < 0xF900:
			return false
		case r < utf8.RuneSelf && (r|0x20 < 'a' || r|0x20 > 'z'), r >= utf8.RuneSelf && !unicode.IsLetter(r):
			end()
		case r < utf8.RuneSelf:
			w.ascii++
			w.run = 0
		case unicode.Is(unicode.Latin, r):
			w.latin++
			w.run++
			w.longest = max(w.longest, w.run)
		case r < 0x3000: // the scripts of single-byte code pages
			w.other++
			w.run = 0
		}
	}
	end()
	return 2*odd <= letters
}

// decodeUTF16 reads little-endian UTF-16, in which Outlook writes its strings.
func decodeUTF16(data []byte) string { return message.UTF16(data, binary.LittleEndian) }

// codePageOfLocale is the ANSI code page of a Windows locale identifier, by its language; 0 for Western European ones.
func codePageOfLocale(id int) int {
	switch id & 0xFFFF { // languages that are written in two scripts
	case 0x0C1A, 0x1C1A, 0x201A, 0x281A, 0x301A, 0x082C, 0x0843: // Serbian, Bosnian, Azerbaijani, Uzbek in Cyrillic
		return 1251
	case 0x042C, 0x0443: // the last two in Latin
		return 1254
	}
	switch id & 0x3FF {
	case 0x01, 0x20, 0x29:
		return 1256
	case 0x02, 0x19, 0x22, 0x23, 0x28, 0x2F, 0x3F, 0x40, 0x44, 0x50, 0x6D:
		return 1251
	case 0x05, 0x0E, 0x15, 0x18, 0x1A, 0x1B, 0x1C, 0x24:
		return 1250
	case 0x04:
		if id &= 0xFFFF; id == 0x0404 || id == 0x0C04 || id == 0x1404 {
			return 950
		}
		return 936
	case 0x08:
		return 1253
	case 0x0D:
		return 1255
	case 0x11:
		return 932
	case 0x12:
		return 949
	case 0x1E:
		return 874
	case 0x1F:
		return 1254
	case 0x25, 0x26, 0x27:
		return 1257
	case 0x2A:
		return 1258
	}
	return 0
}
