package filetest

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"strings"
)

// docx packs a document with what stands in its body.
func docx(body string, more ...File) []byte {
	return Zip(append([]File{
		{"[Content_Types].xml", []byte("<Types/>")},
		{"word/document.xml", []byte(`<w:document xmlns:w="w"><w:body>` + body + `</w:body></w:document>`)},
	}, more...)...)
}

func ole(rest string) []byte {
	return append([]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), rest...)
}

func documents() []Bomb {
	var many []string
	for i := range 3000 {
		many = append(many, fmt.Sprintf("page %d", i))
	}
	drawing := strings.Repeat("0 0 m 300 300 l S 10 10 200 200 re f ", 200000)
	const picture = "<</Type/XObject/Subtype/Image/Width 60000/Height 60000/ColorSpace/DeviceRGB/BitsPerComponent 8/Length 5>>\nstream\nabcde\nendstream"
	zeros := "<</Filter/FlateDecode>>\nstream\n" + string(zlibOf(make([]byte, 40<<20))) + "\nendstream"
	page := func(content, resources string, more ...string) []byte {
		return Objects(append([]string{
			"<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>",
			"<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]/Resources<<" + resources + ">>/Contents 4 0 R>>", fmt.Sprintf("<</Length %d>>\nstream\n%s\nendstream", len(content), content),
			"<</Type/XObject/Subtype/Form/BBox[0 0 300 300]/Resources<</XObject<</X 5 0 R/Y 6 0 R>>>>/Length 11>>\nstream\n/Y Do /Y Do\nendstream",
			"<</Type/XObject/Subtype/Form/BBox[0 0 300 300]/Resources<</XObject<</X 5 0 R/Y 5 0 R>>>>/Length 11>>\nstream\n/Y Do /Y Do\nendstream",
		}, more...)...)
	}
	return []Bomb{
		{"empty.pdf", []byte("%PDF-1.7\n"), "file_damaged", false},
		{"loop.pdf", []byte("%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[2 0 R]/Count 100000>>endobj trailer<</Root 1 0 R>>"), "", false},
		{"deep.pdf", []byte("%PDF-1.4\n1 0 obj" + strings.Repeat("[", 1<<20)), stopped, true},
		{"strings.pdf", []byte("%PDF-1.4\n1 0 obj" + strings.Repeat("/URI((((", 1<<17)), stopped, true},
		{"strings that do not end.pdf", []byte("%PDF-1.4\n" + strings.Repeat("/URI(x/URI<41>", 1<<17) + strings.Repeat("a", 4<<20)), "limit_file", true},
		{"pages.pdf", PDF(many, ""), "limit_file", true},
		{"drawing.pdf", page(drawing, ""), stopped, true},
		{"itself.pdf", page("/X Do", "/XObject<</X 5 0 R>>"), stopped, true},
		{"huge picture.pdf", page("300 0 0 300 0 0 cm /I Do", "/XObject<</I 7 0 R>>", picture), "limit_file", true},
		{"text.pdf", page("BT /F 12 Tf ("+strings.Repeat("word ", 1<<20)+") Tj ET", "/Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>"), "", true},
		{"locked.pdf", lockedPDF(), "file_encrypted", false},
		{"references.pdf", []byte("%PDF-1.4\n1 0 obj(x)endobj " + strings.Repeat("/JS 1 0 R ", 1<<19)), stopped, true},
		{"objects.pdf", []byte("%PDF-1.4\n" + strings.Repeat("/JS 1 0 R 1 0 obj<</A(", 1<<18)), stopped, true},
		{"streams.pdf", []byte("%PDF-1.4\n" + numbered("%d 0 obj<<>>stream /JS %d 0 R ", 60_000)), stopped, true},
		{"attached often.pdf", []byte("%PDF-1.4\n1 0 obj<<>>stream x endstream " + strings.Repeat("<</EF<</F 1 0 R>>/F(a)>>", 1<<18)), stopped, true},
		{"attached zeros.pdf", page("", "", "<</F(zeros)/EF<</F 8 0 R>>>>", zeros), "limit_archive", true},
		{"zeros as script.pdf", page("", "", "<</S/JavaScript/JS 8 0 R>>", zeros), "limit_file", true},
		{"old.doc", ole(strings.Repeat("\x00", 512)), "file_unsupported", false},
		{"strings.doc", ole(strings.Repeat("abcd\x00", 1<<20)), "file_unsupported", true},
		{"locked.docx", ole("E\x00n\x00c\x00r\x00y\x00p\x00t\x00e\x00d\x00P\x00a\x00c\x00k\x00a\x00g\x00e\x00"), "file_encrypted", false},
		{"broken.docx", Zip(File{"[Content_Types].xml", []byte("<Types/>")}, File{"word/document.xml", []byte("<w:document><w:p><w:t>half")}), "file_damaged", false},
		{"laughs.docx", docx(`<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;">]><a>&c;</a>`), "", false},
		{"deep.docx", docx(strings.Repeat("<a>", 1<<19)), "limit_file", true},
		{"elements.docx", docx(strings.Repeat("<a/>", 6<<20)), "limit_file", true},
		{"attributes.docx", docx("<a " + strings.Repeat(`b="c" `, 4<<20) + "/>"), "limit_file", true},
		{"links.docx", docx("", File{"word/_rels/document.xml.rels", []byte("<R>" + strings.Repeat(`<Relationship TargetMode="External" Type="x/hyperlink" Target="http://x.example/"/>`, 200000) + "</R>")}), "limit_file", true},
		{"text.docx", docx("<w:t>" + strings.Repeat("word ", 5<<20) + "</w:t>"), "limit_file", true},
		{"fields.docx", docx(`<w:instrText>` + strings.Repeat("HYPERLINK x ", 1<<20) + `</w:instrText>`), "limit_file", true},
		{"zeros.xlsx", Zip(File{"[Content_Types].xml", []byte("<Types/>")}, File{"xl/worksheets/sheet1.xml", make([]byte, 40<<20)}), "limit_archive", true},
		{"locked.odt", Zip(File{"mimetype", []byte("application/vnd.oasis.opendocument.text")}, File{"META-INF/manifest.xml", []byte("<m><manifest:encryption-data/></m>")}, File{"content.xml", []byte("xxxx")}), "file_encrypted", false},
		{"cut.docx", docx("x")[:100], "archive_damaged", false},
	}
}

