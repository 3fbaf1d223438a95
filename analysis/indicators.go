package analysis

import (
	"net/url"
	"slices"
	"strings"

	"example.org/imap-integration/indicators"
	"example.org/imap-integration/links"
	"example.org/imap-integration/message"
	"example.org/imap-integration/outlook"
)

// Limits of the list of indicators.
const (
	maxIndicators = 10_000
	maxSeen       = 20 // places of one indicator
)

// Indicator is one thing that can be looked up or blocked, and where it was seen.
type Indicator struct {
	Value         string   `json:"value"`          // refanged, in one spelling: URLs as a browser writes them, names in ASCII, addresses in lower case
	Type          string   `json:"type"`           // url, domain, ipv4, ipv6, cidr, email, md5, sha1, sha256, sha512, cve, attack, btc, eth, iban, mac or registry
	Unicode       string   `json:"unicode"`        // of an internationalized name, or an address under one: how people read it; "" otherwise
	Forms         []string `json:"forms"`          // as it was found, where that is not the value: each spelling once, at most 20
	Defanged      string   `json:"defanged"`       // the value in a form that no program makes a link of
	FoundDefanged bool     `json:"found_defanged"` // it stood defanged in at least one place
	Private       bool     `json:"private"`        // of a private, loopback or link-local network
	Documentation bool     `json:"documentation"`  // an address or name set aside for examples
	Recipient     bool     `json:"recipient"`      // an address of one who got the email, or the domain of one
	Transit       bool     `json:"transit"`        // seen only where servers on the way wrote: Received, Received-SPF, Return-Path, X-Originating-IP, X-Sender-IP
	Seen          []Seen   `json:"seen"`           // in the order of the emails, at most 20
}

// Seen is a place of an indicator.
type Seen struct {
	MailID string `json:"cloud_soar_mail_id"` // "" for an email given directly
	Path   string `json:"path"`               // of the message
	Part   string `json:"part"`               // of the text or file in the message; "" in a header
	Where  string `json:"where"`              // text, html, link, received, attachment, or header: and its name
	Area   string `json:"area"`               // beginning, middle or end: the third of the text that it begins in; "" outside of texts
}

// Groups of types that can be asked for.
var groups = map[string][]string{
	"urls":      {"url"},
	"domains":   {"domain"},
	"ips":       {"ipv4", "ipv6"},
	"addresses": {"email"},
	"hashes":    {"md5", "sha1", "sha256", "sha512"},
}

// Collector gathers indicators over messages.
type Collector struct {
	types map[string]bool // nil: all
	at    map[[2]string]int
	list  []Indicator
	full  bool
	own   map[string]bool // addresses and domains of recipients
}

// NewCollector takes only the types of these groups: urls, domains, ips, addresses, hashes; with all, everything.
func NewCollector(names ...string) *Collector {
	c := &Collector{types: map[string]bool{}, at: map[[2]string]int{}, list: []Indicator{}, own: map[string]bool{}}
	if slices.Contains(names, "all") {
		c.types = nil
		return c
	}
	for _, name := range names {
		for _, kind := range groups[name] {
			c.types[kind] = true
		}
	}
	return c
}

// Indicators returns what was gathered, each once, in the order of first appearance.
func (c *Collector) Indicators() []Indicator {
	for i := range c.list {
		entry := &c.list[i]
		entry.Recipient = (entry.Type == "email" || entry.Type == "domain") && c.own[entry.Value]
		slices.Sort(entry.Forms)
	}
	return c.list
}

// Full reports whether there were more indicators than are gathered.
func (c *Collector) Full() bool { return c.full }

// addressFields are searched for addresses, the others of searchedFields as
// text. Message-IDs, signatures and the like look like addresses and hosts, and are none.
var (
	addressFields  = []string{"From", "Sender", "Reply-To", "Return-Path", "To", "Cc", "Bcc", "Disposition-Notification-To", "Errors-To"}
	searchedFields = []string{"Subject", "X-Originating-IP", "X-Sender-IP", "List-Unsubscribe", "Received-SPF"}
)

