package message

import (
	"strings"
	"unicode/utf8"
)

// hasControl reports control characters (tab aside) and those that change the
// direction of what a person reads.
func hasControl(s string) bool {
	for _, r := range s {
		switch {
		case r < ' ' && r != '\t', r >= 0x7F && r < 0xA0, r >= 0x202A && r <= 0x202E, r >= 0x2066 && r <= 0x2069:
			return true
		}
	}
	return false
}

// unfold takes out the line breaks of a folded value (RFC 5322, section 2.2.3)
// and the spaces around it.
func unfold(raw string) string {
	if strings.IndexByte(raw, '\n') < 0 && strings.IndexByte(raw, '\r') < 0 {
		return strings.Trim(raw, " \t")
	}
	var out strings.Builder
	out.Grow(len(raw))
	for raw != "" {
		i := strings.IndexByte(raw, '\n')
		if i < 0 {
			i = len(raw)
		}
		line := strings.TrimSuffix(raw[:i], "\r")
		if strings.IndexByte(line, '\r') >= 0 {
			line = strings.ReplaceAll(line, "\r", "")
		}
		out.WriteString(line)
		raw = raw[min(i+1, len(raw)):]
	}
	return strings.Trim(out.String(), " \t")
}

// dropComments takes the comments (RFC 5322, section 3.2.2) out of a
// structured value, those inside quoted strings aside. An unclosed one is kept.
func dropComments(s string) (string, bool) {
	if strings.IndexByte(s, '(') < 0 {
		return s, false
	}
	var b strings.Builder
	depth, start, quoted := 0, 0, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && (quoted || depth > 0):
			i++
		case c == '"' && depth == 0:
			quoted = !quoted
		case quoted:
		case c == '(':
			if depth == 0 {
				b.WriteString(s[start:i])
				start = i
			}
			depth++
		case c == ')' && depth > 0:
			if depth--; depth == 0 {
				start = i + 1
				b.WriteByte(' ')
			}
		}
	}
	b.WriteString(s[start:])
	return b.String(), true
}

// squeeze takes the comments and the spaces outside quotes out of an addr-spec.
func squeeze(s string) string {
	s, _ = dropComments(s)
	s = strings.TrimSpace(s)
	if !strings.ContainsAny(s, " \t") || strings.ContainsRune(s, '"') {
		return s
	}
	return strings.Join(strings.Fields(s), "")
}

func cutPrefixFold(s, prefix string) (string, bool) {
	if len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix) {
		return s[len(prefix):], true
	}
	return s, false
}

// lowerASCII keeps the length of s, whatever it holds.
func lowerASCII(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

func cutAny(s, chars string) string {
	if i := strings.IndexAny(s, chars); i >= 0 {
		return s[:i]
	}
	return s
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isLetter(c byte) bool { return 'a' <= c && c <= 'z' }

// oneLine takes the line breaks out of what encoded-words hide: a header value is one line.
func oneLine(s string) string {
	if !strings.ContainsAny(s, "\r\n") {
		return s
	}
	return strings.NewReplacer("\r\n", " ", "\r", " ", "\n", " ").Replace(s)
}

func isToken(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] <= ' ' || s[i] >= utf8.RuneSelf || strings.IndexByte(`()<>@,;:\"/[]?=`, s[i]) >= 0 {
			return false
		}
	}
	return s != ""
}

// isEncodedWord reports whether s is nothing but encoded-words.
func isEncodedWord(s string) bool {
	return strings.HasPrefix(s, "=?") && strings.HasSuffix(s, "?=")
}
