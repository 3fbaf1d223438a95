// Package message reads an email as email really is.
//
// RFC 5322 and MIME (RFC 2045 to 2049) say what a message looks like. What arrives
// was written by programs that do not obey, cut and re-folded by servers on its way, or
// made by somebody who wants a scanner to see another message than its reader does:
// two boundaries, an encoding that only some programs know, a file name in three
// spellings, a charset label that hides the text behind it.
//
// So nothing is refused. [Parse] finds the structure in one pass over the raw bytes, of
// which parts are slices; contents are decoded when they are asked for. What is odd is
// data: it stands in Problems under a code of docs/problems.md, and the reading goes on.
// Where programs differ in what they show, the email is read in their ways too and what
// only they find is added, so that nothing a person could see is missing.
//
// Time is linear in the size of the email, memory and nesting are bounded ([Limits]),
// every string is valid UTF-8, and the package is pure: no clock, no network, no files.
package message

// Parse reads an email. It never fails as a whole: what is wrong stands in
// Problems. raw must not change while the Message is in use.
func Parse(raw []byte, limits Limits) *Message {
	m := newMessage(raw, limits)
	*m.digests = digestFactor*len(raw) + digestSpare
	st := read(m, reading{}, "")
	if st.ambiguous {
		crossCheck(m, st)
	}
	return m
}

// ParseHeader reads a header block alone (an email's headers as fetched for the
// filters, or the start of an email too large to fetch). The Message has no body
// and no attachments.
func ParseHeader(block []byte, limits Limits) *Message {
	m := newMessage(block, limits)
	s := newScanner(reader{limits: limits, shared: &parseState{}}, block, m)
	m.Header, _ = s.header(0, 0, true)
	s.checkHeader(0)
	return m
}
