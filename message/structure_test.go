package message

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// structures are sound emails and their leaves, as Python's email package (3.11) walks
// them: path, type, file name and content, of nested messages path and type. To add one, write it
// and let Python say what is in it.
var structures = []struct{ name, mail, leaves string }{
	{
		"a text", `From: a@b.example
Subject: s
MIME-Version: 1.0
Content-Type: text/plain

hello
`, `
1 text/plain "hello\n"`,
	},
	{
		"no header at all but a blank line", strings.Join([]string{
			"",
			"hello",
			"",
		}, "\n"), `
1 text/plain "hello\n"`,
	},
	{
		"no Content-Type", `From: a@b.example
Subject: s
MIME-Version: 1.0

hello
`, `
1 text/plain "hello\n"`,
	},
	{
		"HTML alone", `From: a@b.example
Subject: s
MIME-Version: 1.0
Content-Type: text/html

<p>hi</p>
`, `
1 text/html "<p>hi</p>\n"`,
	},
	{
		"a file alone", `From: a@b.example
Subject: s
MIME-Version: 1.0
Content-Type: application/octet-stream; name="a.bin"
Content-Transfer-Encoding: base64

QUJD
`, `
1 application/octet-stream a.bin "ABC"`,
	},
	{
		"text and HTML", `From: a@b.example
Subject: s
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary=b

--b
Content-Type: text/plain

plain
--b
Content-Type: text/html

<p>html</p>
--b--
`, `
1 text/plain "plain"
2 text/html "<p>html</p>"`,
	},
	{
		"text and file", `From: a@b.example
Subject: s
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain

plain
--b
Content-Type: application/octet-stream
Content-Disposition: attachment; filename="a.bin"

x
--b--
`, `
1 text/plain "plain"
2 application/octet-stream a.bin "x"`,
	},
	{
		"preamble and epilogue", `From: a@b.example
Subject: s
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

This is a multi-part message.
--b
Content-Type: text/plain

plain
--b
Content-Type: application/octet-stream
Content-Disposition: attachment; filename="a.bin"

x
--b--
the end
`, `
1 text/plain "plain"
2 application/octet-stream a.bin "x"`,
	},
	{
		"an epilogue with a delimiter of another", `From: a@b.example
Subject: s
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain

plain
--b--
--c

x
`, `
1 text/plain "plain"`,
	},
	{
		"related in alternative", `From: a@b.example
Subject: s
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary=a

--a
Content-Type: text/plain

plain
--a
Content-Type: multipart/related; boundary=r

--r
Content-Type: text/html

<img src="cid:i">
--r
Content-Type: image/png
Content-ID: <i>
Content-Transfer-Encoding: base64

QUJD
--r--

--a--
`, `
1 text/plain "plain"
2.1 text/html "<img src=\"cid:i\">"
2.2 image/png "ABC"`,
	},
	{
		"alternative in mixed", `From: a@b.example
Subject: s
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=m

--m
Content-Type: multipart/alternative; boundary=a

--a
Content-Type: text/plain

plain
--a
Content-Type: text/html

html
--a--

--m
Content-Type: application/octet-stream
Content-Disposition: attachment; filename="a.bin"

x
--m
Content-Type: application/octet-stream
Content-Disposition: attachment; filename="b.bin"

x
--m--
`, `
1.1 text/plain "plain"
1.2 text/html "html"
2 application/octet-stream a.bin "x"
3 application/octet-stream b.bin "x"`,
	},
	{
		"four deep", `From: a@b.example
Subject: s
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=1

--1
Content-Type: multipart/mixed; boundary=2

--2
Content-Type: multipart/mixed; boundary=3

--3
Content-Type: multipart/mixed; boundary=4

--4
Content-Type: text/plain

deep
--4--

--3--

--2--

--1--
`, `
1.1.1.1 text/plain "deep"`,
	},
	{
		"a boundary that begins another", `From: a@b.example
Subject: s
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: multipart/mixed; boundary=bb

--bb
Content-Type: text/plain

x
--bb--

--b
Content-Type: text/plain

y
--b--
`, `
1.1 text/plain "x"
2 text/plain "y"`,
	},
	{
		"a boundary that ends in hyphens", `From: a@b.example
Subject: s
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b--

--b--
Content-Type: text/plain

x
--b--
Content-Type: text/plain

y
--b----
`, `
1 text/plain "x"
2 text/plain "y"`,
	},
	{
		"a quoted boundary with blanks", `From: a@b.example
Subject: s
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="a b"

--a b
Content-Type: text/plain

x
--a b--
`, `
1 text/plain "x"`,
	},
	{
		"blanks behind a delimiter", strings.Join([]string{
			"From: a@b.example",
			"Subject: s",
			"MIME-Version: 1.0",
			"Content-Type: multipart/mixed; boundary=b",
			"",
			"--b  \t",
			"Content-Type: text/plain",
			"",
			"x",
			"--b  \t",
			"Content-Type: text/plain",
			"",
			"y",
			"--b--",
			"",
		}, "\n"), `
1 text/plain "x"
2 text/plain "y"`,
	},
	{
		"empty parts", `From: a@b.example
Subject: s
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b


--b


--b
Content-Type: text/plain

x
--b--
`, `
1 text/plain ""
2 text/plain ""
3 text/plain "x"`,
	},
	{
		"a part without header", `From: a@b.example
Subject: s
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b

implicit
--b
Content-Type: text/plain

x
--b--
`, `
1 text/plain "implicit"
2 text/plain "x"`,
	},
	{
		"a part without header or blank line", `From: a@b.example
Subject: s
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b

--b
Content-Type: text/plain

x
--b--
`, `
1 text/plain ""
2 text/plain "x"`,
	},
	{
		"digest", `From: a@b.example
Subject: s
MIME-Version: 1.0
Content-Type: multipart/digest; boundary=b

--b

From: x@y.example
Subject: one

first
--b

From: x@y.example
Subject: two

second
--b--
`, `
1 message/rfc822
1.1 text/plain "first"
2 message/rfc822
2.1 text/plain "second"`,
	},
	{
		"a nested message", `From: a@b.example
Subject: s
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain

see
--b
Content-Type: message/rfc822

From: x@y.example
Subject: inner

inside
--b--
`, `
1 text/plain "see"
2 message/rfc822
2.1 text/plain "inside"`,
	},
	{
		"a nested message with parts", `From: a@b.example
Subject: s
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain

see
--b
Content-Type: message/rfc822

From: x@y.example
Subject: inner
Content-Type: multipart/mixed; boundary=c

--c
Content-Type: text/plain

inside
--c
Content-Type: application/octet-stream
Content-Disposition: attachment; filename="in.bin"

x
--c--

--b--
`, `
1 text/plain "see"
2 message/rfc822
2.1 text/plain "inside"
2.2 application/octet-stream in.bin "x"`,
	},
	{
		"a message in a message in a message", `From: a@b.example
Subject: s
MIME-Version: 1.0
Content-Type: message/rfc822

Subject: 1
Content-Type: message/rfc822

Subject: 2
Content-Type: message/rfc822

Subject: 3

deep
`, `
1 message/rfc822
1.1 message/rfc822
1.1.1 message/rfc822
1.1.1.1 text/plain "deep\n"`,
	},
	{
		"a message that is the whole", `From: a@b.example
Subject: s
MIME-Version: 1.0
Content-Type: message/rfc822

From: x@y.example
Subject: inner

inside
`, `
1 message/rfc822
1.1 text/plain "inside\n"`,
	},
	{
		"signed", `From: a@b.example
Subject: s
MIME-Version: 1.0
Content-Type: multipart/signed; boundary=b; micalg=pgp-sha256; protocol="application/pgp-signature"

--b
Content-Type: text/plain

signed text
--b
Content-Type: application/pgp-signature; name="s.asc"

-----BEGIN PGP SIGNATURE-----
--b--
`, `
1 text/plain "signed text"
2 application/pgp-signature s.asc "-----BEGIN PGP SIGNATURE-----"`,
	},
	{
		"a delivery report", `From: a@b.example
Subject: s
MIME-Version: 1.0
Content-Type: multipart/report; boundary=b; report-type=delivery-status

--b
Content-Type: text/plain

failed
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; x.example

Final-Recipient: rfc822; a@b.example
Action: failed
--b
Content-Type: message/rfc822

Subject: lost

body
--b--
`, `
1 text/plain "failed"
2 message/delivery-status
3 message/rfc822
3.1 text/plain "body"`,
	},
	{
		"form data", `From: a@b.example
Subject: s
MIME-Version: 1.0
Content-Type: multipart/form-data; boundary=b

--b
Content-Disposition: form-data; name="x"

value
--b--
`, `
1 text/plain "value"`,
	},
	{
		"types in capitals", `From: a@b.example
Subject: s
MIME-Version: 1.0
Content-Type: multipart/MIXED; boundary=B

--B
CONTENT-TYPE: TEXT/PLAIN

x
--B--
`, `
1 text/plain "x"`,
	},
	{
		"a parameter before the boundary", `From: a@b.example
Subject: s
MIME-Version: 1.0
Content-Type: multipart/mixed; type="text/plain"; boundary="b"

--b
Content-Type: text/plain

x
--b--
`, `
1 text/plain "x"`,
	},
	{
		"a folded Content-Type", `From: a@b.example
Subject: s
MIME-Version: 1.0
Content-Type: multipart/mixed;
	boundary="b"

--b
Content-Type: text/plain

x
--b--
`, `
1 text/plain "x"`,
	},
	{
		"quoted-printable", `From: a@b.example
Subject: s
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable

caf=C3=A9 =
au lait
`, `
1 text/plain "café au lait\n"`,
	},
	{
		"base64 text", `From: a@b.example
Subject: s
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: base64

Y2Fmw6kK
`, `
1 text/plain "café\n"`,
	},
	{
		"base64 in capitals", `From: a@b.example
Subject: s
MIME-Version: 1.0
Content-Type: text/plain
Content-Transfer-Encoding: BASE64

aGVsbG8K
`, `
1 text/plain "hello\n"`,
	},
	{
		"8bit", `From: a@b.example
Subject: s
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

café
`, `
1 text/plain "café\n"`,
	},
	{
		"a delimiter in a file", `From: a@b.example
Subject: s
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain

x
--b
Content-Type: application/octet-stream
Content-Disposition: attachment; filename="a.txt"

--c
no delimiter
--b--
`, `
1 text/plain "x"
2 application/octet-stream a.txt "--c\nno delimiter"`,
	},
	{
		"lines that begin with two hyphens", strings.Join([]string{
			"From: a@b.example",
			"Subject: s",
			"MIME-Version: 1.0",
			"Content-Type: multipart/mixed; boundary=b",
			"",
			"--b",
			"Content-Type: text/plain",
			"",
			"--",
			"-- ",
			"signature",
			"--bbb",
			"--",
			"--b--",
			"",
		}, "\n"), `
1 text/plain "--\n-- \nsignature\n--bbb\n--"`,
	},
	{
		"a line of hyphens", `From: a@b.example
Subject: s
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain

-----
--------
--b--
`, `
1 text/plain "-----\n--------"`,
	},
	{
		"a blank line before each delimiter", `From: a@b.example
Subject: s
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain

x

--b
Content-Type: text/plain

y

--b--
`, `
1 text/plain "x\n"
2 text/plain "y\n"`,
	},
	{
		"inline and attached images", `From: a@b.example
Subject: s
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/html

x
--b
Content-Type: image/png
Content-Disposition: inline; filename="i.png"

i
--b
Content-Type: image/png
Content-Disposition: attachment; filename="a.png"

a
--b--
`, `
1 text/html "x"
2 image/png i.png "i"
3 image/png a.png "a"`,
	},
	{
		"a file name in RFC 2231", `From: a@b.example
Subject: s
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain

x
--b
Content-Type: application/pdf
Content-Disposition: attachment; filename*=utf-8''J%C3%B6rg.pdf

x
--b--
`, `
1 text/plain "x"
2 application/pdf Jörg.pdf "x"`,
	},
	{
		"a file name in pieces", `From: a@b.example
Subject: s
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain

x
--b
Content-Type: application/pdf
Content-Disposition: attachment;
 filename*0=long-;
 filename*1=name.pdf

x
--b--
`, `
1 text/plain "x"
2 application/pdf long-name.pdf "x"`,
	},
	{
		"a file name in encoded-words", `From: a@b.example
Subject: s
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain

x
--b
Content-Type: application/pdf
Content-Disposition: attachment; filename="=?utf-8?q?J=C3=B6rg.pdf?="

x
--b--
`, `
1 text/plain "x"
2 application/pdf Jörg.pdf "x"`,
	},
	{
		"a text that is attached", `From: a@b.example
Subject: s
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain

x
--b
Content-Type: text/plain
Content-Disposition: attachment; filename="n.txt"

note
--b--
`, `
1 text/plain "x"
2 text/plain n.txt "note"`,
	},
	{
		"two texts", `From: a@b.example
Subject: s
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain

one
--b
Content-Type: text/plain

two
--b--
`, `
1 text/plain "one"
2 text/plain "two"`,
	},
	{
		"a calendar", `From: a@b.example
Subject: s
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary=b

--b
Content-Type: text/plain

x
--b
Content-Type: text/calendar; method=REQUEST; charset=utf-8

BEGIN:VCALENDAR
--b--
`, `
1 text/plain "x"
2 text/calendar "BEGIN:VCALENDAR"`,
	},
	{
		"nothing between the delimiters", `From: a@b.example
Subject: s
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
--b--
`, `
1 text/plain ""`,
	},
	{
		"a part that is empty", `From: a@b.example
Subject: s
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain


--b
Content-Type: application/octet-stream
Content-Disposition: attachment; filename="e.bin"


--b--
`, `
1 text/plain ""
2 application/octet-stream e.bin ""`,
	},
}

