package patterns

import (
	"strconv"
	"strings"
	"unicode"
)

// texts tells what a text holds, as far as it matters to how a pattern is best put.
type texts uint8

const (
	asciiText  texts = iota // nothing but ASCII: the sets are small
	plainText               // what the engine and Python agree on which characters make a word
	exoticText              // anything: \b is put as look-around
)

// emitter puts a parsed pattern into the syntax of regexp2 (that of .NET) or of
// Go's regexp. Case and the sets are written out, so that what an engine thinks
// of them does not matter; groups are numbered by their order in both.
type emitter struct {
	strings.Builder
	texts  texts
	linear bool // for Go's regexp
}

// translate returns the pattern for regexp2.
func translate(n *node, t texts) string {
	e := emitter{texts: t}
	e.node(n)
	return e.String()
}

// translateLinear returns the pattern for Go's regexp, as its first group; n must be linear.
func translateLinear(n *node, t texts) string {
	e := emitter{texts: t, linear: true}
	body, lastLine := n.cutLastLine()
	e.wrap("(", body)
	if lastLine { // what is taken behind the group is no part of the match
		e.WriteString(`\n?\z`)
	}
	return e.String()
}

func (e *emitter) node(n *node) {
	switch n.op {
	case opLiteral:
		e.literal(n)
	case opClass:
		e.class(n.class, n.flags)
	case opAny:
		e.WriteString(map[bool]string{false: `[^\n]`, true: `(?s:.)`}[n.flags.dotAll])
	case opGroup:
		e.wrap("(", n.subs[0])
	case opAtomic:
		e.wrap("(?>", n.subs[0])
	case opLook:
		e.wrap(map[[2]bool]string{{}: "(?=", {true, false}: "(?<=", {false, true}: "(?!", {true, true}: "(?<!"}[[2]bool{n.behind, n.negative}], n.subs[0])
	case opBackref:
		e.backref(n)
	case opCond:
		e.conditional(n)
	case opConcat:
		for _, sub := range n.subs {
			e.node(sub)
		}
	case opAlternate:
		e.alternate(n)
	case opRepeat:
		e.repeat(n)
	default:
		e.assertion(n)
	}
}

func (e *emitter) wrap(opening string, n *node) {
	e.WriteString(opening)
	if n.op == opAlternate {
		e.branches(n)
	} else {
		e.node(n)
	}
	e.WriteByte(')')
}

func (e *emitter) alternate(n *node) {
	e.WriteString("(?:")
	e.branches(n)
	e.WriteByte(')')
}

func (e *emitter) branches(n *node) {
	for i, sub := range n.subs {
		if i > 0 {
			e.WriteByte('|')
		}
		e.node(sub)
	}
}

