package imapwire

import (
	"encoding/base64"
	"errors"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// mailboxBase64 is the alphabet of RFC 3501, section 5.1.3.
var mailboxBase64 = base64.NewEncoding("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,").WithPadding(base64.NoPadding)

var errMailboxName = errors.New("a folder name is valid UTF-8 without CR, LF or NUL, and not longer than 1,000 bytes")

// MaxMailboxName is well below every server's limit of a line.
const MaxMailboxName = 1000

// EncodeMailboxName writes a folder name as a quoted string in modified UTF-7 (RFC
// 3501, section 5.1.3), which every server understands; go-imap's encoder of
// it is internal, and the command must be at hand before the login (see login.go).
func EncodeMailboxName(name string) (string, error) {
	if name == "" || len(name) > MaxMailboxName || !utf8.ValidString(name) || strings.ContainsAny(name, "\r\n\x00") {
		return "", errMailboxName
	}
	var b strings.Builder
	b.WriteByte('"')
	var run []rune
	flush := func() {
		if len(run) == 0 {
			return
		}
		var raw []byte
		for _, u := range utf16.Encode(run) {
			raw = append(raw, byte(u>>8), byte(u))
		}
		b.WriteString("&" + mailboxBase64.EncodeToString(raw) + "-")
		run = run[:0]
	}
	for _, r := range name {
		if r < 0x20 || r > 0x7e {
			run = append(run, r)
			continue
		}
		flush()
		switch r {
		case '&':
			b.WriteString("&-")
		case '"', '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		default:
			b.WriteRune(r)
		}
	}
	flush()
	b.WriteByte('"')
	return b.String(), nil
}

// decodeMailboxName reads a name of a LIST response; what is not modified UTF-7 stays as it is.
func decodeMailboxName(s string) string {
	var b strings.Builder
	for rest := s; rest != ""; {
		before, after, found := strings.Cut(rest, "&")
		b.WriteString(before)
		if !found {
			break
		}
		code, tail, ended := strings.Cut(after, "-")
		if !ended {
			return s
		}
		rest = tail
		if code == "" {
			b.WriteByte('&')
			continue
		}
		raw, err := mailboxBase64.DecodeString(code)
		if err != nil || len(raw)%2 != 0 {
			return s
		}
		units := make([]uint16, len(raw)/2)
		for i := range units {
			units[i] = uint16(raw[2*i])<<8 | uint16(raw[2*i+1])
		}
		b.WriteString(string(utf16.Decode(units)))
	}
	return b.String()
}
