package message

// reader is one email, or a nested one, being read in one way. What is wrong is noted
// in the message at hand; what all readers of the email may spend stands in shared.
type reader struct {
	m      *Message // whose parts are being read
	limits Limits
	how    reading
	shared *parseState
}

// parseState is what the scanners of one email share.
type parseState struct {
	parts     int       // leaves so far
	order     int       // headers so far: the place of problems
	search    int       // bytes that guesses may still look at
	decode    int       // bytes of encoded messages that may still be decoded
	full      bool      // the limit of parts was reached
	near      bool      // a line that only starts like a delimiter was seen
	bareCR    bool      // lines that matter end in CR alone
	ambiguous bool      // a structural problem: other readers may see another email
	wanted    []reading // other readings that would show something else
}

// reading is one way to read an email where programs differ. The zero value is the first one.
type reading struct {
	prefix    bool // a line that only starts with a boundary is a delimiter
	last      bool // the last of several Content- fields counts
	pick      int  // of several boundaries that occur, the one to take
	earlyBody bool // the body starts at the first line that is no field
	lateBody  bool // fields after the empty line belong to the header
	composite bool // a part of another type whose boundary occurs in it is a multipart
	indented  bool // spaces in front of a delimiter are none
	encoded   bool // a Content-Transfer-Encoding that names base64 among other things is base64
}

// maxReadings bounds how many further readings are tried.
const maxReadings = 6

func (st *parseState) want(r reading) {
	st.ambiguous = true
	for _, x := range st.wanted {
		if x == r {
			return
		}
	}
	if len(st.wanted) < maxReadings {
		st.wanted = append(st.wanted, r)
	}
}

func (r *reader) note(at int, code, format string, args ...any) {
	r.m.found.add(at, code, format, args...)
}

// noteBareCR says once that CR alone ended a line that matters.
func (r *reader) noteBareCR(at int) {
	if !r.shared.bareCR {
		r.shared.bareCR = true
		r.note(at, CodeBareCR, "lines of a header, or delimiter lines, end in CR alone")
	}
}

// structural notes a problem that makes other readers see another structure.
func (r *reader) structural(at int, code, format string, args ...any) {
	r.shared.ambiguous = true
	r.note(at, code, format, args...)
}

func (r *reader) mayDecode(n int) bool {
	r.shared.decode -= n
	return r.shared.decode >= 0
}

func (r reading) String() string {
	switch {
	case r.prefix:
		return "with delimiters that go on behind the boundary"
	case r.last:
		return "with the last of several fields"
	case r.earlyBody:
		return "with the body from the first line that is no field"
	case r.lateBody:
		return "with the fields behind the empty line"
	case r.composite:
		return "as multipart where a boundary is given"
	case r.indented:
		return "with blanks in front of delimiters"
	case r.encoded:
		return "with base64 where that is named"
	}
	return "with another boundary"
}
