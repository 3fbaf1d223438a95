package message

import (
	"sync"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/traditionalchinese"
)

// appendEUCJIS2004 reads EUC-JIS-2004 (JIS X 0213, appendix 3): EUC-JP with more
// kanji in plane 1, and plane 2 behind 0x8F.
func appendEUCJIS2004(out, b []byte) (_ []byte, bad bool) {
	for len(b) > 0 {
		n, plane := 2, 1
		switch {
		case b[0] < 0x80:
			out = append(out, b[0])
			b = b[1:]
			continue
		case b[0] == 0x8F:
			n, plane = 3, 2
		}
		if n > len(b) {
			return append(out, "\uFFFD"...), true
		}
		euc := b[:n]
		var known bool
		if euc[0] == 0x8E && euc[1] >= 0xA1 && euc[1] <= 0xDF {
			out, known = utf8.AppendRune(out, rune(euc[1])-0xA1+0xFF61), true
		} else {
			out, known = appendJISX0213(out, plane, int(euc[n-2])-0xA0, int(euc[n-1])-0xA0)
		}
		if !known {
			if euc[0] < 0xA1 || euc[1] < 0xA1 { // no pair: the ASCII behind it stays
				n = 1
			}
			out, bad = append(out, "\uFFFD"...), true
		}
		b = b[n:]
	}
	return out, bad
}

// appendShiftJIS2004 reads Shift_JIS-2004 (JIS X 0213, appendix 1).
func appendShiftJIS2004(out, b []byte) (_ []byte, bad bool) {
	for len(b) > 0 {
		c := b[0]
		switch {
		case c < 0x80:
			out = append(out, c)
			b = b[1:]
			continue
		case c >= 0xA1 && c <= 0xDF:
			out = utf8.AppendRune(out, rune(c)-0xA1+0xFF61)
			b = b[1:]
			continue
		}
		known := false
		if len(b) > 1 && c >= 0x81 && c <= 0xFC && b[1] >= 0x40 && b[1] != 0x7F && b[1] <= 0xFC {
			plane, row, cell := shiftedPlace(c, b[1])
			out, known = appendJISX0213(out, plane, row, cell)
		}
		n := 2
		if !known {
			out, bad, n = append(out, "\uFFFD"...), true, 1
		}
		b = b[n:]
	}
	return out, bad
}

// shiftedPlace is where the two bytes of Shift_JIS-2004 stand in JIS X 0213.
func shiftedPlace(first, second byte) (plane, row, cell int) {
	s, t := int(first), int(second)
	if t > 0x7F {
		t--
	}
	cell = t - 0x40 + 1
	half := 0
	if cell > 94 {
		cell, half = cell-94, 1
	}
	switch {
	case s < 0xA0:
		return 1, (s-0x81)*2 + 1 + half, cell
	case s < 0xF0:
		return 1, (s-0xC1)*2 + 1 + half, cell
	case s < 0xF5:
		return 2, [...]int{1, 8, 3, 4, 5, 12, 13, 14, 15, 78}[(s-0xF0)*2+half], cell
	}
	return 2, (s-0xF5)*2 + 79 + half, cell
}

// appendJISX0213 appends a character of JIS X 0213; known is false where the place is empty.
func appendJISX0213(out []byte, plane, row, cell int) (_ []byte, known bool) {
	if row < 1 || row > 94 || cell < 1 || cell > 94 {
		return out, false
	}
	switch r := jisx0213Table()[plane-1][row-1][cell-1]; r {
	case '\uE000':
		return append(out, jisx0213Pairs[plane*10000+row*100+cell]...), true
	case utf8.RuneError:
		return out, false
	default:
		return utf8.AppendRune(out, r), true
	}
}

// setTable is a set of 94 rows of 94 characters, U+FFFD for none.
type setTable [94][94]rune

// tableOf is what the two-byte characters of an EUC charset are.
func tableOf(enc encoding.Encoding) (t setTable) {
	for row := range t {
		for cell := range t[row] {
			t[row][cell] = utf8.RuneError
			if decoded, bad := appendDecoded(nil, enc, []byte{byte(0xA1 + row), byte(0xA1 + cell)}); !bad {
				t[row][cell], _ = utf8.DecodeRune(decoded)
			}
		}
	}
	return t
}

// jisx0213Table is both planes of JIS X 0213, made when the first text asks.
var jisx0213Table = sync.OnceValue(func() *[2]setTable {
	t := &[2]setTable{tableOf(japanese.EUCJP)}
	for row := range t[1] {
		for cell := range t[1][row] {
			t[1][row][cell] = utf8.RuneError
		}
	}
	for at, characters := range jisx0213 {
		cell := 0
		for _, r := range characters {
			if r != utf8.RuneError {
				t[at/100-1][at%100-1][cell] = r
			}
			cell++
		}
	}
	return t
})

var ksx1001Table = sync.OnceValue(func() *setTable {
	t := tableOf(korean.EUCKR)
	return &t
})

