package pyregex

import (
	"fmt"
	"strings"
	"unicode"
)

// Limits of a pattern; a person reaches none of them.
const (
	maxPattern      = 64 << 10 // bytes
	maxNesting      = 200      // groups within groups
	maxAlternatives = 5_000    // of one group
	maxGroups       = 1_000
	maxCount        = 1<<32 - 1 // Python's MAXREPEAT: from here on it refuses a count
)

// SyntaxError says why a pattern does not compile. What Python refuses is told in its words.
type SyntaxError struct {
	Text string // "nothing to repeat"
	Pos  int    // characters from the beginning of the pattern; -1: it concerns the pattern as a whole
}

func (e *SyntaxError) Error() string {
	if e.Pos < 0 {
		return e.Text
	}
	return fmt.Sprintf("%s at position %d", e.Text, e.Pos)
}

// parser reads a pattern as Python's re (3.11) does.
type parser struct {
	src   []rune
	pos   int
	flags flags // the global ones

	names      map[string]int
	groups     []*width // by number; nil while a group is open; [0] is nil
	behindFrom int      // groups from this number on were opened in the look-behind around; 0: there is none
	wideBehind bool     // a look-behind has no fixed width
	conds      []condRef
	nesting    int
}

// condRef is a group that a conditional names by number, checked when all are known.
type condRef struct{ group, pos int }

// parsed is a pattern that has been read.
type parsed struct {
	root   *node
	groups []*width
	names  []string // by number, "" for groups without a name; [0] is ""
}

// parse reads a pattern; the error is a *SyntaxError.
func parse(pattern string, f flags) (out parsed, err error) {
	if len(pattern) > maxPattern {
		return parsed{}, &SyntaxError{fmt.Sprintf("the pattern has %d bytes, at most %d are taken", len(pattern), maxPattern), -1}
	}
	p := &parser{src: []rune(pattern), flags: f, names: map[string]int{}, groups: []*width{nil}}
	defer func() {
		if r := recover(); r != nil {
			syntax, ok := r.(*SyntaxError)
			if !ok {
				panic(r)
			}
			err = syntax
		}
	}()
	root := p.alternatives(f, true)
	if p.more() {
		p.fail(p.pos, "unbalanced parenthesis")
	}
	for _, ref := range p.conds {
		if ref.group >= len(p.groups) {
			p.fail(ref.pos, "invalid group reference %d", ref.group)
		}
	}
	if p.wideBehind {
		p.fail(-1, "look-behind requires fixed-width pattern")
	}
	return parsed{root, p.groups, p.groupNames()}, nil
}

func (p *parser) groupNames() []string {
	names := make([]string, len(p.groups))
	for name, group := range p.names {
		names[group] = name
	}
	return names
}

// fail ends the reading; parse returns the error.
func (p *parser) fail(pos int, format string, args ...any) {
	panic(&SyntaxError{fmt.Sprintf(format, args...), pos})
}

func (p *parser) more() bool { return p.pos < len(p.src) }

// peek returns the next character, -1 at the end.
func (p *parser) peek() rune {
	if !p.more() {
		return -1
	}
	return p.src[p.pos]
}

func (p *parser) next() rune {
	r := p.peek()
	if r >= 0 {
		p.pos++
	}
	return r
}

func (p *parser) accept(r rune) bool {
	if p.peek() != r {
		return false
	}
	p.pos++
	return true
}

// while reads up to most characters of a set.
func (p *parser) while(most int, set string) string {
	start := p.pos
	for p.pos-start < most && p.more() && strings.ContainsRune(set, p.src[p.pos]) {
		p.pos++
	}
	return string(p.src[start:p.pos])
}

// until reads up to a terminator, which it takes too.
func (p *parser) until(terminator rune, what string) string {
	start := p.pos
	for p.more() {
		if p.next() == terminator {
			if p.pos-1 == start {
				p.fail(start, "missing %s", what)
			}
			return string(p.src[start : p.pos-1])
		}
	}
	if p.pos == start {
		p.fail(start, "missing %s", what)
	}
	p.fail(start, "missing %c, unterminated name", terminator)
	return ""
}

// alternatives reads branches parted by |, up to the end or a closing parenthesis.
func (p *parser) alternatives(f flags, top bool) *node {
	if p.nesting++; p.nesting > maxNesting {
		p.fail(p.pos, "the pattern nests groups more than %d deep", maxNesting)
	}
	defer func() { p.nesting-- }()
	var branches []*node
	for {
		branches = append(branches, p.sequence(&f, top && len(branches) == 0))
		if len(branches) > maxAlternatives {
			p.fail(p.pos, "the pattern has more than %d alternatives in one group", maxAlternatives)
		}
		if !p.accept('|') {
			break
		}
	}
	if len(branches) == 1 {
		return branches[0]
	}
	return &node{op: opAlternate, subs: branches}
}

