package pyregex

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp/syntax"
	"slices"
	"strconv"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/dlclark/regexp2/v2"
)

// Limits bound what one search may cost. A zero field has its default.
type Limits struct {
	Timeout    time.Duration // for the whole text; the search ends at most 300 ms later
	MaxMatches int
	Piece      int // bytes that are searched at once
}

// Defaults of Limits.
const (
	DefaultTimeout    = 250 * time.Millisecond
	DefaultMaxMatches = 1_000
	DefaultPiece      = 4 << 20
)

// overlap is how much of a piece, in bytes, is left to the next one: a match that
// starts there is found in the next piece, so that it is found whole. A match
// longer than that may be cut where a piece of 4 MiB ends.
const overlap = 64 << 10

// context is how much of the text before a piece look-behind and \b can see, in bytes.
const contextBytes = 1 << 10

// WithDefaults returns the limits with every zero field set to its default.
func (l Limits) WithDefaults() Limits {
	if l.Timeout <= 0 {
		l.Timeout = DefaultTimeout
	}
	if l.MaxMatches <= 0 {
		l.MaxMatches = DefaultMaxMatches
	}
	if l.Piece <= 0 {
		l.Piece = DefaultPiece
	}
	l.Piece = max(l.Piece, 4*overlap)
	return l
}

// Span is a stretch of the text in bytes; both are -1 for a group without part in the match.
type Span struct{ Start, End int }

// Match is one match: its groups by number, the whole match first.
type Match struct{ Groups []Span }

// Text returns the text of a group, "" for one without part in the match.
func (m Match) Text(text string, group int) string {
	if s := m.Groups[group]; s.Start >= 0 {
		return text[s.Start:s.End]
	}
	return ""
}

// Result is what a search found. After a limit it holds what was found before it.
type Result struct {
	Matches   []Match
	TimedOut  bool   // the search did not get to the end of the text
	Truncated bool   // there may be more than MaxMatches matches
	Problem   string // why it timed out or failed, one sentence; "" otherwise
}

// errCostly ends a search whose time is up.
var errCostly = errors.New("time is up")

// FindAll returns the matches in a text, as Python's finditer (3.7 and later)
// would: from left to right, an empty match also right behind another one. The
// text must be valid UTF-8. An ended context ends it like a timeout.
func (p *Pattern) FindAll(ctx context.Context, text string, l Limits) Result {
	l = l.WithDefaults()
	s := &search{p: p, ctx: ctx, text: text, limits: l, deadline: time.Now().Add(l.Timeout)}
	err := s.pieces()
	switch {
	case errors.Is(err, errCostly):
		s.result.TimedOut = true
		s.result.Problem = fmt.Sprintf("the pattern did not get through the text within %v; what was found until then is given", l.Timeout)
	case errors.Is(err, regexp2.ErrBacktrackingStackLimit):
		s.result.TimedOut = true
		s.result.Problem = "the pattern needs too much memory on this text; what was found until then is given"
	case err != nil:
		s.result.Problem = "the pattern engine failed on this text: " + err.Error()
	}
	return s.result
}

// search is one call of FindAll.
type search struct {
	p        *Pattern
	ctx      context.Context
	text     string
	limits   Limits
	deadline time.Time
	result   Result

	piece piece
	pos   int  // where the next match may start, bytes in text
	empty bool // the last match was empty and ended at pos
}

// over reports why the search must end; nil to go on.
func (s *search) over() error {
	if s.ctx.Err() != nil || !time.Now().Before(s.deadline) {
		return errCostly
	}
	return nil
}

// full reports whether there are enough matches.
func (s *search) full() bool {
	if len(s.result.Matches) < s.limits.MaxMatches {
		return false
	}
	s.result.Truncated = true
	return true
}

// pieces searches the text piece by piece. A panic of an engine is an error.
func (s *search) pieces() (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("it gave up (%v)", r)
		}
	}()
	for {
		s.piece.set(s.text, s.pos, s.limits.Piece)
		if err := s.one(); err != nil || s.full() || s.piece.last {
			return err
		}
		s.pos, s.empty = max(s.pos, s.piece.limit), s.empty && s.pos >= s.piece.limit
	}
}

// briefTrial is what regexp2 gets for a pattern that may explode, on a text that
// is long: where the text is harmless, it is done by then.
const briefTrial = 25 * time.Millisecond

// longText is from where on Go's regexp takes a tenth of a second or more, in bytes.
const longText = 1 << 20

