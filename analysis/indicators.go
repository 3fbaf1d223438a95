package analysis

import (
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
	Value         string `json:"value"`          // as it is: refanged, in one spelling
	Type          string `json:"type"`           // url, domain, ipv4, ipv6, email, md5, sha1, sha256, sha512, cve, btc or iban
	Defanged      string `json:"defanged"`       // the value in a form that no program makes a link of
	FoundDefanged bool   `json:"found_defanged"` // it stood defanged in at least one place
	Private       bool   `json:"private"`        // of a private, loopback or link-local network
	Documentation bool   `json:"documentation"`  // an address or name set aside for examples
	Seen          []Seen `json:"seen"`           // in the order of the mails, at most 20
}

// Seen is a place of an indicator.
type Seen struct {
	MailID string `json:"cloud_soar_mail_id"` // "" for a mail given directly
	Path   string `json:"path"`               // of the message
	Where  string `json:"where"`              // text, html, link, received, attachment, or header: and its name
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
}

// NewCollector takes only the types of these groups: urls, domains, ips, addresses, hashes; with all, everything.
func NewCollector(names ...string) *Collector {
	c := &Collector{types: map[string]bool{}, at: map[[2]string]int{}, list: []Indicator{}}
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
func (c *Collector) Indicators() []Indicator { return c.list }

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
	at := func(where string) Seen { return Seen{mailID, m.Path, where} }
	if m.Mail != nil {
		c.header(m.Mail.Header, m.Mail.Addresses, at)
	} else {
		c.outlookHeader(m.Items, at)
	}
	for _, hop := range hops {
		c.text(hop.From+"\n"+hop.FromIP+"\n"+hop.By, at("received"))
	}
	for _, text := range t.plain {
		c.text(text, at("text"))
	}
	for _, link := range t.links {
		c.text(link.Target, at("link"))
		if undone := links.Undo(link.Address()); len(undone.By) > 0 && !undone.Opaque {
			c.text(undone.Target, at("link"))
		}
	}
	for _, text := range t.html {
		c.text(text, at("html"))
	}
	for _, f := range files {
		for _, digest := range []struct{ kind, value string }{{"md5", f.MD5}, {"sha1", f.SHA1}, {"sha256", f.SHA256}} {
			if digest.value != "" {
				c.put(indicators.Indicator{Type: digest.kind, Value: digest.value}, at("attachment"))
			}
		}
	}
}

func (c *Collector) header(h message.Header, addresses func(string) []message.Address, at func(string) Seen) {
	for _, name := range addressFields {
		for _, a := range addresses(name) {
			c.text(a.Addr, at("header:"+name))
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
			c.text(a.Addr, at("header:"+where))
			c.text(a.Name, at("header:"+where))
		}
	}
	put("From", o.From)
	put("Sender", o.Sender)
	put("Reply-To", o.ReplyTo...)
	for _, r := range o.Recipients {
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
		c.put(i, at)
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
			Value: i.Value, Type: i.Type, Defanged: defang(i.Type, i.Value), Private: i.Private, Documentation: i.Documentation, Seen: []Seen{},
		})
	}
	entry := &c.list[n]
	entry.FoundDefanged = entry.FoundDefanged || i.Defanged
	for _, known := range entry.Seen {
		if known == at {
			return
		}
	}
	if len(entry.Seen) < maxSeen {
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
