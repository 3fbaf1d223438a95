package pdf

import (
	"bytes"
	"strconv"

	"example.org/imap-integration/content/file/held"
)

// Bounds of the look at what a file says of its encryption.
const (
	maxCandidates = 16       // dictionaries, and identifiers: a file has one of each, or two that are the same
	maxNesting    = 4        // dictionaries in each other
	maxLock       = 64 << 10 // bytes
)

// lock is an encryption dictionary (ISO 32000-2, section 7.6.2) as far as it tells
// whether a password fits.
type lock struct {
	standard         bool            // the security handler is the standard one, which takes passwords
	revision, length int             // length in bits
	permissions      int64           // P, 32 bits with a sign or without
	owner, user      []byte          // O and U
	ownerKey         []byte          // OE
	userKey          []byte          // UE
	places           map[string]span // of R, U and UE in the file
	identifiers      [][]byte        // what may be the first half of the trailer's ID
}

// span is where something stands in a file.
type span struct{ from, to int }

// locked reports whether a file is encrypted so that none of the passwords, the empty one
// among them, opens it. It looks for the dictionary in the bytes as they are: neither
// it nor the trailer that names it may lie in a compressed stream (section 7.5.7). Where the trailer is
// found that the end of the file leads to, it alone tells: the same words in a comment, in a string and in
// an object that nothing refers to are none that a reader asks.
func locked(data []byte, passwords []held.Password, b *held.Budget) bool {
	for _, l := range namedLocks(data) {
		if _, fits := l.opens(passwords, b); !fits {
			return true
		}
	}
	return false
}

// namedLocks are the encryption dictionaries that the trailer names; all of them where no trailer is found.
func namedLocks(data []byte) (all []lock) {
	if t := trailer(data); t >= 0 {
		return trailerLocks(data, t)
	}
	trailers := looseTrailers(data)
	for _, t := range trailers {
		all = append(all, trailerLocks(data, t)...)
	}
	if len(trailers) == 0 {
		return locks(data)
	}
	return all
}

// tableAt is where the cross-reference table begins, or the object that is one, that the last startxref of
// a file leads to, whatever was appended to the file; -1 without one.
func tableAt(data []byte) int {
	i := bytes.LastIndex(data, []byte("startxref"))
	if i < 0 {
		return -1
	}
	digits, _ := integer(data[i+len("startxref"):])
	at, err := strconv.Atoi(digits)
	if err != nil || at <= 0 || at >= i { // 0 stands in the first part of a file for the web: its end is another
		return -1
	}
	table := skipSpace(data[at:i])
	number, rest := integer(table)
	_, rest = integer(rest)
	if bytes.HasPrefix(table, []byte("xref")) || number != "" && bytes.HasPrefix(skipSpace(rest), []byte("obj")) {
		return at
	}
	return -1
}

// trailer is where the dictionary begins that the last startxref of a file leads to: that behind a
// cross-reference table, or that of the stream in its place (sections 7.5.5 and 7.5.8). -1 without one.
func trailer(data []byte) int {
	at := tableAt(data)
	if at < 0 {
		return -1
	}
	rest := skipSpace(data[at:])
	if table, ok := bytes.CutPrefix(rest, []byte("xref")); ok {
		rest, ok = bytes.CutPrefix(bytes.TrimLeft(table, "0123456789nf\x00\t\n\f\r "), []byte("trailer"))
		if !ok {
			return -1
		}
	} else {
		_, rest = integer(rest)
		_, rest = integer(rest)
		rest = bytes.TrimPrefix(skipSpace(rest), []byte("obj"))
	}
	rest = skipSpace(rest)
	isTable := bytes.HasPrefix(skipSpace(data[at:]), []byte("xref"))
	end := eachEntry(rest[:min(len(rest), maxLock)], 0, func(key string, _ int, value []byte) {
		kind, _ := nameAt(value)
		isTable = isTable || key == "Type" && kind == "XRef"
	})
	if end < 0 || !isTable {
		return -1
	}
	return len(data) - len(rest)
}

