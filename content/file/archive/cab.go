package archive

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"example.org/imap-integration/message"
	"example.org/imap-integration/quote"
)

var errShort = errors.New("it ends too early")

// at returns n bytes at an offset.
func at(data []byte, offset, n int64) ([]byte, error) {
	if offset < 0 || n < 0 || offset > int64(len(data)) || n > int64(len(data))-offset {
		return nil, errShort
	}
	return data[offset : offset+n], nil
}

// cabFolder is a run of data blocks (MS-CAB, section 2.2): what its files lie in, joined.
type cabFolder struct {
	first  int64
	blocks int
	method uint16
	plain  []byte
	err    error
	done   bool
}

// cabReader reads cabinets of Microsoft (MS-CAB).
type cabReader struct{ *reader }

// read takes what is stored and MSZIP.
func (r cabReader) read() error {
	h, err := at(r.data, 0, 36)
	if err != nil {
		return err
	}
	files, folders, flags := int64(binary.LittleEndian.Uint32(h[16:])), int(binary.LittleEndian.Uint16(h[26:])), binary.LittleEndian.Uint16(h[30:])
	count := int(binary.LittleEndian.Uint16(h[28:]))
	next, perFolder, perBlock := int64(36), int64(8), int64(8)
	if flags&4 != 0 { // room for others at the header, each folder and each block
		sizes, err := at(r.data, next, 4)
		if err != nil {
			return err
		}
		next += 4 + int64(binary.LittleEndian.Uint16(sizes))
		perFolder += int64(sizes[2])
		perBlock += int64(sizes[3])
	}
	if flags&3 != 0 {
		r.problem(message.CodeArchiveUnsupported, "the cabinet is one of several; what lies in the others is not here")
		for range 2 * int(flags&1+flags>>1&1) {
			end := bytes.IndexByte(r.data[min(next, int64(len(r.data))):], 0)
			if end < 0 {
				return errShort
			}
			next += int64(end) + 1
		}
	}
	list := make([]cabFolder, folders)
	for i := range list {
		f, err := at(r.data, next+int64(i)*perFolder, 8)
		if err != nil {
			return err
		}
		list[i] = cabFolder{first: int64(binary.LittleEndian.Uint32(f)), blocks: int(binary.LittleEndian.Uint16(f[4:])), method: binary.LittleEndian.Uint16(f[6:])}
	}
	return r.cabFiles(list, files, count, perBlock)
}

func (r cabReader) cabFiles(list []cabFolder, next int64, count int, perBlock int64) error {
	for range count {
		f, err := at(r.data, next, 16)
		if err != nil {
			return err
		}
		end := bytes.IndexByte(r.data[next+16:min(next+16+257, int64(len(r.data)))], 0)
		if end < 0 {
			return errShort
		}
		name := string(r.data[next+16 : next+16+int64(end)])
		if binary.LittleEndian.Uint16(f[14:])&0x80 == 0 { // not UTF-8
			name, _ = message.DecodeCharset([]byte(name), "windows-1252")
		}
		next += 17 + int64(end)
		size, offset := int64(binary.LittleEndian.Uint32(f)), int64(binary.LittleEndian.Uint32(f[4:]))
		m, err := r.start(name, size)
		if err != nil {
			return err
		}
		folder := int(binary.LittleEndian.Uint16(f[8:]))
		if folder >= len(list) {
			m.Add(message.CodeArchiveUnsupported, "its bytes are in another cabinet")
		} else {
			var plain []byte
			if plain, err = r.cabPlain(&list[folder], perBlock); err == nil || len(plain) > 0 {
				plain, err = at(plain, offset, size)
			}
			if err == nil {
				r.take(m, plain)
			}
			if err != nil {
				m.Add(code(err), "cannot be unpacked: %s", quote.Line(err.Error(), quote.Sentence))
			}
		}
		if err := r.send(m); err != nil {
			return err
		}
	}
	return nil
}

// cabPlain unpacks a folder once.
func (r cabReader) cabPlain(f *cabFolder, perBlock int64) ([]byte, error) {
	if !f.done {
		f.done = true
		f.plain, f.err = r.cabBlocks(f, perBlock)
		r.budget.Bytes -= min(int64(len(f.plain)), r.budget.Bytes)
	}
	return f.plain, f.err
}

func (r cabReader) cabBlocks(f *cabFolder, perBlock int64) (plain []byte, err error) {
	const stored, mszip, window = 0, 1, 32 << 10
	if method := f.method & 15; method > mszip {
		return nil, coded{message.CodeArchiveUnsupported, fmt.Errorf("compression method %d (2 is Quantum, 3 LZX) is not supported", method)}
	}
	next := f.first
	for range f.blocks {
		h, err := at(r.data, next, perBlock)
		if err != nil {
			return plain, err
		}
		body, err := at(r.data, next+perBlock, int64(binary.LittleEndian.Uint16(h[4:])))
		if err != nil {
			return plain, err
		}
		next += perBlock + int64(len(body))
		if f.method&15 == stored {
			plain = append(plain, body...)
		} else {
			if !bytes.HasPrefix(body, []byte("CK")) {
				return plain, errors.New("a block without its mark")
			}
			z := flate.NewReaderDict(bytes.NewReader(body[2:]), plain[max(0, len(plain)-window):])
			block, err := io.ReadAll(io.LimitReader(z, window+1))
			if err != nil {
				return plain, err
			}
			plain = append(plain, block...)
		}
		if int64(len(plain)) > min(maxMember, r.budget.Bytes) || r.ctx.Err() != nil {
			return plain, errLimit
		}
	}
	return plain, nil
}
