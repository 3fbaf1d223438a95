package message

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
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

// appendDecoded appends b decoded to out; bad tells of bytes that the charset does not have.
func appendDecoded(out []byte, enc encoding.Encoding, b []byte) (_ []byte, bad bool) {
	start := len(out)
	out, _, err := transform.Append(enc.NewDecoder(), out, b)
	return out, err != nil || bytes.Contains(out[start:], []byte("\uFFFD"))
}