// one searches a piece with regexp2, which is fast on most texts, or with Go's
// regexp where the pattern may explode and the two mean the same by it. Go's goes on where the other gave up.
func (s *search) one() error {
	sort := sortOf(s.piece.text)
	if trial := s.trial(sort); trial > 0 {
		err := s.attempt(sort, trial)
		costly := errors.Is(err, errCostly) || errors.Is(err, regexp2.ErrBacktrackingStackLimit)
		if !costly || !s.p.hasLinear(sort) {
			return err
		}
	}
	return s.goThrough(s.p.linear(sort))
}

// trial returns how long regexp2 may try.
func (s *search) trial(sort texts) time.Duration {
	switch {
	case !s.p.explosive || !s.p.hasLinear(sort):
		return s.left()
	case len(s.piece.text) < longText:
		return 0
	default:
		return briefTrial
	}
}

// attempt is backtrack with less time.
func (s *search) attempt(sort texts, limit time.Duration) error {
	deadline := s.deadline
	defer func() { s.deadline = deadline }()
	if end := time.Now().Add(limit); end.Before(deadline) {
		s.deadline = end
	}
	return s.backtrack(sort)
}

// add takes a match whose spans are bytes of the text. It returns false when the
// search of the piece is over: the match starts where the next piece begins its
// own search, or there are enough.
func (s *search) add(groups []Span) bool {
	whole := groups[0]
	if !s.piece.last && (whole.Start >= s.piece.limit || whole.End >= s.piece.end && whole.Start > s.piece.start+overlap) {
		s.piece.limit = min(s.piece.limit, whole.Start)
		return false
	}
	if s.full() {
		return false
	}
	s.result.Matches = append(s.result.Matches, Match{groups})
	s.pos, s.empty = whole.End, whole.Start == whole.End
	return true
}

// backtrack searches the piece with regexp2.
func (s *search) backtrack(sort texts) error {
	runes := s.piece.decode()
	for {
		re, err := s.p.program(sort, s.empty)
		if err != nil {
			return err
		}
		again, err := s.stretch(re, runes)
		if err != nil || !again {
			return err
		}
	}
}

// tick is how often regexp2 looks at the clock while it searches; by itself it
// does so every 100 ms, which is too coarse for limits of 250 ms.
const tick = 10 * time.Millisecond

// setTick is called before the first search: the library has one clock for all.
var setTick = sync.OnceFunc(func() { regexp2.SetTimeoutCheckPeriod(tick) })

// left is the time that is left for one call of regexp2.
func (s *search) left() time.Duration { return max(time.Until(s.deadline), time.Millisecond) }

// stretch runs one program until there is no match left, the search is over, or
// another program must go on (then it returns true).
func (s *search) stretch(re *regexp2.Regexp, runes []rune) (again bool, err error) {
	if err := s.over(); err != nil {
		return false, err
	}
	setTick()
	started := s.empty
	var ended error
	re.MatchTimeout = s.left()
	err = re.FindRunesMatches(runes, s.piece.runeAt(s.pos), func(v regexp2.MatchView) bool {
		again = s.add(s.spans(v))
		if !again {
			return false
		}
		if ended = s.over(); ended != nil {
			return false
		}
		re.MatchTimeout = s.left()
		if s.empty || started {
			return false
		}
		again = false
		return true
	})
	switch {
	case ended != nil:
		return false, ended
	case err == nil || errors.Is(err, regexp2.ErrBacktrackingStackLimit):
		return again, err
	case !time.Now().Before(s.deadline.Add(-tick)):
		return false, errCostly
	default:
		return false, err
	}
}

// spans reads the groups of a match.
func (s *search) spans(v regexp2.MatchView) []Span {
	groups := make([]Span, len(s.p.groups))
	for i := range groups {
		at, n, ok := v.GroupRange(i)
		if !ok {
			groups[i] = Span{-1, -1}
			continue
		}
		start := s.piece.byteAt(at)
		groups[i] = Span{start, s.piece.byteAt(at + n)}
	}
	return groups
}

// maxLinearSteps bounds a call of Go's regexp that nothing can interrupt: about a
// tenth of a second. Beyond it the text is given to it as a stream, which can end
// early but is slower.
const maxLinearSteps = 8 << 20

func programSize(source string) int {
	parsed, err := syntax.Parse(source, syntax.Perl)
	if err != nil {
		return maxLinearSteps
	}
	program, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return maxLinearSteps
	}
	return len(program.Inst)
}

// goThrough searches the piece with Go's regexp, match by match.
func (s *search) goThrough(program *linearProgram) error {
	for {
		if err := s.over(); err != nil {
			return err
		}
		groups, err := s.next(program)
		if err != nil || groups == nil || !s.add(groups) {
			return err
		}
	}
}

