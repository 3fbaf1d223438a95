package message

import (
	"bytes"
	"crypto/sha256"
	"strconv"
	"strings"

	"github.com/jhillyerd/enmime/v2"
)

// crossCheck reads an ambiguous email in the other ways that programs may take
// and adds what only they find.
func crossCheck(m *Message, st *parseState) {
	c := checker{m: m, known: map[[32]byte]bool{}, named: map[string]bool{}, budget: searchBudget}
	c.learn(m)
	for _, how := range st.wanted {
		raw := m.Raw
		if how.indented {
			raw = unindented(raw)
		}
		other := newMessage(raw, m.limits)
		other.digests = m.digests
		read(other, how, "alt"+strconv.Itoa(c.added+1))
		c.compare(other.parts, "read "+how.String())
	}
	if st.full {
		m.found.add(lastPlace, CodeNotCrossChecked, "the second reader was not asked: the email has too many parts for it")
		return
	}
	parts, asked := secondReader(m, "alt"+strconv.Itoa(c.added+1))
	if !asked {
		m.found.add(lastPlace, CodeNotCrossChecked, "the second reader was not asked: the email is too large or too deep for it")
	}
	c.compare(parts, "read by a second program")
}

// maxExtras bounds what other readings may add to an email.
const maxExtras = 50

// checker knows what has been found and adds the rest.
type checker struct {
	m           *Message
	known       map[[32]byte]bool
	named       map[string]bool // file names
	plain, html strings.Builder // the texts found, spaces folded
	added       int             // readings that added something
	budget      int             // bytes that may still be searched for texts
}

// searchBudget bounds the search for texts that are part of another text, bytes.
const searchBudget = 2 << 30

// learn takes note of every leaf.
func (c *checker) learn(m *Message) {
	m.deep(func(p *Part) bool {
		c.remember(p)
		return true
	})
}

func (c *checker) remember(p *Part) {
	if p.textual() {
		c.texts(p).WriteString(foldSpaces(p.Text()))
		c.texts(p).WriteByte('\n')
	}
	c.known[contentKey(p)] = true
	c.named[p.Filename] = true
}

// texts are those of the part's kind: an HTML text that is shown as plain text hides what it would show.
func (c *checker) texts(p *Part) *strings.Builder {
	if p.html() {
		return &c.html
	}
	return &c.plain
}

// contentKey is the digest of the content without the line end that may or may
// not belong to it: the last two bytes are held back until the end is known.
func contentKey(p *Part) (key [32]byte) {
	h := sha256.New()
	var held []byte
	p.stream(func(b []byte) {
		if len(b) >= 2 {
			h.Write(held)
			h.Write(b[:len(b)-2])
			held = append(held[:0], b[len(b)-2:]...)
			return
		}
		if held = append(held, b...); len(held) > 2 {
			h.Write(held[:len(held)-2])
			held = append(held[:0], held[len(held)-2:]...)
		}
	})
	h.Write(bytes.TrimRight(held, "\r\n"))
	return [32]byte(h.Sum(nil))
}

// foldSpaces makes one space of each run of white space and none at the ends.
func foldSpaces(s string) string {
	var out strings.Builder
	out.Grow(len(s))
	for w := range strings.FieldsSeq(s) {
		if out.Len() > 0 {
			out.WriteByte(' ')
		}
		out.WriteString(w)
	}
	return out.String()
}

func (c *checker) has(p *Part) bool {
	if p.decoded && len(p.content) == 0 && (p.Filename == "" || c.named[p.Filename]) {
		return true // nothing but a delimiter at the end of the email, say
	}
	if !p.body() {
		return c.known[contentKey(p)]
	}
	text := foldSpaces(p.Text())
	if c.budget -= c.texts(p).Len(); c.budget < 0 {
		return text == ""
	}
	return text == "" || strings.Contains(c.texts(p).String(), text)
}

// compare adds the leaves that are not known yet.
func (c *checker) compare(parts []*Part, how string) {
	var fresh []*Part
	for _, p := range parts {
		if len(c.m.parts)+len(fresh) >= c.m.limits.Parts+maxExtras || len(fresh) >= maxExtras {
			break
		}
		if !c.has(p) {
			fresh = append(fresh, p)
		}
	}
	if len(fresh) == 0 {
		return
	}
	c.added++
	var kinds []string
	for _, p := range fresh {
		c.remember(p)
		p.mail, p.at = c.m, lastPlace
		c.m.parts = append(c.m.parts, p)
		kinds = append(kinds, p.MediaType)
	}
	c.m.found.add(lastPlace, CodeReadersDiffer, "%s the email shows %d more parts, added behind the others: %s", how, len(fresh), quoteAll(kinds))
}

