package packing

import (
	"bytes"
	"encoding/base64"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

// noise is text that no compression makes shorter.
func noise(n int) string {
	random := rand.New(rand.NewPCG(1, uint64(n)))
	raw := make([]byte, n)
	for i := range raw {
		raw[i] = byte(random.Uint32())
	}
	return base64.StdEncoding.EncodeToString(raw)[:n]
}

// FuzzPack: what was packed comes back, and nothing that was not makes trouble.
func FuzzPack(f *testing.F) {
	f.Add([]byte(strings.Repeat("an invoice is overdue, ", 100)))
	f.Add([]byte(noise(1000)))
	f.Add([]byte("\xff\xff\xff\xff\x0f"))
	f.Fuzz(func(t *testing.T, data []byte) {
		stored, packed := Pack(data)
		if !packed {
			stored = data
		}
		back, err := Unpack(stored, packed, len(data))
		if err != nil || !bytes.Equal(back, data) {
			t.Fatalf("%d bytes came back as %d, %v", len(data), len(back), err)
		}
		if len(stored) > len(data) {
			t.Fatalf("%d bytes became %d", len(data), len(stored))
		}
		if back, err := Unpack(data, true, 1000); err == nil && len(back) > 1000 {
			t.Fatalf("%d bytes came out", len(back))
		}
	})
}

func TestChunksOf(t *testing.T) {
	for _, c := range []struct {
		raw  []byte
		want []int
	}{{nil, nil}, {[]byte{}, []int{0}}, {make([]byte, ChunkSize+1), []int{ChunkSize, 1}}} {
		var got []int
		for chunk, err := range ChunksOf(c.raw) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, len(chunk))
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%d bytes: %v", len(c.raw), got)
		}
	}
}
