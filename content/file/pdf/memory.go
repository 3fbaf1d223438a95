package pdf

import (
	"context"

	"github.com/tetratelabs/wazero/experimental"
)

// memoryLimit is what PDFium may have of its own, bytes. It bounds what a PDF file
// can ask for, whatever it claims.
const memoryLimit = 48 << 20

// memory is the one piece of memory of an instance: reserved at once and touched as
// the instance grows, so that growing copies nothing, and given back when it ends.
type memory struct {
	reserved []byte
	free     func()
}

// withMemory has instances that are made with ctx get their memory here.
func withMemory(ctx context.Context) context.Context {
	return experimental.WithMemoryAllocator(ctx, experimental.MemoryAllocatorFunc(func(_, _ uint64) experimental.LinearMemory {
		m := &memory{}
		m.reserved, m.free = reserve(memoryLimit)
		return m
	}))
}

// Reallocate grows the memory; nil where it may not.
func (m *memory) Reallocate(size uint64) []byte {
	if size > uint64(len(m.reserved)) {
		return nil
	}
	return m.reserved[:size]
}

// Free gives the memory back.
func (m *memory) Free() {
	if m.free != nil {
		m.free()
	}
	m.reserved, m.free = nil, nil
}
