package message

import (
	"slices"
	"strings"
	"testing"
)

// TestFlowed holds format=flowed to RFC 3676: what section 4 says of soft breaks, space-stuffing, quotes and signatures.
func TestFlowed(t *testing.T) {
	for name, tt := range map[string]struct{ in, want, delsp string }{
		"a soft break":                     {"one \ntwo\n", "one two\n", "one" + "two\n"},
		"two":                              {"one \ntwo \nthree\n", "one two three\n", "onetwothree\n"},
		"a hard break":                     {"one\ntwo\n", "one\ntwo\n", "one\ntwo\n"},
		"an empty line":                    {"one \n\ntwo\n", "one \ntwo\n", "one\ntwo\n"},
		"space-stuffed":                    {" From x\n > no quote\n", "From x\n> no quote\n", "From x\n> no quote\n"},
		"a quote":                          {"> one \n> two\n", "> one two\n", "> onetwo\n"},
		"quotes of two depths":             {"> one \n>> two\n", "> one \n>> two\n", "> one\n>> two\n"},
		"a quote and an answer":            {"> one \ntwo\n", "> one \ntwo\n", "> one\ntwo\n"},
		"a signature":                      {"text\n-- \nname\n", "text\n-- \nname\n", "text\n-- \nname\n"},
		"a signature behind a soft break":  {"text \n-- \nname\n", "text \n-- \nname\n", "text\n-- \nname\n"},
		"a soft break at the end":          {"one ", "one ", "one "},
		"a soft break before nothing":      {"one \n", "one ", "one"},
		"blanks that are not at the end":   {"a  b\n", "a  b\n", "a  b\n"},
		"nothing":                          {"", "", ""},
		"a link over two lines":            {"http://x.example/ \nabc\n", "http://x.example/ abc\n", "http://x.example/abc\n"},
		"a quote whose line has no blank":  {">one\n>two\n", ">one\n>two\n", ">one\n>two\n"},
		"a stuffed line behind a soft one": {"one \n two\n", "one two\n", "onetwo\n"},
	} {
		if got := unflow(tt.in, false); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
		if got := unflow(tt.in, true); got != tt.delsp {
			t.Errorf("%s with delsp: %q, want %q", name, got, tt.delsp)
		}
	}
}

