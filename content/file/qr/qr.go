// Package qr finds the QR codes in a picture.
//
// What arrives is a photo, a screenshot or a scan: codes that are white on black,
// three pixels to a module or thirty, several in one picture, coloured, noisy, or
// drawn to be read by a telephone and missed by a filter. So each picture is looked
// at in several ways until one finds something. A header that claims more pixels
// than the budget has is not decoded. A picture without a code gives nothing.
package qr

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	_ "image/gif"  // formats that are decoded
	_ "image/jpeg" //
	_ "image/png"  //
	"slices"

	"github.com/makiuchi-d/gozxing"
	_ "golang.org/x/image/bmp"
	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp"

	"example.org/imap-integration/content/file/held"
	"example.org/imap-integration/message"
	"example.org/imap-integration/quote"
)

const (
	maxPixels = 12 << 20 // of one picture
	workSide  = 1600     // pixels to which a larger picture is made smaller
	smallSide = 500      // up to which it is made larger
	largeSide = 900      // to which, at most
	minSide   = 21       // modules of the smallest code
)

// Read adds the codes in a picture to c: targets as links, other texts as texts.
func Read(ctx context.Context, c *held.Content, data []byte, b *held.Budget) {
	if !Check(c, data, b) {
		return
	}
	picture, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		c.Add(problem(err), "the picture cannot be read to its end: %s", quote.Line(err.Error(), quote.Sentence))
		return
	}
	Search(ctx, c, picture, "qr")
}

// Check looks at the header of a picture, charges its pixels and names why it is not searched; true where it may be.
func Check(c *held.Content, data []byte, b *held.Budget) bool {
	config, _, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		c.Add(problem(err), "the picture cannot be read: %s", quote.Line(err.Error(), quote.Sentence))
		return false
	}
	pixels, cost := int64(config.Width)*int64(config.Height), Cost(config.Width, config.Height)
	if pixels > maxPixels || cost > b.Pixels {
		c.Add(message.CodeLimitFile, "the picture of %d x %d pixels was not searched for QR codes: too large, or too many pictures before it", config.Width, config.Height)
		return false
	}
	b.Pixels -= cost
	return true
}

func problem(err error) string {
	if errors.Is(err, image.ErrFormat) {
		return message.CodeFileUnsupported
	}
	return message.CodeFileDamaged
}

// Search adds the codes in a decoded picture.
func Search(ctx context.Context, c *held.Content, picture image.Image, where string) {
	found, err := codes(ctx, picture)
	if err != nil {
		c.Add(message.CodeLimitFile, "the picture was not searched for QR codes to the end: %s", quote.Line(err.Error(), quote.Sentence))
	}
	for _, text := range found {
		c.AddLink(held.Link{URL: text, Where: where})
	}
}

// codes looks in all ways and joins what they find: of several codes in one picture
// one may be seen in this way only, another in that.
func codes(ctx context.Context, picture image.Image) (found []string, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("its reader failed: %v", p)
		}
	}()
	b := picture.Bounds()
	if b.Dx() < minSide || b.Dy() < minSide {
		return nil, nil
	}
	for _, scale := range scales(max(b.Dx(), b.Dy())) {
		gray := grayscale(picture, scale)
		for _, inverted := range []bool{false, true} {
			if inverted {
				for i := range gray.Pix {
					gray.Pix[i] = ^gray.Pix[i]
				}
			}
			for _, binarizer := range []func(gozxing.LuminanceSource) gozxing.Binarizer{gozxing.NewHybridBinarizer, gozxing.NewGlobalHistgramBinarizer} {
				if ctx.Err() != nil {
					return found, ctx.Err()
				}
				matrix, failed := binarizer(luminance(gray)).GetBlackMatrix()
				if failed != nil {
					continue
				}
				texts, crowded := inMatrix(ctx, matrix)
				if crowded {
					err = errCrowded
				}
				for _, text := range texts {
					if !slices.Contains(found, text) {
						found = append(found, text)
					}
				}
			}
		}
	}
	return found, err
}

// errCrowded says that codes may be missed.
var errCrowded = errors.New("more marks of codes than are looked at")

// luminance is the picture as the library takes it.
func luminance(gray *image.Gray) gozxing.LuminanceSource {
	b := gray.Bounds()
	source, err := gozxing.NewPlanarYUVLuminanceSource(gray.Pix, gray.Stride, b.Dy(), 0, 0, b.Dx(), b.Dy(), false)
	if err != nil { // it says so of sizes that do not fit
		return gozxing.NewLuminanceSourceFromImage(gray)
	}
	return source
}

// scales are the sizes at which a picture is looked at, as factors.
func scales(side int) []float64 {
	switch {
	case side > workSide:
		return []float64{workSide / float64(side), workSide / float64(2*side)}
	case side <= smallSide:
		return []float64{1, min(3, largeSide/float64(side))}
	}
	return []float64{1, 0.5}
}

// Cost is what a picture takes of the budget: its pixels, and those of each look at it.
func Cost(width, height int) int64 {
	const looks = 4
	pixels := int64(width) * int64(height)
	total := float64(pixels)
	for _, s := range scales(max(width, height)) {
		total += looks * s * s * float64(pixels)
	}
	return int64(total)
}

// grayscale puts a picture on white, as large as asked, with a quiet zone around.
func grayscale(picture image.Image, scale float64) *image.Gray {
	const margin = 16
	b := picture.Bounds()
	w, h := max(1, int(float64(b.Dx())*scale)), max(1, int(float64(b.Dy())*scale))
	gray := image.NewGray(image.Rect(0, 0, w+2*margin, h+2*margin))
	for i := range gray.Pix {
		gray.Pix[i] = 255
	}
	draw.ApproxBiLinear.Scale(gray, image.Rect(margin, margin, margin+w, margin+h), picture, b, draw.Over, nil)
	return gray
}
