package message

import (
	"bytes"
	"encoding/base64"
	"sync"
)

// base64Value is 0 to 63 for the alphabet (RFC 4648, section 4), else above.
var base64Value = func() (t [256]byte) {
	for i := range t {
		t[i] = base64Other
	}
	for i, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") {
		t[c] = byte(i)
	}
	for _, c := range []byte(" \t\r\n") {
		t[c] = base64Blank
	}
	t['='] = base64Pad
	return t
}()

const (
	base64Pad   = 64
	base64Blank = 65
	base64Other = 66
)

// streamBase64 decodes all there is: bytes outside the alphabet are passed
// over, and data after padding is decoded as a stream of its own. Programs
// differ in where they stop; what is hidden behind that place must be seen.
func streamBase64(b []byte, put func([]byte)) decodeFlaws {
	buffers := streamBuffers.Get().(*streamBuffer)
	defer streamBuffers.Put(buffers)
	d := base64Decoder{put: put, in: buffers.in[:0], out: buffers.out[:]}
	for lines := (lineReader{buf: b}); lines.more(); {
		line, _ := lines.next()
		for len(line) > 0 {
			n := min(len(line), cap(d.in)-len(d.in))
			d.in = append(d.in, line[:n]...)
			line = line[n:]
			if len(d.in) == cap(d.in) {
				d.flush()
			}
		}
	}
	d.flush()
	d.end()
	return d.flaws
}

// decodeBase64 is streamBase64 in one piece.
func decodeBase64(b []byte) ([]byte, decodeFlaws) {
	out := make([]byte, 0, len(b)/4*3+3)
	flaws := streamBase64(b, func(chunk []byte) { out = append(out, chunk...) })
	return out, flaws
}

type base64Decoder struct {
	put     func([]byte)
	in, out []byte
	acc     uint32 // bits of an unfinished group
	held    int    // its characters
	padded  bool   // the last group ended with padding
	flaws   decodeFlaws
}

// flush decodes d.in: in one go where it is clean, else byte by byte.
func (d *base64Decoder) flush() {
	in := d.in
	d.in = d.in[:0]
	if d.held == 0 && !d.padded {
		whole := in[:len(bytes.TrimRight(in, "="))&^3]
		if n, err := base64.RawStdEncoding.Decode(d.out, whole); err == nil {
			d.put(d.out[:n])
			in = in[len(whole):]
		}
	}
	d.slow(in)
}

func (d *base64Decoder) slow(in []byte) {
	out := d.out[:0]
	for _, c := range in {
		v := base64Value[c]
		switch {
		case v < 64:
			if d.padded {
				d.padded, d.flaws.joined = false, true
			}
			d.acc = d.acc<<6 | uint32(v)
			if d.held++; d.held == 4 {
				out = append(out, byte(d.acc>>16), byte(d.acc>>8), byte(d.acc))
				d.held, d.acc = 0, 0
			}
		case v == base64Pad:
			if d.held > 0 {
				out = d.partial(out)
			} else if !d.padded {
				d.flaws.junk = true
			}
			d.padded = true
		case v == base64Other:
			d.flaws.junk = true
		}
	}
	if len(out) > 0 {
		d.put(out)
	}
}

// partial writes what an unfinished group holds.
func (d *base64Decoder) partial(out []byte) []byte {
	switch d.held {
	case 1:
		d.flaws.cut = true
	case 2:
		out = append(out, byte(d.acc>>4))
	case 3:
		out = append(out, byte(d.acc>>10), byte(d.acc>>2))
	}
	d.held, d.acc = 0, 0
	return out
}

func (d *base64Decoder) end() {
	if d.held == 0 {
		return
	}
	d.flaws.cut = true
	if out := d.partial(d.out[:0]); len(out) > 0 {
		d.put(out)
	}
}

// chunkSize bounds the memory of a stream, bytes of encoded text; a multiple of four.
const chunkSize = 32 << 10

// streamBuffer is the memory of one stream: an email's parts are decoded one after
// another, and most are smaller than what a decoder would have to allocate for each.
type streamBuffer struct {
	in  [chunkSize]byte
	out [chunkSize + 3]byte // an unfinished group of before comes on top
}

var streamBuffers = sync.Pool{New: func() any { return new(streamBuffer) }}

// decodeFlaws tells what was odd in an encoded content.
type decodeFlaws struct {
	junk   bool // bytes that the encoding does not have
	cut    bool // an incomplete last group
	joined bool // data after padding
}
