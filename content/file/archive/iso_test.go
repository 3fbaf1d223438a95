package archive_test

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
	"unicode/utf16"

	"example.org/imap-integration/content/file/archive"
	"example.org/imap-integration/message"
)

const sector = 2048

// image is a disc image with a root folder, a folder in it, and a file in each.
func image(joliet bool, names ...string) []byte {
	data := make([]byte, 24*sector)
	descriptor := data[16*sector:]
	copy(descriptor, "\x01CD001\x01")
	if joliet {
		copy(descriptor, "\x02CD001\x01")
		copy(descriptor[88:], "%/E")
	}
	copy(data[17*sector:], "\xffCD001\x01")
	name := func(s string) []byte {
		if !joliet {
			return []byte(s)
		}
		var out []byte
		for _, u := range utf16.Encode([]rune(s)) {
			out = binary.BigEndian.AppendUint16(out, u)
		}
		return out
	}
	record := func(raw []byte, at, size int, folder bool) []byte {
		r := make([]byte, 33+len(raw)+(len(raw)+1)%2)
		r[0], r[32] = byte(len(r)), byte(len(raw))
		binary.LittleEndian.PutUint32(r[2:], uint32(at))
		binary.LittleEndian.PutUint32(r[10:], uint32(size))
		if folder {
			r[25] = 2
		}
		copy(r[33:], raw)
		return r
	}
	copy(descriptor[156:], record([]byte{0}, 18, sector, true))
	own := bytes.Join([][]byte{record([]byte{0}, 18, sector, true), record([]byte{1}, 18, sector, true)}, nil)
	copy(data[18*sector:], bytes.Join([][]byte{own, record(name(names[0]), 20, 5, false), record(name(names[1]), 19, sector, true)}, nil))
	copy(data[19*sector:], append(bytes.Clone(own), record(name(names[2]), 21, 6, false)...))
	copy(data[20*sector:], "first")
	copy(data[21*sector:], "second")
	return data
}

func TestImages(t *testing.T) {
	for name, c := range map[string]struct {
		data  []byte
		names []string
	}{
		"plain":   {image(false, "A.TXT;1", "SUB", "B.EXE;1"), []string{"A.TXT", "SUB/B.EXE"}},
		"no dot":  {image(false, "README.;1", "D", "X"), []string{"README", "D/X"}},
		"Joliet":  {image(true, "a longer name.txt", "日本", "中.exe;1"), []string{"a longer name.txt", "日本/中.exe"}},
		"letters": {image(true, "Grüße.html", "ü", "ß"), []string{"Grüße.html", "ü/ß"}},
	} {
		got := archive.Read(t.Context(), "iso", "a.iso", c.data, nil, budget())
		if len(got.Members) != 2 || len(got.Problems) > 0 || string(got.Members[0].Data) != "first" || string(got.Members[1].Data) != "second" {
			t.Errorf("%s: %+v", name, got)
			continue
		}
		for i, m := range got.Members {
			if m.Name != c.names[i] {
				t.Errorf("%s: %q, want %q", name, m.Name, c.names[i])
			}
		}
	}
}

func TestImageDamage(t *testing.T) {
	sound := image(false, "A.TXT;1", "SUB", "B.EXE;1")
	for name, c := range map[string]struct {
		change func([]byte)
		code   string
	}{
		"a folder behind the end": {func(b []byte) { binary.LittleEndian.PutUint32(b[16*sector+158:], 1<<20) }, message.CodeArchiveDamaged},
		"an entry that is none":   {func(b []byte) { b[18*sector+68] = 20 }, message.CodeArchiveDamaged},
		"a file behind the end":   {func(b []byte) { binary.LittleEndian.PutUint32(b[18*sector+68+2:], 1<<20) }, message.CodeArchiveDamaged},
		"UDF besides":             {func(b []byte) { copy(b[22*sector:], "\x00NSR02") }, message.CodeArchiveUnsupported},
		"no directory":            {func(b []byte) { b[16*sector+1] = 'X' }, message.CodeArchiveUnsupported},
	} {
		b := bytes.Clone(sound)
		c.change(b)
		if got := archive.Read(t.Context(), "iso", "a.iso", b, nil, budget()); !strings.Contains(strings.Join(codes(got), " "), c.code) {
			t.Errorf("%s: %v", name, codes(got))
		}
	}
}
