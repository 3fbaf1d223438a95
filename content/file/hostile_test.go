package file_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.org/imap-integration/content/file"
)

// hostile is a file that harms a careless reader. wanted is the code that names
// what is wrong; "" where something may well be read.
type hostile struct {
	name   string
	data   []byte
	wanted string
}

func zipped(t testing.TB, members map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, data := range members {
		w, err := z.Create(name)
		if err == nil {
			_, err = w.Write(data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func gzipped(t testing.TB, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, 9)
	if _, err := z.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func tarred(t testing.TB, name string, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	if err := w.WriteHeader(&tar.Header{Name: name, Size: int64(len(data)), Mode: 0o600}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// pngOf claims a size that it does not have.
func pngOf(width, height uint32) []byte {
	head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32([]byte("IHDR"), width), height)
	head = append(head, 8, 2, 0, 0, 0)
	out := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"), head...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(head))
}

// bombs are the files of this test; damaged ones are made of sound ones.
func bombs(t testing.TB) []hostile {
	zeros := make([]byte, 40<<20)
	many := map[string][]byte{}
	for i := range 2500 {
		many[fmt.Sprintf("f%d", i)] = nil
	}
	nested := zipped(t, map[string][]byte{"core.txt": []byte("x")})
	for i := range 6 {
		nested = zipped(t, map[string][]byte{fmt.Sprintf("%d.zip", i): nested})
	}
	quine := append([]byte{}, gzipped(t, zeros)...)
	list := []hostile{
		{"zeros.zip", zipped(t, map[string][]byte{"a": zeros}), "limit_archive"},
		{"many-zeros.zip", zipped(t, map[string][]byte{"a": zeros[:30<<20], "b": zeros[:30<<20], "c": zeros[:30<<20], "d": zeros[:30<<20], "e": zeros[:30<<20]}), "limit_archive"},
		{"many.zip", zipped(t, many), "limit_archive"},
		{"nested.zip", nested, "limit_archive"},
		{"zeros.gz", quine, "limit_archive"},
		{"zeros.tar.gz", gzipped(t, tarred(t, "a", zeros)), "limit_archive"},
		{"zeros.tar", tarred(t, "a", zeros), "limit_archive"},
		{"huge.png", pngOf(100000, 100000), "limit_file"},
		{"wide.png", pngOf(1<<31-1, 1), "limit_file"},
		{"cut.png", pngOf(100, 100), "file_damaged"},
		{"huge.gif", []byte("GIF89a\xff\xff\xff\xff\x00\x00\x00"), "limit_file"},
		{"cut.jpg", []byte("\xff\xd8\xff\xe0\x00\x10JFIF"), "file_damaged"},
		{"huge.webp", []byte("RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00\x2f\xff\xff\xff\xff\x00\x00\x00\x00"), ""},
		{"cut.bmp", append([]byte("BM\x00\x00\x00\x00\x00\x00\x00\x00\x36\x00\x00\x00\x28\x00\x00\x00\xff\xff\xff\x00\xff\xff\xff\x00\x01\x00\x18\x00"), make([]byte, 24)...), "limit_file"},
		{"empty.pdf", []byte("%PDF-1.7\n"), "file_damaged"},
		{"loop.pdf", []byte("%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[2 0 R]/Count 100000>>endobj trailer<</Root 1 0 R>>"), ""},
		{"deep.pdf", []byte("%PDF-1.4\n1 0 obj" + strings.Repeat("[", 1<<20)), "limit_file"},
		{"uri.pdf", []byte("%PDF-1.4\n" + strings.Repeat("/URI((((", 1<<17)), ""},
		{"dictionary.7z", []byte("7z\xbc\xaf\x27\x1c\x00\x04" + strings.Repeat("\xff", 24)), "archive_damaged"},
		{"cut.rar", []byte("Rar!\x1a\x07\x01\x00"), ""},
		{"junk.rar", append([]byte("Rar!\x1a\x07\x01\x00"), bytes.Repeat([]byte{0xff}, 4000)...), "archive_damaged"},
		{"cut.xz", []byte("\xfd7zXZ\x00\x00\x04\xe6\xd6\xb4\x46"), "archive_damaged"},
		{"cut.bz2", []byte("BZh91AY&SY"), "archive_damaged"},
		{"cut.cab", []byte("MSCF\x00\x00\x00\x00\xff\xff\xff\xff"), "archive_damaged"},
		{"files.cab", append([]byte("MSCF\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x24\x00\x00\x00\x00\x00\x00\x00\x03\x01\xff\xff\xff\xff"), make([]byte, 99)...), "archive_damaged"},
		{"empty.iso", append(make([]byte, 0x8000), []byte("\x01CD001\x01")...), "archive_unsupported"},
		{"loop.iso", isoLoop(), ""},
		{"udf.iso", append(make([]byte, 0x8000), append([]byte("\x00BEA01\x01"), make([]byte, 4096)...)...), "archive_unsupported"},
		{"cut.lnk", []byte("L\x00\x00\x00\x01\x14\x02\x00"), "file_damaged"},
		{"long.lnk", append(append([]byte("L\x00\x00\x00\x01\x14\x02\x00"), bytes.Repeat([]byte{0xff}, 68)...), 0xff, 0xff), "file_damaged"},
		{"deep.rtf", []byte("{\\rtf1" + strings.Repeat("{", 1<<20)), ""},
		{"object.rtf", []byte("{\\rtf1{\\object{\\*\\objdata 0105}}}"), "file_unsupported"},
		{"large.html", bytes.Repeat([]byte("<p>large "), 1<<20), "limit_file"},
		{"old.doc", append([]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), make([]byte, 512)...), "file_unsupported"},
		{"locked.docx", append([]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), []byte("E\x00n\x00c\x00r\x00y\x00p\x00t\x00e\x00d\x00P\x00a\x00c\x00k\x00a\x00g\x00e\x00")...), "file_encrypted"},
		{"broken.docx", zipped(t, map[string][]byte{"[Content_Types].xml": []byte("<Types/>"), "word/document.xml": []byte("<w:document><w:p><w:t>half")}), "file_damaged"},
		{"laughs.docx", zipped(t, map[string][]byte{"[Content_Types].xml": []byte("<Types/>"), "word/document.xml": []byte(`<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;">]><a>&c;</a>`)}), ""},
		{"deep.docx", zipped(t, map[string][]byte{"[Content_Types].xml": []byte("<Types/>"), "word/document.xml": bytes.Repeat([]byte("<a>"), 1<<19)}), "file_damaged"},
		{"empty.webloc", []byte("bplist00"), "file_damaged"},
		{"cut.zip", zipped(t, map[string][]byte{"a": []byte("content")})[:40], "archive_damaged"},
	}
	sound := zipped(t, map[string][]byte{"a.txt": bytes.Repeat([]byte("sound content "), 50)})
	packed := gzipped(t, bytes.Repeat([]byte("sound content "), 50))
	paper := writePDF([]string{"one", "two"}, "http://x.example/")
	for i := range 8 {
		for name, data := range map[string][]byte{"a.zip": sound, "a.gz": packed, "a.pdf": paper} {
			data = bytes.Clone(data)
			data[(i*37+20)%len(data)] ^= 0x55
			list = append(list, hostile{fmt.Sprintf("flipped %d %s", i, name), data, ""})
		}
	}
	return list
}

// isoLoop is an image whose folder is in itself.
func isoLoop() []byte {
	image := make([]byte, 20*2048)
	descriptor := image[16*2048:]
	copy(descriptor, "\x01CD001\x01")
	record := make([]byte, 34)
	record[0], record[25], record[32] = 34, 2, 1
	binary.LittleEndian.PutUint32(record[2:], 18)
	binary.LittleEndian.PutUint32(record[10:], 2048)
	copy(descriptor[156:], record)
	record[33] = 'A'
	copy(image[18*2048:], record)
	return image
}

// TestHostileFiles holds that each ends with its problem named and the time kept.
// The time is a limit of the run, two seconds, and what is over it is said.
func TestHostileFiles(t *testing.T) {
	list := bombs(t)
	if len(list) < 60 {
		t.Errorf("only %d files", len(list))
	}
	for _, h := range list {
		t.Run(h.name, func(t *testing.T) {
			if raceDetector && strings.HasSuffix(h.name, ".pdf") {
				t.Skip("too slow with the race detector; make unit runs it without")
			}
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			var codes []string
			for _, f := range file.Walk(ctx, "2", file.Input{Name: h.name, Data: h.data}, file.NewBudget()) {
				for _, p := range f.Problems {
					codes = append(codes, p.Code)
				}
			}
			if ctx.Err() != nil {
				t.Error("it took until the end of the time")
			}
			if h.wanted != "" && !strings.Contains(strings.Join(codes, " "), h.wanted) {
				t.Errorf("problems %v, %s is missing", codes, h.wanted)
			}
		})
	}
}

// TestTimeOver holds that reading ends with its context, and says so.
func TestTimeOver(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c := file.Read(ctx, file.Input{Name: "a.zip", Data: zipped(t, map[string][]byte{"a": make([]byte, 1<<20)})}, file.NewBudget())
	if len(c.Problems) == 0 || c.Problems[0].Code != "limit_archive" {
		t.Errorf("%v", c.Problems)
	}
}

// FuzzRead holds that no bytes make a reader panic or give more than the budget
// allows, and that what has a known format gives something or says why not.
func FuzzRead(f *testing.F) {
	forms, err := os.ReadDir("testdata/forms")
	if err != nil {
		f.Fatal(err)
	}
	for _, form := range forms {
		data, err := os.ReadFile(filepath.Join("testdata", "forms", form.Name()))
		if err != nil {
			f.Fatal(err)
		}
		if len(data) < 5000 {
			f.Add(form.Name(), data)
		}
	}
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		if file.Sniff(name, "", data) == "pdf" {
			t.Skip("PDFium is in a sandbox, and half a second for each is too slow here")
		}
		b := file.NewBudget()
		before := *b
		c := file.Read(t.Context(), file.Input{Name: name, Data: data, Passwords: file.Passwords("text", "one two")}, b)
		if b.Bytes < 0 || b.Members < 0 || b.Pixels < 0 || b.Pages < 0 || b.Bytes > before.Bytes {
			t.Errorf("the budget is %+v", *b)
		}
		var unpacked int64
		for _, m := range c.Members {
			unpacked += int64(len(m.Data))
			if !m.Read && len(m.Problems) == 0 {
				t.Errorf("member %q was not read and nothing says why", m.Name)
			}
		}
		if unpacked > before.Bytes-b.Bytes {
			t.Errorf("%d bytes were unpacked, %d were counted", unpacked, before.Bytes-b.Bytes)
		}
	})
}