// add takes the indicators of one message. files are its own attachments.
func (c *Collector) add(mailID string, m *Message, hops []Hop, t texts, files []message.Attachment) {
	at := func(part, where string) Seen { return Seen{MailID: mailID, Path: m.Path, Part: part, Where: where} }
	header := func(where string) Seen { return at("", where) }
	if m.Mail != nil {
		c.header(m.Mail.Header, m.Mail.Addresses, header)
	} else {
		c.outlookHeader(m.Items, header)
	}
	for _, hop := range hops {
		c.text(hop.From+"\n"+hop.FromIP+"\n"+hop.By, header("received"))
	}
	for _, text := range t.plain {
		c.body(text.text, at(text.part, "text"))
	}
	for _, link := range t.links {
		c.link(link.Link, at(link.part, "link"))
	}
	for _, text := range t.html {
		c.body(text.text, at(text.part, "html"))
	}
	for _, f := range files {
		for _, digest := range []struct{ kind, value string }{{"md5", f.MD5}, {"sha1", f.SHA1}, {"sha256", f.SHA256}} {
			if digest.value != "" {
				c.put(indicators.Indicator{Type: digest.kind, Value: digest.value, Form: digest.value}, at(f.Part, "attachment"))
			}
		}
	}
}

// link takes the target of a link as it is: nothing is trimmed from data. What
// it stands for, if a gateway has rewritten it, is taken too.
func (c *Collector) link(link links.Link, at Seen) {
	if link.Source == "text" {
		c.undone(link.Address(), at)
		return // the text itself is searched
	}
	c.target(link.Target, link.URL, at)
	c.undone(link.Address(), at)
}

// target takes a target as written and as resolved.
func (c *Collector) target(target, resolved string, at Seen) {
	scheme, _, ok := strings.Cut(target, ":")
	switch scheme = strings.ToLower(strings.TrimSpace(scheme)); {
	case ok && (scheme == "cid" || scheme == "mid" || scheme == "data"):
		return // identifiers, and data that is read as the document it is
	case ok && scheme == "mailto":
		if plain, err := url.PathUnescape(target); err == nil {
			target = plain
		}
		c.text(target, at)
		return
	}
	if !webAddress(resolved) {
		if strings.Contains(target, "://") && webAddress(strings.ToLower(target)) {
			c.put(indicators.URL(target, target), at) // no browser takes it, a person may
		}
		return
	}
	c.put(indicators.URL(resolved, target), at)
	if host, ok := indicators.Host(links.Host(resolved)); ok {
		c.put(host, at)
	}
	for _, i := range indicators.Indicators(target) {
		if i.Type == "email" {
			c.put(i, at) // the victim's own address, more often than not
		}
	}
}

func webAddress(target string) bool {
	return strings.HasPrefix(target, "http:") || strings.HasPrefix(target, "https:") || strings.HasPrefix(target, "ftp:")
}

// undone takes where a rewritten link leads.
func (c *Collector) undone(target string, at Seen) {
	if u := links.Undo(target); len(u.By) > 0 && u.Target != target {
		resolved, _ := links.Resolve("", u.Target)
		c.target(u.Target, resolved, at)
	}
}

// address takes an address of a field as it is.
func (c *Collector) address(address string, at Seen) {
	i, ok := indicators.Address(address)
	if !ok {
		c.text(address, at)
		return
	}
	c.put(i, at)
	if host, ok := indicators.Host(i.Value[strings.LastIndexByte(i.Value, '@')+1:]); ok {
		c.put(host, at)
	}
}

// recipient takes an address as one of those who got the email.
func (c *Collector) recipient(address string) {
	if i, ok := indicators.Address(address); ok {
		c.own[i.Value], c.own[i.Value[strings.LastIndexByte(i.Value, '@')+1:]] = true, true
	}
}

// recipientFields name those who got the email.
var recipientFields = []string{"To", "Cc", "Bcc", "Delivered-To", "X-Original-To", "Envelope-To"}

// transitPlaces are where servers on the way write.
var transitPlaces = []string{"received", "header:Received-SPF", "header:Return-Path", "header:X-Originating-IP", "header:X-Sender-IP"}

