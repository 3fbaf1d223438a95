package message

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"example.org/imap-integration/quote"
)

// entity reads a header and its body at pos: an email, or the n-th part of a
// multipart. n is 0 for the root of an email. It returns the delimiter it ended at.
func (s *scanner) entity(prefix string, n, pos, depth int, usual string) delimiter {
	if s.shared.parts >= s.limits.Parts {
		return s.rest(prefix, n, pos)
	}
	s.shared.order++
	at := s.shared.order
	h, scan := s.header(pos, at, n == 0)
	h, body := s.bodyStart(h, scan, at, n == 0)
	if n == 0 {
		s.m.Header = h
		s.checkHeader(at)
	}
	p := s.describe(h, at, usual)
	if s.disguised(p, body) {
		p.MediaType = "multipart/mixed"
	}
	switch composite := p.multipart() || p.message(); {
	case composite && depth >= s.limits.Depth:
		s.note(at, CodeLimitDepth, "nested more than %d deep; what is inside is not read", s.limits.Depth)
	case p.multipart():
		return s.multipart(p, prefix, n, body, depth)
	case p.message():
		return s.nested(p, join(prefix, max(n, 1)), body, depth)
	}
	d := s.nextDelimiter(body)
	p.raw = s.trim(body, d)
	s.leaf(p, join(prefix, max(n, 1)))
	return d
}

// disguised reports whether this reading takes a part that is no multipart for
// one: programs do where it has a boundary parameter and the boundary occurs.
func (s *scanner) disguised(p *Part, body int) bool {
	if p.multipart() || len(p.boundaries) == 0 {
		return false
	}
	d := s.nextDelimiter(body)
	if s.shared.search -= d.start - body; s.shared.search < 0 {
		return false
	}
	for _, b := range p.boundaries {
		if bytes.Contains(s.buf[body:max(body, d.start)], []byte("--"+b)) {
			s.structural(p.at, CodeBoundaryAmbiguous, "%s is no multipart and has the boundary %s, which occurs in it", quote.Text(p.MediaType, quote.Name), quote.Text(b, quote.Name))
			s.shared.want(reading{composite: true})
			return s.how.composite
		}
	}
	return false
}

// indentedDelimiters notes lines that are the delimiter of a multipart but for spaces in front.
func (s *scanner) indentedDelimiters(p *Part, boundary string, body []byte) {
	if s.shared.search -= len(body); s.shared.search < 0 {
		return
	}
	for delimiter := []byte("--" + boundary); ; { // hyphens are rarer than spaces: to look for those takes five times as long
		at := bytes.Index(body, delimiter)
		if at < 0 {
			return
		}
		if at > 0 && (body[at-1] == ' ' || body[at-1] == '\t') {
			s.structural(p.at, CodeBoundaryAmbiguous, "spaces stand in front of the delimiter %s", quote.Text(boundary, quote.Name))
			s.shared.want(reading{indented: true})
			return
		}
		body = body[at+1:]
	}
}

// bodyStart decides where the body starts, where programs differ about it.
func (s *scanner) bodyStart(h Header, scan headerScan, at int, message bool) (Header, int) {
	body := scan.body
	if scan.junk >= 0 && message {
		s.shared.want(reading{earlyBody: true})
		if s.how.earlyBody {
			body = scan.junk
		}
	}
	if s.fieldsFollow(h, body) {
		s.structural(at, CodeMissingBlankLine, "MIME fields stand behind the empty line that ends the header")
		s.shared.want(reading{lateBody: true})
		if s.how.lateBody {
			more, scan := s.header(body, at, false)
			h.fields = append(slices.Clone(h.fields), more.fields...)
			body = scan.body
		}
	}
	return h, body
}

// fieldsFollow reports whether a body that is no email starts with MIME fields.
func (s *scanner) fieldsFollow(h Header, pos int) bool {
	if f := h.first("Content-Type"); f != nil && strings.Contains(strings.ToLower(f.Value), "message/") {
		return false
	}
	head := strings.ToLower(string(s.buf[pos:min(len(s.buf), pos+32)]))
	return strings.HasPrefix(head, "content-type:") || strings.HasPrefix(head, "content-transfer-encoding:") ||
		strings.HasPrefix(head, "content-disposition:") || strings.HasPrefix(head, "mime-version:")
}

