package token

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net"
	"net/url"
	"regexp"
	"strings"

	"example.org/imap-integration/secret"
)

// check reports every field that is wrong, and settles the token URL.
func (s *Source) check() []error {
	var errs []error
	bad := func(field, text string) { errs = append(errs, &FieldError{field, text}) }
	need := func(value secret.String, field string) {
		if value.Empty() {
			bad(field, "missing; "+string(s.conf.Method)+" needs it")
		}
	}
	c := s.conf
	switch c.Method {
	case AccessToken:
		need(c.AccessToken, "oauth2_access_token")
		if !c.AccessToken.Empty() && !sendable(c.AccessToken.Reveal()) {
			bad("oauth2_access_token", "holds a space, a line break or another character that no access token has, or is longer than 32 KiB; paste the token alone")
		}
		return errs
	case RefreshToken:
		need(secret.New(c.ClientID), "oauth2_client_id")
		need(c.RefreshToken, "oauth2_refresh_token")
	case ClientCredentials:
		need(secret.New(c.ClientID), "oauth2_client_id")
		need(c.ClientSecret, "oauth2_client_secret")
		if s.provider.name != "" && s.provider.scope[c.Method] == "" {
			bad("auth_method", "oauth2_client_credentials opens no mailbox at this provider; use "+s.alternative())
		}
	case GoogleServiceKey:
		need(c.GoogleKey, "google_service_account_key")
		if c.Subject == "" {
			bad("mailbox_account", "missing; google_service_account acts for this mailbox")
		}
		if !c.GoogleKey.Empty() {
			key, why := parseGoogleKey(c.GoogleKey)
			if s.key = key; why != "" {
				bad("google_service_account_key", why)
			}
		}
	default:
		bad("auth_method", "is none of the methods that need an access token")
		return errs
	}
	return append(errs, s.settleURL()...)
}

// alternative is what a provider without client credentials has instead.
func (s *Source) alternative() string {
	if s.provider.name == "google" {
		return "google_service_account, or oauth2_refresh_token"
	}
	return "oauth2_refresh_token, or an app password with auth_method password"
}

var tenantName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.-]*$`)

// settleURL decides where tokens come from: the setting, the service account's key, the known provider.
func (s *Source) settleURL() []error {
	c := s.conf
	s.url = c.TokenURL
	field := "oauth2_token_url"
	if s.url == "" && c.Method == GoogleServiceKey {
		field, s.url = "google_service_account_key", s.key.TokenURI
		if s.url == "" {
			s.url = googleURL
		}
	}
	if s.url == "" {
		return s.providerURL()
	}
	if !safeURL(s.url) {
		return []error{&FieldError{field, "the token URL must be an https:// URL without a user name (http:// only for a loopback address)"}}
	}
	return nil
}

// providerURL fills in the known provider's URL.
func (s *Source) providerURL() []error {
	tenant := strings.TrimSpace(s.conf.Tenant)
	switch {
	case s.provider.tokenURL == "":
		return []error{&FieldError{"oauth2_token_url", "missing; the provider of this imap_server is not known here, so give the URL of its token endpoint"}}
	case !strings.Contains(s.provider.tokenURL, "{tenant}"):
	case tenant == "" && s.conf.Method == ClientCredentials:
		return []error{&FieldError{"oauth2_tenant", "missing; Microsoft 365 needs the directory (tenant) ID or a domain of the tenant"}}
	case tenant == "":
		tenant = "common"
	case !tenantName.MatchString(tenant):
		return []error{&FieldError{"oauth2_tenant", "is neither a directory (tenant) ID nor a domain"}}
	}
	s.url = strings.Replace(s.provider.tokenURL, "{tenant}", tenant, 1)
	return nil
}

// safeURL reports whether secrets may be sent there.
func safeURL(raw string) bool {
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" || u.User != nil || u.Fragment != "" {
		return false
	}
	switch strings.ToLower(u.Scheme) {
	case "https":
		return true
	case "http":
		ip := net.ParseIP(u.Hostname())
		return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
	}
	return false
}

// googleKey is what is used of a service account's key file.
type googleKey struct {
	Email        string
	PrivateKey   secret.String
	PrivateKeyID string
	TokenURI     string
}

// parseGoogleKey reads the key file; why says what is wrong with it, without quoting it.
func parseGoogleKey(text secret.String) (key googleKey, why string) {
	var f struct {
		Type         string `json:"type"`
		Email        string `json:"client_email"`
		PrivateKey   string `json:"private_key"`
		PrivateKeyID string `json:"private_key_id"`
		TokenURI     string `json:"token_uri"`
	}
	if json.Unmarshal([]byte(text.Reveal()), &f) != nil {
		return key, "is no JSON; paste the whole key file that the Google Cloud console gave"
	}
	key = googleKey{f.Email, secret.New(f.PrivateKey), f.PrivateKeyID, f.TokenURI}
	switch {
	case f.Type != "service_account":
		return key, `is not the key of a service account ("type" must be "service_account"); make a JSON key of the service account`
	case f.Email == "" || f.PrivateKey == "":
		return key, "lacks client_email or private_key; paste the whole key file"
	case !readableKey(f.PrivateKey):
		return key, "has a private_key that cannot be read; paste the key file unchanged"
	}
	return key, ""
}

func readableKey(text string) bool {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return false
	}
	if _, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
		return true
	}
	_, err := x509.ParsePKCS1PrivateKey(block.Bytes)
	return err == nil
}
