package imapwire

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"example.org/imap-integration/quote"
)

const (
	// maxLine bounds a line outside literals (testdata/rows.json, I04). FETCH responses to
	// what this package asks for need a few hundred bytes.
	maxLine = 64 << 10
	// maxSearchLine bounds a SEARCH response, which lists every UID on one line:
	// two million of them.
	maxSearchLine = 16 << 20
	// keepBuffer is the size a buffer shrinks back to after a long line.
	keepBuffer = 4 * maxLine
)

// ProtocolError is the cause of a connection whose peer does not speak IMAP, or
// without measure.
type ProtocolError struct{ text string }

func (e ProtocolError) Error() string { return e.text }

func Protocolf(format string, args ...any) error {
	return ProtocolError{fmt.Sprintf(format, args...)}
}

// Reader reads lines and literals off a connection.
type Reader struct {
	src  io.Reader
	buf  []byte
	r, w int // unread: buf[r:w]
}

func NewReader(src io.Reader) *Reader { return &Reader{src: src, buf: make([]byte, maxLine+2)} }

// Buffered reports how many bytes have come and are not read.
func (w *Reader) Buffered() int { return w.w - w.r }

// Line returns the next line without its end, CRLF or (QUIRK: some servers) LF
// alone. It is valid until the next call of any method.
func (w *Reader) Line() ([]byte, error) {
	scanned := 0
	for {
		if i := bytes.IndexByte(w.buf[w.r+scanned:w.w], '\n'); i >= 0 {
			line := w.buf[w.r : w.r+scanned+i]
			w.r += scanned + i + 1
			return bytes.TrimSuffix(line, []byte("\r")), nil
		}
		scanned = w.Buffered()
		if err := w.makeRoom(); err != nil {
			return nil, err
		}
		if err := w.fill(); err != nil {
			return nil, err
		}
	}
}

// makeRoom makes the buffer take more bytes of the present line.
func (w *Reader) makeRoom() error {
	have := w.Buffered()
	switch {
	case w.w < len(w.buf):
		return nil
	case w.r > 0:
		copy(w.buf, w.buf[w.r:w.w])
		w.r, w.w = 0, have
		return nil
	case have >= lineLimit(w.buf[:have]):
		return Protocolf("a line of more than %d bytes, starting %q", have, quote.Line(string(w.buf[:60]), 60))
	}
	grown := make([]byte, 2*len(w.buf))
	copy(grown, w.buf[:have])
	w.buf = grown
	return nil
}

func lineLimit(start []byte) int {
	for _, key := range []string{"* SEARCH", "* ESEARCH"} {
		if len(start) > len(key) && bytes.EqualFold(start[:len(key)], []byte(key)) {
			return maxSearchLine
		}
	}
	return maxLine
}

// fill reads once.
func (w *Reader) fill() error {
	if w.r == w.w {
		w.r, w.w = 0, 0
		if len(w.buf) > keepBuffer {
			w.buf = make([]byte, maxLine+2)
		}
	}
	n, err := w.src.Read(w.buf[w.w:])
	w.w += n
	if n > 0 {
		return nil
	}
	if err == nil {
		err = io.ErrNoProgress
	}
	return err
}

// full fills dst: what has come already is copied, the rest is read into its place.
func (w *Reader) full(dst []byte) error {
	n := copy(dst, w.buf[w.r:w.w])
	w.r += n
	_, err := io.ReadFull(w.src, dst[n:])
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// skip reads over n bytes.
func (w *Reader) skip(n int64) error {
	for n > 0 {
		if w.Buffered() == 0 {
			if err := w.fill(); err != nil {
				return err
			}
		}
		take := int(min(n, int64(w.Buffered())))
		w.r += take
		n -= int64(take)
	}
	return nil
}
