package content

import (
	"bytes"
	"errors"
)

var errBER = errors.New("it is no structure of CMS")

// berValue is the content of a value with this tag at the beginning of data, and what
// stands behind it. Of a value without a length, and of one that is cut, it is all that there is.
func berValue(data []byte, tag byte) (value, rest []byte, ok bool) {
	if len(data) < 2 || data[0] != tag {
		return nil, nil, false
	}
	length, at := int(data[1]), 2
	switch {
	case length == 0x80: // indefinite: the caller ends at the end-of-contents
		return data[2:], nil, true
	case length > 0x84:
		return nil, nil, false
	case length > 0x80:
		n := length - 0x80
		if len(data) < 2+n {
			return nil, nil, false
		}
		length, at = 0, 2+n
		for _, b := range data[2 : 2+n] {
			length = length<<8 | int(b)
		}
	}
	if length < 0 || at+length > len(data) {
		return data[at:], nil, true
	}
	return data[at : at+length], data[at+length:], true
}

// berContent is the content that a structure of data, digested data or compressed
// data has inside: the octet strings in its innermost explicit element, joined.
func berContent(data []byte) ([]byte, error) {
	der := data
	for depth := 0; depth < 4; depth++ {
		sequence, _, ok := berValue(der, 0x30)
		if !ok {
			return nil, errBER
		}
		for { // leaves out version, algorithm and type
			if inner, _, ok := berValue(sequence, 0xA0); ok {
				der = inner
				break
			}
			if nested, _, isSequence := berValue(sequence, 0x30); isSequence && bytes.HasPrefix(nested, []byte("\x06\x09"+cmsData)) {
				der = sequence
				break
			}
			if len(sequence) < 2 {
				return nil, errBER
			}
			_, rest, ok := berValue(sequence, sequence[0])
			if !ok || rest == nil {
				return nil, errBER
			}
			sequence = rest
		}
		if octets, ok := octets(der); ok {
			return octets, nil
		}
	}
	return nil, errBER
}

// octets joins an octet string that may be made of several.
func octets(data []byte) ([]byte, bool) {
	if value, _, ok := berValue(data, 0x04); ok {
		return value, true
	}
	pieces, _, ok := berValue(data, 0x24)
	if !ok {
		return nil, false
	}
	var out []byte
	for len(pieces) > 0 {
		value, rest, ok := berValue(pieces, 0x04)
		if !ok {
			break // end-of-contents
		}
		out, pieces = append(out, value...), rest
	}
	return out, true
}
