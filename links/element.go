package links

import (
	"encoding/base64"
	"net/url"
	"slices"
	"strings"

	"example.org/imap-integration/indicators"
)

// element is a start tag.
type element struct {
	name       string
	foreign    bool // of SVG or MathML
	attributes []attribute
	remark     string
}

type attribute struct{ name, value string }

// first returns the value of an attribute; of two with one name the tokenizer gives the first, as browsers do.
func (e *element) first(name string) (string, bool) {
	for _, a := range e.attributes {
		if a.name == name {
			return a.value, true
		}
	}
	return "", false
}

// element takes the targets of a start tag.
func (c *collector) element(e *element) {
	for _, a := range e.attributes {
		remark := e.remark
		if e.name == "body" && remark == "" && c.place.again(a.name) {
			remark = remarkPlace
		}
		switch {
		case a.name == "style":
			c.css(a.value, remark)
		case strings.HasPrefix(a.name, "on"):
			c.script(a.value, remark)
		case a.name == "srcdoc" && e.name == "iframe":
			c.inner = append(c.inner, inner{len(c.out), a.value, remark, "srcdoc"})
		case e.foreign || c.place.opens(e.name):
			c.foreign(e.name, a, remark)
		case anywhere[a.name]:
			c.attribute(e.name, a, remark)
		}
	}
	switch {
	case e.name == "meta":
		c.meta(e)
	case e.name == "base" && !e.foreign && e.remark == "":
		if href, ok := e.first("href"); ok {
			c.bases = append(c.bases, href)
		}
	}
}

func (c *collector) attribute(name string, a attribute, remark string) {
	s, known := sources[name][a.name]
	if !known {
		s = source{"other", false}
		if remark == "" {
			remark = remarkElement
		}
		if slices.ContainsFunc(vml, func(prefix string) bool { return strings.HasPrefix(name, prefix) }) {
			s, remark = source{"vml", a.name == "href"}, remarkVML
		}
	}
	at := len(c.out)
	switch {
	case strings.HasSuffix(a.name, "srcset"):
		c.sourceSet(a.value, s, remark)
	case a.name == "ping":
		for _, one := range strings.FieldsFunc(a.value, func(r rune) bool { return strings.ContainsRune(spaces, r) }) {
			c.add(one, s, remark)
		}
	default:
		c.target(a.value, s, remark)
	}
	if name == "a" && a.name == "href" && len(c.out) > 0 {
		c.anchor = min(at, len(c.out)-1)
	}
}

// target takes one target, and the document that a data: URL holds.
func (c *collector) target(value string, s source, remark string) {
	c.add(value, s, remark)
	if isScript(value) {
		c.script(value, remark)
	}
	if markup, ok := dataDocument(value); ok {
		c.inner = append(c.inner, inner{len(c.out), markup, remark, "data"})
	}
}

// script takes the URLs of a script, and those of the documents that it holds.
func (c *collector) script(text, remark string) {
	if c.scripts > maxScript { // named already
		return
	}
	if remark == "" {
		remark = remarkScript
	}
	left := maxScript - c.scripts - scriptCost
	forms, documents := scriptForms(text, &left)
	if left < 0 {
		c.add("script", source{"script", false}, remarkDeep) // what is not read is listed, once
	}
	c.scripts = maxScript - left
	known := map[string]bool{}
	for _, form := range forms {
		for target := range indicators.URLs(form) { // resolved with the others of the document, within its limits
			if !known[target] && !strings.HasPrefix(target, "http://www.w3.org/") { // names of vocabularies
				known[target] = true
				c.add(target, source{"script", false}, remark)
			}
		}
	}
	for _, markup := range documents {
		c.inner = append(c.inner, inner{len(c.out), markup, remark, "data"})
	}
}

// isScript reports whether a target is a script: javascript:, vbscript:, or a data: URL of one.
func isScript(target string) bool {
	head := strings.ToLower(trim(target[:min(len(target), 64)]))
	scheme, kind, _ := strings.Cut(head, ":")
	return strings.HasSuffix(scheme, "script") || scheme == "data" && strings.Contains(kind, "script")
}

