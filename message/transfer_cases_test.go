package message

import (
	"slices"
	"strings"
	"testing"
)

// encodings are names of transfer encodings as programs write them, what each is
// taken for, and whether it is the name that RFC 2045, section 6.1 or RFC 6152 has.
var encodings = map[string]struct {
	want  transferEncoding
	known bool
}{
	"7bit":                        {encodingIdentity, true},
	"8BIT":                        {encodingIdentity, true},
	"binary":                      {encodingIdentity, true},
	"":                            {encodingIdentity, true},
	" Base64 ":                    {encodingBase64, true},
	"base64 (with a comment)":     {encodingBase64, true},
	"(a comment) base64":          {encodingBase64, true},
	"BASE64;":                     {encodingBase64, false},
	"\"base64\"":                  {encodingBase64, false},
	"base64, 7bit":                {encodingBase64, false},
	"base-64":                     {encodingBase64, false},
	"base64gzip":                  {encodingBase64, false},
	"b":                           {encodingBase64, false},
	"quoted-printable":            {encodingQP, true},
	"Quoted-Printable (as it is)": {encodingQP, true},
	"quoted-printable\x00":        {encodingQP, false},
	"quotedprintable":             {encodingQP, false},
	"q":                           {encodingQP, false},
	"quoted-printables":           {encodingQP, false},
	"x-uuencode":                  {encodingUU, false},
	"UUE":                         {encodingUU, false},
	"7-bit":                       {encodingIdentity, false},
	"8bits":                       {encodingIdentity, false},
	"x-token":                     {encodingIdentity, false},
	"text/plain":                  {encodingIdentity, false},
}

func TestNamesOfEncodings(t *testing.T) {
	for value, want := range encodings {
		if got, known := parseTransferEncoding(value); got != want.want || known != want.known {
			t.Errorf("%q: %d %v, want %d %v", value, got, known, want.want, want.known)
		}
	}
}

