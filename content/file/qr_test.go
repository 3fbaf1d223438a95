package file_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/image/bmp"
	"golang.org/x/image/draw"

	"example.org/imap-integration/content/file"
	"example.org/imap-integration/content/file/filetest"
)

// look is a way in which a code appears in a picture.
type look struct {
	name string
	draw func(code image.Image) image.Image
}

// gray copies a picture, f of each point.
func gray(code image.Image, f func(x, y int, v byte) byte) *image.Gray {
	b := code.Bounds()
	g := image.NewGray(image.Rect(0, 0, b.Dx(), b.Dy()))
	draw.Draw(g, g.Bounds(), code, b.Min, draw.Src)
	for y := range b.Dy() {
		for x := range b.Dx() {
			g.SetGray(x, y, color.Gray{f(x, y, g.GrayAt(x, y).Y)})
		}
	}
	return g
}

// turned turns a picture around its middle, on white.
func turned(degrees float64) func(image.Image) image.Image {
	return func(code image.Image) image.Image {
		b := code.Bounds()
		side := int(1.5 * float64(b.Dx()))
		g := image.NewGray(image.Rect(0, 0, side, side))
		sin, cos := math.Sincos(degrees * math.Pi / 180)
		for y := range side {
			for x := range side {
				dx, dy := float64(x-side/2), float64(y-side/2)
				p := image.Pt(int(cos*dx+sin*dy)+b.Dx()/2, int(cos*dy-sin*dx)+b.Dy()/2)
				g.SetGray(x, y, color.Gray{255})
				if p.In(b) {
					g.Set(x, y, code.At(p.X, p.Y))
				}
			}
		}
		return g
	}
}

func scaled(factor float64) func(image.Image) image.Image {
	return func(code image.Image) image.Image {
		b := code.Bounds()
		g := image.NewGray(image.Rect(0, 0, int(float64(b.Dx())*factor), int(float64(b.Dy())*factor)))
		draw.BiLinear.Scale(g, g.Bounds(), code, b, draw.Src, nil)
		return g
	}
}

func noisy(most int) func(image.Image) image.Image {
	r := rand.New(rand.NewPCG(3, 4))
	return func(code image.Image) image.Image {
		return gray(code, func(_, _ int, v byte) byte { return byte(max(0, min(255, int(v)+r.IntN(2*most)-most))) })
	}
}

func placed(w, h int, background byte, at ...image.Point) func(image.Image) image.Image {
	return func(code image.Image) image.Image {
		g := image.NewGray(image.Rect(0, 0, w, h))
		for i := range g.Pix {
			g.Pix[i] = background
		}
		for _, p := range at {
			draw.Draw(g, code.Bounds().Add(p), code, image.Point{}, draw.Src)
		}
		return g
	}
}

// looks is the table: to add one, add a line. Codes are made by qrencode with five pixels a module.
var looks = []look{
	{"plain", func(c image.Image) image.Image { return c }},
	{"inverted", func(c image.Image) image.Image { return gray(c, func(_, _ int, v byte) byte { return ^v }) }},
	{"pale", func(c image.Image) image.Image { return gray(c, func(_, _ int, v byte) byte { return 170 + v/4 }) }},
	{"dark", func(c image.Image) image.Image { return gray(c, func(_, _ int, v byte) byte { return v / 4 }) }},
	{"noise", noisy(60)},
	{"more noise", noisy(110)},
	{"shadow", func(c image.Image) image.Image {
		return gray(c, func(x, _ int, v byte) byte { return byte(int(v) * (60 + min(x, 195)) / 255) })
	}},
	{"turned by 90", turned(90)},
	{"turned by 180", turned(180)},
	{"turned by 270", turned(270)},
	{"turned by 10", turned(10)},
	{"turned by 33", turned(33)},
	{"turned by 45", turned(45)},
	{"mirrored", func(c image.Image) image.Image {
		w := c.Bounds().Dx()
		g := image.NewGray(c.Bounds())
		for y := range w {
			for x := range w {
				g.Set(w-1-x, y, c.At(x, y))
			}
		}
		return g
	}},
	{"half as large", scaled(0.5)},
	{"slightly smaller", scaled(0.83)},
	{"three times as large", scaled(3)},
	{"wider than high", func(c image.Image) image.Image {
		g := image.NewGray(image.Rect(0, 0, c.Bounds().Dx()*5/4, c.Bounds().Dy()))
		draw.BiLinear.Scale(g, g.Bounds(), c, c.Bounds(), draw.Src, nil)
		return g
	}},
	{"small in a large picture", placed(1400, 1000, 255, image.Pt(900, 700))},
	{"on gray", placed(700, 700, 128, image.Pt(200, 300))},
	{"at the edge", placed(500, 400, 255, image.Pt(0, 0))},
	{"twice", placed(900, 400, 255, image.Pt(20, 20), image.Pt(500, 50))},
	{"four times", placed(900, 900, 255, image.Pt(20, 20), image.Pt(500, 20), image.Pt(20, 500), image.Pt(500, 500))},
}

