package pyregex

import "unicode/utf8"

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

// context is how much of the text before a piece look-behind and \b can see, in bytes.
const contextBytes = 1 << 10
