package file

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Bounds of what is taken for passwords of one source.
const (
	maxPasswords    = 400
	maxRanked       = 8 * maxPasswords // of one rank, forms of one word and what comes twice included
	longestPassword = 64               // bytes
)

// WellKnown is OpenedWith for a password that stands nowhere in the email.
const WellKnown = "well_known"

// What analysts and senders of malware use everywhere: some are tried before the ordinary words of
// an email, the others behind all of them.
var (
	wellKnown = []string{"infected", "malware", "virus", "password", "1234"}
	lessKnown = []string{"12345", "123456", "123", "infected!", "Infected", "infected123", "admin", "pass", "0000", "test", "abc123", "qwerty", "12345678"}
)

// Source is texts of one place where a password may stand.
type Source struct {
	From  string // becomes OpenedWith
	Texts []string
}

// Ranks of candidates. A key of some archives takes so long that only some forty can be tried.
const (
	rankNamed  = iota // stands right behind a word for password
	rankNear          // a few words behind one
	rankShaped        // looks like one, or is set apart
	rankWord          // any other word, behind those that are well known
	rankPart          // a piece of a word, or a word as it stands
	ranks
)

// Passwords returns the words of the sources as candidates, each once, the likeliest of all
// sources first: as written and in the compatible form of Unicode (NFKC), with and
// without what stands around them.
func Passwords(sources ...Source) []Password {
	found := make([]candidates, len(sources))
	for i, s := range sources {
		for _, text := range s.Texts {
			found[i].read(text)
		}
	}
	var out []Password
	seen, taken := map[string]bool{}, make([]int, len(sources))
	put := func(word, from string) bool {
		if word == "" || len(word) > longestPassword || seen[word] {
			return false
		}
		seen[word] = true
		out = append(out, Password{Text: word, From: from})
		return true
	}
	for rank := range ranks {
		if rank == rankWord {
			for _, word := range wellKnown {
				put(word, WellKnown)
			}
		}
		for i := range found {
			for _, word := range found[i].ranked[rank] {
				if taken[i] < maxPasswords && put(word, sources[i].From) {
					taken[i]++
				}
			}
		}
	}
	for _, word := range lessKnown {
		put(word, WellKnown)
	}
	return out
}

// Once joins lists of candidates, each candidate where it stands first.
func Once(lists ...[]Password) []Password {
	seen := map[string]bool{}
	return slices.DeleteFunc(slices.Concat(lists...), func(p Password) bool {
		again := seen[p.Text]
		seen[p.Text] = true
		return again
	})
}

// candidates are the words of a source, and what the last of them says of the next.
type candidates struct {
	ranked [ranks][]string
	near   int             // words that may still be the one announced
	next   bool            // the next word is
	letter strings.Builder // of a word that is spaced out: i n f e c t e d
}

// read takes a text as it stands, without invisible characters, and in the compatible form.
func (c *candidates) read(text string) {
	visible := strings.Map(func(r rune) rune {
		if invisible(r) {
			return -1
		}
		return r
	}, text)
	c.lines(visible)
	if folded := norm.NFKC.String(visible); folded != visible {
		c.lines(folded)
	}
	if visible == text {
		return
	}
	for _, word := range strings.Fields(text) {
		if strings.ContainsFunc(word, invisible) {
			c.put(rankShaped, strings.TrimFunc(word, around), word)
		}
	}
}

// invisible reports whether a character has no width: a reader does not see it, and may have copied it.
func invisible(r rune) bool {
	return r > unicode.MaxASCII && (unicode.In(r, unicode.Cf, unicode.Variation_Selector) || r == '\u034F' || r == '\u115F' || r == '\u1160' || r == '\u3164') || r < ' ' && r != '\n' && r != '\r' && r != '\t'
}

func around(r rune) bool { return unicode.IsPunct(r) || unicode.IsSymbol(r) || unicode.IsSpace(r) }

func (c *candidates) lines(text string) {
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		for i, word := range words {
			c.word(word, words[i+1:])
		}
		c.quoted(line)
	}
	c.spaced()
	c.near, c.next = 0, false
}

// word takes a word of a line, of which more is to come.
func (c *candidates) word(word string, more []string) {
	bare := strings.TrimFunc(word, around)
	c.single(bare)
	announced, rest := announces(word)
	switch {
	case announced && strings.TrimFunc(rest, around) != "":
		c.near, c.next = 4, false
		c.emit(rankNamed, rest)
		c.emit(rankPart, word)
	case announced:
		c.near, c.next = 4, true
		c.emit(rankPart, word)
		c.phrase(more)
	case bare == "": // a dash or an arrow between them
	case c.next && connective[strings.ToLower(bare)]:
		c.emit(rankPart, word)
		c.phrase(more)
	case c.near > 0:
		rank := rankNear
		if c.next || looksLikePassword(word) {
			rank = rankNamed
		}
		c.near--
		c.next = strings.HasSuffix(word, ":")
		c.emit(rank, word)
	case looksLikePassword(word):
		c.emit(rankShaped, word)
	default:
		c.emit(rankWord, word)
	}
}