// sequence reads one branch. Global flags may stand where first is set, before
// anything else; they change f.
func (p *parser) sequence(f *flags, first bool) *node {
	seq := &node{op: opConcat}
	for p.more() && p.peek() != '|' && p.peek() != ')' {
		start := p.pos
		r := p.next()
		if f.verbose && p.skipVerbose(r) {
			continue
		}
		switch r {
		case '*', '+', '?', '{':
			if n := p.repeat(r, start, seq, *f); n != nil {
				seq.subs = append(seq.subs, n)
			}
		case '(':
			if n := p.group(start, f, first && len(seq.subs) == 0); n != nil {
				seq.subs = append(seq.subs, n)
			}
		default:
			seq.subs = append(seq.subs, p.atom(r, start, *f))
		}
	}
	return seq
}

// skipVerbose reports whether r is white space or opens a comment, which it takes.
func (p *parser) skipVerbose(r rune) bool {
	if strings.ContainsRune(" \t\n\r\v\f", r) {
		return true
	}
	if r != '#' {
		return false
	}
	for p.more() && p.next() != '\n' {
	}
	return true
}

func (p *parser) atom(r rune, start int, f flags) *node {
	n := &node{op: opLiteral, flags: f, r: r}
	switch r {
	case '\\':
		return p.escape(start, f)
	case '[':
		n.op, n.class = opClass, p.set(start)
	case '.':
		n.op = opAny
	case '^':
		n.op = opBegin
		if f.multiline {
			n.op = opLineBegin
		}
	case '$':
		n.op = opLastLine
		if f.multiline {
			n.op = opLineEnd
		}
	}
	return n
}

// repeat reads a repeat whose first character was r. It takes the item that is
// repeated out of seq, and returns nil for a { that is one.
func (p *parser) repeat(r rune, start int, seq *node, f flags) *node {
	least, most, ok := p.counts(r, start)
	if !ok {
		return &node{op: opLiteral, flags: f, r: '{'}
	}
	if len(seq.subs) == 0 || seq.subs[len(seq.subs)-1].assertion() {
		p.fail(start, "nothing to repeat")
	}
	item := seq.subs[len(seq.subs)-1]
	if item.op == opRepeat {
		p.fail(start, "multiple repeat")
	}
	seq.subs = seq.subs[:len(seq.subs)-1]
	n := &node{op: opRepeat, subs: []*node{item}, min: least, max: most}
	if p.accept('?') {
		n.lazy = true
	} else if p.accept('+') {
		n.possessive = true
	}
	return n
}

// assertion reports whether a node is one that Python refuses to repeat.
func (n *node) assertion() bool { return n.op >= opBegin && n.op <= opInside }

func (p *parser) counts(r rune, start int) (least, most int, ok bool) {
	switch r {
	case '*':
		return 0, infinite, true
	case '+':
		return 1, infinite, true
	case '?':
		return 0, 1, true
	}
	if p.peek() == '}' {
		return 0, 0, false
	}
	const decimal = "0123456789"
	lo := p.while(len(p.src), decimal)
	hi := lo
	if p.accept(',') {
		hi = p.while(len(p.src), decimal)
	}
	if !p.accept('}') {
		p.pos = start + 1
		return 0, 0, false
	}
	most = infinite
	if lo != "" {
		least = p.count(lo, start)
	}
	if hi != "" {
		if most = p.count(hi, start); most < least {
			p.fail(start+1, "min repeat greater than max repeat")
		}
	}
	if least == infinite {
		p.fail(start+1, "a repeat of %s or more is not supported", lo)
	}
	return least, most, true
}

// count reads a decimal, cut at infinite.
func (p *parser) count(digits string, start int) int {
	n := int64(0)
	for _, d := range digits {
		if n = n*10 + int64(d-'0'); n >= maxCount {
			p.fail(start+1, "the repetition number is too large")
		}
	}
	return int(min(n, infinite))
}

// newGroup opens a capturing group.
func (p *parser) newGroup(name string, pos int) int {
	number := len(p.groups)
	if number > maxGroups {
		p.fail(pos, "the pattern has more than %d groups", maxGroups)
	}
	p.groups = append(p.groups, nil)
	if name == "" {
		return number
	}
	if was, ok := p.names[name]; ok {
		p.fail(pos, "redefinition of group name '%s' as group %d; was group %d", name, number, was)
	}
	p.names[name] = number
	return number
}

// closed reports whether a group can be referred to.
func (p *parser) closed(group int) bool { return group < len(p.groups) && p.groups[group] != nil }

// checkBehind refuses a reference to a group of the look-behind around it.
func (p *parser) checkBehind(group int) {
	if p.behindFrom == 0 {
		return
	}
	if !p.closed(group) {
		p.fail(p.pos, "cannot refer to an open group")
	}
	if group >= p.behindFrom {
		p.fail(p.pos, "cannot refer to group defined in the same lookbehind subpattern")
	}
}

// checkName refuses what is no identifier.
func (p *parser) checkName(name string, offset int) {
	for i, r := range name {
		if r == '_' || unicode.IsLetter(r) || unicode.Is(unicode.Nl, r) || i > 0 && unicode.In(r, unicode.Nd, unicode.Mn, unicode.Mc, unicode.Pc) {
			continue
		}
		p.fail(p.pos-len([]rune(name))-offset, "bad character in group name '%s'", name)
	}
}
