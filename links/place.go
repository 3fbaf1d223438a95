package links

import "slices"

// place is where in a document the reader is, as far as that decides what a
// browser makes of an element (HTML, "tree construction").
type place struct {
	foreign  []string // open elements of SVG and MathML, and what leads back to HTML in them
	table    int
	form     bool
	fallback string // the element that shows its content only where something else is not
	frameset bool
	body     bool
	given    []string // the attributes that the body has already: another body tag adds only what is missing
	inside   bool     // in a conditional comment: nothing is known of what is around it
}

var placeInside = place{inside: true}

// islands are the elements of SVG and MathML whose content is HTML again.
var islands = []string{"foreignobject", "desc", "title", "annotation-xml", "mi", "mo", "mn", "ms", "mtext"}

// breakouts are the start tags that end SVG and MathML around them.
var breakouts = []string{
	"b", "big", "blockquote", "body", "br", "center", "code", "dd", "div", "dl", "dt", "em", "embed", "h1", "h2", "h3", "h4", "h5", "h6",
	"head", "hr", "i", "img", "li", "listing", "menu", "meta", "nobr", "ol", "p", "pre", "ruby", "s", "small", "span", "strong", "strike",
	"sub", "sup", "table", "tt", "u", "ul", "var",
}

const maxForeign = 256 // open elements that are remembered

func (p *place) isForeign() bool {
	return len(p.foreign) > 0 && !slices.Contains(islands, p.foreign[len(p.foreign)-1])
}

// opens reports whether the element is where SVG or MathML begins.
func (p *place) opens(name string) bool { return name == "svg" || name == "math" }

// again takes an attribute of a body tag, and reports whether an earlier tag gave it.
func (p *place) again(name string) bool {
	if name != "background" && name != "style" {
		return false
	}
	if slices.Contains(p.given, name) {
		return true
	}
	p.given = append(p.given, name)
	return false
}

// before takes note of a start tag before its attributes are read.
func (p *place) before(name string) {
	if p.isForeign() && slices.Contains(breakouts, name) {
		p.foreign = nil
	}
}

// after takes note of an element that is now open.
func (p *place) after(name string) {
	foreign := p.isForeign()
	switch {
	case len(p.foreign) < maxForeign && (p.opens(name) || foreign && slices.Contains(islands, name)):
		p.foreign = append(p.foreign, name)
	case foreign:
	case name == "table":
		p.table++
	case name == "form":
		p.form = true
	case name == "frameset":
		p.frameset = p.frameset || !p.body
	case name == "iframe" || name == "noframes" || name == "noembed":
		if p.fallback == "" {
			p.fallback = name
		}
	case name == "body" || name == "div" || name == "p" || name == "a" || name == "table" || name == "img":
		p.body = true
	}
}

func (p *place) end(name string) {
	if i := lastIndex(p.foreign, name); i >= 0 {
		p.foreign = p.foreign[:i]
	}
	switch name {
	case "table":
		p.table = max(0, p.table-1)
	case "form":
		p.form = false
	case p.fallback:
		p.fallback = ""
	}
}

func lastIndex(list []string, s string) int {
	for i := len(list) - 1; i >= 0; i-- {
		if list[i] == s {
			return i
		}
	}
	return -1
}

// remark says why a browser makes nothing of an element here, "" where it does.
func (p *place) remark(name string) string {
	switch {
	case p.inside:
		return remarkConditional
	case p.fallback != "":
		return remarkFallback
	case p.isForeign():
		return ""
	case name == "form" && p.form, name == "frame" && !p.frameset,
		p.table == 0 && slices.Contains([]string{"td", "th", "tr", "tbody", "thead", "tfoot"}, name):
		return remarkPlace
	}
	return ""
}
