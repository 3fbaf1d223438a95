package actions

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strings"

	"example.org/imap-integration/mailbox"
	"example.org/imap-integration/token"
	"example.org/imap-integration/transport"
)

// login reads how the run proves who it is. The token source is nil for a
// password; test-settings asks it what it knows.
func (r Resource) login() (mailbox.Login, *token.Source) {
	l := mailbox.Login{Username: r.v.Line("username"), Mailbox: r.v.Line("mailbox_account")}
	method := r.v.Key("auth_method")
	if method == "password" {
		r.v.Require("password")
		l.Password = r.v.Secret("password")
		if strings.Contains(l.Password.Reveal(), "\x00") {
			r.v.Problem("password", "must not hold a NUL") // RFC 4616, section 2: NUL ends the password of AUTH=PLAIN
		}
		return l, nil
	}
	if method == "" {
		return l, nil
	}
	if method == "client_certificate" {
		return r.externalLogin(l), nil
	}
	source := r.tokenSource(token.Method(method))
	if source != nil {
		l.Token = source.Token
	}
	return l, source
}

// externalLogin is SASL EXTERNAL: the mail server takes the name from the client
// certificate, and mailbox_account is sent only where it is another one.
func (r Resource) externalLogin(l mailbox.Login) mailbox.Login {
	r.v.Require("client_certificate", "client_key")
	if r.v.Key("connection_security") == "none" {
		r.v.Problem("auth_method", "client_certificate needs TLS; choose ssl_tls or starttls for connection_security")
	}
	l.External = true
	if strings.EqualFold(l.Mailbox, l.Username) {
		l.Mailbox = ""
	}
	return l
}

// secure is how the connection to the mail server is secured.
func (r Resource) secure(trust *transport.Trust) func(context.Context, net.Conn, string) (*tls.Conn, error) {
	o := transport.Options{
		Unverified:  r.v.Bool("allow_untrusted_certificates"),
		Compatible:  r.v.Bool("tls_compatibility"),
		Certificate: r.clientCertificate(),
	}
	if o.Compatible {
		r.log.Warn("old TLS is allowed for the mail server (tls_compatibility): whoever records the connection may read it later")
	}
	return trust.SecureWith(o)
}

// clientCertificate reads client_certificate and client_key; nil where they are not set, or wrong.
func (r Resource) clientCertificate() *tls.Certificate {
	certificate, key := r.v.Text("client_certificate"), r.v.Secret("client_key")
	switch {
	case certificate == "" && key.Empty():
		return nil
	case certificate == "":
		r.v.Problem("client_certificate", "is missing: client_key is the key of one")
		return nil
	case key.Empty():
		r.v.Problem("client_key", "is missing: client_certificate cannot be used without its key")
		return nil
	}
	pair, err := transport.ParseClientCertificate(certificate, key)
	if errors.Is(err, transport.ErrClientKey) {
		r.problem("client_key", err)
	} else {
		r.problem("client_certificate", err)
	}
	return pair
}

// tokenSource reads the OAuth 2.0 fields; nil where something is wrong in them.
func (r Resource) tokenSource(method token.Method) *token.Source {
	dial, trust := r.dial()
	c := token.Config{
		Method:       method,
		ClientID:     r.v.Line("oauth2_client_id"),
		ClientSecret: r.v.Secret("oauth2_client_secret"),
		Tenant:       r.v.Line("oauth2_tenant"),
		RefreshToken: r.v.Secret("oauth2_refresh_token"),
		AccessToken:  r.v.Secret("oauth2_access_token"),
		TokenURL:     r.v.Line("oauth2_token_url"),
		Scope:        r.v.Line("oauth2_scope"),
		GoogleKey:    r.v.Secret("google_service_account_key"),
		Subject:      r.account(),
		Host:         r.v.Text("imap_server"),
		Timeout:      r.timeout(),
		RotatedFile:  r.refreshTokenFile,
		Log:          r.log,
	}
	if dial != nil {
		c.HTTP = transport.HTTPClient(dial, trust)
	}
	source, err := token.New(c)
	r.tokenProblems(err)
	if err != nil {
		return nil
	}
	return source
}

// tokenProblems hands each field's mistake to the values.
func (r Resource) tokenProblems(err error) {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return
	}
	for _, one := range joined.Unwrap() {
		if wrong, ok := errors.AsType[*token.FieldError](one); ok {
			r.v.Problem(wrong.Field, ": %s", wrong.Text)
		}
	}
}
