package file_test

import (
	"slices"
	"strings"
	"testing"

	"example.org/imap-integration/content/file"
	"example.org/imap-integration/content/file/filetest"
)

// said joins the texts of a content, and targets its links.
func said(c file.Content) string {
	var all []string
	for _, x := range c.Texts {
		all = append(all, x.Body)
	}
	return strings.Join(all, "\n")
}

func targets(c file.Content) (all []string) {
	for _, l := range c.Links {
		all = append(all, l.Where+" "+l.URL)
	}
	return all
}

// TestRTF holds the text and the targets of RTF, a line each.
func TestRTF(t *testing.T) {
	for rtf, want := range map[string]struct {
		text  string
		links []string
	}{
		`{\rtf1 plain}`:                          {"plain", nil},
		`{\rtf1 a\par b\line c\tab d}`:           {"a\nb\nc d", nil},
		`{\rtf1 Gr\'fc\'dfe}`:                    {"Grüße", nil},
		`{\rtf1 \u8364?5}`:                       {"€5", nil},
		`{\rtf1 \u-10179?\u-8704?}`:              {"😀", nil},
		`{\rtf1 a\u-10179?}`:                     {"a\uFFFD", nil},
		`{\rtf1 \{braces\} \\ back}`:             {`{braces} \ back`, nil},
		`{\rtf1{\fonttbl{\f0 Arial;}}x}`:         {"x", nil},
		`{\rtf1{\pict abcdef}{\*\themedata z}y}`: {"y", nil},
		`{\rtf1{\field{\*\fldinst{HYPERLINK "http://x.example/"}}{\fldrslt here}}}`:   {"here", []string{"hyperlink http://x.example/"}},
		`{\rtf1{\field{\*\fldinst{HYPERLINK http://x.example/ }}{\fldrslt here}}}`:    {"here", []string{"hyperlink http://x.example/"}},
		`{\rtf1{\field{\*\fldinst{INCLUDEPICTURE "http://x.example/p"}}{\fldrslt }}}`: {"", []string{"includepicture http://x.example/p"}},
		`{\rtf1{\field{\*\fldinst{HYPERLINK "http:\\\\x.example\\a"}}{\fldrslt }}}`:   {"", []string{`hyperlink http:\\x.example\a`}},
		`{\rtf1 }}}}} after`: {"after", nil},
		`{\rtf1 cut \'f`:     {"cut", nil},
		`{\rtf1 cut \`:       {"cut", nil},
	} {
		c := read(t, "a.rtf", []byte(rtf))
		if !strings.Contains(said(c), want.text) || !slices.Equal(targets(c), want.links) {
			t.Errorf("%s: %q %q, want %+v", rtf, said(c), targets(c), want)
		}
	}
}

// TestCalendars holds the values and the targets of iCalendar and vCard.
func TestCalendars(t *testing.T) {
	for _, c := range []struct {
		kind, lines, text string
		links             []string
	}{
		{"ics", "SUMMARY:Meeting", "summary: Meeting", nil},
		{"ics", "DESCRIPTION:one\\ntwo\\, three\\; four", "one\ntwo, three; four", nil},
		{"ics", "DESCRIPTION:a long\r\n  line", "a long line", nil},
		{"ics", "LOCATION;LANGUAGE=en:Room 1", "location: Room 1", nil},
		{"ics", "ATTACH:http://x.example/", "", []string{"attach http://x.example/"}},
		{"ics", "ATTACH;FMTTYPE=text/html:http://x.example/", "", []string{"attach http://x.example/"}},
		{"ics", "ATTACH;ENCODING=BASE64;VALUE=BINARY:QUJD", "", nil},
		{"ics", "ORGANIZER;CN=\"A: B\":mailto:a@x.example", "", []string{"organizer mailto:a@x.example"}},
		{"ics", "DESCRIPTION;ALTREP=\"http://x.example/d\":text", "text", []string{"altrep http://x.example/d"}},
		{"ics", "no colon in this line", "", nil},
		{"vcf", "item1.URL:http://x.example/", "", []string{"url http://x.example/"}},
		{"vcf", "NOTE:see http://x.example/", "see http://x.example/", nil},
		{"vcf", "PHOTO;VALUE=uri:http://x.example/p.png", "", []string{"photo http://x.example/p.png"}},
		{"vcf", "PHOTO;ENCODING=b:QUJD", "", nil},
	} {
		begin := map[string]string{"ics": "BEGIN:VCALENDAR\r\n", "vcf": "BEGIN:VCARD\r\n"}[c.kind]
		got := read(t, "a."+c.kind, []byte(begin+c.lines+"\r\n"))
		if !strings.Contains(said(got), c.text) || !slices.Equal(targets(got), c.links) || len(got.Problems) > 0 {
			t.Errorf("%q: %q %q %v", c.lines, said(got), targets(got), got.Problems)
		}
	}
}

// TestDocuments holds what is found in the parts of OOXML.
func TestDocuments(t *testing.T) {
	types := filetest.File{Name: "[Content_Types].xml", Data: []byte("<Types/>")}
	for name, c := range map[string]struct {
		part, xml, text string
		links           []string
		problem         string
	}{
		"a paragraph":       {"word/document.xml", "<w:p><w:t>one </w:t><w:t>two</w:t></w:p>", "one two", nil, ""},
		"an instruction":    {"word/document.xml", `<w:instrText>HYPERLINK "http://x.example/"</w:instrText>`, "", []string{"hyperlink http://x.example/"}, ""},
		"a split one":       {"word/document.xml", `<w:p><w:instrText>HYPER</w:instrText><w:instrText>LINK "http://x.example/"</w:instrText></w:p>`, "", []string{"hyperlink http://x.example/"}, ""},
		"a formula":         {"xl/worksheets/sheet1.xml", `<c><f>HYPERLINK("http://x.example/","x")</f></c>`, "", []string{"hyperlink http://x.example/"}, ""},
		"a relationship":    {"word/_rels/document.xml.rels", `<R><Relationship Type="http://s/hyperlink" Target="http://x.example/" TargetMode="External"/></R>`, "", []string{"relationship hyperlink http://x.example/"}, ""},
		"a template":        {"word/_rels/settings.xml.rels", `<R><Relationship Type="http://s/attachedTemplate" Target="http://x.example/t.dotm" TargetMode="external"/></R>`, "", []string{"relationship attachedTemplate http://x.example/t.dotm"}, ""},
		"one of its own":    {"word/_rels/document.xml.rels", `<R><Relationship Type="x" Target="media/a.png"/></R>`, "", nil, ""},
		"entities":          {"word/document.xml", "<w:t>a &amp; b</w:t>", "a & b", nil, ""},
		"what is not XML":   {"word/document.xml", "<w:t>half", "half", nil, "file_damaged"},
		"another charset":   {"word/document.xml", "<?xml version='1.0' encoding='windows-1252'?><w:t>Gr\xfc\xdfe</w:t>", "Grüße", nil, ""},
		"text of a comment": {"word/comments.xml", "<w:t>noted</w:t>", "noted", nil, ""},
	} {
		got := read(t, "a.docx", filetest.Zip(types, filetest.File{Name: c.part, Data: []byte(c.xml)}))
		if got.Format != "ooxml" || !strings.Contains(said(got), c.text) || !slices.Equal(targets(got), c.links) {
			t.Errorf("%s: %s %q %q", name, got.Format, said(got), targets(got))
		}
		if len(got.Problems) > 0 != (c.problem != "") || c.problem != "" && got.Problems[0].Code != c.problem {
			t.Errorf("%s: problems %v", name, got.Problems)
		}
	}
}
