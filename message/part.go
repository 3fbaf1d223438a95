package message

import (
	"strings"
)

// Part is a leaf of an email's structure: a body text, a file, or a nested message.
type Part struct {
	// Path is the IMAP part path from the outermost email (RFC 9051, section
	// 6.4.5.1). One that starts with "alt" belongs to a part that only another
	// reading of an ambiguous email shows; no IMAP server knows it.
	Path        string
	Header      Header            // the part's own header; for an email without multipart the email's
	MediaType   string            // lower case, "text/plain"; never ""
	Params      map[string]string // parameters of Content-Type, names in lower case, values decoded (RFC 2231, RFC 2047)
	Disposition string            // lower case, "attachment", "inline", …; "" without one
	Filename    string            // decoded, as the email gives it: data, never a path; "" without one
	ContentID   string            // without angle brackets
	Message     *Message          // the nested email of message/rfc822 and message/global; nil for other leaves

	mail       *Message
	at         int // the place of its problems
	encoding   transferEncoding
	raw        []byte   // the content as it lies in the email
	names      []string // other file names that a program could show
	boundaries []string // of a multipart: its boundary in every way it can be read
	related    bool     // a part of multipart/related
	content    []byte   // decoded, where it had to be kept: an encoded message
	decoded    bool
	start      []byte // what Start returned for started bytes
	started    int
	text       string // decoded from its charset
	texted     bool
	shown      string // an HTML text as a reader sees it
	converted  bool
}

// Decoded returns the content with the transfer encoding undone, its charset
// as it is. It is decoded anew at each call, so that no attachment stays in
// memory. The slice may be a part of Message.Raw: do not write to it.
func (p *Part) Decoded() []byte { return p.decodedInto(nil) }

// Start returns at least the first n bytes of the content, as [Part.Decoded] gives
// it, where it is as long; it costs no more than they do, unless blank lines, soft
// line breaks or a text before "begin" stand in front. What is behind n may be cut.
func (p *Part) Start(n int) []byte {
	if p.decoded {
		return p.content
	}
	if n <= p.started {
		return p.start
	}
	for window := 3*n + 4*startMargin; ; window *= 4 {
		start, flaws := p.encoding.decodeInto(nil, p.raw[:min(len(p.raw), window)])
		if window >= len(p.raw) || len(start) >= n+startMargin && (p.encoding != encodingUU || !flaws.junk) {
			if len(start) <= startKept {
				p.start, p.started = start, n
			}
			return start
		}
	}
}

// startKept bounds the start that a part keeps, bytes: several look at the same first ones.
const startKept = 4 << 10

// startMargin is more than what a cut may damage at the end of a decoded text: a line of uuencode, bytes.
const startMargin = 64

// decodedInto is Decoded into the memory of buf, where it has to be decoded.
func (p *Part) decodedInto(buf []byte) []byte {
	if p.decoded {
		return p.content
	}
	content, flaws := p.encoding.decodeInto(buf, p.raw)
	p.noteFlaws(flaws)
	return content
}

// stream gives the decoded content piece by piece and keeps nothing.
func (p *Part) stream(put func([]byte)) decodeFlaws {
	if p.decoded {
		return encodingIdentity.stream(p.content, put)
	}
	flaws := p.encoding.stream(p.raw, put)
	p.noteFlaws(flaws)
	return flaws
}

func (p *Part) noteFlaws(f decodeFlaws) {
	note := func(yes bool, code, what string) {
		if yes {
			p.mail.found.add(p.at, code, "part %s: %s", p.Path, what)
		}
	}
	switch p.encoding {
	case encodingBase64:
		note(f.junk, CodeBase64Junk, "bytes between the base64 text were passed over")
		note(f.joined, CodeBase64Joined, "base64 text goes on after its padding; it was decoded too, and a file as it ends there is listed last")
		note(f.cut, CodeBase64Cut, "the base64 text ends in the middle of a group")
	case encodingQP:
		note(f.junk, CodeQPJunk, "\"=\" that starts no quoted-printable escape was kept as it is")
	case encodingUU:
		note(f.junk || f.cut, CodeBadUUEncode, "the uuencoded text has no begin or no end line")
	}
}

// OtherNames are further file names that a program could show for this part.
func (p *Part) OtherNames() []string { return p.names }

func (p *Part) multipart() bool { return strings.HasPrefix(p.MediaType, "multipart/") }

// message reports whether the content is an email.
func (p *Part) message() bool {
	return p.MediaType == "message/rfc822" || p.MediaType == "message/global" || p.MediaType == "message/news"
}

func (p *Part) textual() bool { return p.MediaType == "text/plain" || p.MediaType == "text/html" }

// body reports whether the part is one of the email's body texts: plain or HTML
// text that is neither attached nor has a file name.
func (p *Part) body() bool {
	return p.textual() && p.Disposition != "attachment" && p.Filename == ""
}

// Inline reports whether the part is meant to be shown in the text: it says so,
// or it says nothing and is referred to by Content-ID in a multipart/related.
func (p *Part) Inline() bool {
	return p.Disposition == "inline" || p.Disposition == "" && p.related && p.ContentID != ""
}