// looseTrailers are where the last dictionaries behind the word trailer begin, for a file whose end leads to none.
func looseTrailers(data []byte) (all []int) {
	const word, longest = "trailer", 256 // bytes of a line in which a comment is looked for
	for at := len(data); len(all) < maxCandidates; {
		if at = bytes.LastIndex(data[:at], []byte(word)); at < 0 {
			break
		}
		line := data[max(0, at-longest):at]
		comment := bytes.LastIndexByte(line, '%') > bytes.LastIndexAny(line, "\r\n")
		if rest := skipSpace(data[at+len(word):]); !comment && bytes.HasPrefix(rest, []byte("<<")) {
			all = append(all, len(data)-len(rest))
		}
	}
	return all
}

// trailerLocks is the encryption dictionary of the trailer that begins at a place.
func trailerLocks(data []byte, at int) (all []lock) {
	eachEntry(data[at:min(len(data), at+maxLock)], 0, func(key string, from int, _ []byte) {
		if key != "Encrypt" {
			return
		}
		if dict := referred(data, data[at+from:]); dict >= 0 {
			all = []lock{newLock(data, dict)} // the last counts, where a key is there twice
		}
	})
	return all
}

// locks are all the encryption dictionaries that a file may have, that of its trailer first.
func locks(data []byte) (all []lock) {
	if t := trailer(data); t >= 0 {
		all = trailerLocks(data, t)
	}
	for at := 0; len(all) < maxCandidates; {
		if at = nextName(data, at, "Encrypt"); at < 0 {
			break
		}
		if dict := referred(data, data[at:]); dict >= 0 {
			all = append(all, newLock(data, dict))
		}
	}
	return all
}

// referred is where the dictionary begins that a value is, or that it refers to ("7 0 R"): at the
// end of the file where that is not there, and -1 where the value is neither.
func referred(data, value []byte) int {
	value = skipSpace(value)
	if bytes.HasPrefix(value, []byte("<<")) {
		return len(data) - len(value)
	}
	number, rest := integer(value)
	generation, rest := integer(rest)
	if number == "" || generation == "" || !bytes.HasPrefix(skipSpace(rest), []byte("R")) {
		return -1
	}
	for at := len(data); ; { // the last one counts: updates are appended
		if at = bytes.LastIndex(data[:at], []byte(number)); at < 0 {
			return len(data)
		}
		again, rest := integer(data[at+len(number):])
		if (at == 0 || data[at-1] < '0' || data[at-1] > '9') && again == generation {
			if rest, found := bytes.CutPrefix(skipSpace(rest), []byte("obj")); found {
				return len(data) - len(skipSpace(rest))
			}
		}
	}
}

// newLock reads the dictionary that begins at a place of the file.
func newLock(data []byte, at int) lock {
	l := lock{length: 40, identifiers: identifiers(data), places: map[string]span{}}
	eachEntry(data[at:min(len(data), at+maxLock)], 0, func(key string, from int, value []byte) {
		n, _ := integer(value)
		number, _ := strconv.Atoi(n)
		s, read := bytesAt(value)
		switch key {
		case "Filter":
			filter, _ := nameAt(value)
			l.standard = filter == "Standard"
		case "R":
			l.revision, read = number, len(n)-1
		case "Length":
			l.length = number
		case "P":
			l.permissions, _ = strconv.ParseInt(n, 10, 64)
		case "O":
			l.owner = s
		case "U":
			l.user = s
		case "OE":
			l.ownerKey = s
		case "UE":
			l.userKey = s
		}
		l.places[key] = span{at + from, at + from + read + 1}
	})
	return l
}

// identifiers are the first halves of what the trailers of a file call it (section 14.4).
func identifiers(data []byte) (all [][]byte) {
	for at := 0; len(all) < maxCandidates; {
		if at = nextName(data, at, "ID"); at < 0 {
			break
		}
		if array, ok := bytes.CutPrefix(skipSpace(data[at:]), []byte("[")); ok {
			id, _ := bytesAt(skipSpace(array[:min(len(array), maxString)]))
			all = append(all, id)
		}
	}
	return append(all, nil) // a file without one is encrypted as if it were empty
}