// lockedPDF needs a password that nobody has: its keys are noise.
func lockedPDF() []byte {
	p := PDF([]string{"secret"}, "")
	noise := strings.Repeat("41", 32)
	return bytes.Replace(p, []byte("trailer\n<<"), []byte("trailer\n<</ID[<4142><4142>]/Encrypt<</Filter/Standard/V 1/R 2/P -4/O<"+noise+">/U<"+noise+">>>"), 1)
}

func texts() []Bomb {
	link := append(append([]byte("L\x00\x00\x00\x01\x14\x02\x00"), bytes.Repeat([]byte{0xff}, 68)...), 0xff, 0xff)
	list := []byte("bplist00")
	for len(list) < 4<<20 {
		list = append(list, 0x5f, 0x11, 0xff, 0xff)
	}
	return []Bomb{
		{"cut.lnk", []byte("L\x00\x00\x00\x01\x14\x02\x00"), "file_damaged", false},
		{"long.lnk", link, "file_damaged", false},
		{"strings.lnk", append(append([]byte("L\x00\x00\x00\x01\x14\x02\x00"), make([]byte, 68)...), bytes.Repeat([]byte("http://a.example/ "), 200000)...), "limit_file", true},
		{"deep.rtf", []byte("{\\rtf1" + strings.Repeat("{", 1<<20)), "", true},
		{"fields.rtf", []byte("{\\rtf1 " + strings.Repeat("HYPERLINK", 800000)), "limit_file", true},
		{"escapes.rtf", []byte("{\\rtf1 " + strings.Repeat("\\u8364?", 1<<20)), "", true},
		{"object.rtf", []byte("{\\rtf1{\\object{\\*\\objdata 0105}}}"), "file_unsupported", false},
		{"large.html", bytes.Repeat([]byte("<p>large "), 1<<20), "limit_file", true},
		{"deep.html", []byte("<html>" + strings.Repeat("<div>", 1<<20)), "", true},
		{"links.html", []byte("<html>" + strings.Repeat("<a href=http://x.example/>x</a>", 200000)), "", true},
		{"scripts.html", []byte("<html>" + strings.Repeat("<script>a='http:\\/\\/x.example\\/'+'b'</script>", 100000)), "", true},
		{"script.html", []byte("<html><script>" + strings.Repeat("String.fromCharCode(104,104,104,104,104,104,104,104)+'", 100000) + "</script>"), "", true},
		{"literals.html", []byte("<html><script>" + strings.Repeat("'"+strings.Repeat("UEsDBBQAAAAI", 12)+"',", 40000) + "</script>"), "limit_archive", true},
		{"quotes.html", []byte("<html>" + strings.Repeat("'", 6<<20)), "", true},
		{"attached.ics", []byte("BEGIN:VCALENDAR\r\n" + strings.Repeat("ATTACH;ENCODING=BASE64:aGVsbG8gdGhlcmU=\r\n", 100000)), "limit_archive", true},
		{"long.js", []byte(strings.Repeat("\\x68\\x74+'", 700000)), "", true},
		{"deep.svg", []byte("<svg>" + strings.Repeat("<g>", 1<<20)), "", true},
		{"lines.ics", []byte("BEGIN:VCALENDAR\r\n" + strings.Repeat("ATTACH:http://x.example/\r\n", 200000)), "limit_file", true},
		{"folded.ics", []byte("BEGIN:VCALENDAR\r\n" + strings.Repeat("X\r\n ", 1<<20)), "", true},
		{"lines.url", []byte("[InternetShortcut]\r\n" + strings.Repeat("URL=http://x.example/\r\n", 200000)), "limit_file", true},
		{"empty.webloc", []byte("bplist00"), "file_damaged", false},
		{"strings.webloc", list, "file_damaged", true},
		{"deep.webloc", []byte("<plist>" + strings.Repeat("<string>", 1<<19)), "file_damaged", true},
		{"parts.mht", []byte("MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=b\r\n\r\n" + strings.Repeat("--b\r\n\r\n", 100000)), "limit_parts", true},
		{"nulls.txt", append([]byte("\xff\xfe"), make([]byte, 8<<20)...), "", true},
		{"pgp.asc", []byte("-----BEGIN PGP MESSAGE-----\n\nhQ==\n-----END PGP MESSAGE-----\n"), "file_encrypted", false},
	}
}

func uint32BE(n int) []byte { return binary.BigEndian.AppendUint32(nil, uint32(n)) }

// numbered repeats a form with the numbers from 1 on in its two places.
func numbered(form string, times int) string {
	var b strings.Builder
	for i := range times {
		fmt.Fprintf(&b, form, i+1, i+1)
	}
	return b.String()
}

func zlibOf(data []byte) []byte {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	_, err := w.Write(data)
	must(err)
	must(w.Close())
	return b.Bytes()
}
