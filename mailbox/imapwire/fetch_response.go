package imapwire

import (
	"bytes"
	"strconv"
	"strings"
	"time"

	"example.org/imap-integration/message"
	"example.org/imap-integration/quote"
)

// Content says what a response holds of the body asked for.
type Content int

const (
	NoContent  Content = iota // the section is not there
	NilContent                // NIL
	HasContent
)

// FetchResponse is one FETCH response (RFC 9051, section 7.5.2).
type FetchResponse struct {
	UID          UID // 0: not given
	Flags        []string
	InternalDate time.Time // zero: not given, or unreadable
	Size         int64     // RFC822.SIZE; -1: not given, or unreadable
	Section      string    // of the body, upper case: "", "HEADER", "HEADER.FIELDS"
	Content      Content
	Literal      *Literal // nil where the sink did not want it
	Literals     int      // bodies in the response
}

// maxLiteralDigits is enough for any size that is not absurd.
const maxLiteralDigits = 18

// fetchParser reads one FETCH response, which continues on a further line after each literal.
type fetchParser struct {
	n       *Conn
	line    []byte
	pos     int
	literal int64 // size of the literal that follows line; -1: none
	f       FetchResponse
}

// load takes a line, and takes the mark of a literal off its end.
func (p *fetchParser) load(line []byte) error {
	p.line, p.pos, p.literal = line, 0, -1
	if len(line) == 0 || line[len(line)-1] != '}' {
		return nil
	}
	open := bytes.LastIndexByte(line, '{')
	if open < 0 {
		return nil
	}
	digits := bytes.TrimSuffix(line[open+1:len(line)-1], []byte("+")) // QUIRK: {5+} is for clients only
	size, err := strconv.ParseInt(string(digits), 10, 64)
	if err != nil || size < 0 || len(digits) > maxLiteralDigits || digits[0] == '+' {
		return Protocolf("a literal of the size %q", quote.Line(string(line[open:]), 40))
	}
	if open > 0 && line[open-1] == '~' { // literal8, RFC 3516
		open--
	}
	p.line, p.literal = line[:open], size
	return nil
}

// parse reads the response after the word FETCH.
func (p *fetchParser) parse() error {
	p.spaces()
	if !p.take('(') {
		return p.unexpected("a list")
	}
	for {
		p.spaces()
		if p.take(')') {
			return nil
		}
		key, err := p.key()
		if err != nil {
			return err
		}
		p.spaces()
		if err := p.value(key); err != nil {
			return err
		}
		if c, more := p.peek(); more && c != ' ' && c != ')' {
			return p.unexpected("a space or the end of the list")
		}
	}
}

func (p *fetchParser) value(key string) error {
	switch {
	case key == "UID":
		p.f.UID = UID(number(string(p.atom())))
		return nil
	case key == "FLAGS":
		return p.flags()
	case key == "INTERNALDATE":
		return p.internalDate()
	case key == "RFC822.SIZE":
		p.f.Size = size(string(p.atom()))
		return nil
	case strings.HasPrefix(key, "BODY["):
		return p.section(key)
	default: // QUIRK(Gmail, Fastmail, CONDSTORE): attributes nobody asked for
		return p.skipValue()
	}
}

// key reads the name of an attribute; that of a section ends with its bracket and an origin octet.
func (p *fetchParser) key() (string, error) {
	start := p.pos
	for p.pos < len(p.line) {
		switch c := p.line[p.pos]; c {
		case ' ', '(', ')', '"':
			if p.pos == start {
				return "", p.unexpected("the name of an attribute")
			}
			return strings.ToUpper(string(p.line[start:p.pos])), nil
		case '[':
			end := bytes.IndexByte(p.line[p.pos:], ']')
			if end < 0 {
				return "", p.unexpected("the end of a section")
			}
			p.pos += end + 1
		default:
			p.pos++
		}
	}
	if p.pos == start {
		return "", p.unexpected("the name of an attribute")
	}
	return strings.ToUpper(string(p.line[start:p.pos])), nil
}

func (p *fetchParser) peek() (byte, bool) {
	if p.pos < len(p.line) {
		return p.line[p.pos], true
	}
	return 0, p.literal >= 0
}

func (p *fetchParser) take(c byte) bool {
	if p.pos < len(p.line) && p.line[p.pos] == c {
		p.pos++
		return true
	}
	return false
}

func (p *fetchParser) spaces() {
	for p.pos < len(p.line) && p.line[p.pos] == ' ' {
		p.pos++
	}
}

func (p *fetchParser) atom() []byte {
	start := p.pos
	for p.pos < len(p.line) && p.line[p.pos] != ' ' && p.line[p.pos] != '(' && p.line[p.pos] != ')' {
		p.pos++
	}
	return p.line[start:p.pos]
}

// quoted reads a quoted string; its opening quote is next.
func (p *fetchParser) quoted() ([]byte, error) {
	var out []byte
	for i := p.pos + 1; i < len(p.line); i++ {
		switch c := p.line[i]; c {
		case '"':
			p.pos = i + 1
			return out, nil
		case '\\':
			if i++; i < len(p.line) {
				out = append(out, p.line[i])
			}
		default:
			out = append(out, c)
		}
	}
	return nil, p.unexpected("the end of a quoted string")
}