// containers write a picture in each format.
var containers = map[string]func(t *testing.T, dir string, p image.Image) []byte{
	"png": func(t *testing.T, _ string, p image.Image) []byte {
		return written(t, func(b *bytes.Buffer) error { return png.Encode(b, p) })
	},
	"jpg": func(t *testing.T, _ string, p image.Image) []byte {
		return written(t, func(b *bytes.Buffer) error { return jpeg.Encode(b, p, &jpeg.Options{Quality: 25}) })
	},
	"gif": func(t *testing.T, _ string, p image.Image) []byte {
		return written(t, func(b *bytes.Buffer) error { return gif.Encode(b, p, nil) })
	},
	"bmp": func(t *testing.T, _ string, p image.Image) []byte {
		return written(t, func(b *bytes.Buffer) error { return bmp.Encode(b, p) })
	},
	"webp": func(t *testing.T, dir string, p image.Image) []byte {
		cwebp := tool(t, "cwebp", "webp")
		data := written(t, func(b *bytes.Buffer) error { return png.Encode(b, p) })
		if err := os.WriteFile(filepath.Join(dir, "in.png"), data, 0o600); err != nil {
			t.Fatal(err)
		}
		return run(t, dir, cwebp, "-quiet", "-q", "50", "in.png", "-o", "-")
	},
}

