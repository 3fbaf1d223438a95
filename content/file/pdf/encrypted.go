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
// it nor the trailer that names it may lie in a compressed stream (section 7.5.7).
func locked(data []byte, passwords []held.Password, b *held.Budget) bool {
	for _, l := range locks(data) {
		if _, fits := l.opens(passwords, b); !fits {
			return true
		}
	}
	return false
}

// locks are the encryption dictionaries that the trailers of a file name.
func locks(data []byte) (all []lock) {
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
		return bytes.IndexByte(data, ']') + 1
	case data[0] == '/':
		_, n := nameAt(data)
		return n
	}
	return bytes.IndexAny(data, "/>") // a number, a reference or a word
}
