package message

import (
	"bytes"
	"slices"
	"strings"

	"example.org/imap-integration/quote"
)

// describe reads the MIME fields of a header (RFC 2045, RFC 2183).
func (s *scanner) describe(h Header, at int, usual string) *Part {
	p := &Part{Header: h, at: at, related: s.m.related, MediaType: usual}
	ct := s.mimeField(h, "Content-Type", at)
	p.Params = map[string]string{}
	var typ mediaValue
	if ct != nil {
		typ = s.media(ct, at)
		p.Params = typ.params
		var good bool
		if p.MediaType, good = mediaType(typ.token); !good {
			s.structural(at, CodeBadContentType, "Content-Type %s was read as %s", quote.Text(ct.Value, quote.Name), p.MediaType)
		}
		if typ.params["boundary"] != "" {
			p.boundaries = boundaries(ct.Raw, typ)
		}
		if p.multipart() {
			p.boundaries = boundaries(ct.Raw, typ)
			if typ.coded {
				s.structural(at, CodeBoundaryAmbiguous, "the boundary is written in the way of RFC 2231, which many programs do not read")
			}
		}
	}
	var disposition mediaValue
	if f := s.mimeField(h, "Content-Disposition", at); f != nil {
		disposition = s.media(f, at)
		p.Disposition, _ = cleanToken(disposition.token)
	}
	s.filename(p, typ, disposition)
	if f := s.mimeField(h, "Content-Transfer-Encoding", at); f != nil {
		s.transferEncoding(p, f)
	}
	if id := h.IDs("Content-ID"); len(id) > 0 {
		p.ContentID = id[0]
	}
	s.noteType(p)
	return p
}

// mimeField is the field that counts; several that differ are another reading.
func (s *scanner) mimeField(h Header, name string, at int) *Field {
	f := h.first(name)
	if f == nil {
		return nil
	}
	for i := range h.fields {
		g := &h.fields[i]
		if g == f || !strings.EqualFold(g.Name, name) {
			continue
		}
		if unfold(g.Raw) != unfold(f.Raw) {
			s.structural(at, CodeDuplicateHeader, "several %s fields that differ: %s and %s", name, quote.Text(f.Value, quote.Name), quote.Text(g.Value, quote.Name))
			s.shared.want(reading{last: true})
		}
		if s.how.last {
			f = g
		}
	}
	return f
}

// media parses a field with parameters and notes what is odd in it.
func (s *scanner) media(f *Field, at int) mediaValue {
	m := parseMedia(f.Raw, s.limits)
	if m.bad != "" {
		s.note(at, CodeBadParameter, "the parameter %s of %s is broken", quote.Text(m.bad, quote.Name), f.Name)
	}
	if m.tooMany {
		s.note(at, CodeLimitParameters, "%s has more than %d parameters; the rest is not read", f.Name, s.limits.Parameters)
	}
	if m.twice != "" && m.twice != "filename" && m.twice != "name" {
		s.structural(at, CodeDuplicateParameter, "%s gives %s several times: %s and %s", f.Name, quote.Text(m.twice, quote.Name), quote.Text(m.params[m.twice], quote.Name), quote.Text(m.others[m.twice], quote.Name))
	}
	if m.flaws.charset != "" {
		s.note(at, CodeUnknownCharset, "%s names the unknown charset %s", f.Name, quote.Text(m.flaws.charset, quote.Name))
	}
	if m.flaws.bad {
		s.note(at, CodeBadCharset, "%s has bytes that are not of their charset", f.Name)
	}
	if m.flaws.order {
		s.note(at, CodeByteOrder, "%s has text in UTF-16 without a byte order mark", f.Name)
	}
	return m
}

// filename is that of the disposition, else the name of the type. Others that
// a program could show instead are kept for the search.
func (s *scanner) filename(p *Part, typ, disposition mediaValue) {
	for _, v := range []string{disposition.params["filename"], typ.params["name"], disposition.others["filename"], typ.others["name"]} {
		switch v = strings.TrimSpace(v); {
		case v == "" || v == p.Filename || slices.Contains(p.names, v):
		case p.Filename == "":
			p.Filename = v
		default:
			p.names = append(p.names, v)
			s.note(p.at, CodeFilenameAmbiguous, "a file has two names: %s and %s", quote.Text(p.Filename, quote.Name), quote.Text(v, quote.Name))
		}
	}
	s.looseNames(p)
	if hasControl(p.Filename) {
		s.note(p.at, CodeControlCharacters, "control or direction characters in the file name %s", quote.Text(p.Filename, quote.Name))
	}
}

func (s *scanner) transferEncoding(p *Part, f *Field) {
	e, known := parseTransferEncoding(unfold(f.Raw))
	p.encoding = e
	if !known && e == encodingIdentity && strings.Contains(strings.ToLower(f.Value), "base64") {
		s.shared.want(reading{encoded: true})
		if s.how.encoded {
			p.encoding, e = encodingBase64, encodingBase64
		}
	}
	if !known {
		as := map[transferEncoding]string{encodingIdentity: "as it is", encodingBase64: "as base64", encodingQP: "as quoted-printable", encodingUU: "as uuencode"}
		s.structural(p.at, CodeUnknownEncoding, "Content-Transfer-Encoding %s: the content was taken %s", quote.Text(f.Value, quote.Name), as[e])
	}
	if e != encodingIdentity && p.multipart() {
		s.structural(p.at, CodeEncodedComposite, "%s with Content-Transfer-Encoding %s, which RFC 2045 forbids", p.MediaType, quote.Text(f.Value, quote.Name))
	}
}

