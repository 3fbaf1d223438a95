package actions

import (
	"iter"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/idna"

	"example.org/imap-integration/content"
	"example.org/imap-integration/filters"
	"example.org/imap-integration/ingest"
	"example.org/imap-integration/mailbox"
	"example.org/imap-integration/manifest"
	"example.org/imap-integration/message"
	"example.org/imap-integration/quote"
	"example.org/imap-integration/secret"
	"example.org/imap-integration/soar"
	"example.org/imap-integration/token"
	"example.org/imap-integration/transport"
)

// Bounds of the numbers among the resource fields: what is beyond them is a slip of the finger.
const (
	maxPort        = 65_535
	maxTimeout     = 24 * 60 * 60 // seconds: a day
	maxMessageSize = 1_024        // MiB: what a mail server may let pass
	maxRate        = 1_000        // requests per second
	maxConcurrent  = 100          // requests at once
)

// Resource reads the resource fields of a run. An action asks for the parts that
// it uses; what is wrong in them is remembered in the values, so an action asks
// for all of its parts first and for Values.Err then.
type Resource struct {
	v       *manifest.Values
	log     *slog.Logger
	program string // version of the program, for the ledger of a local store
	once    bool   // no request to Cloud SOAR is repeated: a person waits

	refreshTokenFile string // keeps the newest refresh token; "" = none

	record func(base http.RoundTripper, known []string) http.RoundTripper // nil: nothing is recorded
	person func(line string)                                              // is told what a person should know; nil: nobody sits there
}

// hint tells the log, and a person at a terminal, of what is no failure.
func (r Resource) hint(line string) {
	r.log.Warn(line)
	if r.person != nil && r.v.Command() != "test-settings" { // which says it in its step
		r.person(line)
	}
}

// resource checks the shape of every resource field that the action uses, for
// one settings file serves all actions: a slip in a filter must not stop an
// action on saved emails. It returns what hands out the parts.
func resource(env *Env, v *manifest.Values) Resource {
	r := Resource{v: v, log: env.Log, program: env.Program, refreshTokenFile: env.RefreshTokenFile, person: env.Person, record: env.Record}
	r.timeout()
	r.maxSize()
	if Uses(v.Command(), "imap_server") {
		r.run()
		r.filters()
	}
	r.shapes()
	return r
}

// shapes reads what an action may leave unread.
func (r Resource) shapes() {
	for _, id := range []string{
		"imap_server", "username", "mailbox_account", "cloud_soar_api_url", "access_id", "cloud_soar_email_store", "email_store_access_id",
		"oauth2_client_id", "oauth2_tenant", "oauth2_token_url", "oauth2_scope", "ca_certificate", "client_certificate", "cloud_soar_routes",
		"password", "access_key", "email_store_access_key", "jwt_token", "oauth2_client_secret", "oauth2_refresh_token", "oauth2_access_token", "google_service_account_key", "client_key", "proxy_url",
	} {
		if Uses(r.v.Command(), id) {
			r.v.Text(id)
		}
	}
	if Uses(r.v.Command(), "imap_server") {
		r.mailboxShapes()
	}
	r.v.Int("cloud_soar_requests_per_second", 0, maxRate)
	r.v.Int("cloud_soar_concurrent_requests", 0, maxConcurrent)
	_, _, err := soar.ParseProfile(r.v.Text("cloud_soar_routes"))
	r.problem("cloud_soar_routes", err)
	r.problem("proxy_url", transport.CheckProxy(r.proxy()))
	r.exceptions()
}

func (r Resource) mailboxShapes() {
	r.v.Int("port", 1, maxPort)
	foldersOf(r.v)
	r.v.Key("connection_security")
	r.v.Key("auth_method")
	r.v.Bool("allow_untrusted_certificates")
	r.v.Bool("tls_compatibility")
	r.clientCertificate()
	if r.v.Set("ca_certificate") {
		_, err := transport.ParseCA(r.v.Text("ca_certificate"))
		r.problem("ca_certificate", err)
	}
}

// Run is the settings of the daemon's run that are neither the mailbox's nor the store's.
type Run struct {
	FromLatest  bool   // email_fetch_type is from_latest, not unseen
	SearchMode  string // auto, server or local
	MarkAsSeen  bool   // mark_as_seen; it counts for unseen only
	MaxMessages int    // 0 = no limit
	MaxSize     int64  // bytes of an email to take whole
	After       ingest.AfterImport
}

