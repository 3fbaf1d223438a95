package transport

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"

	"example.org/imap-integration/quote"
)

// Kind is what went wrong with a connection.
type Kind string

// The kinds that [Explain] tells apart. Unknown is every other error.
const (
	Unknown          Kind = ""
	Proxy            Kind = "proxy"             // the proxy, or what is behind it: see [ProxyError]
	NameNotFound     Kind = "name_not_found"    // DNS: no such name
	NameFailed       Kind = "name_failed"       // DNS: no answer, or a failure
	ConnRefused      Kind = "refused"           // nothing listens there
	NoRoute          Kind = "no_route"          // host or network unreachable
	TimedOut         Kind = "timed_out"         // no answer in time
	Closed           Kind = "closed"            // the other side broke off
	NotTLS           Kind = "not_tls"           // what answers does not speak TLS
	OldTLS           Kind = "old_tls"           // TLS 1.2 is too new for it
	Handshake        Kind = "handshake"         // any other failure of the handshake
	SelfSigned       Kind = "self_signed"       // certificate
	UnknownAuthority Kind = "unknown_authority" // certificate
	WrongName        Kind = "wrong_name"        // certificate: other names
	WrongAddress     Kind = "wrong_address"     // certificate: not for this IP address
	NoNames          Kind = "no_names"          // certificate: common name only, no subject alternative names
	Expired          Kind = "expired"           // certificate
	NotYetValid      Kind = "not_yet_valid"     // certificate
	BadCertificate   Kind = "bad_certificate"   // certificate: any other reason
)

const (
	maxNames = 5   // names of a certificate shown in a sentence
	maxText  = 120 // bytes of foreign text shown in a sentence
)

// Reason is why a connection failed: the kind, and for every kind but [Unknown]
// the cause ("the certificate expired on 2021-01-01") and the next step ("renew it").
type Reason struct {
	Kind          Kind
	Cause, Advice string
}

// String is cause and advice as the rest of a sentence; "" for Unknown.
func (r Reason) String() string {
	if r.Advice == "" {
		return r.Cause
	}
	return r.Cause + "; " + r.Advice
}

// Explain says why err happened. It reads wrapped errors, and never quotes a
// URL or a credential. now decides between expired and not yet valid.
func Explain(err error, now time.Time) Reason {
	var p *ProxyError
	if errors.As(err, &p) {
		if why := explainTLS(p.Err, now); p.Fault == Unreachable && why.Kind != Unknown {
			return Reason{Proxy, fmt.Sprintf("the proxy %s cannot be used: %s", p.Proxy, why.Cause), why.Advice}
		}
		return Reason{Proxy, p.Error(), ""}
	}
	if why := explainTLS(err, now); why.Kind != Unknown {
		return why
	}
	return explainNet(err)
}

// explainTLS knows what a handshake can end with.
func explainTLS(err error, now time.Time) Reason {
	if why := explainCertificate(err, now); why.Kind != Unknown {
		return why
	}
	var record tls.RecordHeaderError
	var op *net.OpError
	switch {
	case errors.As(err, &record):
		return Reason{NotTLS, "what answers there does not speak TLS", "check the port and connection_security (993 is for SSL/TLS, 143 for STARTTLS)"}
	case tooOld(err):
		return Reason{OldTLS, "the server offers only versions of TLS below 1.2, which are refused here", "enable TLS 1.2 or 1.3 on the server"}
	case errors.As(err, &op) && op.Op == "remote error":
		return Reason{Handshake, fmt.Sprintf("the server broke off the TLS handshake (%s)", quote.Line(op.Err.Error(), maxText)), "check that it has a certificate for this name, and its log"}
	}
	return Reason{}
}

// tooOld reports a peer without TLS 1.2: it says so with an alert, or chooses
// what was not offered. The library has no types for either; the texts are its own.
func tooOld(err error) bool {
	const alertProtocolVersion = tls.AlertError(70) // RFC 8446, section 6
	if err == nil {
		return false
	}
	text := err.Error()
	return strings.Contains(text, alertProtocolVersion.Error()) ||
		strings.Contains(text, "server selected unsupported protocol version")
}

