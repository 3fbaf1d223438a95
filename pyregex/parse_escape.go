package pyregex

import (
	"strconv"
	"strings"
	"unicode"
)

const (
	octal = "01234567"
	hex   = "0123456789abcdefABCDEF"
)

var assertions = map[rune]op{'A': opBegin, 'Z': opEnd, 'b': opBoundary, 'B': opInside}

var controls = map[rune]rune{'a': '\a', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t', 'v': '\v', '\\': '\\'}

// escape reads what follows a backslash at start, outside of a set.
func (p *parser) escape(start int, f flags) *node {
	r := p.next()
	if r < 0 {
		p.fail(start, "bad escape (end of pattern)")
	}
	n := &node{op: opLiteral, flags: f}
	if assertion, ok := assertions[r]; ok {
		n.op = assertion
		return n
	}
	if k, ok := kindOf(r); ok {
		n.op, n.class = opClass, class{kinds: []kind{k}}
		return n
	}
	if r >= '1' && r <= '9' {
		return p.reference(r, start, f)
	}
	if r == '0' {
		n.r = octalRune(p.while(2, octal))
		return n
	}
	n.r = p.character(r, start)
	return n
}

// kindOf returns the kind that \r stands for.
func kindOf(r rune) (kind, bool) {
	if r <= 0 || !strings.ContainsRune("dDsSwW", r) {
		return kind{}, false
	}
	return kind{letter: byte(unicode.ToLower(r)), not: unicode.IsUpper(r)}, true
}

func octalRune(digits string) rune {
	n, _ := strconv.ParseUint("0"+digits, 8, 32) // digits holds at most three octal digits
	return rune(n)
}

// character reads an escape that stands for one character, in a set or outside.
func (p *parser) character(r rune, start int) rune {
	if control, ok := controls[r]; ok {
		return control
	}
	switch r {
	case 'x':
		return p.hexRune(start, 2)
	case 'u':
		return p.hexRune(start, 4)
	case 'U':
		return p.hexRune(start, 8)
	case 'N':
		p.fail(start, `\N{…} is not supported, write the character itself or \u and its number;`)
	}
	if r < 0x80 && unicode.IsLetter(r) || r >= '0' && r <= '9' {
		p.fail(start, `bad escape \%c`, r)
	}
	return r
}

func (p *parser) hexRune(start, n int) rune {
	digits := p.while(n, hex)
	if len(digits) != n {
		p.fail(start, "incomplete escape %s", string(p.src[start:p.pos]))
	}
	value, _ := strconv.ParseUint(digits, 16, 32) // digits are hexadecimal and at most eight
	if value > unicode.MaxRune {
		p.fail(start, "bad escape %s", string(p.src[start:p.pos]))
	}
	return rune(value)
}

// reference reads \1 to \99, or three octal digits.
func (p *parser) reference(r rune, start int, f flags) *node {
	number := string(r)
	if d := p.peek(); d >= '0' && d <= '9' {
		number += string(p.next())
		if third := p.peek(); isOctal(r) && isOctal(d) && isOctal(third) {
			number += string(p.next())
			return &node{op: opLiteral, flags: f, r: p.octalEscape(number, start)}
		}
	}
	group, _ := strconv.Atoi(number) // one or two digits
	if group >= len(p.groups) {
		p.fail(start+1, "invalid group reference %d", group)
	}
	if !p.closed(group) {
		p.fail(start, "cannot refer to an open group")
	}
	p.checkBehind(group)
	return &node{op: opBackref, flags: f, group: group}
}

func isOctal(r rune) bool { return r >= '0' && r <= '7' }

func (p *parser) octalEscape(number string, start int) rune {
	value := octalRune(number)
	if value > 0o377 {
		p.fail(start, `octal escape value \%s outside of range 0-0o377`, number)
	}
	return value
}

// set reads a set whose [ stands at start.
func (p *parser) set(start int) class {
	c := class{negate: p.accept('^')}
	for first := true; ; first = false {
		here := p.pos
		r := p.next()
		switch {
		case r < 0:
			p.fail(start, "unterminated character set")
		case r == ']' && !first:
			return c
		}
		lo, k, isKind := p.member(r, here)
		if !p.accept('-') {
			c.add(lo, lo, k, isKind)
			continue
		}
		r = p.next()
		if r < 0 {
			p.fail(start, "unterminated character set")
		}
		if r == ']' {
			c.add(lo, lo, k, isKind)
			c.add('-', '-', kind{}, false)
			return c
		}
		hi, _, alsoKind := p.member(r, p.pos-1)
		if isKind || alsoKind || hi < lo {
			p.fail(here, "bad character range %s", string(p.src[here:p.pos]))
		}
		c.add(lo, hi, kind{}, false)
	}
}

func (c *class) add(lo, hi rune, k kind, isKind bool) {
	if isKind {
		c.kinds = append(c.kinds, k)
		return
	}
	c.ranges = append(c.ranges, runeRange{lo, hi})
}

// member reads one character or kind of a set; r is its first character.
func (p *parser) member(r rune, start int) (rune, kind, bool) {
	if r != '\\' {
		return r, kind{}, false
	}
	r = p.next()
	if r < 0 {
		p.fail(start, "bad escape (end of pattern)")
	}
	if k, ok := kindOf(r); ok {
		return 0, k, true
	}
	if isOctal(r) {
		return p.octalEscape(string(r)+p.while(2, octal), start), kind{}, false
	}
	return p.character(r, start), kind{}, false
}
