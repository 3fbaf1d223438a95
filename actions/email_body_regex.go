package actions

import (
	"context"
	"iter"

	"example.org/imap-integration/content"
	"example.org/imap-integration/links"
	"example.org/imap-integration/manifest"
	"example.org/imap-integration/message"
	"example.org/imap-integration/soar"
)

// Where a match in a body was found, and keys of search_in.
const (
	inText  = "text"
	inHTML  = "html"
	inLink  = "link"
	inLinks = "links" // the key; inLink is the place
)

// emailBodyRegex searches the bodies of emails and the files in them: decoded texts,
// HTML as text, and the targets of links, those of annotations, relationships and QR codes too.
func emailBodyRegex(ctx context.Context, env *Env, v *manifest.Values) (any, error) {
	return runRegex(ctx, env, v, func(v *manifest.Values) regexSource {
		b := bodySource{in: v.Key("search_in"), nested: v.Bool("include_nested")}
		return regexSource{raw: true, mail: b.mail, record: b.record}
	})
}

// bodySource yields the texts of bodies.
type bodySource struct {
	in     string // text, html, links or all
	nested bool   // those of nested messages too
}

func (b bodySource) mail(m *message.Message) iter.Seq[regexText] {
	return func(yield func(regexText) bool) {
		if !b.nested {
			shown := content.Shown(m, message.DefaultLimits())
			for leaf := range shown.Mail.TextLeaves(false) {
				if !b.text(content.Text{Path: shown.Part(leaf.Path), HTML: leaf.HTML, Text: leaf.Text}, yield) {
					return
				}
			}
			return
		}
		for t := range content.Texts(m, message.DefaultLimits()) {
			if !b.text(t, yield) {
				return
			}
		}
	}
}

// text yields what is searched of one text of an email, and returns false once yield does.
func (b bodySource) text(t content.Text, yield func(regexText) bool) bool {
	if t.Link {
		return !b.wants(inLinks) || yield(regexText{t.Path, inLink, t.Text})
	}
	if !t.HTML {
		return !b.wants(inText) || yield(regexText{t.Path, inText, t.Text})
	}
	if b.wants(inHTML) && !yield(regexText{t.Path, inHTML, message.HTMLText(t.Text)}) {
		return false
	}
	if !b.wants(inLinks) {
		return true
	}
	for _, link := range links.InHTML(t.Text, "") {
		if !yield(regexText{t.Path, inLink, link.Target}) {
			return false
		}
	}
	return true
}

func (b bodySource) wants(what string) bool { return b.in == "all" || b.in == what }

// record yields the texts of an email without content.
func (b bodySource) record(r soar.Record) iter.Seq[regexText] {
	return func(yield func(regexText) bool) {
		if r.BodyText != "" && !b.text(content.Text{Text: r.BodyText}, yield) {
			return
		}
		if r.BodyHTML != "" {
			b.text(content.Text{HTML: true, Text: r.BodyHTML}, yield)
		}
	}
}
