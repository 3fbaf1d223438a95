package archive

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"example.org/imap-integration/message"
)

// rarFacts are what has to be known of an archive before the library reads it:
// it makes keys of as many rounds as the archive says, and unpacks what was not
// asked for where members are packed together.
type rarFacts struct {
	keyCost int // units of charge, of the most expensive key
	solid   bool
}

// Marks of the formats, and numbers of RAR 5 (RAR 5.0 archive format, rarlab.com/technote.htm).
const (
	rar5Mark       = "Rar!\x1a\x07\x01\x00"
	rar4KeyCost    = 40 // 2^18 rounds of SHA-1
	rar5Main       = 1
	rar5File       = 2
	rar5Service    = 3
	rar5Encryption = 4
	rar5MaxRounds  = 18 // powers of two; RAR writes 15
	rar5PerUnit    = 11
)

func scanRAR(data []byte) (f rarFacts, err error) {
	rest, newer := bytes.CutPrefix(data, []byte(rar5Mark))
	if !newer {
		const flagsAt, solid = 10, 8 // of the archive header behind the mark of 7 bytes
		return rarFacts{rar4KeyCost, len(data) > flagsAt && data[flagsAt]&solid != 0}, nil
	}
	rounds := 0
	for len(rest) > 4 {
		header, next, ok := cutRAR5(rest[4:]) // behind the checksum
		if !ok {
			break // cut off, or encrypted
		}
		rounds = max(rounds, header.rounds)
		f.solid = f.solid || header.solid
		rest = next
	}
	if rounds > rar5MaxRounds {
		return f, coded{message.CodeLimitArchive, fmt.Errorf("its key takes 2^%d rounds, 2^%d are allowed", rounds, rar5MaxRounds)}
	}
	f.keyCost = 1 << max(0, rounds-rar5PerUnit)
	return f, nil
}

// rar5Header is what is wanted of a block.
type rar5Header struct {
	rounds int
	solid  bool
}

// cutRAR5 reads the header of a block, and cuts off the block.
func cutRAR5(data []byte) (h rar5Header, rest []byte, ok bool) {
	b := varints{data: data}
	size := b.next()
	if b.err != nil || size > uint64(len(b.data)) {
		return h, nil, false
	}
	rest = b.data[size:]
	b.data = b.data[:size]
	kind, flags := b.next(), b.next()
	var extra, packed uint64
	if flags&1 != 0 {
		extra = b.next()
	}
	if flags&2 != 0 {
		packed = b.next()
	}
	switch {
	case b.err != nil || packed > uint64(len(rest)):
		return h, nil, false
	case kind == rar5Main:
		h.solid = b.next()&4 != 0
	case kind == rar5Encryption:
		_, _ = b.next(), b.next() // version, flags
		h.rounds = b.byte()
	case kind == rar5File || kind == rar5Service:
		if extra <= uint64(len(b.data)) {
			h.rounds = extraRounds(b.data[uint64(len(b.data))-extra:])
		}
	}
	return h, rest[packed:], true
}

// extraRounds finds the rounds in the records behind the header of a file.
func extraRounds(data []byte) (rounds int) {
	for len(data) > 0 {
		b := varints{data: data}
		size := b.next()
		if b.err != nil || size > uint64(len(b.data)) {
			return rounds
		}
		data = b.data[size:]
		b.data = b.data[:size]
		if b.next() == 1 { // encryption
			_, _ = b.next(), b.next()
			rounds = max(rounds, b.byte())
		}
	}
	return rounds
}

// varints reads numbers of seven bits a byte, the lowest first.
type varints struct {
	data []byte
	err  error
}

var errNumber = errors.New("a number that does not end")

func (v *varints) next() uint64 {
	n, length := binary.Uvarint(v.data)
	if length <= 0 {
		v.err, v.data = errNumber, nil
		return 0
	}
	v.data = v.data[length:]
	return n
}

func (v *varints) byte() int {
	if len(v.data) == 0 {
		v.err = errNumber
		return 0
	}
	b := v.data[0]
	v.data = v.data[1:]
	return int(b)
}
