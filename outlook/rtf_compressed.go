package outlook

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"example.org/imap-integration/message"
	"example.org/imap-integration/quote"
)

// lzfuStart fills the window before the first byte ([MS-OXRTFCP], section 2.1.2.1).
const lzfuStart = `{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0` +
	"\r\n" + `\par \pard\plain\f0\fs20\b\i\u\tab\tx`

// decompressRTF unpacks PR_RTF_COMPRESSED ([MS-OXRTFCP]), as far as it can. The
// sizes in its header are not believed, only compared.
func decompressRTF(data []byte) ([]byte, *message.Problem) {
	const header = 16
	if len(data) < header {
		return nil, rtfProblem(message.CodeOutlookTruncated, "the compressed RTF body is shorter than its header")
	}
	size := int(binary.LittleEndian.Uint32(data[4:]))
	kind := string(data[8:12])
	crc := binary.LittleEndian.Uint32(data[12:])
	body := data[header:]
	if end := int64(binary.LittleEndian.Uint32(data)) - 12; end >= 0 && end < int64(len(body)) {
		body = body[:end]
	}
	switch kind {
	case "MELA":
		if len(body) < size {
			return body, rtfProblem(message.CodeOutlookTruncated, "the RTF body has %d of %d bytes", len(body), size)
		}
		return body[:size], nil
	case "LZFu":
		out := unLZFu(body, min(size, rtfSizeLimit))
		switch {
		case rtfCRC(body) != crc:
			return out, rtfProblem(message.CodeOutlookChecksum, "the checksum of the compressed RTF body is wrong")
		case len(out) < size:
			return out, rtfProblem(message.CodeOutlookTruncated, "the compressed RTF body has %d of %d bytes", len(out), size)
		}
		return out, nil
	}
	return nil, rtfProblem(message.CodeOutlookDamaged, "the RTF body is compressed in an unknown way (%s)", quote.Text(kind, quote.Name))
}

func rtfProblem(code, format string, args ...any) *message.Problem {
	return &message.Problem{Code: code, Detail: fmt.Sprintf(format, args...)}
}

// rtfCRC is CRC-32 without the two inversions that everybody else makes.
func rtfCRC(data []byte) uint32 { return ^crc32.Update(0xFFFFFFFF, crc32.IEEETable, data) }

// unLZFu unpacks to at most limit bytes.
func unLZFu(in []byte, limit int) []byte {
	var window [4096]byte
	at := copy(window[:], lzfuStart)
	out := make([]byte, 0, min(limit, 9*len(in)))
	put := func(c byte) {
		out = append(out, c)
		window[at] = c
		at = (at + 1) & 4095
	}
	for len(in) > 0 {
		flags := in[0]
		in = in[1:]
		for bit := 0; bit < 8 && len(in) > 0; bit++ {
			if len(out) >= limit {
				return out[:limit]
			}
			if flags>>bit&1 == 0 {
				put(in[0])
				in = in[1:]
				continue
			}
			if len(in) < 2 {
				return out
			}
			from, n := int(in[0])<<4|int(in[1])>>4, int(in[1]&15)+2
			in = in[2:]
			if from == at {
				return out // the end mark
			}
			for ; n > 0; n-- {
				put(window[from])
				from = (from + 1) & 4095
			}
		}
	}
	return out[:min(len(out), limit)]
}
