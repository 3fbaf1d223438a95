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
	return Affords(c, config.Width, config.Height, b)
}

// Affords charges a picture of this size, and names why it is not searched where it is too much.
func Affords(c *held.Content, width, height int, b *held.Budget) bool {
	cost := Cost(width, height)
	if int64(width)*int64(height) > maxPixels || cost > b.Pixels {
		c.Add(message.CodeLimitFile, "the picture of %d x %d pixels was not searched for QR codes: too large, or too many pictures before it", width, height)
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
	search(ctx, c, picture, where, scales(max(picture.Bounds().Dx(), picture.Bounds().Dy())))
}

// SearchPage adds the codes on a drawn page, which is as sharp as it is and looked at as it is.
func SearchPage(ctx context.Context, c *held.Content, page image.Image, where string) {
	search(ctx, c, page, where, []float64{1})
}

func search(ctx context.Context, c *held.Content, picture image.Image, where string, scales []float64) {
	found, err := codes(ctx, picture, scales)
	if err != nil {
		c.Add(message.CodeLimitFile, "the picture was not searched for QR codes to the end: %s", quote.Line(err.Error(), quote.Sentence))
	}
	for _, text := range found {
		c.AddLink(held.Link{URL: text, Where: where})
	}
}

// codes looks in all ways and joins what they find: of several codes in one picture
// one may be seen in this way only, another in that.
func codes(ctx context.Context, picture image.Image, scales []float64) (found []string, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("its reader failed: %v", p)
		}
	}()
	b := picture.Bounds()
	if b.Dx() < minSide || b.Dy() < minSide {
		return nil, nil
	}
	var before *image.Gray
	for i, scale := range scales {
		gray := before
		if i > 0 && scale == scales[i-1]/2 {
			gray = halved(before)
		} else {
			gray = grayscale(picture, scale)
		}
		before = gray
		for _, inverted := range []bool{false, true} {
			if ctx.Err() != nil {
				return found, ctx.Err()
			}
			if inverted {
				gray = negative(gray)
			}
			surround(gray)
			texts, crowded := lookAt(ctx, gray)
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
	return found, err
}

// lookAt reads the codes in a picture by both ways of making it black and white.
func lookAt(ctx context.Context, gray *image.Gray) (found []string, crowded bool) {
	for _, binarizer := range []func(gozxing.LuminanceSource) gozxing.Binarizer{gozxing.NewHybridBinarizer, gozxing.NewGlobalHistgramBinarizer} {
		matrix, err := binarizer(luminance(gray)).GetBlackMatrix()
		if err != nil {
			continue
		}
		texts, many := inMatrix(ctx, matrix)
		found, crowded = append(found, texts...), crowded || many
	}
	return found, crowded
}

func negative(gray *image.Gray) *image.Gray {
	out := image.NewGray(gray.Bounds())
	for i, v := range gray.Pix {
		out.Pix[i] = ^v
	}
	return out
}

// halved is a picture of half the size, each point the mean of four: noise and what JPEG leaves fade.
func halved(gray *image.Gray) *image.Gray {
	b := gray.Bounds().Inset(margin)
	w, h := max(1, b.Dx()/2), max(1, b.Dy()/2)
	out := image.NewGray(image.Rect(0, 0, w+2*margin, h+2*margin))
	for y := range h {
		for x := range w {
			at := (margin+2*y)*gray.Stride + margin + 2*x
			sum := int(gray.Pix[at]) + int(gray.Pix[at+1]) + int(gray.Pix[at+gray.Stride]) + int(gray.Pix[at+gray.Stride+1])
			out.Pix[(margin+y)*out.Stride+margin+x] = byte(sum / 4)
		}
	}
	return out
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

// PageCost is what a drawn page takes of the budget.
func PageCost(width, height int) int64 { return 4 * int64(width) * int64(height) }

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

// margin is the width of the quiet zone that a picture gets, pixels.
const margin = 16

// grayscale puts a picture on white, as large as asked, with room for a quiet zone around.
func grayscale(picture image.Image, scale float64) *image.Gray {
	b := picture.Bounds()
	w, h := max(1, int(float64(b.Dx())*scale)), max(1, int(float64(b.Dy())*scale))
	gray := image.NewGray(image.Rect(0, 0, w+2*margin, h+2*margin))
	for i := range gray.Pix {
		gray.Pix[i] = 255
	}
	draw.ApproxBiLinear.Scale(gray, image.Rect(margin, margin, margin+w, margin+h), picture, b, draw.Over, nil)
	return gray
}

// surround makes the quiet zone: as light as the lightest part of the edge nearby, so
// that a shadow goes on over it and a code without a quiet zone gets one.
func surround(gray *image.Gray) {
	const nearby = 24 // pixels
	b := gray.Bounds()
	inner := b.Inset(margin)
	lightest := func(along int, low, high int, at func(int) byte) (light byte) {
		for i := max(low, along-nearby); i < min(high, along+nearby+1); i++ {
			light = max(light, at(i))
		}
		return light
	}
	for x := inner.Min.X; x < inner.Max.X; x++ {
		top := lightest(x, inner.Min.X, inner.Max.X, func(i int) byte { return gray.Pix[inner.Min.Y*gray.Stride+i] })
		bottom := lightest(x, inner.Min.X, inner.Max.X, func(i int) byte { return gray.Pix[(inner.Max.Y-1)*gray.Stride+i] })
		for y := range margin {
			gray.Pix[y*gray.Stride+x] = top
			gray.Pix[(inner.Max.Y+y)*gray.Stride+x] = bottom
		}
	}
	for y := range b.Dy() { // the corners too
		row := min(max(y, inner.Min.Y), inner.Max.Y-1)
		left := lightest(row, inner.Min.Y, inner.Max.Y, func(i int) byte { return gray.Pix[i*gray.Stride+inner.Min.X] })
		right := lightest(row, inner.Min.Y, inner.Max.Y, func(i int) byte { return gray.Pix[i*gray.Stride+inner.Max.X-1] })
		for x := range margin {
			gray.Pix[y*gray.Stride+x] = left
			gray.Pix[y*gray.Stride+inner.Max.X+x] = right
		}
	}
}