// ReadOnly reports whether the run changes no flag, and so opens the folder with EXAMINE.
func (r Run) ReadOnly() bool { return (r.FromLatest || !r.MarkAsSeen) && r.After.None() }

func (r Resource) run() Run {
	return Run{
		FromLatest:  r.v.Key("email_fetch_type") == "from_latest",
		SearchMode:  r.v.Key("search_mode"),
		MarkAsSeen:  r.v.Bool("mark_as_seen"),
		MaxMessages: r.v.Int("max_messages", 0, math.MaxInt32),
		MaxSize:     r.maxSize(),
		After:       afterImport(r.v),
	}
}

// maxSize is max_message_size in bytes: also what an eml may bring.
func (r Resource) maxSize() int64 {
	return int64(r.v.Int("max_message_size", 1, maxMessageSize)) << 20
}

func (r Resource) timeout() time.Duration {
	return time.Duration(r.v.Int("timeout", 1, maxTimeout)) * time.Second
}

// filters reads the ten filters; what they need of each other is checked by filters.Compile too.
func (r Resource) filters() filters.Spec {
	spec := filters.Spec{
		From: r.v.List("from"), To: r.v.List("to"), Subject: r.v.List("subject"), TextBody: r.v.List("text_body"),
		Header: r.v.List("header"), HeaderField: r.headerNames("header_field"),
		NotFrom: r.v.List("not_from"), NotTo: r.v.List("not_to"), NotSubject: r.v.List("not_subject"), NotTextBody: r.v.List("not_text_body"),
		NotHeader: r.v.List("not_header"), NotHeaderField: r.headerNames("not_header_field"),
		Inside: func(m *message.Message) iter.Seq[string] { return content.Searchable(m, message.DefaultLimits()) },
	}
	r.checkAddresses("from", spec.From)
	r.checkAddresses("to", spec.To)
	r.checkAddresses("not_from", spec.NotFrom)
	r.checkAddresses("not_to", spec.NotTo)
	for _, id := range []string{"header", "not_header"} {
		if r.v.Set(id) && !r.v.Set(id+"_field") {
			r.v.Problem(id+"_field", "is missing: %s needs the name of the header in which it is to be searched", id)
		}
	}
	return spec
}

// checkAddresses names the values that filters.Compile would refuse.
func (r Resource) checkAddresses(id string, values []string) {
	for _, value := range values {
		if _, err := filters.Address(value); err != nil {
			r.v.Problem(id, ": %s %v", quote.Text(value, quote.Name), err)
		}
	}
}

// headerNames reads a list of header names (RFC 5322, section 3.6.8: printable ASCII but the colon).
func (r Resource) headerNames(id string) []string {
	names := r.v.List(id)
	for _, name := range names {
		if strings.ContainsFunc(name, func(c rune) bool { return c <= ' ' || c > '~' || c == ':' }) {
			r.v.Problem(id, "must be a header name such as Reply-To, without spaces and colon, not %s", quote.Text(name, quote.Name))
		}
	}
	return names
}

// account is mailbox_account: by default the username.
func (r Resource) account() string {
	if account := r.v.Line("mailbox_account"); account != "" {
		return account
	}
	return r.v.Line("username")
}

// Mailbox is what a connection to the folder needs.
type Mailbox struct {
	Config  mailbox.Config // the caller adds ReadOnly and Stage
	Folders folderSet
	Account string        // mailbox_account, by default the username
	Token   *token.Source // nil for auth_method password
}

// mailbox demands and reads the settings of the mailbox.
func (r Resource) mailbox() Mailbox {
	r.v.Require("imap_server", "username")
	c := mailbox.Config{
		Host:     r.host(),
		Port:     r.v.Int("port", 1, maxPort),
		Security: r.security(),
		Folder:   foldersOf(r.v).first(),
		Timeout:  r.timeout(),
		MaxSize:  r.maxSize(),
		Log:      r.log,
	}
	dial, trust := r.dial()
	c.Dial, c.Secure = dial, r.secure(trust)
	login, source := r.login()
	c.Login = login
	return Mailbox{c, foldersOf(r.v), r.account(), source}
}

