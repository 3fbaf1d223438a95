package pyregex

import (
	"slices"
	"unicode"
)

// class is a set of characters as a pattern writes it.
type class struct {
	negate bool
	ranges []runeRange
	kinds  []kind
}

// runeRange has both of its ends.
type runeRange struct{ lo, hi rune }

// kind is one of Python's sets: 'd', 'w' or 's', or its complement.
type kind struct {
	letter byte
	not    bool
}

// Python's \s: str.isspace (bidirectional class WS, B or S, or category Zs).
var spaces = []runeRange{
	{'\t', '\r'},
	{0x1c, ' '},
	{0x85, 0x85},
	{0xa0, 0xa0},
	{0x1680, 0x1680},
	{0x2000, 0x200a},
	{0x2028, 0x2029},
	{0x202f, 0x202f},
	{0x205f, 0x205f},
	{0x3000, 0x3000},
}

// asciiKind returns the set under the flag ASCII.
func asciiKind(letter byte) []runeRange {
	switch letter {
	case 'd':
		return []runeRange{{'0', '9'}}
	case 's':
		return []runeRange{{'\t', '\r'}, {' ', ' '}}
	default:
		return []runeRange{{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}
	}
}

// unicodeKind returns the set without it: \d is Nd, \w is L, N and the underscore.
func unicodeKind(letter byte) []runeRange {
	switch letter {
	case 'd':
		return tables(unicode.Nd)
	case 's':
		return spaces
	default:
		return merge(append(tables(unicode.L, unicode.N), runeRange{'_', '_'}))
	}
}

func tables(of ...*unicode.RangeTable) []runeRange {
	var set []runeRange
	for _, table := range of {
		for _, r := range table.R16 {
			set = stride(set, rune(r.Lo), rune(r.Hi), rune(r.Stride))
		}
		for _, r := range table.R32 {
			set = stride(set, rune(r.Lo), rune(r.Hi), rune(r.Stride))
		}
	}
	return merge(set)
}

func stride(set []runeRange, lo, hi, step rune) []runeRange {
	if step == 1 {
		return append(set, runeRange{lo, hi})
	}
	for r := lo; r <= hi; r += step {
		set = append(set, runeRange{r, r})
	}
	return set
}

// merge sorts a set and joins what overlaps or touches.
func merge(set []runeRange) []runeRange {
	slices.SortFunc(set, func(a, b runeRange) int { return int(a.lo - b.lo) })
	var out []runeRange
	for _, r := range set {
		if n := len(out); n > 0 && r.lo <= out[n-1].hi+1 {
			out[n-1].hi = max(out[n-1].hi, r.hi)
			continue
		}
		out = append(out, r)
	}
	return out
}

// complement of a merged set, within 0 to last.
func complement(set []runeRange, last rune) []runeRange {
	var out []runeRange
	next := rune(0)
	for _, r := range set {
		if r.lo > next {
			out = append(out, runeRange{next, r.lo - 1})
		}
		next = r.hi + 1
	}
	if next <= last {
		out = append(out, runeRange{next, last})
	}
	return out
}

// cut ends a merged set at last.
func cut(set []runeRange, last rune) []runeRange {
	var out []runeRange
	for _, r := range set {
		if r.lo <= last {
			out = append(out, runeRange{r.lo, min(r.hi, last)})
		}
	}
	return out
}

// The halves of surrogate pairs: a pattern may name them, but no text holds one.
const (
	firstHalf = 0xd800
	lastHalf  = 0xdfff
)

func withoutHalves(ranges []runeRange) []runeRange {
	var out []runeRange
	for _, r := range ranges {
		if r.lo < firstHalf || r.hi > lastHalf {
			if r.lo >= firstHalf && r.lo <= lastHalf {
				r.lo = lastHalf + 1
			}
			if r.hi >= firstHalf && r.hi <= lastHalf {
				r.hi = firstHalf - 1
			}
			out = append(out, r)
		}
	}
	return out
}

// without returns the class less a kind, and whether it had it.
func (c class) without(k kind) (class, bool) {
	rest := c
	rest.kinds = nil
	for _, other := range c.kinds {
		if other != k {
			rest.kinds = append(rest.kinds, other)
		}
	}
	return rest, len(rest.kinds) < len(c.kinds)
}

func (c class) empty() bool { return len(c.kinds) == 0 && len(c.ranges) == 0 }

// folder writes out sets. It remembers what takes long to find.
type folder struct {
	cased []foldedRune // of Unicode
}

// foldedRune is a character that has another case, with all that equal it where case is ignored.
type foldedRune struct {
	r     rune
	equal []runeRange
}

// set computes the characters of a class up to last, before negation.
func (fo *folder) set(c class, f flags, last rune) []runeRange {
	set := slices.Clone(c.ranges)
	if f.ignoreCase {
		set = fo.ranges(set, f.ascii)
	}
	for _, k := range c.kinds {
		set = append(set, k.members(f.ascii, last)...)
	}
	return cut(merge(set), last)
}

// members are the characters of a kind; they may go beyond last.
func (k kind) members(ascii bool, last rune) []runeRange {
	var members []runeRange
	switch {
	case ascii || last <= unicode.MaxASCII && k.letter != 's': // \x1c to \x1f are spaces without the flag
		members = asciiKind(k.letter)
	default:
		members = unicodeKind(k.letter)
	}
	if k.not {
		return complement(members, unicode.MaxRune)
	}
	return members
}

// sameUpper are the groups of lower-case letters that share an upper-case one;
// Python takes the members of a group for equal where it ignores case.
var sameUpper = [][]rune{
	{'i', 0x131},
	{'s', 0x17f},
	{0xb5, 0x3bc},
	{0x345, 0x3b9, 0x1fbe},
	{0x390, 0x1fd3},
	{0x3b0, 0x1fe3},
	{0x3b2, 0x3d0},
	{0x3b5, 0x3f5},
	{0x3b8, 0x3d1},
	{0x3ba, 0x3f0},
	{0x3c0, 0x3d6},
	{0x3c1, 0x3f1},
	{0x3c2, 0x3c3},
	{0x3c6, 0x3d5},
	{0x432, 0x1c80},
	{0x434, 0x1c81},
	{0x43e, 0x1c82},
	{0x441, 0x1c83},
	{0x442, 0x1c84, 0x1c85},
	{0x44a, 0x1c86},
	{0x463, 0x1c87},
	{0xa64b, 0x1c88},
	{0x1e61, 0x1e9b},
	{0xfb05, 0xfb06},
}

// lower is str.lower of one character, as Python's engine does it.
func lower(r rune, ascii bool) rune {
	if ascii && r >= 0x80 {
		return r
	}
	return unicode.ToLower(r)
}

// equals returns the lower-case letters that are equal to the lower-case letter r, itself included.
func equals(r rune, ascii bool) []rune {
	if !ascii {
		for _, group := range sameUpper {
			if slices.Contains(group, r) {
				return group
			}
		}
	}
	return []rune{r}
}

// foldRune returns every character that equals r where case is ignored.
func foldRune(r rune, ascii bool) []runeRange {
	var set []runeRange
	for _, low := range equals(lower(r, ascii), ascii) {
		set = append(set, runeRange{low, low})
		for other := unicode.SimpleFold(low); other != low; other = unicode.SimpleFold(other) {
			if lower(other, ascii) == low {
				set = append(set, runeRange{other, other})
			}
		}
		if low == 'i' && !ascii {
			set = append(set, runeRange{0x130, 0x130}) // its lower case is i, but it has no simple folding
		}
	}
	return merge(set)
}

// longRange is where it takes longer to try each character than to look for those that have a case.
const longRange = 64

// ranges adds to a set what equals one of its characters where case is ignored.
func (fo *folder) ranges(set []runeRange, ascii bool) []runeRange {
	for _, r := range slices.Clone(set) {
		if ascii {
			r.hi = min(r.hi, unicode.MaxASCII)
		}
		if r.hi-r.lo < longRange || ascii {
			for c := r.lo; c <= r.hi; c++ {
				set = append(set, foldRune(c, ascii)...)
			}
			continue
		}
		for _, c := range fo.all() {
			if c.r >= r.lo && c.r <= r.hi {
				set = append(set, c.equal...)
			}
		}
	}
	return merge(set)
}

// all returns the characters that have another case.
func (fo *folder) all() []foldedRune {
	if fo.cased != nil {
		return fo.cased
	}
	add := func(r rune) {
		if equal := foldRune(r, false); len(equal) > 1 || equal[0].lo != equal[0].hi {
			fo.cased = append(fo.cased, foldedRune{r, equal})
		}
	}
	for _, r := range unicode.CaseRanges {
		for c := rune(r.Lo); c <= rune(r.Hi); c++ {
			add(c)
		}
	}
	for _, group := range sameUpper {
		for _, r := range group {
			add(r)
		}
	}
	return fo.cased
}
