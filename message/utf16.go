package message

import (
	"bytes"
	"encoding/binary"
	"strings"
	stdunicode "unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// decodeUTF16 decodes text that is declared as UTF-16, in most cases without
// saying in which byte order. RFC 2781, section 4.3 says big-endian where there is no mark; what
// really comes is little-endian more often (and browsers read it so), so the order that
// makes sense counts. ASCII under any of these labels is taken for what it is.
func decodeUTF16(b []byte, label string) (string, charsetVerdict) {
	verdict := charsetOrder
	order := binary.ByteOrder(binary.LittleEndian)
	switch {
	case bytes.HasPrefix(b, []byte("\xFF\xFE")):
		b, verdict = b[2:], charsetGood
	case bytes.HasPrefix(b, []byte("\xFE\xFF")):
		b, order, verdict = b[2:], binary.BigEndian, charsetGood
	case len(b) == 0:
		return "", charsetGood
	case mostlyASCII(b):
		s, _ := decodeUndeclared(b)
		return s, charsetBad
	case label == "utf-16le":
		verdict = charsetGood
	case label == "utf-16be":
		order, verdict = binary.BigEndian, charsetGood
	case plausibility(b, 1) > plausibility(b, 0):
		order = binary.BigEndian
	}
	text := UTF16(b, order)
	if len(b)%2 != 0 {
		return text + "\uFFFD", charsetBad
	}
	if strings.ContainsRune(text, utf8.RuneError) { // half a pair of surrogates
		verdict = charsetBad
	}
	return text, verdict
}

// UTF16 decodes UTF-16 whose byte order is known, mark included if there is one. A
// surrogate without its other half becomes U+FFFD; a last odd byte is left out.
func UTF16(b []byte, order binary.ByteOrder) string {
	out := make([]byte, 0, len(b)/2+utf8.UTFMax)
	for len(b) >= 2 {
		r := rune(order.Uint16(b))
		b = b[2:]
		if utf16.IsSurrogate(r) {
			low := rune(0)
			if len(b) >= 2 {
				low = rune(order.Uint16(b))
			}
			if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
				b = b[2:]
			}
		}
		out = utf8.AppendRune(out, r)
	}
	return string(out)
}

// decodeUTF32 decodes UTF-32: by its mark, its label, or the order in which it can be text.
func decodeUTF32(b []byte, label string) (string, charsetVerdict) {
	if mostlyASCII(b) {
		s, _ := decodeUndeclared(b)
		return s, charsetBad
	}
	order, verdict := binary.ByteOrder(binary.LittleEndian), charsetGood
	switch {
	case bytes.HasPrefix(b, []byte("\x00\x00\xFE\xFF")), label == "utf-32be":
		order = binary.BigEndian
	case bytes.HasPrefix(b, []byte("\xFF\xFE\x00\x00")), label == "utf-32le":
	case len(b) >= 4:
		verdict = charsetOrder
		if b[0] == 0 && b[3] != 0 {
			order = binary.BigEndian
		}
	}
	out := make([]byte, 0, len(b)/2)
	for ; len(b) >= 4; b = b[4:] {
		u := order.Uint32(b)
		if r := rune(u); u > stdunicode.MaxRune || !utf8.ValidRune(r) {
			out, verdict = append(out, "\uFFFD"...), charsetBad
		} else {
			out = utf8.AppendRune(out, r)
		}
	}
	if len(b) > 0 {
		verdict = charsetBad
	}
	return string(out), verdict
}

// mostlyASCII reports whether text that is declared as UTF-16 or UTF-32 is none:
// no control characters, which those have among their bytes, and nine of ten bytes printable.
func mostlyASCII(b []byte) bool {
	printable := 0
	for _, c := range b {
		switch {
		case controlCharacter(rune(c)):
			return false
		case c < 0x7F:
			printable++
		}
	}
	return 10*printable >= 9*len(b) && len(b) > 0
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
