package filters

// Term is one search key of RFC 9051, section 6.4.4, with its value.
type Term struct {
	Key   string // FROM, TO, SUBJECT, TEXT or HEADER
	Field string // the header's name, for HEADER
	Value string // substring; "" with HEADER: the header exists
}

// Query is what a server may be asked to narrow a search by: all of the
// groups, and of each group at least one term. The empty Query asks nothing.
type Query [][]Term
