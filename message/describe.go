package message

import (
	"slices"
	"strings"
	"unicode/utf8"

	"example.org/imap-integration/quote"
)

// describe reads the MIME fields of a header (RFC 2045, RFC 2183).
func (r *reader) describe(h Header, at int, usual string) *Part {
	p := &Part{Header: h, at: at, related: r.m.related, MediaType: usual}
	ct := r.mimeField(h, "Content-Type", at)
	p.Params = map[string]string{}
	var typ mediaValue
	if ct != nil {
		typ = r.media(ct, at)
		p.Params = typ.params
		var good bool
		if p.MediaType, good = mediaType(typ.token); !good {
			r.structural(at, CodeBadContentType, "Content-Type %s was read as %s", quote.Text(ct.Value, quote.Name), p.MediaType)
		}
		if typ.params["boundary"] != "" {
			p.boundaries = boundaries(ct.Raw, typ)
		}
		if p.multipart() {
			p.boundaries = boundaries(ct.Raw, typ)
			if typ.coded {
				r.structural(at, CodeBoundaryAmbiguous, "the boundary is written in the way of RFC 2231, which many programs do not read")
			}
		}
	}
	var disposition mediaValue
	if f := r.mimeField(h, "Content-Disposition", at); f != nil {
		disposition = r.media(f, at)
		p.Disposition, _ = cleanToken(disposition.token)
	}
	r.filename(p, typ, disposition)
	if f := r.mimeField(h, "Content-Transfer-Encoding", at); f != nil {
		r.transferEncoding(p, f)
	}
	if id := h.IDs("Content-ID"); len(id) > 0 {
		p.ContentID = id[0]
	}
	r.noteType(p)
	return p
}

// mimeField is the field that counts; several that differ are another reading.
func (r *reader) mimeField(h Header, name string, at int) *Field {
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
			r.structural(at, CodeDuplicateHeader, "several %s fields that differ: %s and %s", name, quote.Text(f.Value, quote.Name), quote.Text(g.Value, quote.Name))
			r.shared.want(reading{last: true})
		}
		if r.how.last {
			f = g
		}
	}
	return f
}

// media parses a field with parameters and notes what is odd in it.
func (r *reader) media(f *Field, at int) mediaValue {
	m := parseMedia(f.Raw, r.limits)
	if m.bad != "" {
		r.note(at, CodeBadParameter, "the parameter %s of %s is broken", quote.Text(m.bad, quote.Name), f.Name)
	}
	if m.tooMany {
		r.note(at, CodeLimitParameters, "%s has more than %d parameters; the rest is not read", f.Name, r.limits.Parameters)
	}
	if m.twice != "" && m.twice != "filename" && m.twice != "name" {
		r.structural(at, CodeDuplicateParameter, "%s gives %s several times: %s and %s", f.Name, quote.Text(m.twice, quote.Name), quote.Text(m.params[m.twice], quote.Name), quote.Text(m.others[m.twice], quote.Name))
	}
	if m.flaws.charset != "" {
		r.note(at, CodeUnknownCharset, "%s names the unknown charset %s", f.Name, quote.Text(m.flaws.charset, quote.Name))
	}
	if m.flaws.bad {
		r.note(at, CodeBadCharset, "%s has bytes that are not of their charset", f.Name)
	}
	if m.flaws.order {
		r.note(at, CodeByteOrder, "%s has text in UTF-16 without a byte order mark", f.Name)
	}
	return m
}

// filename is that of the disposition, else the name of the type. Others that
// a program could show instead are kept for the search.
func (r *reader) filename(p *Part, typ, disposition mediaValue) {
	for _, v := range []string{disposition.params["filename"], typ.params["name"], disposition.others["filename"], typ.others["name"]} {
		switch v = strings.TrimSpace(v); {
		case v == "" || v == p.Filename || slices.Contains(p.names, v):
		case p.Filename == "":
			p.Filename = v
		default:
			p.names = append(p.names, v)
			r.note(p.at, CodeFilenameAmbiguous, "a file has two names: %s and %s", quote.Text(p.Filename, quote.Name), quote.Text(v, quote.Name))
		}
	}
	for _, name := range looseNames(p.Header, r.limits) {
		if !utf8.ValidString(name) {
			name = fromWindows1252([]byte(name))
		}
		r.looseName(p, oneLine(name))
	}
	if hasControl(p.Filename) {
		r.note(p.at, CodeControlCharacters, "control or direction characters in the file name %s", quote.Text(p.Filename, quote.Name))
	}
}

// looseName takes one of the names that a program could show for a parameter which does not follow the grammar.
func (r *reader) looseName(p *Part, name string) {
	switch {
	case name == "" || name == p.Filename || slices.Contains(p.names, name):
	case p.Filename == "":
		p.Filename = name
		r.note(p.at, CodeFilenameAmbiguous, "the name %s stands in a parameter that is not written by the rules", quote.Text(name, quote.Name))
	case len(p.names) < maxLooseNames:
		p.names = append(p.names, name)
		r.note(p.at, CodeFilenameAmbiguous, "a file has two names: %s and %s", quote.Text(p.Filename, quote.Name), quote.Text(name, quote.Name))
	}
}

func (r *reader) transferEncoding(p *Part, f *Field) {
	e, known := parseTransferEncoding(unfold(f.Raw))
	p.encoding = e
	if !known && e == encodingIdentity && strings.Contains(strings.ToLower(f.Value), "base64") {
		r.shared.want(reading{encoded: true})
		if r.how.encoded {
			p.encoding, e = encodingBase64, encodingBase64
		}
	}
	if !known {
		as := map[transferEncoding]string{encodingIdentity: "as it is", encodingBase64: "as base64", encodingQP: "as quoted-printable", encodingUU: "as uuencode"}
		r.structural(p.at, CodeUnknownEncoding, "Content-Transfer-Encoding %s: the content was taken %s", quote.Text(f.Value, quote.Name), as[e])
	}
	if e != encodingIdentity && p.multipart() {
		r.structural(p.at, CodeEncodedComposite, "%s with Content-Transfer-Encoding %s, which RFC 2045 forbids", p.MediaType, quote.Text(f.Value, quote.Name))
	}
}

// noteType names content that is there and cannot be looked into.
func (r *reader) noteType(p *Part) {
	switch p.MediaType {
	case "message/partial":
		r.note(p.at, CodePartial, "a piece of a larger message; it is not put together")
	case "message/external-body":
		r.note(p.at, CodeExternalBody, "the content is elsewhere and was not fetched")
	case "application/pkcs7-mime", "application/x-pkcs7-mime":
		if kind := strings.ToLower(p.Params["smime-type"]); kind == "enveloped-data" || kind == "authenveloped-data" {
			r.note(p.at, CodeEncrypted, "an encrypted S/MIME message; it was not read")
		}
	case "application/pgp-encrypted":
		r.note(p.at, CodeEncrypted, "an encrypted PGP/MIME message; it was not read")
	case "application/ms-tnef", "application/vnd.ms-tnef":
		r.note(p.at, CodeTNEF, "the content is wrapped in TNEF (winmail.dat)")
	}
}

// maxBoundary is the longest boundary that is taken, bytes. RFC 2046 says 70.
const maxBoundary = 1000

// boundaries is every way to read the boundary parameter; the first is the
// standard's. Most emails have exactly one.
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

// plainBoundary reports whether a boundary has only characters of RFC 2046 without spaces.
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