// noteType names content that is there and cannot be looked into.
func (s *scanner) noteType(p *Part) {
	switch p.MediaType {
	case "message/partial":
		s.note(p.at, CodePartial, "a piece of a larger message; it is not put together")
	case "message/external-body":
		s.note(p.at, CodeExternalBody, "the content is elsewhere and was not fetched")
	case "application/pkcs7-mime", "application/x-pkcs7-mime":
		if kind := strings.ToLower(p.Params["smime-type"]); kind == "enveloped-data" || kind == "authenveloped-data" {
			s.note(p.at, CodeEncrypted, "an encrypted S/MIME message; it was not read")
		}
	case "application/pgp-encrypted":
		s.note(p.at, CodeEncrypted, "an encrypted PGP/MIME message; it was not read")
	case "application/ms-tnef", "application/vnd.ms-tnef":
		s.note(p.at, CodeTNEF, "the content is wrapped in TNEF (winmail.dat)")
	}
}

// maxBoundary is the longest boundary that is taken, bytes. RFC 2046 says 70.
const maxBoundary = 1000

// boundaries is every way to read the boundary parameter; the first is the
// standard's. Most mails have exactly one.
func boundaries(raw string, m mediaValue) []string {
	var out []string
	add := func(v string) {
		if v = strings.TrimRight(v, " \t"); v != "" && len(v) <= maxBoundary && !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	add(m.params["boundary"])
	if len(out) == 1 && m.others["boundary"] == "" && plainBoundary(out[0]) && simpleBoundary(raw, out[0]) {
		return out
	}
	add(m.others["boundary"])
	flat := unfold(raw)
	for lower, at := lowerASCII(flat), 0; len(out) < 8; {
		i := strings.Index(lower[at:], "boundary")
		if i < 0 {
			break
		}
		at += i + len("boundary")
		eq := strings.IndexByte(flat[at:min(len(flat), at+8)], '=')
		if eq < 0 {
			continue
		}
		v := strings.TrimLeft(flat[at+eq+1:], " \t")
		inner := strings.TrimPrefix(v, `"`)
		if q := strings.IndexByte(inner, '"'); q >= 0 && inner != v {
			add(inner[:q])
		}
		add(strings.Trim(v, `"`))
		add(cutAny(v, ";"))
		add(strings.Trim(cutAny(v, ";, \t"), `"'`))
		add(strings.ReplaceAll(strings.ReplaceAll(cutAny(inner, `";`), " ", ""), "\t", ""))
	}
	return out
}

func cutAny(s, chars string) string {
	if i := strings.IndexAny(s, chars); i >= 0 {
		return s[:i]
	}
	return s
}

// plainBoundary reports whether a boundary has only characters of RFC 2046 without blanks.
func plainBoundary(b string) bool {
	for i := 0; i < len(b); i++ {
		if b[i] <= ' ' || b[i] >= 0x7F || strings.IndexByte(`"\;<>@[]{}!#$%&*^|~`+"`", b[i]) >= 0 {
			return false
		}
	}
	return true
}

// simpleBoundary reports whether the parameter stands there once, and as
// boundary=value or boundary="value" with nothing to interpret.
func simpleBoundary(raw, value string) bool {
	lower := lowerASCII(raw)
	i := strings.Index(lower, "boundary=")
	if i < 0 || strings.Count(lower, "boundary") != 1 {
		return false
	}
	v := raw[i+len("boundary="):]
	if inner, ok := strings.CutPrefix(v, `"`); ok {
		return strings.HasPrefix(inner, value+`"`)
	}
	return strings.TrimSpace(cutAny(v, ";\r\n")) == value
}

// lowerASCII keeps the length of s, whatever it holds.
func lowerASCII(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// boundary chooses among several ways to read a boundary: the first that occurs.
// Several that occur are other readings.
func (s *scanner) boundary(p *Part, pos int) string {
	if len(p.boundaries) == 0 {
		return ""
	}
	if len(p.boundaries) == 1 {
		return p.boundaries[0]
	}
	var occur []string
	for _, b := range p.boundaries {
		if s.occurs(pos, b) {
			occur = append(occur, b)
		}
	}
	switch {
	case len(occur) == 0:
		return p.boundaries[0]
	case len(occur) > 1:
		s.structural(p.at, CodeBoundaryAmbiguous, "several boundaries can be meant: %s", quoteAll(occur))
		for i := 1; i < len(occur); i++ {
			s.shared.want(reading{pick: i})
		}
	case occur[0] != p.boundaries[0]:
		s.structural(p.at, CodeBoundaryAmbiguous, "the boundary occurs as %s, not as %s", quote.Text(occur[0], quote.Name), quote.Text(p.boundaries[0], quote.Name))
	}
	return occur[min(s.how.pick, len(occur)-1)]
}

// occurs reports whether there is a delimiter line of this boundary behind pos.
func (s *scanner) occurs(pos int, boundary string) bool {
	what := []byte("--" + boundary)
	for pos < len(s.buf) && s.shared.search > 0 {
		i := bytes.Index(s.buf[pos:], what)
		if i < 0 {
			s.shared.search -= len(s.buf) - pos
			return false
		}
		s.shared.search -= i + len(what)
		start := pos + i
		pos = start + len(what)
		if start > 0 && s.buf[start-1] != '\n' && s.buf[start-1] != '\r' {
			continue
		}
		rest := bytes.TrimPrefix(s.buf[pos:], []byte("--"))
		if rest = bytes.TrimLeft(rest[:min(len(rest), 64)], " \t"); len(rest) == 0 || rest[0] == '\r' || rest[0] == '\n' {
			return true
		}
	}
	return false
}
