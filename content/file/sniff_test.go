package file_test

import (
	"bytes"
	"strings"
	"testing"

	"example.org/imap-integration/content/file"
	"example.org/imap-integration/content/file/filetest"
)

// TestSniff holds which format bytes have, under whatever name and type. To add one, add a line.
func TestSniff(t *testing.T) {
	tar := filetest.Tar("a", []byte("x"))
	iso := append(make([]byte, 0x8000), "\x01CD001\x01"...)
	for _, c := range []struct{ data, name, mediaType, want string }{
		{"%PDF-1.7", "a.txt", "text/plain", "pdf"},
		{strings.Repeat("x", 500) + "%PDF-1.4", "a.bin", "", "pdf"},
		{strings.Repeat("x", 1100) + "%PDF-1.4", "a.bin", "", "text"},
		{"PK\x03\x04rest", "a.jpg", "image/jpeg", "zip"},
		{"PK\x05\x06" + strings.Repeat("\x00", 18), "", "", "zip"},
		{"PK\x03\x04....[Content_Types].xml", "a.zip", "", "ooxml"},
		{"PK\x03\x04....mimetypeapplication/vnd.oasis.opendocument.text", "", "", "odf"},
		{"MZ\x90stub PK\x05\x06", "setup.zip", "", "zip"},
		{"MZ\x90stub PK\x05\x06", "setup.exe", "", ""},
		{"7z\xBC\xAF\x27\x1C", "a.doc", "", "7z"},
		{"Rar!\x1A\x07\x00", "", "", "rar"},
		{"Rar!\x1A\x07\x01\x00", "", "", "rar"},
		{"\x1F\x8B\x08\x00", "", "", "gzip"},
		{"BZh9", "", "", "bzip2"},
		{"\xFD7zXZ\x00", "", "", "xz"},
		{"MSCF\x00\x00\x00\x00", "", "", "cab"},
		{string(tar), "", "", "tar"},
		{string(iso), "", "", "iso"},
		{"\x89PNG\r\n\x1A\n", "a.pdf", "application/pdf", "png"},
		{"\xFF\xD8\xFF\xE0", "", "", "jpeg"},
		{"GIF87a", "", "", "gif"},
		{"GIF89a", "", "", "gif"},
		{"RIFF\x00\x00\x00\x00WEBPVP8 ", "", "", "webp"},
		{"RIFF\x00\x00\x00\x00WAVEfmt ", "", "", ""},
		{"BM\x00\x00\x00\x00\x00\x00\x00\x00\x36\x00\x00\x00\x28\x00\x00\x00" + strings.Repeat("\x00", 20), "", "", "bmp"},
		{"BMW is a car, and this is a text that begins like a picture", "", "", "text"},
		{"{\\rtf1 x}", "a.doc", "application/msword", "rtf"},
		{"L\x00\x00\x00\x01\x14\x02\x00", "a.pdf", "", "lnk"},
		{"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "", "", "ole"},
		{"bplist00x", "", "", "webloc"},
		{"-----BEGIN PGP MESSAGE-----\n", "a.txt", "", "pgp"},
		{"-----BEGIN PGP SIGNATURE-----\n", "a.asc", "", "text"},
		{"BEGIN:VCALENDAR\r\n", "a.bin", "", "ics"},
		{"begin:vcard\r\n", "", "", "vcard"},
		{"talk of BEGIN:VCARD in a text", "", "", "text"},
		{"[InternetShortcut]\r\nURL=x", "a.txt", "", "url"},
		{"<?xml version=\"1.0\"?><!DOCTYPE plist><plist/>", "", "", "webloc"},
		{"<svg xmlns='x'/>", "a.png", "image/png", "svg"},
		{"\r\n  <!DOCTYPE HTML>", "a.jpg", "", "html"},
		{"<p>no mark of its own", "a.html", "", "html"},
		{"<p>no mark of its own", "", "text/html", "html"},
		{"<p>no mark of its own", "a.xyz", "", "text"},
		{"\xFF\xFE<\x00h\x00t\x00m\x00l\x00>\x00", "", "", "html"},
		{"MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=x\r\n\r\n", "a.mht", "", "mhtml"},
		{"just words", "a.js", "", "text"},
		{"", "a.txt", "text/plain", ""},
		{"\x00\x01\x02\x03\x04\x05", "a.txt", "text/plain", ""},
	} {
		if got := file.Sniff(c.name, c.mediaType, []byte(c.data)); got != c.want {
			t.Errorf("%.30q as %q, %q: %q, want %q", c.data, c.name, c.mediaType, got, c.want)
		}
	}
}

// TestMayFail holds that of what is a text, or nothing known, no more than the beginning is asked for.
func TestMayFail(t *testing.T) {
	for start, want := range map[string]bool{
		"%PDF-1.7": true, "PK\x03\x04": true, "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1": true, "{\\rtf1": true, "\x89PNG\r\n\x1A\n": true,
		"just words": false, "<html>": false, "BEGIN:VCARD": false, "\x01\x02\x03": false, "": false,
		string(make([]byte, 512)): true, // a disc image may begin so
	} {
		if got := file.MayFail("a.bin", []byte(start)); got != want {
			t.Errorf("%.20q: %v", start, got)
		}
	}
	if !file.MayFail("a.iso", []byte("EFI PART")) || file.CarriesText("png") || !file.CarriesText("pdf") || file.CarriesText("rar") || !file.CarriesText("ics") {
		t.Error("disc images by their names, and what takes passwords")
	}
}

// TestTooLarge holds that texts are cut at their limit, that it is said, and that no more is read when nothing is left.
func TestTooLarge(t *testing.T) {
	b := file.NewBudget()
	data := bytes.Repeat([]byte("word "), 2<<20)
	c := file.Read(t.Context(), file.Input{Name: "a.txt", Data: data}, b)
	if len(c.Texts) != 1 || len(c.Texts[0].Body) != 8<<20 || len(c.Problems) != 1 || c.Problems[0].Code != "limit_file" {
		t.Errorf("%d texts, problems %v", len(c.Texts), c.Problems)
	}
	b.Bytes = 4
	if c := file.Read(t.Context(), file.Input{Name: "a.txt", Data: []byte("more words")}, b); len(c.Problems) != 1 || c.Texts[0].Body != "more" || b.Bytes != 0 {
		t.Errorf("%+v", c)
	}
}

// TestLinksAreBounded holds that too many links of a file are named, and not listed.
func TestLinksAreBounded(t *testing.T) {
	for name, line := range map[string]string{"many": "ATTACH:http://x.example/\r\n", "long": "ATTACH:http://x.example/" + strings.Repeat("a", 2000) + "\r\n"} {
		c := read(t, "a.ics", []byte("BEGIN:VCALENDAR\r\n"+strings.Repeat(line, 6000)))
		total := 0
		for _, l := range c.Links {
			total += len(l.URL)
		}
		if len(c.Links) > 5000 || total > 512<<10 || !c.Full || len(c.Problems) == 0 || c.Problems[0].Code != "limit_file" {
			t.Errorf("%s: %d links, %d bytes, problems %v", name, len(c.Links), total, c.Problems)
		}
	}
}
