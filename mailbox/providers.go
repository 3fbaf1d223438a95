package mailbox

import (
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"example.org/imap-integration/mailbox/imapwire"
)

// provider is what is known of a kind of server. The table is the only place
// where a server is treated by its name.
type provider struct {
	key      string
	hosts    []string // ends of host names
	caps     []string // any of these capabilities gives it away
	greeting []string // parts of the greeting, lower case

	words    bool // SEARCH finds words, not substrings
	pipeline bool // takes commands that are sent behind AUTHENTICATE, before its response
	extended bool // has ESEARCH (RFC 4731), and says so behind the login only
	// refused is the next step where it refuses a password.
	refused string
	// connections is what to know of its limit of connections.
	connections string
	// placeholder is the start of the text that it sends instead of an email it
	// cannot convert; nil: it does not.
	placeholder []string
}

// providers are looked through in order; the first that fits counts.
var providers = []provider{
	{
		key: "gmail", hosts: []string{"imap.gmail.com", "imap.googlemail.com"}, caps: []string{"X-GM-EXT-1"}, greeting: []string{"gimap ready"},
		words:       true, // and it finds no parts of addresses
		refused:     "Gmail takes an app password (the account needs 2-step verification) or OAuth 2.0, not the account's password: set auth_method, or use an app password",
		connections: "Gmail allows 15 connections an account and 2,500 MB of download a day",
	},
	{
		key: "microsoft365", hosts: []string{"outlook.office365.com", "imap-mail.outlook.com", "outlook.office.com", "partner.outlook.cn"},
		greeting: []string{"microsoft exchange"},
		words:    true,
		refused: "Microsoft 365 no longer accepts passwords: set auth_method to an OAuth 2.0 method, and check that IMAP is enabled for the mailbox and the " +
			"application has access to it",
		connections: "Microsoft 365 allows 20 connections a mailbox",
		placeholder: []string{
			"The server couldn't retrieve the following message",
			"Retrieval using the IMAP4 protocol failed for the following message",
		},
	},
	{
		key: "yahoo", hosts: []string{"imap.mail.yahoo.com", "imap.aol.com", "imap.att.yahoo.com"}, caps: []string{"XYMHIGHESTMODSEQ"},
		words:       true, // not documented; taken as the cautious case
		refused:     "Yahoo takes an app password (account security page), not the account's password",
		connections: "Yahoo allows 5 connections an account",
	},
	{
		key: "netease", hosts: []string{"imap.163.com", "imap.126.com", "imap.yeah.net", "imap.188.com", "imap.vip.163.com", "imap.vip.126.com"}, greeting: []string{"coremail"},
		words:   true, // not documented; taken as the cautious case
		refused: "NetEase takes the authorization code that its web mail shows when IMAP is switched on (Settings, POP3/SMTP/IMAP), not the account's password",
	},
	{key: "icloud", hosts: []string{"imap.mail.me.com"}, refused: "iCloud takes an app-specific password, not the account's password"},
	{key: "fastmail", hosts: []string{"imap.fastmail.com"}, refused: "Fastmail takes an app password, not the account's password"},
	{key: "dovecot", greeting: []string{"dovecot"}, pipeline: true, extended: true, connections: "Dovecot allows 10 connections a user and address unless mail_max_userip_connections says otherwise"},
	{key: "cyrus", greeting: []string{"cyrus imap"}},
	{key: "courier", greeting: []string{"courier-imap"}, connections: "Courier allows 4 connections an address unless MAXPERIP says otherwise"},
	{key: "hmailserver", greeting: []string{"hmailserver"}},
	{key: "zimbra", greeting: []string{"zimbra"}},
	{key: "domino", greeting: []string{"domino"}},
}

// recognise finds the provider by host, capabilities and greeting; the zero provider is an unknown one.
func recognise(host string, caps map[string]bool, greeting string) provider {
	host, greeting = strings.TrimSuffix(strings.ToLower(host), "."), strings.ToLower(greeting)
	for _, p := range providers {
		if p.fits(host, caps, greeting) {
			return p
		}
	}
	return provider{}
}

func (p *provider) fits(host string, caps map[string]bool, greeting string) bool {
	for _, h := range p.hosts {
		if host == h || strings.HasSuffix(host, "."+h) {
			return true
		}
	}
	for _, c := range p.caps {
		if caps[c] {
			return true
		}
	}
	for _, g := range p.greeting {
		if strings.Contains(greeting, g) {
			return true
		}
	}
	return false
}

// backoffPattern is Exchange's: "Suggested Backoff Time: 89117 milliseconds".
// It is compiled when first needed, which is nearly never.
var backoffPattern = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)suggested backoff time:\s*(\d{1,12})\s*milliseconds`)
})

// defaultBackoff is how long to wait where a server throttles without saying for how long.
const defaultBackoff = 10 * time.Second

// throttled reports whether a response asks to slow down, and for how long.
func throttled(r imapwire.StatusResponse) (wait time.Duration, ok bool) {
	if m := backoffPattern().FindStringSubmatch(r.Text); m != nil {
		ms, _ := strconv.ParseInt(m[1], 10, 64) // at most 12 digits
		return time.Duration(ms) * time.Millisecond, true
	}
	text := strings.ToLower(r.Text)
	if r.Code == "THROTTLED" || strings.Contains(text, "request is throttled") || strings.Contains(text, "too many simultaneous connections") {
		return defaultBackoff, true
	}
	return 0, false
}

// temporary reports whether waiting may help against a refusal.
func temporary(r imapwire.StatusResponse) bool {
	_, slow := throttled(r)
	return slow || passing(r)
}

// passing reports whether a refusal is a passing fault at the server, by the
// codes of RFC 5530 and what servers are known to say.
func passing(r imapwire.StatusResponse) bool {
	switch r.Code {
	case "UNAVAILABLE", "INUSE", "LIMIT":
		return true
	}
	text := strings.ToLower(r.Text)
	for _, known := range []string{
		"authenticated but not connected",       // QUIRK(Microsoft 365)
		"server unavailable", "try again later", // QUIRK(Microsoft 365, Yahoo)
		"temporary",
	} {
		if strings.Contains(text, known) {
			return true
		}
	}
	return false
}
