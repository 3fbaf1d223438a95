package token

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"example.org/imap-integration/token/jwt"
)

// advise is the next step after a failure.
func advise(c Config, e *Error) string {
	switch e.Kind {
	case NotRenewable:
		return "get a new one, or set auth_method to oauth2_refresh_token or oauth2_client_credentials, which renew it"
	case Redirected, TooLarge, BadAnswer:
		return "check oauth2_token_url: it must be the token endpoint itself, not a sign-in page"
	case Busy:
		return "try again later"
	case Unreachable:
		return "check oauth2_token_url and proxy_url"
	}
	for _, a := range advices {
		if a.fits(c, e) {
			return a.text
		}
	}
	return "check the OAuth 2.0 settings of the resource"
}

// advice is what one kind of refusal asks for. An empty field fits everything.
type advice struct {
	method Method
	code   string // RFC 6749, section 5.2
	says   string // in the description: Microsoft's AADSTS numbers, Google's words
	text   string
}

func (a advice) fits(c Config, e *Error) bool {
	return (a.method == "" || a.method == c.Method) &&
		(a.code == "" || a.code == e.Code) &&
		(a.says == "" || strings.Contains(e.Description, a.says))
}

// advices is read from the top: what a provider says exactly before what a code means in general.
var advices = []advice{
	{says: "AADSTS7000215", text: "oauth2_client_secret is wrong: give the secret's Value, not its Secret ID (Entra: App registrations, Certificates & secrets)"},
	{says: "AADSTS7000222", text: "the client secret has expired: make a new one in Entra (App registrations, Certificates & secrets) and put its Value into oauth2_client_secret"},
	{says: "AADSTS700016", text: "there is no such application in this tenant: check oauth2_client_id (the Application (client) ID) and oauth2_tenant"},
	{says: "AADSTS90002", text: "there is no such tenant: check oauth2_tenant (the Directory (tenant) ID)"},
	{says: "AADSTS900023", text: "oauth2_tenant is neither a tenant ID nor a domain of the tenant"},
	{says: "AADSTS500011", text: "the resource in oauth2_scope does not exist in this tenant: leave oauth2_scope empty, or use https://outlook.office365.com/.default"},
	{says: "AADSTS70011", text: "oauth2_scope is not valid: leave it empty, or use https://outlook.office365.com/.default"},
	{says: "AADSTS1002012", text: "client credentials need a scope that ends in /.default: leave oauth2_scope empty"},
	{says: "AADSTS65001", text: "the application has no consent: grant admin consent for its IMAP permission in Entra (API permissions)"},
	{says: "AADSTS700082", text: "the refresh token has expired because it was not used: sign in again and put the new one into oauth2_refresh_token"},
	{says: "AADSTS50173", text: "the refresh token was revoked, usually by a change of the password: sign in again and put the new one into oauth2_refresh_token"},
	{says: "AADSTS70000", text: "the refresh token is not valid for this application: sign in again with this oauth2_client_id"},
	{says: "AADSTS50076", text: "the user must pass multi-factor authentication: sign in again interactively, or use oauth2_client_credentials"},
	{says: "AADSTS53003", text: "conditional access blocks the sign-in: exclude this application or this machine's address in Entra, or use oauth2_client_credentials"},
	{says: "AADSTS50034", text: "there is no such user in this tenant: check username and oauth2_tenant"},
	{says: "AADSTS7000218", text: "the application is a confidential one: give oauth2_client_secret"},

	{method: GoogleServiceKey, code: "unauthorized_client", text: "authorize the service account for the domain: in the Google Admin console under Security, API controls, Domain-wide delegation, add its client ID with the scope https://mail.google.com/"},
	{method: GoogleServiceKey, says: "email", text: "mailbox_account is not a user of the Workspace domain: check its spelling"},
	{method: GoogleServiceKey, says: "Signature", text: "the key was deleted or belongs to another service account: make a new JSON key"},
	{method: GoogleServiceKey, says: "short-lived", text: "check this machine's clock"},
	{method: GoogleServiceKey, code: "invalid_grant", text: "check mailbox_account, the service account's key and this machine's clock"},

	{method: RefreshToken, code: "invalid_grant", text: "the refresh token has expired or was revoked: sign in again and put the new one into oauth2_refresh_token (at Google, one of an application in testing ends after 7 days)"},
	{code: "invalid_client", text: "check oauth2_client_id and oauth2_client_secret"},
	{code: "unauthorized_client", text: "this application may not use this kind of sign-in: allow it where the application is registered, or choose another auth_method"},
	{code: "invalid_scope", text: "check oauth2_scope; for Microsoft 365, Google and Yahoo it may be left empty"},
	{code: "unsupported_grant_type", text: "the endpoint does not know this auth_method: choose another, or check oauth2_token_url"},
	{code: "invalid_grant", text: "check the OAuth 2.0 settings of the resource; the endpoint does not accept what they hold"},
	{code: "access_denied", text: "ask the administrator to allow this application"},
	{code: "interaction_required", text: "sign in again interactively and put the new refresh token into oauth2_refresh_token"},
}

// exchangeID is Exchange Online's application id, which stands for its URL in some tokens.
const exchangeID = "00000002-0000-0ff1-ce00-000000000000"

// exchangeAudiences are the audiences that Exchange's IMAP takes.
var exchangeAudiences = []string{
	"https://outlook.office365.com", "https://outlook.office.com", "https://outlook.office365.us", "https://partner.outlook.cn", exchangeID,
}

// Advise compares what a token says with what the IMAP server needs, and
// returns one sentence for each difference; nil when nothing is known to be wrong.
func (s *Source) Advise(c jwt.Claims) []string {
	var says []string
	now := s.conf.Now()
	if !c.Expires.IsZero() && c.Expires.Before(now) {
		says = append(says, fmt.Sprintf("the access token expired at %s; get a new one", c.Expires.Format(time.RFC3339)))
	}
	if c.NotYet.After(now) {
		says = append(says, fmt.Sprintf("the access token is not valid before %s; check this machine's clock", c.NotYet.Format(time.RFC3339)))
	}
	if s.provider.name == "microsoft365" {
		says = append(says, s.adviseMicrosoft(c)...)
	}
	return says
}

func (s *Source) adviseMicrosoft(c jwt.Claims) []string {
	var says []string
	if len(c.Audience) > 0 && !slices.ContainsFunc(c.Audience, exchangeAudience) {
		says = append(says, fmt.Sprintf("the access token is for %s and should be for https://outlook.office365.com; set oauth2_scope to %s, or leave it empty",
			strings.Join(c.Audience, ", "), s.wantedScope()))
	}
	app := c.User == "" && len(c.Scopes) == 0
	switch {
	case app && !slices.Contains(c.Roles, "IMAP.AccessAsApp"):
		says = append(says, "the access token lacks the role IMAP.AccessAsApp; add this application permission of Office 365 Exchange Online in Entra (API permissions) and grant admin consent")
	case !app && !slices.Contains(c.Scopes, "IMAP.AccessAsUser.All"):
		says = append(says, "the access token lacks the scope IMAP.AccessAsUser.All; add this delegated permission in Entra (API permissions), grant consent and sign in again")
	}
	return says
}

func (s *Source) wantedScope() string {
	if w := s.provider.scope[s.conf.Method]; w != "" {
		return w
	}
	return s.provider.scope[RefreshToken]
}

func exchangeAudience(a string) bool {
	return slices.Contains(exchangeAudiences, strings.TrimRight(strings.ToLower(a), "/"))
}