// foreign takes href and xlink:href of SVG; an anchor of it is a link.
func (c *collector) foreign(name string, a attribute, remark string) {
	switch a.name {
	case "href", "xlink:href":
		c.target(a.value, source{"svg", name == "a"}, remark)
	case "src", "data", "action", "formaction":
		if remark == "" {
			remark = remarkElement
		}
		c.add(a.value, source{"other", false}, remark)
	case "fill", "stroke", "filter", "mask", "clip-path", "cursor", "marker-start", "marker-mid", "marker-end":
		c.css(a.name+":"+a.value, remark)
	case "from", "to", "values", "by": // <set attributeName=href to=…>
		for one := range strings.SplitSeq(a.value, ";") {
			if strings.Contains(one, "://") || strings.HasPrefix(one, "//") {
				if remark == "" {
					remark = remarkElement
				}
				c.add(one, source{"svg", false}, remark)
			}
		}
	}
}

// sourceSet reads the candidates of an image (HTML, "parse a srcset attribute").
func (c *collector) sourceSet(v string, s source, remark string) {
	for {
		v = strings.TrimLeft(v, spaces+",")
		if v == "" {
			return
		}
		end := strings.IndexAny(v, spaces)
		if end < 0 {
			end = len(v)
		}
		address := v[:end]
		v = v[end:]
		if bare := strings.TrimRight(address, ","); bare != address {
			c.add(bare, s, remark)
			continue
		}
		c.add(address, s, remark)
		v = afterDescriptors(v)
	}
}

// afterDescriptors returns what follows the comma behind "2x" or "100w"; one inside of parentheses does not count.
func afterDescriptors(v string) string {
	depth := 0
	for i := range len(v) {
		switch v[i] {
		case '(':
			depth++
		case ')':
			depth = max(0, depth-1)
		case ',':
			if depth == 0 {
				return v[i+1:]
			}
		}
	}
	return ""
}

// meta reads a refresh.
func (c *collector) meta(e *element) {
	kind, _ := e.first("http-equiv")
	content, _ := e.first("content")
	if !strings.EqualFold(trim(kind), "refresh") {
		return
	}
	remark := e.remark
	target, obeyed := refresh(content)
	if remark == "" && (!obeyed || !strings.EqualFold(kind, "refresh")) {
		remark = remarkRefresh
	}
	c.target(target, source{"refresh", false}, remark)
}

// refresh reads "5; url=https://…" (HTML, "shared declarative refresh steps"), url= may be left out.
func refresh(content string) (target string, obeyed bool) {
	rest := strings.TrimLeft(content, spaces)
	afterDigits := strings.TrimLeft(rest, "0123456789")
	obeyed = afterDigits != rest || strings.HasPrefix(rest, ".")
	rest = strings.TrimLeft(afterDigits, "0123456789.")
	if rest != "" && !strings.ContainsAny(rest[:1], ";,"+spaces) {
		obeyed = false
	}
	rest = strings.TrimLeft(rest, spaces)
	if rest != "" && (rest[0] == ';' || rest[0] == ',') {
		rest = rest[1:]
	}
	rest = strings.TrimLeft(rest, spaces)
	if len(rest) > 3 && strings.EqualFold(rest[:3], "url") {
		if after := strings.TrimLeft(rest[3:], spaces); strings.HasPrefix(after, "=") {
			rest = strings.TrimLeft(after[1:], spaces)
		}
	}
	if rest != "" && (rest[0] == '\'' || rest[0] == '"') {
		rest, _, _ = strings.Cut(rest[1:], rest[:1])
	}
	return rest, obeyed
}

// dataDocument returns the HTML or SVG that a data: URL holds (RFC 2397).
func dataDocument(target string) (string, bool) {
	target = strings.Map(func(r rune) rune {
		if r == '\t' || r == '\n' || r == '\r' {
			return -1
		}
		return r
	}, trim(target))
	if len(target) < 5 || !strings.EqualFold(target[:5], "data:") || len(target) > maxDocument {
		return "", false
	}
	kind, body, ok := strings.Cut(target[5:], ",")
	if !ok {
		return "", false
	}
	kind = strings.ToLower(kind)
	if !strings.Contains(kind, "html") && !strings.Contains(kind, "svg") && !strings.Contains(kind, "xml") {
		return "", false
	}
	body, _, _ = strings.Cut(body, "#")
	if plain, err := url.PathUnescape(body); err == nil {
		body = plain
	}
	if strings.HasSuffix(strings.TrimRight(kind, " "), "base64") {
		body = strings.TrimRight(strings.Join(strings.Fields(body), ""), "=")
		raw, err := base64.RawStdEncoding.DecodeString(body)
		if err != nil {
			return "", false
		}
		body = string(raw)
	}
	return strings.ToValidUTF8(body, "\uFFFD"), true
}
