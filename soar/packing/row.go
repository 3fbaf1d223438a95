package packing

import (
	"encoding/json"
	"iter"
	"slices"

	"example.org/imap-integration/soar"
)

// ChunkSize bounds what one row holds of a raw email, in bytes. Drivers and
// databases each copy a value that is bound, so an email of 50 MiB in one row
// would cost three times its size.
const ChunkSize = 1 << 20

// The bits of Row.Packed.
const (
	packedText = 1 << iota
	packedHTML
)

// Row is what an email becomes in a database, ready to be written.
type Row struct {
	Metadata   string // JSON without the bodies
	Text, HTML []byte // never nil
	Packed     int    // bits: which of the two are S2 blocks
	Size       any    // bytes of the content, an int or an int64; nil: there is none
	Only       *Chunk // the content, where it is one chunk and was packed ahead
}

// Chunk is a piece of a raw email as it is stored.
type Chunk struct {
	Data   []byte
	Packed bool
}

// RowOf makes the row of an email, without its content.
func RowOf(m *soar.Metadata) *Row {
	r := &Row{Metadata: encode(m)}
	var packed bool
	if r.Text, packed = packText(m.BodyText); packed {
		r.Packed |= packedText
	}
	if r.HTML, packed = packText(m.BodyHTML); packed {
		r.Packed |= packedHTML
	}
	return r
}

// RowOfDraft is what Prepare made of a draft, else RowOf with the size of its content.
func RowOfDraft(d *soar.Draft) *Row {
	if r, ahead := d.Prepared.(*Row); ahead {
		return r
	}
	r := RowOf(&d.Metadata)
	if d.Raw != nil {
		r.Size = len(d.Raw)
	}
	return r
}

// Prepare does what a save of this draft can do ahead, on any goroutine: it
// encodes and compresses. Content of one chunk is then held by d.Prepared alone
// and d.Raw is nil; larger content waits for the save, so that it is never held twice.
func Prepare(d *soar.Draft) {
	r := RowOfDraft(d)
	d.Prepared = r
	if d.Raw == nil || len(d.Raw) > ChunkSize {
		return
	}
	c := PackChunk(d.Raw)
	if !c.Packed {
		c.Data = append([]byte{}, d.Raw...) // the caller may use the memory of Raw again
	}
	r.Only, d.Raw = &c, nil
}

// PackChunk packs a piece of content; where that does not help, Data is piece itself.
func PackChunk(piece []byte) Chunk {
	if data, packed := Pack(piece); packed {
		return Chunk{data, true}
	}
	return Chunk{piece, false}
}

// Metadata undoes RowOf for what a database gave back.
func Metadata(metadata, text, html []byte, packed int) (m soar.Metadata, err error) {
	if err = json.Unmarshal(metadata, &m); err != nil {
		return m, err
	}
	if err = unpackInto(&m.BodyText, text, packed&packedText != 0); err != nil {
		return m, err
	}
	err = unpackInto(&m.BodyHTML, html, packed&packedHTML != 0)
	m.Normalize()
	return m, err
}

func unpackInto(to *string, stored []byte, packed bool) error {
	text, err := Unpack(stored, packed, maxBody)
	*to = string(text)
	return err
}

// encode writes the JSON of a record without the bodies, which have columns of their own.
func encode(m *soar.Metadata) string {
	short := *m
	short.BodyText, short.BodyHTML = "", ""
	scratch := borrow()
	defer scratches.Put(scratch)
	*scratch = short.AppendJSON((*scratch)[:0])
	return string(*scratch)
}

// Chunks is content in pieces of at most ChunkSize; the last error ends it.
type Chunks iter.Seq2[[]byte, error]

// Each calls insert for each piece, numbered from 0, until one of the two fails.
func (c Chunks) Each(insert func(n int, chunk []byte) error) error {
	n := 0
	for chunk, err := range c {
		if err != nil {
			return err
		}
		if err := insert(n, chunk); err != nil {
			return err
		}
		n++
	}
	return nil
}

// ChunksOf cuts what is in memory. nil has no chunks: it is no content, while
// an email of no bytes is one empty chunk.
func ChunksOf(raw []byte) Chunks {
	return func(yield func([]byte, error) bool) {
		if raw != nil && len(raw) == 0 {
			yield(raw, nil)
		}
		for chunk := range slices.Chunk(raw, ChunkSize) {
			if !yield(chunk, nil) {
				return
			}
		}
	}
}
