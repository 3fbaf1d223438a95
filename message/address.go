package message

import (
	"strings"
)

// addressFlaws tells what was odd in an address field.
type addressFlaws struct {
	bad     bool
	tooMany bool
}

// parseAddresses reads an address-list (RFC 5322, sections 3.4 and 4.4) from a
// raw value: structure first, encoded-words after it, so that no encoded comma
// or bracket makes an address. It takes what real email has: missing quotes and
// brackets, semicolons, doubled commas, names without address.
func parseAddresses(raw string, limits Limits) ([]Address, addressFlaws) {
	p := addressParser{src: unfold(raw), limits: limits}
	if !strings.Contains(p.src, "<") && strings.Contains(p.src, "&lt;") {
		p.src, p.flaws.bad = entities.Replace(p.src), true
	}
	p.run()
	if !p.anyAddr() {
		p.fromNames()
	}
	return p.out, p.flaws
}

type addressParser struct {
	src    string
	limits Limits
	out    []Address
	flaws  addressFlaws

	name     strings.Builder // the phrase so far, quotes taken out
	written  strings.Builder // the same as written
	comment  string          // the last comment
	angle    string          // what stood in <>
	hasAngle bool
	at       bool     // an @ outside quotes
	pending  []string // names without address that the next one may continue: Doe, Jane <jane@…>

	noQuotes, noComments, noLiterals bool // one that never ends was seen: none after it does
}

func (p *addressParser) run() {
	for i := 0; i < len(p.src); {
		switch c := p.src[i]; {
		case c == '"' && !p.noQuotes:
			i = p.quoted(i)
		case c == '(' && !p.noComments:
			i = p.readComment(i)
		case c == '<':
			i = p.readAngle(i)
		case c == '[' && !p.noLiterals:
			i = p.literal(i)
		case c == ',' || c == ';':
			p.end(c == ',')
			i++
		case c == ':' && !p.at && !p.hasAngle:
			p.reset() // the name of a group
			i++
		case c == ' ' || c == '\t':
			p.blank()
			i++
		case c == '>': // one too many
			p.flaws.bad = true
			i++
		default:
			p.at = p.at || c == '@'
			p.both(p.src[i : i+1])
			i++
		}
		if p.flaws.tooMany {
			return
		}
	}
	p.end(false)
}

func (p *addressParser) both(s string) {
	p.name.WriteString(s)
	p.written.WriteString(s)
}

func (p *addressParser) blank() {
	if p.written.Len() > 0 && !strings.HasSuffix(p.written.String(), " ") {
		p.both(" ")
	}
}

func (p *addressParser) quoted(i int) int {
	var b strings.Builder
	for j := i + 1; j < len(p.src); j++ {
		switch c := p.src[j]; {
		case c == '"':
			p.name.WriteString(b.String())
			p.written.WriteString(p.src[i : j+1])
			return j + 1
		case c == '\\' && j+1 < len(p.src):
			j++
			b.WriteByte(p.src[j])
		default:
			b.WriteByte(c)
		}
	}
	p.noQuotes, p.flaws.bad = true, true
	return i + 1
}

func (p *addressParser) readComment(i int) int {
	depth := 0
	for j := i; j < len(p.src); j++ {
		switch p.src[j] {
		case '\\':
			j++
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				p.comment = p.src[i+1 : j]
				p.blank()
				return j + 1
			}
		}
	}
	p.noComments, p.flaws.bad = true, true
	p.both("(")
	return i + 1
}

// literal copies a domain literal, whose colons make no group.
func (p *addressParser) literal(i int) int {
	end := strings.IndexAny(p.src[i:], "],<>")
	if end < 0 || p.src[i+end] != ']' {
		p.noLiterals = end < 0
		p.both("[")
		return i + 1
	}
	p.both(p.src[i : i+end+1])
	return i + end + 1
}

// readAngle reads what stands in brackets. Without a closing one it ends at the next comma or semicolon.
func (p *addressParser) readAngle(i int) int {
	quoted, end := false, -1
	for j := i + 1; j < len(p.src) && end < 0; j++ {
		switch c := p.src[j]; {
		case c == '\\' && quoted:
			j++
		case c == '"' && !p.noQuotes:
			quoted = !quoted
		case c == '>' && !quoted:
			end = j
		}
	}
	next := end + 1
	if end < 0 {
		p.flaws.bad = true
		end = len(p.src)
		if next := strings.IndexAny(p.src[i:], ",;"); next >= 0 {
			end = i + next
		}
		next = end
	}
	if p.hasAngle { // "<a@b> <c@d>" without comma
		p.flaws.bad = true
		p.end(false)
	}
	p.angle, p.hasAngle = p.src[i+1:end], true
	return next
}

// end closes one mailbox.
func (p *addressParser) end(comma bool) {
	name, written := strings.TrimSpace(p.name.String()), strings.TrimSpace(p.written.String())
	angle, hasAngle, at, comment := p.angle, p.hasAngle, p.at, p.comment
	p.reset()
	switch {
	case hasAngle:
		if at && !strings.EqualFold(name, strings.TrimSpace(angle)) { // "a@x <b@y>": programs show the one or the other
			p.flaws.bad = true
		}
		p.angled(name, comment, angle)
	case at:
		p.bare(written, comment)
	case written == "":
	case comma:
		p.pending = append(p.pending, written) // "Doe, Jane <jane@…>" lacks its quotes
	case strings.ContainsAny(written, " \"") || p.pending != nil:
		p.add(p.takePending(name), "")
		p.flaws.bad = true
	default:
		p.add("", written)
	}
}

func (p *addressParser) reset() {
	p.name.Reset()
	p.written.Reset()
	p.comment, p.angle, p.hasAngle, p.at = "", "", false, false
}

func (p *addressParser) anyAddr() bool {
	p.flushPending()
	for _, a := range p.out {
		if strings.Contains(a.Addr, "@") {
			return true
		}
	}
	return false
}

// fromNames looks for addresses in names, where no address stands anywhere else:
// some programs write the whole field as one encoded-word or quoted string.
func (p *addressParser) fromNames() {
	for i, a := range p.out {
		text := a.Name
		if text == "" {
			text, _ = decodeWords(a.Addr, p.limits.EncodedWords)
		}
		if !strings.Contains(text, "@") || strings.Contains(text, "=?") {
			continue
		}
		inner := addressParser{src: looseMailbox.Replace(text), limits: p.limits}
		inner.run()
		for _, b := range inner.out {
			if strings.Contains(b.Addr, "@") {
				p.out[i], p.flaws.bad = b, true
				break
			}
		}
	}
}

// entities are brackets as HTML writes them; looseMailbox is what stands for brackets in names.
var (
	entities     = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&quot;", `"`, "&amp;", "&")
	looseMailbox = strings.NewReplacer(`"`, "", "[mailto:", "<", " [", " <", "]", ">")
)