// TestDeclaredCharset holds which of several declarations counts: a byte order mark before the
// header before a meta element, and a label that says nothing not at all.
func TestDeclaredCharset(t *testing.T) {
	for name, tt := range map[string]struct{ contentType, body, want, problem string }{
		"the header's":                        {"text/plain; charset=iso-8859-2", "\xB3\xF3d\xBC", "łódź", ""},
		"the header's in quotes":              {"text/plain; charset=\"iso-8859-2\"", "\xB3", "ł", ""},
		"the header's in apostrophes":         {"text/plain; charset='iso-8859-2'", "\xB3", "ł", ""},
		"charset= twice":                      {"text/plain; charset=charset=iso-8859-2", "\xB3", "ł", ""},
		"a byte order mark before the header": {"text/plain; charset=iso-8859-2", "\xEF\xBB\xBFl\xC3\xB3", "ló", ""},
		"UTF-16 by its mark":                  {"text/plain; charset=utf-8", "\xFF\xFEa\x00\xE4\x00", "aä", ""},
		"UTF-16BE by its mark":                {"text/plain", "\xFE\xFF\x00a\x00\xE4", "aä", ""},
		"UTF-32 by its mark":                  {"text/plain", "\xFF\xFE\x00\x00a\x00\x00\x00\xE4\x00\x00\x00", "aä", ""},
		"none, ASCII":                         {"text/plain", "abc", "abc", ""},
		"none, UTF-8":                         {"text/plain", "\xC3\xA4", "ä", CodeUndeclaredCharset},
		"none, eight bits":                    {"text/plain", "\xE4\x80", "ä€", CodeUndeclaredCharset},
		"us-ascii, eight bits":                {"text/plain; charset=us-ascii", "\xE4", "ä", CodeUndeclaredCharset},
		"unknown-8bit":                        {"text/plain; charset=unknown-8bit", "\xC3\xA4", "ä", CodeUndeclaredCharset},
		"one that nobody knows":               {"text/plain; charset=x-klingon", "a\xC3\xA4", "aä", CodeUnknownCharset},
		"UTF-8 that is none":                  {"text/plain; charset=utf-8", "a\xE4b", "a\uFFFDb", CodeBadCharset},
		"latin-1 means windows-1252":          {"text/plain; charset=iso-8859-1", "\x80\x93", "€“", ""},
		"gb2312 means GBK":                    {"text/plain; charset=gb2312", "\x81\x40", "丂", ""},
		"ks_c_5601-1987 means windows-949":    {"text/plain; charset=ks_c_5601-1987", "\x8C\x63", "똠", ""},
		"a meta element":                      {"text/html", "<meta charset=iso-8859-2>\xB3", "ł", ""},
		"a meta element of HTML 4":            {"text/html", "<META HTTP-EQUIV='Content-Type' CONTENT='text/html; charset=iso-8859-2'>\xB3", "ł", ""},
		"the header before a meta element":    {"text/html; charset=iso-8859-5", "<meta charset=iso-8859-2>\xB3", "Г", ""},
		"a meta element in a plain text":      {"text/plain", "<meta charset=iso-8859-2>\xB3", "<meta charset=iso-8859-2>³", CodeUndeclaredCharset},
		"a meta element that says UTF-16":     {"text/html", "<meta charset=utf-16>\xC3\xA4", "ä", CodeUndeclaredCharset},
		"a meta element far down":             {"text/html", "<p>" + strings.Repeat("x", 3000) + "<meta charset=iso-8859-2>\xB3", strings.Repeat("x", 3000) + "³", CodeUndeclaredCharset},
	} {
		m := Parse([]byte("Content-Type: "+tt.contentType+"\r\n\r\n"+tt.body), DefaultLimits())
		if got := m.BodyText(); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
		var codes []string
		for _, p := range m.Problems {
			codes = append(codes, p.Code)
		}
		if got := strings.Join(codes, " "); got != tt.problem {
			t.Errorf("%s: problems %q, want %q", name, got, tt.problem)
		}
	}
}

// TestBodies holds which leaves are the texts of an email (contract, section 3).
func TestBodies(t *testing.T) {
	part := func(fields, body string) string { return "--b\r\n" + fields + "\r\n\r\n" + body + "\r\n" }
	const plain, html = "Content-Type: text/plain", "Content-Type: text/html"
	for name, tt := range map[string]struct {
		parts, text, html string
		files             []string
	}{
		"a text":                        {part(plain, "one"), "one", "", nil},
		"two texts":                     {part(plain, "one") + part(plain, "two"), "one\ntwo", "", nil},
		"HTML alone":                    {part(html, "<p>one</p><p>two</p>"), "one\ntwo", "<p>one</p><p>two</p>", nil},
		"a text and HTML":               {part(plain, "one") + part(html, "<b>two</b>"), "one", "<b>two</b>", nil},
		"a blank text and HTML":         {part(plain, " \r\n") + part(html, "<b>two</b>"), "two", "<b>two</b>", nil},
		"a text that is attached":       {part(plain, "one") + part(plain+"\r\nContent-Disposition: attachment", "two"), "one", "", []string{"2 text/plain"}},
		"a text with a name":            {part(plain, "one") + part(plain+"; name=a.txt", "two"), "one", "", []string{"2 text/plain"}},
		"a text inline with a name":     {part(plain, "one") + part(plain+"\r\nContent-Disposition: inline; filename=a.txt", "two"), "one", "", []string{"2 text/plain"}},
		"HTML that is attached":         {part(plain, "one") + part(html+"\r\nContent-Disposition: attachment", "<b>two</b>"), "one", "", []string{"2 text/html"}},
		"a text of another type":        {part(plain, "one") + part("Content-Type: text/calendar", "BEGIN:VCALENDAR"), "one", "", []string{"2 text/calendar"}},
		"nothing but a file":            {part("Content-Type: image/png", "x"), "", "", []string{"1 image/png"}},
		"a nested message's is its own": {part(plain, "one") + part("Content-Type: message/rfc822", "Subject: s\r\n\r\ninner"), "one", "", []string{"2 message/rfc822"}},
		"texts of different charsets":   {part(plain+"; charset=iso-8859-1", "\xE4") + part(plain+"; charset=utf-8", "\xC3\xA4"), "ä\nä", "", nil},
		"line ends of all kinds":        {part(plain, "a\r\nb\nc\rd"), "a\nb\nc\nd", "", nil},
	} {
		m := Parse([]byte("Content-Type: multipart/mixed; boundary=b\r\n\r\n"+tt.parts+"--b--\r\n"), DefaultLimits())
		if m.BodyText() != tt.text || m.BodyHTML() != tt.html {
			t.Errorf("%s: text %q, HTML %q", name, m.BodyText(), m.BodyHTML())
		}
		var files []string
		for _, a := range m.Attachments() {
			files = append(files, a.Part+" "+a.ContentType)
		}
		if !slices.Equal(files, tt.files) {
			t.Errorf("%s: files %q, want %q", name, files, tt.files)
		}
	}
}

