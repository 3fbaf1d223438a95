package pyregex

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

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
