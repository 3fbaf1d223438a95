package console

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"sync"

	"golang.org/x/net/html"

	"example.org/imap-integration/indicators"
	"example.org/imap-integration/links"
	"example.org/imap-integration/message"
	"example.org/imap-integration/quote"
)

// Limits of what is shown of an email's HTML.
const (
	maxHTML     = 4 << 20 // bytes of markup
	maxPictures = 8 << 20 // bytes of all pictures inlined
	maxNoscript = 3       // noscript in noscript
)

// safeHTML is the HTML of an email as the frame gets it. That nothing is loaded, run,
// sent or opened is the policy's doing (emailCSP, pageCSP), which holds for any
// markup. What is done here makes the document readable under it: links say where
// they lead and lead nowhere, pictures of the email itself are shown, and what a
// policy does not cover, such as hints to look up a name, is not there at all.
type safeHTML struct {
	Document string
	Remote   int // pictures and backgrounds that were not loaded
	Links    int // that lead nowhere now
	Forms    int
	Scripts  int
	Frames   int
}

// Elements that stay. Of any other one the tags go and what is between them stays.
var elements = sync.OnceValue(words(`a abbr acronym address article aside b bdi bdo big blockquote body br caption center cite code col colgroup dd del dfn dir div dl dt
	em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr html i img ins kbd li main mark menu nav ol p pre q rp rt ruby s samp section small span
	strike strong style sub sup table tbody td tfoot th thead tr tt u ul var wbr`))

// Attributes that stay: none of them makes a browser fetch anything, but for style, which the policy covers.
var attributes = sync.OnceValue(words(`abbr align alt bgcolor border cellpadding cellspacing class clear color cols colspan dir face height hspace id lang noshade nowrap
	rows rowspan rules scope size span start style summary title type valign value vspace width`))

// words makes a set when it is asked for, and not at the start of every run.
func words(list string) func() map[string]bool {
	return func() map[string]bool {
		set := map[string]bool{}
		for word := range strings.FieldsSeq(list) {
			set[word] = true
		}
		return set
	}
}

// frameStyle comes before the styles of the email.
const frameStyle = "html{background:#fff;color:#14181f}body{margin:16px;font:15px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}" +
	"a{color:#1d4fc4;text-decoration:underline;cursor:help}img{max-width:100%;height:auto}"

// inert makes the document for the frame. picture returns what is inlined for a Content-ID; nil: nothing is.
func inert(markup string, picture func(id string) string) safeHTML {
	short, _ := quote.Cut(markup, maxHTML)
	d := &inerter{picture: picture}
	d.out.WriteString(`<!doctype html><meta name="color-scheme" content="light"><style>` + frameStyle + "</style>\n")
	d.copy(short, 0)
	d.safe.Document = d.out.String()
	return d.safe
}

type inerter struct {
	out     strings.Builder
	safe    safeHTML
	picture func(id string) string
}

// copy writes what may stay. Texts are written anew, so that no two readings of a
// markup can make a tag of what was text here.
func (d *inerter) copy(markup string, depth int) {
	z := html.NewTokenizer(strings.NewReader(markup))
	raw := "" // the element whose content is raw text: script, style, title and so on
	for {
		switch kind := z.Next(); kind {
		case html.ErrorToken:
			return
		case html.TextToken:
			source := string(z.Raw()) // Token decodes the references in place
			d.text(raw, source, z.Token().Data, depth)
		case html.StartTagToken, html.SelfClosingTagToken:
			t := z.Token()
			raw = ""
			if rawText()[t.Data] {
				raw = t.Data
			}
			d.open(t)
		case html.EndTagToken:
			raw = ""
			if t := z.Token(); elements()[t.Data] {
				d.out.WriteString("</" + t.Data + ">")
			}
		}
	}
}

// rawText are the elements whose content is no markup to a tokenizer.
var rawText = sync.OnceValue(words("iframe noembed noframes noscript plaintext script style textarea title xmp"))

func (d *inerter) text(raw, source, text string, depth int) {
	switch raw {
	case "":
		d.out.WriteString(html.EscapeString(text))
	case "style":
		d.out.WriteString(source)
	case "noscript": // without scripts its content is shown
		if depth < maxNoscript {
			d.copy(source, depth+1)
		}
	case "textarea", "plaintext", "xmp":
		d.out.WriteString(html.EscapeString(source))
	}
}

func (d *inerter) open(t html.Token) {
	switch t.Data {
	case "script":
		d.safe.Scripts++
	case "form":
		d.safe.Forms++
	case "iframe", "frame", "object", "embed", "video", "audio", "portal", "fencedframe":
		d.safe.Frames++
	}
	if !elements()[t.Data] {
		return
	}
	d.out.WriteString("<" + t.Data)
	target := ""
	var done []string
	for _, a := range t.Attr {
		switch {
		case slices.Contains(done, a.Key): // the first counts
		case a.Key == "href":
			target = a.Val
		case a.Key == "src" && t.Data == "img":
			d.source(a.Val)
		case a.Key == "background", a.Key == "srcset":
			d.safe.Remote++
		case attributes()[a.Key]:
			if t.Data == "a" && a.Key == "title" {
				break // ours says where the link leads
			}
			d.attribute(a.Key, a.Val)
		}
		done = append(done, a.Key)
	}
	if target != "" {
		d.safe.Links++
		d.attribute("title", "leads to "+defanged(target))
	}
	d.out.WriteString(">")
}

func (d *inerter) attribute(name, value string) {
	d.out.WriteString(" " + name + `="` + html.EscapeString(value) + `"`)
}

// source takes the pictures that the email itself brings.
func (d *inerter) source(value string) {
	address := strings.TrimSpace(value)
	scheme, id, _ := strings.Cut(address, ":")
	inlined := ""
	switch {
	case strings.EqualFold(scheme, "cid") && d.picture != nil:
		inlined = d.picture(id)
	case strings.EqualFold(scheme, "data") && inlineable(address):
		inlined = address
	}
	if inlined == "" {
		d.safe.Remote++
		return
	}
	d.attribute("src", inlined)
}

// pictureTypes are shown: pictures of dots, which hold nothing else.
var pictureTypes = []string{"image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp"}

func inlineable(address string) bool {
	kind, _, _ := strings.Cut(address[len("data:"):], ",")
	kind, _, _ = strings.Cut(kind, ";")
	return slices.Contains(pictureTypes, strings.ToLower(strings.TrimSpace(kind)))
}

// pictures finds the pictures of an email by Content-ID (RFC 2392). The bytes say what one is.
func pictures(m *message.Message) func(id string) string {
	left := maxPictures
	return func(id string) (address string) {
		m.Walk(func(p *message.Part) bool {
			if p.ContentID == "" || p.ContentID != id {
				return true
			}
			data := p.Decoded()
			kind := http.DetectContentType(data)
			if slices.Contains(pictureTypes, kind) && len(data) <= left {
				left -= len(data)
				address = "data:" + kind + ";base64," + base64.StdEncoding.EncodeToString(data)
			}
			return false
		})
		return address
	}
}

// defanged is where a link leads, as a browser would go, in a form that no program makes a link of.
func defanged(target string) string {
	if resolved, _ := links.Resolve("", target); resolved != "" {
		target = resolved
	}
	return quote.Line(indicators.Defang(target), lineLength)
}
