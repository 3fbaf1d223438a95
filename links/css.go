package links

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// css takes the url() and the @import of a style (CSS Syntax Level 3, section 4).
func (c *collector) css(style, remark string) {
	imports := false // the next string is what is imported
	images := false  // strings are pictures, within image-set() (CSS Images Level 4, section 2.4)
	for i := 0; i < len(style); {
		switch ch := style[i]; {
		case strings.HasPrefix(style[i:], "/*"):
			end := strings.Index(style[i+2:], "*/")
			if end < 0 {
				return
			}
			i += end + 4
		case ch == '"' || ch == '\'':
			value, n := cssString(style[i:])
			if imports || images {
				c.target(value, source{"css", false}, remark)
				imports = false
			}
			i += n
		case ch == '@':
			name, n := cssName(style[i+1:])
			imports = strings.EqualFold(name, "import")
			i += n + 1
		case cssLetter(ch):
			name, n := cssName(style[i:])
			i += n
			if i < len(style) && style[i] == '(' && (strings.EqualFold(name, "url") || strings.EqualFold(name, "src")) {
				value, n, bad := cssURL(style[i+1:])
				why := remark
				if bad && why == "" {
					why = remarkStyle
				}
				c.target(value, source{"css", false}, why)
				imports = false
				i += n + 1
			}
			images = images && !strings.EqualFold(name, "type") || strings.HasPrefix(style[i:], "(") && strings.HasSuffix(strings.ToLower(name), "image-set")
		case ch == ';' || ch == '{' || ch == '}':
			imports, images = false, false
			i++
		default:
			i++
		}
	}
}

func cssLetter(c byte) bool {
	return c == '-' || c == '_' || c == '\\' || c >= utf8.RuneSelf || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'
}

// cssName reads a name, escapes decoded, and says how long it is.
func cssName(s string) (string, int) {
	var b strings.Builder
	i := 0
	for i < len(s) && cssLetter(s[i]) {
		if s[i] != '\\' {
			b.WriteByte(s[i])
			i++
			continue
		}
		if i+1 >= len(s) || s[i+1] == '\n' {
			return b.String(), i + 1
		}
		r, n := cssEscape(s[i+1:])
		b.WriteRune(r)
		i += n + 1
	}
	return b.String(), i
}

// cssEscape reads what follows a backslash.
func cssEscape(s string) (rune, int) {
	n := 0
	for n < len(s) && n < 6 && strings.IndexByte("0123456789abcdefABCDEF", s[n]) >= 0 {
		n++
	}
	if n == 0 {
		r, size := utf8.DecodeRuneInString(s)
		return r, size
	}
	code, err := strconv.ParseUint(s[:n], 16, 32)
	r := rune(code)
	if err != nil || code == 0 || code > utf8.MaxRune || !utf8.ValidRune(r) {
		r = utf8.RuneError
	}
	switch {
	case strings.HasPrefix(s[n:], "\r\n"):
		n += 2
	case n < len(s) && strings.IndexByte(spaces, s[n]) >= 0:
		n++
	}
	return r, n
}

// cssString reads a string with its quotes.
func cssString(s string) (string, int) {
	var b strings.Builder
	for i := 1; i < len(s); {
		switch c := s[i]; {
		case c == s[0]:
			return b.String(), i + 1
		case c == '\n':
			return "", i
		case c == '\\' && i+1 < len(s) && s[i+1] == '\n':
			i += 2
		case c == '\\' && i+1 < len(s):
			r, n := cssEscape(s[i+1:])
			b.WriteRune(r)
			i += n + 1
		default:
			b.WriteByte(c)
			i++
		}
	}
	return b.String(), len(s)
}

// cssURL reads what stands behind "url(", with the parenthesis that closes it.
// bad tells that a browser makes no URL of it, and leaves the declaration out.
func cssURL(s string) (value string, n int, bad bool) {
	start := len(s) - len(strings.TrimLeft(s, spaces))
	if start < len(s) && (s[start] == '"' || s[start] == '\'') {
		value, n := cssString(s[start:])
		return value, start + n, !strings.HasPrefix(strings.TrimLeft(s[start+n:], spaces), ")")
	}
	var b strings.Builder
	for i := start; i < len(s); {
		switch c := s[i]; {
		case c == ')':
			value = strings.TrimRight(b.String(), spaces)
			return value, i + 1, bad || strings.ContainsAny(value, spaces)
		case c == '\\' && i+1 < len(s):
			r, n := cssEscape(s[i+1:])
			b.WriteRune(r)
			i += n + 1
		default:
			bad = bad || c == '"' || c == '\'' || c == '(' || c < ' ' && strings.IndexByte(spaces, c) < 0 || c == 0x7f
			b.WriteByte(c)
			i++
		}
	}
	return strings.TrimRight(b.String(), spaces), len(s), bad
}
