package file

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"strings"
)

// Bounds of codes that are drawn with characters.
const (
	minDrawn   = 21    // modules: the smallest QR code (ISO/IEC 18004)
	maxDrawn   = 400   // characters of a line, and lines
	mostDrawn  = 5     // drawings of a text
	dot        = 4     // pixels of a module
	blockForms = "█▀▄" // full, upper half, lower half
)

// addDrawn adds the QR codes that a text draws with block characters or number signs,
// as qrencode does for a terminal, as pictures. n counts the pictures that are there.
func addDrawn(c *Content, n int, text string) {
	if !mayBeDrawn(text) {
		return
	}
	var lines [][]rune
	found := 0
	end := func() bool {
		if picture := drawing(lines); picture != nil {
			if found++; addShown(c, n+found, picture) {
				c.Members[len(c.Members)-1].Drawn = true
			}
		}
		lines = lines[:0]
		return found < mostDrawn
	}
	for line := range strings.Lines(text) {
		line = strings.ReplaceAll(strings.TrimRight(line, " \r\n"), "\u00a0", " ")
		if row := []rune(line); drawnRow(row) && len(lines) < maxDrawn {
			lines = append(lines, row)
		} else if len(lines) > 0 && !end() {
			return
		}
	}
	end()
}

// mayBeDrawn is a quick look for a row of a drawing.
func mayBeDrawn(text string) bool {
	return strings.Contains(text, "█") || strings.Contains(text, "▀▀▀▀") || strings.Contains(text, "##############")
}

// drawnRow reports whether a line can be one of a drawing.
func drawnRow(row []rune) bool {
	if len(row) == 0 || len(row) > maxDrawn {
		return false
	}
	for _, r := range row {
		if r != ' ' && r != '#' && !strings.ContainsRune(blockForms, r) {
			return false
		}
	}
	return true
}

// drawing is the picture of these lines, nil where they are too few for a code. A line
// of half blockForms is two rows of modules; full blockForms and number signs are two for a module.
func drawing(lines [][]rune) []byte {
	width, half := 0, false
	for _, row := range lines {
		width = max(width, len(row))
		half = half || strings.ContainsAny(string(row), "▀▄")
	}
	across, up := 2, 1 // characters of a module, rows of modules of a line
	if half {
		across, up = 1, 2
	}
	columns, rows := width/across, len(lines)*up
	if columns < minDrawn || rows < minDrawn {
		return nil
	}
	const margin = 4 // modules, light
	picture := image.NewGray(image.Rect(0, 0, (columns+2*margin)*dot, (rows+2*margin)*dot))
	for i := range picture.Pix {
		picture.Pix[i] = 255
	}
	for y := range rows {
		for x := range columns {
			if row := lines[y/up]; x*across < len(row) && dark(row[x*across], y%up == 0) {
				for i := range dot * dot {
					picture.SetGray((x+margin)*dot+i%dot, (y+margin)*dot+i/dot, color.Gray{})
				}
			}
		}
	}
	var out bytes.Buffer
	if png.Encode(&out, picture) != nil {
		return nil
	}
	return out.Bytes()
}

// dark reports whether a character fills the upper or the lower half of its place.
func dark(r rune, upper bool) bool {
	return r == '█' || r == '#' || r == '▀' && upper || r == '▄' && !upper
}