// TestOddContents are contents that are damaged or strangely written, what is read of them
// and what is told. Those of uuencode are what Python 3.11 makes (binascii.a2b_uu) of each line.
func TestOddContents(t *testing.T) {
	flaw := func(what string) (f decodeFlaws) {
		f.junk, f.cut, f.joined = strings.Contains(what, "junk"), strings.Contains(what, "cut"), strings.Contains(what, "joined")
		return f
	}
	for name, tt := range map[string]struct{ encoding, in, want, flaws string }{
		"base64 in one line":                  {"base64", "SGVsbG8sIHdvcmxkIQ==", "Hello, world!", ""},
		"base64, one character a line":        {"base64", "S\nG\nV\ns\n", "Hel", ""},
		"base64 with blank lines":             {"base64", "\r\n\r\nSGVs\r\n\r\nbG8=\r\n\r\n", "Hello", ""},
		"base64 with no padding":              {"base64", "SGVsbG8", "Hello", "cut"},
		"base64, one character too many":      {"base64", "SGVsb", "Hel", "cut"},
		"base64 with half its padding":        {"base64", "SGVsbA=", "Hell", ""},
		"base64 with more padding":            {"base64", "SGVsbG8===", "Hello", ""},
		"padding in the middle":               {"base64", "SGU=bGxv", "Hello", "joined"},
		"padding alone":                       {"base64", "====", "", "junk"},
		"nothing":                             {"base64", "", "", ""},
		"blanks alone":                        {"base64", " \r\n\t\r\n", "", ""},
		"URL-safe letters":                    {"base64", "SGVs-bG8=", "Hello", "junk"},
		"a footer behind the text":            {"base64", "SGVsbG8=\r\n-- \r\n", "Hello", "junk"},
		"bytes above ASCII":                   {"base64", "SGVs\xE4bG8=", "Hello", "junk"},
		"a NUL between":                       {"base64", "SGVs\x00bG8=", "Hello", "junk"},
		"bits that are left over":             {"base64", "SGVsbG9=", "Hello", ""},
		"an escape":                           {"quoted-printable", "caf=C3=A9", "café", ""},
		"an escape in small letters":          {"quoted-printable", "caf=c3=a9", "café", ""},
		"a soft line break":                   {"quoted-printable", "If you believe that truth=3Dbeauty, then =\r\nsurely", "If you believe that truth=beauty, then surely", ""},
		"a soft break with blanks behind it":  {"quoted-printable", "one= \t\r\ntwo", "onetwo", ""},
		"two soft breaks":                     {"quoted-printable", "a=\r\n=\r\nb", "ab", ""},
		"a soft break at the end":             {"quoted-printable", "a=", "a", ""},
		"blanks at the end of a line":         {"quoted-printable", "a \t \r\nb", "a\r\nb", ""},
		"blanks that are meant":               {"quoted-printable", "a =20\r\nb=09", "a  \r\nb\t", ""},
		"an equals sign that nobody escaped":  {"quoted-printable", "1+1=2 and a=b", "1+1=2 and a=b", "junk"},
		"half an escape at the end":           {"quoted-printable", "a=4", "a=4", "junk"},
		"an escape over a line end":           {"quoted-printable", "a=4\r\n1", "a=4\r\n1", "junk"},
		"two equals signs":                    {"quoted-printable", "a==41", "a=A", "junk"},
		"eight bits that nobody escaped":      {"quoted-printable", "caf\xC3\xA9", "café", ""},
		"a dot alone":                         {"quoted-printable", "=2E\r\n.\r\n", ".\r\n.\r\n", ""},
		"a line end that is escaped":          {"quoted-printable", "a=0D=0Ab", "a\r\nb", ""},
		"a uuencoded file":                    {"x-uuencode", "begin 644 cat.txt\n#0V%T\n`\nend\n", "Cat", ""},
		"one with CRLF":                       {"x-uuencode", "begin 644 cat.txt\r\n#0V%T\r\n`\r\nend\r\n", "Cat", ""},
		"one whose zero is a blank":           {"x-uuencode", "begin 644 x\n$ $$  \n \nend\n", "\x00A\x00\x00", ""},
		"one whose zeroes are graves":         {"x-uuencode", "begin 644 x\n$`$$``\n`\nend\n", "\x00A\x00\x00", ""},
		"one whose blanks were cut off":       {"x-uuencode", "begin 644 x\n#\n`\nend\n", "\x00\x00\x00", ""},
		"one of two lines":                    {"x-uuencode", "begin 755 x y z\n#0V%T\n#9&]G\n`\nend\n", "Catdog", ""},
		"one with a text in front":            {"x-uuencode", "see below\n\nbegin 644 x\n#0V%T\n`\nend\n", "Cat", ""},
		"one without an end":                  {"x-uuencode", "begin 644 x\n#0V%T\n", "Cat", "cut"},
		"one without a last line of no bytes": {"x-uuencode", "begin 644 x\n#0V%T\nend\n", "Cat", ""},
		"one without a beginning":             {"x-uuencode", "#0V%T\n`\nend\n", "#0V%T\n`\nend\n", "junk"},
		"one whose mode is no number":         {"x-uuencode", "begin rw- x\n#0V%T\n`\nend\n", "begin rw- x\n#0V%T\n`\nend\n", "junk"},
		"8bit is left as it is":               {"8bit", "a=3D\xE4\r\n", "a=3D\xE4\r\n", ""},
		"binary is left as it is":             {"binary", "\x00\r\x00\n", "\x00\r\x00\n", ""},
	} {
		e, _ := parseTransferEncoding(tt.encoding)
		got, flaws := e.decode([]byte(tt.in))
		if string(got) != tt.want || flaws != flaw(tt.flaws) {
			t.Errorf("%s: %q %+v, want %q %q", name, got, flaws, tt.want, tt.flaws)
		}
		var streamed []byte
		flaws = e.stream([]byte(tt.in), func(b []byte) { streamed = append(streamed, b...) })
		if string(streamed) != tt.want || flaws != flaw(tt.flaws) {
			t.Errorf("%s as a stream: %q %+v, want %q %q", name, streamed, flaws, tt.want, tt.flaws)
		}
	}
}

