package message

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// standards are messages built like the examples of the RFCs, with the leaves that the RFC
// says are in them (path, type, name, first line of the content), the body text and the problems.
var standards = []struct{ name, mail, leaves, text, codes string }{
	{
		"RFC 2046, section 5.1.1: a preamble, a part without header, an epilogue",
		`From: nsb@bellcore.example
MIME-Version: 1.0
Content-type: multipart/mixed; boundary="simple boundary"

This is the preamble.  It is to be ignored.

--simple boundary

This is implicitly typed plain US-ASCII text.
It does NOT end with a linebreak.
--simple boundary
Content-type: text/plain; charset=us-ascii

This is explicitly typed plain US-ASCII text.
It DOES end with a linebreak.

--simple boundary--

This is the epilogue.  It is also to be ignored.
`,
		"1 text/plain: This is implicitly typed plain US-ASCII text.\n2 text/plain: This is explicitly typed plain US-ASCII text.",
		"This is implicitly typed plain US-ASCII text.\nIt does NOT end with a linebreak.\nThis is explicitly typed plain US-ASCII text.\nIt DOES end with a linebreak.\n", "",
	},
	{
		"RFC 2046, section 5.1.5: a digest, whose parts are messages without saying so",
		`Subject: Internet Digest, volume 42
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="---- main boundary ----"

------ main boundary ----

   ...Introductory text or table of contents...
------ main boundary ----
Content-Type: multipart/digest; boundary="---- next message ----"

------ next message ----

From: someone-else@x.example
Subject: my opinion

 ...body goes here ...
------ next message ----

From: someone-else-again@x.example
Subject: my different opinion

 ... another body goes here ...
------ next message ------

------ main boundary ------
`,
		"1 text/plain:    ...Introductory text or table of contents...\n2.1 message/rfc822: From: someone-else@x.example\n2.1.1 text/plain:  ...body goes here ...\n2.2 message/rfc822: From: someone-else-again@x.example\n2.2.1 text/plain:  ... another body goes here ...",
		"   ...Introductory text or table of contents...", "",
	},
	{
		"RFC 2049, appendix A: five parts, of them two nested multiparts and a message",
		`MIME-Version: 1.0
From: Nathaniel Borenstein <nsb@nsb.fv.example>
Subject: A multipart example
Content-Type: multipart/mixed;
              boundary=unique-boundary-1

This is the preamble area of a multipart message.
--unique-boundary-1

  ... Some text appears here ...
--unique-boundary-1
Content-type: text/plain; charset=US-ASCII

This could have been part of the previous part.
--unique-boundary-1
Content-Type: multipart/parallel; boundary=unique-boundary-2

--unique-boundary-2
Content-Type: audio/basic
Content-Transfer-Encoding: base64

QVVESU8=
--unique-boundary-2
Content-Type: image/jpeg
Content-Transfer-Encoding: base64

SU1BR0U=
--unique-boundary-2--

--unique-boundary-1
Content-type: text/enriched

This is <bold><italic>enriched.</italic></bold>
--unique-boundary-1
Content-Type: message/rfc822

From: (mailbox in US-ASCII)
Subject: (subject in US-ASCII)
Content-Type: Text/plain; charset=ISO-8859-1
Content-Transfer-Encoding: Quoted-printable

 ... Additional text in ISO-8859-1 =E9 ...
--unique-boundary-1--
`,
		"1 text/plain:   ... Some text appears here ...\n2 text/plain: This could have been part of the previous part.\n3.1 audio/basic: AUDIO\n3.2 image/jpeg: IMAGE\n4 text/enriched: This is <bold><italic>enriched.</italic></bold>\n5 message/rfc822: From: (mailbox in US-ASCII)\n5.1 text/plain:  ... Additional text in ISO-8859-1 \xE9 ...",
		"  ... Some text appears here ...\nThis could have been part of the previous part.", "",
	},
	{
		"RFC 2046, section 5.2.2: a piece of a message",
		`From: Bill@host.example
Message-ID: <id1@host.example>
MIME-Version: 1.0
Content-type: message/partial; id="ABC@host.example";
              number=1; total=2

Message-ID: <anotherid@foo.example>
Subject: Audio mail
Content-type: audio/basic
`,
		"1 message/partial: Message-ID: <anotherid@foo.example>", "", CodePartial,
	},
	{
		"RFC 2046, section 5.2.3: a content that is elsewhere",
		`From: Whomever
MIME-Version: 1.0
Content-type: message/external-body; access-type=ANON-FTP;
    name="BodyFormats.ps"; site="thumper.example"; mode="image"

Content-type: application/postscript
Content-ID: <id42@guppylake.example>

`,
		"1 message/external-body BodyFormats.ps: Content-type: application/postscript", "", CodeExternalBody,
	},
	{
		"RFC 6522 and 3464: a report with the message that could not be delivered",
		`From: MAILER-DAEMON@mx.example
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
	boundary="RAA14128.773615765/CS.UTK.EXAMPLE"

--RAA14128.773615765/CS.UTK.EXAMPLE

The original message was received
--RAA14128.773615765/CS.UTK.EXAMPLE
content-type: message/delivery-status

Reporting-MTA: dns; cs.utk.example

Final-Recipient: rfc822;x@y.example
Action: failed
Status: 4.0.0
--RAA14128.773615765/CS.UTK.EXAMPLE
content-type: text/rfc822-headers

From: a@b.example
Subject: lost
--RAA14128.773615765/CS.UTK.EXAMPLE--
`,
		"1 text/plain: The original message was received\n2 message/delivery-status: Reporting-MTA: dns; cs.utk.example\n3 text/rfc822-headers: From: a@b.example",
		"The original message was received", "",
	},
	{
		"RFC 1847: what is signed, and the signature",
		`From: a@b.example
MIME-Version: 1.0
Content-Type: multipart/signed; protocol="application/pgp-signature";
        micalg="pgp-sha256"; boundary="Signed Boundary"

--Signed Boundary
Content-Type: text/plain; charset="us-ascii"

This is some text to be signed.

--Signed Boundary
Content-Type: application/pgp-signature; name=signature.asc

-----BEGIN PGP SIGNATURE-----
--Signed Boundary--
`,
		"1 text/plain: This is some text to be signed.\n2 application/pgp-signature signature.asc: -----BEGIN PGP SIGNATURE-----",
		"This is some text to be signed.\n", "",
	},
	{
		"RFC 2387: a root and what it refers to",
		`From: a@b.example
MIME-Version: 1.0
Content-Type: multipart/related; boundary=example-1; start="<950120.aaCC@x.example>"; type="text/html"

--example-1
Content-Type: image/gif
Content-ID: <950120.aaCB@x.example>
Content-Transfer-Encoding: base64

R0lGODlh
--example-1
Content-Type: text/html
Content-ID: <950120.aaCC@x.example>

<img src="cid:950120.aaCB@x.example">
--example-1--
`,
		"1 image/gif: GIF89a\n2 text/html: <img src=\"cid:950120.aaCB@x.example\">", "", "",
	},
	{
		"RFC 3676: format=flowed with a quote and DelSp",
		`From: a@b.example
MIME-Version: 1.0
Content-Type: text/plain; charset=us-ascii; format=flowed; delsp=yes

> Take some more  
> tea, please.

I've had nothing  
yet, Alice replied.
`,
		"1 text/plain: > Take some more  ", "> Take some more tea, please.\n\nI've had nothing yet, Alice replied.\n", "",
	},
	{
		"RFC 6532 and 6152: UTF-8 in the header, and 8bit in the body",
		`From: Pelé <pelé@exämple.example>
Subject: Tor für Brasilien ⚽
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

Grüße, Pelé
`,
		"1 text/plain: Grüße, Pelé", "Grüße, Pelé\n", "",
	},
}

// TestStandards holds the structure of each, with both line ends.
func TestStandards(t *testing.T) {
	for _, s := range standards {
		for _, end := range []string{"\n", "\r\n"} {
			m := Parse([]byte(strings.ReplaceAll(s.mail, "\n", end)), DefaultLimits())
			var leaves []string
			m.deep(func(p *Part) bool {
				line, _, _ := strings.Cut(string(p.Decoded()), end)
				leaves = append(leaves, strings.ReplaceAll(fmt.Sprintf("%s %s %s: %s", p.Path, p.MediaType, p.Filename, line), " : ", ": "))
				return true
			})
			if got := strings.Join(leaves, "\n"); got != s.leaves {
				t.Errorf("%s, lines end in %q:\n%s\nwant\n%s", s.name, end, got, s.leaves)
			}
			if got := m.BodyText(); got != s.text {
				t.Errorf("%s, lines end in %q: text %q, want %q", s.name, end, got, s.text)
			}
			codes := strings.Fields(codesOf(m))
			slices.Sort(codes)
			if got := strings.Join(slices.Compact(codes), " "); got != s.codes {
				t.Errorf("%s, lines end in %q: problems %v, want %s", s.name, end, m.Problems, s.codes)
			}
		}
	}
}
