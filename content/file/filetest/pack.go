// Package filetest makes the files that the readers of files are tested with: archives
// by the standard library, PDF by hand, and the bombs.
//
// A bomb is a file that harms a careless reader: it claims what it does not hold,
// unpacks to a thousand times its size, nests without end, or has a program look
// for what cannot be found. Each has the code of the problem that names it. They are
// used by the tests of the readers, of the walk over emails and of the program as
// it runs; nothing of it is in the program.
package filetest

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"fmt"
	"strings"
)

// File is a file to be packed.
type File struct {
	Name string
	Data []byte
}

// Zip packs files. It panics where the library fails, which it does for no bytes.
func Zip(files ...File) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range files {
		w, err := z.Create(f.Name)
		must(err)
		_, err = w.Write(f.Data)
		must(err)
	}
	must(z.Close())
	return b.Bytes()
}

// Gzip compresses.
func Gzip(data []byte) []byte {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	must(err)
	_, err = z.Write(data)
	must(err)
	must(z.Close())
	return b.Bytes()
}

// Tar packs one file.
func Tar(name string, data []byte) []byte {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	must(w.WriteHeader(&tar.Header{Name: name, Size: int64(len(data)), Mode: 0o600}))
	_, err := w.Write(data)
	must(err)
	must(w.Close())
	return b.Bytes()
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// PDF makes a file with one page for each text and, where target is not "", a link annotation on it.
func PDF(texts []string, target string) []byte {
	objects := []string{"<</Type/Catalog/Pages 2 0 R>>", "", "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"}
	var kids []string
	for i, text := range texts {
		kids = append(kids, fmt.Sprintf("%d 0 R", len(objects)+1))
		annotation := ""
		if target != "" {
			annotation = fmt.Sprintf("/Annots[<</Type/Annot/Subtype/Link/Rect[0 0 90 90]/A<</S/URI/URI(%s%d)>>>>]", target, i)
		}
		stream := "BT /F 12 Tf 20 200 Td (" + text + ") Tj ET"
		objects = append(objects,
			fmt.Sprintf("<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]/Resources<</Font<</F 3 0 R>>>>/Contents %d 0 R%s>>", len(objects)+2, annotation),
			fmt.Sprintf("<</Length %d>>\nstream\n%s\nendstream", len(stream), stream))
	}
	objects[1] = fmt.Sprintf("<</Type/Pages/Kids[%s]/Count %d>>", strings.Join(kids, " "), len(kids))
	return Objects(objects...)
}

// Objects makes a PDF file of objects, the first of which is its catalog.
func Objects(objects ...string) []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.5\n")
	offsets := make([]int, len(objects))
	for i, o := range objects {
		offsets[i] = b.Len()
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	start := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(offsets)+1)
	for _, o := range offsets {
		fmt.Fprintf(&b, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(&b, "trailer\n<</Root 1 0 R/Size %d>>\nstartxref\n%d\n%%%%EOF\n", len(offsets)+1, start)
	return b.Bytes()
}