// nextName is where the next of these names ends, -1 without one. Its letters may be
// written as numbers (section 7.3.5).
func nextName(data []byte, from int, want string) int {
	for at := from; ; {
		i := bytes.IndexByte(data[at:], '/')
		if i < 0 {
			return -1
		}
		at += i
		if name, n := nameAt(data[at:]); name == want {
			return at + n
		}
		at++
	}
}

// nameAt is the name that data begins with, its numbers made letters, and its length as written.
func nameAt(data []byte) (name string, length int) {
	const longest = 127 // of a name, and no more than that is looked at
	if len(data) == 0 || data[0] != '/' {
		return "", 0
	}
	out := make([]byte, 0, longest+1)
	i := 1
	for ; i < len(data) && len(out) <= longest && regular(data[i]); i++ {
		c := data[i]
		if c == '#' && i+2 < len(data) {
			if v, err := strconv.ParseUint(string(data[i+1:i+3]), 16, 8); err == nil {
				c, i = byte(v), i+2
			}
		}
		out = append(out, c)
	}
	return string(out), i
}

// regular reports whether a byte is part of a name or a number (section 7.2.3).
func regular(c byte) bool { return bytes.IndexByte([]byte("\x00\t\n\f\r ()<>[]{}/%"), c) < 0 }

// skipSpace passes over spaces and comments.
func skipSpace(data []byte) []byte {
	for {
		data = bytes.TrimLeft(data, "\x00\t\n\f\r ")
		if len(data) == 0 || data[0] != '%' {
			return data
		}
		end := bytes.IndexAny(data, "\r\n")
		if end < 0 {
			return nil
		}
		data = data[end:]
	}
}

// integer is the number that data begins with behind spaces, "" where none is.
func integer(data []byte) (digits string, rest []byte) {
	data = skipSpace(data)
	n := 0
	for n < min(len(data), 12) && (data[n] >= '0' && data[n] <= '9' || n == 0 && data[n] == '-') {
		n++
	}
	return string(data[:n]), data[n:]
}

// eachEntry gives the entries of a dictionary and where their values begin in it, and returns where it ends, -1 where it does not.
func eachEntry(dict []byte, depth int, entry func(key string, from int, value []byte)) int {
	at := 2
	if !bytes.HasPrefix(dict, []byte("<<")) || depth > maxNesting {
		return -1
	}
	for at < len(dict) {
		at = len(dict) - len(skipSpace(dict[at:]))
		if bytes.HasPrefix(dict[at:], []byte(">>")) {
			return at + 2
		}
		key, n := nameAt(dict[at:])
		if n == 0 {
			return -1
		}
		value := skipSpace(dict[at+n:])
		at = len(dict) - len(value)
		entry(key, at, value)
		n = valueLength(value, depth)
		if n <= 0 {
			return -1
		}
		at += n
	}
	return -1
}

// valueLength is how long the value is that data begins with, up to the next name or the dictionary's end.
func valueLength(data []byte, depth int) int {
	switch {
	case len(data) == 0:
		return -1
	case bytes.HasPrefix(data, []byte("<<")):
		return eachEntry(data, depth+1, func(string, int, []byte) {})
	case data[0] == '(' || data[0] == '<':
		_, n := stringAt(data)
		return n + 1
	case data[0] == '[':
		return arrayLength(data, depth)
	case data[0] == '/':
		_, n := nameAt(data)
		return n
	}
	return bytes.IndexAny(data, "/>") // a number, a reference or a word
}

// arrayLength is how long the array is that data begins with, -1 where it does not end.
func arrayLength(data []byte, depth int) int {
	if depth > maxNesting {
		return -1
	}
	for at := 1; at < len(data); {
		rest := skipSpace(data[at:])
		at = len(data) - len(rest)
		n := 0
		switch {
		case len(rest) == 0:
			return -1
		case rest[0] == ']':
			return at + 1
		case bytes.IndexByte([]byte("<([/"), rest[0]) >= 0:
			n = valueLength(rest, depth+1)
		default:
			for n < len(rest) && regular(rest[n]) {
				n++
			}
		}
		if n <= 0 {
			return -1
		}
		at += n
	}
	return -1
}
