package message

import (
	"strings"
	"unicode/utf8"
)

// addressFlaws tells what was odd in an address field.
type addressFlaws struct {
	bad     bool
	tooMany bool
}

// parseAddresses reads an address-list (RFC 5322, sections 3.4 and 4.4) from a
// raw value: structure first, encoded-words after it, so that no encoded comma
// or bracket makes an address. It takes what real mail has: missing quotes and
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

// readAngle reads what stands in brackets. Without a closing one it ends at the next comma.
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
		if comma := strings.IndexByte(p.src[i:], ','); comma >= 0 {
			end = i + comma
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

// angled adds "name <addr>".
func (p *addressParser) angled(name, comment, angle string) {
	if name == "" {
		name = strings.TrimSpace(comment)
	}
	name = p.takePending(name)
	angle = strings.Trim(angle, " \t<>")
	if strings.HasPrefix(angle, "@") { // obs-route
		if colon := strings.IndexByte(angle, ':'); colon >= 0 {
			angle = angle[colon+1:]
		}
	}
	if strings.ContainsRune(angle, ',') && strings.Count(angle, "@") > 1 && !strings.ContainsRune(angle, '"') {
		p.flaws.bad = true
		for _, one := range strings.Split(angle, ",") {
			p.add(name, squeeze(one))
		}
		return
	}
	if open := strings.LastIndexByte(angle, '<'); open >= 0 && !strings.ContainsRune(angle, '"') { // "CEO <a@b <c@d>>": programs show the one or the other
		p.flaws.bad = true
		name = strings.TrimSpace(name + " " + strings.Trim(angle[:open], " \t<"))
		angle = angle[open+1:]
	}
	addr := angle
	if strings.Contains(angle, "@") {
		addr = squeeze(angle)
	}
	if addr == "" && name == "" {
		return // the null path, RFC 5321, section 4.5.5
	}
	p.flaws.bad = p.flaws.bad || !strings.Contains(addr, "@")
	p.add(name, addr)
}

func (p *addressParser) takePending(name string) string {
	if p.pending == nil {
		return name
	}
	p.flaws.bad = true
	name = strings.TrimRight(strings.Join(append(p.pending, name), ", "), ", ")
	p.pending = nil
	return name
}

// flushPending adds names that no address followed: local users, mostly.
func (p *addressParser) flushPending() {
	list := p.pending
	p.pending = nil
	for _, w := range list {
		p.flaws.bad = true
		if strings.ContainsAny(w, " \"") {
			p.add(strings.Trim(w, `"`), "")
		} else {
			p.add("", w)
		}
	}
}

func (p *addressParser) reset() {
	p.name.Reset()
	p.written.Reset()
	p.comment, p.angle, p.hasAngle, p.at = "", "", false, false
}

func (p *addressParser) add(name, addr string) {
	if p.flaws.tooMany = p.flaws.tooMany || len(p.out) >= p.limits.Addresses; p.flaws.tooMany {
		return
	}
	name, _ = decodeWords(name, p.limits.EncodedWords)
	if !utf8.ValidString(addr) {
		addr = fromWindows1252([]byte(addr))
	}
	name, addr = strings.TrimSpace(name), p.address(strings.TrimSpace(addr))
	if name == "" && isEncodedWord(addr) { // a name as the whole field
		name, _ = decodeWords(addr, p.limits.EncodedWords)
		addr, p.flaws.bad = "", true
	}
	if strings.IndexByte(name, 0) >= 0 || strings.IndexByte(addr, 0) >= 0 {
		name, addr = strings.ReplaceAll(name, "\x00", "\uFFFD"), strings.ReplaceAll(addr, "\x00", "\uFFFD")
	}
	if name != "" || addr != "" {
		p.out = append(p.out, Address{Name: name, Addr: addr})
	}
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
	looseMailbox = strings.NewReplacer(`"`, "", "[mailto:", "<", "]", ">")
)

// squeeze takes the comments and the blanks outside quotes out of an addr-spec.
func squeeze(s string) string {
	s, _ = dropComments(s)
	s = strings.TrimSpace(s)
	if !strings.ContainsAny(s, " \t") || strings.ContainsRune(s, '"') {
		return s
	}
	return strings.Join(strings.Fields(s), "")
}

// joinDots takes the blanks around "@" and "." away (obs-local-part, obs-domain).
func joinDots(s string) string {
	if !strings.ContainsRune(s, ' ') || strings.ContainsRune(s, '"') {
		return s
	}
	return aroundDots.Replace(s)
}

var aroundDots = strings.NewReplacer(" @ ", "@", " @", "@", "@ ", "@", " . ", ".", " .", ".", ". ", ".")

func cutPrefixFold(s, prefix string) (string, bool) {
	if len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix) {
		return s[len(prefix):], true
	}
	return s, false
}