// TestStart holds that the start of a content is that of the whole, however it is encoded,
// whatever stands in front that is nothing, and wherever a window of it ends.
func TestStart(t *testing.T) {
	const quoted, uu = "Content-Transfer-Encoding: quoted-printable\r\n\r\n", "Content-Transfer-Encoding: x-uuencode\r\n\r\n"
	body := strings.Repeat("0123456789", 100)
	uuencoded := strings.Repeat("M,#$R,S0U-C<X.3`Q,C,T-38W.#DP,3(S-#4V-S@Y,#$R,S0U-C<X.3`Q,C,T\r\nM-38W.#DP,3(S-#4V-S@Y,#$R,S0U-C<X.3`Q,C,T-38W.#DP,3(S-#4V-S@Y\r\n", 11) + "`\r\nend\r\n"
	for name, mail := range map[string]string{
		"as it is":            "Content-Type: a/b\r\n\r\n" + body,
		"quoted-printable":    "Content-Type: a/b\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + strings.ReplaceAll(body, "5", "=35=\r\n"),
		"base64":              "Content-Type: a/b\r\nContent-Transfer-Encoding: base64\r\n\r\n" + strings.Repeat("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5\r\n", 33),
		"blank lines first":   "Content-Type: a/b\r\nContent-Transfer-Encoding: base64\r\n\r\n" + strings.Repeat("\r\n", 5000) + strings.Repeat("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5\r\n", 33),
		"soft breaks first":   "Content-Type: a/b\r\n" + quoted + strings.Repeat("=\r\n", 5000) + body,
		"soft breaks between": "Content-Type: a/b\r\n" + quoted + strings.Join(strings.Split(body, ""), strings.Repeat("=\r\n", 50)),
		"uuencode":            "Content-Type: a/b\r\n" + uu + "begin 644 x\r\n" + uuencoded,
		"a text first":        "Content-Type: a/b\r\n" + uu + strings.Repeat("a text\r\n", 5000) + "begin 644 x\r\n" + uuencoded,
		"a message":           "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n" + strings.Repeat("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5\r\n", 33),
	} {
		Parse([]byte(mail), DefaultLimits()).Walk(func(p *Part) bool {
			whole := string(p.Decoded())
			for _, n := range []int{0, 1, 7, 100, 900} {
				if got := string(p.Start(n)); len(got) < n || got[:n] != whole[:n] || whole[:10] != body[:10] {
					t.Errorf("%s: the first %d bytes are %.40q of %.40q", name, n, got, whole)
				}
			}
			return false
		})
	}
}

// TestOtherNames holds which names a program could show beside the one that counts.
func TestOtherNames(t *testing.T) {
	for fields, want := range map[string][]string{
		"Content-Type: a/b; name=x.pdf": {"x.pdf"},
		"Content-Type: a/b; name=x.pdf\r\nContent-Disposition: attachment; filename=x.pdf":          {"x.pdf"},
		"Content-Type: a/b; name=y.exe\r\nContent-Disposition: attachment; filename=x.pdf":          {"x.pdf", "y.exe"},
		"Content-Disposition: attachment; filename=x.pdf; filename*=utf-8''y.exe":                   {"y.exe", "x.pdf"},
		"Content-Disposition: attachment; filename=x.pdf; filename=y.exe":                           {"x.pdf", "y.exe"},
		"Content-Disposition: attachment; filename*0=y; filename*1=.exe; filename=x.pdf":            {"y.exe", "x.pdf"},
		"Content-Type: a/b; name=\"=?utf-8?q?x=2Epdf?=\"\r\nContent-Disposition: x; filename=x.pdf": {"x.pdf"},
		"Content-Type: a/b": nil,
		"Content-Disposition: attachment; filename=\" \"":                                                      nil,
		"Content-Type: a/b; name=\"../x.pdf\"":                                                                 {"../x.pdf"},
		"Content-Type: a/b; name=\" x.pdf \"":                                                                  {"x.pdf"},
		"Content-Type: a/b; name=1.a; name=2.b\r\nContent-Disposition: attachment; filename=3.c; filename=4.d": {"3.c", "1.a", "4.d", "2.b"},
	} {
		var got []string
		m := Parse([]byte("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"+fields+"\r\n\r\nx\r\n--b--\r\n"), DefaultLimits())
		m.Walk(func(p *Part) bool {
			got = append([]string{p.Filename}, p.OtherNames()...)
			return false
		})
		if got = slices.DeleteFunc(got, func(s string) bool { return s == "" }); !slices.Equal(got, want) {
			t.Errorf("%q: names %q, want %q", fields, got, want)
		}
		if hasCode(m, CodeFilenameAmbiguous) != (len(want) > 1) {
			t.Errorf("%q: %v", fields, m.Problems)
		}
		for _, name := range want {
			if !slices.Contains(slices.Collect(m.Searchable()), name) {
				t.Errorf("%q: a search does not find %q", fields, name)
			}
		}
	}
}
