package mailbox

import (
	"slices"
	"strings"

	"example.org/imap-integration/filters"
	"example.org/imap-integration/mailbox/imapwire"
)

// IsPattern reports whether a name in a list of folders may stand for others than
// itself: it has a * or names a special use (\Junk).
func IsPattern(name string) bool {
	return strings.Contains(name, "*") || strings.HasPrefix(name, `\`)
}

// sameFolder compares names of folders; INBOX is one in any case (RFC 9051, section 5.1).
func sameFolder(a, b string) bool {
	return a == b || strings.EqualFold(a, "INBOX") && strings.EqualFold(b, "INBOX")
}

// fitting returns the folders that can be opened and fit a pattern, sorted.
func fitting(pattern string, listed []imapwire.ListResponse) []string {
	var names []string
	for _, l := range listed {
		fits := filters.Like(pattern, l.Name)
		if strings.HasPrefix(pattern, `\`) {
			fits = slices.ContainsFunc(l.Attributes, func(a string) bool { return strings.EqualFold(a, pattern) })
		}
		if fits && !l.NoSelect {
			names = append(names, l.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// IsKeyword reports whether a text can be a keyword: an atom (RFC 9051, section 9).
func IsKeyword(text string) bool { return imapwire.IsAtom(text) }
