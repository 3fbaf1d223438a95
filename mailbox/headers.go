package mailbox

import (
	"fmt"
	"strings"

	"example.org/imap-integration/mailbox/imapwire"
	"example.org/imap-integration/quote"
)

const (
	// headersAtOnce is how many emails' header fields one command asks for: a set of
	// as many UIDs fits a line.
	headersAtOnce = 500
	// maxFieldNames keeps the command line within what servers take.
	maxFieldNames = 200
	// largestHeader is the largest answer that is read at all; of it maxHeaderBlock is kept.
	largestHeader = 64 << 20
)

// fieldsSection is the section that holds the named fields.
func fieldsSection(names []string) (string, error) {
	if len(names) == 0 || len(names) > maxFieldNames {
		return "", fmt.Errorf("%d header fields asked for, which must be 1 to %d", len(names), maxFieldNames)
	}
	quoted := make([]string, len(names))
	for i, name := range names {
		// RFC 5322, section 2.2; a bracket would end the section for many parsers.
		if strings.ContainsFunc(name, func(c rune) bool { return c <= ' ' || c >= 0x7f || c == ':' || c == ']' }) || name == "" {
			return "", fmt.Errorf("%q is no name of a header field that can be asked for", quote.Line(name, imapwire.MaxTold))
		}
		quoted[i] = strings.ToUpper(name)
		if !imapwire.IsAtom(name) {
			quoted[i] = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(quoted[i]) + `"`
		}
	}
	return "BODY.PEEK[HEADER.FIELDS (" + strings.Join(quoted, " ") + ")]", nil
}
