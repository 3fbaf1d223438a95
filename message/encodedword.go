package message

import (
	"strings"
	"unicode/utf8"
)

// wordFlaws tells what was odd in a header value with encoded-words.
type wordFlaws struct {
	broken   bool   // looks like an encoded-word and is none
	charset  string // a charset label that is not known
	bad      bool   // bytes that the charset does not have
	order    bool   // UTF-16 without a byte order mark
	raw8     bool   // bytes outside UTF-8 in the raw value
	tooMany  bool
	trailing bool // an incomplete encoding inside a word
}

// decodeWords decodes the encoded-words (RFC 2047) of an unfolded value. It
// also decodes what the RFC forbids and programs show all the same: words
// inside quoted strings, words that touch, spaces inside a word, characters
// split over words.
func decodeWords(s string, limit int) (string, wordFlaws) {
	d := wordDecoder{src: s, limit: limit, endAt: -1}
	if !strings.Contains(s, "=?") {
		return d.plain(s), d.flaws
	}
	d.run()
	return d.out.String(), d.flaws
}

type wordDecoder struct {
	src     string
	limit   int
	out     strings.Builder
	flaws   wordFlaws
	words   int
	endAt   int    // where the next "?=" is, len(src) when there is none
	charset string // of the words collected in bytes
	bytes   []byte // decoded bytes that wait for their charset
	ends    []int  // where the words among them end
}

func (d *wordDecoder) run() {
	pos := 0 // up to here everything is written
	for at := 0; ; {
		i := strings.Index(d.src[at:], "=?")
		if i < 0 {
			break
		}
		at += i
		charset, content, end, ok := d.word(at)
		if !ok {
			at += 2
			continue
		}
		if d.words++; d.words > d.limit {
			d.flaws.tooMany = true
			break
		}
		if gap := d.src[pos:at]; d.words == 1 || strings.Trim(gap, " \t\r\n") != "" {
			d.flush()
			d.out.WriteString(d.plain(gap))
		}
		d.collect(charset, content)
		at, pos = end, end
	}
	d.flush()
	d.out.WriteString(d.plain(d.src[pos:]))
}

// word reads the encoded-word at an "=?".
func (d *wordDecoder) word(at int) (charset string, content []byte, end int, ok bool) {
	s := d.src
	q := strings.IndexByte(s[at+2:min(len(s), at+2+80)], '?')
	if q <= 0 {
		d.flaws.broken = true
		return
	}
	charset = s[at+2 : at+2+q]
	text := at + 2 + q + 3 // after "?", the encoding and "?"
	if text > len(s) || s[text-1] != '?' || strings.ContainsAny(charset, " \t=") {
		d.flaws.broken = true
		return
	}
	if d.endAt < text {
		d.endAt = len(s)
		if i := strings.Index(s[text:], "?="); i >= 0 {
			d.endAt = text + i
		}
	}
	if d.endAt == len(s) || strings.Contains(s[text:d.endAt], "=?") {
		d.flaws.broken = true
		return
	}
	body := s[text:d.endAt]
	switch s[text-2] {
	case 'b', 'B':
		var flaws decodeFlaws
		content, flaws = decodeBase64([]byte(body))
		d.flaws.trailing = d.flaws.trailing || flaws.junk
	case 'q', 'Q':
		content = decodeQ(body)
	default:
		d.flaws.broken = true
		return
	}
	return charset, content, d.endAt + 2, true
}

func decodeQ(s string) []byte {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '_':
			out = append(out, ' ')
		case c == '=' && i+2 < len(s) && hexValue[s[i+1]] < 16 && hexValue[s[i+2]] < 16:
			out = append(out, hexValue[s[i+1]]<<4|hexValue[s[i+2]])
			i += 2
		default:
			out = append(out, c)
		}
	}
	return out
}

// collect joins the bytes of neighbouring words of one charset before they are
// decoded: many programs split a character between two words.
func (d *wordDecoder) collect(charset string, content []byte) {
	if charset = cleanLabel(charset); charset != d.charset {
		d.flush()
		d.charset = charset
	}
	d.bytes = append(d.bytes, content...)
	d.ends = append(d.ends, len(d.bytes))
}

func (d *wordDecoder) flush() {
	if len(d.bytes) == 0 {
		d.ends = d.ends[:0]
		return
	}
	s, verdict := d.decode()
	d.bytes, d.ends = d.bytes[:0], d.ends[:0]
	switch verdict {
	case charsetUnknown:
		d.flaws.charset = d.charset
	case charsetBad:
		d.flaws.bad = true
	case charsetOrder:
		d.flaws.order = true
	}
	d.out.WriteString(oneLine(s))
}

// decode reads the words collected. In a charset with states each word begins in
// the first state (RFC 2047, section 3); programs that cut their text anywhere
// do not obey, so the words are read joined where that makes sense and is more.
func (d *wordDecoder) decode() (string, charsetVerdict) {
	joined, verdict := decodeCharset(d.bytes, d.charset)
	if len(d.ends) < 2 || !statefulCharset(d.charset) && d.charset != "utf-7" {
		return joined, verdict
	}
	escapes := strings.HasPrefix(d.charset, "iso-2022") || strings.HasPrefix(d.charset, "hz")
	if escapes && verdict == charsetGood {
		return joined, verdict
	}
	var apart strings.Builder
	worst, start := charsetGood, 0
	for _, end := range d.ends {
		s, v := decodeCharset(d.bytes[start:end], d.charset)
		if v != charsetGood && worst != charsetBad {
			worst = v
		}
		apart.WriteString(s)
		start = end
	}
	if worst == charsetBad && verdict != charsetBad {
		return joined, verdict
	}
	return apart.String(), worst
}

// plain is text outside encoded-words: UTF-8 (RFC 6532), else windows-1252.
func (d *wordDecoder) plain(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	d.flaws.raw8 = true
	return fromWindows1252([]byte(s))
}
