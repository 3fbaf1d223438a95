package pyregex

import (
	"slices"
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
	fold   folder
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
	e.body(n.subs[0])
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

// body writes what is repeated. QUIRK(regexp2 v2.13.0): it takes a repeat of an
// atomic repeat for one atomic repeat, so that (?:x*+)?x finds nothing in "x". An
// assertion that always holds keeps the two apart.
func (e *emitter) body(n *node) {
	if !n.atomic() || e.linear {
		e.wrap("(?:", n)
		return
	}
	e.WriteString("(?:")
	e.node(n)
	e.WriteString(`(?!\z.))`)
}

// atomic reports whether nothing but an atomic group or a possessive repeat would be left of a node.
func (n *node) atomic() bool {
	switch n.op {
	case opConcat:
		return len(n.subs) > 0 && !slices.ContainsFunc(n.subs, func(sub *node) bool { return !sub.atomic() && !sub.nothing() })
	case opRepeat:
		return n.possessive || n.subs[0].atomic()
	case opAlternate:
		return slices.ContainsFunc(n.subs, (*node).atomic)
	}
	return n.op == opAtomic
}

// nothing reports whether a node matches the empty text only, and looks at nothing.
func (n *node) nothing() bool {
	return n.op == opConcat && !slices.ContainsFunc(n.subs, func(sub *node) bool { return !sub.nothing() }) || n.op == opRepeat && n.max == 0
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
	if n.r >= firstHalf && n.r <= lastHalf {
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
	if strings.ContainsRune(`\*+?|{}[]()^$.-`, r) {
		e.WriteByte('\\')
	}
	e.WriteRune(r)
}

// class writes a set. The kinds are named, which keeps the pattern short: only
// \W, in a set with others, has no name in either syntax.
func (e *emitter) class(c class, f flags) {
	c.ranges = withoutHalves(c.ranges)
	last := rune(unicode.MaxRune)
	if e.texts == asciiText {
		last = unicode.MaxASCII
	}
	if e.texts == asciiText || f.ascii {
		e.set("", e.fold.set(c, f, last), c.negate)
		return
	}
	rest, notWord := c.without(kind{'w', true})
	switch {
	case !notWord:
		e.named(c, f, e.set)
	case rest.empty():
		e.set(wordSet, nil, !c.negate)
	case !c.negate:
		e.WriteString("(?:[^" + wordSet + "]|")
		e.named(rest, f, e.brackets)
		e.WriteByte(')')
	case e.linear:
		e.set("", e.fold.set(c, f, last), true)
	default: // characters of words less the rest
		rest.negate = false
		e.WriteString("[" + wordSet + "-")
		e.named(rest, f, e.brackets)
		e.WriteByte(']')
	}
}

// wordSet is \w inside a set.
const wordSet = `\p{L}\p{N}_`

// named writes a set without \W.
func (e *emitter) named(c class, f flags, write func(named string, set []runeRange, negate bool)) {
	var names string
	var kinds []kind
	for _, k := range c.kinds {
		switch {
		case k == kind{'d', false}:
			names += `\p{Nd}`
		case k == kind{'d', true}:
			names += `\P{Nd}`
		case k.letter == 'w':
			names += wordSet
		default:
			kinds = append(kinds, k)
		}
	}
	c.kinds = kinds
	write(names, e.fold.set(c, f, unicode.MaxRune), c.negate)
}

// set writes a set of named and single characters, as short as it can be.
func (e *emitter) set(named string, set []runeRange, negate bool) {
	switch {
	case named != "" || len(set) > 1:
		e.brackets(named, set, negate)
	case len(set) == 0 && negate:
		e.WriteString(`(?s:.)`)
	case len(set) == 0:
		e.never()
	case !negate && set[0].lo == set[0].hi:
		e.rune(set[0].lo)
	default:
		e.brackets(named, set, negate)
	}
}

func (e *emitter) brackets(named string, set []runeRange, negate bool) {
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

func (e *emitter) ends(r runeRange) {
	e.rune(r.lo)
	if r.hi > r.lo {
		e.WriteByte('-')
		e.rune(r.hi)
	}
}
