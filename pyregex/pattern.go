package pyregex

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"unicode"
	"unicode/utf8"

	"github.com/dlclark/regexp2/v2"
)

// Options are the flags that a pattern starts with.
type Options struct{ IgnoreCase, Multiline, DotAll bool }

// Pattern is a regular expression in the dialect of Python's re (3.11), with what
// docs/regex-dialect.md lists as differences. It must not be used by two
// goroutines at a time: its programs are made when they are first needed.
type Pattern struct {
	parsed
	backtrack  [exoticText + 1]programs
	goPrograms [exoticText + 1]*linearProgram
	explosive  bool
	isLinear   bool
	bounded    bool // it has a \b: Go's regexp knows that of ASCII only
}

// programs are a pattern for the backtracking engine.
type programs struct {
	any     *regexp2.Regexp // finds the next match
	nonzero *regexp2.Regexp // finds the next match that does not end where the search starts
}

// Compile reads a pattern. An error is a *[SyntaxError] and names the position
// where Python names it.
func Compile(pattern string, o Options) (*Pattern, error) {
	parsed, err := parse(pattern, flags{ignoreCase: o.IgnoreCase, multiline: o.Multiline, dotAll: o.DotAll})
	if err != nil {
		return nil, err
	}
	p := newPattern(parsed)
	// What the engine refuses shall be known before anything is contacted. Python
	// takes it, so there is no position to name.
	if _, err := p.program(asciiText, false); err != nil {
		return nil, &SyntaxError{"the pattern is not supported: " + err.Error(), -1}
	}
	return p, nil
}

func newPattern(of parsed) *Pattern {
	return &Pattern{
		parsed: of, explosive: of.root.explosive(), isLinear: of.root.linear(of.groups),
		bounded: of.root.any(func(n *node) bool { return n.op == opBoundary }),
	}
}

// Names returns the names of the groups by their number, "" for one without; the first is the whole match.
func (p *Pattern) Names() []string { return p.names }

// stackSlots bounds the memory of a search that backtracks: 2 million slots are 16 MiB.
const stackSlots = 2 << 20

// maxTranslated bounds what a pattern may become when its sets are written out, in bytes.
const maxTranslated = 4 << 20

// program returns the program for a sort of text, made at the first call.
func (p *Pattern) program(t texts, nonzero bool) (re *regexp2.Regexp, err error) {
	slot, source := &p.backtrack[t].any, ""
	if nonzero {
		slot = &p.backtrack[t].nonzero
	}
	if *slot != nil {
		return *slot, nil
	}
	source = translate(p.root, t)
	if len(source) > maxTranslated {
		return nil, errors.New("its sets are too large when case is ignored; make them fewer or shorter")
	}
	if nonzero {
		source = "(?:" + source + `)(?!\G)`
	}
	defer func() {
		if r := recover(); r != nil {
			re, err = nil, fmt.Errorf("the engine gave up on it (%v)", r)
		}
	}()
	re, err = regexp2.Compile(source, regexp2.OptionMaxBacktrackingStackSize(stackSlots), regexp2.OptionMaxCachedRuneBufferLength(0))
	*slot = re
	return re, err
}

// linearProgram is a pattern for the engine that needs linear time.
type linearProgram struct {
	re *regexp.Regexp // group 1 is the pattern
	// inside finds the next match from the second character on: what stands before is
	// context for \b and ^. nil where the pattern looks at no context.
	inside *regexp.Regexp
	size   int // steps per character at most
}

// hasLinear reports whether there is a linear program for a sort of text.
func (p *Pattern) hasLinear(t texts) bool {
	return p.isLinear && (t == asciiText || !p.bounded) && p.linear(t) != nil
}

// linear returns the linear program for a sort of text, made at the first call; nil where the engine refuses the pattern.
func (p *Pattern) linear(t texts) *linearProgram {
	if !p.isLinear || p.goPrograms[t] != nil {
		return p.goPrograms[t]
	}
	source := translateLinear(p.root, t)
	re, err := regexp.Compile(source)
	if err != nil {
		p.isLinear = false // too large for it
		return nil
	}
	program := &linearProgram{re: re, size: programSize(source)}
	if p.root.any(func(n *node) bool { return n.op == opBegin || n.op == opLineBegin || n.op == opBoundary }) {
		program.inside = regexp.MustCompile(`\A(?s:.)(?s:.*?)` + source)
	}
	p.goPrograms[t] = program
	return program
}

// sortOf tells what a text holds.
func sortOf(text string) texts {
	sort := asciiText
	for i := 0; i < len(text); {
		if text[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		if unicode.In(r, unicode.M, unicode.Pc, unicode.Nl, unicode.No) || r == 0x200c || r == 0x200d {
			return exoticText
		}
		sort = plainText
		i += size
	}
	return sort
}

// Group returns the number of a group: its number in digits, or its name.
func (p *Pattern) Group(nameOrNumber string) (int, bool) {
	if number, err := strconv.Atoi(nameOrNumber); err == nil {
		return number, number >= 0 && number < len(p.groups)
	}
	number := slices.Index(p.names[1:], nameOrNumber) + 1
	return number, number > 0 && nameOrNumber != ""
}
