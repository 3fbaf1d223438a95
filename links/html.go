package links

import (
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// Limits of one document.
const (
	maxNesting  = 4       // documents inside of attributes
	maxDocument = 4 << 20 // bytes of one of them
	maxResolved = 20_000  // links of a document that are resolved; the others are listed as written
	longTarget  = 1 << 10 // bytes from which on only maxLong targets are resolved
	maxLong     = 500
	maxBase     = 2 << 10     // bytes of a base, which comes in front of every relative target
	maxText     = 64 << 10    // bytes of the text of one anchor
	maxNested   = 16 << 20    // bytes of all documents inside of one
	spaces      = " \t\n\f\r" // what HTML calls ASCII white space
)

// InHTML returns the targets of an HTML document in document order, those of
// documents in its attributes, its styles and its conditional comments included.
// base is the address that relative targets begin at where the document has no
// base element: Content-Base or Content-Location; "" where there is none.
func InHTML(markup, base string) []Link {
	left := maxNested
	return document(markup, base, "", 0, &left)
}

// document reads one document. remark is why a browser does not see it, "" where it does.
func document(markup, base, remark string, depth int, left *int) []Link {
	c := &collector{anchor: -1, remark: remark, depth: depth, left: left, fallback: base}
	c.read(expandEntities(markup))
	c.close()
	if base = c.base(); len(base) > maxBase {
		base = ""
	}
	resolve, beside := resolver(base), resolver(c.fallback)
	long := 0 // targets that cost more than others
	for i := range c.out {
		if len(c.out[i].Target) > longTarget {
			long++
		}
		if i >= maxResolved || long > maxLong && len(c.out[i].Target) > longTarget {
			c.out[i].Remark = remarkMany
			continue
		}
		if c.out[i].Source == "base" {
			c.out[i].resolve(beside)
		} else {
			c.out[i].resolve(resolve)
		}
	}
	return c.nest(base)
}

// collector reads tokens: a tree would need time and memory that grow faster than the document.
type collector struct {
	out      []Link
	inner    []inner // documents inside of this one, and where they stand
	fallback string  // base without a base element
	bases    []string
	anchor   int // index of the open anchor, -1 without
	text     []byte
	remark   string
	depth    int
	left     *int
	scripts  int  // bytes of scripts that were read
	style    bool // in a style element
	skip     string
	place    place
}

// inner is a document in an attribute of this one.
type inner struct {
	at     int // index of the link behind it
	markup string
	remark string
	name   string // srcdoc, or data, which has an origin of its own and no base
}

func (c *collector) read(markup string) {
	z := html.NewTokenizer(strings.NewReader(markup))
	for {
		z.AllowCDATA(c.place.isForeign())
		switch z.Next() {
		case html.ErrorToken:
			return
		case html.TextToken:
			c.words(z)
		case html.CommentToken:
			c.comment(string(z.Text()))
		case html.StartTagToken:
			c.start(z, false)
		case html.SelfClosingTagToken:
			c.start(z, true)
		case html.EndTagToken:
			name, _ := z.TagName()
			c.end(string(name))
		}
	}
}

func (c *collector) words(z *html.Tokenizer) {
	if c.style {
		c.css(string(z.Text()), c.remark)
		return
	}
	if c.skip == "script" {
		c.script(string(z.Text()), c.remark)
		return
	}
	if c.anchor >= 0 && c.skip == "" && len(c.text) < maxText {
		c.text = append(c.text, z.Text()...)
	}
}

// comment reads what Outlook shows of a conditional comment.
func (c *collector) comment(text string) {
	text = strings.TrimLeft(text, spaces)
	if len(text) < 4 || !strings.EqualFold(text[:3], "[if") || c.place.inside {
		return
	}
	_, shown, ok := strings.Cut(text, "]>")
	if !ok || !strings.Contains(shown, "<") {
		return
	}
	anchor, place := c.anchor, c.place
	remark := c.remark
	c.remark, c.place = remarkConditional, placeInside
	c.anchor = -1
	outer := c.text
	c.text = nil
	c.read(shown)
	c.close()
	c.remark, c.place, c.anchor, c.text = remark, place, anchor, outer
}

func (c *collector) start(z *html.Tokenizer, closed bool) {
	rawName, more := z.TagName()
	name := string(rawName)
	c.place.before(name)
	foreign := c.place.isForeign()
	switch {
	case foreign:
		z.NextIsNotRawText()
	case name == "noscript" || name == "noframes" || name == "noembed" || name == "iframe":
		z.NextIsNotRawText()
	case name == "a":
		c.close()
	case name == "br" || name == "p" || name == "div" || name == "td":
		if c.anchor >= 0 {
			c.text = append(c.text, ' ')
		}
	}
	e := element{name: name, foreign: foreign, remark: c.remark}
	if e.remark == "" {
		e.remark = c.place.remark(name)
	}
	for more {
		var key, value []byte
		key, value, more = z.TagAttr()
		e.attributes = append(e.attributes, attribute{string(key), strings.ReplaceAll(strings.ToValidUTF8(string(value), "\uFFFD"), "\x00", "\uFFFD")})
	}
	c.element(&e)
	if !closed || !foreign && name != "svg" && name != "math" {
		if name == "script" || name == "title" || name == "style" {
			c.skip, c.style = name, name == "style"
		}
		c.place.after(name)
	}
}

func (c *collector) end(name string) {
	if name == c.skip {
		c.skip, c.style = "", false
	}
	if name == "a" {
		c.close()
	}
	c.place.end(name)
}

func (c *collector) close() {
	if c.anchor >= 0 {
		c.out[c.anchor].Text = strings.ToValidUTF8(strings.Join(strings.Fields(string(c.text)), " "), "\uFFFD")
	}
	c.anchor = -1
	c.text = c.text[:0]
}

// add takes a target.
func (c *collector) add(target string, s source, remark string) {
	if target = trim(strings.ToValidUTF8(target, "\uFFFD")); target != "" {
		c.out = append(c.out, Link{Target: target, Source: s.name, Click: s.click, Remark: remark})
	}
}

// base is the address that relative targets begin at: the first base element that has one counts.
func (c *collector) base() string {
	if len(c.bases) > 0 {
		if resolved, ok := Resolve(c.fallback, c.bases[0]); ok && !strings.HasPrefix(resolved, "data:") && !strings.HasPrefix(resolved, "javascript:") {
			return resolved
		}
	}
	return c.fallback
}

func (l *Link) resolve(resolve func(string) (string, bool)) {
	if resolved, ok := resolve(l.Target); ok {
		l.URL = resolved
	} else if l.Remark == "" && strings.Contains(l.Target, "//") {
		l.Remark = remarkUnread
	}
}

// nest reads the documents inside of this one, and returns all links in document order.
func (c *collector) nest(base string) []Link {
	if len(c.inner) == 0 {
		return c.out
	}
	var out []Link
	from := 0
	for _, in := range c.inner {
		out = append(out, c.out[from:in.at]...)
		from = in.at
		if c.depth >= maxNesting || len(in.markup) > maxDocument || len(in.markup) > *c.left {
			out = append(out, Link{Target: in.name, Source: in.name, Remark: remarkDeep})
			continue
		}
		*c.left -= len(in.markup)
		if in.name == "data" {
			out = append(out, document(in.markup, "", in.remark, c.depth+1, c.left)...)
		} else {
			out = append(out, document(in.markup, base, in.remark, c.depth+1, c.left)...)
		}
	}
	return slices.Concat(out, c.out[from:])
}
