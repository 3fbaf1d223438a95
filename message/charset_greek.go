package message

import "unicode/utf8"

// greekCapitals reports whether bytes are Greek capitals in EBCDIC (cp875), which are where ASCII
// has letters: with spaces or small letters between them, nothing that EBCDIC has no
// character for, and more of them than of marks.
func greekCapitals(b []byte) bool {
	capitals, others, beyond := 0, 0, 0
	for _, c := range b {
		switch {
		case c == '@' || c >= utf8.RuneSelf: // a space, or small letters and digits
			beyond++
		case c >= 0x41 && c <= 0x49, c >= 0x51 && c <= 0x59, c >= 0x62 && c <= 0x69, c >= 0x71 && c <= 0x78 && c != 0x74:
			capitals++
		case c >= ' ' && c < '@' && c != '%': // no character; 0x25 ends a line
			return false
		case c >= ' ':
			others++
		}
	}
	return beyond > 0 && capitals > others
}
