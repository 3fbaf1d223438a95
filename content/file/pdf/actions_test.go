package pdf

import (
	"bytes"
	"compress/zlib"
	"slices"
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
		return "1 0 obj<</Type/ObjStm/N 1>>stream\r\n" + b.String() + "\nendstream"
	}
	for objects, want := range map[string]string{
		"<</S/URI/URI(http://x.example/)>>":                   "http://x.example/",
		"<</S/URI /URI  (http://x.example/)>>":                "http://x.example/",
		"<</URI\r\n(http://x.example/)>>":                     "http://x.example/",
		"<</URI<687474703A2F2F782F>>>":                        "http://x/",
		"<</URI<68 74 74\n70 3a2F2F782F>>>":                   "http://x/",
		`<</URI(http://x.example/\(a\))>>`:                    "http://x.example/(a)",
		`<</URI(http://x.example/(a(b)))>>`:                   "http://x.example/(a(b))",
		`<</URI(\150\164\164p://x/)>>`:                        "http://x/",
		"<</URI(http://x\\\n/)>>":                             "http://x/",
		"<</URI(\xfe\xff\x00h\x00t\x00t\x00p\x00:\x00/)>>":    "http:/",
		"<</S/Launch/F(cmd.exe)>>":                            "cmd.exe",
		"<</S/Launch/F<</UF(evil.exe)>>>>":                    "evil.exe",
		"<</S/SubmitForm/F(http://x.example/post)>>":          "http://x.example/post",
		"<</Type/Filespec/F(report.txt)>>":                    "",
		"<</S/JavaScript/JS(app.launchURL\\('http://x'\\))>>": "script app.launchURL('http://x')",
		"<</URI(http://x.example/ never ends":                 "",
		"<</URI((((/URI(http://x.example/)>>":                 "http://x.example/",
		"<</URI()>>":                                          "",
		"<</URI<<nothing>>>>":                                 "",
		"<</S/#55RI/U#52I(http://x.example/)>>":               "http://x.example/",
		"<</S/URI/URI(http://x.example/\\\r\na\\tb)>>":        "http://x.example/a\tb",
		"<</URI<687474703A2F2>>>":                             "http:/ ",
		"<</URIBase(x)>>":                                     "",
		stream("<</S/URI/URI(http://packed.example/)>>"):      "http://packed.example/",
		stream("<</S/URI/URI(http://packed.example/)>>")[:70]: "",
	} {
		var c held.Content
		addActions(&c, []byte(objects), 0)
		var got []string
		for _, l := range c.Links {
			got = append(got, l.URL)
		}
		for _, x := range c.Texts {
			got = append(got, x.Where+" "+x.Body)
		}
		if want == "" && len(got) > 0 || want != "" && !slices.Equal(got, []string{want}) {
			t.Errorf("%.60q: %q, want %q", objects, got, want)
		}
	}
}

// TestActionsKnown holds that what an annotation gave already is not listed again.
func TestActionsKnown(t *testing.T) {
	c := held.Content{Links: []held.Link{{URL: "http://x.example/", Where: "annotation"}}}
	addActions(&c, []byte("<</URI(http://x.example/)>><</URI(http://y.example/)>><</URI(http://y.example/)>>"), 0)
	if len(c.Links) != 2 || c.Links[1].URL != "http://y.example/" {
		t.Errorf("%+v", c.Links)
	}
}

// FuzzActions holds that the search in objects ends, and lists no more than it may.
func FuzzActions(f *testing.F) {
	f.Add([]byte("<</S/URI/URI(http://x.example/\\(\\))>>"))
	f.Add([]byte("<</URI<687474>/JS(a)"))
	f.Add([]byte("/ObjStm stream\nx"))
	f.Add([]byte(strings.Repeat("/URI(", 50)))
	f.Fuzz(func(t *testing.T, data []byte) {
		var c held.Content
		addActions(&c, data, 0)
		for _, l := range c.Links {
			if l.URL == "" || len(l.URL) > 2*maxString {
				t.Errorf("%q", l.URL)
			}
		}
	})
}