func (c *Collector) header(h message.Header, addresses func(string) []message.Address, at func(string) Seen) {
	for _, name := range recipientFields {
		for _, a := range addresses(name) {
			c.recipient(a.Addr)
		}
	}
	for _, name := range addressFields {
		for _, a := range addresses(name) {
			c.address(a.Addr, at("header:"+name))
			c.text(a.Name, at("header:"+name)) // "ceo@example.com" <x@phish.example>
		}
	}
	for _, name := range searchedFields {
		c.text(strings.Join(h.Values(name), "\n"), at("header:"+name))
	}
}

func (c *Collector) outlookHeader(o *outlook.Message, at func(string) Seen) {
	put := func(where string, list ...message.Address) {
		for _, a := range list {
			c.address(a.Addr, at("header:"+where))
			c.text(a.Name, at("header:"+where))
		}
	}
	put("From", o.From)
	put("Sender", o.Sender)
	put("Reply-To", o.ReplyTo...)
	for _, r := range o.Recipients {
		c.recipient(r.Address.Addr)
		put(map[string]string{"to": "To", "cc": "Cc", "bcc": "Bcc"}[r.Kind], r.Address)
	}
	c.text(o.Subject, at("header:Subject"))
	for _, name := range searchedFields[1:] {
		c.text(strings.Join(o.Header.Values(name), "\n"), at("header:"+name))
	}
}

func (c *Collector) text(text string, at Seen) {
	if text == "" || c.full {
		return
	}
	for _, i := range indicators.Indicators(text) {
		c.found(i, at)
	}
}

// body searches the text of a part, where it is worth knowing how far down something stands.
func (c *Collector) body(text string, at Seen) {
	if c.full {
		return
	}
	for _, i := range indicators.Indicators(text) {
		at.Area = [...]string{"beginning", "middle", "end"}[min(2, 3*i.Offset/max(1, len(text)))]
		c.found(i, at)
	}
}

// found takes what was found in a text: a URL in the spelling that links have.
func (c *Collector) found(i indicators.Indicator, at Seen) {
	if i.Type != "url" {
		c.put(i, at)
		return
	}
	resolved, ok := links.Resolve("", i.Value)
	if !ok {
		c.put(i, at)
		return
	}
	u := indicators.URL(resolved, i.Form)
	u.Defanged = i.Defanged
	c.put(u, at)
	if host, ok := indicators.Host(links.Host(resolved)); ok {
		host.Defanged = i.Defanged
		c.put(host, at)
	}
}

func (c *Collector) put(i indicators.Indicator, at Seen) {
	if c.types != nil && !c.types[i.Type] {
		return
	}
	key := [2]string{i.Type, i.Value}
	n, known := c.at[key]
	if !known {
		if len(c.list) >= maxIndicators {
			c.full = true
			return
		}
		n = len(c.list)
		c.at[key] = n
		c.list = append(c.list, Indicator{
			Value: i.Value, Type: i.Type, Unicode: i.Unicode, Defanged: defang(i.Type, i.Value), Private: i.Private, Documentation: i.Documentation,
			Forms: []string{}, Seen: []Seen{}, Transit: true,
		})
	}
	entry := &c.list[n]
	entry.FoundDefanged = entry.FoundDefanged || i.Defanged
	entry.Transit = entry.Transit && slices.Contains(transitPlaces, at.Where)
	if i.Form != "" && i.Form != i.Value && len(entry.Forms) < maxSeen && !slices.Contains(entry.Forms, i.Form) {
		entry.Forms = append(entry.Forms, strings.ToValidUTF8(i.Form, "\uFFFD"))
	}
	if len(entry.Seen) < maxSeen && !slices.Contains(entry.Seen, at) {
		entry.Seen = append(entry.Seen, at)
	}
}

// defang changes what a program could make a link of.
func defang(kind, value string) string {
	switch kind {
	case "url", "domain", "ipv4", "ipv6", "email":
		return indicators.Defang(value)
	}
	return value
}
