package archive_test

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"slices"
	"testing"

	"example.org/imap-integration/content/file/archive"
	"example.org/imap-integration/content/file/held"
	"example.org/imap-integration/message"
)

// cabinet packs files into one folder (MS-CAB): blocks of at most 32 KiB, stored or MSZIP.
type cabinet struct {
	method uint16 // 0 stored, 1 MSZIP, 2 Quantum, 3 LZX
	flags  uint16 // 1 previous, 2 next, 4 reserve
	names  []string
	data   [][]byte
	utf8   bool
}

func (c cabinet) bytes(t *testing.T) []byte {
	t.Helper()
	const block = 32 << 10
	plain := bytes.Join(c.data, nil)
	var blocks bytes.Buffer
	n := 0
	for at := 0; at < len(plain); at, n = at+block, n+1 {
		piece := plain[at:min(len(plain), at+block)]
		body := piece
		if c.method == 1 {
			var z bytes.Buffer
			z.WriteString("CK")
			w, err := flate.NewWriterDict(&z, flate.BestCompression, plain[max(0, at-block):at])
			if err == nil {
				_, err = w.Write(piece)
			}
			if err == nil {
				err = w.Close()
			}
			if err != nil {
				t.Fatal(err)
			}
			body = z.Bytes()
		}
		h := binary.LittleEndian.AppendUint32(nil, 0)
		h = binary.LittleEndian.AppendUint16(h, uint16(len(body)))
		h = binary.LittleEndian.AppendUint16(h, uint16(len(piece)))
		if c.flags&4 != 0 {
			h = append(h, 9)
		}
		blocks.Write(append(h, body...))
	}
	var files bytes.Buffer
	at := 0
	for i, name := range c.names {
		h := binary.LittleEndian.AppendUint32(nil, uint32(len(c.data[i])))
		h = binary.LittleEndian.AppendUint32(h, uint32(at))
		h = append(h, 0, 0, 0, 0, 0, 0) // folder, date, time
		attributes := uint16(0x20)
		if c.utf8 {
			attributes |= 0x80
		}
		h = binary.LittleEndian.AppendUint16(h, attributes)
		files.Write(append(append(h, name...), 0))
		at += len(c.data[i])
	}
	var reserve []byte
	folder := 8
	if c.flags&4 != 0 {
		reserve = []byte{3, 0, 2, 1, 7, 7, 7} // bytes of the header, of each folder, of each block; and those of the header
		folder += 2
	}
	var others []byte
	if c.flags&1 != 0 {
		others = append(others, "before.cab\x00disk\x00"...)
	}
	header := 36 + len(reserve) + len(others)
	out := append([]byte("MSCF"), make([]byte, 32)...)
	binary.LittleEndian.PutUint32(out[16:], uint32(header+folder))
	out[24], out[25], out[26] = 3, 1, 1
	binary.LittleEndian.PutUint16(out[28:], uint16(len(c.names)))
	binary.LittleEndian.PutUint16(out[30:], c.flags)
	out = append(append(out, reserve...), others...)
	f := binary.LittleEndian.AppendUint32(nil, uint32(header+folder+files.Len()))
	f = binary.LittleEndian.AppendUint16(f, uint16(n))
	f = binary.LittleEndian.AppendUint16(f, c.method)
	out = append(out, append(f, make([]byte, folder-8)...)...)
	return append(append(out, files.Bytes()...), blocks.Bytes()...)
}

func budget() *held.Budget { return &held.Budget{Bytes: 32 << 20, Members: 100, Tries: 1000} }

func TestCabinets(t *testing.T) {
	long := bytes.Repeat([]byte("a line of a longer file, which takes several blocks\r\n"), 2000)
	names := []string{"a.txt", "sub\\b.exe", "empty"}
	data := [][]byte{[]byte("content"), long, {}}
	for name, c := range map[string]struct {
		cabinet
		code string
	}{
		"stored":         {cabinet{0, 0, names, data, false}, ""},
		"MSZIP":          {cabinet{1, 0, names, data, false}, ""},
		"reserve":        {cabinet{1, 4, names, data, false}, ""},
		"reserve stored": {cabinet{0, 4, names, data, false}, ""},
		"UTF-8 names":    {cabinet{0, 0, []string{"Grüße.exe", "日本.txt", "x"}, data, true}, ""},
		"one of several": {cabinet{1, 1, names, data, false}, message.CodeArchiveUnsupported},
		"Quantum":        {cabinet{2, 0, names, data, false}, message.CodeArchiveUnsupported},
		"LZX":            {cabinet{3, 0, names, data, false}, message.CodeArchiveUnsupported},
	} {
		got := archive.Read(t.Context(), "cab", "a.cab", c.bytes(t), nil, budget())
		if c.code != "" && !slices.Contains(codes(got), c.code) || c.code == "" && len(codes(got)) > 0 {
			t.Errorf("%s: problems %v", name, got.Problems)
		}
		if len(got.Members) != len(data) {
			t.Errorf("%s: %d members", name, len(got.Members))
			continue
		}
		for i, m := range got.Members {
			readable := c.method < 2
			if m.Name != c.names[i] || m.Read != readable || readable && !bytes.Equal(m.Data, data[i]) {
				t.Errorf("%s: member %q, read %v, %d bytes", name, m.Name, m.Read, len(m.Data))
			}
		}
	}
}

// TestCabinetCharge holds that a folder is charged once, whatever its files claim.
func TestCabinetCharge(t *testing.T) {
	c := cabinet{1, 0, []string{"a", "b"}, [][]byte{make([]byte, 100_000), make([]byte, 50_000)}, false}
	b := budget()
	before := b.Bytes
	archive.Read(t.Context(), "cab", "a.cab", c.bytes(t), nil, b)
	if before-b.Bytes != 150_000 {
		t.Errorf("%d bytes are charged", before-b.Bytes)
	}
	b.Bytes = 100_000
	got := archive.Read(t.Context(), "cab", "a.cab", c.bytes(t), nil, b)
	if !slices.Contains(codes(got), message.CodeLimitArchive) && !slices.Contains(codes(got), message.CodeArchiveDamaged) {
		t.Errorf("problems %v", codes(got))
	}
}
