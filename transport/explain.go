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
	"net/http"
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
	NameFailed       Kind = "name_failed"       // DNS: no response, or a failure
	ConnRefused      Kind = "refused"           // nothing listens there
	NoRoute          Kind = "no_route"          // host or network unreachable
	TimedOut         Kind = "timed_out"         // no response in time
	Closed           Kind = "closed"            // the other side broke off
	NotTLS           Kind = "not_tls"           // what answers does not speak TLS
	OldTLS           Kind = "old_tls"           // TLS 1.2 is too new for it
	OldKeyExchange   Kind = "old_key_exchange"  // no key exchange in common
	ClientCert       Kind = "client_cert"       // the server wants another client certificate, or one at all
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

// Permanent reports whether the same error would come in a minute, too, because
// something has to be changed first: a name, a setting, a certificate, a server.
func Permanent(err error) bool {
	if p, ok := errors.AsType[*ProxyError](err); ok {
		return p.Permanent()
	}
	switch Explain(err, time.Time{}).Kind {
	case Unknown, Proxy, NameFailed, ConnRefused, NoRoute, TimedOut, Closed, Handshake:
		return false
	}
	return true
}

// explainTLS knows what a handshake can end with.
func explainTLS(err error, now time.Time) Reason {
	if why := explainCertificate(err, now); why.Kind != Unknown {
		return why
	}
	var record tls.RecordHeaderError
	var h *HandshakeError // nil for other servers than the mail server
	errors.As(err, &h)
	alert, alerted := alertOf(err)
	switch {
	case errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch):
		return Reason{NotTLS, "what answers there does not speak TLS", "check the port"}
	case alert == alertProtocolVersion, err != nil && strings.Contains(err.Error(), "server selected unsupported protocol version"): // the library has no type for it
		return oldVersion(h)
	case alert == alertCertificateRequired, h != nil && h.Asked && !h.Given && alert != 0:
		return Reason{ClientCert, fmt.Sprintf("the server wants a client certificate (%s)", alert.Error()), "give one by client_certificate and client_key"}
	case alert >= alertBadCertificate && alert <= alertUnknownCA, h != nil && h.Asked && alert == alertHandshakeFailure:
		// Of all that a server verifies there is nothing else of this kind; under TLS 1.3 it comes behind the handshake.
		return Reason{ClientCert, fmt.Sprintf("the server refuses client_certificate (%s)", alert.Error()), "check that the server knows the authority that signed it, and that it has not expired"}
	case alert == alertHandshakeFailure, alert == alertInsufficientSecurity:
		return oldKeyExchange(h)
	case alerted:
		return Reason{Handshake, fmt.Sprintf("the server broke off the TLS handshake (%s)", alert.Error()), "check that it has a certificate for this name, and its log"}
	case err != nil && strings.Contains(err.Error(), "failed to parse certificate from server"): // nor for this
		return Reason{
			BadCertificate, fmt.Sprintf("the server's certificate cannot be read (%s), and no setting changes that", quote.Line(lastText(err), maxText)),
			"install another certificate on the server",
		}
	}
	return Reason{}
}

// Alerts of a server (RFC 8446, section 6; RFC 5246, section 7.2).
const (
	alertHandshakeFailure     = tls.AlertError(40)
	alertBadCertificate       = tls.AlertError(42)
	alertUnknownCA            = tls.AlertError(48)
	alertProtocolVersion      = tls.AlertError(70)
	alertInsufficientSecurity = tls.AlertError(71)
	alertCertificateRequired  = tls.AlertError(116)
)

// alertOf finds the alert with which the server ended the handshake. The library gives
// it as an error of a type of its own, with the texts of [tls.AlertError].
func alertOf(err error) (tls.AlertError, bool) {
	var op *net.OpError
	if !errors.As(err, &op) || op.Op != "remote error" {
		return 0, false
	}
	for n := range 256 {
		if a := tls.AlertError(n); a.Error() == op.Err.Error() {
			return a, true
		}
	}
	return 0, true
}

func oldVersion(h *HandshakeError) Reason {
	if h != nil && h.Compatible {
		return Reason{OldTLS, "the server offers no version of TLS from 1.0 to 1.3", "enable TLS 1.2 or 1.3 on the server"}
	}
	return Reason{OldTLS, "the server offers only versions of TLS below 1.2, which are refused here", "enable TLS 1.2 or 1.3 on the server" + orCompatible(h)}
}

func oldKeyExchange(h *HandshakeError) Reason {
	if h != nil && h.Compatible {
		return Reason{OldKeyExchange, "the server and this program have no cipher suite in common, RSA key exchange included", "enable ECDHE on the server (DHE and RC4 are not supported)"}
	}
	return Reason{
		OldKeyExchange, "the server offers no key exchange that is still safe (it refused every cipher suite with ECDHE, and TLS 1.3)",
		"enable ECDHE or TLS 1.3 on the server" + orCompatible(h),
	}
}

// orCompatible is the second way out, which the mail server alone has.
func orCompatible(h *HandshakeError) string {
	if h == nil {
		return ""
	}
	return ", or set tls_compatibility, which allows what it offers"
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
		_, none := errors.AsType[noAuthoritiesError](err)
		return untrusted(authority.Cert, none)
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

func untrusted(c *x509.Certificate, none bool) Reason {
	issuer := "an authority"
	if c != nil {
		issuer = "the authority " + quote.Text(commonName(c.Issuer.CommonName, c.Issuer.Organization), maxText)
	}
	if none {
		return Reason{
			UnknownAuthority, "the certificate is signed by " + issuer + ", and this machine has no authorities at all that it could be checked with",
			"install the package ca-certificates, name a bundle in the environment variable SSL_CERT_FILE, or put that authority's certificate into ca_certificate (PEM)",
		}
	}
	if c != nil && selfSigned(c) {
		return Reason{SelfSigned, fmt.Sprintf("the certificate %s is signed by itself, not by an authority that is trusted here", subject(c)), "put it into ca_certificate (PEM)"}
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
		return Reason{TimedOut, "no complete response came in time", "check the port and firewalls on the way, or raise timeout"}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, net.ErrClosed):
		return Reason{Closed, "the other side closed the connection", "check the port, and whether it limits connections"}
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