func written(t *testing.T, write func(*bytes.Buffer) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestLooksOfCodes: a few of the looks in PNG. All of them in all formats are [TestLooksOfCodesLong].
func TestLooksOfCodes(t *testing.T) { compareLooks(t, looks[:3], "png") }

func TestLooksOfCodesLong(t *testing.T) { compareLooks(t, looks, "png", "jpg", "gif", "bmp", "webp") }

// compareLooks holds that what zbarimg reads is read here too.
func compareLooks(t *testing.T, looks []look, formats ...string) {
	qrencode, zbarimg := tool(t, "qrencode", "qrencode"), tool(t, "zbarimg", "zbar-tools")
	dir := t.TempDir()
	texts := []string{"http://phish.example/login?id=42", "https://long.example/" + strings.Repeat("abc123", 20)}
	files, more := 0, []string{}
	for n, text := range texts {
		run(t, dir, qrencode, "-s", "5", "-o", "q.png", text)
		raw, err := os.ReadFile(filepath.Join(dir, "q.png"))
		if err != nil {
			t.Fatal(err)
		}
		code, err := png.Decode(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range looks {
			for _, format := range formats[:max(1, len(formats)*(1-n))] { // the second in the first format
				name := fmt.Sprintf("%s %d.%s", l.name, n, format)
				data := containers[format](t, dir, l.draw(code))
				seen := slices.ContainsFunc(read(t, name, data).Links, linkTo(text))
				judged := judgeCode(t, dir, zbarimg, format, data)
				files++
				switch {
				case judged && !seen:
					t.Errorf("%s: zbarimg reads it, and here it is not read", name)
				case !judged && seen:
					more = append(more, name)
				}
			}
		}
	}
	t.Logf("codes: %d pictures; %d of them are read here and not by zbarimg: %q", files, len(more), more)
}

// TestCodesOnPages holds that codes on the pages of PDF files are read as zbarimg
// reads them from what MuPDF draws.
func TestCodesOnPagesLong(t *testing.T) {
	qrencode, zbarimg, mutool := tool(t, "qrencode", "qrencode"), tool(t, "zbarimg", "zbar-tools"), tool(t, "mutool", "mupdf-tools")
	dir := t.TempDir()
	const text = "http://phish.example/on/a/page"
	run(t, dir, qrencode, "-s", "5", "-o", "q.png", text)
	raw, err := os.ReadFile(filepath.Join(dir, "q.png"))
	if err != nil {
		t.Fatal(err)
	}
	code, err := png.Decode(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range looks {
		g := gray(l.draw(code), func(_, _ int, v byte) byte { return v })
		w, h := g.Bounds().Dx(), g.Bounds().Dy()
		content := "q 500 0 0 500 40 100 cm /I Do Q"
		data := filetest.Objects("<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>",
			"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</XObject<</I 5 0 R>>>>/Contents 4 0 R>>",
			fmt.Sprintf("<</Length %d>>\nstream\n%s\nendstream", len(content), content),
			fmt.Sprintf("<</Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace/DeviceGray/BitsPerComponent 8/Length %d>>\nstream\n%s\nendstream", w, h, len(g.Pix), g.Pix))
		if err := os.WriteFile(filepath.Join(dir, "a.pdf"), data, 0o600); err != nil {
			t.Fatal(err)
		}
		run(t, dir, mutool, "draw", "-q", "-r", "120", "-o", "page.png", "a.pdf")
		drawn, err := os.ReadFile(filepath.Join(dir, "page.png"))
		if err != nil {
			t.Fatal(err)
		}
		if c := read(t, "a.pdf", data); judgeCode(t, dir, zbarimg, "png", drawn) && !slices.ContainsFunc(c.Links, linkTo(text)) {
			t.Errorf("%s on a page: zbarimg reads it, and here it is not read: %v", l.name, c.Problems)
		}
	}
}

// TestPicturesInPages: a code is read from a data: URL wherever a page has one. The judge is
// the browser's way to decode them: white space, percent signs and entities (RFC 2397).
func TestPicturesInPages(t *testing.T) {
	const target = "http://phish.example/in/a/page"
	dir := t.TempDir()
	run(t, dir, tool(t, "qrencode", "qrencode"), "-s", "3", "-o", "q.png", target)
	picture, err := os.ReadFile(filepath.Join(dir, "q.png"))
	if err != nil {
		t.Fatal(err)
	}
	encoded := base64.StdEncoding.EncodeToString(picture)
	at := "data:image/png;base64," + encoded
	for name, page := range map[string]string{
		"double.html":   `<html><img src="` + at + `">`,
		"single.html":   `<html><img alt=x src='` + at + `'>`,
		"bare.html":     `<html><img src=` + at + ` alt=x>`,
		"style.html":    `<html><div style="background:url(` + at + `)">x</div>`,
		"quoted.html":   `<html><div style="background:url(&quot;` + at + `&quot;)">x</div>`,
		"sheet.html":    `<html><style>p { background-image: url('` + at + `') }</style>`,
		"srcset.html":   `<html><img srcset="` + at + ` 2x">`,
		"lines.html":    `<html><img src="data:image/png;base64,` + "\r\n" + strings.ReplaceAll(encoded, "A", "\r\n\tA") + `">`,
		"percent.html":  `<html><img src="data:image/png;base64,` + strings.NewReplacer("+", "%2B", "/", "%2f", "=", "%3D").Replace(encoded) + `">`,
		"entities.html": `<html><img src="data:image/png;base64,` + strings.NewReplacer("+", "&#43;", "/", "&#x2F;").Replace(encoded) + `">`,
		"capitals.html": `<html><img src="DATA:IMAGE/PNG;BASE64,` + encoded + `">`,
		"charset.html":  `<html><img src="data:image/png;charset=x;base64,` + encoded + `">`,
		"wrong.html":    `<html><img src="data:image/gif;base64,` + encoded + `">`,
		"unpadded.html": `<html><img src="data:image/png;base64,` + strings.TrimRight(encoded, "=") + `">`,
		"document.rtf":  `{\rtf1 Scan {\pict{\*\picprop{\sp x}}\pngblip\picw99\pich99{\*\blipuid 00ff}` + "\r\n" + strings.ReplaceAll(hex.EncodeToString(picture), "a", "\r\na") + "}}",
		"capitals.rtf":  `{\rtf1{\*\shppict{\pict\jpegblip ` + strings.ToUpper(hex.EncodeToString(picture)) + `}}{\nonshppict{\pict\wmetafile8 0102}}}`,
		"bytes.rtf":     `{\rtf1{\pict\pngblip\bin` + strconv.Itoa(len(picture)) + " " + string(picture) + "}}",
		"drawing.svg":   `<svg xmlns="http://www.w3.org/2000/svg"><image href="` + at + `"/></svg>`,
	} {
		var got []string
		for _, f := range file.Walk(t.Context(), "1", file.Input{Name: name, Data: []byte(page)}, file.NewBudget()) {
			for _, l := range f.Links {
				got = append(got, f.Path+" "+l.URL)
			}
		}
		if want := []string{"1!picture-1 " + target}; !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	blank := image.NewGray(image.Rect(0, 0, 9, 9))
	var logo bytes.Buffer
	if err := png.Encode(&logo, blank); err != nil {
		t.Fatal(err)
	}
	page := `<html><img src="data:image/png;base64,` + base64.StdEncoding.EncodeToString(logo.Bytes()) + `">`
	if all := file.Walk(t.Context(), "1", file.Input{Name: "a.html", Data: []byte(page)}, file.NewBudget()); len(all) != 1 {
		t.Errorf("a logo in a page is listed: %+v", all[1:])
	}
	many := "<html>" + strings.Repeat(`<img src="`+at+`">`, 30)
	found := file.Read(t.Context(), file.Input{Name: "a.html", Data: []byte(many)}, file.NewBudget())
	if len(found.Members) != 20 || len(found.Problems) != 1 || found.Problems[0].Code != "limit_archive" {
		t.Errorf("%d pictures in a page, problems %v", len(found.Members), found.Problems)
	}
}

// TestDrawnCodes: what qrencode draws for a terminal is read, in a text, in a page, beside other
// lines and where the spaces at the ends of lines are lost.
func TestDrawnCodes(t *testing.T) {
	const target = "http://phish.example/drawn"
	dir := t.TempDir()
	qrencode := tool(t, "qrencode", "qrencode")
	for _, form := range []string{"UTF8", "UTF8i", "ASCII", "ASCIIi"} {
		run(t, dir, qrencode, "-t", form, "-o", "code.txt", target)
		data, err := os.ReadFile(filepath.Join(dir, "code.txt"))
		if err != nil {
			t.Fatal(err)
		}
		code := string(data)
		var trimmed strings.Builder
		for line := range strings.Lines(code) {
			trimmed.WriteString(strings.TrimRight(line, " \n") + "\r\n")
		}
		for name, text := range map[string]string{
			"code.txt": code, "text.txt": "Please scan this:\n\n" + code + "\nThank you\n", "trimmed.txt": trimmed.String(),
			"page.html": "<html><p>Scan:</p><pre>" + code + "</pre></html>",
		} {
			var got []string
			for _, f := range file.Walk(t.Context(), "1", file.Input{Name: name, Data: []byte(text)}, file.NewBudget()) {
				for _, l := range f.Links {
					got = append(got, f.Path+" "+l.URL)
				}
			}
			if want := []string{"1!picture-1 " + target}; !slices.Equal(got, want) {
				t.Errorf("%s in %s: %q, want %q", form, name, got, want)
			}
		}
	}
	rules := strings.Repeat(strings.Repeat("#", 70)+"\n", 3) + strings.Repeat("█████ 50 %\n", 100)
	if all := file.Walk(t.Context(), "1", file.Input{Name: "a.txt", Data: []byte(rules)}, file.NewBudget()); len(all) != 1 || len(all[0].Problems) > 0 {
		t.Errorf("rules and bars of a text: %+v", all)
	}
}
