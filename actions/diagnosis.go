package actions

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"example.org/imap-integration/mailbox"
	"example.org/imap-integration/token"
	"example.org/imap-integration/token/jwt"
	"example.org/imap-integration/transport"
)

// explained is an error's sentence, with what this package knows of its cause
// and mailbox does not: what the token endpoint said.
func explained(err error) string {
	var m *mailbox.Error
	var noToken *token.Error
	if errors.As(err, &m) && errors.As(m.Err, &noToken) {
		return withoutToken(m, noToken.Error())
	}
	return err.Error()
}

// withoutToken is the sentence of a login for which there is no access token, or no second one.
func withoutToken(m *mailbox.Error, why string) string {
	said := ""
	if m.Server != "" {
		said = fmt.Sprintf("the server answered %q, and ", m.Server)
	}
	return fmt.Sprintf("cannot log in to %s as %s: %s%s", m.Address(), m.User, said, why)
}

// diagnose is explained, with the next step that fits these settings.
func (s *settings) diagnose(err error) string {
	var m *mailbox.Error
	if !errors.As(err, &m) {
		return explained(err)
	}
	hint := s.hint(m)
	noToken, without := errors.AsType[*token.Error](m.Err)
	switch {
	case without && noToken.Kind == token.NotRenewable && hint != "":
		return withoutToken(m, "the access token in oauth2_access_token cannot be renewed; "+hint)
	case hint != "" && !without:
		better := *m
		better.Next = hint
		return better.Error()
	}
	return explained(err)
}

// hint is the next step after a refused login, "" where mailbox's own is as good.
func (s *settings) hint(m *mailbox.Error) string {
	if m.Stage != mailbox.StageLogin && m.Stage != mailbox.StageFolder || m.Server == "" {
		return ""
	}
	said := strings.ToLower(m.Server)
	for _, h := range loginHints {
		if strings.Contains(said, h.says) {
			return h.next
		}
	}
	if s.mailbox.Token == nil || m.Kind != mailbox.AuthFailed && m.Kind != mailbox.TokenUnavailable {
		return ""
	}
	return s.tokenHint()
}

// loginHints are what servers say when a login is refused for a reason that a
// person can act on. The texts are theirs, in lower case.
var loginHints = []struct{ says, next string }{
	{"application-specific password required", appPassword}, // Gmail
	{"app password", appPassword},
	{"not enabled for imap", gmailIMAP}, // Gmail
	{"imap access is disabled", "IMAP is disabled for this mailbox: the administrator must enable it (Google Admin console: Apps, Google Workspace, Gmail, End user access)"},
	{"web browser", "the provider wants this account to sign in once with a web browser; do so, then run the test again"}, // Gmail
	{"webalert", "the provider wants this account to sign in once with a web browser; do so, then run the test again"},    // Gmail
	{"authenticated but not connected", "the login is right but the mailbox cannot be opened; " + exchangeRights},         // Microsoft 365
	{"lookup failed", "the user of the login has no mailbox there: check username and mailbox_account"},                   // Gmail
	{"imap4 is disabled", "IMAP is disabled for this mailbox: Set-CASMailbox -Identity MAILBOX -ImapEnabled $true in Exchange Online PowerShell"},
}

const (
	appPassword    = "the account wants an app password: make one in the account's security settings (2-step verification must be on) and put it into password, or set auth_method to an OAuth 2.0 method"
	gmailIMAP      = "IMAP is disabled for this mailbox: enable it (Gmail: Settings, Forwarding and POP/IMAP, Enable IMAP; Workspace: the Admin console)"
	exchangeRights = "check in Exchange Online PowerShell that IMAP is enabled for the mailbox (Get-CASMailbox), that mailbox_account is its address, and for oauth2_client_credentials that the " +
		"service principal is registered with the Object ID of the enterprise application (New-ServicePrincipal) and has FullAccess to the mailbox (Add-MailboxPermission)"
)

// tokenHint is what to do about an access token that the server refused: what is
// wrong with the token, else what can be wrong behind it.
func (s *settings) tokenHint() string {
	source := s.mailbox.Token
	words := ""
	if claims, ok := jwt.Parse(s.token); ok {
		words = claims.Words(s.env.Now()) + "; "
		if says := source.Advise(claims); len(says) > 0 {
			return words + strings.Join(says, "; ")
		}
	}
	switch source.Provider() {
	case "microsoft365":
		return words + exchangeRights
	case "google":
		return words + "check that username and mailbox_account are the address that the token was given for, with the scope https://mail.google.com/, and that IMAP is enabled for the mailbox"
	case "yahoo", "aol":
		return words + "check that the application was granted access to email (scope mail-r), and that username is the full address"
	default:
		return words + "check the token's audience and scope, and that username is the user it was given for"
	}
}

// refreshAdvice says what a person must know of the refresh token.
func (s *settings) refreshAdvice() string {
	source := s.mailbox.Token
	var says []string
	if _, rotated := source.Rotated(); rotated && s.env.RefreshTokenFile == "" {
		says = append(says, "the provider replaced the refresh token; --refresh-token-file keeps the newest, else sign in again when logins begin to fail")
	} else if rotated {
		says = append(says, "the provider replaced the refresh token, and the newest is kept in the file of --refresh-token-file")
	}
	if ends, known := source.RefreshExpires(); known {
		says = append(says, expiresSoon("the refresh token", ends, s.env.Now()))
	}
	return joinSentences(says...)
}

// expiresSoon warns of a credential that ends within 30 days; "" where it does not.
func expiresSoon(what string, ends, now time.Time) string {
	left := ends.Sub(now)
	switch {
	case ends.IsZero() || left > transport.ExpiresSoon:
		return ""
	case left < 0:
		return fmt.Sprintf("%s expired on %s: renew it", what, ends.UTC().Format(time.DateOnly))
	default:
		return fmt.Sprintf("%s expires on %s, in %d days: renew it before", what, ends.UTC().Format(time.DateOnly), int(left/(24*time.Hour)))
	}
}

// jwtAdvice warns of a Cloud SOAR token that ends soon.
func (s *settings) jwtAdvice() string {
	claims, ok := jwt.Parse(s.jwt)
	if !ok {
		return ""
	}
	return expiresSoon("jwt_token", claims.Expires, s.env.Now())
}

// caAdvice warns of an authority in ca_certificate that ends soon.
func (s *settings) caAdvice() string {
	if strings.TrimSpace(s.ca) == "" {
		return ""
	}
	certs, err := transport.ParseCA(s.ca)
	if err != nil {
		return "" // it was checked with the parameters
	}
	var says []string
	for _, c := range certs {
		says = append(says, expiresSoon("the authority in ca_certificate", c.NotAfter, s.env.Now()))
	}
	return joinSentences(says...)
}

// storeSentence is why Cloud SOAR's step failed.
func (s *settings) storeSentence(ctx context.Context, err error) string {
	text := err.Error()
	if _, late := errors.AsType[stepTimeout](context.Cause(ctx)); late {
		text = fmt.Sprintf("Cloud SOAR did not answer within %d s; check cloud_soar_api_url and proxy_url", stepLimit/time.Second)
	}
	return joinSentences(text, s.jwtAdvice())
}
