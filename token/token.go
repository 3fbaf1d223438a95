// Package token gets OAuth 2.0 access tokens for a mailbox (RFC 6749).
//
// A run asks the token endpoint once, and again when the IMAP server refused the
// token or it is about to expire. A refusal by the endpoint stands for five
// minutes: every login until then fails with the same sentence, without another
// request that could lock an account. A refresh token that the endpoint replaces is
// used from then on, and kept in a file where one is configured.
//
// Responses are bounded in size and time. No token, secret or assertion is ever
// part of an error or a log line.
package token

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
	google "golang.org/x/oauth2/jwt"

	"example.org/imap-integration/quote"
	"example.org/imap-integration/secret"
	"example.org/imap-integration/transport"
)

// Method is a value of auth_method that needs an access token.
type Method string

// The methods, as auth_method names them.
const (
	AccessToken       Method = "oauth2_access_token"
	RefreshToken      Method = "oauth2_refresh_token"
	ClientCredentials Method = "oauth2_client_credentials"
	GoogleServiceKey  Method = "google_service_account"
)

const (
	// defaultTimeout is the default of the parameter timeout.
	defaultTimeout = 180 * time.Second
	// early is how long before its end a token is replaced: a login must not
	// meet a token that ends on the way.
	early = time.Minute
	// refusalHolds is how long a refusal of the token endpoint stands before it
	// is asked again: longer than a poll, shorter than a person's patience.
	refusalHolds = 5 * time.Minute
)

// Config is what a token is got with. Which fields a method needs is checked by [New].
type Config struct {
	Method       Method
	ClientID     string        // oauth2_client_id
	ClientSecret secret.String // oauth2_client_secret; may be empty for a public client's refresh token
	Tenant       string        // oauth2_tenant, for Microsoft 365: a GUID or a domain
	RefreshToken secret.String // oauth2_refresh_token
	AccessToken  secret.String // oauth2_access_token
	TokenURL     string        // oauth2_token_url; "" = that of the known provider
	Scope        string        // oauth2_scope, separated by spaces; "" = that of the known provider
	GoogleKey    secret.String // google_service_account_key: the JSON file
	Subject      string        // the mailbox that a service account acts for
	Host         string        // imap_server: picks the known provider
	Timeout      time.Duration // of one request to the token endpoint; 0 = 180 s
	// RotatedFile is a file that keeps the newest refresh token where the
	// provider replaces it; "" = none. See docs.
	RotatedFile string
	HTTP        *http.Client // from transport.HTTPClient; nil: a direct one
	Now         func() time.Time
	Log         *slog.Logger
}

// Source hands out the access token of a run. Its methods may be called from
// several goroutines; one asks, the others wait.
type Source struct {
	conf     Config
	provider provider
	url      string
	key      googleKey

	mu        sync.Mutex
	current   *oauth2.Token
	refresh   rotation
	refusal   *Error
	refusedAt time.Time
}

// New checks the configuration; nothing is contacted. Its error names every
// field that is wrong or missing, and joins one [FieldError] for each.
func New(c Config) (*Source, error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Timeout == 0 {
		c.Timeout = defaultTimeout
	}
	if c.HTTP == nil {
		c.HTTP = &http.Client{}
	}
	s := &Source{conf: c, provider: providerOf(c.Host), refresh: rotation{given: c.RefreshToken, newest: c.RefreshToken, file: c.RotatedFile}}
	if err := errors.Join(s.check()...); err != nil {
		return nil, err
	}
	return s, nil
}

// Provider is the known provider of the host: microsoft365, google, yahoo, aol, or "".
func (s *Source) Provider() string { return s.provider.name }

// Endpoint is where tokens come from, as scheme://host; "" for a given access token.
func (s *Source) Endpoint() string { return origin(s.url) }

// Token returns the access token. renew asks for another one, because the
// server refused the last. The error is an [*Error], or the context's.
func (s *Source) Token(ctx context.Context, renew bool) (secret.String, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conf.Method == AccessToken {
		return s.given(renew)
	}
	if !renew && s.fresh() {
		return secret.New(s.current.AccessToken), nil
	}
	if s.refusal != nil && s.conf.Now().Sub(s.refusedAt) < refusalHolds {
		return secret.String{}, s.refusal
	}
	t, err := s.fetch(ctx)
	if err != nil {
		return secret.String{}, err
	}
	s.current, s.refusal = t, nil
	if s.conf.Method == RefreshToken {
		s.refresh.keep(t, s.conf.Now(), s.conf.Log)
	}
	s.conf.Log.Info("access token fetched", "endpoint", s.Endpoint(), "expires", t.Expiry.UTC(), "renewed", renew)
	return secret.New(t.AccessToken), nil
}

// Rotated returns the refresh token that the provider gave in place of the one
// in the settings, and whether it did.
func (s *Source) Rotated() (secret.String, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.refresh.newest, s.refresh.rotated
}

// RefreshExpires is when the refresh token ends, where the provider said so.
func (s *Source) RefreshExpires() (time.Time, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.refresh.ends, !s.refresh.ends.IsZero()
}

