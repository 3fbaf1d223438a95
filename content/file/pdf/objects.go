package pdf

import (
	"bytes"
	"cmp"
	"compress/zlib"
	"encoding/ascii85"
	"io"
	"slices"
	"strconv"

	"golang.org/x/image/tiff/lzw"
)

// Bounds of the look at objects.
const (
	maxPlaces  = 100_000 // objects whose place is kept
	maxFilters = 4       // of a stream
	maxHeader  = 4 << 10 // bytes of the dictionary of a stream
)

// objects finds the objects of a file by their number (ISO 32000-1, section 7.3.10). It does not ask
// the cross-reference table, so it works on damaged files, and an object that an update replaced is found as well.
type objects struct {
	chunks [][]byte // the file, and the streams that hold objects (section 7.5.7), unpacked
	places []place  // by number, then in the order of the file
	left   int64    // bytes of streams that are unpacked yet
	work   int      // bytes that were looked at for streams
	more   bool     // there are more objects than are kept
}

// place is where an object begins: behind the word obj, or in a stream of objects.
type place struct{ number, chunk, at int }

func newObjects(data []byte) *objects {
	o := &objects{chunks: [][]byte{data}, left: maxObjects}
	for at := 0; ; {
		i := bytes.Index(data[at:], []byte("obj"))
		if i < 0 {
			break
		}
		at += i + len("obj")
		if number, ok := numberBefore(data[:at-len("obj")]); ok {
			o.add(place{number, 0, at})
		}
	}
	o.addStreams(data)
	slices.SortStableFunc(o.places, func(a, b place) int { return cmp.Compare(a.number, b.number) })
	return o
}

func (o *objects) add(p place) {
	if o.more = o.more || len(o.places) == maxPlaces; !o.more {
		o.places = append(o.places, p)
	}
}

// addStreams adds the objects that lie in streams. The places are in the order of the file yet.
func (o *objects) addStreams(data []byte) {
	whole := o.places
	for at, last := 0, -1; o.left > 0 && o.work < maxSearch; {
		i := bytes.Index(data[at:], []byte("/ObjStm"))
		if i < 0 {
			return
		}
		at += i + 1
		n, _ := slices.BinarySearchFunc(whole, at, func(p place, at int) int { return cmp.Compare(p.at, at) })
		if n == 0 || n-1 == last {
			continue
		}
		last = n - 1
		holder := o.from(whole[last])
		plain, _ := o.unpack(holder, min(o.left, maxObjects))
		if plain == nil {
			continue
		}
		o.left -= int64(len(plain))
		o.chunks = append(o.chunks, plain)
		first := 0
		eachEntry(holder[:min(len(holder), maxHeader)], 0, func(key string, _ int, value []byte) {
			if digits, _ := integer(value); key == "First" {
				first, _ = strconv.Atoi(digits)
			}
		})
		o.addHeld(plain, first)
	}
}

// addHeld adds the objects of one stream, which begins with their numbers and places.
func (o *objects) addHeld(plain []byte, first int) {
	if first <= 0 || first > len(plain) {
		return
	}
	for header := plain[:first]; ; {
		number, rest := integer(header)
		offset, rest := integer(rest)
		n, err := strconv.Atoi(number)
		at, err2 := strconv.Atoi(offset)
		if err != nil || err2 != nil || at < 0 || at > len(plain)-first || o.more {
			return
		}
		o.add(place{n, len(o.chunks) - 1, first + at})
		header = rest
	}
}

// numberBefore is the number of an object before the word obj.
func numberBefore(data []byte) (number int, ok bool) {
	const spaces, longest = "\x00\t\n\f\r ", 64
	line := data[max(0, len(data)-longest):]
	var digits []byte
	for range 2 { // the generation, then the number
		line = bytes.TrimRight(line, spaces)
		at := len(line)
		for at > 0 && line[at-1] >= '0' && line[at-1] <= '9' {
			at--
		}
		digits, line = line[at:], line[:at]
	}
	n, err := strconv.Atoi(string(digits))
	return n, err == nil
}

