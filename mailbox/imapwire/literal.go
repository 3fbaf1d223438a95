package imapwire

import (
	"math/bits"
	"os"
	"sync"
)

const (
	// spoolOver is the size from which a literal goes to a temporary file: a
	// mapped file costs no heap, and the garbage collector need not double it.
	spoolOver = 1 << 20
	// spoolChunk is what is written to it at once.
	spoolChunk = 256 << 10
	// smallestPooled and the sizes above it, by powers of two, are kept for the next emails.
	smallestPooled = 12 // 4 KiB
)

// Literal is the bytes of one literal. It belongs to whoever holds it until release.
type Literal struct {
	data   []byte
	excess int64    // bytes of the literal that are read and dropped
	file   *os.File // being filled; nil otherwise
	size   int64
	free   func() // gives data back; nil: the garbage collector does
	gone   func() // told of the release; nil: nobody is
}

// NewLiteral makes room for a literal of n bytes, of which at most keep are kept.
// released, where set, is called once, when its bytes are given back.
func NewLiteral(n, keep int64, released func()) *Literal {
	b := &Literal{size: min(n, keep), gone: released}
	b.excess = n - b.size
	if b.size > spoolOver {
		if b.file = newSpool(); b.file != nil {
			return b
		}
	}
	b.data, b.free = pooled(int(b.size))
	return b
}

// NewKeptLiteral is newBody for bytes that outlive the release: they are in memory of their own.
func NewKeptLiteral(n, keep int64, released func()) *Literal {
	size := min(n, keep)
	return &Literal{data: make([]byte, size), size: size, excess: n - size, gone: released}
}

// Bytes is what came, valid until release.
func (b *Literal) Bytes() []byte { return b.data }

// fill reads the literal off the wire.
func (b *Literal) fill(w *Reader) error {
	var err error
	if b.file != nil {
		err = b.spool(w)
	} else {
		err = w.full(b.data)
	}
	if err != nil {
		return err
	}
	return w.skip(b.excess)
}

// spool writes the literal to the temporary file and maps it. Where the disk is
// full, the email stays in memory.
func (b *Literal) spool(w *Reader) error {
	chunk, free := pooled(spoolChunk)
	defer free()
	for done := int64(0); done < b.size; {
		part := chunk[:min(b.size-done, spoolChunk)]
		if err := w.full(part); err != nil {
			return err
		}
		if _, err := b.file.Write(part); err != nil {
			return b.toMemory(w, done, part)
		}
		done += int64(len(part))
	}
	data, unmap, err := mapped(b.file, b.size)
	if err != nil {
		return b.toMemory(w, b.size, nil)
	}
	_ = b.file.Close() // the mapping holds it
	b.file, b.data, b.free = nil, data, unmap
	return nil
}

// toMemory takes back what the file holds, adds part, and reads the rest into memory.
func (b *Literal) toMemory(w *Reader, done int64, part []byte) error {
	file := b.file
	b.file = nil
	defer file.Close()
	b.data = make([]byte, b.size)
	if _, err := file.ReadAt(b.data[:done], 0); err != nil {
		return err
	}
	n := done + int64(copy(b.data[done:], part))
	return w.full(b.data[n:])
}

// Release gives everything back. It may be called more than once.
func (b *Literal) Release() {
	if b == nil {
		return
	}
	if b.file != nil {
		_ = b.file.Close()
	}
	if b.free != nil {
		b.free()
	}
	if b.gone != nil {
		b.gone()
	}
	*b = Literal{}
}

// pools holds buffers by the power of two of their size, up to spoolOver.
var pools [21]sync.Pool

// Cost is what a literal of n bytes takes of the budget.
func Cost(n int64) int64 {
	if n > spoolOver {
		return n
	}
	return 1 << class(n)
}

func class(n int64) int { return max(smallestPooled, bits.Len(uint(max(n, 1)-1))) }

// pooled returns n bytes and how to give them back.
func pooled(n int) (data []byte, free func()) {
	class := class(int64(n))
	if class >= len(pools) {
		return make([]byte, n), func() {}
	}
	buf, _ := pools[class].Get().(*[]byte)
	if buf == nil {
		fresh := make([]byte, 1<<class)
		buf = &fresh
	}
	return (*buf)[:n], func() { pools[class].Put(buf) }
}