// next returns the groups of the first match from s.pos on, nil where there is none.
func (s *search) next(l *linearProgram) ([]Span, error) {
	re, from := l.re, s.pos
	if from > s.piece.start && l.inside != nil {
		_, size := utf8.DecodeLastRuneInString(s.text[s.piece.start:from])
		re, from = l.inside, from-size
	}
	text := s.text[from:s.piece.end]
	if l.size*len(text) <= maxLinearSteps {
		return spansFrom(re.FindStringSubmatchIndex(text), from), nil
	}
	stream := &stream{search: s, text: text}
	found := re.FindReaderSubmatchIndex(stream)
	if stream.err != nil {
		return nil, stream.err
	}
	return spansFrom(found, from), nil
}

// spansFrom reads the groups behind the first one, which is the whole match, of a text that begins at from.
func spansFrom(found []int, from int) []Span {
	if found == nil {
		return nil
	}
	groups := make([]Span, len(found)/2-1)
	for i := range groups {
		groups[i] = Span{-1, -1}
		if start := found[2*i+2]; start >= 0 {
			groups[i] = Span{start + from, found[2*i+3] + from}
		}
	}
	return groups
}

// stream is a text that ends when the time is up.
type stream struct {
	search *search
	text   string
	read   int // runes
	err    error
}

// lookEvery is how many characters a stream gives before it looks at the clock.
const lookEvery = 256

// ReadRune implements io.RuneReader.
func (s *stream) ReadRune() (rune, int, error) {
	if s.read++; s.read%lookEvery == 0 {
		s.err = s.search.over()
	}
	if s.text == "" || s.err != nil {
		return 0, 0, io.EOF
	}
	r, size := utf8.DecodeRuneInString(s.text)
	s.text = s.text[size:]
	return r, size, nil
}

// piece is the part of a text that is searched at once.
type piece struct {
	text       string
	start, end int  // bytes of the whole text; the search starts at or behind start
	limit      int  // a match that starts here or later is the next piece's
	last       bool // the text ends with this piece
	runes      []rune
	marks      []int32 // byte offset in text of each 256th rune; nil for ASCII
}

// set makes it the piece for a search from pos on.
func (p *piece) set(text string, pos, size int) {
	p.start = runeStart(text, max(0, pos-contextBytes))
	p.end = len(text)
	p.last = true
	if len(text)-p.start > size {
		p.end, p.last = runeStart(text, p.start+size), false
	}
	p.limit = p.end
	if !p.last {
		p.limit = runeStart(text, p.end-overlap)
	}
	p.text = text[p.start:p.end]
}

// runeStart moves back to the beginning of a character.
func runeStart(text string, i int) int {
	for i > 0 && i < len(text) && !utf8.RuneStart(text[i]) {
		i--
	}
	return i
}

const markEvery = 256

// decode makes the runes of the piece; regexp2 works on nothing else.
func (p *piece) decode() []rune {
	p.runes, p.marks = p.runes[:0], nil
	if cap(p.runes) < len(p.text) {
		p.runes = make([]rune, 0, len(p.text))
	}
	for i, r := range p.text {
		if len(p.runes)%markEvery == 0 {
			p.marks = append(p.marks, int32(i))
		}
		p.runes = append(p.runes, r)
	}
	if len(p.runes) == len(p.text) {
		p.marks = nil
	}
	return p.runes
}

// byteAt returns the offset in the whole text of a rune of the piece.
func (p *piece) byteAt(index int) int {
	if p.marks == nil {
		return p.start + index
	}
	if index >= len(p.runes) {
		return p.end
	}
	at := int(p.marks[index/markEvery])
	for range index % markEvery {
		_, size := utf8.DecodeRuneInString(p.text[at:])
		at += size
	}
	return p.start + at
}

// runeAt is its inverse.
func (p *piece) runeAt(offset int) int {
	if p.marks == nil {
		return offset - p.start
	}
	at := offset - p.start
	lo, hi := 0, len(p.marks)
	for hi-lo > 1 {
		if mid := (lo + hi) / 2; int(p.marks[mid]) <= at {
			lo = mid
		} else {
			hi = mid
		}
	}
	return lo*markEvery + utf8.RuneCountInString(p.text[p.marks[lo]:at])
}

// Group returns the number of a group: its number in digits, or its name.
func (p *Pattern) Group(nameOrNumber string) (int, bool) {
	if number, err := strconv.Atoi(nameOrNumber); err == nil {
		return number, number >= 0 && number < len(p.groups)
	}
	number := slices.Index(p.names[1:], nameOrNumber) + 1
	return number, number > 0 && nameOrNumber != ""
}
