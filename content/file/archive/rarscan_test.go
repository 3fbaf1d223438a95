package archive

import (
	"bytes"
	"testing"
)

// TestScanRAR holds what is read of the headers before the library sees them.
func TestScanRAR(t *testing.T) {
	block := func(body ...byte) []byte {
		return append(append(make([]byte, 4), byte(len(body))), body...) // the checksum is the library's matter
	}
	mark := []byte(rar5Mark)
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	file := func(rounds byte) []byte {
		// type, flags: extra and data, sizes of both, the record: size, type, version, flags, rounds
		return append(block(rar5File, 3, 5, 2, 4, 1, 0, 0, rounds), 'x', 'y')
	}
	for name, c := range map[string]struct {
		data   []byte
		cost   int
		solid  bool
		refuse bool
	}{
		"RAR 4":                 {[]byte("Rar!\x1a\x07\x00\xcf\x90\x73\x00\x00\x0d"), rar4KeyCost, false, false},
		"RAR 4, solid":          {[]byte("Rar!\x1a\x07\x00\xcf\x90\x73\x08\x00\x0d"), rar4KeyCost, true, false},
		"RAR 5":                 {join(mark, block(rar5Main, 0, 0)), 1, false, false},
		"RAR 5, solid":          {join(mark, block(rar5Main, 0, 4)), 1, true, false},
		"encrypted headers":     {join(mark, block(rar5Encryption, 0, 0, 0, 15)), 16, false, false},
		"an encrypted file":     {join(mark, block(rar5Main, 0, 0), file(15)), 16, false, false},
		"the second file":       {join(mark, file(0), file(17)), 64, false, false},
		"too many rounds":       {join(mark, file(24)), 0, false, true},
		"too many, headers":     {join(mark, block(rar5Encryption, 0, 0, 0, 24)), 0, false, true},
		"cut":                   {join(mark, file(15)[:6]), 1, false, false},
		"more data than is one": {join(mark, block(rar5File, 2, 0xff, 0x7f)), 1, false, false},
		"nothing":               {mark, 1, false, false},
	} {
		f, err := scanRAR(c.data)
		if (err != nil) != c.refuse || err == nil && (f.keyCost != c.cost || f.solid != c.solid) {
			t.Errorf("%s: %+v, %v", name, f, err)
		}
	}
}
