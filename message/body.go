package message

import (
	"iter"
	"math"
	"slices"
	"strings"

	"example.org/imap-integration/quote"
)

// BodyText returns the text/plain leaves of the email itself that are neither
// attached nor named, in order, joined by a newline. An email without any, or
// whose plain leaves are all blank, has the text of its HTML leaves instead.
func (m *Message) BodyText() string { return m.BodyTextUpTo(math.MaxInt) }

// BodyTextUpTo is BodyText for a reader that cuts it at most bytes: what it
// returns agrees with BodyText up to there, and is longer than most where
// BodyText is. Much of a large HTML email is then never looked at.
func (m *Message) BodyTextUpTo(most int) string {
	plain := m.bodies(false)
	if slices.ContainsFunc(plain, func(s string) bool { return strings.TrimSpace(s) != "" }) {
		return strings.Join(plain, "\n")
	}
	var html []string
	size := -1 // of all of them, joined
	for _, p := range m.parts {
		if p.body() && p.html() && size <= most {
			html = append(html, p.visibleUpTo(max(0, most-size-1)))
			size += 1 + len(html[len(html)-1])
		}
	}
	if len(html) == 0 {
		return strings.Join(plain, "\n")
	}
	return strings.Join(html, "\n")
}

// BodyHTML returns the text/html leaves likewise, as markup.
func (m *Message) BodyHTML() string { return strings.Join(m.bodies(true), "\n") }

func (m *Message) bodies(html bool) []string {
	var out []string
	for _, p := range m.parts {
		if p.body() && p.html() == html {
			out = append(out, p.Text())
		}
	}
	return out
}

func (p *Part) html() bool { return p.MediaType == "text/html" }

// visible is the text as a reader sees it.
func (p *Part) visible() string {
	if !p.html() {
		return p.Text()
	}
	if !p.converted {
		p.shown, p.converted = HTMLText(p.Text()), true
	}
	return p.shown
}

func (p *Part) visibleUpTo(most int) string {
	if p.converted || most == math.MaxInt {
		return p.visible()
	}
	return htmlText(p.Text(), most)
}

// Searchable yields every text that the filter text_body looks at: text/plain
// parts, text/html parts as text, attached ones and those of nested messages
// included, and all file names.
func (m *Message) Searchable() iter.Seq[string] {
	return func(yield func(string) bool) {
		m.deep(func(p *Part) bool {
			if p.textual() {
				if !yield(p.visible()) {
					return false
				}
			}
			if p.Filename != "" && !yield(p.Filename) {
				return false
			}
			for _, name := range p.names {
				if !yield(name) {
					return false
				}
			}
			return true
		})
	}
}

// TextLeaves yields the text/plain and text/html parts, attached ones included
// (a file name hides nothing), those of nested messages on request.
func (m *Message) TextLeaves(nested bool) iter.Seq[TextLeaf] {
	return func(yield func(TextLeaf) bool) {
		visit := func(p *Part) bool {
			return !p.textual() || yield(TextLeaf{Path: p.Path, HTML: p.html(), Text: p.Text()})
		}
		if nested {
			m.deep(visit)
		} else {
			m.Walk(visit)
		}
	}
}

// Text returns the content decoded from its charset to UTF-8, whole, for any
// type of part: a byte order mark is taken off, lines end in LF alone however
// they came, format=flowed is unwrapped.
func (p *Part) Text() string {
	if p.texted {
		return p.text
	}
	buf := borrow()
	b := p.decodedInto(*buf)
	label := p.charset(b)
	text, verdict := decodeText(b, label)
	if p.encoding != encodingIdentity && !p.decoded {
		keep(buf, b)
	}
	decodeBuffers.Put(buf)
	p.noteCharset(verdict, label)
	text = strings.TrimPrefix(text, "\uFEFF")
	if p.MediaType == "text/plain" && strings.EqualFold(strings.TrimSpace(p.Params["format"]), "flowed") {
		text = unflow(text, strings.EqualFold(strings.TrimSpace(p.Params["delsp"]), "yes"))
	}
	if p.textual() && strings.Contains(text, "-----BEGIN PGP MESSAGE-----") {
		p.mail.found.add(p.at, CodeEncrypted, "part %s holds a PGP message; it was not read", p.Path)
	}
	p.text, p.texted = text, true
	return text
}