// given is the token of the settings, which nothing can renew.
func (s *Source) given(renew bool) (secret.String, error) {
	if renew {
		return secret.String{}, &Error{Kind: NotRenewable, Advice: advise(s.conf, &Error{Kind: NotRenewable})}
	}
	return s.conf.AccessToken, nil
}

// fresh reports whether the token at hand can be used.
func (s *Source) fresh() bool {
	return s.current != nil && (s.current.Expiry.IsZero() || s.conf.Now().Add(early).Before(s.current.Expiry))
}

// fetch asks the token endpoint once.
func (s *Source) fetch(ctx context.Context) (*oauth2.Token, error) {
	within, cancel := context.WithTimeout(ctx, s.conf.Timeout)
	defer cancel()
	x := &exchange{}
	t, err := s.source(context.WithValue(within, oauth2.HTTPClient, x.client(within, s.conf.HTTP))).Token()
	if err == nil && !sendable(t.AccessToken) {
		err = &Error{Kind: BadAnswer}
	}
	if err == nil {
		return t, nil
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	e := s.explain(errors.Join(x.err, err))
	if e.Kind == Refused {
		s.refusal, s.refusedAt = e, s.conf.Now()
	}
	return nil, e
}

// source is the method's way to a token.
func (s *Source) source(ctx context.Context) oauth2.TokenSource {
	c := s.conf
	if c.Method == GoogleServiceKey {
		j := google.Config{
			Email: s.key.Email, PrivateKey: []byte(s.key.PrivateKey.Reveal()), PrivateKeyID: s.key.PrivateKeyID,
			Subject: c.Subject, Scopes: strings.Fields(s.scope()), TokenURL: s.url,
		}
		return j.TokenSource(ctx)
	}
	j := clientcredentials.Config{
		ClientID: c.ClientID, ClientSecret: c.ClientSecret.Reveal(), TokenURL: s.url,
		Scopes: strings.Fields(s.scope()), AuthStyle: s.provider.style,
	}
	if c.Method == RefreshToken {
		// The library's refresh sends no scope, and Microsoft then gives a
		// token for whatever resource the sign-in named first.
		j.EndpointParams = url.Values{"grant_type": {"refresh_token"}, "refresh_token": {s.refresh.token(s.conf.Log).Reveal()}}
	}
	return j.TokenSource(ctx)
}

// scope is what is asked for.
func (s *Source) scope() string {
	if s.conf.Scope != "" {
		return s.conf.Scope
	}
	return s.provider.scope[s.conf.Method]
}

// sendable reports whether a token can go into a SASL response: RFC 6750,
// section 2.1 has visible ASCII only, and anything else could end the field.
func sendable(t string) bool {
	for i := 0; i < len(t); i++ {
		if t[i] <= ' ' || t[i] >= 0x7f {
			return false
		}
	}
	return t != "" && len(t) <= maxToken
}

// maxToken bounds an access token: one with many groups has a few thousand bytes.
const maxToken = 32 << 10

// origin is a URL without what may be secret in it.
func origin(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// explain makes an [Error] of whatever the library returned.
func (s *Source) explain(err error) *Error {
	e := &Error{Kind: BadAnswer, Endpoint: s.Endpoint(), Err: err}
	var own *Error
	var refused *oauth2.RetrieveError
	switch {
	case errors.As(err, &own):
		e.Kind, e.Status = own.Kind, own.Status
	case errors.As(err, &refused):
		s.readRefusal(e, refused)
	default:
		if why := transport.Explain(err, s.conf.Now()); why.Kind != transport.Unknown {
			e.Kind, e.Description = Unreachable, why.String()
		}
	}
	e.Advice = advise(s.conf, e)
	return e
}

// readRefusal reads the error document of RFC 6749, section 5.2.
func (s *Source) readRefusal(e *Error, r *oauth2.RetrieveError) {
	e.Kind, e.Err = Refused, nil // the library's error quotes the whole response
	if r.Response != nil {
		e.Status = r.Response.StatusCode
	}
	e.Code, e.Description = r.ErrorCode, r.ErrorDescription
	if e.Code == "" { // the JWT flow leaves the body unread
		e.Code, e.Description = decodeError(r.Body)
	}
	if e.Status >= http.StatusInternalServerError || e.Status == http.StatusTooManyRequests || e.Code == "temporarily_unavailable" || e.Code == "server_error" {
		e.Kind = Busy
	}
	e.Code = quote.Line(s.scrub(e.Code), maxCode)
	e.Description = quote.Line(s.scrub(e.Description), maxDescription)
}

// scrub takes this run's secrets out of a foreign text.
func (s *Source) scrub(text string) string {
	return secret.Scrub(text, s.conf.ClientSecret, s.conf.RefreshToken, s.refresh.newest, s.conf.AccessToken, s.key.PrivateKey)
}

// FieldError is a parameter that is wrong or missing.
type FieldError struct {
	Field string // its id in the manifest
	Text  string // the rest of the sentence
}

// Error is the sentence; it never quotes a secret.
func (e *FieldError) Error() string { return fmt.Sprintf("%s: %s", e.Field, e.Text) }
