package console

import (
	"net/url"
	"strconv"
	"strings"
)

// untrusted ends the name of what is downloaded from an email, so that no double click opens it.
const untrusted = ".untrusted"

// maxName bounds a file name, bytes; file systems take 255.
const maxName = 150

func printable(r rune) bool { return strconv.IsPrint(r) }

func escaped(r rune) string {
	quoted := strconv.QuoteRune(r)
	return quoted[1 : len(quoted)-1]
}

// disposition is a Content-Disposition with a name that is no path, has no
// character that turns the reading direction, and keeps its end (RFC 6266, RFC 8187).
func disposition(name string) string {
	name = fileName(name)
	ascii := strings.Map(func(r rune) rune {
		if r > '~' || r == '%' {
			return '_'
		}
		return r
	}, name)
	return `attachment; filename="` + ascii + `"; filename*=UTF-8''` + strings.ReplaceAll(url.QueryEscape(name), "+", "%20")
}

func fileName(name string) string {
	name = strings.Map(func(r rune) rune {
		switch {
		case !printable(r), strings.ContainsRune(`/\:*?"<>|;`, r):
			return '_'
		}
		return r
	}, strings.ToValidUTF8(name, "_"))
	if len(name) > maxName { // the end says what it is
		name = strings.ToValidUTF8(name[len(name)-maxName:], "")
	}
	name = strings.TrimLeft(name, " .")
	if name == "" {
		return "file"
	}
	return name
}
