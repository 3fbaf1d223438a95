package token

import (
	"strings"

	"golang.org/x/oauth2"
)

// provider is what is known of a mail provider's OAuth 2.0.
type provider struct {
	name     string
	hosts    []string // imap_server; one that starts with a dot is a suffix
	tokenURL string   // {tenant} is replaced
	scope    map[Method]string
	style    oauth2.AuthStyle
}

// googleURL is where Google gives tokens.
const googleURL = "https://oauth2.googleapis.com/token"

// providers is the table of those that need no oauth2_token_url and no oauth2_scope.
//
// Client id and secret go into the body everywhere but at Yahoo, which
// documents HTTP Basic. Probing for the style, as the library would, doubles
// every refused request.
var providers = []provider{
	microsoft("microsoft365", "https://login.microsoftonline.com", "https://outlook.office365.com", "https://outlook.office.com",
		"outlook.office365.com", "outlook.office.com", "imap-mail.outlook.com", "imap.outlook.com", ".outlook.com", ".office365.com"),
	microsoft("microsoft365", "https://login.microsoftonline.us", "https://outlook.office365.us", "https://outlook.office365.us",
		"outlook.office365.us", ".office365.us"),
	microsoft("microsoft365", "https://login.partner.microsoftonline.cn", "https://partner.outlook.cn", "https://partner.outlook.cn",
		"partner.outlook.cn", ".outlook.cn"),
	{
		name: "google", hosts: []string{"imap.gmail.com", "imap.googlemail.com"}, tokenURL: googleURL,
		scope: map[Method]string{GoogleServiceKey: googleScope}, style: oauth2.AuthStyleInParams,
	},
	{
		name: "yahoo", hosts: []string{"imap.mail.yahoo.com", ".mail.yahoo.com"},
		tokenURL: "https://api.login.yahoo.com/oauth2/get_token", style: oauth2.AuthStyleInHeader,
	},
	{
		name: "aol", hosts: []string{"imap.aol.com", ".aol.com"},
		tokenURL: "https://api.login.aol.com/oauth2/get_token", style: oauth2.AuthStyleInHeader,
	},
}

// googleScope is the one scope that Gmail's IMAP takes.
const googleScope = "https://mail.google.com/"

// microsoft is one of Microsoft's clouds. Its two scopes: all that the
// application was granted, for the application itself; IMAP on behalf of a
// user, with offline_access so that a refresh token comes again.
func microsoft(name, login, app, user string, hosts ...string) provider {
	return provider{
		name: name, hosts: hosts, tokenURL: login + "/{tenant}/oauth2/v2.0/token",
		scope: map[Method]string{
			ClientCredentials: app + "/.default",
			RefreshToken:      user + "/IMAP.AccessAsUser.All offline_access",
		},
		style: oauth2.AuthStyleInParams,
	}
}

// providerOf picks the provider of an IMAP host; the zero one when it is not known.
func providerOf(host string) provider {
	host = strings.TrimSuffix(strings.ToLower(strings.TrimSpace(host)), ".")
	for _, p := range providers {
		for _, h := range p.hosts {
			if host == h || h[0] == '.' && strings.HasSuffix(host, h) {
				return p
			}
		}
	}
	return provider{style: oauth2.AuthStyleInParams, scope: map[Method]string{GoogleServiceKey: googleScope}}
}
