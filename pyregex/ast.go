package pyregex

// op is what a node of a parsed pattern does.
type op uint8

const (
	opLiteral   op = iota // r
	opClass               // class
	opAny                 // any character, with dotAll the newline too
	opBegin               // \A, and ^ without multiline
	opEnd                 // \Z
	opLineBegin           // ^ with multiline
	opLineEnd             // $ with multiline
	opLastLine            // $ without: at the end, and before a newline there
	opBoundary            // \b
	opInside              // \B
	opGroup               // ( ), captures into group
	opAtomic              // (?> )
	opLook                // look-ahead or look-behind
	opBackref             // the text of group again
	opCond                // (?(group)subs[0]|subs[1])
	opConcat              // subs in order; without any it matches the empty text
	opAlternate           // the first of subs that leads to a match
	opRepeat              // subs[0], min to max times
)

// flags are those in force where a node stands.
type flags struct{ ignoreCase, multiline, dotAll, verbose, ascii bool }

// node is a part of a parsed pattern.
type node struct {
	op    op
	flags flags
	r     rune
	class class
	group int // for opGroup, opBackref and opCond
	subs  []*node

	min, max         int // max infinite: no limit
	lazy, possessive bool
	behind, negative bool // for opLook
}

// infinite is beyond any count that is of use; the engines count in 32 bits.
const infinite = 1<<31 - 1

// width is how many characters a node can match. Both are cut at infinite.
type width struct{ min, max int }

func (w width) plus(o width) width {
	return width{min(w.min+o.min, infinite), min(w.max+o.max, infinite)}
}

func (w width) or(o width) width { return width{min(w.min, o.min), max(w.max, o.max)} }

func (w width) times(least, most int) width {
	return width{product(w.min, least), product(w.max, most)}
}

// product is cut at infinite; both factors are at most that.
func product(a, b int) int { return int(min(int64(a)*int64(b), infinite)) }

// width computes what a node can match; groups are the widths of the groups closed so far.
func (n *node) width(groups []*width) width {
	switch n.op {
	case opLiteral, opClass, opAny:
		return width{1, 1}
	case opGroup, opAtomic:
		return n.subs[0].width(groups)
	case opBackref:
		return *groups[n.group]
	case opRepeat:
		return n.subs[0].width(groups).times(n.min, n.max)
	case opConcat:
		var w width
		for _, sub := range n.subs {
			w = w.plus(sub.width(groups))
		}
		return w
	case opAlternate, opCond:
		w := n.subs[0].width(groups)
		for _, sub := range n.subs[1:] {
			w = w.or(sub.width(groups))
		}
		return w
	default:
		return width{}
	}
}

// any reports whether a node or one below it has a property.
func (n *node) any(has func(*node) bool) bool {
	if has(n) {
		return true
	}
	for _, sub := range n.subs {
		if sub.any(has) {
			return true
		}
	}
	return false
}

// explosive reports whether a backtracking engine may need time exponential in
// the length of the text: a repeat that holds a choice.
func (n *node) explosive() bool {
	return n.any(func(outer *node) bool {
		return outer.op == opRepeat && outer.max > 8 && outer.subs[0].any(func(inner *node) bool {
			return inner.op == opAlternate || inner.op == opRepeat && inner.min != inner.max
		})
	})
}

// cutLastLine returns the pattern without the $ that it ends in, and whether there is one.
func (n *node) cutLastLine() (*node, bool) {
	last := len(n.subs) - 1
	if n.op != opConcat || last < 0 || n.subs[last].op != opLastLine {
		return n, false
	}
	return &node{op: opConcat, subs: n.subs[:last]}, true
}

const maxLinearRepeat = 1_000 // Go's regexp takes no larger count

// linear reports whether Go's regexp, which needs time linear in the length of
// the text, gives the same matches: it knows no look-around, no reference, no
// atomic group, no $ before a last newline but where nothing follows it, and has its own mind on repeats of
// what can be empty and on the match after an empty one.
func (n *node) linear(groups []*width) bool {
	body, _ := n.cutLastLine()
	return n.width(groups).min > 0 && !body.any(func(n *node) bool {
		switch n.op {
		case opAtomic, opLook, opBackref, opCond, opLastLine, opInside:
			return true
		case opRepeat:
			big := n.min > maxLinearRepeat || n.max != infinite && n.max > maxLinearRepeat
			return n.possessive || big || n.subs[0].width(groups).min == 0
		}
		return false
	})
}