// wholeLines is an email without empty lines in front and with a line end
// behind its last line, without which the second reader sees no delimiter there.
func wholeLines(raw []byte) []byte {
	raw = bytes.TrimLeft(raw, "\r\n \t")
	if endLength(raw) > 0 {
		return raw
	}
	return append(raw[:len(raw):len(raw)], "\r\n"...)
}

// What the second reader is given: it takes quadratic time in delimiter lines and
// parameters, and twice as long for each multipart that another one holds and that does
// not end (QUIRK(enmime)); it stays below 0.2 s within these.
const (
	secondMaxSize       = 16 << 20 // bytes of the email
	secondMaxDashes     = 5000     // lines that start with "--"
	secondMaxBoundaries = 12       // times that "boundary" stands there, in any case: so deep can multiparts be
	secondMaxField      = 16 << 10 // bytes of one field, folds included
)

// secondReader asks enmime for its view of the email. asked is false for an email
// that would cost it too much.
func secondReader(m *Message, prefix string) (parts []*Part, asked bool) {
	if !cheapForSecond(m.Raw) {
		return nil, false
	}
	defer func() {
		if recover() != nil { // a panic there costs its opinion, not the email
			parts, asked = nil, true
		}
	}()
	p := enmime.NewParser(enmime.DisableCharacterDetection(true), enmime.SkipMalformedParts(true), enmime.DisableTextConversion(true), enmime.MaxStoredPartErrors(10), enmime.MultipartWOBoundaryAsSinglePart(true))
	root, err := p.ReadParts(bytes.NewReader(wholeLines(m.Raw)))
	if err != nil || root == nil {
		return nil, true
	}
	root.DepthMatchAll(func(e *enmime.Part) bool {
		if e.FirstChild == nil && !strings.HasPrefix(strings.ToLower(e.ContentType), "multipart/") {
			parts = append(parts, fromSecond(m, e, prefix, len(parts)+1))
		}
		return false
	})
	return parts, true
}

// fromSecond is a leaf as the second reader sees it. Its texts are UTF-8 already.
func fromSecond(m *Message, e *enmime.Part, prefix string, n int) *Part {
	typ, _ := mediaType(strings.ToLower(e.ContentType))
	valid := func(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }
	p := &Part{
		Path: join(prefix, n), MediaType: valid(typ), Params: map[string]string{}, Disposition: valid(strings.ToLower(e.Disposition)),
		Filename: valid(e.FileName), ContentID: valid(e.ContentID), mail: m, at: lastPlace, content: e.Content, decoded: true,
	}
	if enc, _ := parseTransferEncoding(e.Header.Get("Content-Transfer-Encoding")); enc == encodingUU {
		p.content, _ = enc.decode(e.Content) // QUIRK(enmime): it leaves uuencode as it is
		if p.Filename == "" {
			p.Filename = toUTF8(findUU(e.Content, 0).name)
		}
	}
	if strings.HasPrefix(typ, "text/") {
		p.Params["charset"] = "utf-8"
	}
	return p
}

func cheapForSecond(raw []byte) bool {
	if len(raw) > secondMaxSize || bytes.Count(raw, []byte("\n--")) > secondMaxDashes || countFold(raw, "boundary") > secondMaxBoundaries {
		return false
	}
	return longestField(raw) <= secondMaxField
}

// countFold counts a word of ASCII letters in lower case, whatever its case is in raw.
func countFold(raw []byte, word string) (n int) {
	for i := 0; i+len(word) <= len(raw); i++ {
		at := bytes.IndexAny(raw[i:], string([]byte{word[0], word[0] &^ 0x20}))
		if at < 0 || i+at+len(word) > len(raw) {
			return n
		}
		if i += at; strings.EqualFold(string(raw[i:i+len(word)]), word) {
			n++
		}
	}
	return n
}

// longestField is the length of the longest run of folded lines in what may be
// headers: lines after one another of which all but the first start with a space.
func longestField(raw []byte) int {
	longest, run := 0, 0
	for len(raw) > 0 {
		n := bytes.IndexByte(raw, '\n') + 1
		if n == 0 {
			n = len(raw)
		}
		if raw[0] == ' ' || raw[0] == '\t' {
			run += n
		} else {
			run = n
		}
		longest = max(longest, run)
		raw = raw[n:]
	}
	return longest
}

// unindented takes the spaces off lines that start with two dashes behind them.
func unindented(raw []byte) []byte {
	out := make([]byte, 0, len(raw))
	for lines := (lineReader{buf: raw}); lines.more(); {
		line, end := lines.next()
		if bare := bytes.TrimLeft(line, " \t"); bytes.HasPrefix(bare, []byte("--")) {
			line = bare
		}
		out = append(append(out, line...), end...)
	}
	return out
}
