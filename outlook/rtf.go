package outlook

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"example.org/imap-integration/message"
)

// Limits of RTF.
const (
	rtfSizeLimit  = 64 << 20 // bytes of RTF; compression is at most 1:8.5
	rtfDepthLimit = 1000     // groups in groups
	rtfFontLimit  = 10_000
)

// rtfContent returns what RTF holds: the HTML that was wrapped in it
// ([MS-OXRTFEX]), or its text.
func rtfContent(rtf []byte) (text string, isHTML bool, problem *message.Problem) {
	if len(rtf) == 0 {
		return "", false, nil
	}
	if !strings.HasPrefix(string(rtf[:min(len(rtf), 5)]), `{\rtf`) {
		return "", false, rtfProblem(message.CodeOutlookDamaged, "the RTF body does not begin like RTF")
	}
	r := &rtfReader{in: rtf, codePage: codePageWestern, fonts: map[int]int{}, state: rtfState{unicodeSkip: 1, font: -1}}
	r.run()
	if r.badText {
		problem = rtfProblem(message.CodeOutlookCharset, "the RTF body has text that cannot be read in its code page")
	}
	return r.out.String(), r.html, problem
}

// rtfState is what a group inherits and gives back at its end.
type rtfState struct {
	skip        bool // a destination whose text is not shown
	fontTable   bool
	tag         bool // in {\*\htmltag …}: HTML that is to come out as it stands
	noHTML      bool // \htmlrtf: RTF that stands for such HTML
	font        int
	unicodeSkip int // \ucN: how many characters stand for a \uN
}

type rtfReader struct {
	in       []byte
	pos      int
	out      strings.Builder
	raw      []byte // text not decoded yet
	rawPage  int
	state    rtfState
	stack    []rtfState
	tooDeep  int // groups beyond the limit
	html     bool
	codePage int // \ansicpg
	fonts    map[int]int
	skipChar int // characters to drop behind \uN
	high     rune
	star     bool // \* was the last token
	badText  bool
}

func (r *rtfReader) run() {
	for r.pos < len(r.in) {
		c := r.in[r.pos]
		r.pos++
		switch c {
		case '{':
			r.push()
		case '}':
			r.pop()
		case '\\':
			r.control()
		case '\r', '\n', 0:
		default:
			r.text(c)
		}
	}
	r.half()
	r.flush()
}

func (r *rtfReader) push() {
	r.skipChar, r.star = 0, false
	if len(r.stack) >= rtfDepthLimit {
		r.tooDeep++
		return
	}
	r.stack = append(r.stack, r.state)
}

func (r *rtfReader) pop() {
	r.skipChar, r.star = 0, false
	if r.tooDeep > 0 {
		r.tooDeep--
		return
	}
	if n := len(r.stack); n > 0 {
		r.state, r.stack = r.stack[n-1], r.stack[:n-1]
	}
}

// control reads a control word or a control symbol.
func (r *rtfReader) control() {
	if r.pos >= len(r.in) {
		return
	}
	c := r.in[r.pos]
	if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' {
		word, number, has := r.word()
		star := r.star
		r.star = false
		r.command(word, number, has, star)
		return
	}
	r.pos++
	r.star = false
	switch c {
	case '\'':
		if r.pos+2 <= len(r.in) {
			if v, err := strconv.ParseUint(string(r.in[r.pos:r.pos+2]), 16, 8); err == nil {
				r.pos += 2
				r.text(byte(v))
			}
		}
	case '*':
		r.star = true
	case '\\', '{', '}':
		r.text(c)
	case '~':
		r.rune('\u00A0')
	case '_':
		r.rune('\u2011')
	case '\r', '\n':
		r.newLine()
	}
}

// word reads a control word with its number, of which 9 digits count.
func (r *rtfReader) word() (word string, number int, has bool) {
	start := r.pos
	letter := func(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }
	for r.pos < len(r.in) && letter(r.in[r.pos]) {
		r.pos++
	}
	word = string(r.in[start:min(r.pos, start+32)])
	negative := r.pos+1 < len(r.in) && r.in[r.pos] == '-' && rtfDigit(r.in[r.pos+1])
	if negative {
		r.pos++
	}
	for i := 0; r.pos < len(r.in) && rtfDigit(r.in[r.pos]); i++ {
		if has = true; i < 9 {
			number = number*10 + int(r.in[r.pos]-'0')
		}
		r.pos++
	}
	if negative {
		number = -number
	}
	if r.pos < len(r.in) && r.in[r.pos] == ' ' {
		r.pos++
	}
	return word, number, has
}

func rtfDigit(c byte) bool { return '0' <= c && c <= '9' }

