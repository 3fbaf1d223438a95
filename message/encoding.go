package message

import (
	"bytes"
	"encoding/base64"
	"slices"
	"strings"
)

// transferEncoding is a Content-Transfer-Encoding (RFC 2045, section 6).
type transferEncoding int

const (
	encodingIdentity transferEncoding = iota // 7bit, 8bit, binary, none
	encodingBase64
	encodingQP
	encodingUU
)

// decodeFlaws tells what was odd in an encoded content.
type decodeFlaws struct {
	junk   bool // bytes that the encoding does not have
	cut    bool // an incomplete last group
	joined bool // data after padding
}

// parseTransferEncoding reads the header's value. known is false where the
// meaning had to be guessed, or could not be.
func parseTransferEncoding(value string) (e transferEncoding, known bool) {
	v, exact := cleanToken(value)
	switch v {
	case "", "7bit", "8bit", "binary", "7-bit", "8-bit":
		return encodingIdentity, exact && !strings.Contains(v, "-")
	case "base64":
		return encodingBase64, exact
	case "quoted-printable":
		return encodingQP, exact
	case "x-uuencode", "x-uue", "uuencode", "uue":
		return encodingUU, false // no encoding of MIME: other programs show it as it is
	case "base-64", "base_64", "b", "b64", "x-base64":
		return encodingBase64, false
	case "quoted_printable", "quotedprintable", "qp", "q":
		return encodingQP, false
	}
	switch {
	case strings.HasPrefix(v, "base64"):
		return encodingBase64, false
	case strings.HasPrefix(v, "quoted-printable"):
		return encodingQP, false
	}
	return encodingIdentity, false
}

// cleanToken is a header value's first token in lower case: comments, quotes
// and what follows a semicolon, blank or control character are dropped. exact
// is false when there was anything to drop but a comment.
func cleanToken(value string) (token string, exact bool) {
	v, _ := dropComments(value)
	v = strings.ToLower(strings.TrimSpace(v))
	t := strings.Trim(v, `"' `)
	if i := strings.IndexFunc(t, func(r rune) bool { return r <= ' ' || r == ';' || r == ',' }); i >= 0 {
		t = t[:i]
	}
	return t, t == v
}

// decode undoes the encoding whole. For encodingIdentity it is b itself.
func (e transferEncoding) decode(b []byte) ([]byte, decodeFlaws) { return e.decodeInto(nil, b) }

// decodeInto is decode into the memory of buf, where that is large enough.
func (e transferEncoding) decodeInto(buf, b []byte) ([]byte, decodeFlaws) {
	switch e {
	case encodingIdentity:
		return b, decodeFlaws{}
	case encodingQP:
		d := qpDecoder{out: slices.Grow(buf[:0], len(b))} // decoded text is never longer: nothing is put
		d.lines(b)
		return d.out, d.flaws
	}
	out := slices.Grow(buf[:0], len(b)/4*3+3)
	flaws := e.stream(b, func(chunk []byte) { out = append(out, chunk...) })
	return out, flaws
}

// stream undoes the encoding piece by piece; a piece is valid only during the call.
func (e transferEncoding) stream(b []byte, put func([]byte)) decodeFlaws {
	switch e {
	case encodingBase64:
		return streamBase64(b, put)
	case encodingQP:
		return streamQP(b, put)
	case encodingUU:
		return streamUU(b, put)
	}
	for len(b) > chunkSize {
		put(b[:chunkSize])
		b = b[chunkSize:]
	}
	put(b)
	return decodeFlaws{}
}

// chunkSize bounds the memory of a stream, bytes of encoded text; a multiple of four.
const chunkSize = 32 << 10

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
	n := min(chunkSize, len(b))
	d := base64Decoder{put: put, in: make([]byte, 0, n), out: make([]byte, n+3)}
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

// streamQP decodes quoted-printable (RFC 2045, section 6.7). An "=" that
// starts no escape stays in the text. Line ends are kept as they are.
func streamQP(b []byte, put func([]byte)) decodeFlaws {
	d := qpDecoder{put: put, out: make([]byte, 0, min(chunkSize, len(b)))}
	d.lines(b)
	d.flush()
	return d.flaws
}

func (d *qpDecoder) lines(b []byte) {
	for lines := (lineReader{buf: b}); lines.more(); {
		d.line(lines.next())
	}
}

type qpDecoder struct {
	put   func([]byte)
	out   []byte
	flaws decodeFlaws
}

func (d *qpDecoder) line(line, end []byte) {
	if n := len(line); n > 0 && line[n-1] <= ' ' {
		line = bytes.TrimRight(line, " \t") // added on the way, says the RFC
	}
	if n := len(line); n > 0 && line[n-1] == '=' {
		line, end = line[:n-1], nil
	}
	for {
		i := bytes.IndexByte(line, '=')
		if i < 0 {
			break
		}
		d.add(line[:i])
		if i+2 < len(line) && hexValue[line[i+1]] < 16 && hexValue[line[i+2]] < 16 {
			d.byte(hexValue[line[i+1]]<<4 | hexValue[line[i+2]])
			line = line[i+3:]
			continue
		}
		line = line[i+1:]
		d.byte('=')
		d.flaws.junk = true
	}
	d.add(line)
	d.add(end)
}

func (d *qpDecoder) byte(c byte) {
	if len(d.out) == cap(d.out) {
		d.flush()
	}
	d.out = append(d.out, c)
}

func (d *qpDecoder) add(b []byte) {
	if len(b) > cap(d.out)-len(d.out) {
		d.flush()
		if len(b) > cap(d.out) {
			d.put(b)
			return
		}
	}
	d.out = append(d.out, b...)
}

func (d *qpDecoder) flush() {
	if len(d.out) > 0 {
		d.put(d.out)
		d.out = d.out[:0]
	}
}

// hexValue is 0 to 15 for hexadecimal digits, else 255.
var hexValue = func() (t [256]byte) {
	for i := range t {
		t[i] = 255
	}
	for i := range byte(10) {
		t['0'+i] = i
	}
	for i := range byte(6) {
		t['a'+i], t['A'+i] = 10+i, 10+i
	}
	return t
}()
