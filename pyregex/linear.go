package pyregex

import (
	"io"
	"regexp/syntax"
	"unicode/utf8"
)

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
