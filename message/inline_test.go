package message

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"strings"
	"testing"
)

// The encoders here are written from the formats' descriptions, apart from the decoders: what they
// make of random bytes must come back, whatever the text around it and its line ends.

// uuencoded is a file as uuencode writes it (POSIX); zero is written for six zero bits, and trailing ones may be lost.
func uuencoded(name string, data []byte, zero byte, lost bool, end string) string {
	char := func(b byte) byte {
		if b == 0 {
			return zero
		}
		return b + ' '
	}
	var out strings.Builder
	fmt.Fprintf(&out, "begin 644 %s%s", name, end)
	for len(data) > 0 {
		n := min(45, len(data))
		line := []byte{char(byte(n))}
		padded := append(bytes.Clone(data[:n]), 0, 0)
		for i := 0; i < n; i += 3 {
			a, b, c := padded[i], padded[i+1], padded[i+2]
			if i+2 >= n {
				c = 0
			}
			if i+1 >= n {
				b = 0
			}
			line = append(line, char(a>>2), char(a<<4&0x30|b>>4), char(b<<2&0x3C|c>>6), char(c&0x3F))
		}
		if lost {
			line = bytes.TrimRight(line, " ")
		}
		out.Write(line)
		out.WriteString(end)
		data = data[n:]
	}
	return out.String() + string(zero) + end + "end" + end
}

// yencoded is a file as yEnc 1.3 describes it.
func yencoded(name string, data []byte, end string) string {
	var out strings.Builder
	fmt.Fprintf(&out, "=ybegin line=128 size=%d name=%s%s", len(data), name, end)
	column := 0
	for _, b := range data {
		c := b + 42
		if c == 0 || c == '\n' || c == '\r' || c == '=' || c == '.' && column == 0 || (c == ' ' || c == '\t') && (column == 0 || column >= 127) {
			out.WriteByte('=')
			c += 64
			column++
		}
		out.WriteByte(c)
		if column++; column >= 128 {
			out.WriteString(end)
			column = 0
		}
	}
	if column > 0 {
		out.WriteString(end)
	}
	fmt.Fprintf(&out, "=yend size=%d crc32=%08x%s", len(data), crc32.ChecksumIEEE(data), end)
	return out.String()
}

// binhexed is a file in BinHex 4.0 (RFC 1741, appendix A).
func binhexed(name string, data, fork []byte, end string) string {
	raw := append([]byte{byte(len(name))}, name...)
	raw = append(raw, "\x00TEXTttxt\x00\x00"...)
	raw = binary.BigEndian.AppendUint32(raw, uint32(len(data)))
	raw = binary.BigEndian.AppendUint32(raw, uint32(len(fork)))
	raw = append(raw, 0, 0) // the checksums are not looked at
	raw = append(append(append(raw, data...), 0, 0), fork...)
	raw = append(raw, 0, 0)
	var packed []byte
	for i := 0; i < len(raw); {
		n := 1
		for i+n < len(raw) && raw[i+n] == raw[i] && n < 255 {
			n++
		}
		switch {
		case raw[i] == 0x90:
			packed = append(packed, 0x90, 0)
			n = 1
		case n > 3:
			packed = append(packed, raw[i], 0x90, byte(n))
		default:
			packed = append(packed, raw[i])
			n = 1
		}
		i += n
	}
	const alphabet = "!\"#$%&'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[`abcdefhijklmpqr"
	text := []byte{':'}
	var acc uint32
	bits := 0
	for _, b := range packed {
		acc, bits = acc<<8|uint32(b), bits+8
		for bits >= 6 {
			bits -= 6
			text = append(text, alphabet[acc>>bits&63])
		}
	}
	if bits > 0 {
		text = append(text, alphabet[acc<<(6-bits)&63])
	}
	text = append(text, ':')
	var out strings.Builder
	out.WriteString("(This file must be converted with BinHex 4.0)" + end + end)
	for len(text) > 0 {
		n := min(64, len(text))
		out.Write(text[:n])
		out.WriteString(end)
		text = text[n:]
	}
	return out.String()
}

// randomFile has all bytes, and runs of those that the formats treat in a way of their own.
func randomFile(r *rand.Rand) []byte {
	data := make([]byte, r.IntN(700))
	special := []byte{0, ' ', '=', '.', '\r', '\n', 0x90, 214, 224, 227, 19, 4}
	for i := 0; i < len(data); {
		b, n := byte(r.IntN(256)), 1
		if r.IntN(3) == 0 {
			b = special[r.IntN(len(special))]
		}
		if r.IntN(8) == 0 {
			n = r.IntN(300)
		}
		for ; n > 0 && i < len(data); n, i = n-1, i+1 {
			data[i] = b
		}
	}
	return data
}

