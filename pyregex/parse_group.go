package pyregex

import (
	"strings"
	"unicode"
)

// group reads what a ( at start opens; nil for what leaves no node: comments and global flags.
func (p *parser) group(start int, f *flags, first bool) *node {
	n, inner, name := &node{op: opGroup, flags: *f}, *f, ""
	if p.accept('?') {
		switch r := p.next(); {
		case r < 0:
			p.fail(p.pos, "unexpected end of pattern")
		case r == 'P':
			if !p.accept('<') {
				return p.namedRef(*f)
			}
			name = p.until('>', "group name")
			p.checkName(name, 1)
		case r == ':':
			n.op = opConcat
		case r == '>':
			n.op = opAtomic
		case r == '#':
			p.comment(start)
			return nil
		case r == '=' || r == '!' || r == '<':
			return p.look(r, start, *f)
		case r == '(':
			return p.conditional(start, f)
		case flagLetter(r) || r == '-':
			scoped := p.inlineFlags(r, f)
			if scoped == nil {
				if !first {
					p.fail(start, "global flags not at the start of the expression")
				}
				return nil
			}
			n.op, inner = opConcat, *scoped
		default:
			p.fail(p.pos-2, "unknown extension ?%c", r)
		}
	}
	if n.op == opGroup {
		n.group = p.newGroup(name, start+len([]rune("(?P<")))
	}
	n.subs = []*node{p.alternatives(inner, false)}
	p.close(start)
	if n.op == opGroup {
		w := n.subs[0].width(p.groups)
		p.groups[n.group] = &w
	}
	return n
}

func (p *parser) close(start int) {
	if !p.accept(')') {
		p.fail(start, "missing ), unterminated subpattern")
	}
}

func (p *parser) comment(start int) {
	for {
		switch p.next() {
		case ')':
			return
		case -1:
			p.fail(start, "missing ), unterminated comment")
		}
	}
}

// namedRef reads what follows (?P, where it is no group: (?P=name).
func (p *parser) namedRef(f flags) *node {
	if !p.accept('=') {
		r := p.next()
		if r < 0 {
			p.fail(p.pos, "unexpected end of pattern")
		}
		p.fail(p.pos-3, "unknown extension ?P%c", r)
	}
	name := p.until(')', "group name")
	p.checkName(name, 1)
	group, ok := p.names[name]
	if !ok {
		p.fail(p.pos-len([]rune(name))-1, "unknown group name '%s'", name)
	}
	if !p.closed(group) {
		p.fail(p.pos-len([]rune(name))-1, "cannot refer to an open group")
	}
	p.checkBehind(group)
	return &node{op: opBackref, flags: f, group: group}
}

// look reads a look-around after (?=, (?! or (?<.
func (p *parser) look(r rune, start int, f flags) *node {
	n := &node{op: opLook, flags: f, negative: r == '!'}
	outer := p.behindFrom
	if r == '<' {
		switch r = p.next(); r {
		case -1:
			p.fail(p.pos, "unexpected end of pattern")
		case '=', '!':
			n.behind, n.negative = true, r == '!'
		default:
			p.fail(p.pos-3, "unknown extension ?<%c", r)
		}
		if outer == 0 {
			p.behindFrom = len(p.groups)
		}
	}
	n.subs = []*node{p.alternatives(f, false)}
	p.behindFrom = outer
	p.close(start)
	if w := n.subs[0].width(p.groups); n.behind && w.min != w.max {
		p.wideBehind = true // Python finds this last
	}
	return n
}

// conditional reads (?(group)yes|no) after its second parenthesis.
func (p *parser) conditional(start int, f *flags) *node {
	pos := p.pos
	n := &node{op: opCond, flags: *f, group: p.condGroup(p.until(')', "group name"), pos)}
	p.checkBehind(n.group)
	if p.nesting++; p.nesting > maxNesting {
		p.fail(p.pos, "the pattern nests groups more than %d deep", maxNesting)
	}
	n.subs = []*node{p.sequence(f, false), {op: opConcat}}
	if p.accept('|') {
		n.subs[1] = p.sequence(f, false)
		if p.peek() == '|' {
			p.fail(p.pos, "conditional backref with more than two branches")
		}
	}
	p.nesting--
	p.close(start)
	return n
}

func (p *parser) condGroup(name string, pos int) int {
	if strings.Trim(name, "0123456789") != "" || name == "" {
		p.checkName(name, 1)
		group, ok := p.names[name]
		if !ok {
			p.fail(pos, "unknown group name '%s'", name)
		}
		return group
	}
	group := 0
	for _, d := range name {
		if group = group*10 + int(d-'0'); group > maxGroups {
			p.fail(pos, "invalid group reference %s", name)
		}
	}
	if group == 0 {
		p.fail(pos, "bad group number")
	}
	p.conds = append(p.conds, condRef{group, pos})
	return group
}

func flagLetter(r rune) bool { return r > 0 && strings.ContainsRune("aiLmstux", r) }

// inlineFlags reads flags whose first letter is r. It returns the flags inside a
// group such as (?i:…), or nil for global ones, which it adds to f.
func (p *parser) inlineFlags(r rune, f *flags) *flags {
	add, drop := "", ""
	if r != '-' {
		add, r = p.flagLetters(r, ")-:", "missing -, : or )")
		if r == ')' {
			p.global(add, f)
			return nil
		}
	}
	if r == '-' {
		if r = p.next(); !flagLetter(r) {
			p.flagError(r, "missing flag")
		}
		drop, _ = p.flagLetters(r, ":", "missing :")
		if strings.ContainsAny(drop, "auL") {
			p.fail(p.pos-1, "bad inline flags: cannot turn off flags 'a', 'u' and 'L'")
		}
	}
	if strings.ContainsAny(add, drop) {
		p.fail(p.pos-1, "bad inline flags: flag turned on and off")
	}
	inner := *f
	inner.set(add, true)
	inner.set(drop, false)
	return &inner
}

// flagLetters reads letters from r on up to one of the ends, which it returns too.
func (p *parser) flagLetters(r rune, ends, missing string) (string, rune) {
	var letters strings.Builder
	for {
		if r == 'L' {
			p.fail(p.pos, "bad inline flags: cannot use 'L' flag with a str pattern")
		}
		if r == 't' {
			p.fail(p.pos, "the flag t is not supported")
		}
		letters.WriteRune(r)
		if strings.Contains(letters.String(), "a") && strings.Contains(letters.String(), "u") {
			p.fail(p.pos, "bad inline flags: flags 'a', 'u' and 'L' are incompatible")
		}
		if r = p.next(); r > 0 && strings.ContainsRune(ends, r) {
			return letters.String(), r
		}
		if !flagLetter(r) {
			p.flagError(r, missing)
		}
	}
}

func (p *parser) flagError(r rune, missing string) {
	if r < 0 {
		p.fail(p.pos, "%s", missing)
	}
	if unicode.IsLetter(r) {
		p.fail(p.pos-1, "unknown flag")
	}
	p.fail(p.pos-1, "%s", missing)
}

// global adds the flags of (?…) to those of the whole pattern.
func (p *parser) global(add string, f *flags) {
	p.flags.set(add, true)
	f.set(add, true)
}

func (f *flags) set(letters string, on bool) {
	for _, r := range letters {
		switch r {
		case 'i':
			f.ignoreCase = on
		case 'm':
			f.multiline = on
		case 's':
			f.dotAll = on
		case 'x':
			f.verbose = on
		case 'a':
			f.ascii = on
		case 'u':
			f.ascii = false
		}
	}
}
