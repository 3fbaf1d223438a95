// Package packing turns an email into what the rows of a database hold, and
// back: the record as JSON without its bodies, the two bodies and the raw email,
// each compressed into S2 blocks where that saves something. Every store with
// tables of its own uses it, so that they keep the same bytes. Packing is done on
// any goroutine, ahead of the save. What comes out again is exactly what went in,
// or an error that wraps ErrDamaged: a value that was changed on the disk never
// comes out as another text, and never needs more memory than its limit.
package packing

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/klauspost/compress/s2"
)

const (
	// packFrom is the size in bytes from which compressing is tried.
	packFrom = 256
	// maxBody bounds a packed body, in bytes. The largest emails have some 150 MB.
	maxBody = 1 << 30
)

// ErrDamaged marks what cannot be what was stored.
var ErrDamaged = errors.New("the store is damaged")

// Pack compresses a value into one S2 block of its own memory. packed is false
// where that saves less than an eighth (a file in base64, a small value): reading
// it back would be for nothing. block is then nil.
func Pack(data []byte) (block []byte, packed bool) {
	if len(data) < packFrom {
		return nil, false
	}
	scratch := borrow()
	defer scratches.Put(scratch)
	*scratch = slices.Grow((*scratch)[:0], s2.MaxEncodedLen(len(data)))
	encoded := s2.Encode((*scratch)[:cap(*scratch)], data)
	if len(encoded) > len(data)-len(data)/8 {
		return nil, false
	}
	return bytes.Clone(encoded), true
}

// packText is Pack for a text; what it returns where packed is false is the text.
func packText(text string) (stored []byte, packed bool) {
	scratch := borrow()
	defer scratches.Put(scratch)
	*scratch = append((*scratch)[:0], text...)
	if stored, packed = Pack(*scratch); !packed {
		stored = append([]byte{}, *scratch...) // never nil, which would be NULL
	}
	return stored, packed
}

// scratches hold what is copied once its size is known.
var scratches sync.Pool

func borrow() *[]byte {
	if scratch, _ := scratches.Get().(*[]byte); scratch != nil {
		return scratch
	}
	return new([]byte)
}

// Unpack undoes Pack for a value of at most limit bytes. What it returns does
// not share memory with stored where packed is true.
func Unpack(stored []byte, packed bool, limit int) ([]byte, error) {
	if !packed {
		return stored, nil
	}
	n, err := s2.DecodedLen(stored)
	if err == nil && n > limit {
		err = fmt.Errorf("it says that it has %d bytes", n)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: a packed value cannot be read: %w", ErrDamaged, err)
	}
	data, err := s2.Decode(nil, stored)
	if err != nil {
		return nil, fmt.Errorf("%w: a packed value cannot be read: %w", ErrDamaged, err)
	}
	return data, nil
}