func (p *fetchParser) unexpected(want string) error {
	from := min(p.pos, len(p.line))
	return Protocolf("a FETCH response without %s at %q", want, quote.Line(string(p.line[from:min(len(p.line), from+60)]), 60))
}

func (p *fetchParser) flags() error {
	if !p.take('(') {
		return p.skipValue() // QUIRK: FLAGS NIL
	}
	p.f.Flags = []string{}
	end := bytes.IndexByte(p.line[p.pos:], ')')
	if end < 0 {
		return p.unexpected("the end of the flags")
	}
	for _, w := range bytes.Fields(p.line[p.pos : p.pos+end]) {
		p.f.Flags = append(p.f.Flags, flagName(strings.Trim(string(w), `"`)))
	}
	p.pos += end + 1
	return nil
}

// flagName writes system flags (RFC 9051, section 2.3.2) in their usual form; any case is allowed.
func flagName(s string) string {
	for _, known := range []string{`\Seen`, `\Answered`, `\Flagged`, `\Deleted`, `\Draft`, `\Recent`} {
		if strings.EqualFold(s, known) {
			return known
		}
	}
	return quote.Line(s, MaxTold)
}

func (p *fetchParser) internalDate() error {
	if c, _ := p.peek(); c != '"' || p.pos >= len(p.line) {
		return p.skipValue() // QUIRK: NIL, or a bare word
	}
	text, err := p.quoted()
	if err != nil {
		return err
	}
	p.f.InternalDate = internalDate(string(text))
	return nil
}

// internalDate reads a date-time of RFC 9051, section 9; zero for one that
// cannot be read, or that no mail server of this world can have written.
func internalDate(s string) time.Time {
	const oldest, youngest, widestZone = 1970, 2200, 15 * 60 * 60
	t, err := time.Parse("_2-Jan-2006 15:04:05 -0700", s)
	ok := err == nil
	if !ok { // QUIRK: without a zone, with the name of one, with a weekday, with one digit for the day
		t, ok = message.ParseDate(s)
	}
	_, zone := t.Zone()
	if !ok || t.Year() < oldest || t.Year() > youngest || zone > widestZone || zone < -widestZone {
		return time.Time{}
	}
	return t.UTC()
}

// size reads RFC822.SIZE; QUIRK: -1 is seen.
func size(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 {
		return -1
	}
	return n
}

// section reads a body: literal, literal8, quoted string or NIL.
func (p *fetchParser) section(key string) error {
	p.f.Literals++
	if p.f.Literals > 1 { // one section is asked for at a time
		return p.skipValue()
	}
	name, _, _ := strings.Cut(key[len("BODY["):], "]")
	p.f.Section, _, _ = strings.Cut(name, " ")
	if p.pos == len(p.line) && p.literal >= 0 {
		p.f.Content = HasContent
		return p.readLiteral()
	}
	if c, _ := p.peek(); c == '"' {
		text, err := p.quoted()
		if err != nil {
			return err
		}
		p.f.Content = HasContent
		return p.keep(text)
	}
	if !bytes.EqualFold(p.atom(), []byte("NIL")) {
		return p.unexpected("a body")
	}
	p.f.Content = NilContent
	return nil
}

// keep stores a body that came as a quoted string.
func (p *fetchParser) keep(text []byte) error {
	b, err := p.n.sinkRoom(&p.f, int64(len(text)))
	if err != nil || b == nil {
		return err
	}
	p.f.Literal = b
	copy(b.data, text)
	return nil
}

// readLiteral reads the body that follows, into its final place.
func (p *fetchParser) readLiteral() error {
	n := p.literal
	b, err := p.n.sinkRoom(&p.f, n)
	if err != nil {
		return err
	}
	if b == nil {
		return p.skipLiteral()
	}
	p.f.Literal = b
	p.n.g.beginLiteral(int64(p.n.in.Buffered()))
	err = b.fill(p.n.in)
	p.n.g.endLiteral(true)
	if err != nil {
		return err
	}
	return p.next()
}

func (p *fetchParser) skipLiteral() error {
	if err := p.n.noisy(p.literal); err != nil {
		return err
	}
	p.n.g.beginLiteral(int64(p.n.in.Buffered()))
	err := p.n.in.skip(p.literal)
	p.n.g.endLiteral(false)
	if err != nil {
		return err
	}
	return p.next()
}

// next goes on with the line behind a literal.
func (p *fetchParser) next() error {
	line, err := p.n.in.Line()
	if err != nil {
		return err
	}
	return p.load(line)
}

// skipValue reads over a value of any form: atom, string, literal or list. It
// counts parentheses and never recurses: 20 million of them end a program that does.
func (p *fetchParser) skipValue() error {
	depth := 0
	for {
		if depth > 0 {
			p.spaces()
		}
		if p.pos == len(p.line) {
			if p.literal < 0 {
				return p.unexpected("a value")
			}
			if err := p.skipLiteral(); err != nil {
				return err
			}
		} else if err := p.skipToken(&depth); err != nil {
			return err
		}
		if depth == 0 {
			return nil
		}
	}
}

func (p *fetchParser) skipToken(depth *int) error {
	switch c := p.line[p.pos]; c {
	case '(':
		*depth++
		p.pos++
	case ')':
		if *depth == 0 {
			return nil // QUIRK: an attribute without a value at the end
		}
		*depth--
		p.pos++
	case '"':
		_, err := p.quoted()
		return err
	default:
		p.atom()
	}
	return nil
}
