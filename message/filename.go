package message

import (
	"fmt"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxFilename is the longest safe file name, bytes.
const maxFilename = 200

// SafeFilename makes a name that a file can have on any system from one that a
// email gives: the last element of a path, without control, direction and
// reserved characters, no device name of Windows, at most 200 bytes with its
// extension kept, never empty, not hidden, not an option of a command.
func SafeFilename(name string) string {
	name = norm.NFC.String(strings.ToValidUTF8(name, "_"))
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	name = norm.NFC.String(strings.Map(safeRune, name)) // what was between is gone
	name = strings.TrimLeft(name, " .-~")
	name = strings.TrimRight(name, " .")
	name = strings.TrimRight(shorten(name, maxFilename), " .")
	if stem, _, _ := strings.Cut(name, "."); reservedName(strings.TrimRight(stem, " ")) {
		name = shorten("_"+name, maxFilename)
	}
	if name == "" {
		return "unnamed"
	}
	return name
}

// safeRune drops what is invisible and replaces what a file system or shell reads as its own.
func safeRune(r rune) rune {
	switch {
	case unicode.IsControl(r), unicode.Is(unicode.Cf, r), r == '\u2028', r == '\u2029', r >= 0xFE00 && r <= 0xFE0F:
		return -1
	case strings.ContainsRune(`<>:"|?*/\%`+"`$", r):
		return '_'
	case unicode.IsSpace(r):
		return ' '
	}
	return r
}

// reservedName reports the device names of Windows, which no extension makes harmless.
func reservedName(stem string) bool {
	switch s := strings.ToUpper(stem); s {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$":
		return true
	default:
		digit, ok := strings.CutPrefix(s, "COM")
		if !ok {
			digit, ok = strings.CutPrefix(s, "LPT")
		}
		return ok && utf8.RuneCountInString(digit) == 1 && strings.Contains("0123456789¹²³", digit)
	}
}

// shorten cuts a name to limit bytes on a character boundary and keeps a short extension.
func shorten(name string, limit int) string {
	if len(name) <= limit {
		return name
	}
	ext := path.Ext(name)
	if len(ext) > 20 {
		ext = ""
	}
	n := limit - len(ext)
	for n > 0 && !utf8.RuneStart(name[n]) {
		n--
	}
	return name[:n] + ext
}

// FilenameSet gives out safe file names that differ from each other on file
// systems that ignore case. The zero value is empty and ready.
type FilenameSet struct{ taken map[string]bool }

// Unique returns SafeFilename(name), with a number in front of its extension
// where that name is taken: "a.pdf", "a (2).pdf".
func (s *FilenameSet) Unique(name string) string {
	if s.taken == nil {
		s.taken = map[string]bool{}
	}
	name = SafeFilename(name)
	ext := path.Ext(name)
	if len(ext) > 20 {
		ext = ""
	}
	stem := strings.TrimSuffix(name, ext)
	for n, try := 2, name; ; n++ {
		if key := strings.ToLower(norm.NFC.String(try)); !s.taken[key] {
			s.taken[key] = true
			return try
		}
		number := fmt.Sprintf(" (%d)", n)
		try = shorten(stem, maxFilename-len(ext)-len(number)) + number + ext
	}
}