func (e *emitter) backref(n *node) {
	opening := "(?:"
	if n.flags.ignoreCase {
		opening = "(?i:"
	}
	e.WriteString(opening + `\` + strconv.Itoa(n.group) + ")")
}

func (e *emitter) conditional(n *node) {
	e.WriteString("(?(" + strconv.Itoa(n.group) + ")(?:")
	e.node(n.subs[0])
	e.WriteString(")|(?:")
	e.node(n.subs[1])
	e.WriteString("))")
}

func (e *emitter) repeat(n *node) {
	if n.possessive {
		e.WriteString("(?>")
	}
	e.wrap("(?:", n.subs[0])
	switch {
	case n.min == 0 && n.max == infinite:
		e.WriteByte('*')
	case n.min == 1 && n.max == infinite:
		e.WriteByte('+')
	case n.max == infinite:
		e.WriteString("{" + strconv.Itoa(n.min) + ",}")
	default:
		e.WriteString("{" + strconv.Itoa(n.min) + "," + strconv.Itoa(n.max) + "}")
	}
	if n.lazy {
		e.WriteByte('?')
	}
	if n.possessive {
		e.WriteByte(')')
	}
}

func (e *emitter) assertion(n *node) {
	switch n.op {
	case opBegin:
		e.WriteString(`\A`)
	case opEnd:
		e.WriteString(`\z`)
	case opLineBegin:
		e.WriteString("(?m:^)")
	case opLineEnd:
		e.WriteString("(?m:$)")
	case opLastLine:
		e.WriteString(`(?=\n?\z)`)
	case opBoundary:
		e.boundary(n.flags, `\b`, `(?:(?<=W)(?!W)|(?<!W)(?=W))`)
	case opInside:
		// Up to 3.13 Python finds no \B in an empty text.
		e.boundary(n.flags, `(?:\B(?!\A\z))`, `(?:(?:(?<=W)(?=W)|(?<!W)(?!W))(?!\A\z))`)
	}
}

// boundary writes a word boundary, by look-around where the engine's own idea of a word is another than Python's.
func (e *emitter) boundary(f flags, own, around string) {
	if e.texts == asciiText || e.texts == plainText && !f.ascii {
		e.WriteString(own)
		return
	}
	word := `[\p{L}\p{N}_]`
	if f.ascii {
		word = `[0-9A-Z_a-z]`
	}
	e.WriteString(strings.ReplaceAll(around, "W", word))
}

func (e *emitter) literal(n *node) {
	if n.flags.ignoreCase {
		e.class(class{ranges: []runeRange{{n.r, n.r}}}, n.flags)
		return
	}
	if n.r >= 0xd800 && n.r <= 0xdfff { // half of a pair: no text holds one
		e.never()
		return
	}
	e.rune(n.r)
}

func (e *emitter) never() {
	if e.linear {
		e.WriteString(`[^\x00-\x{10FFFF}]`)
		return
	}
	e.WriteString("(?!)")
}

// rune writes a character, in a set or outside.
func (e *emitter) rune(r rune) {
	if strings.ContainsRune(`\*+?|{}[]()^$.#-&~`, r) && (r != '#' && r != '&' && r != '~') {
		e.WriteByte('\\')
	}
	e.WriteRune(r)
}

// class writes a set. Its kinds are named where the engines know them, for a
// short pattern, and written out where one is a complement.
func (e *emitter) class(c class, f flags) {
	last := rune(unicode.MaxRune)
	if e.texts == asciiText {
		last = unicode.MaxASCII
	}
	if len(c.kinds) == 1 && len(c.ranges) == 0 && c.kinds[0].not {
		c = class{negate: !c.negate, kinds: []kind{{letter: c.kinds[0].letter}}}
	}
	named := ""
	if last == unicode.MaxRune && !f.ascii {
		named, c.kinds = nameKinds(c.kinds)
	}
	e.set(named, c.set(f, last), c.negate)
}

// nameKinds returns the names of the kinds, and the kinds that are left.
func nameKinds(kinds []kind) (named string, rest []kind) {
	for _, k := range kinds {
		switch {
		case k.not:
			return "", kinds
		case k.letter == 'd':
			named += `\p{Nd}`
		case k.letter == 'w':
			named += `\p{L}\p{N}_`
		default:
			rest = append(rest, k)
		}
	}
	return named, rest
}

func (e *emitter) set(named string, set []runeRange, negate bool) {
	if named == "" {
		if len(set) == 0 && negate {
			e.WriteString(`(?s:.)`)
			return
		}
		if len(set) == 0 {
			e.never()
			return
		}
		if len(set) == 1 && set[0].lo == set[0].hi && !negate && set[0].lo != 0xd800 {
			e.rune(set[0].lo)
			return
		}
	}
	e.WriteByte('[')
	if negate {
		e.WriteByte('^')
	}
	e.WriteString(named)
	for _, r := range set {
		e.ends(r)
	}
	e.WriteByte(']')
}

// ends writes a range, without the halves of pairs, which stand in no text.
func (e *emitter) ends(r runeRange) {
	if r.lo >= 0xd800 && r.lo <= 0xdfff {
		r.lo = min(0xe000, r.hi)
	}
	if r.hi >= 0xd800 && r.hi <= 0xdfff {
		r.hi = 0xd7ff
	}
	if r.lo > r.hi {
		return
	}
	e.rune(r.lo)
	if r.hi > r.lo {
		e.WriteByte('-')
		e.rune(r.hi)
	}
}