// TestInline holds which files are meant to be shown in the text.
func TestInline(t *testing.T) {
	for name, tt := range map[string]struct {
		kind, fields string
		want         bool
	}{
		"says so":                        {"mixed", "Content-Disposition: inline", true},
		"says so in capitals":            {"mixed", "Content-Disposition: INLINE; filename=x.png", true},
		"is attached":                    {"related", "Content-Disposition: attachment\r\nContent-ID: <x>", false},
		"is referred to":                 {"related", "Content-ID: <x>", true},
		"has an id and is not related":   {"mixed", "Content-ID: <x>", false},
		"is related and has no id":       {"related", "X: y", false},
		"a disposition that nobody uses": {"mixed", "Content-Disposition: sideways", false},
	} {
		m := Parse([]byte("Content-Type: multipart/"+tt.kind+"; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\nx\r\n--b\r\nContent-Type: image/png\r\n"+tt.fields+"\r\n\r\nx\r\n--b--\r\n"), DefaultLimits())
		if files := m.Attachments(); len(files) != 1 || files[0].Inline != tt.want {
			t.Errorf("%s: %+v", name, files)
		}
	}
}

// TestKindsByBytes holds which contradictions between type and bytes are named, and which are ordinary.
func TestKindsByBytes(t *testing.T) {
	for _, tt := range []struct {
		declared, start string
		named           bool
	}{
		{"image/png", "MZ\x90\x00", true},
		{"image/png", "\x89PNG\r\n\x1A\n", false},
		{"image/jpeg", "\x89PNG\r\n\x1A\n", false}, // programs show it all the same
		{"image/gif", "PK\x03\x04", true},
		{"application/pdf", "%PDF-1.7", false},
		{"application/pdf", "MZ\x90\x00", true},
		{"application/pdf", "PK\x03\x04", true},
		{"audio/mpeg", "Rar!\x1A\x07\x00", true},
		{"text/csv", "PK\x03\x04", true},
		{"text/csv", "MZ is how it starts", false},
		{"text/richtext", "{\\rtf1}", false},
		{"application/zip", "\x7FELF", true},
		{"application/msword", "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", false},
		{"application/msword", "PK\x03\x04", false},
		{"application/vnd.openxmlformats-officedocument.wordprocessingml.document", "PK\x03\x04", false},
		{"application/vnd.openxmlformats-officedocument.wordprocessingml.document", "MZ\x90\x00", true},
		{"application/octet-stream", "MZ\x90\x00", false}, // it says nothing
		{"application/x-unheard-of", "MZ\x90\x00", false},
	} {
		m := Parse([]byte("Content-Type: "+tt.declared+"; name=x\r\nContent-Transfer-Encoding: binary\r\n\r\n"+tt.start), DefaultLimits())
		m.Attachments()
		if named := hasCode(m, CodeTypeDiffers); named != tt.named {
			t.Errorf("%s and %q: %v", tt.declared, tt.start, m.Problems)
		}
	}
}