// leavesOf is a message as structures write it.
func leavesOf(m *Message) string {
	var out strings.Builder
	m.deep(func(p *Part) bool {
		fmt.Fprintf(&out, "\n%s %s", p.Path, p.MediaType)
		if p.Message != nil || p.MediaType == "message/delivery-status" {
			return true
		}
		if p.Filename != "" {
			fmt.Fprintf(&out, " %s", p.Filename)
		}
		out.WriteByte(' ')
		var quoted strings.Builder
		e := json.NewEncoder(&quoted)
		e.SetEscapeHTML(false)
		if err := e.Encode(strings.ReplaceAll(string(p.Decoded()), "\r\n", "\n")); err != nil {
			panic(err)
		}
		out.WriteString(strings.TrimSpace(quoted.String()))
		return true
	})
	return out.String()
}

// TestStructures holds the structure to Python's, with both line ends, and that what is sound has no problem and is read in one way.
func TestStructures(t *testing.T) {
	noted := map[string]string{"lines that begin with two hyphens": CodeBoundaryJunk, "nothing between the delimiters": CodeMissingBlankLine}
	for _, s := range structures {
		for end, mail := range map[string]string{"LF": s.mail, "CRLF": strings.ReplaceAll(s.mail, "\n", "\r\n")} {
			m := Parse([]byte(mail), DefaultLimits())
			if diff := cmp.Diff(s.leaves, leavesOf(m)); diff != "" {
				t.Errorf("%s with %s (-Python +got):\n%s", s.name, end, diff)
			}
			for _, p := range m.Problems {
				if p.Code != noted[s.name] {
					t.Errorf("%s with %s: %v", s.name, end, p)
				}
			}
		}
	}
}

// TestStructuresCut reads each of them cut in many places: what is there is read, nothing of it twice.
func TestStructuresCut(t *testing.T) {
	for _, s := range structures {
		for n := 0; n < len(s.mail); n += 7 {
			m := Parse([]byte(s.mail[:n]), DefaultLimits())
			size := 0
			for _, a := range m.Attachments() {
				if a.ContentType != "message/rfc822" && !strings.HasPrefix(a.Part, "alt") {
					size += int(a.Size)
				}
			}
			if text := len(m.BodyText()); size > n || text > n {
				t.Fatalf("%s cut at %d: files of %d bytes, a text of %d", s.name, n, size, text)
			}
		}
	}
}
