package message

import (
	"bytes"
	"strings"
)

// sniffedStart is how much of a file's start is looked at, bytes.
const sniffedStart = 16

// signatures are the starts of files that a type can be told by.
var signatures = []struct{ start, kind string }{
	{"MZ", "application/vnd.microsoft.portable-executable"},
	{"\x7FELF", "application/x-elf"},
	{"%PDF-", "application/pdf"},
	{"\x89PNG\r\n", "image/png"},
	{"\xFF\xD8\xFF", "image/jpeg"},
	{"GIF8", "image/gif"},
	{"PK\x03\x04", "application/zip"},
	{"Rar!\x1A\x07", "application/vnd.rar"},
	{"7z\xBC\xAF\x27\x1C", "application/x-7z-compressed"},
	{"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "application/x-ole-storage"},
	{"{\\rtf", "application/rtf"},
}

// noteSniffed names a file whose bytes are of another kind than it says. Types
// that say nothing of the kind, and kinds that are containers of the type, pass.
func (p *Part) noteSniffed(start []byte) {
	for _, s := range signatures {
		if bytes.HasPrefix(start, []byte(s.start)) && contradicts(p.MediaType, s.kind) {
			p.mail.found.add(p.at, CodeTypeDiffers, "part %s says %s, its bytes are %s", p.Path, p.MediaType, s.kind)
			return
		}
	}
}

// contradicts reports whether a declared type cannot be of the kind found.
func contradicts(declared, kind string) bool {
	program := strings.HasSuffix(kind, "executable") || strings.HasSuffix(kind, "elf")
	switch {
	case declared == kind:
		return false
	case strings.HasPrefix(declared, "image/"):
		return !strings.HasPrefix(kind, "image/")
	case strings.HasPrefix(declared, "text/"):
		// A text may well start with MZ, or be RTF, which is text.
		return kind != "application/rtf" && kind != signatures[0].kind
	case strings.HasPrefix(declared, "audio/"), strings.HasPrefix(declared, "video/"), declared == "application/pdf":
		return true
	case strings.Contains(declared, "officedocument"), strings.Contains(declared, "opendocument"), declared == "application/zip", declared == "application/msword", declared == "application/rtf":
		return program || kind == "application/pdf"
	}
	return false
}