// rest makes one opaque part of all there is from pos on.
func (s *scanner) rest(prefix string, n, pos int) delimiter {
	s.shared.full = true
	s.note(s.shared.order, CodeLimitParts, "more than %d parts; the rest is one opaque part", s.limits.Parts)
	end := delimiter{-1, false, len(s.buf), len(s.buf)}
	p := &Part{MediaType: "application/octet-stream", Params: map[string]string{}, raw: s.trim(pos, end)}
	s.leaf(p, join(prefix, max(n, 1)))
	return end
}

// leaf adds a part to the email being read.
func (s *scanner) leaf(p *Part, path string) {
	s.shared.parts++
	p.Path, p.mail = path, s.m
	if p.encoding == encodingUU && p.Filename == "" { // it is a file, named by its first line
		if start := findUU(p.raw, 0); start.name != "" {
			p.Filename = toUTF8(start.name)
		}
	}
	s.m.parts = append(s.m.parts, p)
}

// join is the IMAP part path (RFC 9051, section 6.4.5.1) of the n-th part behind prefix.
func join(prefix string, n int) string {
	if n == 0 {
		return prefix
	}
	if prefix == "" {
		return strconv.Itoa(n)
	}
	return prefix + "." + strconv.Itoa(n)
}

// multipart reads the parts of a multipart body (RFC 2046, section 5.1).
func (s *scanner) multipart(p *Part, prefix string, n, pos, depth int) delimiter {
	path := join(prefix, n)
	boundary := s.boundary(p, pos)
	if boundary == "" {
		s.structural(p.at, CodeBoundaryMissing, "%s has no boundary", quote.Text(p.MediaType, quote.Name))
		d := s.nextDelimiter(pos)
		s.noParts(p, prefix, n, pos, d, depth)
		return d
	}
	if _, reused := s.index[boundary]; reused {
		s.structural(p.at, CodeBoundaryReused, "the boundary %s is that of an enclosing multipart", quote.Text(boundary, quote.Name))
	}
	parts, d := s.parts(p, boundary, path, pos, depth)
	s.indentedDelimiters(p, boundary, s.buf[pos:max(pos, d.start)])
	if parts == 0 {
		s.noParts(p, prefix, n, pos, d, depth)
	}
	return d
}

// parts reads part after part until a delimiter of an enclosing multipart.
func (s *scanner) parts(p *Part, boundary, path string, pos, depth int) (parts int, d delimiter) {
	usual := "text/plain"
	if p.MediaType == "multipart/digest" {
		usual = "message/rfc822" // RFC 2046, section 5.1.5
	}
	level := s.push(boundary)
	shadows := s.open[level].shadowed >= 0
	related, closed := s.m.related, false
	s.m.related = p.MediaType == "multipart/related"
	d = s.nextDelimiter(pos)
	for d.level == level {
		if d.closing {
			closed = true
			if shadows { // from here on the boundary is the enclosing multipart's
				break
			}
			d = s.nextDelimiter(d.next)
			continue
		}
		if closed {
			s.structural(p.at, CodePartsAfterEnd, "parts follow the delimiter that ends their multipart")
		}
		if rest := s.buf[d.next:]; parts > 0 && len(rest) <= 2*maxCRs && len(bytes.TrimSpace(rest)) == 0 { // cut behind it: no part
			d = s.nextDelimiter(len(s.buf))
			continue
		}
		parts++
		d = s.entity(path, parts, d.next, depth+1, usual)
	}
	s.m.related = related
	s.pop()
	if closed && shadows && d.level == level {
		d = s.nextDelimiter(d.next)
	}
	if !closed && parts > 0 && !s.shared.full {
		s.structural(p.at, CodeMissingEnd, "the multipart with the boundary %s has no end; the email may be cut", quote.Text(boundary, quote.Name))
	}
	return parts, d
}

