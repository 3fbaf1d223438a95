package pdf

import (
	"bytes"
	"compress/zlib"
	"context"
	"image"
	"io"
	"slices"
	"strconv"

	"example.org/imap-integration/content/file/held"
	"example.org/imap-integration/content/file/qr"
	"example.org/imap-integration/message"
)

// Limits of the search for pictures.
const (
	maxImages     = 100
	maxDictionary = 2 << 10 // bytes of the dictionary of a stream
)

// addImages searches the pictures in a file for QR codes. A drawn page is too coarse for a
// small code in a large scan, and PDFium, interpreted, too slow to draw that finer. It
// reads no structure, as [addActions].
func addImages(ctx context.Context, c *held.Content, data []byte, b *held.Budget) {
	n := 0
	for rest := data; n < maxImages && ctx.Err() == nil; {
		i := bytes.Index(rest, []byte("stream"))
		if i < 0 {
			return
		}
		dictionary := rest[max(0, i-maxDictionary):i]
		rest = rest[i+len("stream"):]
		if at := bytes.LastIndex(dictionary, []byte("obj")); at >= 0 {
			dictionary = dictionary[at:]
		}
		if bytes.HasSuffix(dictionary, []byte("end")) || !bytes.Contains(dictionary, []byte("/Image")) {
			continue
		}
		n++
		body := bytes.TrimPrefix(bytes.TrimPrefix(rest, []byte("\r")), []byte("\n"))
		if end := bytes.Index(body, []byte("endstream")); end >= 0 {
			body = body[:end]
		}
		var found held.Content
		searchImage(ctx, &found, dictionary, body, b)
		for _, l := range found.Links {
			if !slices.ContainsFunc(c.Links, func(k held.Link) bool { return k.URL == l.URL }) {
				c.AddLink(l)
			}
		}
		for _, p := range found.Problems {
			if p.Code == message.CodeLimitFile { // damaged ones are what PDFium could not draw either
				c.Problems = append(c.Problems, p)
				return
			}
		}
	}
}

// searchImage searches a picture in JPEG, or in points of gray or of red, green and blue.
func searchImage(ctx context.Context, c *held.Content, dictionary, body []byte, b *held.Budget) {
	if bytes.Contains(dictionary, []byte("/DCTDecode")) {
		if bytes.HasPrefix(body, []byte("\xFF\xD8\xFF")) { // not compressed once more
			qr.Read(ctx, c, body, b)
		}
		return
	}
	w, h, bits := number(dictionary, "/Width"), number(dictionary, "/Height"), number(dictionary, "/BitsPerComponent")
	colors := 1
	if bytes.Contains(dictionary, []byte("/DeviceRGB")) {
		colors = 3
	}
	if bytes.Contains(dictionary, []byte("/ImageMask")) {
		bits = 1
	}
	if w <= 0 || h <= 0 || bits != 8 && (bits != 1 || colors != 1) || bytes.Contains(dictionary, []byte("/Predictor")) || !qr.Affords(c, w, h, b) {
		return
	}
	row := (w*bits*colors + 7) / 8
	points := body
	if bytes.Contains(dictionary, []byte("/FlateDecode")) {
		z, err := zlib.NewReader(bytes.NewReader(body))
		if err != nil {
			return
		}
		points, _ = io.ReadAll(io.LimitReader(z, int64(row)*int64(h))) // what there is, of a damaged one too
	} else if bytes.Contains(dictionary, []byte("/Filter")) {
		return
	}
	qr.Search(ctx, c, grayOf(points, w, min(h, len(points)/row), row, bits, colors), "qr")
}

// grayOf makes a picture of points.
func grayOf(points []byte, w, h, row, bits, colors int) *image.Gray {
	g := image.NewGray(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			line := points[y*row:]
			switch {
			case bits == 1:
				g.Pix[y*g.Stride+x] = (line[x/8] >> (7 - x%8) & 1) * 255
			case colors == 1:
				g.Pix[y*g.Stride+x] = line[x]
			default:
				g.Pix[y*g.Stride+x] = byte((int(line[3*x])*3 + int(line[3*x+1])*6 + int(line[3*x+2])) / 10)
			}
		}
	}
	return g
}

// number is the value of a key in a dictionary, 0 where it is none.
func number(dictionary []byte, key string) int {
	_, after, _ := bytes.Cut(dictionary, []byte(key))
	after = bytes.TrimLeft(after, " \r\n\t")
	n := 0
	for n < len(after) && n < 6 && after[n] >= '0' && after[n] <= '9' {
		n++
	}
	v, _ := strconv.Atoi(string(after[:n]))
	return v
}