// connective stand between a word for password and the password.
var connective = map[string]bool{
	"is": true, "ist": true, "lautet": true, "es": true, "est": true, "è": true, "é": true, "är": true, "er": true, "on": true, "jest": true, "je": true, "to": true, "for": true, "the": true, "archive": true, "file": true, "attachment": true, "zip": true, "of": true,
}

// phrase takes the rest of a line as one password with spaces.
func (c *candidates) phrase(more []string) {
	if len(more) > 1 && len(more) <= 8 {
		phrase := strings.Join(more, " ")
		c.put(rankNear, strings.TrimFunc(phrase, around), phrase)
	}
}

// quotes open and close what is set apart.
const quotes = "\"'`“”„‘’‚«»「」『』《》【】‹›"

// quoted takes words with spaces between them that stand in quotation marks.
func (c *candidates) quoted(line string) {
	parts := strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(quotes, r) })
	if len(parts) < 2 || len(parts) > 20 {
		return
	}
	for _, p := range parts {
		if strings.Contains(strings.TrimSpace(p), " ") && len(p) <= longestPassword {
			c.put(rankShaped, p)
		}
	}
}

// single gathers characters that stand alone: i n f e c t e d.
func (c *candidates) single(bare string) {
	if r, n := utf8.DecodeRuneInString(bare); n == len(bare) && n > 0 && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
		c.letter.WriteString(bare)
		return
	}
	c.spaced()
}

func (c *candidates) spaced() {
	if word := c.letter.String(); utf8.RuneCountInString(word) > 2 {
		c.put(rankNamed, word)
	}
	c.letter.Reset()
}

// emit puts a word without and with what stands around it, and the pieces of it.
func (c *candidates) emit(rank int, word string) {
	bare := strings.TrimFunc(word, around)
	as := rankPart
	if rank == rankNamed {
		as = rank
	}
	c.put(rank, bare)
	c.put(as, strings.TrimRight(strings.Trim(word, quotes+"()[]{}<>"), ".,;:。、，；：")) // abc123!.
	c.put(as, strings.Trim(word, quotes+"()[]{}<>.,;。、，；：—–"), word)
	for _, piece := range pieces(bare) {
		if rank >= rankShaped && looksLikePassword(piece) {
			as = rankShaped
		}
		c.put(as, piece)
	}
}

func (c *candidates) put(rank int, words ...string) {
	if len(c.ranked[rank]) < maxRanked {
		c.ranked[rank] = append(c.ranked[rank], words...)
	}
}

// pieces are the parts of a word between marks and between scripts that need no spaces,
// and the characters of one that is spaced out by marks: 1-2-3-4.
func pieces(word string) (out []string) {
	marks := strings.FieldsFunc(word, around)
	if len(marks) > 2 && len(marks) == utf8.RuneCountInString(strings.Join(marks, "")) {
		return []string{strings.Join(marks, "")}
	}
	for _, mark := range marks {
		if len(marks) > 1 {
			out = append(out, mark)
		}
		if isASCII(mark) {
			continue
		}
		from, dense := 0, false
		for i, r := range mark {
			if d := unspaced(r); i > 0 && d != dense {
				out = append(out, mark[from:i])
				from = i
			}
			dense = unspaced(r)
		}
		if from > 0 {
			out = append(out, mark[from:])
		}
	}
	if len(out) == 0 {
		return nil
	}
	slices.SortStableFunc(out, func(a, b string) int { return order(b) - order(a) })
	return out
}

// order is 1 for what looks like a password.
func order(word string) int {
	if looksLikePassword(word) {
		return 1
	}
	return 0
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII })
}

// unspaced reports whether a character is of a script that parts its words by nothing.
func unspaced(r rune) bool {
	return r >= 0x0E00 && (unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar) || r == 'ー')
}

// looksLikePassword reports whether a word has a digit beside a letter, or a capital behind a small letter.
func looksLikePassword(word string) bool {
	digit, letter, small, inner := false, false, false, false
	for _, r := range word {
		digit = digit || unicode.IsDigit(r)
		letter = letter || unicode.IsLetter(r)
		inner = inner || small && unicode.IsUpper(r)
		small = small || unicode.IsLower(r)
	}
	return digit && letter || inner || digit && len(word) >= 4
}
