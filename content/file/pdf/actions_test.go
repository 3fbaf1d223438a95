package pdf

import (
	"bytes"
	"compress/zlib"
	"strings"
	"testing"

	"example.org/imap-integration/content/file/held"
)

// TestActions holds which targets are found in the objects of a file, whatever leads to
// them. To add one, add a line.
func TestActions(t *testing.T) {
	stream := func(objects string) string {
		var b bytes.Buffer
		w := zlib.NewWriter(&b)
		_, _ = w.Write([]byte(objects))
		_ = w.Close()
		return "1 0 obj<</Type/ObjStm/N 1/Filter/FlateDecode>>stream\r\n" + b.String() + "\nendstream"
	}
	for objects, want := range map[string]string{
		"<</S/URI/URI(http://x.example/)>>":                            "http://x.example/",
		"<</S/URI /URI  (http://x.example/)>>":                         "http://x.example/",
		"<</URI\r\n(http://x.example/)>>":                              "http://x.example/",
		"<</URI<687474703A2F2F782F>>>":                                 "http://x/",
		"<</URI<68 74 74\n70 3a2F2F782F>>>":                            "http://x/",
		`<</URI(http://x.example/\(a\))>>`:                             "http://x.example/(a)",
		`<</URI(http://x.example/(a(b)))>>`:                            "http://x.example/(a(b))",
		`<</URI(\150\164\164p://x/)>>`:                                 "http://x/",
		"<</URI(http://x\\\n/)>>":                                      "http://x/",
		"<</URI(\xfe\xff\x00h\x00t\x00t\x00p\x00:\x00/)>>":             "http:/",
		"<</S/Launch/F(cmd.exe)>>":                                     "cmd.exe",
		"<</S/Launch/F<</UF(evil.exe)>>>>":                             "evil.exe",
		"<</S/SubmitForm/F(http://x.example/post)>>":                   "http://x.example/post",
		"<</Type/Filespec/F(report.txt)>>":                             "",
		"<</S/JavaScript/JS(app.launchURL\\('http://x'\\))>>":          "script app.launchURL('http://x')",
		"<</URI(http://x.example/ never ends":                          "",
		"<</URI((((/URI(http://x.example/)>>":                          "http://x.example/",
		"<</URI()>>":                                                   "",
		"<</URI<<nothing>>>>":                                          "",
		"<</S/#55RI/U#52I(http://x.example/)>>":                        "http://x.example/",
		"<</S/URI/URI(http://x.example/\\\r\na\\tb)>>":                 "http://x.example/a\tb",
		"<</URI<687474703A2F2>>>":                                      "http:/ ",
		"<</URIBase(x)>>":                                              "",
		"<</S/JavaScript/JS 2 0 R>> 2 0 obj(app.x\\(\\))endobj":        "script app.x()",
		"<</S/URI/URI 2 0 R>> 2 0 obj\n<687474703A>endobj":             "http:",
		"<</S/GoToR/F(\\\\\\\\host\\\\x)>>":                            `\\host\x`,
		"<</S/GoToR/F(//host/x)>>":                                     "//host/x",
		"<</S/GoToR/F(other.pdf)>>":                                    "",
		"<</S/Launch/Win<</P(/c calc)>>>>":                             "/c calc notes and fields /c calc",
		"<</Subtype/FreeText/Contents(call me)>>":                      "notes and fields call me",
		"<</FT/Tx/V(a)/DV(b)>>":                                        "notes and fields a\nb",
		"<</Type/Sig/Contents<308006092A>>>":                           "",
		"<</Type/Page/Contents 2 0 R>>2 0 obj<<>>stream\nx\nendstream": "",
		"<</FT/Tx/V 2 0 R>>2 0 obj<</Length 1>>stream\nx\nendstream":   "notes and fields x",
		"<</XFA[(a) 2 0 R]>>2 0 obj<<>>stream\n<a xmlns='http://n/' b='&#104;'/>\nendstream": "form <a  b='h'/>",
		"<</XFA 2 0 R>>2 0 obj<<>>stream\nxmlns=\"a\nendstream":                              "form =\"a",
		stream("<</S/URI/URI(http://packed.example/)>>"):                                     "http://packed.example/",
		stream("<</S/URI/URI(http://packed.example/)>>")[:70]:                                "",
	} {
		var c held.Content
		addActions(&c, []byte(objects), 0, held.NewBudget())
		var got []string
		for _, l := range c.Links {
			got = append(got, l.URL)
		}
		for _, x := range c.Texts {
			if !x.HTML {
				got = append(got, x.Where+" "+strings.TrimSpace(x.Body))
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%.60q: %q, want %q", objects, got, want)
		}
	}
}

// TestActionsKnown holds that what an annotation gave already is not listed again.
func TestActionsKnown(t *testing.T) {
	c := held.Content{Links: []held.Link{{URL: "http://x.example/", Where: "annotation"}}}
	addActions(&c, []byte("<</URI(http://x.example/)>><</URI(http://y.example/)>><</URI(http://y.example/)>>"), 0, held.NewBudget())
	if len(c.Links) != 2 || c.Links[1].URL != "http://y.example/" {
		t.Errorf("%+v", c.Links)
	}
}

// FuzzActions holds that the search in objects ends, and lists no more than it may.
func FuzzActions(f *testing.F) {
	f.Add([]byte("<</S/URI/URI(http://x.example/\\(\\))>>"))
	f.Add([]byte("<</URI<687474>/JS(a)"))
	f.Add([]byte("/ObjStm stream\nx"))
	f.Add([]byte("<</F(a)/EF<</F 2 0 R>>>>2 0 obj<</Filter[/AHx/Fl]>>stream\n41>endstream"))
	f.Add([]byte("<</XFA[(a) 2 0 R]/JS 2 0 R>>2 0 obj<</Filter/LZW/Length 9>>stream\n<a xmlns='b'/>endstream"))
	f.Add([]byte(strings.Repeat("/URI(", 50)))
	f.Fuzz(func(t *testing.T, data []byte) {
		var c held.Content
		b := held.NewBudget()
		addActions(&c, data, 0, b)
		if b.Bytes < 0 || b.Members < 0 {
			t.Errorf("more than the budget was taken: %+v", b)
		}
		for _, l := range c.Links {
			if l.URL == "" || len(l.URL) > 2*maxString {
				t.Errorf("%q", l.URL)
			}
		}
	})
}