// from is the file from where an object begins.
func (o *objects) from(p place) []byte { return skipSpace(o.chunks[p.chunk][p.at:]) }

// referred are the objects that a reference ("7 0 R") leads to: all that ever had the number.
func (o *objects) referred(value []byte) []place {
	number, rest := integer(value)
	generation, rest := integer(rest)
	n, err := strconv.Atoi(number)
	if err != nil || generation == "" || !bytes.HasPrefix(skipSpace(rest), []byte("R")) {
		return nil
	}
	from, _ := slices.BinarySearchFunc(o.places, n, func(p place, n int) int { return cmp.Compare(p.number, n) })
	to := from
	for to < len(o.places) && o.places[to].number == n && to-from < maxCandidates {
		to++
	}
	return o.places[from:to]
}

// unpack is the content of the stream that begins with a dictionary, nil where there is none or it
// cannot be unpacked, and whether there is one. No more than limit bytes are read.
func (o *objects) unpack(object []byte, limit int64) (plain []byte, isStream bool) {
	var filters []string
	length, predicted := -1, false
	o.work += maxHeader
	end := eachEntry(object[:min(len(object), maxHeader)], 0, func(key string, _ int, value []byte) {
		switch key {
		case "Filter":
			filters = names(value)
		case "Length":
			if digits, rest := integer(value); digits != "" && len(rest) > 0 && !bytes.HasPrefix(skipSpace(rest), []byte("0 R")) {
				length, _ = strconv.Atoi(digits)
			}
		case "DecodeParms":
			predicted = bytes.Contains(value[:max(0, min(len(value), valueLength(value, 0)))], []byte("/Predictor"))
		}
	})
	if end < 0 {
		return nil, false
	}
	body, isStream := bytes.CutPrefix(skipSpace(object[end:]), []byte("stream"))
	if !isStream || predicted || len(filters) > maxFilters {
		return nil, isStream
	}
	body = bytes.TrimPrefix(bytes.TrimPrefix(body, []byte("\r")), []byte("\n"))
	if length >= 0 && length <= len(body) && bytes.HasPrefix(skipSpace(body[length:]), []byte("endstream")) {
		body = body[:length]
	} else if i := bytes.Index(body, []byte("endstream")); i >= 0 {
		body = body[:i]
	}
	o.work += len(body)
	for _, f := range filters {
		if body = unfilter(f, body, limit); body == nil {
			return nil, true
		}
		o.work += len(body)
	}
	return body[:min(int64(len(body)), limit)], true
}

// names are the name that a value is, or those of an array.
func names(value []byte) (all []string) {
	array, isArray := bytes.CutPrefix(value, []byte("["))
	if isArray {
		value = skipSpace(array)
	}
	for len(all) <= maxFilters {
		name, n := nameAt(value)
		if n == 0 {
			break
		}
		all, value = append(all, name), skipSpace(value[n:])
		if !isArray {
			break
		}
	}
	return all
}

// unfilter undoes one filter of a stream (section 7.4); of a damaged one there is what can be read, nil for
// one that is not known. Pictures are not for this.
func unfilter(filter string, body []byte, limit int64) []byte {
	var from io.Reader
	switch filter {
	case "FlateDecode", "Fl":
		z, err := zlib.NewReader(bytes.NewReader(body))
		if err != nil {
			return nil
		}
		from = z
	case "LZWDecode", "LZW":
		from = lzw.NewReader(bytes.NewReader(body), lzw.MSB, 8)
	case "ASCII85Decode", "A85":
		before, _, _ := bytes.Cut(bytes.TrimPrefix(bytes.TrimSpace(body), []byte("<~")), []byte("~"))
		from = ascii85.NewDecoder(bytes.NewReader(before))
	case "ASCIIHexDecode", "AHx":
		before, _, _ := bytes.Cut(body[:min(int64(len(body)), 2*limit)], []byte(">"))
		return hexadecimal(before)
	default:
		return nil
	}
	plain, _ := io.ReadAll(io.LimitReader(from, limit))
	if plain == nil {
		plain = []byte{}
	}
	return plain
}