// cnsTable is planes 1 and 2 of CNS 11643, which are Big5 in another order.
var cnsTable = sync.OnceValue(func() *[2]setTable {
	var t [2]setTable
	for plane := range t {
		for at := range 94 * 94 {
			t[plane][at/94][at%94] = utf8.RuneError
		}
	}
	for _, run := range cnsRuns {
		for i := range run[3] {
			place := run[2] + i
			trail := 0x40 + place%157
			if trail >= 0x7F {
				trail += 0xA1 - 0x7F
			}
			decoded, _ := appendDecoded(nil, traditionalchinese.Big5, []byte{byte(0xA1 + place/157), byte(trail)})
			t[run[0]-1][(run[1]+i)/94][(run[1]+i)%94], _ = utf8.DecodeRune(decoded)
		}
	}
	for start, characters := range cnsOthers {
		at := start[1]
		for _, r := range characters {
			t[start[0]-1][at/94][at%94] = r
			at++
		}
	}
	return &t
})

// appendCNS appends a character of CNS 11643 by its bytes in EUC; known is false where
// there is none, or the plane (from 0) is one that only names of people are in.
func appendCNS(out []byte, plane int, first, second byte) (_ []byte, known bool) {
	row, cell := int(first)-0xA1, int(second)-0xA1
	if plane > 1 || row < 0 || row >= 94 || cell < 0 || cell >= 94 {
		return out, false
	}
	r := cnsTable()[plane][row][cell]
	if r == utf8.RuneError {
		return out, false
	}
	return utf8.AppendRune(out, r), true
}

// appendEUCTW reads EUC-TW: CNS 11643, its other planes behind 0x8E and their number.
func appendEUCTW(out, b []byte) (_ []byte, bad bool) {
	for len(b) > 0 {
		n, plane := 2, 0
		switch {
		case b[0] < 0x80:
			out = append(out, b[0])
			b = b[1:]
			continue
		case b[0] == 0x8E && len(b) >= 4 && b[1] >= 0xA1 && b[1] <= 0xB0:
			n, plane = 4, int(b[1])-0xA1
		}
		known := false
		if n <= len(b) {
			out, known = appendCNS(out, plane, b[n-2], b[n-1])
		}
		if !known {
			if n > len(b) || b[n-2] < 0xA1 || b[n-1] < 0xA1 { // no pair: the ASCII behind it stays
				n = 1
			}
			out, bad = append(out, "\uFFFD"...), true
		}
		b = b[n:]
	}
	return out, bad
}

// The letters of Johab (KS X 1001, annex 3) by their five bits: -1 for a filler, -2 for none.
var (
	johabInitial = [32]int{-2, -1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, -2, -2, -2, -2, -2, -2, -2, -2, -2, -2, -2}
	johabVowel   = [32]int{-2, -2, -1, 0, 1, 2, 3, 4, -2, -2, 5, 6, 7, 8, 9, 10, -2, -2, 11, 12, 13, 14, 15, 16, -2, -2, 17, 18, 19, 20, -2, -2}
	johabFinal   = [32]int{-2, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, -2, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, -2, -2}
)

const (
	jamoInitial = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
	jamoFinal   = "ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ"
)

// appendJohab reads Johab, which spells Hangul by its letters.
func appendJohab(out, b []byte) (_ []byte, bad bool) {
	for len(b) > 0 {
		if b[0] < 0x80 {
			out = append(out, b[0])
			b = b[1:]
			continue
		}
		known := false
		if len(b) > 1 {
			if b[0] < 0xD8 {
				out, known = appendHangul(out, int(b[0])<<8|int(b[1]))
			} else {
				out, known = appendJohabSymbol(out, int(b[0]), int(b[1]))
			}
		}
		n := 2
		if !known {
			out, bad, n = append(out, "\uFFFD"...), true, 1
		}
		b = b[n:]
	}
	return out, bad
}

func appendHangul(out []byte, code int) (_ []byte, known bool) {
	initial, vowel, final := johabInitial[code>>10&31], johabVowel[code>>5&31], johabFinal[code&31]
	switch {
	case initial == -2 || vowel == -2 || final == -2:
		return out, false
	case initial >= 0 && vowel >= 0:
		return utf8.AppendRune(out, rune(0xAC00+(initial*21+vowel)*28+final)), true
	case initial >= 0 && final == 0:
		return utf8.AppendRune(out, []rune(jamoInitial)[initial]), true
	case initial < 0 && vowel >= 0 && final == 0:
		return utf8.AppendRune(out, rune(0x314F+vowel)), true
	case initial < 0 && vowel < 0 && final > 0:
		return utf8.AppendRune(out, []rune(jamoFinal)[final-1]), true
	}
	return out, false
}

// appendJohabSymbol reads what Johab takes from KS X 1001, two rows to a first byte.
func appendJohabSymbol(out []byte, first, second int) (_ []byte, known bool) {
	row := 2 * (first - 0xD9)
	if first >= 0xE0 {
		row = 2*first - 0x197
	}
	cell := second - 0x31
	if second >= 0x91 {
		cell = second - 0x43
	}
	if second < 0x31 || second > 0x7E && second < 0x91 || row < 0 {
		return out, false
	}
	if cell >= 94 {
		row, cell = row+1, cell-94
	}
	if row >= 94 || cell >= 94 {
		return out, false
	}
	r := ksx1001Table()[row][cell]
	if r == utf8.RuneError {
		return out, false
	}
	return utf8.AppendRune(out, r), true
}
