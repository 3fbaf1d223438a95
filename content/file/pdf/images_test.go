package pdf

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"example.org/imap-integration/content/file/held"
)

// TestGrayOf holds how points become a picture: of one bit, of gray, of three colors.
func TestGrayOf(t *testing.T) {
	for name, c := range map[string]struct {
		points       []byte
		w, h, row    int
		bits, colors int
		want         []byte
	}{
		"bits":   {[]byte{0b10100000, 0b01000000}, 3, 2, 1, 1, 1, []byte{255, 0, 255, 0, 255, 0}},
		"gray":   {[]byte{1, 2, 3, 4}, 2, 2, 2, 8, 1, []byte{1, 2, 3, 4}},
		"colors": {[]byte{255, 255, 255, 100, 0, 0}, 2, 1, 6, 8, 3, []byte{255, 30}},
	} {
		if g := grayOf(c.points, c.w, c.h, c.row, c.bits, c.colors); !bytes.Equal(g.Pix, c.want) {
			t.Errorf("%s: %v, want %v", name, g.Pix, c.want)
		}
	}
}

// TestImagesBudget holds that pictures are charged, and that one that is too much is named once.
func TestImagesBudget(t *testing.T) {
	one := func(w, h int) []byte {
		return fmt.Appendf(nil, "1 0 obj<</Subtype/Image/Width %d/Height %d/BitsPerComponent 8/ColorSpace/DeviceGray>>stream\n%s\nendstream endobj ", w, h, make([]byte, 100))
	}
	var c held.Content
	b := held.Budget{Pixels: 1_000_000}
	addImages(context.Background(), &c, bytes.Repeat(one(30, 30), 3), &b)
	if len(c.Problems) > 0 || b.Pixels >= 1_000_000 {
		t.Errorf("left %d, problems %v", b.Pixels, c.Problems)
	}
	addImages(context.Background(), &c, bytes.Repeat(one(60000, 60000), 3), &b)
	if len(c.Problems) != 1 || c.Problems[0].Code != "limit_file" {
		t.Errorf("problems %v", c.Problems)
	}
}

// FuzzImages holds that no bytes make the search for pictures fail or cost more than there is.
func FuzzImages(f *testing.F) {
	f.Add([]byte("1 0 obj<</Subtype/Image/Width 30/Height 30/BitsPerComponent 1/ImageMask true>>stream\nxxxxxxxx\nendstream"))
	f.Add([]byte("obj<</Subtype/Image/Width 25/Height 25/BitsPerComponent 8/ColorSpace/DeviceRGB/Filter/FlateDecode>>stream\r\nx\x9c\x03\x00\x00\x00\x00\x01"))
	f.Add([]byte("/Image/DCTDecode stream\n\xff\xd8\xff\xe0"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var c held.Content
		b := held.Budget{Pixels: 1 << 20}
		addImages(t.Context(), &c, data, &b)
		if b.Pixels < 0 || len(c.Problems) > 1 {
			t.Errorf("left %d, problems %v", b.Pixels, c.Problems)
		}
	})
}
