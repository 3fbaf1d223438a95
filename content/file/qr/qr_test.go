package qr

import (
	"context"
	"image"
	"testing"

	"example.org/imap-integration/content/file/held"
)

// TestCost holds that a picture is charged for its pixels and for those of each look,
// and that one that is too much is not decoded.
func TestCost(t *testing.T) {
	for _, c := range []struct {
		w, h int
		want int64
	}{
		{100, 100, 10_000 + 4*(10_000+90_000)},
		{500, 100, 50_000 + 4*(50_000+162_000)},
		{1000, 1000, 1_000_000 + 4*(1_000_000+250_000)},
		{3200, 1600, 5_120_000 + 4*(1_280_000+320_000)},
	} {
		if got := Cost(c.w, c.h); got != c.want {
			t.Errorf("%d x %d costs %d, want %d", c.w, c.h, got, c.want)
		}
	}
	gif := []byte("GIF89a\xe8\x03\xe8\x03\x00\x00\x00")
	for left, may := range map[int64]bool{7_000_000: true, 5_000_000: false} {
		var c held.Content
		b := held.Budget{Pixels: left}
		if got := Check(&c, gif, &b); got != may || (len(c.Problems) == 0) != may || may && b.Pixels != left-6_000_000 {
			t.Errorf("with %d pixels: %v, left %d, problems %v", left, got, b.Pixels, c.Problems)
		}
	}
}

// TestHalved holds the means and the sizes, of the smallest pictures too.
func TestHalved(t *testing.T) {
	g := image.NewGray(image.Rect(0, 0, 4+2*margin, 2+2*margin))
	for x, v := range []byte{0, 100, 200, 40} {
		g.Pix[margin*g.Stride+margin+x] = v
		g.Pix[(margin+1)*g.Stride+margin+x] = v
	}
	h := halved(g)
	if h.Bounds().Dx() != 2+2*margin || h.Bounds().Dy() != 1+2*margin || h.GrayAt(margin, margin).Y != 50 || h.GrayAt(margin+1, margin).Y != 120 {
		t.Errorf("%v: %d %d", h.Bounds(), h.GrayAt(margin, margin).Y, h.GrayAt(margin+1, margin).Y)
	}
	if one := halved(image.NewGray(image.Rect(0, 0, 1+2*margin, 1+2*margin))); one.Bounds().Dx() != 1+2*margin {
		t.Errorf("%v", one.Bounds())
	}
}

// TestEnded holds that the search ends with its context, and says so.
func TestEnded(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var c held.Content
	Search(ctx, &c, image.NewGray(image.Rect(0, 0, 100, 100)), "qr")
	if len(c.Problems) != 1 {
		t.Errorf("%v", c.Problems)
	}
}

// FuzzSearch holds that no picture makes the search fail, whatever its size.
func FuzzSearch(f *testing.F) {
	f.Add(uint8(40), []byte("\x00\xff\xff\x00"))
	f.Add(uint8(21), []byte{0, 0, 0, 0, 0, 0, 0, 255})
	f.Fuzz(func(t *testing.T, width uint8, pixels []byte) {
		if width == 0 || len(pixels) < int(width) || len(pixels) > 1<<16 {
			t.Skip()
		}
		g := &image.Gray{Pix: pixels[:len(pixels)-len(pixels)%int(width)], Stride: int(width), Rect: image.Rect(0, 0, int(width), len(pixels)/int(width))}
		var c held.Content
		Search(t.Context(), &c, g, "qr")
		for _, p := range c.Problems {
			if p.Detail != "the picture was not searched for QR codes to the end: "+errCrowded.Error() {
				t.Errorf("%+v", p)
			}
		}
	})
}
