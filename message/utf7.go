package message

import (
	"strings"
	"unicode/utf16"
)

// decodeUTF7 decodes UTF-7 (RFC 2152): what is between + and - is UTF-16 in
// base64 without padding; any other character ends it too.
func decodeUTF7(b []byte) (string, charsetVerdict) {
	var out strings.Builder
	verdict := charsetGood
	for i := 0; i < len(b); {
		if b[i] != '+' {
			if b[i] < 0x80 {
				out.WriteByte(b[i])
			} else {
				out.WriteRune('\uFFFD')
				verdict = charsetBad
			}
			i++
			continue
		}
		end := i + 1
		for end < len(b) && base64Value[b[end]] < 64 {
			end++
		}
		if !writeUTF7Run(&out, b[i+1:end], end < len(b) && b[end] == '-') {
			verdict = charsetBad
		}
		if i = end; i < len(b) && b[i] == '-' {
			i++
		}
	}
	return out.String(), verdict
}

func writeUTF7Run(out *strings.Builder, run []byte, closed bool) bool {
	if len(run) == 0 {
		out.WriteByte('+')
		return closed
	}
	units := make([]uint16, 0, len(run)*6/16)
	var acc uint32
	var bits int
	for _, c := range run {
		acc = acc<<6 | uint32(base64Value[c])
		if bits += 6; bits >= 16 {
			bits -= 16
			units = append(units, uint16(acc>>bits))
		}
	}
	good := bits < 6 && acc&(1<<bits-1) == 0
	for _, r := range utf16.Decode(units) {
		if r == '\uFFFD' {
			good = false
		}
		out.WriteRune(r)
	}
	return good
}