// explainCertificate knows why a certificate is refused.
func explainCertificate(err error, now time.Time) Reason {
	var invalid x509.CertificateInvalidError
	var host x509.HostnameError
	var authority x509.UnknownAuthorityError
	var other *tls.CertificateVerificationError
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return outsideItsTime(invalid.Cert, now)
	case errors.As(err, &host):
		return otherName(host)
	case errors.As(err, &authority):
		return untrusted(authority.Cert)
	case errors.As(err, &invalid), errors.As(err, &other):
		return Reason{BadCertificate, fmt.Sprintf("the server's certificate is refused (%s)", quote.Line(lastText(err), maxText)), "install a certificate for TLS servers on it"}
	}
	return Reason{}
}

func outsideItsTime(c *x509.Certificate, now time.Time) Reason {
	if now.Before(c.NotBefore) {
		return Reason{
			NotYetValid, fmt.Sprintf("the certificate %s is not valid before %s", subject(c), day(c.NotBefore)),
			fmt.Sprintf("check this machine's clock (%s) and the server's certificate", day(now)),
		}
	}
	return Reason{Expired, fmt.Sprintf("the certificate %s expired on %s", subject(c), day(c.NotAfter)), "renew it on the server"}
}

func otherName(h x509.HostnameError) Reason {
	c := h.Certificate
	switch {
	case len(c.DNSNames) == 0 && len(c.IPAddresses) == 0:
		return Reason{NoNames, fmt.Sprintf("the certificate %s has no subject alternative name, and its common name alone is not accepted (RFC 9525)", subject(c)), "issue one that lists " + quote.Text(h.Host, maxText)}
	case net.ParseIP(strings.Trim(h.Host, "[]")) != nil:
		return Reason{WrongAddress, fmt.Sprintf("the certificate is not for the address %s but for %s", quote.Line(h.Host, maxText), names(c)), "use one of these names in the settings"}
	default:
		return Reason{WrongName, fmt.Sprintf("the certificate is not for the name %s but for %s", quote.Text(h.Host, maxText), names(c)), "use one of these names in the settings, or correct the certificate"}
	}
}

func untrusted(c *x509.Certificate) Reason {
	if c != nil && selfSigned(c) {
		return Reason{SelfSigned, fmt.Sprintf("the certificate %s is signed by itself, not by an authority that is trusted here", subject(c)), "put it into ca_certificate (PEM)"}
	}
	issuer := "an authority"
	if c != nil {
		issuer = "the authority " + quote.Text(commonName(c.Issuer.CommonName, c.Issuer.Organization), maxText)
	}
	return Reason{
		UnknownAuthority, "the certificate is signed by " + issuer + ", which is not trusted here",
		"put that authority's certificate into ca_certificate (PEM), or let the server send its intermediate certificates",
	}
}

// selfSigned reports whether the certificate is its own issuer. An authority's
// certificate is that too; a chain that ends in one that is not trusted names it here.
func selfSigned(c *x509.Certificate) bool {
	return bytes.Equal(c.RawIssuer, c.RawSubject) && c.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature) == nil
}

// explainNet knows what a dial, a read or a write can end with.
func explainNet(err error) Reason {
	var dns *net.DNSError
	var timeout interface{ Timeout() bool }
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return Reason{NameNotFound, fmt.Sprintf("there is no host named %s (DNS)", quote.Text(dns.Name, maxText)), "check the spelling, or the DNS of this machine"}
	case errors.As(err, &dns):
		return Reason{NameFailed, fmt.Sprintf("the name %s cannot be looked up, because DNS does not answer", quote.Text(dns.Name, maxText)), "check the DNS of this machine"}
	case errors.Is(err, syscall.ECONNREFUSED):
		return Reason{ConnRefused, "nothing listens there (connection refused)", "check the port, and that the server runs"}
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return Reason{NoRoute, "there is no way to it in the network", "check routes and firewalls, or set a proxy"}
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return Reason{TimedOut, "no complete answer came in time", "check the port and firewalls on the way, or raise timeout"}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, net.ErrClosed):
		return Reason{Closed, "the other side closed the connection", "check the port and connection_security, and whether it limits connections"}
	}
	return Reason{}
}

// cause is the shortest true text of an error for the inside of a sentence.
func cause(err error) string {
	if err == nil {
		return "no reason given"
	}
	if why := explainNet(err); why.Kind != Unknown {
		return why.Cause
	}
	return quote.Line(lastText(err), maxText)
}

// lastText is the text of the innermost error: what wraps it may quote a URL.
func lastText(err error) string {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	var op *net.OpError
	if errors.As(err, &op) {
		err = op.Err
	}
	return err.Error()
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }
