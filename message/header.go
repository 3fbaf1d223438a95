package message

import (
	"bytes"
	"strings"

	"example.org/imap-integration/quote"
)

// Header is a header block, fields in the order of the email.
type Header struct{ fields []Field }

// Fields returns the fields in order. Do not write to the slice.
func (h Header) Fields() []Field { return h.fields }

// Values returns the decoded values of all fields of this name (any case), in
// order; nil when there is none.
func (h Header) Values(name string) []string {
	var out []string
	for i := range h.fields {
		if strings.EqualFold(h.fields[i].Name, name) {
			out = append(out, h.fields[i].Value)
		}
	}
	return out
}

// count is how many fields have this name.
func (h Header) count(name string) int {
	n := 0
	for i := range h.fields {
		if f := &h.fields[i]; len(f.Name) == len(name) && strings.EqualFold(f.Name, name) {
			n++
		}
	}
	return n
}

// first is the first field of this name, nil when there is none.
func (h Header) first(name string) *Field {
	for i := range h.fields {
		if strings.EqualFold(h.fields[i].Name, name) {
			return &h.fields[i]
		}
	}
	return nil
}

// IDs returns the message identifiers (RFC 5322, section 3.6.4) of all fields
// of this name, in order, without angle brackets and trimmed of spaces. A value
// without brackets counts as identifiers separated by spaces.
func (h Header) IDs(name string) []string {
	var out []string
	for _, v := range h.Values(name) {
		out = append(out, ids(v)...)
	}
	return out
}

func ids(v string) []string {
	var out []string
	for {
		open := strings.IndexByte(v, '<')
		if open < 0 {
			if len(out) == 0 {
				out = strings.Fields(strings.Trim(v, " \t<>"))
			}
			return out
		}
		v = v[open+1:]
		end := strings.IndexByte(v, '>')
		if end < 0 {
			end = len(v)
		}
		if id := strings.TrimSpace(v[:end]); id != "" {
			out = append(out, id)
		}
		v = v[end:]
	}
}

// span is a field as it lies in the buffer.
type span struct {
	name, nameEnd  int
	value, end     int
	spaced, folded bool
}

// headerScan is what reading one header block found.
type headerScan struct {
	spans  []span
	body   int // where the body starts
	junk   int // where the first line stands that is no field, -1 without one
	bad    int // lines that are no field
	fields int // all of them, those beyond the limits included
	known  int // a field starts here: the lines in front of it are not the body's
}

// scanHeader finds the fields of the block at pos. It goes on to the end of the
// block beyond any limit, keeping nothing. Rules for what is no field:
//   - an empty line, or a delimiter line of an open multipart, ends the block;
//   - "From " and ">From " lines in front are an envelope's and are passed over;
//   - any other line without a field name is passed over, with those it is folded
//     over, when a field follows; else the body starts there, without the empty line that should part them.
func (s *scanner) scanHeader(pos, at int, message bool) headerScan {
	h := headerScan{spans: make([]span, 0, 16), body: len(s.buf), junk: -1}
	start, cur := pos, -1
	if message && bytes.HasPrefix(s.buf[pos:], []byte("\xEF\xBB\xBF")) {
		s.note(at, CodeBOM, "the email starts with a byte order mark")
		pos += 3
	}
	for pos < len(s.buf) {
		line, next := s.headerLine(pos, at)
		switch {
		case len(line) == 0 && message && h.fields == 0 && s.headerFollows(next):
			s.structural(at, CodeLeadingBlankLine, "empty lines stand before the header")
		case len(line) == 0:
			h.body = next
			return h
		case len(s.open) > 0 && s.delimits(line):
			s.note(at, CodeMissingBlankLine, "a part's header runs into the next delimiter without an empty line")
			h.body = pos
			return h
		case (line[0] == ' ' || line[0] == '\t') && (h.fields > 0 || h.junk >= 0):
			if cur >= 0 {
				h.spans[cur].end, h.spans[cur].folded = pos+len(line), true
			}
		default:
			cur = -1
			if sp, ok := fieldSpan(line, pos); ok {
				cur = s.keep(&h, sp, start, at)
			} else if s.noField(&h, line, pos, next, at, message) {
				return h
			}
		}
		pos = next
	}
	return h
}

// noField judges a line that is no field. It reports whether the header ends before it.
func (s *scanner) noField(h *headerScan, line []byte, pos, next, at int, message bool) bool {
	switch {
	case h.fields == 0 && message && envelopeLine(line):
		s.note(at, CodeEnvelopeLine, "a line %s stands before the header", quote.Text(string(line), quote.Name))
	case s.bodyStartsAt(h, next):
		s.structural(at, CodeMissingBlankLine, "no empty line parts header and body: the body starts at %s", quote.Text(string(line), quote.Name))
		h.body = pos
		return true
	default:
		if h.bad++; h.bad > maxSame+1 { // said often enough: there may be millions
			return false
		}
		s.structural(at, CodeBadHeaderLine, "a line in the header is no field: %s", quote.Text(string(line), quote.Name))
		if h.junk < 0 {
			h.junk = pos
		}
	}
	return false
}

// maxBlankLines is how many empty lines in front of a header are passed over.
const maxBlankLines = 20

// headerFollows reports whether a header starts behind an empty line in front of an email.
func (s *scanner) headerFollows(pos int) bool {
	for range maxBlankLines {
		end, next, _ := s.line(pos)
		if end > pos {
			sp, ok := fieldSpan(s.buf[pos:end], pos)
			return ok && usualField(string(s.buf[sp.name:sp.nameEnd]))
		}
		if next <= pos {
			return false
		}
		pos = next
	}
	return false
}

// usualField tells the names with which the header of an email starts in real life.
func usualField(name string) bool {
	name = strings.ToLower(name)
	switch name {
	case "from", "to", "subject", "date", "received", "return-path", "message-id", "mime-version", "delivered-to", "sender", "reply-to", "cc":
		return true
	}
	return strings.HasPrefix(name, "x-") || strings.HasPrefix(name, "content-") || strings.HasPrefix(name, "dkim-") || strings.HasPrefix(name, "arc-") || strings.HasPrefix(name, "authentication-")
}

// headerLine is the line at pos; a bare CR ends one too, and is noted.
func (s *scanner) headerLine(pos, at int) (line []byte, next int) {
	end, next, bare := s.line(pos)
	switch {
	case bare:
		s.noteBareCR(at)
	case next-end > len("\r\n") && !s.shared.bareCR:
		s.shared.bareCR = true
		s.note(at, CodeBareCR, "lines of the header end in CR CR LF, which some programs take for an empty line")
	}
	return s.buf[pos:end], next
}

// keep stores a field within the limits and returns its index, or -1.
func (s *scanner) keep(h *headerScan, sp span, start, at int) int {
	h.fields++
	switch {
	case sp.name-start > s.limits.HeaderBlock:
		s.note(at, CodeLimitHeaderBlock, "the header is longer than %d bytes; the rest of it is not read", s.limits.HeaderBlock)
		return -1
	case len(h.spans) >= s.limits.Headers:
		s.note(at, CodeLimitHeaders, "the header has more than %d fields; the rest is not read", s.limits.Headers)
		return -1
	}
	if sp.spaced {
		s.note(at, CodeBadHeaderLine, "blanks or control characters in the field name %s", quote.Text(string(s.buf[sp.name:sp.nameEnd]), quote.Name))
	}
	h.spans = append(h.spans, sp)
	return len(h.spans) - 1
}

// maxBadLines is how many lines that are no field may stand in a row in front of one.
const maxBadLines = 200

// bodyStartsAt decides whether a line that is no field starts the body, by what
// follows it: a field behind it and the lines that it is folded over, or a usual one behind more
// lines that are none (the commands of an SMTP session, say), is still the header's.
func (s *scanner) bodyStartsAt(h *headerScan, pos int) bool {
	if pos <= h.known {
		return false
	}
	lf, cr := s.lf, s.cr // positions go back
	defer func() { s.lf, s.cr = lf, cr }()
	for bad := 0; bad < maxBadLines && pos < len(s.buf); {
		end, next, _ := s.line(pos)
		line := s.buf[pos:end]
		switch {
		case len(line) == 0:
			return bad > 0 || h.fields == 0
		case line[0] == ' ' || line[0] == '\t':
		default:
			sp, ok := fieldSpan(line, pos)
			if ok && (bad == 0 || usualField(string(s.buf[sp.name:sp.nameEnd]))) {
				h.known = pos
				return false
			}
			if !ok {
				bad++
			}
		}
		pos = next
	}
	return true
}

func envelopeLine(line []byte) bool {
	return bytes.HasPrefix(line, []byte("From ")) || bytes.HasPrefix(line, []byte(">From "))
}

// maxFieldName is the longest field name, bytes; a longer one makes a line no field.
const maxFieldName = 16 << 10

// fieldSpan reads "name: value". Spaces before the name and before the colon
// and NUL bytes in the name are tolerated.
func fieldSpan(line []byte, pos int) (span, bool) {
	colon := bytes.IndexByte(line[:min(len(line), maxFieldName)], ':')
	if colon <= 0 {
		return span{}, false
	}
	first, last := 0, colon
	for first < last && (line[first] == ' ' || line[first] == '\t') {
		first++
	}
	for last > first && (line[last-1] == ' ' || line[last-1] == '\t') {
		last--
	}
	sp := span{name: pos + first, nameEnd: pos + last, value: pos + colon + 1, end: pos + len(line), spaced: first > 0 || last < colon}
	for _, c := range line[first:last] {
		if c == 0 {
			sp.spaced = true
		} else if c <= ' ' || c >= 0x7F {
			return span{}, false
		}
	}
	return sp, first < last
}

// header reads the block at pos and decodes its fields. at places its problems.
func (s *scanner) header(pos, at int, message bool) (Header, headerScan) {
	h := s.scanHeader(pos, at, message)
	var out Header
	if len(h.spans) == 0 {
		return out, h
	}
	block := string(s.buf[h.spans[0].name:s.cutEnd(h.spans[len(h.spans)-1])])
	out.fields = make([]Field, 0, len(h.spans))
	for _, sp := range h.spans {
		base := h.spans[0].name
		f := Field{Name: block[sp.name-base : sp.nameEnd-base], Raw: block[sp.value-base : s.cutEnd(sp)-base]}
		if s.cutEnd(sp) < sp.end {
			s.note(at, CodeLimitHeaderLine, "the field %s is longer than %d bytes and was cut", quote.Text(f.Name, quote.Name), s.limits.HeaderLine)
		}
		if sp.spaced {
			f.Name = strings.ReplaceAll(f.Name, "\x00", "")
		}
		f.Value = s.value(&f, at)
		out.fields = append(out.fields, f)
	}
	return out, h
}

// cutEnd is where a field ends within the limit of its length.
func (s *scanner) cutEnd(sp span) int { return min(sp.end, sp.value+s.limits.HeaderLine) }

// value decodes a field and notes what was odd.
func (s *scanner) value(f *Field, at int) string {
	v, flaws := decodeWords(unfold(f.Raw), s.limits.EncodedWords)
	switch {
	case flaws.raw8:
		s.note(at, CodeHeaderCharset, "the field %s has bytes that are not UTF-8; they were read as windows-1252", quote.Text(f.Name, quote.Name))
	case flaws.charset != "":
		s.note(at, CodeUnknownCharset, "the field %s names the unknown charset %s", quote.Text(f.Name, quote.Name), quote.Text(flaws.charset, quote.Name))
	case flaws.bad:
		s.note(at, CodeBadCharset, "the field %s has encoded-words whose bytes are not of their charset", quote.Text(f.Name, quote.Name))
	case flaws.order:
		s.note(at, CodeByteOrder, "the field %s has encoded-words in UTF-16 without a byte order mark", quote.Text(f.Name, quote.Name))
	case flaws.broken || flaws.trailing:
		s.note(at, CodeBadWord, "the field %s has a broken encoded-word", quote.Text(f.Name, quote.Name))
	}
	if flaws.tooMany {
		s.note(at, CodeLimitWords, "the field %s has more than %d encoded-words; the rest is not decoded", quote.Text(f.Name, quote.Name), s.limits.EncodedWords)
	}
	if strings.IndexByte(v, 0) >= 0 {
		code := CodeControlCharacters // an encoded-word made it
		if strings.IndexByte(f.Raw, 0) >= 0 {
			code = CodeNUL
		}
		s.note(at, code, "the field %s has NUL characters; U+FFFD stands for them", quote.Text(f.Name, quote.Name))
		v = strings.ReplaceAll(v, "\x00", "\uFFFD") // a program that ends the text there shows another one
	}
	return v
}
