package analysis

import (
	"net/url"
	"strings"

	"example.org/imap-integration/indicators"
	"example.org/imap-integration/links"
	"example.org/imap-integration/quote"
)

// maxLinkText bounds what is looked at of the text of a link, bytes: who reads more than that?
const maxLinkText = 2 << 10

// Mismatch is a link whose text shows another place than it leads to.
type Mismatch struct {
	Text   string `json:"text"`   // as shown
	Shown  string `json:"shown"`  // the host or the address that the text names
	Target string `json:"target"` // as written
	Leads  string `json:"leads"`  // the host or the address that it leads to
}

// FoundLink is a link of a message.
type FoundLink struct {
	Part        string   `json:"part"`         // of the text that has it
	Source      string   `json:"source"`       // where in it: a, form, image, css, text and so on (docs/analysis.md)
	Target      string   `json:"target"`       // as written
	URL         string   `json:"url"`          // as a browser resolves it; "" where none does
	Text        string   `json:"text"`         // of an anchor, as shown
	Click       bool     `json:"click"`        // a person can follow it
	Remark      string   `json:"remark"`       // why a browser may not see it; "" otherwise
	Undone      string   `json:"undone"`       // where a rewritten link leads; "" for others
	RewrittenBy []string `json:"rewritten_by"` // the outermost first
	Opaque      bool     `json:"opaque"`       // rewritten, and only the rewriter knows where it leads
}

// foundLinks describes the links of a message.
func foundLinks(list []partLink) []FoundLink {
	out := make([]FoundLink, 0, len(list))
	for _, l := range list {
		f := FoundLink{
			Part: l.part, Source: l.Source, Target: l.Target, URL: l.URL, Text: quote.Line(l.Text, maxLinkText), Click: l.Click, Remark: l.Remark, RewrittenBy: []string{},
		}
		if u := links.Undo(l.Address()); len(u.By) > 0 {
			f.RewrittenBy, f.Opaque = u.By, u.Opaque
			if u.Target != l.Address() {
				f.Undone = u.Target
			}
		}
		out = append(out, f)
	}
	return out
}

// mismatches returns the links whose text names a host or an email address that
// the target is not of. A link that a gateway has rewritten leads where it did before, as far as that can be known. A name and a name
// below it count as the same; so does a name with and without www, and an IDN in either spelling.
func mismatches(list []partLink) []Mismatch {
	out := []Mismatch{}
	for _, link := range list {
		if link.Text == "" {
			continue
		}
		undone := links.Undo(link.Address())
		if undone.Gateway {
			continue // the reader's own gateway, which only knows where it leads
		}
		leads := place(undone.Target)
		text := link.Text[:min(len(link.Text), maxLinkText)]
		if shown := shownPlace(text, leads); shown != "" {
			out = append(out, Mismatch{Text: strings.ToValidUTF8(text, ""), Shown: shown, Target: link.Target, Leads: leads})
		}
	}
	return out
}

// place is the host of a URL or the address of a mailto, "" for what has neither.
func place(target string) string {
	if len(target) > len("mailto:") && strings.EqualFold(target[:len("mailto:")], "mailto:") {
		address, _, _ := strings.Cut(target[len("mailto:"):], "?")
		if plain, err := url.PathUnescape(address); err == nil {
			address = plain
		}
		return strings.ToLower(address)
	}
	return links.Host(target)
}

// shownPlace returns what the text names, where all that it names is somewhere else.
func shownPlace(text, leads string) string {
	if leads == "" {
		return ""
	}
	shown := ""
	for _, i := range indicators.Indicators(text) {
		var name string
		switch i.Type {
		case "url":
			name = place(i.Value)
		case "domain", "ipv4", "ipv6":
			if name = i.Value; links.Host("http://"+name) != "" {
				name = links.Host("http://" + name) // one spelling of an IDN
			}
		case "email":
			if !strings.Contains(leads, "@") {
				continue // the domain comes as an indicator of its own
			}
			name = i.Value
		}
		if name == "" {
			continue
		}
		if samePlace(name, leads) {
			return ""
		}
		if shown == "" {
			shown = name
		}
	}
	return shown
}

func samePlace(a, b string) bool {
	if strings.Contains(b, "@") && !strings.Contains(a, "@") {
		b = b[strings.LastIndexByte(b, '@')+1:]
	}
	a, b = strings.TrimPrefix(strings.ToLower(a), "www."), strings.TrimPrefix(b, "www.")
	return a == b || strings.HasSuffix(b, "."+a) || strings.HasSuffix(a, "."+b)
}