// TestFilesInTexts has random files in each form come back out of a text.
func TestFilesInTexts(t *testing.T) {
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 1))
		data, fork := randomFile(r), []byte(nil)
		end := []string{"\r\n", "\n"}[r.IntN(2)]
		var form, text string
		switch r.IntN(6) {
		case 0:
			form, text = "uuencode", uuencoded("f", data, '`', false, end)
		case 1:
			form, text = "uuencode with blanks", uuencoded("f", data, ' ', false, end)
		case 2:
			form, text = "uuencode whose blanks are lost", uuencoded("f", data, ' ', true, end)
		case 3:
			form, text = "yEnc", yencoded("f", data, end)
		case 4:
			form, text = "BinHex", binhexed("f", data, nil, end)
		case 5:
			fork = append(randomFile(r), 'x')
			form, text = "BinHex with a resource fork", binhexed("f", data, fork, end)
		}
		if len(data)+len(fork) == 0 {
			continue
		}
		mail := "Subject: s" + end + end + "Hello" + end + end + text + "Bye" + end
		m := Parse([]byte(mail), DefaultLimits())
		files := m.Attachments()
		if want := 1 + min(1, len(fork)); len(files) != want {
			t.Errorf("seed %d, %s: %d files, want %d", seed, form, len(files), want)
			continue
		}
		for i, want := range [][]byte{data, fork}[:len(files)] {
			if got, ok := m.Content(files[i].Part); !ok || !bytes.Equal(got, want) {
				t.Errorf("seed %d, %s, file %d: %d bytes, want %d", seed, form, i, len(got), len(want))
			}
		}
		if !strings.HasPrefix(m.BodyText(), "Hello\n") || !hasCode(m, CodeInlineEncoded) || hasCode(m, CodeBadUUEncode) {
			t.Errorf("seed %d, %s: text %.20q, %v", seed, form, m.BodyText(), m.Problems)
		}
	}
}

// TestFilesAsAWhole has files whose content is one of the forms as a whole, whatever their transfer encoding.
func TestFilesAsAWhole(t *testing.T) {
	data := []byte("PK\x03\x04 and so on")
	for form, text := range map[string]string{
		"uuencode": uuencoded("f", data, '`', false, "\r\n"), "yEnc": yencoded("f", data, "\r\n"), "BinHex": binhexed("f", data, nil, "\r\n"),
	} {
		for encoding, content := range map[string]string{"8bit": text, "base64": base64.StdEncoding.EncodeToString([]byte(text))} {
			m := Parse([]byte("Content-Type: application/octet-stream; name=whole\r\nContent-Transfer-Encoding: "+encoding+"\r\n\r\n"+content), DefaultLimits())
			files := m.Attachments()
			if len(files) != 2 || files[0].Filename != "whole" || files[1].Filename != "f" {
				t.Errorf("%s in %s: %+v", form, encoding, files)
				continue
			}
			if got, _ := m.Content(files[1].Part); !bytes.Equal(got, data) {
				t.Errorf("%s in %s: %q", form, encoding, got)
			}
		}
	}
}

// TestNoFilesInProse holds that a text which only looks like a file has none.
func TestNoFilesInProse(t *testing.T) {
	for _, text := range []string{
		"begin 100 years ago", "begin\r\nend", "begin 644", "We begin 644 things\r\nend", "=ybegin", "=y begin line=1", "a =ybegin line=1 size=1 name=x",
		"begin with the end\r\nin mind", "(This file must be read)", "begin 64 x\r\n!\r\nend", "to begin 644 x.bin\r\n#ABC\r\nend",
	} {
		m := Parse([]byte("Subject: s\r\n\r\n"+text+"\r\n"), DefaultLimits())
		if files := m.Attachments(); len(files) != 0 {
			t.Errorf("%q: %+v", text, files)
		}
		if len(m.Problems) != 0 {
			t.Errorf("%q: %v", text, m.Problems)
		}
	}
}

// TestDamagedFilesInTexts has files without an end, of which what there is comes out and is named.
func TestDamagedFilesInTexts(t *testing.T) {
	data := bytes.Repeat([]byte("some bytes "), 20)
	for form, text := range map[string]string{"uuencode": uuencoded("f", data, '`', false, "\r\n"), "yEnc": yencoded("f", data, "\r\n"), "BinHex": binhexed("f", data, nil, "\r\n")} {
		m := Parse([]byte("Subject: s\r\n\r\n"+text[:len(text)*2/3]), DefaultLimits())
		files := m.Attachments()
		if len(files) != 1 || !hasCode(m, CodeBadUUEncode) {
			t.Errorf("%s: %+v %v", form, files, m.Problems)
			continue
		}
		got, _ := m.Content(files[0].Part)
		if n := len(data) / 3; len(got) < n || !bytes.HasPrefix(data, got[:n]) {
			t.Errorf("%s: %q", form, got)
		}
	}
}

// TestHolds: the quick look for a mark is bytes.Contains.
func TestHolds(t *testing.T) {
	for _, text := range []string{"", "b", "begin", "begi", "x", "BinHex", "inHex", "BinHe", "bbegin", "bebegin", "xxBinHexx", strings.Repeat("be", 40) + "gin", "nHex BinHex", "egin"} {
		for cut := range len(text) + 1 {
			b := []byte(text[cut:])
			for mark, rare := range map[string]int{"begin": 0, "BinHex": 5} {
				if got, want := holds(b, mark, rare), bytes.Contains(b, []byte(mark)); got != want {
					t.Errorf("%q in %q: %v, want %v", mark, b, got, want)
				}
			}
		}
	}
}
