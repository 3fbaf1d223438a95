package analysis

import (
	"net/url"
	"strings"

	"example.org/imap-integration/indicators"
	"example.org/imap-integration/message"
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

// Mismatches returns the links whose text names a host or an e-mail address that
// the target is not of. A name and a name below it count as
// the same; so does a name with and without www.
func Mismatches(links []message.Link) []Mismatch {
	out := []Mismatch{}
	for _, link := range links {
		if link.Text == "" {
			continue
		}
		leads := place(Unwrap(link.Target))
		text := link.Text[:min(len(link.Text), maxLinkText)]
		if shown := shownPlace(text, leads); shown != "" {
			out = append(out, Mismatch{Text: strings.ToValidUTF8(text, ""), Shown: shown, Target: link.Target, Leads: leads})
		}
	}
	return out
}

// place is the host of a URL or the address of a mailto, "" for what has neither.
func place(target string) string {
	u, err := url.Parse(strings.TrimSpace(target))
	if err != nil {
		// What is no URL to Go may be one to a browser.
		_, rest, found := strings.Cut(target, "://")
		if !found {
			return ""
		}
		host, _, _ := strings.Cut(rest, "/")
		return strings.ToLower(host[strings.LastIndexByte(host, '@')+1:])
	}
	if strings.EqualFold(u.Scheme, "mailto") {
		address, err := url.PathUnescape(u.Opaque)
		if err != nil {
			address = u.Opaque
		}
		return strings.ToLower(address)
	}
	return strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
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
			name = i.Value
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

// Unwrap returns where a link leads that a mail gateway has wrapped in one of
// its own (Microsoft Safe Links, Proofpoint URL Defense version 2, Google's redirect), else the link itself.
func Unwrap(target string) string {
	u, err := url.Parse(strings.TrimSpace(target))
	if err != nil {
		return target
	}
	host := strings.ToLower(u.Hostname())
	inner := ""
	switch {
	case strings.HasSuffix(host, ".safelinks.protection.outlook.com"):
		inner = u.Query().Get("url")
	case host == "www.google.com" && u.Path == "/url":
		if inner = u.Query().Get("q"); inner == "" {
			inner = u.Query().Get("url")
		}
	case host == "urldefense.proofpoint.com" && strings.HasPrefix(u.Path, "/v2/"):
		inner, err = url.QueryUnescape(strings.NewReplacer("-", "%", "_", "/").Replace(u.Query().Get("u")))
	}
	if err != nil || !strings.Contains(inner, "://") {
		return target
	}
	return strings.ToValidUTF8(inner, "\uFFFD")
}
