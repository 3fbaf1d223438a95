package soar

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// ID names an email or an attachment in Cloud SOAR. Most stores count (42); some
// give texts, such as UUIDs. Either way it is a text here, of characters that stand
// in a path as they are, and in JSON a number is what looks like one. "" is none.
type ID string

// maxID is the most bytes of an id.
const maxID = 128

// NumberID is the id that a counting store gives.
func NumberID(n int64) ID { return ID(strconv.FormatInt(n, 10)) }

// Number returns the number that an id is written as: positive, without a sign or
// leading zeros. ok is false for every other id.
func (id ID) Number() (n int64, ok bool) {
	if id == "" || id[0] < '1' || id[0] > '9' {
		return 0, false
	}
	n, err := strconv.ParseInt(string(id), 10, 64)
	return n, err == nil
}

// Valid reports whether a text can be an id: a positive number, or letters,
// digits and - . _ ~ (RFC 3986, section 2.3) that are not digits alone.
func (id ID) Valid() bool {
	if _, isNumber := id.Number(); isNumber {
		return true
	}
	letters := false
	for _, c := range []byte(id) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z':
			letters = true
		case '0' <= c && c <= '9', c == '-', c == '.', c == '_', c == '~':
		default:
			return false
		}
	}
	return letters && len(id) <= maxID
}

// Scan takes an id out of a database whose keys are numbers ([database/sql.Scanner]).
func (id *ID) Scan(key any) error {
	n, ok := key.(int64)
	if !ok {
		return fmt.Errorf("an id is of the type %T", key)
	}
	*id = NumberID(n)
	return nil
}

// Compare orders ids for a reader: numbers by value, other texts behind them.
func (id ID) Compare(other ID) int {
	m, isNumber := id.Number()
	n, isNumberToo := other.Number()
	switch {
	case isNumber && isNumberToo:
		return cmp.Compare(m, n)
	case isNumber:
		return -1
	case isNumberToo:
		return 1
	}
	return cmp.Compare(id, other)
}

// aged is what lists hold: things with an id, and perhaps a time.
type aged interface {
	name() ID
	created() string // RFC 3339; "" where it is not known
}

// compareAge orders things by the time at which the store made them: by their ids
// where it counts, else by the time that it gives. 0 also where neither tells.
func compareAge(a, b aged) int {
	m, counted := a.name().Number()
	n, countedToo := b.name().Number()
	if counted && countedToo {
		return cmp.Compare(m, n)
	}
	at, err := time.Parse(time.RFC3339, a.created())
	than, errToo := time.Parse(time.RFC3339, b.created())
	if err != nil || errToo != nil {
		return 0
	}
	return at.Compare(than)
}

// MarshalJSON writes a number where the id is one; null where there is none.
func (id ID) MarshalJSON() ([]byte, error) {
	if id == "" {
		return []byte("null"), nil
	}
	if _, ok := id.Number(); ok {
		return []byte(id), nil
	}
	return json.Marshal(string(id))
}

// UnmarshalJSON takes a number or a text. What else a server sends is kept as it
// is, and not [ID.Valid].
func (id *ID) UnmarshalJSON(data []byte) error {
	var text string
	switch {
	case bytes.Equal(data, []byte("null")):
	case data[0] == '"':
		if err := json.Unmarshal(data, &text); err != nil {
			return err
		}
	default:
		text = string(data)
	}
	*id = ID(text)
	return nil
}

// NoRecord is the error of an id that a store does not have. It is [ErrNotFound],
// in a sentence that says it once.
func NoRecord(what string, id ID) error { return noRecord{what, id} }

type noRecord struct {
	what string
	id   ID
}

func (e noRecord) Error() string {
	return "there is no " + e.what + " with the id " + string(e.id) + "; check it"
}

func (e noRecord) Is(target error) bool { return target == ErrNotFound }