// MetaCharset is what a meta element in the start of an HTML text declares, "" without one.
func MetaCharset(b []byte) string {
	for s := lowerASCII(string(b)); ; {
		_, rest, ok := strings.Cut(s, "<meta")
		if !ok {
			return ""
		}
		tag, after, _ := strings.Cut(rest, ">")
		s = after
		_, value, ok := strings.Cut(tag, "charset")
		value = strings.TrimLeft(value, " \t\r\n")
		if !ok || !strings.HasPrefix(value, "=") {
			continue
		}
		value = strings.TrimLeft(value[1:], " \t\r\n\"'")
		if end := strings.IndexAny(value, " \t\r\n\"';/"); end >= 0 {
			value = value[:end]
		}
		if value != "" {
			return value
		}
	}
}

// sniffed is how much of an HTML text is searched for its own declaration, bytes.
const sniffed = 2048

// charset is the declared one: the header's, a byte order mark, or in HTML the meta element's.
func (p *Part) charset(b []byte) string {
	switch {
	case len(b) >= 4 && string(b[:4]) == "\xFF\xFE\x00\x00":
		return "utf-32"
	case len(b) >= 2 && (b[0] == 0xFF && b[1] == 0xFE || b[0] == 0xFE && b[1] == 0xFF):
		return "utf-16"
	case len(b) >= 3 && string(b[:3]) == "\xEF\xBB\xBF":
		return "utf-8"
	}
	label := p.Params["charset"]
	if p.html() && undeclared[cleanLabel(label)] {
		// A text whose meta element could be read is not UTF-16, whatever that says.
		if meta := MetaCharset(b[:min(len(b), sniffed)]); meta != "" && !strings.HasPrefix(meta, "utf-16") {
			return meta
		}
	}
	return label
}

func (p *Part) noteCharset(v charsetVerdict, label string) {
	switch v {
	case charsetUnknown:
		p.mail.found.add(p.at, CodeUnknownCharset, "part %s names the unknown charset %s; ASCII is readable, the rest was guessed", p.Path, quote.Text(label, quote.Name))
	case charsetBad:
		p.mail.found.add(p.at, CodeBadCharset, "part %s has bytes that are not of its charset %s", p.Path, quote.Text(label, quote.Name))
	case charsetOrder:
		p.mail.found.add(p.at, CodeByteOrder, "part %s is UTF-16 without a byte order mark; the order that makes sense was taken", p.Path)
	case charsetAbsent:
		p.mail.found.add(p.at, CodeUndeclaredCharset, "part %s has 8-bit bytes and declares no charset for them; it was read as UTF-8 or windows-1252", p.Path)
	}
}

// unflow joins the lines of format=flowed (RFC 3676, section 4): one that ends
// in a space goes on in the next, if that is quoted as deep; delsp drops the space.
func unflow(text string, delsp bool) string {
	var out strings.Builder
	out.Grow(len(text))
	open, depth := false, 0
	for line := range strings.SplitAfterSeq(text, "\n") {
		body := strings.TrimRight(line, "\r\n")
		end := line[len(body):]
		rest := strings.TrimLeft(body, ">")
		d := len(body) - len(rest)
		rest = strings.TrimPrefix(rest, " ")
		signature := rest == "-- "
		if open && d == depth && !signature {
			body = rest
		} else {
			if open {
				out.WriteString("\n")
			}
			if d == 0 {
				body = rest
			}
		}
		if open = strings.HasSuffix(body, " ") && !signature && end != ""; open {
			depth = d
			if delsp {
				body = body[:len(body)-1]
			}
			end = ""
		}
		out.WriteString(body)
		out.WriteString(end)
	}
	return out.String()
}