func (r *rtfReader) command(word string, number int, has, star bool) {
	switch word {
	case "fromhtml":
		r.html = number == 1
	case "ansicpg":
		r.codePage = number
	case "mac":
		r.codePage = 10000
	case "pc":
		r.codePage = 437
	case "bin":
		r.pos += min(max(number, 0), len(r.in)-r.pos)
	case "uc":
		r.state.unicodeSkip = min(max(number, 0), 8)
	case "htmlrtf":
		r.state.noHTML = !has || number != 0
	case "htmltag":
		r.state.tag, r.state.skip = true, r.state.skip || !star || !r.html
	case "fonttbl":
		r.state.fontTable, r.state.skip = true, true
	case "f", "fcharset":
		r.font(word, number)
	case "u":
		r.unicode(number)
	case "deff":
		r.state.font = number
	default:
		r.visible(word, star)
	}
}

// visible handles the words that show something, and the destinations that do not.
func (r *rtfReader) visible(word string, star bool) {
	switch word {
	case "par", "line", "sect", "page", "row":
		r.newLine()
	case "tab", "cell":
		r.rune('\t')
	case "lquote":
		r.rune('\u2018')
	case "rquote":
		r.rune('\u2019')
	case "ldblquote":
		r.rune('\u201C')
	case "rdblquote":
		r.rune('\u201D')
	case "bullet":
		r.rune('\u2022')
	case "endash":
		r.rune('\u2013')
	case "emdash":
		r.rune('\u2014')
	case "emspace", "enspace", "qmspace":
		r.rune(' ')
	case "colortbl", "stylesheet", "info", "pict", "object", "header", "headerl", "headerr", "headerf", "footer", "footerl",
		"footerr", "footerf", "pntext", "mhtmltag", "fldinst", "listtable", "listoverridetable", "rsidtbl", "xmlnstbl", "themedata":
		r.state.skip = true
	default:
		if star {
			r.state.skip = true
		}
	}
}

func (r *rtfReader) newLine() {
	if r.hidden() {
		return
	}
	r.half()
	r.flush()
	r.out.WriteString("\r\n")
}

// font selects a font, or in the font table says which code page one has.
func (r *rtfReader) font(word string, number int) {
	if word == "f" {
		r.state.font = number
		return
	}
	if page := rtfCharset(number); r.state.fontTable && page != 0 && len(r.fonts) < rtfFontLimit {
		r.fonts[r.state.font] = page
	}
}

// rtfCharset is the code page of \fcharsetN; 0: that of the document.
func rtfCharset(n int) int {
	switch n {
	case 0:
		return 1252
	case 77:
		return 10000
	case 128:
		return 932
	case 129:
		return 949
	case 130:
		return 1361
	case 134:
		return 936
	case 136:
		return 950
	case 161:
		return 1253
	case 162:
		return 1254
	case 163:
		return 1258
	case 177:
		return 1255
	case 178:
		return 1256
	case 186:
		return 1257
	case 204:
		return 1251
	case 222:
		return 874
	case 238:
		return 1250
	}
	return 0
}

// hidden reports whether text that comes now is not part of the body.
func (r *rtfReader) hidden() bool {
	return r.state.skip || r.html && r.state.noHTML && !r.state.tag
}

// text takes one byte of text.
func (r *rtfReader) text(c byte) {
	r.star = false
	if r.skipChar > 0 {
		r.skipChar--
		return
	}
	if r.hidden() {
		return
	}
	r.half()
	page := r.codePage
	if p, ok := r.fonts[r.state.font]; ok && !r.state.tag {
		page = p
	}
	if page != r.rawPage {
		r.flush()
		r.rawPage = page
	}
	r.raw = append(r.raw, c)
}

// unicode takes \uN, a UTF-16 unit as a signed number, and drops what follows for older readers.
func (r *rtfReader) unicode(n int) {
	r.skipChar = r.state.unicodeSkip
	if r.hidden() {
		return
	}
	unit := rune(n & 0xFFFF)
	switch {
	case unit >= 0xD800 && unit < 0xDC00:
		r.half()
		r.high = unit
		return
	case unit >= 0xDC00 && unit < 0xE000 && r.high != 0:
		unit = 0x10000 + (r.high-0xD800)<<10 + (unit - 0xDC00)
		r.high = 0
	}
	r.badText = r.badText || utf16.IsSurrogate(unit) // a low one alone
	r.rune(unit)
}

// half writes U+FFFD for a high surrogate that no low one followed.
func (r *rtfReader) half() {
	if r.high != 0 {
		r.high, r.badText = 0, true
		r.rune(utf8.RuneError)
	}
}

func (r *rtfReader) rune(c rune) {
	if r.hidden() {
		return
	}
	r.half()
	r.flush()
	r.out.WriteRune(c)
}

func (r *rtfReader) flush() {
	if len(r.raw) == 0 {
		return
	}
	text, ok := decodeCodePage(r.raw, r.rawPage)
	r.badText = r.badText || !ok
	r.out.WriteString(text)
	r.raw = r.raw[:0]
}
