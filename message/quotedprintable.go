package message

import "bytes"

// streamQP decodes quoted-printable (RFC 2045, section 6.7). An "=" that
// starts no escape stays in the text. Line ends are kept as they are.
func streamQP(b []byte, put func([]byte)) decodeFlaws {
	buffers := streamBuffers.Get().(*streamBuffer)
	defer streamBuffers.Put(buffers)
	d := qpDecoder{put: put, out: buffers.out[:0]}
	d.lines(b)
	d.flush()
	return d.flaws
}

type qpDecoder struct {
	put   func([]byte)
	out   []byte
	flaws decodeFlaws
}

func (d *qpDecoder) lines(b []byte) {
	for lines := (lineReader{buf: b}); lines.more(); {
		d.line(lines.next())
	}
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
