package transport

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"strings"
	"time"

	"example.org/imap-integration/quote"
)

const (
	// ExpiresSoon is how long before its end a certificate or a credential is worth a warning.
	ExpiresSoon = 30 * 24 * time.Hour
	maxChain    = 10 // certificates of a chain that are described
)

// Certificate describes one certificate of a chain.
type Certificate struct {
	Subject  string   `json:"subject"`   // common name, or what stands in its place
	Issuer   string   `json:"issuer"`    // likewise
	Names    []string `json:"names"`     // DNS names and addresses, at most 20; [] for an authority
	NotAfter string   `json:"not_after"` // RFC 3339, UTC
	DaysLeft int      `json:"days_left"` // whole days until then; negative once it has expired
}

// Session describes the TLS side of a connection.
type Session struct {
	Version string        `json:"version"` // "TLS 1.3"
	Cipher  string        `json:"cipher"`
	Trusted bool          `json:"trusted"` // false: accepted unverified, on request
	Chain   []Certificate `json:"chain"`   // as the server sent it, its own first
}

// Describe tells what a connection is secured with. trusted is how it was made:
// with [Trust.Secure], not [Unverified].
func Describe(state *tls.ConnectionState, trusted bool, now time.Time) Session {
	s := Session{
		Version: tls.VersionName(state.Version), Cipher: tls.CipherSuiteName(state.CipherSuite),
		Trusted: trusted, Chain: []Certificate{},
	}
	for i, c := range state.PeerCertificates {
		if i == maxChain {
			break
		}
		s.Chain = append(s.Chain, describe(c, now))
	}
	return s
}

// Chain is [Describe] in words: subject, names, issuer and days left of the
// server's certificate, then who signed whom.
func Chain(state *tls.ConnectionState, trusted bool, now time.Time) string {
	s := Describe(state, trusted, now)
	if len(s.Chain) == 0 {
		return s.Version + ", without a certificate"
	}
	c := state.PeerCertificates[0]
	text := fmt.Sprintf("%s; certificate %s for %s, issued by %s, valid until %s (%s)",
		s.Version, subject(c), names(c), quote.Text(s.Chain[0].Issuer, maxText), day(c.NotAfter), daysLeft(s.Chain[0].DaysLeft))
	for _, up := range s.Chain[1:] {
		text += fmt.Sprintf("; above it %s, issued by %s (%s)", quote.Text(up.Subject, maxText), quote.Text(up.Issuer, maxText), daysLeft(up.DaysLeft))
	}
	if !s.Trusted {
		text += "; NOT VERIFIED, because allow_untrusted_certificates is set"
	}
	if left := c.NotAfter.Sub(now); left > 0 && left < ExpiresSoon {
		text += "; renew the server's certificate soon"
	}
	return text
}

func daysLeft(n int) string {
	switch {
	case n < 0:
		return fmt.Sprintf("expired %d days ago", -n)
	case n == 1:
		return "1 day left"
	default:
		return fmt.Sprintf("%d days left", n)
	}
}

func describe(c *x509.Certificate, now time.Time) Certificate {
	const most = 20
	all := allNames(c)
	if len(all) > most {
		all = all[:most]
	}
	days := int(c.NotAfter.Sub(now) / (24 * time.Hour))
	if now.After(c.NotAfter) {
		days = min(days, -1)
	}
	return Certificate{
		Subject: quote.Line(subjectName(c), maxText), Issuer: quote.Line(commonName(c.Issuer.CommonName, c.Issuer.Organization), maxText),
		Names: all, NotAfter: c.NotAfter.UTC().Format(time.RFC3339), DaysLeft: days,
	}
}

// allNames lists a certificate's subject alternative names, escaped and cut.
func allNames(c *x509.Certificate) []string {
	list := []string{}
	for _, n := range c.DNSNames {
		list = append(list, quote.Line(n, maxText))
	}
	for _, ip := range c.IPAddresses {
		list = append(list, ip.String())
	}
	return list
}

// names is the list of a certificate's names for a sentence.
func names(c *x509.Certificate) string {
	all := allNames(c)
	switch {
	case len(all) == 0:
		return "no name"
	case len(all) > maxNames:
		return fmt.Sprintf("%s and %d more", strings.Join(all[:maxNames], ", "), len(all)-maxNames)
	default:
		return strings.Join(all, ", ")
	}
}

func subject(c *x509.Certificate) string { return quote.Text(subjectName(c), maxText) }

func subjectName(c *x509.Certificate) string {
	if n := commonName(c.Subject.CommonName, c.Subject.Organization); n != unnamed {
		return n
	}
	if len(c.DNSNames) > 0 {
		return c.DNSNames[0]
	}
	return unnamed
}

const unnamed = "(no name)"

// commonName is how a person knows a subject or an issuer: by common name, with
// the organization where the name does not say it.
func commonName(cn string, org []string) string {
	switch {
	case cn != "" && len(org) > 0 && !strings.Contains(cn, org[0]):
		return cn + ", " + org[0]
	case cn != "":
		return cn
	case len(org) > 0:
		return org[0]
	default:
		return unnamed
	}
}
