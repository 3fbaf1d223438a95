// Package message reads a mail as mail really is: tolerant, bounded and
// linear. It is pure: no clock, no network, no files.
//
// Parse finds the structure in one pass over the raw bytes; parts are slices of
// them. Contents are decoded when they are asked for. What is wrong with a mail
// is data: it stands in Problems, and the reading goes on. Where a mail is so
// broken that programs differ in what they show, it is read in the other ways
// too, and what they find is added.
package message

// Parse reads a mail. It never fails as a whole: what is wrong stands in
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

// ParseHeader reads a header block alone (a mail's headers as fetched for the
// filters, or the start of a mail too large to fetch). The Message has no body
// and no attachments.
func ParseHeader(block []byte, limits Limits) *Message {
	m := newMessage(block, limits)
	s := newScanner(reader{limits: limits, shared: &parseState{}}, block, m)
	m.Header, _ = s.header(0, 0, true)
	s.checkHeader(0)
	return m
}
