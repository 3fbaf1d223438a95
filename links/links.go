package links

import (
	"strings"

	"example.org/imap-integration/indicators"
)

// Link is one target.
type Link struct {
	Target string // as written, entities decoded; never trimmed but for white space and control characters around it
	URL    string // absolute, as a browser resolves and writes it; "" for what is relative without a base, or no URL to a browser
	Text   string // the visible text of an anchor, white space folded; "" for other sources
	Source string // where it was found: a, area, form, button, frame, image, refresh, css, text and so on
	Click  bool   // a person can follow it; otherwise the program does so by itself, or not at all
	Remark string // why it may be that a browser does not see it; "" for what browsers follow
}

// Address returns the resolved target, else the target as it is written.
func (l Link) Address() string {
	if l.URL != "" {
		return l.URL
	}
	return l.Target
}

// InText returns the URLs of a plain text, in order, also defanged ones, those
// without a scheme (www.host/path) and the targets of Markdown links.
func InText(text string) []Link {
	var out []Link
	for u, defanged := range indicators.URLs(text) {
		resolved, _ := Resolve("", u)
		link := Link{Target: u, URL: resolved, Source: "text", Click: !defanged}
		if defanged {
			link.Remark = remarkDefanged
		}
		out = append(out, link)
	}
	return out
}

// trim takes off what the URL Standard takes off: control characters and spaces at both ends.
func trim(target string) string {
	return strings.TrimFunc(target, func(r rune) bool { return r <= ' ' })
}
