package local

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/klauspost/compress/s2"

	"example.org/imap-integration/soar"
)

const (
	// packFrom is the size in bytes from which compressing is tried.
	packFrom = 256
	// maxBody bounds a packed body, in bytes. The largest emails have some 150 MB.
	maxBody = 1 << 30
)

var errDamaged = errors.New("the store is damaged")

// pack compresses a value into one S2 block of its own memory. packed is false
// where that saves less than an eighth (a file in base64, a small value): reading
// it back would be for nothing. block is then nil.
func pack(data []byte) (block []byte, packed bool) {
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

// packText is pack for a text; what it returns where packed is false is the text.
func packText(text string) (stored []byte, packed bool) {
	scratch := borrow()
	defer scratches.Put(scratch)
	*scratch = append((*scratch)[:0], text...)
	if stored, packed = pack(*scratch); !packed {
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

// unpack undoes pack for a value of at most limit bytes. What it returns does
// not share memory with stored where packed is true.
func unpack(stored []byte, packed bool, limit int) ([]byte, error) {
	if !packed {
		return stored, nil
	}
	n, err := s2.DecodedLen(stored)
	if err == nil && n > limit {
		err = fmt.Errorf("it says that it has %d bytes", n)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: a packed value cannot be read: %w", errDamaged, err)
	}
	data, err := s2.Decode(nil, stored)
	if err != nil {
		return nil, fmt.Errorf("%w: a packed value cannot be read: %w", errDamaged, err)
	}
	return data, nil
}

// The bits of records.packed.
const (
	packedText = 1 << iota
	packedHTML
)

// row is what an email becomes in the store, ready to be written.
type row struct {
	metadata   string // JSON without the bodies
	text, html []byte
	packed     int    // bits
	size       any    // bytes of the content; nil: there is none
	only       *chunk // the content, where it is one chunk and was packed ahead
}

// chunk is one row of contents.
type chunk struct {
	data   []byte
	packed bool
}

// rowOf makes the row of an email, without its content.
func rowOf(m *soar.Metadata) *row {
	r := &row{metadata: encode(m)}
	var packed bool
	if r.text, packed = packText(m.BodyText); packed {
		r.packed |= packedText
	}
	if r.html, packed = packText(m.BodyHTML); packed {
		r.packed |= packedHTML
	}
	return r
}

// rowOfDraft is rowOf with the size of the draft's content.
func rowOfDraft(d *soar.Draft) *row {
	r := rowOf(&d.Metadata)
	if d.Raw != nil {
		r.size = len(d.Raw)
	}
	return r
}

// Prepare does what a Save of this draft can do ahead, on any goroutine: it
// encodes and compresses. Content of one chunk is then held by d.Prepared alone
// and d.Raw is nil; larger content waits for Save, so that it is never held twice.
func (s *Store) Prepare(d *soar.Draft) {
	r := rowOfDraft(d)
	d.Prepared = r
	if d.Raw == nil || len(d.Raw) > chunkSize {
		return
	}
	data, packed := pack(d.Raw)
	if !packed {
		data = append([]byte{}, d.Raw...) // the caller may use the memory of Raw again
	}
	r.only, d.Raw = &chunk{data, packed}, nil
}