// problem adds what another package finds wrong with a field; it may name the field itself.
func (r Resource) problem(id string, err error) {
	if err != nil {
		r.v.Problem(id, ": %s", strings.TrimLeft(strings.TrimPrefix(err.Error(), id), ": "))
	}
}

var securities = map[string]mailbox.Security{"ssl_tls": mailbox.SSLTLS, "starttls": mailbox.STARTTLS, "none": mailbox.Clear}

// security reads connection_security. In clear a password may go to this machine only.
func (r Resource) security() mailbox.Security {
	key := r.v.Key("connection_security")
	if key != "none" {
		return securities[key]
	}
	if host := r.v.Text("imap_server"); host != "" && !transport.Loopback(host) {
		r.v.Problem("connection_security", "none would send the password to %s in clear; choose ssl_tls or starttls (none is for a server on this machine)", quote.Text(host, quote.Name))
	}
	if !r.staysHere(r.v.Text("imap_server"), r.v.Int("port", 1, maxPort)) {
		r.v.Problem("connection_security", "none would send the password to the proxy of proxy_url in clear; choose ssl_tls or starttls")
	}
	return mailbox.Clear
}

// host reads imap_server: a name (in Unicode or xn-- form) or an address.
func (r Resource) host() string {
	host := r.v.Line("imap_server")
	if host == "" {
		return ""
	}
	if bare := strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"); net.ParseIP(bare) != nil {
		return bare
	}
	if ascii, err := idna.Lookup.ToASCII(host); err == nil && hostName(ascii) {
		return ascii
	}
	if hostName(host) { // a name that IDNA does not know, such as mail_1.corp
		return host
	}
	r.v.Problem("imap_server", "must be the name or the address of a server, such as imap.example.com, not %s; the port has a field of its own", quote.Text(host, quote.Name))
	return ""
}

// hostName reports whether a name has only what names have (RFC 1123, section
// 2.1, and the underscore of many internal ones) and a plausible length.
func hostName(name string) bool {
	name = strings.TrimSuffix(name, ".")
	if name == "" || len(name) > 253 {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || strings.ContainsFunc(label, notInNames) {
			return false
		}
	}
	return true
}

func notInNames(c rune) bool {
	return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_'
}

// dial is how every connection of the run is made, and whose certificates are
// trusted. Where one of the settings is wrong, dial is nil.
func (r Resource) dial() (transport.Dial, *transport.Trust) {
	trust, err := transport.NewTrust(r.v.Text("ca_certificate"))
	r.problem("ca_certificate", err)
	if err != nil {
		return nil, nil
	}
	dial, err := transport.Dialer(r.proxy(), trust)
	r.problem("proxy_url", err)
	return r.exceptions().Around(dial), trust
}

// exceptions are the servers that the proxy is not for. no_proxy without a proxy is
// not looked at: many machines have the variable.
func (r Resource) exceptions() transport.Exceptions {
	if r.proxy().Empty() || !r.v.Set("no_proxy") {
		return transport.Exceptions{}
	}
	e, err := transport.NewExceptions(r.v.List("no_proxy"))
	r.problem("no_proxy", err)
	return e
}

// proxied reports whether a server is reached through a proxy.
func (r Resource) proxied(host string, port int) bool {
	return !r.proxy().Empty() && !r.exceptions().Direct(net.JoinHostPort(host, strconv.Itoa(port)))
}

func (r Resource) proxy() secret.String { return r.v.Secret("proxy_url") }

// staysHere reports whether what the run says in clear to a server of this machine
// stays on it: it does not go through a proxy, or the proxy runs here.
func (r Resource) staysHere(host string, port int) bool {
	if !r.proxied(host, port) {
		return true
	}
	u, err := url.Parse(r.proxy().Reveal())
	return err != nil || transport.Loopback(u.Hostname()) // one that cannot be read is a problem of its own
}

// portOf is the port of a URL, its scheme's where it names none.
func portOf(u *url.URL) int {
	if n, err := strconv.Atoi(u.Port()); err == nil {
		return n
	}
	if u.Scheme == "http" {
		return 80
	}
	return 443
}
