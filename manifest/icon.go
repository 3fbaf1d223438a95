package manifest

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"strings"
)

// checkIcon wants a data URI of a whole PNG: its chunks, their checksums and
// its end (PNG specification, section 5.3). The picture itself is not decoded.
func checkIcon(uri string) error {
	text, ok := strings.CutPrefix(uri, "data:image/png;base64,")
	if !ok {
		return errors.New("must be a data URI of a PNG")
	}
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return errors.New("is not base64")
	}
	rest, ok := strings.CutPrefix(string(data), "\x89PNG\r\n\x1a\n")
	if !ok {
		return errors.New("is no PNG")
	}
	const frame = 12 // length, kind and checksum of a chunk
	kinds := ""
	for len(rest) >= frame {
		n := uint64(binary.BigEndian.Uint32([]byte(rest)))
		if n > uint64(len(rest)-frame) {
			break
		}
		if crc32.ChecksumIEEE([]byte(rest[4:8+n])) != binary.BigEndian.Uint32([]byte(rest[8+n:])) {
			return errors.New("has a damaged chunk")
		}
		kinds, rest = kinds+rest[4:8]+" ", rest[frame+n:]
	}
	if rest != "" || !strings.HasPrefix(kinds, "IHDR ") || !strings.Contains(kinds, " IDAT ") || !strings.HasSuffix(kinds, " IEND ") {
		return errors.New("is not a whole PNG")
	}
	return nil
}