// noParts reads a multipart in which no delimiter was found: its content may be
// encoded, its boundary another than declared; else it is shown as text.
func (s *scanner) noParts(p *Part, prefix string, n, pos int, d delimiter, depth int) {
	raw := s.trim(pos, d)
	if len(bytes.TrimSpace(raw)) == 0 {
		s.structural(p.at, CodeNoParts, "%s without any part", quote.Text(p.MediaType, quote.Name))
		return
	}
	if p.encoding != encodingIdentity && s.mayDecode(len(raw)) {
		raw, _ = p.encoding.decode(raw)
		p.encoding = encodingIdentity
		sub := newScanner(s.reader, raw, s.m)
		if b := sub.boundary(p, 0); b != "" {
			if parts, _ := sub.parts(p, b, join(prefix, n), 0, depth); parts > 0 {
				return
			}
		}
	}
	if b := s.guess(raw); b != "" {
		s.structural(p.at, CodeBoundaryMissing, "%s: the boundary %s was guessed", quote.Text(p.MediaType, quote.Name), quote.Text(b, quote.Name))
		if parts, _ := newScanner(s.reader, raw, s.m).parts(p, b, join(prefix, n), 0, depth); parts > 0 {
			return
		}
	}
	s.structural(p.at, CodeNoParts, "%s without any part; its content is read as text", quote.Text(p.MediaType, quote.Name))
	p.MediaType, p.raw = "text/plain", raw
	s.leaf(p, join(prefix, max(n, 1)))
}

// maxGuesses is how many lines that start with "--" a guess looks at.
const maxGuesses = 20

// guess finds the boundary of a multipart that declares none or a wrong one: the
// first line of two dashes and a word that is followed by a field.
func (s *scanner) guess(raw []byte) string {
	if s.shared.search < len(raw) {
		return ""
	}
	s.shared.search -= len(raw)
	g := newScanner(s.reader, raw, s.m)
	for pos, tries := 0, 0; tries < maxGuesses; tries++ {
		start := g.dashes(pos)
		if start >= len(raw) {
			return ""
		}
		end, next, _ := g.line(start)
		word := string(bytes.TrimRight(raw[start+2:end], " \t"))
		if word != "" && word != "-" && len(word) <= maxBoundary && next < len(raw) && !strings.HasSuffix(word, "--") {
			lineEnd, _, _ := g.line(next)
			if _, ok := fieldSpan(raw[next:lineEnd], next); ok || lineEnd == next {
				return word
			}
		}
		pos = next
	}
	return ""
}

// nested reads an attached email (RFC 2046, section 5.2.1).
func (s *scanner) nested(p *Part, path string, pos, depth int) delimiter {
	s.leaf(p, path)
	inner := newMessage(nil, s.limits)
	inner.prefix, inner.digests = path, s.m.digests
	inner.found.up, inner.found.upAt, inner.found.path = &s.m.found, p.at, path
	if p.encoding != encodingIdentity {
		return s.nestedEncoded(p, inner, pos, depth)
	}
	p.Message = inner
	outer := s.m
	s.m = inner
	d := s.entity(path, 0, pos, depth+1, "text/plain")
	s.m = outer
	p.raw = s.trim(pos, d)
	inner.Raw = p.raw
	return d
}

func (s *scanner) nestedEncoded(p *Part, inner *Message, pos, depth int) delimiter {
	d := s.nextDelimiter(pos)
	p.raw = s.trim(pos, d)
	s.note(p.at, CodeEncodedComposite, "the nested message %s is encoded, which RFC 2046 forbids; some programs show it as a file", p.Path)
	if !s.mayDecode(len(p.raw)) {
		s.structural(p.at, CodeLimitDepth, "the encoded messages of this email are too large together; %s is not read", p.Path)
		return d
	}
	p.Message = inner
	p.content, p.decoded = p.Decoded(), true
	inner.Raw = p.content
	newScanner(s.reader, inner.Raw, inner).entity(p.Path, 0, 0, depth+1, "text/plain")
	return d
}

// read fills m with the parts that one way of reading finds.
func read(m *Message, how reading, prefix string) *parseState {
	st := &parseState{search: 8*len(m.Raw) + 1<<16, decode: len(m.Raw) + 1<<16}
	s := newScanner(reader{limits: m.limits, how: how, shared: st}, m.Raw, m)
	m.prefix = prefix
	s.entity(prefix, 0, 0, 0, "text/plain")
	return st
}
