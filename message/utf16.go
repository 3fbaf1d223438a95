package message

import (
	"bytes"
	stdunicode "unicode"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/unicode"
)

// decodeUTF16 decodes text that is declared as UTF-16 and not in which byte
// order. RFC 2781, section 4.3 says big-endian where there is no mark; what
// really comes is little-endian more often (and browsers read it so), so the order that
// makes sense counts. ASCII under this label is taken for what it is.
func decodeUTF16(b []byte) (string, charsetVerdict) {
	verdict := charsetOrder
	order := unicode.LittleEndian
	switch {
	case len(b) >= 2 && (b[0] == 0xFF && b[1] == 0xFE || b[0] == 0xFE && b[1] == 0xFF):
		verdict = charsetGood
	case len(b) == 0:
		return "", charsetGood
	case isASCII(b) && !bytes.ContainsFunc(b, controlCharacter):
		return string(b), charsetBad
	case plausibility(b, 1) > plausibility(b, 0):
		order = unicode.BigEndian
	}
	out, err := unicode.UTF16(order, unicode.UseBOM).NewDecoder().Bytes(b)
	if err != nil || !utf8.Valid(out) {
		s, _ := decodeUndeclared(b)
		return s, charsetBad
	}
	if len(b)%2 != 0 {
		verdict = charsetBad
	}
	return string(out), verdict
}

// controlCharacter is what no ASCII text has, and UTF-16 of most scripts (the high bytes of Thai, say).
func controlCharacter(r rune) bool { return r < ' ' && r != '\t' && r != '\n' && r != '\r' }

// plausible is how many code units are looked at.
const plausible = 2048

// plausibility tells how much a text looks like one in UTF-16 whose high bytes
// stand at the odd places (low 0: little-endian) or the even ones (low 1).
func plausibility(b []byte, low int) (score int) {
	for i := 0; i+1 < len(b) && i < 2*plausible; i += 2 {
		u := rune(b[i+1-low])<<8 | rune(b[i+low])
		switch {
		case u >= ' ' && u <= '~' || u == '\n' || u == '\r' || u == '\t':
			score += 4
		case u < 0x1100 && stdunicode.IsPrint(u), u >= 0x2010 && u <= 0x2027, u >= 0x3000 && u <= 0x30FF, u >= 0xFF00 && u <= 0xFFEF:
			score += 3 // alphabets, their punctuation, kana, full-width forms
		case u >= 0x4E00 && u <= 0x9FFF, u >= 0xAC00 && u <= 0xD7A3:
			score++
		case utf16.IsSurrogate(u):
		case !stdunicode.IsPrint(u):
			score -= 4
		}
	}
	return score
}
