package message

import (
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
