package filetest

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
)

func pictures() []Bomb {
	return []Bomb{
		{"huge.png", claimingPNG(100000, 100000), "limit_file", false},
		{"wide.png", claimingPNG(1<<31-1, 1), "limit_file", false},
		{"cut.png", claimingPNG(100, 100), "file_damaged", false},
		{"corners.png", encoded(corners(1500, 9)), "limit_file", true},
		{"large corners.png", encoded(corners(1500, 60)), "", true},
		{"small corners.png", encoded(corners(480, 9)), "limit_file", true},
		{"noise.png", encoded(noise(3000, 3000)), "", true},
		{"noise, small.png", encoded(noise(500, 500)), "", true},
		{"lines.png", encoded(stripes(3000, 3000)), "", true},
		{"noise.jpg", jpegOf(noise(3400, 3400)), "", true},
		{"pictures.zip", manyPictures(), "limit_file", true},
		{"huge.gif", []byte("GIF89a\xff\xff\xff\xff\x00\x00\x00"), "limit_file", false},
		{"cut.gif", []byte("GIF89a\x40\x00\x40\x00\x00\x00\x00\x2c"), "file_damaged", false},
		{"cut.jpg", []byte("\xff\xd8\xff\xe0\x00\x10JFIF"), "file_damaged", false},
		{"huge.webp", []byte("RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00\x2f\xff\xff\xff\xff\x00\x00\x00\x00"), "file_damaged", false},
		{"huge.bmp", append([]byte("BM\x00\x00\x00\x00\x00\x00\x00\x00\x36\x00\x00\x00\x28\x00\x00\x00\xff\xff\xff\x00\xff\xff\xff\x00\x01\x00\x18\x00"), make([]byte, 24)...), "limit_file", false},
		{"cut.bmp", append([]byte("BM\x00\x00\x00\x00\x00\x00\x00\x00\x36\x00\x00\x00\x28\x00\x00\x00\x40\x00\x00\x00\x40\x00\x00\x00\x01\x00\x18\x00"), make([]byte, 24)...), "file_damaged", false},
	}
}

// claimingPNG claims a size that it does not have.
func claimingPNG(width, height int) []byte {
	head := append(append([]byte("IHDR"), uint32BE(width)...), uint32BE(height)...)
	head = append(head, 8, 2, 0, 0, 0)
	out := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"), head...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(head))
}

func encoded(picture image.Image) []byte {
	var b bytes.Buffer
	must((&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&b, picture))
	return b.Bytes()
}

func jpegOf(picture image.Image) []byte {
	var b bytes.Buffer
	must(jpeg.Encode(&b, picture, nil))
	return b.Bytes()
}

// corners is a picture full of the squares that stand in the corners of QR codes.
func corners(side, step int) image.Image {
	g := image.NewGray(image.Rect(0, 0, side, side))
	module := max(1, step/9)
	for y := range side {
		for x := range side {
			i, j := x%step/module, y%step/module
			ring := min(i, j, 6-i, 6-j)
			if ring < 0 || ring == 1 {
				g.SetGray(x, y, color.Gray{255})
			}
		}
	}
	return g
}

func noise(w, h int) *image.Gray {
	g := image.NewGray(image.Rect(0, 0, w, h))
	r := rand.New(rand.NewPCG(1, 2))
	for i := range g.Pix {
		g.Pix[i] = byte(r.Uint32())
	}
	return g
}

// stripes have the proportions of a corner in every row, and in no column.
func stripes(w, h int) image.Image {
	g := image.NewGray(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			if i := x % 8; i == 1 || i == 5 || i == 7 {
				g.SetGray(x, y, color.Gray{255})
			}
		}
	}
	return g
}

func manyPictures() []byte {
	one := encoded(noise(500, 500))
	files := make([]File, 300)
	for i := range files {
		files[i] = File{string(rune('a'+i%26)) + string(rune('a'+i/26)) + ".png", one}
	}
	return Zip(files...)
}
